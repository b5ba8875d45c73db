//! Verbs are at the crate's root, and no part imports one: folders and nouns serve verbs, not the other way around.

use super::imports::Imports;

/// The verbs of each crate: files at its root, each with the folder of the same name if there is one.
///
/// A crate whose root has no verbs has values and what they do in one place.
const VERBS: [(&str, &[&str]); 15] = [
    ("crates/oci", &["validate"]),
    ("crates/layer", &["write"]),
    ("crates/attest", &[]),
    ("crates/bytecode", &["canonical"]),
    ("crates/python", &["select"]),
    ("crates/openpgp", &[]),
    ("crates/debian", &["assemble", "resolve"]),
    ("crates/plan", &["plan"]),
    ("crates/loopback", &[]),
    ("crates/store", &["copy"]),
    (
        "crates/builder",
        &[
            "attest",
            "authenticate",
            "build",
            "bundle",
            "compare",
            "compile_folder",
            "describe",
            "doctor",
            "load",
            "rebase",
            "relock",
            "retrofit",
            "run",
            "share",
            "sign",
            "startup",
            "unbundle",
            "verify",
        ],
    ),
    ("crates/cli", &["arguments", "command"]),
    ("crates/fuzz", &[]),
    ("chores", &["bench", "ci", "dist", "fuzz", "matrix", "soak", "stress", "test", "tidy"]),
    ("xtask", &[]),
];

/// The imports of verbs by what is not a verb, in the crate of a folder.
pub fn check(folder: &str, imports: &Imports) -> Vec<String> {
    let Some((_, verbs)) = VERBS.iter().find(|(name, _)| *name == folder) else {
        let is_listed = !folder.starts_with("crates/");
        let missing = "its verbs are not listed in chores/src/tidy/verbs.rs".to_owned();
        return if is_listed { Vec::new() } else { vec![missing] };
    };
    let verb = |module: &[String]| verbs.iter().copied().find(|verb| module.first().is_some_and(|first| first == verb));
    let known = |name: &str| imports.files.keys().any(|module| *module == [name]);
    let mut broken: Vec<String> = verbs
        .iter()
        .filter(|name| !known(name))
        .map(|name| format!("has no file for its verb {name}; see chores/src/tidy/verbs.rs"))
        .collect();
    for (module, targets) in &imports.edges {
        // The root declares the verbs and passes them on; `main.rs` calls them.
        if module.is_empty() || *module == ["main"] || verb(module).is_some() {
            continue;
        }
        for name in targets.iter().filter_map(|target| verb(target)) {
            broken.push(format!("{} imports the verb {name}", imports.files[module]));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::imports::imports;

    #[test]
    fn a_part_that_imports_a_verb_is_named() {
        let root = "mod copy;\nmod layout;\nmod sync;\npub use copy::{CopyOptions, copy_image};\n";
        for (name, text, expected) in [
            ("layout/mod.rs", "use crate::copy::copy_image;", "layout/mod.rs imports the verb copy"),
            ("layout/mod.rs", "use crate::CopyOptions;", "layout/mod.rs imports the verb copy"),
            ("layout/a.rs", "fn f() { crate::copy_image() }", "layout/a.rs imports the verb copy"),
            ("sync.rs", "use super::copy;\nfn f() { copy::copy_image() }", "sync.rs imports the verb copy"),
            ("sync.rs", "#[cfg(test)]\nuse crate::copy::copy_image;", ""),
            ("copy/part.rs", "use crate::copy::copy_image;", ""),
        ] {
            let sources = [("lib.rs", root), ("copy.rs", "use crate::layout;"), (name, text)];
            let sources: Vec<_> = sources.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            assert_eq!(check("crates/store", &imports(&sources)).join("\n"), expected, "{name}: {text}");
        }
        assert_eq!(check("crates/store", &imports(&[])).len(), 1, "a verb that is gone");
        assert_eq!(check("crates/new", &imports(&[])).len(), 1, "a crate without a row");
    }
}
