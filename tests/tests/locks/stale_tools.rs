//! Changes of a pyproject.toml: a lock of Poetry or PDM is called stale here where its own tool calls it so.

use std::path::Path;

use shipwheel_python::lock::{PdmLock, PoetryLock};
use shipwheel_tests::{SampleWheel, pdm, poetry};
use xshell::{Shell, cmd};

use crate::place::Place;

/// A project of Poetry, with `INDEX` for the address of its index.
pub(crate) const POETRY: &str = "[project]\nname = \"top\"\nversion = \"1\"\nrequires-python = \">=3.11,<4\"\n\
    dependencies = [\"aa\", \"bb>=1\"]\n[project.optional-dependencies]\nfast = [\"cc\"]\n\
    [dependency-groups]\ndev = [\"dd\"]\n[tool.poetry]\npackage-mode = false\n\
    [tool.poetry.dependencies]\nee = { version = \"^1\", markers = \"sys_platform == 'linux'\" }\n\
    [tool.poetry.group.docs.dependencies]\nff = \"*\"\n\
    [[tool.poetry.source]]\nname = \"here\"\nurl = \"INDEX\"\npriority = \"primary\"\n";

/// A project of PDM.
pub(crate) const PDM: &str = "[project]\nname = \"top\"\nversion = \"1\"\nrequires-python = \">=3.11,<4\"\n\
    dependencies = [\"aa\", \"bb>=1\"]\n[project.optional-dependencies]\nfast = [\"cc\"]\n\
    [dependency-groups]\ndev = [\"dd\"]\n[tool.pdm]\ndistribution = false\n[tool.pdm.resolution]\nallow-prereleases = true\n\
    [tool.pdm.dev-dependencies]\ndocs = [\"ff\"]\n[[tool.pdm.source]]\nname = \"pypi\"\nurl = \"INDEX\"\n";

/// Changes of both: some that mean nothing, in words or to the tool, and some that mean much.
const CHANGES: &[(&str, &str)] = &[
    ("version = \"1\"", "version = \"2\""),
    ("name = \"top\"", "name = \"other\""),
    ("[project]\n", "# a comment\n[project]\ndescription = \"\u{e9}\u{1f600}\"\n"),
    ("\"aa\"", "\"AA\""),
    ("\"aa\"", "'aa'"),
    ("\"aa\"", "\"aa \""),
    ("\"aa\", \"bb>=1\"", "\"bb>=1\", \"aa\""),
    ("\"aa\", \"bb>=1\"", "\n\"aa\",\n\"bb>=1\",\n"),
    ("\"aa\", ", ""),
    ("\"bb>=1\"", "\"bb>=1.0\""),
    ("\"bb>=1\"", "\"bb>=1 ; python_version > '3'\""),
    (">=3.11,<4", ">=3.11"),
    (">=3.11,<4", ">=3.11, <4"),
    ("fast = [\"cc\"]", "fast = [\"cc\", \"aa\"]"),
    ("fast = [\"cc\"]", "quick = [\"cc\"]"),
    ("[project.optional-dependencies]\nfast = [\"cc\"]\n", ""),
    ("dev = [\"dd\"]", "dev = []"),
    ("dev = [\"dd\"]", "Dev = [\"dd\"]"),
    ("dev = [\"dd\"]", "dev = [\"dd\"]\nmore = [{ include-group = \"dev\" }]"),
    ("[dependency-groups]\ndev = [\"dd\"]\n", ""),
    ("[dependency-groups]", "[project.scripts]\nrun = \"top:main\"\n[dependency-groups]"),
    ("INDEX", "INDEXother/"),
    // Of Poetry.
    ("\"^1\"", "\"^1.0\""),
    ("ee = {", "Ee = {"),
    ("sys_platform == 'linux'", "sys_platform=='linux'"),
    ("ff = \"*\"", "ff = \">=1\""),
    ("group.docs.dependencies", "group.documents.dependencies"),
    (
        "[tool.poetry.group.docs.dependencies]",
        "[tool.poetry.group.docs]\noptional = true\n[tool.poetry.group.docs.dependencies]",
    ),
    ("package-mode = false", "package-mode = false\nkeywords = [\"a\"]"),
    ("priority = \"primary\"", "priority = \"supplemental\""),
    // Of PDM.
    ("allow-prereleases = true", "allow-prereleases = false"),
    ("[tool.pdm.resolution]\nallow-prereleases = true\n", ""),
    ("docs = [\"ff\"]", "docs = [\"ff\", \"aa\"]"),
    ("docs = [\"ff\"]", "Docs = [\"ff\"]"),
    ("distribution = false", "distribution = false\nignore_package_warnings = [\"a\"]"),
    ("name = \"pypi\"", "name = \"pypi\"\nverify_ssl = true"),
];

