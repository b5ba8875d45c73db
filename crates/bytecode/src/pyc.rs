//! Bytecode files: their header, names and places (PEP 552, PEP 3147, PEP 488).

use crate::python_version::PythonVersion;

/// When CPython takes a pyc for stale (PEP 552).
///
/// Timestamps are not among them: a layer has no times that mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvalidationMode {
    /// Never: the source is not looked at.
    UncheckedHash,
    /// When the source's hash differs: an edited file is seen.
    CheckedHash,
}

/// `-O`'s level: what is left out of the bytecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Optimization {
    /// Everything stays.
    None,
    /// `assert` and `if __debug__` go.
    Asserts,
    /// Docstrings go as well.
    Docstrings,
}

impl Optimization {
    /// The optimization of a level 0, 1 or 2.
    pub fn from_level(level: u64) -> Option<Self> {
        [Self::None, Self::Asserts, Self::Docstrings].into_iter().find(|o| u64::from(o.level()) == level)
    }

    /// The level that CPython runs at with this value of `PYTHONOPTIMIZE` (`_Py_get_env_flag`).
    ///
    /// It may be more than 2: CPython then looks for pycs that are named for that level, which `compile()` cannot
    /// make. Any text that is not a number, is negative or does not fit into C's `int` means 1; no text means 0.
    pub fn level_of_environment(value: &str) -> u32 {
        if value.is_empty() {
            return 0;
        }
        // C's `strtol` passes over blanks in front, and CPython wants nothing behind the number.
        let number = value.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']).parse::<i32>();
        number.ok().and_then(|number| u32::try_from(number).ok()).unwrap_or(1)
    }

    /// 0, 1 or 2, as `PYTHONOPTIMIZE` and `compile()` want it.
    pub fn level(self) -> u8 {
        self as u8
    }
}

/// Writes a pyc: 16 bytes of header, then the marshalled code object.
pub fn write_pyc(magic_number: [u8; 4], mode: InvalidationMode, source_hash: [u8; 8], body: &[u8]) -> Vec<u8> {
    let flags: u32 = match mode {
        InvalidationMode::UncheckedHash => 0b01,
        InvalidationMode::CheckedHash => 0b11,
    };
    let mut pyc = Vec::with_capacity(16 + body.len());
    pyc.extend_from_slice(&magic_number);
    pyc.extend_from_slice(&flags.to_le_bytes());
    pyc.extend_from_slice(&source_hash);
    pyc.extend_from_slice(body);
    pyc
}

/// The longest name of a file on Linux, in bytes (`NAME_MAX`).
const MAX_NAME: usize = 255;

/// The length that no path on Linux reaches, in bytes with its NUL (`PATH_MAX`).
const MAX_PATH: usize = 4096;

/// Why a source has no path for its bytecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PycPathError {
    /// The path is not that of a `.py` file.
    #[error("it is not a source")]
    NotASource,
    /// A pyc's name is longer than its source's. CPython imports such a module too, and compiles it at each start.
    #[error("the name or the path of its pyc would be longer than Linux allows")]
    TooLong,
}

