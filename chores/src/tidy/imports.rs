//! What the files of a crate import from one another.
//!
//! An import is a path that begins with `crate::`, `super::`, `self::`, the name of a child module, or the name of a
//! module that a `use` brought in, in a `use` or in code; what a module only passes on (`pub use`) counts as an import
//! of the file that has it. Tests are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::code;

/// A module's place in its crate: `["a", "b"]` is `crate::a::b`.
pub type Module = Vec<String>;

/// The files of a crate with their imports.
pub struct Imports {
    /// The file of each module, below `src`.
    pub files: BTreeMap<Module, String>,
    /// The modules whose files a module's file imports from.
    pub edges: BTreeMap<Module, BTreeSet<Module>>,
    /// Imports that hide what they bring in.
    pub hidden: Vec<String>,
}

/// Reads the sources of one crate, given as names below `src` with their text.
pub fn imports(sources: &[(String, String)]) -> Imports {
    let files: BTreeMap<Module, File> = sources.iter().map(|(name, text)| file(name, text)).collect();
    let whole = Crate { files: &files };
    let aliases: BTreeMap<&Module, _> =
        files.iter().map(|(module, file)| (module, whole.aliases(module, file))).collect();
    let edges = files.iter().map(|(module, file)| (module.clone(), whole.imports(module, file, &aliases[module])));
    let hidden =
        files.values().flat_map(|file| file.uses.iter().filter(|it| it.hides()).map(|it| it.refused(&file.name)));
    Imports {
        edges: edges.collect(),
        hidden: hidden.collect(),
        files: files.iter().map(|(module, file)| (module.clone(), file.name.clone())).collect(),
    }
}

/// A file of a crate, seen as a module.
struct File {
    name: String,
    code: String,
    /// The modules that the file declares.
    children: BTreeSet<String>,
    /// What its `use` statements bring in from the crate.
    uses: Vec<Use>,
}

/// One path of a `use` tree.
#[derive(Clone)]
struct Use {
    path: Vec<String>,
    /// The name in this file: `*` for a glob.
    name: String,
    is_passed_on: bool,
}

impl Use {
    /// Whether names that follow do not tell which file they are of: a glob, or another name for `crate` or `super`.
    fn hides(&self) -> bool {
        let is_prefix = |word: &String| PREFIXES.contains(&word.as_str());
        self.name == "*" || (self.path.iter().all(is_prefix) && !PREFIXES.contains(&self.name.as_str()))
    }

    fn refused(&self, file: &str) -> String {
        format!("{file}: `use {} as {}` hides which file it imports", self.path.join("::"), self.name)
    }
}

fn file(name: &str, text: &str) -> (Module, File) {
    let path = Path::new(name).with_extension("");
    let mut module: Module = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let is_folder = module.last().is_some_and(|last| last == "mod");
    if is_folder || module == ["lib"] {
        module.pop();
    }
    let code = code::without_tests(text);
    let children: BTreeSet<String> = code.lines().filter_map(declared).collect();
    let uses = uses(&code, &children);
    (module, File { name: name.to_owned(), code, children, uses })
}

