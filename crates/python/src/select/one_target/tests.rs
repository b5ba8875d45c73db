//! Which wheels are chosen, and what is said when none fits.

use super::*;

use shipwheel_oci::Digest;

use crate::target::Libc;

fn target(python: &str, platform: &str) -> Target {
    let libc = Libc::Glibc { major: 2, minor: 36 };
    Target { python: python.parse().expect("valid"), platform: platform.parse().expect("valid"), libc }
}

/// A package of a lock: name, further keys, file names of wheels.
fn package(name: &str, keys: &str, wheels: &[&str]) -> String {
    let hash = "0".repeat(64);
    let wheel = |tags: &&str| format!("{{ name = '{name}-1-{tags}.whl', hashes = {{ sha256 = '{hash}' }} }},");
    let wheels: String = wheels.iter().map(wheel).collect();
    format!("[[packages]]\nname = '{name}'\nversion = '1'\n{keys}\nwheels = [{wheels}]\n")
}

fn lock(head: &str, packages: &[String]) -> Lock {
    let text = format!("lock-version = '1.0'\n{head}\n{}", packages.concat());
    Lock::parse(&text, "pylock.toml").unwrap_or_else(|error| panic!("{error}"))
}

fn selected(lock: &Lock, target: &Target, selection: &Selection) -> Vec<String> {
    let wheels = select(lock, target, selection).unwrap_or_else(|error| panic!("{error}"));
    wheels.iter().map(|wheel| format!("{}-{}", wheel.name, wheel.wheel.compressed_tags())).collect()
}

fn problems(lock: &Lock, target: &Target) -> Vec<String> {
    let error = select(lock, target, &Selection::default()).expect_err("nothing fits");
    error.problems.iter().map(SelectProblem::to_string).collect()
}

#[test]
fn the_best_tag_wins_then_the_highest_build() {
    let wheels = [
        "py3-none-any",
        "cp311-abi3-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux_2_17_x86_64",
        "9-cp311-cp311-manylinux_2_28_x86_64",
        "10-cp311-cp311-manylinux_2_28_x86_64",
        "cp311-cp311-manylinux_2_38_x86_64",
        "cp311-cp311-manylinux_2_28_aarch64",
    ];
    let lock = lock("", &[package("a", "", &wheels)]);
    let amd64 = select(&lock, &target("3.11.2", "amd64"), &Selection::default()).expect("fits");
    assert_eq!(amd64[0].wheel.file_name(), "a-1-10-cp311-cp311-manylinux_2_28_x86_64.whl");
    let both = |python| selected(&lock, &target(python, "arm64"), &Selection::default());
    assert_eq!(both("3.11.2"), ["a-cp311-cp311-manylinux_2_28_aarch64"]);
    assert_eq!(both("3.12.2"), ["a-py3-none-any"]);
}

#[test]
fn markers_extras_and_groups_decide_what_is_needed_sorted_by_name() {
    let any: &[&str] = &["py3-none-any"];
    let lock = lock(
        "default-groups = ['main']",
        &[
            package("z", "", any),
            package("windows", "marker = \"sys_platform == 'win32'\"", any),
            package("extra", "marker = \"'fast' in extras\"", any),
            package("main", "marker = \"'main' in dependency_groups\"", any),
            package("dev", "marker = \"'dev' in dependency_groups\"", any),
        ],
    );
    let target = target("3.11.2", "amd64");
    assert_eq!(selected(&lock, &target, &Selection::default()), ["main-py3-none-any", "z-py3-none-any"]);
    let selection = Selection {
        extras: ["Fast".to_owned()].into(),
        groups: Some(["dev".to_owned()].into()),
        ..Selection::default()
    };
    assert_eq!(selected(&lock, &target, &selection), ["dev-py3-none-any", "extra-py3-none-any", "z-py3-none-any"]);
}

#[test]
fn every_problem_is_reported_at_once() {
    let lock = lock(
        "requires-python = '>=3.12'\nenvironments = [\"sys_platform == 'win32'\"]",
        &[
            package("only-sdist", "sdist = { url = 'x' }", &[]),
            package("folder", "directory = { path = './x' }", &[]),
            package("newer", "requires-python = '>=3.11.5'", &["py3-none-any"]),
            package("native", "", &["cp311-cp311-manylinux_2_39_x86_64", "cp312-cp312-win_amd64"]),
            package("twice", "", &["py3-none-any"]),
            package("twice", "", &["py3-none-any"]),
            "[[packages]]\nname = 'unhashed'\nwheels = [{ url = 'unhashed-1-py3-none-any.whl' }]".to_owned(),
        ],
    );
    assert_eq!(
        problems(&lock, &target("3.11.2", "amd64")),
        [
            "the lock was made for other environments than this one",
            "the lock was made for Python >=3.12",
            "line 4: only-sdist 1 has a source distribution but no wheel",
            "line 9: folder 1 comes from the folder ./x, not from a wheel",
            "line 14: newer 1 requires Python >=3.11.5",
            "line 19: native 1 has no compatible wheel; found:\n  \
             cp311-cp311-manylinux_2_39_x86_64 needs glibc 2.39, and the base has glibc 2.36\n  \
             cp312-cp312-win_amd64 is for the system win_amd64",
            "line 29: twice 1 is wanted, and 1 too",
            "line 34: unhashed has no sha256, sha384 or sha512 for unhashed-1-py3-none-any.whl; others prove nothing",
        ]
    );
}

#[test]
fn an_added_wheel_serves_where_no_listed_one_fits_and_only_its_own_version() {
    let lock = lock(
        "",
        &[
            package("native", "", &["cp311-cp311-manylinux_2_17_x86_64"]),
            package("source", "sdist = { url = 'x' }", &[]),
            package("other", "sdist = { url = 'x' }", &[]),
        ],
    );
    let added = [
        "native-1-cp311-cp311-linux_x86_64",
        "native-1-cp311-cp311-linux_aarch64",
        "source-1-py3-none-any",
        "other-2-py3-none-any",
    ];
    let added = added.map(|name| LockedWheel {
        name: format!("{name}.whl").parse().expect("valid"),
        url: None,
        path: None,
        size: None,
        sha256: Some(Digest::of(name.as_bytes())),
        stronger: Vec::new(),
    });
    let selection = Selection { added: added.into(), ..Selection::default() };
    let error = |platform| select(&lock, &target("3.11.2", platform), &selection).expect_err("other").problems;
    assert!(matches!(&error("amd64")[..], [SelectProblem::Package { reason: Reason::OnlySdist, .. }]));
    assert_eq!(error("arm64").len(), 1);
    let lock = Lock { packages: lock.packages[..2].into(), ..lock };
    assert_eq!(
        selected(&lock, &target("3.11.2", "amd64"), &selection),
        ["native-cp311-cp311-manylinux_2_17_x86_64", "source-py3-none-any"]
    );
    assert_eq!(
        selected(&lock, &target("3.11.2", "arm64"), &selection),
        ["native-cp311-cp311-linux_aarch64", "source-py3-none-any"]
    );
}
