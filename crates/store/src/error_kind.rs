//! Who can fix an error: the one set of kinds in the workspace, and what exit codes are made from.

/// Who can fix an error. The command line turns it into an exit code; wrong flags have a code of their own; docs/errors.md lists the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The user, in files, names, credentials or the environment.
    Configuration,
    /// The network, a registry, a mirror, or the tools of this machine.
    Outside,
    /// Whoever publishes the bytes: they differ from what was pinned, signed or promised.
    Verification,
    /// The user, on the disk: an output or the cache cannot be written.
    Output,
    /// The authors of shipwheel.
    Internal,
}
