//! Which Python a tree has: executable, standard library and full version, read without running it.
//!
//! The same for every architecture: nothing is executed. The full version matters because
//! equal magic numbers are not enough for equal bytecode.

use object::{Object, ObjectSection, ObjectSymbol};
use shipwheel_bytecode::{MAGIC_NUMBER_SOURCE, PythonVersion, magic_number};
use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_oci::Digest;
use shipwheel_plan::facts::{PythonFacts, SourceFile};
use shipwheel_plan::policy::is_stdlib_source;
use shipwheel_python::Libc;

use super::interpreter_error::{InterpreterError, InterpreterFault};
use crate::error::BuildError;

/// Folders that may have an interpreter, after those of the image's own `PATH`.
const BIN: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Finds the interpreter that `python3` or `python` means in an image with this `PATH`.
///
/// # Errors
/// When there is one whose version or standard library cannot be found.
pub(crate) fn find_python(tree: &Tree, path: Option<&str>) -> Result<Option<PythonFacts>, BuildError> {
    let folders = path.into_iter().flat_map(|path| path.split(':')).chain(BIN).filter(|f| f.starts_with('/'));
    let names = ["python3".to_owned(), "python".to_owned()];
    let versioned = (9..=14).rev().map(|minor| format!("python3.{minor}"));
    let names: Vec<String> = names.into_iter().chain(versioned).collect();
    let candidates = folders.flat_map(|folder| names.iter().map(move |name| format!("{folder}/{name}")));
    for candidate in candidates {
        let Ok(path) = TreePath::new(&candidate) else { continue };
        if let Some(facts) = describe_python(tree, &path)? {
            return Ok(Some(facts));
        }
    }
    Ok(None)
}

/// Describes the interpreter at a path, links followed; `None` if there is no file.
///
/// # Errors
/// When its version or standard library cannot be found.
pub(crate) fn describe_python(tree: &Tree, path: &TreePath) -> Result<Option<PythonFacts>, BuildError> {
    match tree.resolve(path) {
        Some((executable, Node::File(_, content))) => describe(tree, &executable, &content.to_vec()?).map(Some),
        _ => Ok(None),
    }
}

fn describe(tree: &Tree, executable: &TreePath, elf: &[u8]) -> Result<PythonFacts, BuildError> {
    let fail = |fault| InterpreterError::Undescribed { path: executable.to_string(), fault };
    let prefix = executable.parent().and_then(|bin| bin.parent()).ok_or_else(|| fail(InterpreterFault::NotInBin))?;
    let minor = (9..=14).rev().find_map(|minor| {
        let landmark = prefix.join(&format!("lib/python3.{minor}/os.py")).ok()?;
        let named = executable.name() == format!("python3.{minor}");
        (tree.resolve(&landmark).is_some() && (named || !executable.name().starts_with("python3."))).then_some(minor)
    });
    let minor = minor.ok_or_else(|| fail(InterpreterFault::NoStandardLibrary))?;
    let stdlib = prefix.join(&format!("lib/python3.{minor}")).map_err(|_| fail(InterpreterFault::Path))?;
    let stdlib = tree.resolve(&stdlib).map(|(path, _)| path).unwrap_or(stdlib);
    let library = shared_library(tree, &prefix, minor)?;
    let version = [Some(elf.to_vec()), library].into_iter().flatten().find_map(|elf| full_version(&elf, minor));
    let version = version.ok_or_else(|| fail(InterpreterFault::NoVersion))?;
    let magic_number = magic_number(&version, bootstrap(tree, &stdlib)?.as_deref());
    let magic_number = magic_number.ok_or_else(|| fail(InterpreterFault::NoMagicNumber))?;
    let sources = sources(tree, &stdlib)?;
    let (executable, stdlib) = (executable.to_string(), stdlib.to_string());
    Ok(PythonFacts { version, magic_number, executable, stdlib, sources })
}

