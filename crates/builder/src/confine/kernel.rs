//! What the kernel offers to confine a process.

use std::path::Path;

use landlock::{AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetError, Scope};
use seccompiler::TargetArch;
use serde::{Deserialize, Serialize};
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::read_small_text;

/// The two parts of a sandbox that a kernel may lack: old ones do, as do gVisor and some containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kernel {
    /// The version of Landlock, which decides about files to open (1 with Linux 5.13); 0 if there is none.
    pub(crate) landlock: u8,
    /// seccomp filters: which system calls may be made.
    pub(crate) seccomp: bool,
}

impl Kernel {
    /// Asks the kernel; this process stays as it is.
    pub(crate) fn ask() -> Self {
        let actions =
            read_small_text(Path::new("/proc/sys/kernel/seccomp/actions_avail"), MAX_SETTINGS).unwrap_or_default();
        let seccomp = actions.split_whitespace().any(|action| action == "errno");
        Self { landlock: landlock_version(), seccomp: seccomp && TargetArch::try_from(std::env::consts::ARCH).is_ok() }
    }

    /// The names of the parts that are missing.
    pub(crate) fn lacks(self) -> Vec<&'static str> {
        let parts = [(self.landlock > 0, "Landlock"), (self.seccomp, "seccomp filters")];
        parts.into_iter().filter(|(has, _)| !has).map(|(_, name)| name).collect()
    }
}

/// The newest version of which the kernel knows something, by what each one brought.
fn landlock_version() -> u8 {
    type Try = fn(Ruleset) -> Result<Ruleset, RulesetError>;
    let versions: [Try; 6] = [
        |ruleset| ruleset.handle_access(AccessFs::Execute),
        |ruleset| ruleset.handle_access(AccessFs::Refer),
        |ruleset| ruleset.handle_access(AccessFs::Truncate),
        |ruleset| ruleset.handle_access(AccessNet::ConnectTcp),
        |ruleset| ruleset.handle_access(AccessFs::IoctlDev),
        |ruleset| ruleset.scope(Scope::Signal),
    ];
    let knows = |brought: &&Try| {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        brought(ruleset).and_then(Ruleset::create).is_ok()
    };
    versions.iter().take_while(knows).map(|_| 1).sum()
}
