//! The magic number of an interpreter's pycs, read without running it.
//!
//! Up to 3.13 the standard library's `importlib/_bootstrap_external.py` says it; from 3.14 on
//! it is compiled in (`Include/internal/pycore_magic_number.h`), and the number that the final
//! release of a minor version froze stands for all of its releases.

use crate::python_version::PythonVersion;

/// The file of the standard library that says the number, seen from its folder.
pub const MAGIC_NUMBER_SOURCE: &str = "importlib/_bootstrap_external.py";

/// The numbers of the final releases, by minor version.
const FINAL: [(u32, u16); 6] = [(9, 3425), (10, 3439), (11, 3495), (12, 3531), (13, 3571), (14, 3627)];

/// The four bytes that a pyc of this interpreter begins with.
///
/// `bootstrap` is the text of [`MAGIC_NUMBER_SOURCE`] in the image; what it says counts more than
/// the table, so that a development version is told from the final one. `None` for a version of
/// which neither knows.
pub fn magic_number(version: &PythonVersion, bootstrap: Option<&str>) -> Option<[u8; 4]> {
    let said = bootstrap.and_then(|text| text.lines().find_map(in_line));
    let known = || FINAL.iter().find(|(minor, _)| version.major == 3 && *minor == version.minor);
    let [low, high] = said.or_else(|| known().map(|(_, number)| *number))?.to_le_bytes();
    Some([low, high, b'\r', b'\n'])
}

/// Whether bytes begin as a pyc of any CPython does, whatever the file is called.
///
/// The numbers are those that `Lib/importlib/_bootstrap_external.py` and `Include/internal/pycore_magic_number.h` list.
/// Python 3 counts up from 3000, by at most 50 for each minor version, so the range leaves room for those to come.
pub fn begins_with_magic_number(bytes: &[u8]) -> bool {
    let [low, high, b'\r', b'\n', ..] = bytes else { return false };
    match u16::from_le_bytes([*low, *high]) {
        // Python 3.
        3000..=3999 => true,
        // Python 1.5 to 2.2; one more with `-U`.
        20121 | 50428 | 50429 | 50823 | 50824 | 60202 | 60203 | 60717 | 60718 => true,
        // Python 2.3 to 2.7.
        62011..=62218 => true,
        _ => false,
    }
}

/// The number in `MAGIC_NUMBER = (3495).to_bytes(2, 'little') + b'\r\n'`.
fn in_line(line: &str) -> Option<u16> {
    line.strip_prefix("MAGIC_NUMBER = (")?.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pyc_of_any_cpython_is_known_by_its_first_bytes() {
        for (bytes, expected) in [
            (&b"\xa7\r\r\n\0\0\0\0"[..], true),
            (b"a\r\r\n", true),
            (b"+\x0e\r\n", true),
            (b"\x03\xf3\r\n", true),
            (b"\xa7\r\r", false),
            (b"\xa7\r\n\r", false),
            (b"ab\r\nc", false),
            (b"#!\r\n", false),
            (b"\r\n\r\n", false),
            (b"", false),
        ] {
            assert_eq!(begins_with_magic_number(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn the_library_says_the_number_and_the_table_knows_it_otherwise() {
        let line = "# (a comment)\nMAGIC_NUMBER = (3495).to_bytes(2, 'little') + b'\\r\\n'\n";
        let beta = "MAGIC_NUMBER = (3490).to_bytes(2, 'little') + b'\\r\\n'\n";
        let compiled_in = "MAGIC_NUMBER = _imp.pyc_magic_number_token.to_bytes(4, 'little')\n";
        for (minor, bootstrap, expected) in [
            (11, Some(line), Some(*b"\xa7\r\r\n")),
            (11, None, Some(*b"\xa7\r\r\n")),
            (11, Some(beta), Some(*b"\xa2\r\r\n")),
            (9, None, Some(*b"a\r\r\n")),
            (13, None, Some(*b"\xf3\r\r\n")),
            (14, Some(compiled_in), Some(*b"+\x0e\r\n")),
            (15, Some(compiled_in), None),
            (8, Some("MAGIC_NUMBER = (99999)"), None),
        ] {
            let version = PythonVersion { major: 3, minor, micro: 0 };
            assert_eq!(magic_number(&version, bootstrap), expected, "3.{minor} {bootstrap:?}");
        }
    }
}
