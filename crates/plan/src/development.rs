//! What is beside an application for those who develop it: tests, docs, tools, containers, CI and lists of dependencies.
//!
//! The source `"."` of `app.sources` takes a folder without them, except for what the application names: a package
//! called `example` that it imports, a CHANGELOG.md that it reads. A `*` in a name stands for any letters.
//! docs/image-toml.md has the same lists.

use std::collections::BTreeSet;

use crate::leftovers::fits_any;

mod mentions;
mod named;

pub use mentions::{Mention, Mentions};
pub use named::{LeftOutNames, resolved};

/// Folders at the top.
pub const FOLDERS: [&str; 22] = [
    "benchmarks",
    "build",
    "ci",
    "dist",
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "htmlcov",
    "requirements",
    "scratch",
    "target",
    "test",
    "testing",
    "tests",
    "venv",
    ".circleci",
    ".devcontainer",
    ".github",
    ".gitlab",
    ".husky",
];

/// Those of them that are for readers and tests wherever they are: what is in them is never what an image starts.
const ASIDE: [&str; 5] = ["benchmarks", "docs", "examples", "test", "tests"];

/// Folders at any depth.
pub const FOLDERS_ANYWHERE: [&str; 3] = ["tests", "*.egg-info", ".eggs"];

/// Tests at any depth.
pub const TESTS: [&str; 4] = ["test_*.py", "*_test.py", "tests.py", "conftest.py"];

/// Tools and their settings at the top.
pub const TOOLS: [&str; 30] = [
    "dodo.py",
    "fabfile.py",
    "noxfile.py",
    "setup.py",
    "versioneer.py",
    "setup.cfg",
    "tox.ini",
    "pytest.ini",
    "mypy.ini",
    "ruff.toml",
    "pyrightconfig.json",
    "makefile",
    "justfile",
    "taskfile.y*ml",
    "vagrantfile",
    "manifest.in",
    "mkdocs.y*ml",
    "codecov.y*ml",
    "renovate.json",
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "tsconfig*.json",
    ".*ignore",
    ".*rc",
    ".*.yml",
    ".*.yaml",
    ".coverage*",
    ".flake8",
];

/// More of them, of version control and editors.
pub const SETTINGS: [&str; 8] = [
    ".editorconfig",
    ".gitattributes",
    ".gitmodules",
    ".mailmap",
    ".python-version",
    ".python-versions",
    ".tool-versions",
    ".nvmrc",
];

/// Texts for readers at the top.
pub const TEXTS: [&str; 11] = [
    "readme*",
    "changelog*",
    "changes*",
    "history*",
    "contributing*",
    "code_of_conduct*",
    "security.md",
    "authors*",
    "licen*e*",
    "copying*",
    "notice*",
];

/// How images and deployments are made, at the top.
pub const DEPLOYMENT: [&str; 25] = [
    "dockerfile*",
    "*.dockerfile",
    "containerfile*",
    "compose*.y*ml",
    "docker-compose*.y*ml",
    "docker-bake.hcl",
    "image.toml",
    "procfile*",
    "fly.toml",
    "render.yaml",
    "railway.toml",
    "railway.json",
    "nixpacks.toml",
    "app.yaml",
    "apprunner.yaml",
    "vercel.json",
    "runtime.txt",
    "heroku.yml",
    "skaffold.yaml",
    "cloudbuild.y*ml",
    "jenkinsfile*",
    "azure-pipelines*.yml",
    "bitbucket-pipelines.yml",
    "appveyor.yml",
    "tiltfile",
];

/// Lists of dependencies and locks at any depth.
pub const DEPENDENCIES: [&str; 14] = [
    "requirements*.txt",
    "requirements*.in",
    "*-requirements.txt",
    "*_requirements.txt",
    "constraints*.txt",
    "pipfile",
    "pipfile.lock",
    "poetry.lock",
    "pdm.lock",
    "uv.lock",
    "pylock*.toml",
    "environment*.yml",
    "environment*.yaml",
    "conda*.y*ml",
];

