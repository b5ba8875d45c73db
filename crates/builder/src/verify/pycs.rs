//! Every pyc of an image, as its interpreter comes to it: by its name, through links, or by its bytes alone.

use std::collections::BTreeSet;

use rayon::prelude::*;
use shipwheel_bytecode::begins_with_magic_number;
use shipwheel_layer::{Content, Node, Tree, TreePath};

use crate::error::BuildError;

/// The most files that are followed below a folder of bytecode: links may lead in circles.
const MAX_BELOW: usize = 200_000;

/// The most links to folders on one path.
const MAX_LINKS: usize = 8;

/// A source, with its path.
pub(super) type Source = (TreePath, Content);

/// How an interpreter comes to a pyc.
pub(super) enum Place {
    /// In `__pycache__`, or in the folder that takes its place, named for a source that may be there.
    Cached { name: CachedName, source: Option<Source>, has_own_level: BTreeSet<u32> },
    /// In `__pycache__`, with a name that no interpreter gives.
    Unnamed,
    /// Named like a module, beside its source or instead of it.
    Module { source: Option<Source> },
    /// With any other name: only its bytes tell.
    Anywhere,
}

/// A pyc.
pub(super) struct Found {
    /// Where the interpreter sees it.
    pub(super) path: TreePath,
    /// Where it is, links followed.
    pub(super) real: TreePath,
    pub(super) content: Content,
    pub(super) place: Place,
}

/// The parts of a name in `__pycache__` (PEP 3147, PEP 488): `api.cpython-311.opt-1.pyc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CachedName {
    pub(super) stem: String,
    pub(super) tag: String,
    pub(super) level: u32,
}

impl CachedName {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".pyc")?;
        let (rest, last) = name.rsplit_once('.')?;
        let (rest, level) = match last.strip_prefix("opt-") {
            Some(level) => (rest, level.parse().ok()?),
            None => (name, 0),
        };
        let (stem, tag) = rest.rsplit_once('.')?;
        Some(Self { stem: stem.to_owned(), tag: tag.to_owned(), level })
    }

    /// The name of the same source's pyc at another level.
    fn at_level(&self, level: u32) -> String {
        match level {
            0 => format!("{}.{}.pyc", self.stem, self.tag),
            level => format!("{}.{}.opt-{level}.pyc", self.stem, self.tag),
        }
    }
}

/// What is looked for: the folders that take the place of `__pycache__`, and the levels that are loaded.
pub(super) struct Wanted<'a> {
    pub(super) prefixes: &'a BTreeSet<TreePath>,
    pub(super) levels: &'a BTreeSet<u32>,
}

/// All pycs, sorted by where the interpreter sees them.
///
/// # Errors
/// When a layer's file cannot be read.
pub(super) fn find(tree: &Tree, wanted: &Wanted<'_>) -> Result<Vec<Found>, BuildError> {
    let mut finder = Finder { tree, wanted, found: Vec::new(), seen: BTreeSet::new() };
    for prefix in wanted.prefixes {
        for (path, real, content) in below(tree, prefix) {
            if path.name().ends_with(".pyc") {
                let source_folder = path.parent().map(|folder| folder.as_str()[prefix.as_str().len()..].to_owned());
                let source_folder = source_folder.and_then(|folder| TreePath::new(&folder).ok());
                finder.cached(path, real, content, source_folder);
            }
        }
    }
    for (path, node) in tree.iter() {
        let is_pyc = path.name().ends_with(".pyc");
        let is_link_to_cache = path.name() == "__pycache__" && matches!(node, Node::Symlink(_));
        if !is_pyc && !is_link_to_cache {
            continue;
        }
        match tree.resolve(path) {
            Some((real, Node::File(_, content))) if is_pyc => finder.named(path, real, content.clone()),
            Some((real, Node::Directory(_))) if is_link_to_cache => finder.linked_cache(path, &real),
            Some(_) | None => {}
        }
    }
    finder.by_bytes()?;
    let mut found = finder.found;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

struct Finder<'a> {
    tree: &'a Tree,
    wanted: &'a Wanted<'a>,
    found: Vec<Found>,
    /// The real paths of those that the interpreter finds by name.
    seen: BTreeSet<TreePath>,
}

