//! Locks of each version of Poetry.

use std::collections::BTreeSet;

use super::*;
use crate::marker::Environment;
use crate::target::{Libc, Target};

#[test]
fn the_version_is_in_the_metadata() {
    for (text, expected) in [
        ("[metadata]\nlock-version = \"2.1\"\n", None),
        ("[[package]]\nname = 'a'\nversion = '1'\n[metadata]\nlock-version = \"1.1\"\n", None),
        ("[metadata]\ncontent-hash = ''\n", None),
        ("[metadata]\ncontent-hash = ''\nlock-version = \"new\"\n", Some("line 3: lock-version is `new`, and")),
        ("[metadata]\nlock-version = \"3.0\"\n", Some("versions 1 and 2: lock again with Poetry 2 (`poetry lock`)")),
        ("no toml [", Some("l:1: ")),
    ] {
        let error = PoetryLock::parse(text, "l").err().map(|error| error.to_string());
        assert_eq!(error.is_some(), expected.is_some(), "{text}: {error:?}");
        assert!(error.unwrap_or_default().contains(expected.unwrap_or_default()), "{text}");
    }
}

const LOCK: &str = "[[package]]\nname = 'A_b'\nversion = '1'\noptional = false\ngroups = ['main', 'dev']\n\
    markers = {main = \"os_name == 'nt'\", dev = \"extra == 'x' or os_name == 'posix'\"}\n\
    files = [{file = 'a.whl', hash = 'sha256:00'}, {file = 'a.tar.gz', hash = 'sha256:11'}]\n\
    [[package]]\nname = 'c'\nversion = '2'\ngroups = ['main']\nmarkers = \"extra == 'fast'\"\nfiles = []\n[package.source]\ntype = 'legacy'\nurl = 'https://own.example/simple'\n\
    [[package]]\nname = 'd'\nversion = '3'\ngroups = ['Docs']\nfiles = []\n[package.source]\ntype = 'git'\nurl = 'git@h.example:x/y.git'\nresolved_reference = 'COMMIT'\n\
    [extras]\nFast = ['c']\n[metadata]\nlock-version = '2.1'\ncontent-hash = 'x'\n";

/// As Poetry 1.1 wrote it: no groups, and the files in the metadata.
const OLD: &str = "[[package]]\nname = 'top'\nversion = '1.0'\ncategory = 'main'\noptional = false\npython-versions = '*'\n\
    [package.dependencies]\nwin = {version = '*', markers = \"sys_platform == 'win32'\"}\nlow = '>=1,<3'\n\
    more = {version = '*', optional = true, markers = \"extra == 'all'\"}\n[package.extras]\nall = ['more (>=1)']\n\
    [[package]]\nname = 'win'\nversion = '1.0'\noptional = false\n\
    [[package]]\nname = 'low'\nversion = '2.0'\noptional = false\n\
    [[package]]\nname = 'low'\nversion = '3.0'\noptional = false\n\
    [[package]]\nname = 'more'\nversion = '1.0'\noptional = false\n\
    [[package]]\nname = 'tester'\nversion = '1.0'\ncategory = 'dev'\noptional = false\n\
    [[package]]\nname = 'quick'\nversion = '1.0'\noptional = true\n\
    [extras]\nfast = ['quick']\n\
    [metadata]\nlock-version = '1.1'\npython-versions = '^3.8'\ncontent-hash = 'x'\n\
    [metadata.files]\nlow = [{file = 'low.whl', hash = 'sha256:22'}]\n";

const PROJECT: &str = "[tool.poetry.dependencies]\npython = '^3.8'\ntop = '^1'\nquick = {version = '*', optional = true}\n\
    [tool.poetry.dev-dependencies]\ntester = '*'\ntop = {version = '*', extras = ['all']}\n";

fn environment() -> Environment {
    Environment::new(&Target {
        python: "3.11.2".parse().expect("valid"),
        platform: "linux/arm64".parse().expect("valid"),
        libc: Libc::Glibc { major: 2, minor: 36 },
    })
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn lines(lock: &str, project: &str, extras: &[&str], groups: &[&str]) -> Vec<String> {
    let lock = PoetryLock::parse(lock, "poetry.lock").unwrap_or_else(|error| panic!("{error}"));
    let text = lock.choose(&set(extras), &set(groups), &environment(), project).to_requirements();
    let numbered = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    numbered.map(|(number, line)| format!("{} {line}", number + 1)).collect()
}

#[test]
fn what_is_chosen_becomes_lines_with_hashes_where_the_lock_has_it() {
    let commit = "0".repeat(40);
    let lock = LOCK.replace("COMMIT", &commit);
    assert_eq!(lines(&lock, "", &[], &[]), [""; 0]);
    assert_eq!(lines(&lock, "", &["fast"], &[]), ["8 c==2", "9 --extra-index-url https://own.example/simple"]);
    assert_eq!(lines(&lock, "", &[], &["dev"]), ["1 a-b==1 --hash=sha256:00 --hash=sha256:11"]);
    let repository = format!("d @ git+ssh://git@h.example/x/y.git@{commit}");
    assert!(lines(&lock, "", &[], &["docs"])[0].ends_with(&repository));
}

#[test]
fn a_lock_without_groups_is_walked_from_the_project() {
    assert_eq!(lines(OLD, PROJECT, &[], &[]), ["1 top==1.0", "17 low==2.0 --hash=sha256:22"]);
    let with_dev = lines(OLD, PROJECT, &["fast"], &["dev"]);
    let names: Vec<&str> = with_dev.iter().filter_map(|line| line.split([' ', '=']).nth(1)).collect();
    assert_eq!(names, ["top", "low", "more", "tester", "quick"]);
}

#[test]
fn extras_and_groups_are_known_and_broken_values_have_their_line() {
    let lock = PoetryLock::parse(LOCK, "poetry.lock").expect("valid");
    assert_eq!(lock.extras().into_iter().collect::<Vec<_>>(), ["fast"]);
    assert!(!lock.is_of("[project]\nname = 'a'\n"));
    for (from, to, expected) in [
        ("os_name == 'posix'", "os == 1", "line 1:"),
        ("version = '2'", "version = \"2\\n./x\"", "line 10:"),
        ("sha256:00", "sha256:00 --evil", "line 1:"),
        ("git@h.example:x", "ext::x", "line "),
        ("'2.1'", "'3.0'", "line 29: lock-version is `3.0`"),
    ] {
        let error = PoetryLock::parse(&LOCK.replace(from, to), "poetry.lock").expect_err(from).to_string();
        assert!(error.contains(expected), "{from}: {error}");
    }
}
