//! No circles: the files of a crate import one another in one direction only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::imports::{Imports, Module};

/// The circles among the files of a crate; one message for each.
pub fn check(imports: &Imports) -> Vec<String> {
    circles(&imports.edges).into_iter().map(|circle| message(&circle, imports)).collect()
}

fn message(circle: &[&Module], imports: &Imports) -> String {
    let names: Vec<&str> = circle.iter().chain(circle.first()).map(|module| imports.files[*module].as_str()).collect();
    format!("files import one another in a circle: {}", names.join(" → "))
}

/// One shortest circle through each file that is in one and in no circle found before.
fn circles(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<Vec<&Module>> {
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
fn shortest<'a>(edges: &'a BTreeMap<Module, BTreeSet<Module>>, start: &'a Module) -> Option<Vec<&'a Module>> {
    let (mut ways, mut visited) = (VecDeque::from([vec![start]]), BTreeSet::new());
    while let Some(way) = ways.pop_front() {
        for next in &edges[*way.last()?] {
            if next == start {
                return Some(way);
            }
            if visited.insert(next) {
                ways.push_back([way.clone(), vec![next]].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::imports::imports;

    fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        check(&imports(&files)).iter().map(|text| text.split_once(": ").unwrap().1.to_owned()).collect()
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
            ("use crate::b::B;", "#[cfg(test)]\nconst X: [&str; 1] = [\n    \"x\",\n];\nuse crate::a::A;\n", true),
            ("use crate::b::B;", "#[cfg(test)]\nfn f(a: u8) {}\nfn g() { crate::a::A }\n", true),
            ("use crate::b::B;", "use crate as house;\nuse house::a::A;\n", true),
            ("use crate::b::B;", "use super::{self as up};\nfn f() { up::a::A }\n", true),
            ("use crate::b::B;", "use crate::a as x;\nuse x::A;\n", true),
            ("use crate::b::B;", "/* crate::a::A */ fn f() { \"crate::a::A\" }\n", false),
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

    #[test]
    fn a_module_that_a_use_brought_in_is_followed_to_its_children() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\n"),
            ("a/mod.rs", "pub mod c;\n"),
            ("a/c.rs", "use crate::b::B;\n"),
            ("b.rs", "use crate::a;\nfn f() { a::c::C }\n"),
        ];
        assert_eq!(circles_of(&files), ["a/c.rs → b.rs → a/c.rs"]);
    }

    #[test]
    fn an_import_that_hides_its_file_is_refused() {
        for (text, count) in [
            ("use crate as house;", 1),
            ("use super as up;", 1),
            ("use crate::{self as house, a};", 1),
            ("extern crate self as house;", 1),
            ("use crate::a::*;", 1),
            ("use super::*;", 1),
            ("use crate::a::{self, A as B};", 0),
            ("use std::fmt::Write as _;", 0),
            ("use rayon::prelude::*;", 0),
            ("#[cfg(test)]\nuse super::*;", 0),
        ] {
            let sources = [("b.rs".to_owned(), text.to_owned()), ("a.rs".to_owned(), String::new())];
            assert_eq!(imports(&sources).hidden.len(), count, "{text}");
        }
    }
}
