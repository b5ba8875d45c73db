//! What an image's own programs and libraries need, and do not find in a tree.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Content, Node, Tree, TreePath};
use shipwheel_oci::Platform;
use shipwheel_python::elf::{ELF_HEAD, ElfFacts, ElfMachine, symbol_versions};

use crate::error::BuildError;
use crate::interpreter::rootfs::library_folders;
use crate::loading::place::first_line;

/// The largest library of a base whose versions are read.
const MAX_LIBRARY: u64 = 512 << 20;

/// How much of a script is read for its first line.
const SCRIPT_HEAD: usize = 256;

/// A program or a library of the image's own.
struct Own<'t> {
    path: &'t TreePath,
    facts: ElfFacts,
}

/// All that is missing for the files at some paths of a tree, a line each.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn lacking(
    tree: &Tree,
    paths: &BTreeSet<TreePath>,
    platform: &Platform,
) -> Result<BTreeSet<String>, BuildError> {
    let mut lacking = links_and_scripts(tree, paths)?;
    let Some(machine) = ElfMachine::of(platform) else { return Ok(lacking) };
    let mut own: Vec<Own<'_>> = Vec::new();
    for path in paths {
        let Some(Node::File(_, content)) = tree.node(path) else { continue };
        own.extend(facts(content, machine)?.map(|facts| Own { path, facts }));
    }
    let names: BTreeSet<&str> =
        own.iter().flat_map(|own| [Some(own.path.name()), own.facts.soname.as_deref()]).flatten().collect();
    let mut base = BaseLibraries { tree, folders: library_folders(platform), known: BTreeMap::new() };
    base.folders.push(format!("/usr/local/lib/{}", platform.triplet()));
    for Own { path, facts } in &own {
        let loader = facts.interpreter.as_ref().filter(|loader| !is_there(tree, loader));
        lacking.extend(loader.map(|loader| format!("{path} is started by {loader}")));
        for library in facts.needed.iter().filter(|library| !names.contains(library.as_str())) {
            if base.versions(library)?.is_none() {
                lacking.insert(format!("{path} needs {library}"));
            }
        }
        for (library, version) in facts.versions.iter().filter(|(library, _)| !names.contains(library.as_str())) {
            // A library that counts no versions has symbols for all of them.
            let has = base.versions(library)?.is_none_or(|known| known.is_empty() || known.contains(version));
            if !has {
                lacking.insert(format!("{path} needs {version} of {library}"));
            }
        }
    }
    Ok(lacking)
}

/// A native file for a machine; one that is broken is as broken on any base.
fn facts(content: &Content, machine: ElfMachine) -> Result<Option<ElfFacts>, BuildError> {
    if ElfMachine::read(&content.head(ELF_HEAD)?) != Some(machine) {
        return Ok(None);
    }
    let mut parts = content.parts();
    Ok(ElfFacts::read_parts(content.size(), |range| parts.read(range))?.ok().flatten())
}

/// Libraries in the folders that the loader searches.
struct BaseLibraries<'t> {
    tree: &'t Tree,
    folders: Vec<String>,
    known: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl BaseLibraries<'_> {
    /// The symbol versions of a library; `None` if there is no such library.
    fn versions(&mut self, name: &str) -> Result<Option<&BTreeSet<String>>, BuildError> {
        if !self.known.contains_key(name) {
            let versions = self.read(name)?;
            self.known.insert(name.to_owned(), versions);
        }
        Ok(self.known.get(name).and_then(Option::as_ref))
    }

    fn read(&self, name: &str) -> Result<Option<BTreeSet<String>>, BuildError> {
        let paths = self.folders.iter().filter_map(|folder| TreePath::new(&format!("{folder}/{name}")).ok());
        let found = paths.filter_map(|path| self.tree.resolve(&path)).find_map(|(_, node)| match node {
            Node::File(_, content) => Some(content),
            Node::Directory(_) | Node::Symlink(_) => None,
        });
        let Some(content) = found else { return Ok(None) };
        if content.size() > MAX_LIBRARY {
            return Ok(Some(BTreeSet::new()));
        }
        Ok(Some(symbol_versions(&content.to_vec()?).unwrap_or_default()))
    }
}

