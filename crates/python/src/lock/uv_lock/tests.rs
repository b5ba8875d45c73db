//! uv.lock read and walked.

use super::*;
use crate::marker::Environment;
use crate::target::{Libc, Target};

fn environment() -> Environment {
    Environment::new(&Target {
        python: "3.11.2".parse().expect("valid"),
        platform: "linux/amd64".parse().expect("valid"),
        libc: Libc::Glibc { major: 2, minor: 36 },
    })
}

#[test]
fn a_uv_lock_leads_from_a_project_to_the_folders_that_it_needs() {
    let text = "version = 1\n\
        [[package]]\nname = 'root'\nsource = { virtual = '.' }\n\
        [[package]]\nname = 'api'\nsource = { editable = 'packages/api' }\n\
        dependencies = [{ name = 'core' }, { name = 'six' }, { name = 'win', marker = \"os_name == 'nt'\" }]\n\
        [[package]]\nname = 'core'\nsource = { editable = 'packages/core' }\n\
        dependencies = [{ name = 'base' }, { name = 'api' }, { name = 'sheet' }]\n\
        [[package]]\nname = 'base'\nsource = { directory = '../base' }\n\
        [[package]]\nname = 'sheet'\nsource = { virtual = 'packages/sheet' }\n\
        [[package]]\nname = 'win'\nsource = { editable = 'packages/win' }\n\
        [[package]]\nname = 'six'\nsource = { registry = 'x' }\n";
    let lock = UvLock::parse(text, "uv.lock").expect("valid");
    let folders = |project: &str| lock.folders(project, &environment());
    assert_eq!(folders("./packages/api"), Some(vec!["packages/core".to_owned(), "../base".to_owned()]));
    assert_eq!(folders("."), Some(Vec::new()));
    assert_eq!(folders("elsewhere"), None);
}

