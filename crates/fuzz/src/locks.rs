//! Files that lock dependencies, of every form.

use std::collections::BTreeSet;

use shipwheel_python::index::ProjectPage;
use shipwheel_python::lock::{Lock, LockError, LockForm, UvChoice, UvLock, differences};
use shipwheel_python::marker::Environment;
use shipwheel_python::pyproject::Pyproject;
use shipwheel_python::requirements::{InputLine, Requirements, asks_for_anything, input_lines};
use shipwheel_python::select::{Selection, select};
use shipwheel_python::{DistributionName, Libc, Target};

/// The target that locks are selected for.
pub(crate) fn target() -> Target {
    Target {
        python: "3.13.1".parse().expect("a version"),
        platform: "linux/arm64".parse().expect("a platform"),
        libc: Libc::Glibc { major: 2, minor: 36 },
    }
}

/// A pylock.toml, and the wheels that it gives.
pub(crate) fn pylock(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let lock = match Lock::parse(&text, "lock") {
        Ok(lock) => lock,
        Err(error) => return check_lines(&text, &error),
    };
    let names = LockForm::Pylock.distributions(&text);
    assert!(lock.packages.iter().all(|package| names.contains(&package.name)), "both readers see the same names");
    match select(&lock, &target(), &Selection::default()) {
        Ok(wheels) => {
            assert!(wheels.len() <= lock.packages.len());
            assert!(wheels.iter().all(|wheel| wheel.wheel.distribution == wheel.name), "a wheel of its distribution");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A uv.lock, what is read of it for a target, and how it differs from a project that asks for nothing.
pub(crate) fn uv_lock(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let lock = match UvLock::parse(&text, "lock") {
        Ok(lock) => lock,
        Err(error) => return check_lines(&text, &error),
    };
    let names = LockForm::Uv.distributions(&text);
    assert!(lock.packages.iter().all(|package| names.contains(&package.name)), "both readers see the same names");
    let offer = lock.offer(None);
    let choice = UvChoice { package: None, extras: offer.extras, groups: offer.groups };
    match lock.select(&choice, &Environment::new(&target())) {
        Ok(selected) => {
            assert!(selected.packages.len() <= lock.packages.len());
            assert!(selected.packages.is_sorted_by_key(|package| package.line), "in the order of the file");
        }
        Err(conflict) => assert!(conflict.wanted.len() > 1, "{conflict}"),
    }
    let empty = Pyproject::default();
    let _ = differences(&lock, |_| Some(&empty)).map(|all| all.iter().for_each(|it| drop(it.to_string())));
}

/// The lines in an error are lines of the file.
fn check_lines(text: &str, error: &LockError) {
    let lines = text.matches('\n').count() + 1;
    let is_line = |line: usize| (1..=lines).contains(&line);
    match error {
        LockError::Syntax { line, .. } => assert!(is_line(*line), "line {line} of {lines}"),
        LockError::Values { problems, .. } => {
            assert!(!problems.is_empty() && problems.iter().all(|problem| is_line(problem.line)), "{error}");
        }
    }
    assert!(!error.to_string().is_empty());
}

/// The distributions that a file names, read as each form: a poetry.lock and a pdm.lock are read no further.
pub(crate) fn lock_names(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for form in LockForm::ALL {
        for name in form.distributions(&text) {
            assert_eq!(name.as_str().parse::<DistributionName>().as_ref(), Ok(&name), "{form:?}");
        }
    }
}

/// A requirements.txt: pinned, and as what is still to be locked.
pub(crate) fn requirements(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(pinned) = Requirements::parse(&text, "requirements.txt") {
        let lines: Vec<String> = pinned.requirements.iter().map(line).collect();
        let again = Requirements::parse(&lines.join("\n"), "requirements.txt").expect("what is shown is pinned");
        let mut numbered = pinned;
        numbered.requirements.iter_mut().zip(1..).for_each(|(requirement, line)| requirement.line = line);
        assert_eq!(again, numbered);
    }
    let allowed = BTreeSet::from(["a".parse().expect("a name")]);
    if let Ok(mut lines) = input_lines(&text, &allowed) {
        let shown: Vec<String> = lines.iter().map(shown).collect();
        assert!(shown.iter().all(|line| !line.contains(['\n', '\r'])), "{shown:?}");
        for (line, number) in lines.iter_mut().zip(1..) {
            if let InputLine::Placed(placed) = line {
                placed.line = number;
            }
        }
        assert_eq!(input_lines(&shown.join("\n"), &allowed).as_ref(), Ok(&lines), "what is shown reads the same");
        let asks = |line: &InputLine| matches!(line, InputLine::Requirement(_) | InputLine::Placed(_));
        assert!(asks_for_anything(&text) || !lines.iter().any(asks), "{lines:?}");
    }
}

/// A pinned requirement as a line.
fn line(requirement: &shipwheel_python::requirements::Requirement) -> String {
    let extras = match requirement.extras.is_empty() {
        true => String::new(),
        false => format!("[{}]", requirement.extras.join(",")),
    };
    let marker = requirement.marker.as_ref().map_or_else(String::new, |marker| format!(" ; {marker}"));
    let all = requirement.hashes.sha256.iter().map(ToString::to_string);
    let all = all.chain(requirement.hashes.stronger.iter().map(ToString::to_string));
    let hashes: String = all.map(|hash| format!(" --hash={hash}")).collect();
    format!("{}{extras}=={}{marker}{hashes}", requirement.name, requirement.version)
}

/// A line of requirements as it would be written.
fn shown(line: &InputLine) -> String {
    match line {
        InputLine::Requirement(text) | InputLine::Lookup(text) => text.clone(),
        InputLine::Placed(placed) => placed.to_string(),
        InputLine::Include(path) => format!("-r {path}"),
        InputLine::Constraint(path) => format!("-c {path}"),
        InputLine::FindLinks(place) => format!("-f {place}"),
    }
}

/// The page of a project on a package index, in JSON or in HTML.
pub(crate) fn index_page(input: &[u8]) {
    for media_type in ["application/vnd.pypi.simple.v1+json", "text/html"] {
        let Ok(page) = ProjectPage::parse(input, media_type, "https://index.example.invalid/simple/a/") else {
            continue;
        };
        assert!(page.files.len() <= input.len());
        for file in page.files {
            assert!(file.url.starts_with("https://") || file.url.starts_with("http://"), "{}", file.url);
            assert!(!file.name.is_empty() && !file.name.contains('/'), "{}", file.name);
            let wheel = file.wheel().map(|wheel| wheel.file_name().to_owned());
            assert!(wheel.is_none_or(|name| name == file.name));
        }
    }
}
