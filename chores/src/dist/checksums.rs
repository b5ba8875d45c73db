//! The checksums of all files, as `sha256sum --check` reads them.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::release::Release;
use crate::workspace::Outcome;

/// The file.
pub(super) const NAME: &str = "SHA256SUMS";

/// Hashes everything in the folder.
pub(super) fn make(release: &Release<'_>) -> Outcome {
    Ok(std::fs::write(release.output.join(NAME), sums(&release.output)?)?)
}

/// A line for each file, in the order of their paths.
fn sums(folder: &Path) -> std::io::Result<String> {
    let mut lines = String::new();
    for path in files(folder)? {
        let hash = hex::encode(Sha256::digest(std::fs::read(folder.join(&path))?));
        lines += &format!("{hash}  {}\n", path.display());
    }
    Ok(lines)
}

/// The files below a folder, seen from it.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut open, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(next) = open.pop() {
        for entry in next.read_dir()? {
            let path = entry?.path();
            match path.is_dir() {
                true => open.push(path),
                false => files.extend(path.strip_prefix(folder).map(Path::to_owned)),
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("b/c"), "abc").unwrap();
        std::fs::write(folder.path().join("a"), "").unwrap();
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
            ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b/c\n";
        assert_eq!(sums(folder.path()).unwrap(), expected);
    }
}