/// The module of the standard library that says the magic number.
fn bootstrap(tree: &Tree, stdlib: &TreePath) -> Result<Option<String>, BuildError> {
    let found = stdlib.join(MAGIC_NUMBER_SOURCE).ok().and_then(|path| tree.resolve(&path));
    match found {
        Some((_, Node::File(_, content))) => Ok(Some(String::from_utf8_lossy(&content.to_vec()?).into_owned())),
        _ => Ok(None),
    }
}

/// `libpython3.X.so`, where the interpreter is built with one: in `lib` or a folder in it.
fn shared_library(tree: &Tree, prefix: &TreePath, minor: u32) -> Result<Option<Vec<u8>>, BuildError> {
    let name = format!("libpython3.{minor}.so.1.0");
    for folder in library_folders(tree, prefix) {
        let found = folder.join(&name).ok().and_then(|path| tree.resolve(&path));
        if let Some((_, Node::File(_, content))) = found {
            return Ok(Some(content.to_vec()?));
        }
    }
    Ok(None)
}

/// `lib` and `lib64` below a prefix, and the folders of each architecture in `lib`, whatever they are called.
fn library_folders(tree: &Tree, prefix: &TreePath) -> Vec<TreePath> {
    let folders = ["lib", "lib64"].into_iter().filter_map(|folder| prefix.join(folder).ok());
    let folders = folders.filter_map(|folder| Some(tree.resolve(&folder)?.0)).collect::<Vec<_>>();
    let inner = |folder: &TreePath| -> Vec<TreePath> {
        let own = |path: &TreePath| path.parent().as_ref() == Some(folder) && path.name().contains("-linux-");
        tree.below(folder).map(|(path, _)| path.clone()).filter(own).collect()
    };
    let inner: Vec<TreePath> = folders.iter().flat_map(inner).collect();
    folders.into_iter().chain(inner).collect()
}

/// Reads the full version out of an ELF file: `Py_Version` (3.11 and later), else the text.
fn full_version(elf: &[u8], minor: u32) -> Option<PythonVersion> {
    version_symbol(elf).filter(|version| version.minor == minor).or_else(|| version_text(elf, minor))
}

fn version_symbol(elf: &[u8]) -> Option<PythonVersion> {
    let file = object::File::parse(elf).ok()?;
    let symbol = file.dynamic_symbols().find(|symbol| symbol.name() == Ok("Py_Version"))?;
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    let offset = usize::try_from(symbol.address().checked_sub(section.address())?).ok()?;
    let bytes: [u8; 4] = section.data().ok()?.get(offset..offset.checked_add(4)?)?.try_into().ok()?;
    // PY_VERSION_HEX: major, minor, micro, release level and serial.
    let [_, micro, minor, major] =
        if file.is_little_endian() { bytes } else { [bytes[3], bytes[2], bytes[1], bytes[0]] };
    Some(PythonVersion { major: major.into(), minor: minor.into(), micro: micro.into() })
}

/// The text `3.X.Y` as a whole C string, which `PY_VERSION` leaves in the read-only data.
fn version_text(elf: &[u8], minor: u32) -> Option<PythonVersion> {
    let start = format!("\x003.{minor}.").into_bytes();
    let found = elf.windows(start.len()).enumerate().filter(|(_, window)| *window == start);
    let versions = found.filter_map(|(offset, _)| {
        let text = elf[offset + 1..].split(|byte| *byte == 0).next()?;
        std::str::from_utf8(text).ok()?.trim_end_matches('+').parse::<PythonVersion>().ok()
    });
    versions.into_iter().next()
}

/// The sources of the standard library: files, and links to files under the link's name.
fn sources(tree: &Tree, stdlib: &TreePath) -> Result<Vec<SourceFile>, BuildError> {
    let mut sources = Vec::new();
    for (path, node) in tree.below(stdlib) {
        if !path.is_utf8() || !is_stdlib_source(stdlib, path) {
            continue;
        }
        let content = match node {
            Node::File(_, content) => content,
            Node::Directory(_) => continue,
            Node::Symlink(_) => match tree.resolve(path) {
                Some((_, Node::File(_, content))) => content,
                _ => continue,
            },
        };
        let digest = Digest::of(&content.to_vec()?);
        sources.push(SourceFile { path: path.clone(), digest, size: content.size() });
    }
    Ok(sources)
}

