//! What uv exports from a lock, and what is read of the same lock here.

use std::collections::BTreeSet;
use std::path::Path;

use shipwheel_python::lock::{Lock, UvChoice, UvLock};
use shipwheel_python::marker::Environment;
use shipwheel_python::{Libc, Target};
use shipwheel_tests::uv;
use xshell::{Shell, cmd};

/// What is asked of a lock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) package: Option<String>,
    pub(crate) extras: Vec<String>,
    pub(crate) groups: Vec<String>,
}

/// Platforms, with the Python of each, that tell most markers apart.
pub(crate) const TARGETS: [(&str, &str); 4] =
    [("amd64", "3.11.2"), ("arm64", "3.11.9"), ("amd64", "3.12.4"), ("arm64", "3.13.1")];

/// A platform with a Python.
pub(crate) fn target(platform: &str, python: &str) -> Target {
    Target {
        python: python.parse().unwrap(),
        platform: platform.parse().unwrap(),
        libc: Libc::Glibc { major: 2, minor: 36 },
    }
}

/// Makes a uv.lock; whether it could be made.
pub(crate) fn lock(folder: &Path, words: &[&str]) -> bool {
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(folder);
    cmd!(shell, "{uv} lock --quiet {words...}").quiet().ignore_stderr().run().is_ok()
}

/// The distributions that uv exports, whatever the platform; `None` if it says that they conflict.
pub(crate) fn by_uv(folder: &Path, question: &Question) -> Option<Lock> {
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(folder);
    let mut words: Vec<&str> =
        "export --quiet --frozen --offline --no-emit-local --no-header --no-default-groups".split(' ').collect();
    let of = |option: &'static str, names: &'_ [String]| {
        names.iter().map(move |name| format!("{option}={name}")).collect::<Vec<_>>()
    };
    let package = question.package.clone().map(|name| vec![name]).unwrap_or_default();
    let chosen = [of("--package", &package), of("--extra", &question.extras), of("--group", &question.groups)].concat();
    words.extend(chosen.iter().map(String::as_str));
    let output = cmd!(shell, "{uv} {words...} --format pylock.toml").quiet().ignore_status().output().unwrap();
    if output.status.success() {
        return Some(Lock::parse(&String::from_utf8(output.stdout).unwrap(), "exported").unwrap());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("incompatible with the declared conflicts"), "{question:?}: {said}");
    None
}

/// The distributions that are read here for a target; `None` if they conflict.
pub(crate) fn by_us(lock: &UvLock, question: &Question, target: &Target) -> Option<Lock> {
    let choice = UvChoice {
        package: question.package.as_ref().map(|name| name.parse().unwrap()),
        extras: question.extras.iter().cloned().collect(),
        groups: question.groups.iter().cloned().collect(),
    };
    let environment = Environment::new(target);
    lock.select(&choice, &environment).ok().map(|lock| lock.without_directories().0)
}

/// What of a lock is for a target, with its files: one line for each.
pub(crate) fn listed(lock: &Lock, target: &Target) -> BTreeSet<String> {
    let environment = Environment::new(target);
    let needed =
        lock.packages.iter().filter(|package| package.marker.as_ref().is_none_or(|it| it.evaluate(&environment)));
    let lines = needed.map(|package| {
        let mut files: Vec<String> = package
            .wheels
            .iter()
            .map(|wheel| {
                // An address in a folder of wheels has a hash only once uv has read the file.
                let is_local = wheel.url.as_deref().is_none_or(|url| url.starts_with("file:"));
                let place = wheel
                    .url
                    .iter()
                    .filter(|_| !is_local)
                    .map(|url| format!("{url} {:?}", wheel.sha256))
                    .collect::<String>();
                format!("{} {place}", wheel.name.file_name())
            })
            .collect();
        files.extend(
            package.sdist.iter().filter_map(|sdist| Some(format!("{} {:?}", sdist.url.as_deref()?, sdist.sha256))),
        );
        files.sort();
        format!("{} {:?} {}", package.name, package.version.as_ref().map(ToString::to_string), files.join(" "))
    });
    lines.collect()
}
