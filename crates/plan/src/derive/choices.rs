//! What a user chooses by flags.

/// What the user chose, where a folder leaves a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// The file that decides what is installed, relative to the folder.
    pub lock: Option<String>,
    /// What is started.
    pub cmd: Option<Vec<String>>,
    /// The entry point; then `cmd` is its arguments.
    pub entrypoint: Option<Vec<String>>,
    /// The ports that are exposed; the first is where a server listens.
    pub ports: Vec<u16>,
    /// The image's name.
    pub name: Option<String>,
}