/// The module that a line declares: `mod a;` or `pub(crate) mod a;`.
fn declared(line: &str) -> Option<String> {
    let (before, name) = line.trim().strip_suffix(';')?.split_once("mod ")?;
    let is_declaration = before.is_empty() || (before.starts_with("pub") && before.ends_with(' '));
    (is_declaration && is_word(name)).then(|| name.to_owned())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// What the `use` statements bring in from the crate itself.
fn uses(code: &str, children: &BTreeSet<String>) -> Vec<Use> {
    let starts = code
        .match_indices("use ")
        .filter(|(at, _)| !code[..*at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_'));
    let mut found: Vec<Use> = starts
        .flat_map(|(at, word)| {
            let line = code[..at].rsplit(['\n', ';', '}']).next().unwrap_or_default().trim();
            expand(&code[at + word.len()..], line.starts_with("pub"))
        })
        .filter(|it| {
            let first = it.path.first().map_or("", String::as_str);
            PREFIXES.contains(&first) || children.contains(first)
        })
        .collect();
    let own = code.split_once("extern crate self as ").map(|(_, name)| name.split(';').next().unwrap_or(name));
    found.extend(own.map(|name| Use {
        path: vec!["crate".to_owned()],
        name: name.trim().to_owned(),
        is_passed_on: false,
    }));
    found
}

const PREFIXES: [&str; 3] = ["crate", "super", "self"];

/// All paths of a `use` tree or of a path in code; it ends where a path cannot go on.
fn expand(text: &str, is_passed_on: bool) -> Vec<Use> {
    let mut rest = text.trim_start();
    let mut found = tree(&mut rest);
    for it in &mut found {
        it.is_passed_on = is_passed_on;
        if it.path.len() > 1 && it.path.last().is_some_and(|last| last == "self") {
            it.path.pop();
        }
        if it.name.is_empty() {
            it.name = it.path.last().cloned().unwrap_or_default();
        }
    }
    found
}

fn tree(rest: &mut &str) -> Vec<Use> {
    let mut path = Vec::new();
    loop {
        let (word, after) = word(rest);
        if !word.is_empty() {
            path.push(word.to_owned());
        }
        let Some(after) = after.trim_start().strip_prefix("::") else {
            *rest = after;
            let (keyword, renamed) = self::word(after.trim_start());
            let name = if after.starts_with('*') { "*" } else { "" };
            let name = if keyword == "as" { self::word(renamed.trim_start()).0 } else { name };
            return vec![Use { path, name: name.to_owned(), is_passed_on: false }];
        };
        *rest = after.trim_start();
        if let Some(inside) = rest.strip_prefix('{') {
            *rest = inside;
            return branches(rest)
                .into_iter()
                .map(|branch| Use { path: [path.clone(), branch.path].concat(), ..branch })
                .collect();
        }
    }
}

/// The word at the start of a text, and what follows.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()))
}

/// What is between braces.
fn branches(rest: &mut &str) -> Vec<Use> {
    let mut found = Vec::new();
    loop {
        *rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            return found;
        }
        if let Some(after) = rest.strip_prefix('}') {
            *rest = after;
            return found;
        }
        found.extend(tree(rest));
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        *rest = &rest[end..];
    }
}

struct Crate<'a> {
    files: &'a BTreeMap<Module, File>,
}

/// The modules that a file knows by a name of its own.
type Aliases = BTreeMap<String, Module>;

impl Crate<'_> {
    /// The modules that the `use` statements of a file bring in by name.
    fn aliases(&self, module: &Module, file: &File) -> Aliases {
        let named = file.uses.iter().filter_map(|it| {
            let (found, rest) = self.walk(module, &it.path, &Aliases::new());
            (rest.is_empty() && !file.children.contains(&it.name)).then(|| (it.name.clone(), found))
        });
        named.collect()
    }

    /// The modules whose files a file imports from.
    fn imports(&self, module: &Module, file: &File, aliases: &Aliases) -> BTreeSet<Module> {
        let mut found = BTreeSet::new();
        let words = PREFIXES.iter().copied().chain(file.children.iter().chain(aliases.keys()).map(String::as_str));
        for word in words {
            let start = format!("{word}::");
            for (at, _) in file.code.match_indices(&start) {
                let before = file.code[..at].chars().next_back();
                // `a::self::`, `xcrate::` and `$crate::` are not what they look like.
                if before.is_some_and(|c| c.is_alphanumeric() || ['_', ':', '$'].contains(&c)) {
                    continue;
                }
                let paths = expand(&file.code[at..], false);
                found.extend(paths.iter().filter_map(|it| self.resolve(module, &it.path, aliases, 0)));
            }
        }
        // A file and its own parts are one.
        found.remove(module);
        found
    }

    /// The module that a path, seen from a module, names something of.
    fn resolve(&self, from: &Module, path: &[String], aliases: &Aliases, depth: usize) -> Option<Module> {
        let (found, rest) = self.walk(from, path, aliases);
        let file = self.files.get(&found)?;
        let name = rest.first();
        let through = file.uses.iter().find(|it| it.is_passed_on && Some(&it.name) == name);
        match through {
            Some(it) if depth < 8 => self.resolve(&found, &it.path, &Aliases::new(), depth + 1).or(Some(found)),
            _ => Some(found),
        }
    }

    /// Follows a path as far as it names modules, and returns what is left of it.
    fn walk<'p>(&self, from: &Module, path: &'p [String], aliases: &Aliases) -> (Module, &'p [String]) {
        let (mut place, mut rest) = (from.clone(), path);
        match path.first().map(String::as_str) {
            Some("crate") => (place, rest) = (Module::new(), &path[1..]),
            Some("self") => rest = &path[1..],
            Some(first) => {
                if let Some(module) = aliases.get(first) {
                    (place, rest) = (module.clone(), &path[1..]);
                }
            }
            None => {}
        }
        while rest.first().is_some_and(|word| word == "super") {
            place.pop();
            rest = &rest[1..];
        }
        while let Some(word) = rest.first() {
            let below = [place.clone(), vec![word.clone()]].concat();
            if !self.files.contains_key(&below) {
                break;
            }
            (place, rest) = (below, &rest[1..]);
        }
        (place, rest)
    }
}
