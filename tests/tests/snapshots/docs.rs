//! The docs against the code: keys of image.toml, exit codes, kinds of findings, variables, commands and flags.

mod commands;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use shipwheel_tests::{Definition, Shipwheel, workspace};

use self::page::{Page, quoted};

/// A key that is nowhere near any that there is, so that the error lists those there are.
const UNKNOWN: &str = "zzzzzzzzzzzz";

/// The keys that the program knows, by their table; the top has no name.
fn known_keys() -> BTreeMap<String, BTreeSet<String>> {
    let tables = [
        "attestations",
        "cache",
        "python",
        "app",
        "bytecode",
        "layers",
        "layers.wheels",
        "layers.bytecode",
        "config",
        "startup",
    ];
    let tables: String = tables.iter().map(|table| format!("[{table}]\n{UNKNOWN} = 1\n")).collect();
    let toml = format!(
        "{UNKNOWN} = 1\nbase = [{{ debian = {{ {UNKNOWN} = 1 }} }}, {{ {UNKNOWN} = 1 }}]\n{tables}\
         [[bytecode.override]]\n{UNKNOWN} = 1\n[[app.prepare]]\n{UNKNOWN} = 1\n"
    );
    let definition = Definition::empty().with("image.toml", &toml);
    let run = Shipwheel::apart(definition.path()).image(&["image.toml"]);
    let mut keys = BTreeMap::new();
    let mut table = None;
    for line in run.stderr.lines() {
        if let Some(rest) = line.strip_prefix(&format!("error: unknown key `{UNKNOWN}`")) {
            table = Some(quoted(rest).next().unwrap_or_default().to_owned());
        } else if let Some((_, known)) = line.split_once("= help: the known keys are ") {
            let known: BTreeSet<String> = quoted(known).map(str::to_owned).collect();
            let table = table.take().expect("a hint follows its error");
            keys.entry(table).or_insert_with(BTreeSet::new).extend(known);
        }
    }
    keys
}

#[test]
fn every_key_of_image_toml_is_in_its_table_and_no_other() {
    let page = Page::read("docs/image-toml.md");
    let known = known_keys();
    assert!(known.len() >= 9 && known[""].contains("platforms"), "{known:?}");
    // What the page says: whole keys in the first column, keys of their tables in the second.
    let rows: Vec<_> = page.rows("key").map(|row| (quoted(row[0]).collect::<Vec<_>>(), row[1])).collect();
    let is_named = |table: &str, key: &str| {
        let whole = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
        rows.iter().any(|(names, value)| {
            let begins = |name: &&str| **name == whole || name.starts_with(&format!("{whole}."));
            names.iter().any(begins) || (names.contains(&table) && quoted(value).any(|word| word == key))
        })
    };
    let missing: Vec<String> = known
        .iter()
        .flat_map(|(table, keys)| keys.iter().map(move |key| (table.as_str(), key)))
        .filter(|(table, key)| !is_named(table, key))
        .map(|(table, key)| format!("{table}.{key}"))
        .collect();
    assert!(missing.is_empty(), "docs/image-toml.md does not name {missing:?}");
    let is_known = |name: &&str| {
        let (table, key) = name.rsplit_once('.').unwrap_or(("", name));
        table == "profiles" || known.get(table).is_some_and(|keys| keys.contains(key))
    };
    let unknown: Vec<&str> = rows.iter().flat_map(|(names, _)| names).copied().filter(|name| !is_known(name)).collect();
    assert!(unknown.is_empty(), "docs/image-toml.md names {unknown:?}, which the program does not know");
}

