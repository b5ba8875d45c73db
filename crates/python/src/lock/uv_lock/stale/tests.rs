//! A lock as uv writes it, held against its pyproject.toml and against changes of that.

use super::*;

const PROJECT: &str = r#"
[project]
name = "thing"
requires-python = ">=3.11,<4"
dependencies = ["certifi>=2024", "colorama ; sys_platform == 'win32'", "Idna[all] <4, >=3 ; python_version >= '3.11'"]
[project.optional-dependencies]
fast = ["six>=1.16", "pyyaml; python_version<'3.13'"]
[dependency-groups]
dev = ["iniconfig"]
docs = ["docopt", {include-group = "dev"}]
[tool.uv.sources]
six = { index = "other" }
"#;

const LOCK: &str = r#"
version = 1
revision = 5
requires-python = ">=3.11, <4"

[[package]]
name = "certifi"
version = "2026.1"
source = { registry = "https://index.example/simple" }

[[package]]
name = "thing"
version = "1.0"
source = { virtual = "." }

[package.metadata]
requires-dist = [
    { name = "certifi", specifier = ">=2024" },
    { name = "colorama", marker = "sys_platform == 'win32'" },
    { name = "idna", extras = ["all"], marker = "python_full_version >= '3.11'", specifier = ">=3,<4" },
    { name = "pyyaml", marker = "python_full_version < '3.13' and extra == 'fast'" },
    { name = "six", marker = "extra == 'fast'", specifier = ">=1.16", index = "https://other.example" },
]
provides-extras = ["fast"]

[package.metadata.requires-dev]
dev = [{ name = "iniconfig" }]
docs = [
    { name = "docopt" },
    { name = "iniconfig" },
]
"#;

fn compare(project: &str) -> Result<Vec<Difference>, StaleError> {
    let lock = UvLock::parse(LOCK, "uv.lock").unwrap_or_else(|error| panic!("{error}"));
    let project = Pyproject::parse(project).unwrap_or_else(|error| panic!("{error}"));
    super::differences(&lock, |folder| (folder == ".").then_some(&project))
}

fn differences(project: &str) -> Vec<String> {
    let found = compare(project).unwrap_or_else(|error| panic!("{error}"));
    found.iter().map(Difference::to_string).collect()
}

#[test]
fn a_lock_of_this_very_project_does_not_differ() {
    assert_eq!(differences(PROJECT), [""; 0]);
    // Nor does it where a text changes and its meaning does not.
    for (from, to) in [
        ("certifi>=2024", "Certifi >= 2024"),
        ("<4, >=3", ">=3,<4.0"),
        ("python_version<'3.13'", "python_full_version < '3.13.0'"),
        (">=3.11,<4", ">=3.11, <4.0"),
        ("sys_platform == 'win32'", "os_name == 'nt'"),
    ] {
        let changed = PROJECT.replacen(from, to, 1);
        assert_ne!(changed, PROJECT, "{from}");
        let found = differences(&changed);
        assert_eq!(found, [""; 0], "{from} -> {to}");
    }
}

#[test]
fn each_difference_names_the_requirement_on_both_sides() {
    for (from, to, expected) in [
        (
            "certifi>=2024",
            "certifi>=2025",
            "dependencies: pyproject.toml has `certifi>=2025`, the lock has `certifi>=2024`",
        ),
        ("\"certifi>=2024\", ", "", "dependencies: the lock has `certifi>=2024`, pyproject.toml does not"),
        ("[\"certifi", "[\"new\", \"certifi", "dependencies: pyproject.toml has `new`, the lock does not"),
        ("Idna[all]", "Idna", "dependencies: pyproject.toml has `idna<4,>=3`, the lock has `idna[all]<4,>=3`"),
        (
            "colorama ; sys_platform == 'win32'",
            "colorama",
            "dependencies: pyproject.toml has `colorama with another marker`, the lock has `colorama`",
        ),
        (
            "python_version<'3.13'",
            "python_version<'3.12'",
            "optional-dependencies.fast: pyproject.toml has `pyyaml with another marker`, the lock has `pyyaml`",
        ),
        ("\"docopt\", ", "", "dependency-groups.docs: the lock has `docopt`, pyproject.toml does not"),
        (">=3.11,<4", ">=3.12,<4", "requires-python: pyproject.toml has `>=3.12,<4`, the lock has `>=3.11, <4`"),
    ] {
        let changed = PROJECT.replacen(from, to, 1);
        assert_ne!(changed, PROJECT, "{from}");
        assert_eq!(differences(&changed), [expected], "{from}");
    }
}

#[test]
fn sections_that_the_build_backend_makes_up_are_not_compared() {
    let dynamic = PROJECT.replace("dependencies = [\"certifi", "dynamic = ['dependencies']\nignored = [\"certifi");
    assert_eq!(differences(&dynamic), [""; 0]);
}

#[test]
fn groups_that_cannot_be_resolved_are_an_error() {
    let error =
        compare("[project]\nname = 'x'\n[dependency-groups]\na = [{include-group = 'b'}]").expect_err("no group b");
    assert_eq!(error.cause.to_string(), "the group `b` does not exist");
}
