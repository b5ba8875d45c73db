//! Environment markers (PEP 508, with PEP 751's sets): parsed once, evaluated for a target.

use std::fmt;
use std::str::FromStr;

mod environment;
mod error;
mod expression;
mod parser;

use expression::Expression;

pub use environment::Environment;
pub(crate) use environment::System;
pub use error::MarkerError;

/// A condition on the environment: `python_version < "3.12" and sys_platform == "linux"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    text: String,
    expression: Expression,
}

impl Marker {
    /// Whether it holds in an environment.
    pub fn evaluate(&self, environment: &Environment) -> bool {
        self.expression.evaluate(environment)
    }

    /// Holds where this one does, or the other.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        let text = format!("({self}) or ({other})");
        Self { text, expression: Expression::Any(vec![self.expression, other.expression]) }
    }
}

impl FromStr for Marker {
    type Err = MarkerError;

    fn from_str(text: &str) -> Result<Self, MarkerError> {
        Ok(Self { text: text.to_owned(), expression: parser::parse(text)? })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Libc, Target};
    use proptest::prelude::*;

    fn environment() -> Environment {
        let target = Target {
            python: "3.11.9".parse().expect("valid"),
            platform: "linux/arm64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 36 },
        };
        Environment::new(&target).with_extras(["Big_Extra"]).with_groups(["dev"])
    }

    #[test]
    fn markers_hold_for_the_target() {
        for (text, expected) in [
            ("python_version < '3.12'", true),
            ("python_version < \"3.9\"", false),
            ("'3.8' <= python_version", true),
            ("'3.12' <= python_version", false),
            ("python_full_version >= '3.11.5'", true),
            ("python_version == '3.11.*' and python_version ~= '3.8'", true),
            ("python_version in '3.10 3.11'", true),
            ("python_version not in '3.10, 3.11'", false),
            ("python_version === '3.11'", true),
            ("'3.9' ~= python_version", false),
            ("'4' ~= python_version", false),
            ("sys_platform == 'win32' or platform_machine == 'aarch64'", true),
            ("sys_platform == 'win32' or os_name == 'posix' and platform_machine == 'x86_64'", false),
            ("(sys_platform == 'win32' or os_name == 'posix') and platform_system == 'Linux'", true),
            ("'linux' in sys_platform", true),
            ("platform_python_implementation != 'PyPy'", true),
            // Only Python's versions and the kernel's release compare as versions; all else are texts.
            ("platform_machine != '3.0'", true),
            ("sys_platform != '2'", true),
            ("python_version == '3.11.0'", true),
            ("'3.11.0' == python_version", true),
            ("implementation_name == 'cpython' and implementation_version >= '3.11'", true),
            ("platform_release >= '5.0'", false),
            ("platform_version == ''", true),
            ("extra == 'big.extra'", true),
            ("extra == 'other'", false),
            ("extra != 'other'", true),
            ("'big-extra' in extras", true),
            ("'other' not in extras", true),
            ("'dev' in dependency_groups and 'docs' not in dependency_groups", true),
            ("os.name=='posix'and(python_implementation=='CPython')", true),
        ] {
            let marker: Marker = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(marker.evaluate(&environment()), expected, "{text}");
        }
    }

    #[test]
    fn an_invalid_marker_is_refused_with_the_offset_of_its_fault() {
        let deep = "(".repeat(100) + "os_name=='a'" + &")".repeat(100);
        for (text, offset) in [
            ("", 0),
            ("python_version", 14),
            ("python_version <", 16),
            ("python_version < 3", 17),
            ("unknown == 'a'", 0),
            ("os_name == 'a' and", 18),
            ("os_name == 'a' xor os_name == 'b'", 15),
            ("os_name == 'a' andos_name == 'b'", 15),
            ("os_name == 'a' or_ os_name == 'b'", 15),
            ("os_name == 'a' and1 == 'b'", 15),
            ("os_name inn 'a'", 8),
            ("os_name not inn 'a'", 12),
            ("(os_name == 'a'", 15),
            ("os_name == 'a')", 14),
            ("os_name == 'a", 11),
            ("'a' == 'b'", 0),
            ("os_name ~= 'a'", 8),
            ("os_name ~= '1.0'", 8),
            ("'1.0' ~= os_name", 6),
            ("extras == dependency_groups", 7),
            ("os_name == extras", 8),
            ("extra == extra", 6),
            ("extra in 'a'", 6),
            ("'a' == dependency_groups", 4),
            ("python_version ~= '3'", 15),
            ("'a' < extras", 4),
            ("python_version == extra", 15),
            ("extras == 'a'", 7),
            (&deep, 64),
        ] {
            let error = text.parse::<Marker>().expect_err(text);
            assert_eq!(error.offset, offset, "{error}");
        }
    }

    #[test]
    fn a_marker_is_one_mebibyte_at_most() {
        let text = "os_name == 'posix'";
        let marker = |length: usize| format!("{text}{}", " ".repeat(length - text.len())).parse::<Marker>();
        assert!(marker(1 << 20).is_ok_and(|marker| marker.evaluate(&environment())));
        assert_eq!(marker((1 << 20) + 1).map_err(|error| error.offset), Err(0));
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "(python_version|extra|'a'|\"3\"| |in|not|and|or|<|=|~|\\(|\\)|é){0,12}") {
            if let Ok(marker) = text.parse::<Marker>() {
                marker.evaluate(&environment());
            }
        }
    }
}