#[test]
fn the_exit_codes_are_those_that_failures_have() {
    let page = Page::read("docs/errors.md");
    let documented: Vec<&str> = page.rows("code").map(|row| row[0].trim()).collect();
    assert_eq!(documented, ["0", "1", "2", "3", "4", "5", "6"]);
    let code = std::fs::read_to_string(workspace().join("crates/cli/src/failure.rs")).unwrap();
    let body = code.split_once("fn exit_code").expect("the exit codes are there").1.split("\n    }\n").next().unwrap();
    let given: BTreeSet<&str> = body.split("=> ").skip(1).filter_map(|arm| arm.get(..1)).collect();
    let given: BTreeSet<&str> = given.into_iter().filter(|code| code.parse::<u8>().is_ok()).collect();
    assert_eq!(given, documented[1..].iter().copied().collect(), "crates/cli/src/failure.rs");
}

#[test]
fn every_kind_of_finding_is_explained_and_no_other() {
    let page = Page::read("docs/verify.md");
    let documented: BTreeSet<String> = page.rows("kind").flat_map(|row| quoted(row[0])).map(str::to_owned).collect();
    let source = sources("crates/builder/src").into_iter().find(|text| text.contains("impl FindingKind")).unwrap();
    let body = source.split_once("impl FindingKind").unwrap().1.split("\n}\n").next().unwrap().to_owned();
    let names: BTreeSet<String> = body
        .lines()
        .filter_map(|line| line.split_once("=> \"")?.1.split_once('"'))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(names.len() >= 20, "{names:?}");
    assert_eq!(documented, names, "docs/verify.md, and FindingKind::name");
}

#[test]
fn the_tests_that_the_threat_model_names_are_there() {
    let page = Page::read("docs/security.md");
    let named: Vec<&str> = page.rows("who").flat_map(|row| quoted(row[4])).collect();
    let missing: Vec<&&str> = named.iter().filter(|path| !workspace().join(path).exists()).collect();
    assert!(named.len() > 12 && missing.is_empty(), "docs/security.md names {missing:?}");
}

#[test]
fn variables_that_are_read_are_documented_and_the_other_way_round() {
    let literals = |text: &str| text.split('"').map(str::to_owned).collect::<Vec<_>>();
    let code: BTreeSet<String> = sources("crates").iter().flat_map(|text| literals(text)).collect();
    let own: BTreeSet<&str> =
        code.iter().map(String::as_str).filter(|word| word.starts_with("SHIPWHEEL_") && is_name(word)).collect();
    let page = Page::read("docs/image-toml.md");
    let documented: BTreeSet<&str> = page.rows("variable").flat_map(|row| quoted(row[0])).collect();
    let undocumented: Vec<_> = own.iter().filter(|name| !documented.contains(*name)).collect();
    assert!(undocumented.is_empty(), "docs/image-toml.md does not name {undocumented:?}");
    // Proxies are read by the HTTP client itself.
    let elsewhere = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];
    let is_read = |name: &&&str| {
        let beginning = name.trim_end_matches('*');
        elsewhere.contains(*name)
            || code.iter().any(|word| word == beginning || word.starts_with(&format!("{beginning}_")))
    };
    let unread: Vec<_> = documented.iter().filter(|name| !is_read(name)).collect();
    assert!(unread.is_empty(), "docs/image-toml.md names {unread:?}, which no code reads");
    // CONTRIBUTING.md also has those that the tests read.
    let in_tests: BTreeSet<String> = sources("tests/tests").iter().flat_map(|text| literals(text)).collect();
    for page in Page::all() {
        let named = page.words().filter(|word| word.starts_with("SHIPWHEEL_") && is_name(word));
        let unknown: Vec<&str> = named.filter(|word| !own.contains(word) && !in_tests.contains(*word)).collect();
        assert!(unknown.is_empty(), "{} names {unknown:?}, which no code reads", page.name);
    }
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

/// The texts of all sources below a folder, except those that are only tests.
fn sources(folder: &str) -> Vec<String> {
    let mut open = vec![workspace().join(folder)];
    let mut texts = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let inside = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            open.extend(inside.filter(|path| !is_for_tests(path)).collect::<Vec<PathBuf>>());
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(std::fs::read_to_string(path).unwrap());
        }
    }
    texts
}

fn is_for_tests(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name == "tests" || name == "tests.rs" || name.starts_with("testing")
}