impl Finder<'_> {
    fn source(&self, path: Option<TreePath>) -> Option<Source> {
        let path = path?;
        match self.tree.resolve(&path)?.1 {
            Node::File(_, content) => Some((path, content.clone())),
            Node::Directory(_) | Node::Symlink(_) => None,
        }
    }

    /// A file whose name ends with `.pyc`, or a link to any file that has such a name.
    fn named(&mut self, path: &TreePath, real: TreePath, content: Content) {
        let folder = path.parent();
        if folder.as_ref().is_some_and(|folder| folder.name() == "__pycache__") {
            let above = folder.and_then(|folder| folder.parent());
            return self.cached(path.clone(), real, content, above);
        }
        let source = path.as_str().strip_suffix('c').and_then(|source| TreePath::new(source).ok());
        let source = self.source(source);
        self.found.push(Found { path: path.clone(), real, content, place: Place::Module { source } });
    }

    /// The files below a link that is called `__pycache__`.
    fn linked_cache(&mut self, link: &TreePath, real: &TreePath) {
        let children: Vec<TreePath> = self.tree.below(real).map(|(path, _)| path.clone()).collect();
        let own = children
            .into_iter()
            .filter(|child| child.parent().as_ref() == Some(real) && child.name().ends_with(".pyc"));
        for child in own {
            let Ok(path) = link.join(child.name()) else { continue };
            if let Some((real, Node::File(_, content))) = self.tree.resolve(&child) {
                self.cached(path, real, content.clone(), link.parent());
            }
        }
    }

    fn cached(&mut self, path: TreePath, real: TreePath, content: Content, source_folder: Option<TreePath>) {
        self.seen.insert(real.clone());
        let place = match CachedName::parse(path.name()) {
            None => Place::Unnamed,
            Some(name) => {
                let source = source_folder.and_then(|folder| folder.join(&format!("{}.py", name.stem)).ok());
                let has = |level: u32| {
                    let own = path.parent().and_then(|folder| folder.join(&name.at_level(level)).ok());
                    own.is_some_and(|own| self.tree.resolve(&own).is_some())
                };
                let has_own_level = self.wanted.levels.iter().copied().filter(|level| has(*level)).collect();
                Place::Cached { source: self.source(source), has_own_level, name }
            }
        };
        self.found.push(Found { path, real, content, place });
    }

    /// What begins as a pyc and was not found by its name; what was found twice counts as what it is loaded as.
    fn by_bytes(&mut self) -> Result<(), BuildError> {
        let seen = &self.seen;
        // The target of a `__pycache__` that is a link is no place that modules are imported from.
        self.found.retain(|found| !matches!(found.place, Place::Module { .. }) || !seen.contains(&found.path));
        let named: BTreeSet<TreePath> = self.found.iter().map(|found| found.real.clone()).collect();
        let rest: Vec<(&TreePath, &Content)> = self
            .tree
            .iter()
            .filter_map(|(path, node)| match node {
                Node::File(_, content) if !named.contains(path) && content.size() >= 4 => Some((path, content)),
                Node::File(..) | Node::Directory(_) | Node::Symlink(_) => None,
            })
            .collect();
        let begins: Vec<bool> = rest
            .par_iter()
            .map(|(_, content)| Ok(begins_with_magic_number(&content.head(4)?)))
            .collect::<Result<_, BuildError>>()?;
        let found = rest.into_iter().zip(begins).filter(|(_, begins)| *begins).map(|((path, content), _)| Found {
            path: path.clone(),
            real: path.clone(),
            content: content.clone(),
            place: Place::Anywhere,
        });
        self.found.extend(found);
        Ok(())
    }
}

