//! What wheels are selected for: CPython's version, the platform and its C library.

use std::fmt;

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::Platform;

/// The C library of the base image, with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Libc {
    /// GNU's: manylinux wheels up to this version fit.
    Glibc {
        /// 2.
        major: u32,
        /// 36 in 2.36.
        minor: u32,
    },
    /// musl: musllinux wheels up to this version fit.
    Musl {
        /// 1.
        major: u32,
        /// 2 in 1.2.
        minor: u32,
    },
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glibc { major, minor } => write!(f, "glibc {major}.{minor}"),
            Self::Musl { major, minor } => write!(f, "musl {major}.{minor}"),
        }
    }
}

/// CPython (with its global lock) on Linux: all that decides which wheels and markers fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The full version of the base image's interpreter.
    pub python: PythonVersion,
    /// The platform.
    pub platform: Platform,
    /// The base image's C library.
    pub libc: Libc,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with CPython {} and {}", self.platform, self.python, self.libc)
    }
}
