//! Modules that go before those of the standard library or of a distribution: an earlier place of `sys.path` has one of
//! the same name.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Content, Node, Tree, TreePath};
use shipwheel_python::is_identifier;

use super::forms::module_of;
use super::records::Records;
use crate::inspect::finding::{Finding, FindingKind};
use crate::inspect::python::ImagePython;
use crate::loading::archive::Archive;
use crate::loading::search_path::{Installation, Origin, SearchPath, SearchPlace};

/// Names that many distributions leave beside their packages by mistake: those of an application are its own.
const STRAY: [&str; 16] = [
    "test",
    "tests",
    "testing",
    "doc",
    "docs",
    "example",
    "examples",
    "script",
    "scripts",
    "benchmark",
    "benchmarks",
    "setup",
    "conftest",
    "tools",
    "samples",
    "src",
];

/// Namespace packages within one another are followed so far.
const MAX_DEPTH: usize = 8;

/// Whose modules a place has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The application: what the command, its flags or `PYTHONPATH` add.
    Application,
    Library,
    Packages,
    /// What has findings of its own: archives of the interpreter, and what `.pth` files add.
    Other,
}

/// A place, or a folder of a namespace package in it.
struct Portion {
    owner: Owner,
    names: BTreeMap<String, Module>,
}

/// What a name is in one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Module {
    /// A module, or a package: the file that is loaded, or a name in an archive; with the package's folder.
    Regular { shown: String, file: Option<TreePath>, package: Option<TreePath> },
    /// A folder that is a part of a namespace package.
    Namespace(TreePath),
}

/// What goes before what.
pub(super) fn check(tree: &Tree, python: &ImagePython) -> Vec<Finding> {
    let Ok(stdlib) = TreePath::new(&python.facts.stdlib) else { return Vec::new() };
    let installation = Installation { version: python.facts.version, stdlib: &stdlib };
    let search = Search { tree, tag: python.facts.version.cache_tag(), records: OnceCell::new() };
    let mut found: BTreeMap<(String, String), Finding> = BTreeMap::new();
    for start in &python.starts {
        let path = SearchPath::of(tree, std::slice::from_ref(start), &installation);
        search.compare(path.places.iter().filter_map(|place| search.place(place)).collect(), "", 0, &mut found);
    }
    found.into_values().collect()
}

struct Search<'a> {
    tree: &'a Tree,
    tag: String,
    /// Read when something is found.
    records: OnceCell<Records>,
}

