//! Locks of each strategy of PDM.

use std::collections::BTreeSet;

use super::*;
use crate::marker::Environment;
use crate::target::{Libc, Target};

const LOCK: &str = "[metadata]\ngroups = ['default', 'dev', 'fast']\nstrategy = ['inherit_metadata']\n\
    lock_version = '4.5.0'\ncontent_hash = 'sha256:00'\n[[metadata.targets]]\nrequires_python = '>=3.11,!=3.12.*'\n\
    [[package]]\nname = 'A_b'\nversion = '1.0'\ngroups = ['default', 'dev']\nfiles = [{file = 'a.whl', hash = 'sha256:00'}]\n\
    [[package]]\nname = 'a-b'\nversion = '1.0'\nextras = ['x']\ngroups = ['fast']\ndependencies = ['a-b==1.0', 'c']\nfiles = [{file = 'a.whl', hash = 'sha256:00'}]\n\
    [[package]]\nname = 'c'\nversion = '2'\ngroups = ['fast']\nmarker = \"sys_platform == 'linux'\"\nfiles = [{file = 'c.whl', hash = 'sha256:11'}]\n\
    [[package]]\nname = 'w'\nversion = '2'\ngroups = ['default']\nmarker = \"sys_platform == 'win32'\"\nfiles = [{file = 'w.whl', hash = 'sha256:22'}]\n\
    [[package]]\nname = 'near'\nversion = '0.1'\ngroups = ['dev']\npath = './libs/near'\neditable = true\n\
    [[package]]\nname = 'far'\nversion = '0.1'\ngroups = ['dev']\ngit = 'https://h.example/far.git'\nref = 'main'\nrevision = 'COMMIT'\nsubdirectory = 'py'\n";

const PROJECT: &str = "[project]\nname = 'top'\nversion = '1'\ndependencies = ['A_b']\n[project.optional-dependencies]\n\
    fast = ['a-b[X]']\n[dependency-groups]\ndev = ['near']\n[tool.pdm.dev-dependencies]\ntest = ['w']\n";

fn lines(lock: &str, groups: &[&str]) -> Vec<String> {
    let lock = PdmLock::parse(lock, "pdm.lock").unwrap_or_else(|error| panic!("{error}"));
    let environment = Environment::new(&Target {
        python: "3.11.2".parse().expect("valid"),
        platform: "linux/arm64".parse().expect("valid"),
        libc: Libc::Glibc { major: 2, minor: 36 },
    });
    let groups: BTreeSet<String> = groups.iter().map(|name| (*name).to_owned()).collect();
    let chosen = lock.choose(&groups, &environment, PROJECT);
    let text = chosen.to_requirements();
    let addressed = chosen.packages.iter().map(|it| format!("{} at {:?}", it.name, it.wheels[0].url));
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).chain(addressed).collect()
}

#[test]
fn groups_and_markers_choose_and_an_extra_is_no_second_distribution() {
    let commit = "0".repeat(40);
    let lock = LOCK.replace("COMMIT", &commit);
    assert_eq!(lines(&lock, &[]), ["a-b==1.0 --hash=sha256:00"]);
    assert_eq!(lines(&lock, &["fast"]), ["a-b==1.0 --hash=sha256:00", "c==2 --hash=sha256:11"]);
    let far = format!("far @ git+https://h.example/far.git@{commit}#subdirectory=py");
    assert_eq!(lines(&lock, &["dev"]), ["a-b==1.0 --hash=sha256:00".to_owned(), "near @ ./libs/near".to_owned(), far]);
}

#[test]
fn a_lock_without_groups_is_walked_from_the_project() {
    let lock = LOCK.replace("COMMIT", &"0".repeat(40)).replace("['inherit_metadata']", "['cross_platform']");
    assert_eq!(lines(&lock, &[]), ["a-b==1.0 --hash=sha256:00"]);
    assert_eq!(lines(&lock, &["fast"]), ["a-b==1.0 --hash=sha256:00", "c==2 --hash=sha256:11"]);
    assert_eq!(lines(&lock, &["test"]).len(), 2, "PDM's older groups");
}

#[test]
fn files_are_where_older_locks_have_them_and_at_their_addresses() {
    let hash = "0".repeat(64);
    let old = format!(
        "[metadata]\nlock_version = '4.2'\n[metadata.files]\n'A_b 1.0' = [{{url = 'https://h.example/a_b-1.0-py3-none-any.whl', hash = 'sha256:{hash}'}}]\n\
         [[package]]\nname = 'A_b'\nversion = '1.0'\n"
    );
    assert_eq!(lines(&old, &[]), ["a-b at Some(\"https://h.example/a_b-1.0-py3-none-any.whl\")"]);
    let other = old.replace("a_b-1.0-py3", "evil-1.0-py3");
    let error = PdmLock::parse(&other, "pdm.lock").expect_err("another distribution").to_string();
    assert!(error.contains("a wheel of evil, but the package is a-b"), "{error}");
}

#[test]
fn what_it_was_made_for_is_kept_and_what_is_broken_has_its_line() {
    let lock = PdmLock::parse(&LOCK.replace("COMMIT", "main"), "pdm.lock").unwrap_or_else(|error| panic!("{error}"));
    assert!(!lock.is_of(PROJECT), "made from another one");
    let inputs = LOCK.replace("COMMIT", "main").replace("[metadata]\n", "[metadata]\nlock_inputs = {project = {}}\n");
    assert!(PdmLock::parse(&inputs, "pdm.lock").is_ok_and(|lock| lock.is_of(PROJECT)), "its inputs are not compared");
    let groups: Vec<String> = lock.groups().unwrap_or_default().into_iter().collect();
    assert_eq!(groups, ["dev", "fast"]);
    for (python, expected) in [("3.11.2", true), ("3.12.1", false), ("3.10.0", false), ("3.13.0", true)] {
        let target = Target {
            python: python.parse().expect("valid"),
            platform: "linux/amd64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 36 },
        };
        let environment = Environment::new(&target);
        assert_eq!(lock.targets.iter().any(|marker| marker.evaluate(&environment)), expected, "{python}");
    }
    for (from, to, expected) in [
        ("'4.5.0'", "'3.1'", "line 4: lock_version is `3.1`, and shipwheel reads version 4: lock again with PDM 2"),
        ("lock_version = '4.5.0'\n", "", "line 1: lock_version is missing, and"),
        ("sys_platform == 'linux'", "sys == 1", "line 20:"),
        ("'./libs/near'", "'~/near'", "the place of a distribution"),
    ] {
        let error = PdmLock::parse(&LOCK.replace(from, to), "pdm.lock").expect_err(from).to_string();
        assert!(error.contains(expected), "{from}: {error}");
    }
}
