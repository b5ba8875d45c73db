//! setuptools' discovery: the packages and modules of a folder.

use crate::glob::matches_name;
use crate::project::not_static::NotStatic;
use crate::project::project_files::ProjectFiles;

/// Names at the top that are no packages of a project (`FlatLayoutPackageFinder`).
const NO_PACKAGES: [&str; 33] = [
    "ci",
    "bin",
    "debian",
    "doc",
    "docs",
    "documentation",
    "manpages",
    "news",
    "newsfragments",
    "changelog",
    "test",
    "tests",
    "unit_test",
    "unit_tests",
    "example",
    "examples",
    "scripts",
    "tools",
    "util",
    "utils",
    "python",
    "build",
    "dist",
    "venv",
    "env",
    "requirements",
    "tasks",
    "fabfile",
    "site_scons",
    "benchmark",
    "benchmarks",
    "exercise",
    "exercises",
];

/// Modules at the top that are no part of a project (`FlatLayoutModuleFinder`).
const NO_MODULES: [&str; 20] = [
    "setup",
    "conftest",
    "test",
    "tests",
    "example",
    "examples",
    "build",
    "toxfile",
    "noxfile",
    "pavement",
    "dodo",
    "tasks",
    "fabfile",
    "[Ss][Cc]onstruct",
    "conanfile",
    "manage",
    "benchmark",
    "benchmarks",
    "exercise",
    "exercises",
];

/// How a folder is searched.
pub(super) struct Finder<'p> {
    pub(super) include: Vec<&'p str>,
    pub(super) exclude: Vec<&'p str>,
    /// Whether a folder needs an `__init__.py`.
    pub(super) needs_init: bool,
}

impl Finder<'_> {
    /// The packages below a folder, by their dotted names.
    pub(super) fn find(&self, files: &ProjectFiles<'_>, root: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.walk(files, root, "", &mut found);
        found
    }

    fn walk(&self, files: &ProjectFiles<'_>, folder: &str, package: &str, found: &mut Vec<String>) {
        for name in files.folders_in(folder) {
            let below = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let dotted = if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") };
            if name.contains('.') || (self.needs_init && !files.files.contains_key(&format!("{below}/__init__.py"))) {
                continue;
            }
            let excluded = |name: &str| self.exclude.iter().any(|pattern| matches_name(pattern, name));
            let is_excluded = excluded(&dotted) || matches_name("*__pycache__", &dotted) || dotted == "ez_setup";
            if self.include.iter().any(|pattern| matches_name(pattern, &dotted)) && !is_excluded {
                found.push(dotted.clone());
            }
            let is_pruned = |pattern: &&str| **pattern == format!("{dotted}*") || **pattern == format!("{dotted}.*");
            if !self.exclude.iter().any(is_pruned) {
                self.walk(files, &below, &dotted, found);
            }
        }
    }
}

/// Packages and modules that nobody named.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Discovered {
    pub(super) packages: Vec<String>,
    pub(super) modules: Vec<String>,
}

/// Everything importable in a folder such as `src`.
pub(super) fn in_src(files: &ProjectFiles<'_>, src: &str) -> Discovered {
    let finder = Finder { include: vec!["*"], exclude: Vec::new(), needs_init: false };
    Discovered { packages: finder.find(files, src), modules: modules(files, src) }
}

/// The one package or module at the top that is not a tool's.
///
/// # Errors
/// When there are several: setuptools refuses them.
pub(super) fn at_top(files: &ProjectFiles<'_>) -> Result<Discovered, NotStatic> {
    let is_part = |name: &&str| {
        let is_hidden = name.starts_with(['.', '_']);
        let name = name.strip_suffix("-stubs").unwrap_or(name);
        !is_hidden && is_identifier(name)
    };
    let tops: Vec<&str> =
        files.folders_in("").into_iter().filter(is_part).filter(|name| !NO_PACKAGES.contains(name)).collect();
    if !tops.is_empty() {
        if let [first, second, ..] = tops.iter().filter(|name| !name.ends_with("-stubs")).collect::<Vec<_>>()[..] {
            let reason = format!("setuptools refuses several packages at the top (`{first}`, `{second}`)");
            return Err(NotStatic::because(reason));
        }
        let everything = Finder { include: vec!["*"], exclude: Vec::new(), needs_init: false };
        let found = everything.find(files, "").into_iter();
        let packages = found.filter(|package| {
            let mut names = package.split('.');
            names.next().is_some_and(|top| tops.contains(&top)) && names.all(is_identifier)
        });
        return Ok(Discovered { packages: packages.collect(), modules: Vec::new() });
    }
    let mut found = modules(files, "");
    found.retain(|name| !name.starts_with(['.', '_']) && !NO_MODULES.iter().any(|pattern| matches_name(pattern, name)));
    match &found[..] {
        [] => Err(NotStatic::because("setuptools finds no package and no module")),
        [_] => Ok(Discovered { packages: Vec::new(), modules: found }),
        [first, second, ..] => {
            let reason = format!("setuptools refuses several modules at the top (`{first}`, `{second}`)");
            Err(NotStatic::because(reason))
        }
    }
}

fn modules(files: &ProjectFiles<'_>, folder: &str) -> Vec<String> {
    let names = files.files_in(folder).filter_map(|name| name.strip_suffix(".py"));
    names.filter(|name| is_identifier(name)).map(str::to_owned).collect()
}

pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|char| char.is_alphanumeric() || char == '_')
}