/// Where the pyc of a source belongs in the image.
///
/// Beside its source in `__pycache__`, or, with `replaces_source`, in its place:
/// files in `__pycache__` are not imported without their source.
///
/// # Errors
/// For a path that is no `.py` file, and where no file can have the pyc's name or path.
pub fn pyc_path(
    source: &str,
    python: &PythonVersion,
    optimization: Optimization,
    replaces_source: bool,
) -> Result<String, PycPathError> {
    let (folder, name) = source.rsplit_once('/').ok_or(PycPathError::NotASource)?;
    let stem = name.strip_suffix(".py").ok_or(PycPathError::NotASource)?;
    let suffix = match optimization {
        Optimization::None => String::new(),
        level => format!(".opt-{}", level.level()),
    };
    let (folder, name) = match replaces_source {
        true => (folder.to_owned(), format!("{stem}.pyc")),
        false => (format!("{folder}/__pycache__"), format!("{stem}.{}{suffix}.pyc", python.cache_tag())),
    };
    let path = format!("{folder}/{name}");
    if name.len() > MAX_NAME || path.len() >= MAX_PATH { Err(PycPathError::TooLong) } else { Ok(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pyc_is_where_cpython_looks_for_its_level() {
        let python = PythonVersion { major: 3, minor: 11, micro: 2 };
        for (optimization, replaces_source, expected) in [
            (Optimization::None, false, "/app/__pycache__/m.cpython-311.pyc"),
            (Optimization::Asserts, false, "/app/__pycache__/m.cpython-311.opt-1.pyc"),
            (Optimization::Docstrings, false, "/app/__pycache__/m.cpython-311.opt-2.pyc"),
            (Optimization::Docstrings, true, "/app/m.pyc"),
        ] {
            let path = pyc_path("/app/m.py", &python, optimization, replaces_source);
            assert_eq!(path.as_deref(), Ok(expected));
        }
        assert_eq!(pyc_path("/app/m.txt", &python, Optimization::None, false), Err(PycPathError::NotASource));
    }

    #[test]
    fn a_pyc_that_no_file_system_could_name_has_no_path() {
        let python = PythonVersion { major: 3, minor: 11, micro: 2 };
        // `.cpython-311.pyc` is longer than `.py` by 13 bytes, a level by 6 more, and `.pyc` by one.
        for (optimization, replaces_source, longest) in [
            (Optimization::None, false, 255 - 13),
            (Optimization::Asserts, false, 255 - 19),
            (Optimization::Docstrings, false, 255 - 19),
            (Optimization::None, true, 255 - 1),
        ] {
            // The limit counts bytes: `é` has two.
            for letter in ["a", "é"] {
                for (bytes, fits) in [(longest, true), (longest + 1, false), (255, false)] {
                    let letters = letter.repeat((bytes - 3) / letter.len());
                    let stem = format!("{letters}{}", "b".repeat(bytes - 3 - letters.len()));
                    let path = pyc_path(&format!("/app/{stem}.py"), &python, optimization, replaces_source);
                    assert_eq!(path.is_ok(), fits, "{bytes} bytes of {letter} at {optimization:?}: {path:?}");
                }
            }
        }
        let deep = format!("/{}", "d/".repeat(2040));
        let path = |name: &str| pyc_path(&format!("{deep}{name}.py"), &python, Optimization::None, false);
        assert_eq!(path("m"), Err(PycPathError::TooLong));
        let package = format!("/app/{}/__init__.py", "p".repeat(255));
        assert!(pyc_path(&package, &python, Optimization::None, false).is_ok());
    }

    #[test]
    fn there_are_three_levels() {
        for (level, expected) in [
            (0, Some(Optimization::None)),
            (1, Some(Optimization::Asserts)),
            (2, Some(Optimization::Docstrings)),
            (3, None),
            (256, None),
        ] {
            assert_eq!(Optimization::from_level(level), expected, "{level}");
        }
    }

    #[test]
    fn a_level_is_read_as_cpython_reads_it() {
        // As CPython 3.11 says with each: `python -c 'import sys; print(sys.flags.optimize)'`.
        for (text, expected) in [
            ("", 0),
            ("0", 0),
            ("00", 0),
            ("-0", 0),
            ("1", 1),
            ("2", 2),
            (" 2", 2),
            ("\t2", 2),
            ("+2", 2),
            ("3", 3),
            ("2147483647", 2_147_483_647),
            ("2147483648", 1),
            ("-1", 1),
            (" ", 1),
            ("2 ", 1),
            ("0x2", 1),
            ("x", 1),
        ] {
            assert_eq!(Optimization::level_of_environment(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_header_says_how_the_source_is_checked() {
        let pyc = write_pyc(*b"\xa7\r\r\n", InvalidationMode::CheckedHash, [9; 8], b"x");
        assert_eq!(pyc, b"\xa7\r\r\n\x03\0\0\0\x09\x09\x09\x09\x09\x09\x09\x09x");
    }
}
