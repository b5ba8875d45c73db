//! Lock files in the standard form: pylock.toml (PEP 751).

use std::fmt;

use pep440_rs::{Version, VersionSpecifiers};
use shipwheel_oci::Digest;

use crate::marker::Marker;
use crate::name::DistributionName;
use crate::wheel_name::WheelName;

mod directories;
mod form;
mod names;
mod raw;
mod stale;
mod uv_lock;

pub use form::{LockForm, LockReading, LockTool, Relocking, Selectable, Staleness};
pub use stale::{Difference, StaleError, differences};
pub use uv_lock::{UvDependency, UvFolder, UvLock, UvPackage, UvRequirement, UvRequirements};

/// A lock file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It is no TOML, or a key that must be there is not, or has another type.
    #[error("{file}:{line}: {reason}")]
    Syntax {
        /// The file's name.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What the TOML reader says.
        reason: String,
    },
    /// Values in it mean nothing: all of them.
    #[error("{file} has {} that cannot be used:{}", count(.problems), lines(.problems))]
    Values {
        /// The file's name.
        file: String,
        /// What is wrong, in the order of the file.
        problems: Vec<LockProblem>,
    },
}

impl LockError {
    /// An error of the TOML reader, with its line.
    fn syntax(text: &str, file: &str, error: &toml::de::Error) -> Self {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        Self::Syntax { file: file.to_owned(), line, reason: error.message().to_owned() }
    }
}

/// The line of a byte, counted from 1.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// A value in a lock file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockProblem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

fn count(problems: &[LockProblem]) -> String {
    if problems.len() == 1 { "a value".to_owned() } else { format!("{} values", problems.len()) }
}

fn lines(problems: &[LockProblem]) -> String {
    problems.iter().map(|problem| format!("\n  line {}: {}", problem.line, problem.reason)).collect()
}

/// A lock file: every distribution for every environment that it was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The file's name, for messages.
    pub file: String,
    /// The Python versions that it was made for.
    pub requires_python: Option<VersionSpecifiers>,
    /// The environments that it was made for, where it names any.
    pub environments: Vec<Marker>,
    /// The groups that are installed when nobody says which.
    pub default_groups: Vec<String>,
    /// The distributions, in the order of the file.
    pub packages: Vec<LockedPackage>,
}

/// One distribution in a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// Its name.
    pub name: DistributionName,
    /// Its version; local sources may have none.
    pub version: Option<Version>,
    /// Where it is needed.
    pub marker: Option<Marker>,
    /// The Python versions that it runs with.
    pub requires_python: Option<VersionSpecifiers>,
    /// Its wheels.
    pub wheels: Vec<LockedWheel>,
    /// Its source distribution.
    pub sdist: Option<LockedSdist>,
    /// Where it comes from when it is neither: a folder, a repository, an archive.
    pub origin: Option<Origin>,
    /// The line where its table begins, counted from 1.
    pub line: usize,
}

/// One wheel in a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedWheel {
    /// Its file name.
    pub name: WheelName,
    /// Where it can be fetched.
    pub url: Option<String>,
    /// Where it is on disk, relative to the lock file.
    pub path: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its sha256; locks without one are refused when a wheel is selected.
    pub sha256: Option<Digest>,
}

/// A source distribution in a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedSdist {
    /// Where it can be fetched.
    pub url: Option<String>,
    /// Where it is on disk, relative to the lock file.
    pub path: Option<String>,
    /// Its sha256.
    pub sha256: Option<Digest>,
}

/// Where a distribution comes from that has no wheel in the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A folder, relative to the lock file.
    Directory(String),
    /// A repository: its URL or path, and the commit.
    Vcs(String),
    /// An archive: its URL or path.
    Archive(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "the folder {path}"),
            Self::Vcs(place) => write!(f, "the repository {place}"),
            Self::Archive(place) => write!(f, "the archive {place}"),
        }
    }
}

