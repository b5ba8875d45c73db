//! What the kernel offers to confine a process.

use std::path::Path;

use landlock::{AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
use seccompiler::TargetArch;
use serde::{Deserialize, Serialize};
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::read_small_text;

/// The two parts of a sandbox that a kernel may lack: old ones do, as do gVisor and some containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kernel {
    /// Landlock: which files may be opened (Linux 5.13).
    pub(crate) landlock: bool,
    /// seccomp filters: which system calls may be made.
    pub(crate) seccomp: bool,
}

impl Kernel {
    /// Asks the kernel; this process stays as it is.
    pub(crate) fn ask() -> Self {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let landlock = ruleset.handle_access(AccessFs::Execute).and_then(Ruleset::create).is_ok();
        let actions =
            read_small_text(Path::new("/proc/sys/kernel/seccomp/actions_avail"), MAX_SETTINGS).unwrap_or_default();
        let seccomp = actions.split_whitespace().any(|action| action == "errno");
        Self { landlock, seccomp: seccomp && TargetArch::try_from(std::env::consts::ARCH).is_ok() }
    }

    /// The names of the parts that are missing.
    pub(crate) fn lacks(self) -> Vec<&'static str> {
        let parts = [(self.landlock, "Landlock"), (self.seccomp, "seccomp filters")];
        parts.into_iter().filter(|(has, _)| !has).map(|(_, name)| name).collect()
    }
}