/// The C library of a tree: glibc if it has both, because its Python is then built with that.
pub(crate) fn find_libc(tree: &Tree) -> Result<Option<Libc>, BuildError> {
    let prefixes = [TreePath::root(), TreePath::new("/usr").unwrap_or_else(|_| TreePath::root())];
    for folder in prefixes.iter().flat_map(|prefix| library_folders(tree, prefix)) {
        let found = folder.join("libc.so.6").ok().and_then(|path| tree.resolve(&path));
        if let Some((_, Node::File(_, content))) = found {
            return Ok(glibc_version(&content.to_vec()?));
        }
    }
    find_musl(tree)
}

/// musl's loader is its C library too: `/lib/ld-musl-x86_64.so.1`.
fn find_musl(tree: &Tree) -> Result<Option<Libc>, BuildError> {
    for folder in ["/lib", "/usr/lib"].into_iter().filter_map(|folder| TreePath::new(folder).ok()) {
        let folder = tree.resolve(&folder).map_or(folder, |(path, _)| path);
        let is_loader = |path: &TreePath| {
            let name = path.name();
            path.parent().as_ref() == Some(&folder) && name.starts_with("ld-musl-") && name.ends_with(".so.1")
        };
        for (path, _) in tree.below(&folder).filter(|(path, _)| is_loader(path)) {
            if let Some((_, Node::File(_, content))) = tree.resolve(path) {
                return Ok(musl_version(&content.to_vec()?));
            }
        }
    }
    Ok(None)
}

/// The version of musl: the only whole C string of three numbers in its loader.
fn musl_version(elf: &[u8]) -> Option<Libc> {
    // What `ld-musl-*.so.1` prints of itself; a file of that name that does not print it is not musl.
    elf.windows(9).position(|window| window == b"musl libc")?;
    elf.split(|byte| *byte == 0).find_map(|text| {
        let numbers: Vec<&str> = std::str::from_utf8(text).ok().filter(|text| text.len() < 16)?.split('.').collect();
        let [major @ "1", minor, patch] = numbers[..] else { return None };
        patch.parse::<u32>().ok()?;
        Some(Libc::Musl { major: major.parse().ok()?, minor: minor.parse().ok()? })
    })
}

/// glibc's version, read out of the text that `libc.so.6` prints of itself.
fn glibc_version(elf: &[u8]) -> Option<Libc> {
    const MARK: &[u8] = b"release version ";
    let offset = elf.windows(MARK.len()).position(|window| window == MARK)?;
    let text = elf[offset + MARK.len()..].iter().take(16).map(|byte| char::from(*byte)).collect::<String>();
    let (major, rest) = text.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(Libc::Glibc { major: major.parse().ok()?, minor: minor.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_out_of_texts() {
        let elf = b"junk\x003.9.\x003.9.2\x00more\x003.9.18\x00";
        assert_eq!(version_text(elf, 9).map(|v| v.to_string()).as_deref(), Some("3.9.2"));
        assert_eq!(version_text(elf, 10), None);
        let libc = b"GNU C Library (Debian GLIBC 2.36-9+deb12u10) stable release version 2.36.\nCopyright";
        assert_eq!(glibc_version(libc), Some(Libc::Glibc { major: 2, minor: 36 }));
        assert_eq!(glibc_version(b"musl"), None);
        let musl = b"\x7fELF\x00127.0.0.1\x001.2.3\x00musl libc (x86_64)\nVersion %s\nDynamic Program Loader\n\x00";
        assert_eq!(musl_version(musl), Some(Libc::Musl { major: 1, minor: 2 }));
        assert_eq!(musl_version(b"\x001.2.3\x00"), None);
    }
}
