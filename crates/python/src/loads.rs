//! The libraries of the system that a Python source loads by name, with ctypes or cffi.

use std::collections::BTreeSet;

/// What a source that loads libraries has in it.
const LOADERS: [&str; 4] = ["CDLL(", "dlopen", "LoadLibrary", "find_library"];

/// The call that looks a library up by its name alone.
const FIND: &str = "find_library(";

/// More are not read out of one source.
const MAX_LOADS: usize = 64;

/// The libraries whose names stand in a source: `libmagic.so.1` of a literal, and `libpq` of
/// `find_library("pq")`, whose version only the system knows. Names that are put together as it runs are not found.
pub fn loaded_libraries(source: &str) -> BTreeSet<String> {
    if !LOADERS.iter().any(|loader| source.contains(loader)) {
        return BTreeSet::new();
    }
    let files = source.split(['"', '\'']).filter(|literal| is_library(literal)).map(str::to_owned);
    let calls = source.match_indices(FIND).map(|(at, _)| &source[at + FIND.len()..]);
    let names = calls.filter_map(literal).filter(|name| is_name(name)).map(|name| format!("lib{name}"));
    files.chain(names).take(MAX_LOADS).collect()
}

/// The text between the quotes that a call begins with.
fn literal(arguments: &str) -> Option<&str> {
    let arguments = arguments.trim_start();
    let quote = arguments.chars().next().filter(|first| ['"', '\''].contains(first))?;
    arguments[1..].split(quote).next()
}

/// `libpq.so.5`: a file without a version is for developers, and of another system without `.so`.
fn is_library(literal: &str) -> bool {
    let version = literal.split_once(".so.").map(|(name, version)| name.starts_with("lib") && is_version(version));
    version.unwrap_or(false) && is_name(literal)
}

fn is_version(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() < 100 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-+.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_calls_and_in_literals_are_found() {
        for (source, expected) in [
            ("lib = ctypes.util.find_library('magic')\n", &["libmagic"][..]),
            ("x = find_library( \"usb-1.0\")", &["libusb-1.0"]),
            ("find_library(name)", &[]),
            ("ctypes.CDLL('libmagic.so.1')", &["libmagic.so.1"]),
            ("for n in ('cairo-2', 'libcairo.so.2', 'libcairo.2.dylib'):\n    ffi.dlopen(n)\n", &["libcairo.so.2"]),
            ("NAME = 'libmagic.so.1'\n", &[]),
            ("CDLL('libfoo.so')", &[]),
            ("CDLL(f'lib{name}.so.1')", &[]),
            ("CDLL('/usr/lib/libfoo.so.1')", &[]),
            ("find_library('", &[]),
            ("find_library('a b')", &[]),
        ] {
            assert_eq!(loaded_libraries(source).into_iter().collect::<Vec<_>>(), expected, "{source}");
        }
    }
}
