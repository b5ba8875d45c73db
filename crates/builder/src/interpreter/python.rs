//! An interpreter that compiles: a base's own, the same under emulation, or one of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use shipwheel_oci::{Digest, Hasher};

use super::rootfs::Rootfs;
use crate::confine::confinement::Confinement;

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
    /// The start of a program text with an empty environment. An interpreter of this machine may read what its user
    /// may; one out of an image only reads its own files. Neither may write.
    pub(crate) fn confinement(&self, program: &str) -> Confinement {
        let mut confinement = match self {
            Self::Base(rootfs) => rootfs.confinement(None),
            Self::Emulated { rootfs, emulator, .. } => rootfs.confinement(Some(emulator)),
            Self::Host { executable, .. } => {
                let program = executable.clone().into();
                Confinement { program, readable: vec!["/".into()], ..Confinement::default() }
            }
        };
        confinement.arguments.extend(SWITCHES.iter().copied().chain([program]).map(Into::into));
        confinement.environment.push(("PYTHONHASHSEED".to_owned(), "0".to_owned()));
        if matches!(self, Self::Emulated { .. }) {
            // A core without pointer authentication: emulating its cipher takes six times as long as all else.
            confinement.environment.push(("QEMU_CPU".to_owned(), "cortex-a72".to_owned()));
        }
        Confinement { memory: self.memory_limit(), ..confinement }
    }

    /// Whether it comes out of an image.
    pub(crate) fn is_foreign(&self) -> bool {
        match self {
            Self::Base(_) | Self::Emulated { .. } => true,
            Self::Host { .. } => false,
        }
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
    fn memory_limit(&self) -> Option<u64> {
        (!matches!(self, Self::Emulated { .. })).then_some(4 << 30)
    }
}
