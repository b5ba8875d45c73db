//! Versions against specifiers, where `pep440_rs` and `packaging` differ.

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};
use shipwheel_bytecode::PythonVersion;

/// The longest release that any prefix match is compared with.
const PADDED: usize = 8;

/// Whether specifiers allow a Python.
pub fn allows(specifiers: &VersionSpecifiers, python: &PythonVersion) -> bool {
    satisfies(&python_release(python), specifiers)
}

/// A Python's version as PEP 440 compares it.
pub(crate) fn python_release(python: &PythonVersion) -> Version {
    Version::new([python.major, python.minor, python.micro].map(u64::from))
}

/// Whether a version satisfies all specifiers, as `packaging` decides it with pre-releases allowed.
pub(crate) fn satisfies(version: &Version, specifiers: &VersionSpecifiers) -> bool {
    specifiers.iter().all(|specifier| satisfies_one(version, specifier))
}

/// As [`satisfies`], for one specifier.
///
/// A prefix match compares the release padded with zeros: `3.11` is no `3.11.4.*`, and
/// `pep440_rs` would stop at the shorter of the two.
pub(crate) fn satisfies_one(version: &Version, specifier: &VersionSpecifier) -> bool {
    match specifier.operator() {
        Operator::EqualStar | Operator::NotEqualStar | Operator::TildeEqual => specifier.contains(&padded(version)),
        _ => specifier.contains(version),
    }
}

fn padded(version: &Version) -> Version {
    let release = version.release();
    if release.len() >= PADDED {
        return version.clone();
    }
    let padded: Vec<u64> = release.iter().copied().chain(std::iter::repeat(0)).take(PADDED).collect();
    version.clone().with_release(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_compared_with_the_padded_release() {
        for (version, specifiers, expected) in [
            ("3.11", "==3.11.*", true),
            ("3.11", "==3.11.4.*", false),
            ("3.11", "!=3.11.4.*", true),
            ("3.11", "==3.11.0.*", true),
            ("3.11", "==3.11.0.0.0.0.0.*", true),
            ("1.2.3.4.5.6.7.8", "==1.2.3.4.5.6.7.*", true),
            ("1.2.3.4.5.6.7.8.9", "==1.2.3.4.5.6.7.8.9.*", true),
            ("3.11.5", "~=3.11.4", true),
            ("3.11", "~=3.11.4.1", false),
            ("3.11.9", ">=3.8,<4,!=3.11.8", true),
            ("3.11.4", ">=3.11.5", false),
        ] {
            let specifiers = specifiers.parse().expect("valid");
            assert_eq!(satisfies(&version.parse().expect("valid"), &specifiers), expected, "{version} {specifiers}");
        }
    }
}