/// The files below a folder as they are seen from it, links followed: where each is seen, where it is, its content.
fn below(tree: &Tree, folder: &TreePath) -> Vec<(TreePath, TreePath, Content)> {
    let (mut found, mut folders) = (Vec::new(), vec![(folder.clone(), 0)]);
    while let Some((seen, links)) = folders.pop() {
        let Some((real, Node::Directory(_))) = tree.resolve(&seen) else { continue };
        for (path, node) in tree.below(&real) {
            let rest = path.as_str()[real.as_str().len()..].trim_start_matches('/');
            let Ok(seen) = seen.join(rest) else { continue };
            match node {
                Node::Directory(_) => {}
                Node::File(_, content) => found.push((seen, path.clone(), content.clone())),
                Node::Symlink(_) => match tree.resolve(path) {
                    Some((real, Node::File(_, content))) => found.push((seen, real, content.clone())),
                    Some((_, Node::Directory(_))) if links < MAX_LINKS => folders.push((seen, links + 1)),
                    Some(_) | None => {}
                },
            }
            if found.len() + folders.len() >= MAX_BELOW {
                return found;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYC: &[u8] = b"\xa7\r\r\n\x03\0\0\0 and code";

    fn path(text: &str) -> TreePath {
        TreePath::new(text).expect("valid")
    }

    /// Each pyc as `path → real: place`.
    fn shown(files: &[&str], links: &[(&str, &str)], prefixes: &[&str]) -> Vec<String> {
        let mut tree = Tree::new();
        for file in files {
            let bytes = if file.ends_with(".py") { b"x = 1\n".to_vec() } else { PYC.to_vec() };
            tree.insert_file(file, 0o644, Content::from_bytes(bytes)).expect("new");
        }
        links.iter().for_each(|(link, target)| tree.insert_symlink(link, target).expect("new"));
        let (prefixes, levels) = (prefixes.iter().map(|it| path(it)).collect(), BTreeSet::from([0]));
        let found = find(&tree, &Wanted { prefixes: &prefixes, levels: &levels }).expect("readable");
        let place = |place: &Place| match place {
            Place::Cached { name, source: Some((source, _)), .. } => format!("{} of {source}", name.level),
            Place::Cached { .. } => "orphan".to_owned(),
            Place::Unnamed => "unnamed".to_owned(),
            Place::Module { source: Some(_) } => "beside".to_owned(),
            Place::Module { source: None } => "sourceless".to_owned(),
            Place::Anywhere => "anywhere".to_owned(),
        };
        let shown = |it: &Found| match it.path == it.real {
            true => format!("{}: {}", it.path, place(&it.place)),
            false => format!("{} → {}: {}", it.path, it.real, place(&it.place)),
        };
        found.iter().map(shown).collect()
    }

    #[test]
    fn a_pyc_is_found_by_its_name_through_links_or_by_its_bytes() {
        let name = "/app/__pycache__/m.cpython-311.pyc";
        for (files, links, prefixes, expected) in [
            (&["/app/m.py", name][..], &[][..], &[][..], vec![format!("{name}: 0 of /app/m.py")]),
            (&[name], &[], &[], vec![format!("{name}: orphan")]),
            (
                &["/app/m.py", "/var/x.bin"],
                &[(name, "/var/x.bin")],
                &[],
                vec![format!("{name} → /var/x.bin: 0 of /app/m.py")],
            ),
            (
                &["/app/m.py", "/var/h/m.cpython-311.pyc"],
                &[("/app/__pycache__", "../var/h")],
                &[],
                vec![format!("{name} → /var/h/m.cpython-311.pyc: 0 of /app/m.py")],
            ),
            (&["/var/m.py", name], &[("/app/m.py", "/var/m.py")], &[], vec![format!("{name}: 0 of /app/m.py")]),
            (
                &["/app/m.py", "/p/app/m.cpython-311.opt-1.pyc"],
                &[],
                &["/p"],
                vec!["/p/app/m.cpython-311.opt-1.pyc: 1 of /app/m.py".to_owned()],
            ),
            (
                &["/app/m.py", "/q/x/m.cpython-311.pyc"],
                &[("/p/app", "/q/x")],
                &["/p"],
                vec!["/p/app/m.cpython-311.pyc → /q/x/m.cpython-311.pyc: 0 of /app/m.py".to_owned()],
            ),
            (&["/app/m.py", "/app/m.pyc"], &[], &[], vec!["/app/m.pyc: beside".to_owned()]),
            (&["/app/m.pyc"], &[], &[], vec!["/app/m.pyc: sourceless".to_owned()]),
            (
                &["/var/x.bin"],
                &[("/app/m.pyc", "/var/x.bin")],
                &[],
                vec!["/app/m.pyc → /var/x.bin: sourceless".to_owned()],
            ),
            (
                &["/app/run", "/app/__pycache__/m.txt"],
                &[],
                &[],
                vec!["/app/__pycache__/m.txt: anywhere".to_owned(), "/app/run: anywhere".to_owned()],
            ),
            (&["/app/__pycache__/m.pyc"], &[], &[], vec!["/app/__pycache__/m.pyc: unnamed".to_owned()]),
            (&["/app/m.py"], &[("/app/__pycache__", "."), ("/l", "/l")], &["/l"], vec![]),
        ] {
            assert_eq!(shown(files, links, prefixes), expected, "{files:?} {links:?}");
        }
    }

    #[test]
    fn folders_in_circles_end() {
        let links = [("/p/a", "/p"), ("/p/b", "/p"), ("/p/c", "/")];
        assert!(!shown(&["/p/x.cpython-311.pyc"], &links, &["/p"]).is_empty());
    }

    #[test]
    fn names_in_the_cache_have_a_stem_a_tag_and_a_level() {
        for (name, expected) in [
            ("api.cpython-311.pyc", Some(("api", "cpython-311", 0))),
            ("a.b.cpython-311.opt-2.pyc", Some(("a.b", "cpython-311", 2))),
            ("api.cpython-311.opt-x.pyc", None),
            ("api.pyc", None),
        ] {
            let found = CachedName::parse(name);
            let found = found.as_ref().map(|name| (name.stem.as_str(), name.tag.as_str(), name.level));
            assert_eq!(found, expected, "{name}");
        }
    }
}