/// The file, or the folder with `/` at its end, that is for development, of a path or of what is above it.
///
/// What is in `taken` is the application's all the same, but not whatever is below it.
pub fn unit<'p>(path: &'p str, taken: &BTreeSet<String>) -> Option<&'p str> {
    let mut from = 0;
    loop {
        let end = path[from..].find('/').map(|at| from + at);
        let name = &path[from..end.unwrap_or(path.len())];
        let unit = &path[..end.map_or(path.len(), |end| end + 1)];
        let is_one = if end.is_some() { is_folder(name, from == 0) } else { is_file(name, from == 0) };
        if is_one && !taken.contains(unit) {
            return Some(unit);
        }
        from = end? + 1;
    }
}

/// Whether a part of a module's path is that of a test, a tool or what is written for readers.
pub fn is_aside(part: &str) -> bool {
    ASIDE.contains(&part) || part.ends_with(".py") && (fits_any(&TESTS, part) || TOOLS.contains(&part))
}

/// Whether a file is a test, or below a folder of tests, wherever that is: it runs where nobody has the image.
pub(crate) fn is_test(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    fits_any(&TESTS, name) || folders.split('/').any(|folder| ["test", "tests"].contains(&folder))
}

fn is_folder(name: &str, is_top: bool) -> bool {
    is_top && FOLDERS.contains(&name) || fits_any(&FOLDERS_ANYWHERE, name)
}

fn is_file(name: &str, is_top: bool) -> bool {
    let at_top = [&TOOLS[..], &SETTINGS, &TEXTS, &DEPLOYMENT];
    // A module may have any name: `changes.py`, `license.py`.
    let is_module = name.ends_with(".py");
    let is_top_one = |names: &&[&str]| match is_module {
        true => names.contains(&name),
        false => fits_any(names, name),
    };
    fits_any(&TESTS, name) || fits_any(&DEPENDENCIES, name) || is_top && at_top.iter().any(is_top_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_aside_is_for_development() {
        assert!(ASIDE.iter().all(|folder| FOLDERS.contains(folder)));
        for (part, expected) in
            [("tests", true), ("conftest.py", true), ("noxfile.py", true), ("a_test.py", true), ("target", false)]
        {
            assert_eq!(is_aside(part), expected, "{part}");
        }
    }

    #[test]
    fn tests_are_told_wherever_they_are() {
        for (path, expected) in [
            ("app/test/helpers.py", true),
            ("tests/data/a.py", true),
            ("app/test_a.py", true),
            ("conftest.py", true),
            ("app/testing.py", false),
            ("contest/app.py", false),
            ("test.py", false),
        ] {
            assert_eq!(is_test(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_for_development_is_told_by_its_name() {
        let taken = BTreeSet::from(["example/".to_owned()]);
        for (path, expected) in [
            ("main.py", None),
            ("tests/a/b.py", Some("tests/")),
            ("app/tests/data/x.json", Some("app/tests/")),
            ("app/docs/x.md", None),
            ("docs/x.md", Some("docs/")),
            ("test_a.py", Some("test_a.py")),
            ("app/test_a.py", Some("app/test_a.py")),
            ("app/contest.py", None),
            ("example/settings.py", None),
            ("example/tests.py", Some("example/tests.py")),
            ("requirements.lock.txt", Some("requirements.lock.txt")),
            ("sub/requirements.txt", Some("sub/requirements.txt")),
            ("Dockerfile.dev", Some("Dockerfile.dev")),
            ("README", Some("README")),
            ("license.py", None),
            ("app/README.md", None),
            ("settings.toml", None),
            ("pyproject.toml", None),
            ("tasks.py", None),
            (".streamlit/config.toml", None),
            (".github/workflows/x.yml", Some(".github/")),
            ("thing.egg-info/PKG-INFO", Some("thing.egg-info/")),
            ("image.toml", Some("image.toml")),
            ("", None),
        ] {
            assert_eq!(unit(path, &taken), expected, "{path}");
        }
    }

    #[test]
    fn the_documentation_has_the_same_names() {
        let page = include_str!("../../../docs/image-toml.md");
        let rows: Vec<&str> = page.lines().skip_while(|line| *line != "## The folder as a whole").skip(7).collect();
        let lists: [&[&str]; 8] =
            [&FOLDERS, &FOLDERS_ANYWHERE, &TESTS, &TOOLS, &SETTINGS, &TEXTS, &DEPLOYMENT, &DEPENDENCIES];
        assert!(rows.len() > lists.len());
        for (row, names) in rows.iter().zip(lists) {
            let documented: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
            assert_eq!(documented, names, "{row}");
        }
    }
}
