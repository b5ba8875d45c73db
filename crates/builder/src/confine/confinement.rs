//! One confined start, as a value: what runs, what it may read, and its limits.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::kernel::Kernel;

/// A program to start, and all that it may do. It may read and execute what is below some paths; it may write
/// nothing, has no network, reaches no other process, and ends with the one that started it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Confinement {
    /// The program's path.
    pub(crate) program: OsString,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Its whole environment.
    pub(crate) environment: Vec<(String, String)>,
    /// Folders and files that it may read and execute, with all that is below them.
    pub(crate) readable: Vec<OsString>,
    /// Whether it may start processes, which end with it. Threads it may always start.
    pub(crate) processes: bool,
    /// Bytes of address space; `None` for an emulator, which reserves all of its guest's.
    pub(crate) memory: Option<u64>,
    /// How far it may write into a file that it is given as standard output or error; it cannot open any.
    pub(crate) file_size: u64,
}

/// What the process that confines itself is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) confinement: Confinement,
    /// What this kernel was found to offer: the start fails if it does not hold.
    pub(crate) kernel: Kernel,
    /// The process that starts it, and that it must not outlive.
    pub(crate) parent: u32,
}
