//! An interpreter that compiles: a base's own, the same under emulation, or one of this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shipwheel_oci::{Digest, Hasher};

use super::rootfs::Rootfs;

/// Where an interpreter comes from, and so how it is started.
#[derive(Debug, Clone)]
pub(crate) enum Python {
    /// A base's, run by the base's own dynamic loader.
    Base(Rootfs),
    /// A base's for another processor, run by qemu's user emulation.
    Emulated {
        /// The base's files.
        rootfs: Rootfs,
        /// qemu.
        emulator: PathBuf,
        /// The digest of qemu's file.
        emulator_digest: Digest,
    },
    /// This machine's own.
    Host {
        /// The executable.
        executable: PathBuf,
        /// The digest of it and of all that it loads to compile.
        identity: Digest,
    },
}

/// No site-packages, no user folder, no bytecode written. Not `-I`: it implies `-E`, which
/// ignores PYTHONHASHSEED.
const SWITCHES: [&str; 8] = ["-s", "-S", "-B", "-X", "utf8", "-W", "ignore", "-c"];

/// An interpreter of this machine as it compiles, with an empty environment; the program's text is to follow.
pub(super) fn host_command(executable: &Path) -> Command {
    let mut command = Command::new(executable);
    command.args(SWITCHES).env_clear().env("PYTHONHASHSEED", "0");
    command
}

impl Python {
    /// A command that runs a program text with an empty environment in an empty folder.
    pub(crate) fn command(&self, program: &str, empty_folder: &Path) -> Command {
        let mut command = match self {
            Self::Base(rootfs) => rootfs.command(None),
            Self::Emulated { rootfs, emulator, .. } => rootfs.command(Some(emulator)),
            Self::Host { executable, .. } => Command::new(executable),
        };
        command.args(SWITCHES).arg(program);
        command.env_clear().env("PYTHONHASHSEED", "0").current_dir(empty_folder);
        if matches!(self, Self::Emulated { .. }) {
            // A core without pointer authentication: emulating its cipher takes six times as long as all else.
            command.env("QEMU_CPU", "cortex-a72");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// The digest of everything that runs when it compiles: it is part of every key under which its bytecode is kept.
    pub(crate) fn identity(&self) -> Digest {
        match self {
            Self::Base(rootfs) => rootfs.identity(),
            Self::Emulated { rootfs, emulator_digest, .. } => {
                let mut hasher = Hasher::new();
                hasher.field("emulated").field(rootfs.identity()).field(emulator_digest);
                hasher.finish()
            }
            Self::Host { identity, .. } => *identity,
        }
    }

    /// Whether a library may be loaded into it: a base's interpreter takes only the base's.
    pub(crate) fn may_load(&self, library: &Path) -> bool {
        match self {
            Self::Base(rootfs) | Self::Emulated { rootfs, .. } => rootfs.contains(library),
            Self::Host { .. } => true,
        }
    }

    /// Bytes of address space that it may have; emulation reserves all of its guest's.
    pub(crate) fn memory_limit(&self) -> Option<u64> {
        (!matches!(self, Self::Emulated { .. })).then_some(4 << 30)
    }
}
