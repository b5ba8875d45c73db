//! One container of `run`, as a value: its files, its user, and what it starts.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A program to start in a root and namespaces of its own, with this machine's network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Container {
    /// The folders that make its root, bottom to top; nothing is written to them.
    pub(crate) lowers: Vec<PathBuf>,
    /// How what is written is kept apart from them.
    pub(crate) layer: WritableLayer,
    /// Files and folders of this machine that it sees.
    pub(crate) volumes: Vec<Volume>,
    /// Texts that take the place of files, by their paths in the root: what this machine's network is.
    pub(crate) texts: Vec<(String, String)>,
    /// Who it is.
    pub(crate) identity: Identity,
    /// What it starts.
    pub(crate) process: Process,
}

/// Where a container's writes go. Both are folders below the one that it is started in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WritableLayer {
    /// To a folder that lies over the others.
    Overlay,
    /// To a copy of the others, which is the root already.
    Copy,
}

/// The folders of one container, below the one that it is started in.
pub(crate) const ROOT: &str = "root";
pub(crate) const UPPER: &str = "upper";
pub(crate) const WORK: &str = "work";

/// The folder that one of the lower folders is mounted at.
pub(crate) fn lower(number: usize) -> String {
    format!("lower{number}")
}

/// A file or a folder of this machine in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Volume {
    /// Its absolute path on this machine.
    pub(crate) host: PathBuf,
    /// Its path in the container.
    pub(crate) path: String,
    /// Whether it may only be read.
    pub(crate) is_read_only: bool,
}

/// The user of a container, here and in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Identity {
    /// Who starts it is this user and group in a user namespace.
    Mapped { user: u32, group: u32 },
    /// Root becomes this user of the machine.
    Real { user: u32, group: u32, groups: Vec<u32> },
    /// Root becomes a user without privileges, who is root in a user namespace.
    Root { host: u32 },
}

/// What a container starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// The program and its arguments; `PATH` of the environment finds the program.
    pub(crate) command: Vec<String>,
    /// Its whole environment.
    pub(crate) environment: Vec<(String, String)>,
    /// The folder to start in.
    pub(crate) workdir: String,
}

/// What a process that makes a container is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ContainerOrder {
    /// The file that describes the container, from the folder on that it is started in.
    pub(crate) file: String,
    /// How far it is.
    pub(crate) stage: ContainerStage,
    /// Whether to do everything but become the program.
    pub(crate) rehearse: bool,
}

/// The processes of one container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ContainerStage {
    /// Makes the namespaces, starts the first process in them, and passes signals on to it.
    Outside {
        /// The process that starts it, and that it must not outlive.
        parent: u32,
    },
    /// Makes the root, and becomes the program.
    Inside,
    /// Becomes the program among the files of this machine: there are no namespaces.
    Loader {
        /// The process that starts it, and that it must not outlive.
        parent: u32,
    },
}