impl Lock {
    /// Parses the text of a pylock.toml; `file` names it in messages.
    ///
    /// # Errors
    /// When it is no lock of version 1, or any value in it means nothing: all of them at once.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        raw::parse(text, file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = r#"
lock-version = "1.0"
created-by = "hand"
requires-python = ">=3.11"
default-groups = ["main"]
unknown-key = 1

[[packages]]
name = "Foo_Bar"
version = "1.2"
marker = "sys_platform == 'linux'"
requires-python = ">=3.8"
index = "https://index.example/simple"
dependencies = [{ name = "other" }]
wheels = [
    { url = "https://index.example/a/foo_bar-1.2%2Bcpu-py3-none-any.whl?x=1#y", size = 10, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000000" } },
    { name = "foo_bar-1.2-py2-none-any.whl", path = "wheels/other.zip", hashes = { md5 = "x" } },
]
sdist = { url = "https://index.example/foo-1.2.tar.gz", hashes = {} }

[[packages]]
name = "local"
directory = { path = "./local", editable = true }
"#;

    #[test]
    fn a_lock_is_read_with_what_selection_needs() {
        let lock = Lock::parse(GOOD, "pylock.toml").unwrap_or_else(|error| panic!("{error}"));
        let [foo, local] = &lock.packages[..] else { panic!("two packages") };
        assert_eq!((foo.name.as_str(), foo.line, local.line), ("foo-bar", 8, 21));
        assert_eq!(foo.wheels[0].name.file_name(), "foo_bar-1.2+cpu-py3-none-any.whl");
        assert!(foo.wheels[0].sha256.is_some() && foo.wheels[1].sha256.is_none());
        assert_eq!(foo.wheels[1].path.as_deref(), Some("wheels/other.zip"));
        assert!(foo.sdist.is_some());
        assert_eq!(local.origin, Some(Origin::Directory("./local".to_owned())));
    }

    #[test]
    fn an_archive_that_is_a_wheel_is_a_wheel() {
        let lock = |name: &str| {
            let url = format!("https://index.example/{name}?x");
            Lock::parse(&format!("lock-version='1.0'\n[[packages]]\nname='a'\narchive={{url='{url}'}}"), "l")
                .expect("valid")
        };
        assert_eq!(lock("a-1-py3-none-any.whl").packages[0].wheels.len(), 1);
        assert_eq!(lock("a-1.zip").packages[0].origin, Some(Origin::Archive("a-1.zip".to_owned())));
    }

    #[test]
    fn every_wrong_value_is_reported_with_its_line() {
        let text =
            GOOD.replace(">=3.8", "3.8 or so").replace("sys_platform ==", "sys ==").replace("foo_bar-1.2-py2", "x");
        let LockError::Values { problems, .. } = Lock::parse(&text, "l").expect_err("three problems") else {
            panic!("values")
        };
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [11, 12, 17]);
    }

    #[test]
    fn what_is_no_lock_is_refused_with_its_line() {
        for (text, line, part) in [
            ("", 1, "lock-version"),
            ("a = 1\nlock-version = '2.0'", 2, "version 1"),
            ("lock-version = '1.0'\npackages = 3", 2, ""),
            ("lock-version = '1.0'\n[[packages]]\nname = 3", 3, ""),
            ("lock-version = '1.0'\n[[packages]]\nname = '.'", 3, "name"),
            ("lock-version =", 1, ""),
            ("lock-version = '1.0'\n[[packages]]\nname='a'\nversion='1'\nwheels=[{}]", 5, "neither"),
        ] {
            let error = Lock::parse(text, "file").expect_err(text).to_string();
            assert!(error.contains(&format!("{line}:")) && error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_change_of_a_byte_parses_or_is_refused(at in 0..GOOD.len(), byte in 0_u8..128) {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = Lock::parse(&String::from_utf8_lossy(&bytes), "file");
        }
    }
}
