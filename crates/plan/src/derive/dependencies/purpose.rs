//! What a file of requirements is for, told by its name: `requirements-prod.txt`, `requirements/dev.in`.

use std::collections::BTreeSet;

/// What a file is for, the one that an image should have first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// What runs in production.
    Production,
    /// The only file, where there is only one: `requirements.txt`.
    Plain,
    /// The application's own.
    Main,
    /// What others are built on.
    Base,
    /// Something that its name does not tell.
    Other,
    /// For those who write the application, or for other systems.
    Development,
}

/// Words that say that a file has requirements.
const REQUIREMENTS: [&str; 8] =
    ["dependencies", "deps", "pylock", "reqs", "req", "requirement", "requirements", "requires"];

/// Words that say that every version in it is pinned.
const LOCKED: [&str; 7] = ["compiled", "freeze", "frozen", "hashed", "lock", "locked", "pinned"];

/// Words of texts about requirements.
const TEXTS: [&str; 5] = ["changelog", "license", "licenses", "notes", "readme"];

/// What the other words say, the strongest first.
const WORDS: [(Purpose, &[&str]); 4] = [
    (
        Purpose::Development,
        &[
            "bench",
            "benchmark",
            "benchmarks",
            "build",
            "ci",
            "constraint",
            "constraints",
            "contrib",
            "coverage",
            "debug",
            "dev",
            "devel",
            "develop",
            "development",
            "doc",
            "docs",
            "documentation",
            "example",
            "examples",
            "extra",
            "extras",
            "format",
            "formatting",
            "jupyter",
            "lint",
            "linting",
            "local",
            "mac",
            "macos",
            "mypy",
            "notebook",
            "notebooks",
            "optional",
            "osx",
            "pip",
            "quality",
            "readthedocs",
            "rtd",
            "stage",
            "staging",
            "style",
            "test",
            "testing",
            "tests",
            "tool",
            "tools",
            "tox",
            "typing",
            "win",
            "windows",
        ],
    ),
    (
        Purpose::Production,
        &["container", "deploy", "deployment", "docker", "heroku", "live", "prod", "production", "run", "runtime"],
    ),
    (Purpose::Main, &["app", "application", "linux", "main", "server"]),
    (Purpose::Base, &["base", "common", "core", "default", "minimal"]),
];

/// The file's purpose, and whether its name says that everything in it is pinned; `None` if it is about something else.
pub(super) fn purpose(path: &str) -> Option<(Purpose, bool)> {
    let (path, extension) = path.rsplit_once('.')?;
    let lower = path.to_ascii_lowercase();
    let mut words: BTreeSet<&str> = lower.split(['/', '-', '_', '.', ' ']).collect();
    if extension == "lock" {
        words.insert("lock");
    }
    let has_any = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if !has_any(&REQUIREMENTS) || has_any(&TEXTS) {
        return None;
    }
    words.retain(|word| !REQUIREMENTS.contains(word));
    let before = words.len();
    words.retain(|word| !LOCKED.contains(word));
    let is_locked = words.len() < before;
    if words.is_empty() {
        return Some((Purpose::Plain, is_locked));
    }
    let said = |(_, known): &&(Purpose, &[&str])| words.iter().any(|word| known.contains(word));
    let purpose = WORDS.iter().find(said).map_or(Purpose::Other, |(purpose, _)| *purpose);
    Some((purpose, is_locked))
}

/// Whether a group of dependencies has what production needs besides the others, told by its name.
pub(super) fn is_production(group: &str) -> bool {
    let lower = group.to_ascii_lowercase();
    let words: BTreeSet<&str> = lower.split(['-', '_', '.']).collect();
    let said = |(_, known): &&(Purpose, &[&str])| words.iter().any(|word| known.contains(word));
    WORDS.iter().find(said).is_some_and(|(purpose, _)| *purpose == Purpose::Production)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_a_file_is_for() {
        for (path, expected) in [
            ("requirements.txt", Some((Purpose::Plain, false))),
            ("requirements.lock", Some((Purpose::Plain, true))),
            ("requirements/requirements.txt", Some((Purpose::Plain, false))),
            ("requirements-prod.txt", Some((Purpose::Production, false))),
            ("prod_requirements.in", Some((Purpose::Production, false))),
            ("requirements/production.txt", Some((Purpose::Production, false))),
            ("reqs/Deploy.lock.txt", Some((Purpose::Production, true))),
            ("requirements/main.txt", Some((Purpose::Main, false))),
            ("requirements.base.txt", Some((Purpose::Base, false))),
            ("requirements-dev.txt", Some((Purpose::Development, false))),
            ("requirements/prod-test.txt", Some((Purpose::Development, false))),
            ("requirements-worker.txt", Some((Purpose::Other, false))),
            ("pylock.prod.toml", Some((Purpose::Production, false))),
            ("robots.txt", None),
            ("README", None),
            ("production.txt", None),
            ("requirements/README.txt", None),
        ] {
            assert_eq!(purpose(path), expected, "{path}");
        }
    }
}
