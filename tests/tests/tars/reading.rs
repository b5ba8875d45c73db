//! What a program says is in a tar: paths with type, mode, size and content or target.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use shipwheel_layer::{Node, ReadLimits, Tree, overlay_tar};
use shipwheel_oci::Digest;

/// Each path with one line about it.
pub type Reading = BTreeMap<String, String>;

/// Mode bits that a program keeps when it unpacks for another user than the owner.
pub const PERMISSIONS: u32 = 0o777;

/// shipwheel's reading of tars, each laid over those before; or why it refuses.
pub fn ours(tars: &[Vec<u8>], modes: u32) -> Result<Reading, String> {
    let mut tree = Tree::new();
    for tar in tars {
        overlay_tar(&mut tree, Arc::new(tar.clone()), ReadLimits::default()).map_err(|error| error.to_string())?;
    }
    let lines = tree.iter().map(|(path, node)| {
        let line = match node {
            Node::Directory(_) => "d".to_owned(),
            Node::Symlink(target) => format!("l {}", shown(target.as_bytes())),
            Node::File(metadata, content) => file(metadata.mode & modes, &content.to_vec().unwrap()),
        };
        (shown(path.as_bytes().strip_prefix(b"/").unwrap_or_default()), line)
    });
    Ok(lines.collect())
}

/// What lies in a folder, without devices and pipes.
pub fn of_folder(folder: &Path) -> Reading {
    let (mut reading, mut folders, mut files) = (Reading::new(), vec![folder.to_path_buf()], Vec::new());
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = shown(path.strip_prefix(folder).unwrap().as_os_str().as_bytes());
            if metadata.is_symlink() {
                reading.insert(name, format!("l {}", shown(path.read_link().unwrap().as_os_str().as_bytes())));
            } else if metadata.is_dir() {
                open_up(&path);
                reading.insert(name, "d".to_owned());
                folders.push(path);
            } else if metadata.is_file() {
                files.push((name, path, metadata.permissions().mode()));
            }
        }
    }
    // Afterwards: a file may have several names, and its mode as it was is wanted for each.
    for (name, path, mode) in files {
        open_up(&path);
        reading.insert(name, file(mode & PERMISSIONS, &std::fs::read(&path).unwrap()));
    }
    reading
}

/// Bytes as text: as they are in UTF-8, else with an escape for each byte that is not.
fn shown(bytes: &[u8]) -> String {
    let part = |chunk: std::str::Utf8Chunk<'_>| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii());
    bytes.utf8_chunks().map(part).collect()
}

/// Lets this user read what has a mode that says no.
fn open_up(path: &Path) {
    std::fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
}

fn file(mode: u32, content: &[u8]) -> String {
    format!("f {mode:o} {} {}", content.len(), Digest::of(content).hex())
}