/// Wheels of all that is named above.
pub(crate) fn write_wheels(folder: &Path) {
    for letter in 'a'..='f' {
        let wheel = SampleWheel::with(&format!("{letter}{letter}"), "1.0", "py3-none-any", "", &[]);
        std::fs::write(folder.join(wheel.file_name), wheel.bytes).unwrap();
    }
}

/// Compares the verdicts on every change; `is_stale` asks the tool in the folder of a shell.
fn compare(
    project: &str,
    lock: &[&str],
    file: &str,
    is_stale: impl Fn(&Shell) -> bool,
    is_of: impl Fn(&str, &str) -> bool,
) {
    let place = Place::new(write_wheels);
    let (index, shell) = (place.index(), &place.shell);
    let project = project.replace("INDEX", &index);
    place.write("pyproject.toml", &project);
    let (program, words) = lock.split_first().unwrap();
    cmd!(shell, "{program} {words...}").quiet().ignore_stderr().ignore_stdout().run().unwrap();
    let locked = place.read(file);
    let (mut count, mut stale) = (0, 0);
    let changes = CHANGES.iter().map(|(from, to)| (from.replace("INDEX", &index), to.replace("INDEX", &index)));
    let changes: Vec<_> = changes.filter(|(from, _)| project.contains(from)).collect();
    // Without a setting, some of them, spread over all.
    let step = if std::env::var_os("SHIPWHEEL_LOCKS").is_some() { 1 } else { 5 };
    for (from, to) in changes.into_iter().step_by(step) {
        let changed = project.replacen(&from, &to, 1);
        place.write("pyproject.toml", &changed);
        let theirs = is_stale(shell);
        assert_eq!(place.read(file), locked, "a check writes nothing");
        assert_eq!(!is_of(&locked, &changed), theirs, "{from} -> {to}");
        count += 1;
        stale += u32::from(theirs);
    }
    assert!(stale > 0 && stale < count, "{stale} of {count}");
    println!("{file}: {count} changes, {stale} of them stale");
}

#[test]
fn a_poetry_lock_is_stale_where_poetry_says_so() {
    let program = poetry();
    let words = [program.to_str().unwrap(), "lock", "--no-interaction", "--quiet"];
    let is_stale = |shell: &Shell| {
        let output = cmd!(shell, "{program} check --lock --no-interaction").quiet().ignore_status().output().unwrap();
        // It reports much else.
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).contains("poetry lock")
    };
    let is_of = |lock: &str, project: &str| PoetryLock::parse(lock, "poetry.lock").unwrap().is_of(project);
    compare(POETRY, &words, "poetry.lock", is_stale, is_of);
}

#[test]
fn a_pdm_lock_is_stale_where_pdm_says_so() {
    let program = pdm();
    let words = [program.to_str().unwrap(), "lock", "--quiet", "--group", ":all"];
    let is_stale =
        |shell: &Shell| cmd!(shell, "{program} lock --check").quiet().ignore_stderr().ignore_stdout().run().is_err();
    let is_of = |lock: &str, project: &str| PdmLock::parse(lock, "pdm.lock").unwrap().is_of(project);
    compare(PDM, &words, "pdm.lock", is_stale, is_of);
}
