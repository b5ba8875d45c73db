//! `cargo xtask tidy`: the house rules that no compiler checks, also kept as a test.

mod circles;
mod code;
mod edges;
mod imports;
mod lints;
mod verbs;
mod words;

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::workspace::Outcome;

/// The longest file that still has one subject.
const MAX_LINES: usize = 600;
/// The longest ARCHITECTURE.md that is still read.
const MAX_ARCHITECTURE_LINES: usize = 200;

/// Checks every rule over the whole workspace and reports all that is broken at once.
pub fn run(workspace: &Path, fix: bool) -> Outcome {
    let mut broken = Vec::new();
    for path in files(workspace)? {
        let name = path.strip_prefix(workspace).unwrap_or(&path).to_string_lossy().into_owned();
        // Only text has lines to check.
        if let Ok(text) = std::fs::read_to_string(&path) {
            broken.extend(check_file(&name, &text).into_iter().map(|rule| format!("{name}: {rule}")));
        }
    }
    broken.extend(check_architecture(workspace)?);
    broken.extend(check_crates(workspace, fix)?);
    match broken.len() {
        0 => Ok(()),
        count => Err(format!("{count} house rules broken:\n  {}", broken.join("\n  ")).into()),
    }
}

/// All files that could be committed, sorted.
fn files(workspace: &Path) -> Result<Vec<PathBuf>, ignore::Error> {
    let walk = WalkBuilder::new(workspace)
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .sort_by_file_name(Ord::cmp)
        .build();
    walk.filter(|entry| entry.as_ref().map_or(true, |entry| entry.path().is_file()))
        .map(|entry| entry.map(ignore::DirEntry::into_path))
        .collect()
}

/// The rules that look at a single file.
fn check_file(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let path = Path::new(name);
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if file_name == "uv.lock" || (file_name.starts_with("pylock.") && file_name.ends_with(".toml")) {
        broken.push("a lock format that records download addresses is not committed here".to_owned());
    }
    if file_name == "requirements.txt" && text.contains("://") {
        broken.push("a lock names an address".to_owned());
    }
    if file_name == ".clippy.toml" {
        broken.push("clippy reads it instead of clippy.toml".to_owned());
    }
    let openings: &[&str] = match path.extension().and_then(|extension| extension.to_str()) {
        Some("rs") => &["//! ", "// "],
        Some("toml" | "md") => &["# "],
        Some("py") => &["\"\"\"", "# "],
        _ => return broken,
    };
    let first = text.lines().next().unwrap_or_default();
    if !openings.iter().any(|opening| first.starts_with(opening)) {
        broken.push("the first line does not say what the file is for".to_owned());
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        broken.push(format!("{lines} lines; at most {MAX_LINES}"));
    }
    // The file that lists British words.
    if name != "chores/src/tidy/words.rs" {
        // A test may quote what a user typed wrong.
        let own = |line: &str| if is_test(name) && line.contains('"') { "" } else { line }.to_owned() + "\n";
        broken.extend(words::british(&text.lines().map(own).collect::<String>()));
    }
    let is_library = name.starts_with("crates/") && name.contains("/src/") && name != "crates/cli/src/program.rs";
    if is_library && !is_test(name) {
        broken.extend(words::launcher(text));
    }
    if name.starts_with("crates/") && name.ends_with(".rs") && !name.contains("/tests/") {
        broken.extend(lints::allowed(name, text).into_iter().map(|lint| format!("{lint} must not be allowed here")));
    }
    if name.ends_with(".rs") && !is_test(name) {
        broken.extend(unwraps(text).into_iter().map(|line| format!("line {line}: `unwrap` outside tests")));
    }
    broken
}

/// Whether a whole file is tests, or only used by tests.
fn is_test(name: &str) -> bool {
    name.split('/').any(|part| part == "tests" || part == "tests.rs" || part.starts_with("testing"))
}

/// The numbers of the lines that unwrap outside of tests.
fn unwraps(text: &str) -> Vec<usize> {
    let code = code::without_tests(text);
    let lines = code.lines().enumerate().filter(|(_, line)| line.contains(concat!(".unwrap", "()")));
    lines.map(|(index, _)| index + 1).collect()
}

/// ARCHITECTURE.md stays short, and every path in it is there.
fn check_architecture(workspace: &Path) -> Result<Vec<String>, std::io::Error> {
    let text = std::fs::read_to_string(workspace.join("ARCHITECTURE.md"))?;
    let mut broken = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_ARCHITECTURE_LINES {
        broken.push(format!("ARCHITECTURE.md: {lines} lines; at most {MAX_ARCHITECTURE_LINES}"));
    }
    let missing = paths_in(&text).filter(|path| !workspace.join(path).exists());
    broken.extend(missing.map(|path| format!("ARCHITECTURE.md: `{path}` does not exist")));
    Ok(broken)
}

