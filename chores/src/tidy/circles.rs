//! No circles: the files of a crate import one another in one direction only.
//!
//! An import is a path that begins with `crate::`, `super::`, `self::` or the name of a child module, in a `use` or in
//! code; what a module only passes on (`pub use`) counts as an import of the file that has it. Tests are left out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

/// A module's place in its crate: `["a", "b"]` is `crate::a::b`.
type Module = Vec<String>;

/// A file of a crate, seen as a module.
struct File {
    name: String,
    code: String,
    /// The module is a folder's own file or the crate's root: its children are beside it, not below it.
    children: BTreeSet<String>,
}

/// The circles among the sources of one crate, given as names below `src` with their text; one message for each.
pub fn check(sources: &[(String, String)]) -> Vec<String> {
    let files: BTreeMap<Module, File> = sources.iter().map(|(name, text)| file(name, text)).collect();
    let passed_on: BTreeMap<&Module, Vec<Vec<String>>> =
        files.iter().map(|(module, file)| (module, passed_on(&file.code, &file.children))).collect();
    let whole = Crate { files: &files, passed_on };
    let edges: BTreeMap<&Module, BTreeSet<&Module>> =
        files.iter().map(|(module, file)| (module, whole.imports(module, file))).collect();
    circles(&edges).into_iter().map(|circle| message(&circle, &files)).collect()
}

fn message(circle: &[&Module], files: &BTreeMap<Module, File>) -> String {
    let names: Vec<&str> = circle.iter().chain(circle.first()).map(|module| files[*module].name.as_str()).collect();
    format!("files import one another in a circle: {}", names.join(" → "))
}

fn file(name: &str, text: &str) -> (Module, File) {
    let path = Path::new(name).with_extension("");
    let mut module: Module = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        module.pop();
    }
    let code = without_tests(text);
    let children = code.lines().filter_map(declared).collect();
    (module, File { name: name.to_owned(), code, children })
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

/// The lines that are neither comments nor behind `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let (mut code, mut lines) = (String::new(), text.lines());
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("#[cfg(test)]") {
            let indent = line.len() - trimmed.len();
            let mut item = lines.by_ref().skip_while(|line| line.trim_start().starts_with("#["));
            // An item ends on its first line, or with the brace that is indented as it is.
            if item.next().is_some_and(|first| !first.trim_end().ends_with([';', '}'])) {
                let _end = item.find(|line| line.len() > indent && line[indent..].starts_with('}'));
            }
        } else if !trimmed.starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// The paths of `pub use` and `pub(crate) use`, each as its segments, the name under which it is passed on last.
fn passed_on(code: &str, children: &BTreeSet<String>) -> Vec<Vec<String>> {
    let statements = code.split(';').map(str::trim_start).filter_map(|statement| {
        let statement = statement.rsplit("\n\n").next().unwrap_or(statement);
        let start = statement.find("pub use ").or_else(|| statement.find("pub(crate) use "))?;
        let rest = &statement[start..];
        Some(&rest[rest.find("use ")? + "use ".len()..])
    });
    let paths = statements.flat_map(expand);
    paths
        .filter(|path| path.first().is_some_and(|first| PREFIXES.contains(&first.as_str()) || children.contains(first)))
        .collect()
}

const PREFIXES: [&str; 3] = ["crate", "super", "self"];

/// All paths of a `use` tree or of a path in code; it ends where a path cannot go on.
fn expand(text: &str) -> Vec<Vec<String>> {
    let mut rest = text;
    tree(&mut rest)
}

fn tree(rest: &mut &str) -> Vec<Vec<String>> {
    let mut path = Vec::new();
    loop {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if !word.is_empty() {
            path.push(word.to_owned());
        }
        let Some(after) = after.strip_prefix("::") else {
            *rest = after;
            return vec![path];
        };
        *rest = after;
        if let Some(inside) = after.strip_prefix('{') {
            *rest = inside;
            return branches(rest).into_iter().map(|branch| [path.clone(), branch].concat()).collect();
        }
    }
}

/// What is between braces.
fn branches(rest: &mut &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    loop {
        *rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            return paths;
        }
        if let Some(after) = rest.strip_prefix('}') {
            *rest = after;
            return paths;
        }
        paths.extend(tree(rest));
        // `as name`, `*`: not needed to know the file.
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        *rest = &rest[end..];
    }
}

struct Crate<'a> {
    files: &'a BTreeMap<Module, File>,
    passed_on: BTreeMap<&'a Module, Vec<Vec<String>>>,
}

