//! One confined start, as a value: what runs, what it may do, and its limits.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::kernel::Kernel;

/// A program to start, and all that it may do. It may read and execute what is below some paths, and write below
/// others; it reaches no network and no other process, and ends with the one that started it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Confinement {
    /// The program's path, as the program's root has it.
    pub(crate) program: OsString,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Its whole environment. No program of this machine ever has it.
    pub(crate) environment: Vec<(String, String)>,
    /// Folders and files that it may read and execute, with all that is below them.
    pub(crate) readable: Vec<OsString>,
    /// Folders in which it may do everything but make devices, with all that is below them.
    pub(crate) writable: Vec<OsString>,
    /// Why it is started, which decides about the system calls that it may make.
    pub(crate) purpose: Purpose,
    /// Bytes of address space; `None` for an emulator, which reserves all of its guest's.
    pub(crate) memory: Option<u64>,
    /// How far it may write into one file.
    pub(crate) file_size: u64,
}

/// Why a program is started.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// It compiles: it reads and answers, may start threads, and no processes.
    #[default]
    Compile,
    /// It is an image's own, and runs among the files of this machine. It may start processes, which end with it.
    Start,
    /// It is an image's own, and has a root and namespaces of its own.
    StartInRoot(Root),
}

/// The root of a program, which is the folder that it is started in, and who it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Root {
    /// The folder to start in, as the root has it.
    pub(crate) workdir: OsString,
    /// The user and group of this machine to become before all else; `None` to stay who this is.
    pub(crate) user: Option<u32>,
}

/// What the process that confines itself is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) confinement: Confinement,
    /// What this kernel was found to offer: the start fails if it does not hold.
    pub(crate) kernel: Kernel,
    /// How far the start is.
    pub(crate) stage: Stage,
    /// Whether to do everything but become the program.
    pub(crate) rehearse: bool,
}

/// The processes of one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The first process. It becomes the program, or makes namespaces and waits for what it starts in them.
    First {
        /// The process that starts it, and that it must not outlive.
        parent: u32,
    },
    /// The first process of the namespaces, which becomes the program.
    Inside {
        /// CPU time that the start took before.
        spent: std::time::Duration,
    },
}
