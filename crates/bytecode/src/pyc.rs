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

/// Where the pyc of a source belongs in the image; `None` for a path that is no `.py` file.
///
/// Beside its source in `__pycache__`, or, with `replaces_source`, in its place:
/// files in `__pycache__` are not imported without their source.
pub fn pyc_path(
    source: &str,
    python: &PythonVersion,
    optimization: Optimization,
    replaces_source: bool,
) -> Option<String> {
    let (folder, name) = source.rsplit_once('/')?;
    let stem = name.strip_suffix(".py")?;
    if replaces_source {
        return Some(format!("{folder}/{stem}.pyc"));
    }
    let suffix = match optimization {
        Optimization::None => String::new(),
        level => format!(".opt-{}", level.level()),
    };
    Some(format!("{folder}/__pycache__/{stem}.{}{suffix}.pyc", python.cache_tag()))
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
            assert_eq!(pyc_path("/app/m.py", &python, optimization, replaces_source).as_deref(), Some(expected));
        }
        assert_eq!(pyc_path("/app/m.txt", &python, Optimization::None, false), None);
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