/// Links that lead nowhere, and the programs of scripts that are not there.
fn links_and_scripts(tree: &Tree, paths: &BTreeSet<TreePath>) -> Result<BTreeSet<String>, BuildError> {
    let mut lacking = BTreeSet::new();
    for path in paths {
        match tree.node(path) {
            Some(Node::Symlink(target)) if tree.resolve(path).is_none() => {
                lacking.insert(format!("{path} leads to {target}"));
            }
            Some(Node::File(metadata, content)) if metadata.mode & 0o111 != 0 => {
                let head = content.head(SCRIPT_HEAD)?;
                let program = first_line(&head).and_then(|line| line.first().cloned());
                let missing = program.filter(|program| !is_there(tree, program));
                lacking.extend(missing.map(|program| format!("{path} is started by {program}")));
            }
            Some(_) | None => {}
        }
    }
    Ok(lacking)
}

fn is_there(tree: &Tree, path: &str) -> bool {
    TreePath::new(path).is_ok_and(|path| tree.resolve(&path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_scripts_and_libraries_of_the_image_need_their_base() {
        let mut tree = Tree::new();
        let file = |tree: &mut Tree, path: &str, text: &[u8]| {
            tree.insert_file(path, 0o755, Content::from_bytes(text.to_vec())).unwrap();
        };
        file(&mut tree, "/usr/bin/python3.11", b"");
        file(&mut tree, "/app/good", b"#!/usr/bin/python3.11\n");
        file(&mut tree, "/app/bad", b"#!/bin/bash\n");
        tree.insert_symlink("/opt/venv/bin/python", "/usr/bin/python3.11").unwrap();
        tree.insert_symlink("/opt/venv/bin/other", "/usr/bin/python3.12").unwrap();
        // This test's own program needs glibc, and versions of it.
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        file(&mut tree, "/app/lib.so", &own);
        let paths: BTreeSet<TreePath> =
            ["/app/good", "/app/bad", "/opt/venv/bin/python", "/opt/venv/bin/other", "/app/lib.so"]
                .map(|path| TreePath::new(path).unwrap())
                .into();
        let platform = crate::session::host_platform();
        let found = lacking(&tree, &paths, &platform).unwrap();
        let has = |text: &str| found.iter().any(|line| line.contains(text));
        assert!(has("/app/bad is started by /bin/bash"), "{found:?}");
        assert!(has("/opt/venv/bin/other leads to /usr/bin/python3.12"), "{found:?}");
        assert!(has("/app/lib.so needs libc.so"), "{found:?}");
        assert!(!has("/app/good") && !has("venv/bin/python "), "{found:?}");
        // With this machine's own libc all of it is there; one of that name that has other versions lacks them.
        let place = TreePath::new(&format!("/lib/{}/libc.so.6", platform.triplet())).unwrap();
        for (library, is_lacking) in [("libc.so.6", false), ("libgcc_s.so.1", true)] {
            let content = Content::from_bytes(mapped(library));
            tree.replace(place.clone(), Node::File(shipwheel_layer::Metadata::root(0o755), content)).unwrap();
            let found = lacking(&tree, &paths, &platform).unwrap();
            let has = |start: &str, end: &str| found.iter().any(|line| line.contains(start) && line.contains(end));
            assert!(!has("/app/lib.so needs libc.so.6", ""), "{library}: {found:?}");
            assert_eq!(has("/app/lib.so needs GLIBC_2", " of libc.so.6"), is_lacking, "{library}: {found:?}");
        }
    }

    /// A library that this process has loaded.
    fn mapped(name: &str) -> Vec<u8> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let path = maps.lines().find_map(|line| Some(&line[line.find('/')?..]).filter(|path| path.ends_with(name)));
        std::fs::read(path.unwrap()).unwrap()
    }
}
