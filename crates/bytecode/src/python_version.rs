//! CPython's full version, which decides what bytecode looks like.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not a full CPython version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a full Python version: expected three numbers such as 3.11.9")]
pub struct PythonVersionError {
    /// The text as it was found.
    pub found: String,
}

/// A full CPython version: requires-python is checked against all three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PythonVersion {
    /// 3.
    pub major: u32,
    /// 11 in 3.11.9.
    pub minor: u32,
    /// 9 in 3.11.9.
    pub micro: u32,
}

impl PythonVersion {
    /// The part of a pyc's name that stands for the interpreter (PEP 3147): `cpython-311`.
    pub fn cache_tag(&self) -> String {
        format!("cpython-{}{}", self.major, self.minor)
    }
}

impl FromStr for PythonVersion {
    type Err = PythonVersionError;

    fn from_str(text: &str) -> Result<Self, PythonVersionError> {
        let number = |part: &str| part.parse::<u16>().ok().filter(|_| !part.starts_with('+')).map(u32::from);
        let numbers: Option<Vec<u32>> = text.split('.').map(number).collect();
        match numbers.as_deref() {
            Some(&[major, minor, micro]) => Ok(Self { major, minor, micro }),
            _ => Err(PythonVersionError { found: text.chars().take(100).collect() }),
        }
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.micro)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_version_has_three_numbers() {
        for (text, valid) in
            [("3.11.9", true), ("3.11", false), ("3.11.9rc1", false), ("", false), ("3.-1.0", false), ("3.+1.0", false)]
        {
            let version = text.parse::<PythonVersion>();
            assert_eq!(version.is_ok(), valid, "{text}");
            assert!(version.is_ok_and(|version| version.to_string() == text) == valid, "{text}");
        }
    }
}
