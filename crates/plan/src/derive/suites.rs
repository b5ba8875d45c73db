//! Debian's releases, with what of each decides whether an application can run on it.

use shipwheel_bytecode::PythonVersion;

/// A release of Debian, with the Python and the glibc that it has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) python: PythonVersion,
    pub(super) glibc: u32,
    /// Whether its packages do not change any more, but for the mending of faults.
    pub(super) is_released: bool,
}

const fn suite(name: &'static str, (minor, micro): (u32, u32), glibc: u32, is_released: bool) -> Suite {
    Suite { name, python: PythonVersion { major: 3, minor, micro }, glibc, is_released }
}

/// In the order in which they are taken: the newest first, and last the one that Debian is still working on.
pub(super) const SUITES: [Suite; 4] = [
    suite("trixie", (13, 5), 41, true),
    suite("bookworm", (11, 2), 36, true),
    suite("bullseye", (9, 2), 31, true),
    suite("forky", (14, 7), 43, false),
];

impl Suite {
    /// `3.13`.
    pub(super) fn minor(&self) -> String {
        format!("{}.{}", self.python.major, self.python.minor)
    }
}
