//! What of a folder is taken: the project as a wheel, or the modules and packages as they are.

use std::collections::BTreeSet;

use crate::derive::known::Known;
use crate::derive::write::{self, Line};
use crate::dockerignore::Dockerignore;

/// Folders at the top that are not what an image runs.
const NOT_TAKEN: [&str; 16] = [
    "benchmarks",
    "build",
    "ci",
    "dist",
    "doc",
    "docs",
    "env",
    "example",
    "examples",
    "node_modules",
    "scratch",
    "target",
    "test",
    "testing",
    "tests",
    "venv",
];

/// Modules at the top that are tools' and not the application's.
const TOOLS: [&str; 7] =
    ["conftest.py", "dodo.py", "fabfile.py", "noxfile.py", "setup.py", "tasks.py", "versioneer.py"];

/// Folders without modules that applications read.
const DATA: [&str; 7] = ["assets", "data", "locale", "locales", "public", "static", "templates"];

/// What is left out of what is taken.
const EXCLUDED: [&str; 3] = ["__pycache__/", "*.pyc", "tests/"];

/// The lines of `[app]`; `entry` is the file at the top that is started.
pub(super) fn lines(known: &Known<'_>, entry: Option<&str>) -> Vec<Line> {
    let mut lines = Vec::new();
    if known.is_project {
        let reason = match known.text("pyproject.toml").contains("[build-system]") {
            true => "pyproject.toml has a [build-system]: built to a wheel and installed",
            false => "setup.py or setup.cfg describes a project with commands: built to a wheel and installed",
        };
        lines.push(Line::new("project", write::text("."), reason));
    }
    let (sources, reason) = match (known.is_project, entry) {
        (true, None) => return lines,
        (true, Some(file)) => {
            (vec![file.to_owned()], "the file that is started is not in a package of the project".to_owned())
        }
        (false, _) => (taken(known), "modules, packages and data; no tests, docs or tools".to_owned()),
    };
    lines.push(Line::new("sources", write::list(&sources), reason));
    lines.push(Line::new("exclude", write::list(EXCLUDED), ""));
    lines
}

/// The files and folders at the top that are taken, sorted.
pub(super) fn taken(known: &Known<'_>) -> Vec<String> {
    // A broken .dockerignore is told when the sources are collected.
    let ignored = known.folder.texts.get(".dockerignore").map(|text| Dockerignore::parse(text.as_bytes()));
    let ignored = ignored.and_then(Result::ok).unwrap_or_default();
    let mut taken = BTreeSet::new();
    for path in known.folder.files.iter().filter(|path| ignored.leaves_out(path).is_none()) {
        let (top, below) = path.split_once('/').map_or((path.as_str(), None), |(top, below)| (top, Some(below)));
        let wanted = match below {
            None => is_module(top),
            Some(below) => {
                !top.starts_with('.') && !NOT_TAKEN.contains(&top) && (below.ends_with(".py") || DATA.contains(&top))
            }
        };
        if wanted {
            taken.insert(top.to_owned());
        }
    }
    taken.into_iter().collect()
}

fn is_module(name: &str) -> bool {
    let is_test = name.starts_with("test_") || name.ends_with("_test.py");
    name.ends_with(".py") && !name.starts_with('.') && !is_test && !TOOLS.contains(&name)
}
