//! What was tried with a file of this machine, for errors that name it.

use std::fmt;

/// What was tried with a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAction {
    /// Make it.
    Create,
    /// Make a temporary file in it.
    CreateIn,
    /// Open it to read from it.
    Open,
    /// Read it.
    Read,
    /// Write it.
    Write,
    /// Remove it.
    Remove,
    /// Wait until no other process holds it.
    Hold,
    /// Find out its absolute path.
    Locate,
}

impl FileAction {
    /// Whether the action needs a file that is already there: the user named it, or its folder.
    pub fn needs_it(self) -> bool {
        match self {
            Self::Open | Self::Read => true,
            Self::Create | Self::CreateIn | Self::Write | Self::Remove | Self::Hold | Self::Locate => false,
        }
    }
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::CreateIn => "create a file in",
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Remove => "remove",
            Self::Hold => "lock",
            Self::Locate => "locate",
        })
    }
}