impl Search<'_> {
    fn place(&self, place: &SearchPlace) -> Option<Portion> {
        let owner = match &place.origin {
            Origin::Command | Origin::Variable(_) => Owner::Application,
            Origin::Interpreter if place.is_folder => Owner::Library,
            Origin::Packages => Owner::Packages,
            Origin::Interpreter | Origin::PathFile(_) => Owner::Other,
        };
        match (place.is_folder, owner) {
            (true, _) => Some(self.portion(&place.real, owner)),
            (false, Owner::Application) => self.archive(&place.real),
            (false, Owner::Library | Owner::Packages | Owner::Other) => None,
        }
    }

    fn portion(&self, path: &TreePath, owner: Owner) -> Portion {
        let mut names = BTreeMap::new();
        for (child, _) in self.tree.below(path).filter(|(child, _)| child.parent().as_ref() == Some(path)) {
            let Some((name, rank, module)) = self.module(child) else { continue };
            let is_better = names.get(&name).is_none_or(|(known, _)| rank < *known);
            if is_better {
                names.insert(name, (rank, module));
            }
        }
        Portion { owner, names: names.into_iter().map(|(name, (_, module))| (name, module)).collect() }
    }

    /// The module that an entry is, with its place among those of one name in a folder.
    fn module(&self, child: &TreePath) -> Option<(String, usize, Module)> {
        let (real, node) = self.tree.resolve(child)?;
        match node {
            Node::File(..) => {
                let (name, form, suffix) = module_of(child.name(), &self.tag)?;
                let module = Module::Regular { shown: child.to_string(), file: Some(real), package: None };
                Some((name.to_owned(), 1 + 3 * form as usize + suffix, module))
            }
            Node::Directory(_) if is_identifier(child.name()) => {
                let init = self.init(&real);
                let rank = if init.is_some() { 0 } else { usize::MAX };
                let module = match init {
                    Some(init) => Module::Regular {
                        shown: child.join(init.name()).ok()?.to_string(),
                        file: Some(init),
                        package: Some(real),
                    },
                    None => Module::Namespace(real),
                };
                Some((child.name().to_owned(), rank, module))
            }
            Node::Directory(_) | Node::Symlink(_) => None,
        }
    }

    /// The first file of a package.
    fn init(&self, package: &TreePath) -> Option<TreePath> {
        let inside = self.tree.below(package).map(|(path, _)| path);
        let inside = inside.filter(|path| path.parent().as_ref() == Some(package));
        let inits = inside.filter_map(|path| match module_of(path.name(), &self.tag)? {
            ("__init__", form, suffix) => Some(((form, suffix), path)),
            _ => None,
        });
        inits.min_by_key(|(rank, _)| *rank).map(|(_, path)| path.clone())
    }

    /// The modules at the top of an archive.
    fn archive(&self, path: &TreePath) -> Option<Portion> {
        let Some(Node::File(_, content)) = self.tree.node(path) else { return None };
        let archive = Archive::open(content).ok()??;
        let ends = ["/__init__.pyc", "/__init__.py", ".pyc", ".py"];
        let named = archive.names().filter_map(|member| {
            let name = ends.iter().find_map(|end| member.strip_suffix(end)).filter(|name| is_identifier(name))?;
            let module = Module::Regular { shown: format!("{path}/{member}"), file: None, package: None };
            Some((name.to_owned(), module))
        });
        Some(Portion { owner: Owner::Application, names: named.collect() })
    }

    /// Looks each name up as an import would.
    fn compare(
        &self,
        portions: Vec<Portion>,
        prefix: &str,
        depth: usize,
        found: &mut BTreeMap<(String, String), Finding>,
    ) {
        let guarded = |portion: &&Portion| matches!(portion.owner, Owner::Library | Owner::Packages);
        let names: BTreeSet<&String> =
            portions.iter().filter(guarded).flat_map(|portion| portion.names.keys()).collect();
        for name in names.into_iter().filter(|name| !name.starts_with("__")) {
            let module = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let having = portions.iter().filter_map(|portion| Some((portion, portion.names.get(name)?)));
            let having: Vec<(&Portion, &Module)> = having.collect();
            let Some(at) = having.iter().position(|(_, it)| matches!(it, Module::Regular { .. })) else {
                let parts = having.iter().filter_map(|(portion, it)| match it {
                    Module::Namespace(path) => Some(self.portion(path, portion.owner)),
                    Module::Regular { .. } => None,
                });
                if depth < MAX_DEPTH && having.len() > 1 {
                    self.compare(parts.collect(), &module, depth + 1, found);
                }
                continue;
            };
            let (winner, loaded) = having[at];
            let hidden = having[at + 1..].iter().find(|(portion, _)| guarded(portion));
            if let Some((loser, hidden)) = hidden.filter(|_| winner.owner == Owner::Application)
                && !(loser.owner == Owner::Packages && STRAY.contains(&name.as_str()) || module == "test")
                && !self.is_same(loaded, hidden)
            {
                let finding = self.finding(&module, loaded, loser, hidden);
                found.insert((loaded.shown(), hidden.shown()), finding);
            }
        }
    }

    fn finding(&self, module: &str, loaded: &Module, loser: &Portion, hidden: &Module) -> Finding {
        let whose = match loser.owner {
            Owner::Library => " of the standard library".to_owned(),
            Owner::Packages => {
                match hidden.file().and_then(|file| self.records().owner_of_all(std::iter::once(file))) {
                    Some(owner) => format!(" of {}", owner.name().trim_end_matches(".dist-info")),
                    None => String::new(),
                }
            }
            Owner::Application | Owner::Other => String::new(),
        };
        let expected = format!("the module `{module}`{whose}: {}", hidden.shown());
        let finding =
            Finding::warning(FindingKind::Shadow, expected, "a module of the same name, which is loaded instead");
        let finding = finding.at(loaded.shown());
        match loaded.file().and_then(|file| self.content(file)) {
            Some(content) => finding.in_layer_of(content),
            None => finding,
        }
    }

    fn records(&self) -> &Records {
        self.records.get_or_init(|| Records::read(self.tree))
    }

    fn content(&self, path: &TreePath) -> Option<&Content> {
        match self.tree.node(path)? {
            Node::File(_, content) => Some(content),
            Node::Directory(_) | Node::Symlink(_) => None,
        }
    }

    /// Whether two modules have the same sources: a project may be there as it is and as a wheel.
    fn is_same(&self, one: &Module, other: &Module) -> bool {
        match (one, other) {
            (Module::Regular { package: Some(one), .. }, Module::Regular { package: Some(other), .. }) => {
                one == other || self.files(one) == self.files(other) && self.has_same_files(one, other)
            }
            (
                Module::Regular { file: Some(one), package: None, .. },
                Module::Regular { file: Some(other), package: None, .. },
            ) => one == other || self.has_same_bytes(one, other),
            _ => false,
        }
    }

    /// The files of a package without its bytecode, relative to it, with their sizes.
    fn files(&self, package: &TreePath) -> BTreeSet<(String, u64)> {
        let below = self.tree.below(package).filter_map(|(path, node)| match node {
            Node::File(_, content) => Some((path.as_str()[package.as_str().len()..].to_owned(), content.size())),
            // A link leads to anything.
            Node::Symlink(_) => Some((path.to_string(), 0)),
            Node::Directory(_) => None,
        });
        below.filter(|(path, _)| !path.contains("/__pycache__/")).collect()
    }

    fn has_same_files(&self, one: &TreePath, other: &TreePath) -> bool {
        self.files(one).iter().all(|(path, _)| {
            let path = path.trim_start_matches('/');
            match (one.join(path), other.join(path)) {
                (Ok(one), Ok(other)) => self.has_same_bytes(&one, &other),
                _ => false,
            }
        })
    }

    fn has_same_bytes(&self, one: &TreePath, other: &TreePath) -> bool {
        match (self.content(one), self.content(other)) {
            (Some(one), Some(other)) if one.size() == other.size() => match (one.to_vec(), other.to_vec()) {
                (Ok(one), Ok(other)) => one == other,
                _ => false,
            },
            _ => false,
        }
    }
}

impl Module {
    fn shown(&self) -> String {
        match self {
            Self::Regular { shown, .. } => shown.clone(),
            Self::Namespace(path) => path.to_string(),
        }
    }

    fn file(&self) -> Option<&TreePath> {
        match self {
            Self::Regular { file, .. } => file.as_ref(),
            Self::Namespace(_) => None,
        }
    }
}