#[test]
fn a_uv_lock_that_cannot_be_read_is_refused_with_its_line() {
    let requirement = "[[package]]\nname = 'a'\nsource = { virtual = '.' }\n[package.metadata]\nrequires-dist = [\n\
        { name = 'b', specifier = 'newest' }]";
    for (text, expected) in [("\nversion = ", "uv.lock:2:"), (requirement, "line 6:")] {
        let error = UvLock::parse(text, "uv.lock").expect_err(text).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

const CONFLICTS: &str = "version = 1\nrequires-python = '>=3.11'\n\
    conflicts = [[{ package = 'app', extra = 'cpu' }, { package = 'app', extra = 'gpu' }]]\n\
    [[package]]\nname = 'app'\nsource = { virtual = '.' }\ndependencies = [{ name = 'mid', extra = ['x'] }]\n\
    [package.optional-dependencies]\n\
    cpu = [{ name = 'torch', version = '1' }]\ngpu = [{ name = 'torch', version = '2' }]\n\
    [package.dev-dependencies]\ndev = [{ name = 'tool' }]\n\
    [[package]]\nname = 'mid'\nversion = '1'\nsource = { registry = 'x' }\n\
    [package.optional-dependencies]\nx = [\n\
    { name = 'torch', version = '1', marker = \"extra == 'extra-3-app-cpu'\" },\n\
    { name = 'torch', version = '2', marker = \"extra != 'extra-3-app-cpu'\" }]\n\
    [[package]]\nname = 'tool'\nversion = '1'\nsource = { git = 'https://files.example/tool?rev=1#abc' }\n\
    [[package]]\nname = 'torch'\nversion = '1'\nsource = { registry = 'x' }\n\
    [[package]]\nname = 'torch'\nversion = '2'\nsource = { registry = 'x' }\n";

/// What is selected, by name and version, with a place where there is one.
fn selected(lock: &UvLock, extras: &[&str], groups: &[&str]) -> Result<Vec<String>, UvConflict> {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let choice = UvChoice { package: None, extras: set(extras), groups: set(groups) };
    let packages = lock.select(&choice, &environment())?.packages;
    let shown = packages.iter().map(|package| {
        let version = package.version.as_ref().map(ToString::to_string).unwrap_or_default();
        let place = package.origin.as_ref().map(|origin| format!(" from {origin}")).unwrap_or_default();
        format!("{} {version}{place}", package.name)
    });
    Ok(shown.collect())
}

#[test]
fn what_conflicts_is_told_apart_by_what_is_chosen() {
    let lock = UvLock::parse(CONFLICTS, "uv.lock").expect("valid");
    assert_eq!(selected(&lock, &[], &[]).expect("no conflict"), ["mid 1", "torch 2"]);
    assert_eq!(selected(&lock, &["cpu"], &[]).expect("no conflict"), ["mid 1", "torch 1"]);
    assert_eq!(
        selected(&lock, &["gpu"], &["dev"]).expect("no conflict"),
        ["mid 1", "tool 1 from the repository https://files.example/tool at abc", "torch 2"]
    );
    let conflict = selected(&lock, &["cpu", "gpu"], &[]).expect_err("both");
    assert_eq!(
        conflict.to_string(),
        "the extra `cpu` of app and the extra `gpu` of app conflict with each other, as `conflicts` of `[tool.uv]` says"
    );
}

#[test]
fn all_members_are_installed_where_the_top_is_no_project() {
    let text = "version = 1\n[manifest]\nmembers = ['a', 'b']\n[manifest.dependency-groups]\ndocs = [{ name = 'doc' }]\n\
        [[package]]\nname = 'a'\nsource = { editable = 'a' }\ndependencies = [{ name = 'six' }]\n\
        [[package]]\nname = 'b'\nsource = { virtual = 'b' }\n[package.optional-dependencies]\nx = [{ name = 'toml' }]\n\
        [[package]]\nname = 'doc'\nversion = '1'\nsource = { registry = 'x' }\n\
        [[package]]\nname = 'six'\nversion = '1'\nsource = { registry = 'x' }\n\
        [[package]]\nname = 'toml'\nversion = '1'\nsource = { registry = 'x' }\n";
    let lock = UvLock::parse(text, "uv.lock").expect("valid");
    assert_eq!(selected(&lock, &[], &[]).expect("no conflict"), ["six 1"]);
    assert_eq!(selected(&lock, &["x"], &["docs"]).expect("no conflict"), ["doc 1", "six 1", "toml 1"]);
    let offer = lock.offer(None);
    assert_eq!((offer.extras.len(), offer.groups.len(), lock.projects().len()), (1, 1, 2));
}

#[test]
fn files_are_where_their_source_says() {
    let hash = "0".repeat(64);
    let text = format!(
        "version = 1\n[[package]]\nname = 'app'\nsource = {{ virtual = '.' }}\n\
         dependencies = [{{ name = 'a' }}, {{ name = 'b' }}, {{ name = 'c' }}, {{ name = 'd' }}]\n\
         [[package]]\nname = 'a'\nversion = '1'\nsource = {{ path = 'vendor/a-1-py3-none-any.whl' }}\n\
         wheels = [{{ filename = 'a-1-py3-none-any.whl', hash = 'sha256:{hash}' }}]\n\
         [[package]]\nname = 'b'\nversion = '1+cpu'\nsource = {{ registry = 'wheels' }}\n\
         wheels = [{{ path = 'b-1+cpu-py3-none-any.whl' }}]\n\
         [[package]]\nname = 'c'\nversion = '1'\nsource = {{ url = 'https://files.example/c-1.tar.gz' }}\n\
         sdist = {{ hash = 'sha256:{hash}' }}\n\
         [[package]]\nname = 'd'\nversion = '1+cpu'\nsource = {{ registry = 'https://index.example' }}\n\
         wheels = [{{ url = 'https://files.example/d-1%2Bcpu-py3-none-any.whl', hash = 'sha256:{hash}', size = 3 }}]\n"
    );
    let lock = UvLock::parse(&text, "uv.lock").expect("valid");
    let selected = lock.select(&UvChoice::default(), &environment()).expect("no conflict");
    let files = selected.packages.iter().map(|package| {
        let wheel = package.wheels.iter().map(|wheel| (&wheel.url, &wheel.path, wheel.sha256.is_some()));
        let sdist = package.sdist.iter().map(|sdist| (&sdist.url, &sdist.path, sdist.sha256.is_some()));
        wheel.chain(sdist).map(|(url, path, hash)| format!("{url:?} {path:?} {hash}")).collect::<String>()
    });
    assert_eq!(
        files.collect::<Vec<_>>(),
        [
            "None Some(\"vendor/a-1-py3-none-any.whl\") true",
            "None Some(\"wheels/b-1+cpu-py3-none-any.whl\") false",
            "Some(\"https://files.example/c-1.tar.gz\") None true",
            "Some(\"https://files.example/d-1%2Bcpu-py3-none-any.whl\") None true",
        ]
    );
    let other = text.replace("name = 'a'\nversion = '1'", "name = 'a'\nversion = '2'");
    let error = UvLock::parse(&other, "uv.lock").expect_err("another version").to_string();
    assert!(error.contains("is a wheel of version 1, but the package has version 2"), "{error}");
}
