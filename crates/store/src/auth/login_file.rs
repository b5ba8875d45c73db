//! What a file of logins has, without any secret: hosts, and helpers that are asked for them.

use std::path::PathBuf;

/// A file of logins that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it has; else why it cannot be used.
    pub logins: Result<Logins, String>,
}

/// The logins of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logins {
    /// The hosts, or parts of them, that it has a login for.
    pub hosts: Vec<String>,
    /// Those whose entry cannot be decoded.
    pub broken: Vec<String>,
    /// The helpers that have logins, each for a host, or for all.
    pub helpers: Vec<(Option<String>, String)>,
}