/// The words in backticks that name a file or folder of the workspace: `crates/oci`, not `/opt/venv` or `tar`.
fn paths_in(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| {
        let known = ["crates/", "docs/", "images/", "tests/", "xtask/", "chores/", "fuzz/", ".ci/", ".cargo/"];
        !word.contains(['<', '*', ' ']) && known.iter().any(|folder| word.starts_with(folder))
    })
}

/// The rules between crates: manifests, lints, and imports between files.
fn check_crates(workspace: &Path, fix: bool) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let map = edges::code_map(&std::fs::read_to_string(workspace.join("ARCHITECTURE.md"))?);
    let root: toml::Table = std::fs::read_to_string(workspace.join("Cargo.toml"))?.parse()?;
    let table = |key: &str| root.get("workspace").and_then(|it| it.get(key)).and_then(toml::Value::as_table);
    let versions = table("dependencies").cloned().unwrap_or_default();
    let mut broken = lints::silenced(table("lints"));
    for manifest in files(workspace)?.iter().filter(|path| path.ends_with("Cargo.toml")) {
        let table: toml::Table = std::fs::read_to_string(manifest)?.parse()?;
        let folder = manifest.parent().unwrap_or(workspace);
        if table.contains_key("package") {
            let name = folder.strip_prefix(workspace)?.to_string_lossy().into_owned();
            broken
                .extend(edges::check(&name, &table, &versions, &map).into_iter().map(|rule| format!("{name}: {rule}")));
            let imports = imports::imports(&sources(&folder.join("src"))?);
            let rules = [circles::check(&imports), verbs::check(&name, &imports), imports.hidden].concat();
            broken.extend(rules.into_iter().map(|rule| format!("{name}: {rule}")));
        }
    }
    broken.extend(edges::check_lints(workspace, &map, fix)?);
    Ok(broken)
}

/// The sources below a folder that are not tests, each with its name below it.
fn sources(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
    let mut sources = Vec::new();
    // The fuzz targets are in a folder of another name.
    if !folder.exists() {
        return Ok(sources);
    }
    for path in files(folder)?.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
        if !is_test(&name) {
            sources.push((name, std::fs::read_to_string(path)?));
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_rules_hold() {
        run(&crate::workspace::workspace(), false).unwrap();
    }

    #[test]
    fn a_file_that_breaks_a_rule_is_named_with_the_rule() {
        let check = |name: &str, text: &str, expected: &[&str]| assert_eq!(check_file(name, text), expected, "{name}");
        let unsaid = "the first line does not say what the file is for";
        check("crates/a/src/b.rs", "//! B.\n", &[]);
        check("crates/a/src/b.rs", "use c;\n", &[unsaid]);
        check("a.toml", "[package]\n", &[unsaid]);
        check("a.py", "import os\n", &[unsaid]);
        check("a.md", "# A\n", &[]);
        check("images/a/uv.lock", "", &["a lock format that records download addresses is not committed here"]);
        check("images/a/requirements.txt", "--index-url https://index.example/\n", &["a lock names an address"]);
        check("a.rs", "//! A.\nfn a() { b().unwrap() }\n", &["line 2: `unwrap` outside tests"]);
        check("a.rs", "//! A.\n// .unwrap()\n#[cfg(test)]\nfn a() { b().unwrap() }\n", &[]);
        check("crates/a/src/b/tests.rs", "//! A.\nfn a() { b().unwrap() }\n", &[]);
        let after = "//! A.\n#[cfg(test)]\nuse b;\nfn a() { b().unwrap() }\n";
        check("a.rs", after, &["line 4: `unwrap` outside tests"]);
        let allowed = "//! A.\n#![cfg_attr(b, expect(\n  clippy::disallowed_types,\n))]\n";
        check("crates/a/src/b.rs", allowed, &["clippy::disallowed must not be allowed here"]);
        check("crates/a/build.rs", allowed, &["clippy::disallowed must not be allowed here"]);
        check("crates/a/src/b.rs", "//! A.\n#[allow(warnings)]\n", &["warnings must not be allowed here"]);
        check("crates/a/src/b.rs", "//! A.\n#[allow(clippy::all)]\n", &["clippy::all must not be allowed here"]);
        check(
            "crates/a/src/b.rs",
            "//! A.\n#[allow(clippy::print_stdout)]\n",
            &["clippy::print must not be allowed here"],
        );
        check("crates/cli/src/b.rs", "//! A.\n#[allow(clippy::print_stdout)]\n", &[]);
        check("crates/a/tests/b.rs", allowed, &[]);
        check("crates/a/src/b.rs", "//! A.\n// clippy::disallowed_types\n#[allow(dead_code)]\nfn warnings() {}\n", &[]);
        check(".clippy.toml", "# A.\n", &["clippy reads it instead of clippy.toml"]);
        check("a.rs", &"// a\n".repeat(601), &["601 lines; at most 600"]);
    }

    #[test]
    fn only_paths_of_the_workspace_are_looked_for() {
        let text = "`crates/oci` and `/opt/venv`, `images/<name>`, `tar`, `docs/guide.md`";
        assert_eq!(paths_in(text).collect::<Vec<_>>(), ["crates/oci", "docs/guide.md"]);
    }
}