impl<'a> Crate<'a> {
    /// The modules whose files a file imports from.
    fn imports(&self, module: &Module, file: &File) -> BTreeSet<&'a Module> {
        let mut found = BTreeSet::new();
        let words = PREFIXES.iter().copied().chain(file.children.iter().map(String::as_str));
        for word in words {
            let start = format!("{word}::");
            for (at, _) in file.code.match_indices(&start) {
                let before = file.code[..at].chars().next_back();
                // `a::self::`, `xcrate::` and `$crate::` are not what they look like.
                if before.is_some_and(|c| c.is_alphanumeric() || ['_', ':', '$', '"'].contains(&c)) {
                    continue;
                }
                let paths = expand(&file.code[at..]);
                found.extend(paths.iter().filter_map(|path| self.resolve(module, path, 0)));
            }
        }
        found.retain(|target| *target != module);
        found
    }

    /// The module that a path, seen from a module, names something of.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<&'a Module> {
        let mut place = from.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (place, rest) = (Module::new(), &path[1..]),
            "self" => rest = &path[1..],
            _ => {}
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
        let (found, _) = self.files.get_key_value(&place)?;
        let name = rest.first();
        let through = self.passed_on[found].iter().find(|path| name.is_some() && path.last() == name);
        match through {
            Some(path) if depth < 8 => self.resolve(found, path, depth + 1).or(Some(found)),
            _ => Some(found),
        }
    }
}

/// One shortest circle through each file that is in one and in no circle found before.
fn circles<'a>(edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>) -> Vec<Vec<&'a Module>> {
    let (mut found, mut seen): (Vec<Vec<&Module>>, BTreeSet<&Module>) = Default::default();
    for start in edges.keys() {
        if !seen.contains(start)
            && let Some(circle) = shortest(edges, start)
        {
            seen.extend(&circle);
            found.push(circle);
        }
    }
    found
}

/// The shortest way from a file back to itself.
fn shortest<'a>(edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>, start: &'a Module) -> Option<Vec<&'a Module>> {
    let (mut ways, mut visited) = (VecDeque::from([vec![start]]), BTreeSet::new());
    while let Some(way) = ways.pop_front() {
        for next in &edges[way.last()?] {
            if *next == start {
                return Some(way);
            }
            if visited.insert(*next) {
                ways.push_back([way.clone(), vec![*next]].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        check(&files).iter().map(|text| text.split_once(": ").unwrap().1.to_owned()).collect()
    }

    #[test]
    fn a_circle_is_named_with_its_files() {
        for (a, b, found) in [
            ("use crate::b::B;", "use crate::a::A;", true),
            ("use crate::b::B;", "fn f() { crate::a::f() }", true),
            ("use super::{c::C, b::{B, D}};", "use crate::{\n    a,\n};", true),
            ("use super::b;", "use super::c::A;", false),
            ("use crate::b::B;", "// crate::a::A\n#[cfg(test)]\nuse crate::a::A;\n", false),
            ("use crate::b::B;", "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n", false),
            ("use crate::b::B;", "#[cfg(test)]\nmod tests;\nuse crate::a::A;\n", true),
        ] {
            let root = ("lib.rs", "mod a;\nmod b;\nmod c;\n");
            let found: &[&str] = if found { &["a.rs → b.rs → a.rs"] } else { &[] };
            assert_eq!(circles_of(&[root, ("a.rs", a), ("b.rs", b), ("c.rs", "")]), found, "{a} | {b}");
        }
    }

    #[test]
    fn a_re_export_is_imported_from_its_module() {
        let root = ("lib.rs", "mod a;\nmod b;\npub use a::A;\npub(crate) use crate::b::B;\n");
        assert!(circles_of(&[root, ("a.rs", "use crate::B;"), ("b.rs", "")]).is_empty());
        assert_eq!(circles_of(&[root, ("a.rs", "use crate::B;"), ("b.rs", "use crate::A;")]), ["a.rs → b.rs → a.rs"]);
    }

    #[test]
    fn a_parent_and_its_child_can_be_a_circle() {
        let files = [("a/mod.rs", "mod c;\nfn f() { c::g() }"), ("a/c.rs", "use super::f;"), ("lib.rs", "mod a;")];
        assert_eq!(circles_of(&files), ["a/mod.rs → a/c.rs → a/mod.rs"]);
        let files = [("a.rs", "mod c;\npub struct F;\n"), ("a/c.rs", "use super::F;"), ("lib.rs", "mod a;")];
        assert!(circles_of(&files).is_empty());
    }
}
