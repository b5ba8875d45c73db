//! Destinations of copies that are folders although they are not written so: a file that is put there goes into them.

use std::collections::BTreeSet;

use super::instruction::Kind;
use super::stage::Stage;

/// Folders that every base has.
const OF_BASES: [&str; 14] = [
    "/bin",
    "/etc",
    "/home",
    "/mnt",
    "/opt",
    "/root",
    "/srv",
    "/tmp",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/share",
    "/var/lib",
];

/// Ends the destinations that are folders for certain with a `/`.
pub(super) fn mark(stages: &mut [Stage]) {
    let mut folders: BTreeSet<String> = OF_BASES.map(str::to_owned).into();
    for instruction in stages.iter().flat_map(|stage| &stage.instructions) {
        match &instruction.kind {
            Kind::Workdir(path) => drop(folders.insert(path.clone())),
            Kind::Add(copy) | Kind::Copy(copy) => folders.extend(above(&copy.destination).map(str::to_owned)),
            _ => {}
        }
    }
    for instruction in stages.iter_mut().flat_map(|stage| &mut stage.instructions) {
        if let Kind::Add(copy) | Kind::Copy(copy) = &mut instruction.kind
            && folders.contains(&copy.destination)
        {
            copy.destination.push('/');
        }
    }
}

/// The folders around a path; what ends with a `/` is one itself.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).filter(|folder| !folder.is_empty())
}
