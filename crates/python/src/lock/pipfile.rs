//! Pipfile.lock, as Pipenv writes it: its pins by section, and what is chosen of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pep440_rs::Version;
use serde::Deserialize;
use serde_json::Value;

use crate::lock::checker::{Checker, Of};
use crate::lock::chosen::{Chosen, ToolPackage};
use crate::lock::error::LockError;
use crate::lock::pipfile_hash::pipfile_hash;
use crate::lock::tool_file::{At, ToolFile, git_place, in_folder};
use crate::marker::{Environment, Marker};
use crate::name::{DistributionName, normalized};

/// The name that Pipenv gives the index that everybody has.
const USUAL_INDEX: &str = "pypi";

/// The section of what is always needed.
const DEFAULT: &str = "default";

/// The section of what only development needs, and other words for it: Pipenv's flag, and the section of the Pipfile.
const DEVELOP: &str = "develop";
const FOR_DEVELOPMENT: [&str; 2] = ["dev", "dev-packages"];

/// A Pipfile.lock.
#[derive(Debug, Clone, PartialEq)]
pub struct PipfileLock {
    /// The sha256 of the Pipfile that it was made from, as hexadecimal digits.
    made_from: Option<String>,
    /// The sources of the lock, for a Pipfile that leaves them to Pipenv.
    sources: Value,
    /// The addresses of its indexes besides the usual one.
    indexes: Vec<String>,
    /// What it has in each section, by the section's normalized name.
    sections: BTreeMap<String, Vec<PipfilePackage>>,
}

/// A distribution in a Pipfile.lock.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PipfilePackage {
    package: ToolPackage,
    marker: Option<Marker>,
}

#[derive(Deserialize)]
struct RawLock {
    #[serde(rename = "_meta", default)]
    meta: RawMeta,
    #[serde(default)]
    default: RawSection,
    #[serde(default)]
    develop: RawSection,
    /// Sections of the user's own.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

type RawSection = BTreeMap<String, RawPin>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawMeta {
    hash: BTreeMap<String, String>,
    sources: Value,
}

#[derive(Deserialize)]
struct RawSource {
    name: String,
    url: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPin {
    version: Option<String>,
    hashes: Vec<String>,
    markers: Option<String>,
    git: Option<String>,
    r#ref: Option<String>,
    subdirectory: Option<String>,
    file: Option<String>,
    path: Option<String>,
}

impl PipfileLock {
    /// Parses a text; `file` names it in messages.
    ///
    /// # Errors
    /// When it is not JSON, a key has another type than Pipenv gives it, or values in it cannot be used: all of them.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let syntax = |error: serde_json::Error| LockError::Syntax {
            file: file.to_owned(),
            line: error.line().max(1),
            reason: error.to_string(),
        };
        let raw: RawLock = serde_json::from_str(text).map_err(syntax)?;
        let mut sections = BTreeMap::from([(DEFAULT.to_owned(), raw.default), (DEVELOP.to_owned(), raw.develop)]);
        for (name, pins) in raw.others {
            let pins: RawSection = serde_json::from_value(pins).map_err(syntax)?;
            sections.entry(normalized(&name)).or_default().extend(pins);
        }
        let (places, mut checker) = (Places::of(text), Checker::new(text));
        let sources = Vec::<RawSource>::deserialize(&raw.meta.sources).unwrap_or_default();
        let others = sources.iter().filter(|source| source.name != USUAL_INDEX).map(|source| source.url.as_str());
        let sections = sections.into_iter().map(|(section, pins)| {
            let pins = pins.into_iter().filter_map(|(name, pin)| {
                let span = places.of_pin(&section, &name);
                checker.pipfile_package(&span, &name, pin)
            });
            let pins = pins.collect();
            (section, pins)
        });
        let sections = sections.collect();
        let indexes = checker.words(&(0..0), others);
        let made_from = raw.meta.hash.get("sha256").cloned();
        checker.finish(Self { made_from, sources: raw.meta.sources, indexes, sections }, file)
    }

    /// Whether it was made from another Pipfile than this text; not, where it does not say from which.
    pub fn is_older_than(&self, pipfile: &str) -> bool {
        // Zeros stand for no hash in a lock that a person wrote.
        let made_from = self.made_from.as_ref().filter(|digits| digits.bytes().any(|digit| digit != b'0'));
        let hash = pipfile_hash(pipfile, &self.sources).map(|digest| digest.hex());
        made_from.zip(hash).is_some_and(|(made_from, hash)| *made_from != hash)
    }

    /// The sections that can be chosen, normalized: `develop`, and those of the user's own.
    pub fn groups(&self) -> BTreeSet<String> {
        self.sections.keys().filter(|section| *section != DEFAULT).cloned().collect()
    }

    /// The first section that can be chosen and has a distribution.
    pub fn group_with(&self, distribution: &DistributionName) -> Option<String> {
        let mut groups = self.sections.iter().filter(|(section, _)| *section != DEFAULT);
        let has = |pins: &[PipfilePackage]| pins.iter().any(|it| it.package.name == *distribution);
        groups.find(|(_, pins)| has(pins)).map(|(section, _)| section.clone())
    }

    /// The section that a normalized name means, which may be one of the Pipfile.
    pub fn section(group: &str) -> &str {
        if FOR_DEVELOPMENT.contains(&group) { DEVELOP } else { group }
    }

    /// What is needed in an environment with these sections besides the default one, whose pins count before those of the
    /// others (`pipenv requirements`).
    pub fn choose(&self, groups: &BTreeSet<String>, environment: &Environment) -> Chosen {
        let mut chosen = Chosen::default();
        self.indexes.iter().for_each(|url| chosen.add_index(url));
        let wanted = [DEFAULT].into_iter().chain(groups.iter().map(String::as_str));
        let mut seen = BTreeSet::new();
        for it in wanted.filter_map(|section| self.sections.get(section)).flatten() {
            let holds = it.marker.as_ref().is_none_or(|marker| marker.evaluate(environment));
            if seen.insert(&it.package.name) && holds {
                chosen.add(&it.package);
            }
        }
        chosen
    }
}

impl Checker {
    fn pipfile_package(&mut self, span: &Range<usize>, name: &str, pin: RawPin) -> Option<PipfilePackage> {
        let name: DistributionName = self.parsed(span.clone(), name)?;
        let at = pin.at();
        let version = match (&pin.version, &at) {
            (Some(version), At::Index(_)) => {
                // Anything else would be another version next time.
                let Some(version) = version.strip_prefix("==") else {
                    self.report(
                        span.clone(),
                        format!("{name} has the version `{}`, expected ==VERSION", version.escape_debug()),
                    );
                    return None;
                };
                self.parsed(span.clone(), version.trim_start_matches('='))?
            }
            (None, At::Index(_)) => {
                self.report(span.clone(), format!("{name} has no version, and no place in its stead"));
                return None;
            }
            (_, At::Address(_) | At::Place(_)) => Version::new([0]),
        };
        let marker = pin.markers.as_deref().and_then(|text| self.parsed(span.clone(), text));
        let files: Vec<ToolFile> = pin.hashes.into_iter().map(|hash| ToolFile { hash, url: None }).collect();
        let files = self.tool_files(span, at, &files, Of { name: Some(&name), version: None });
        let line = self.line(span);
        Some(PipfilePackage { package: ToolPackage { name, version, requires_python: None, files, line }, marker })
    }
}

impl RawPin {
    /// Where it is.
    fn at(&self) -> At {
        let folder = self.subdirectory.as_deref();
        match (&self.git, self.file.as_ref().or(self.path.as_ref())) {
            (Some(git), _) => At::Place(git_place(git, self.r#ref.as_deref(), folder)),
            (None, Some(place)) if folder.is_none() && place.contains("://") => At::Address(place.clone()),
            (None, Some(place)) => At::Place(format!("{place}{}", in_folder(folder))),
            (None, None) => At::Index(None),
        }
    }
}

/// Where keys of a lock that Pipenv wrote begin, a line for each.
struct Places<'t>(BTreeMap<&'t str, Vec<usize>>);

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Self {
        let (mut places, mut at) = (BTreeMap::<&str, Vec<usize>>::new(), 0);
        for line in text.split_inclusive('\n') {
            let key = line.trim_start().strip_prefix(['{', '"']).map(|rest| rest.trim_start_matches('"'));
            if let Some((key, _)) = key.and_then(|key| key.split_once('"')) {
                places.entry(key).or_default().push(at);
            }
            at += line.len();
        }
        Self(places)
    }

    /// The place of a pin, as far as it can be told.
    fn of_pin(&self, section: &str, name: &str) -> Range<usize> {
        let places = |key: &str| self.0.get(key).map(Vec::as_slice).unwrap_or_default();
        let section = places(section).first().copied().unwrap_or_default();
        let pins = places(name);
        let at = pins.get(pins.partition_point(|at| *at < section)).copied().unwrap_or(section);
        at..at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Libc, Target};

    fn environment() -> Environment {
        Environment::new(&Target {
            python: "3.11.2".parse().expect("valid"),
            platform: "linux/arm64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 36 },
        })
    }

    fn lines(text: &str, groups: &[&str]) -> Vec<String> {
        let lock = PipfileLock::parse(text, "Pipfile.lock").unwrap_or_else(|error| panic!("{error}"));
        let groups = groups.iter().map(|name| PipfileLock::section(name).to_owned()).collect();
        let text = lock.choose(&groups, &environment()).to_requirements();
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    const LOCK: &str = r#"{
    "_meta": {"sources": [
        {"name": "pypi", "url": "https://index.example/simple"},
        {"name": "own", "url": "https://own.example/simple"}
    ]},
    "default": {
        "idna": {"version": "==3.7", "hashes": ["sha256:00"], "index": "pypi"},
        "uvicorn": {"version": "==0.30", "extras": ["standard"], "hashes": ["sha256:11"],
                    "markers": "python_version >= '3.8'"},
        "win": {"version": "==1", "markers": "sys_platform == 'win32'"}
    },
    "develop": {
        "idna": {"version": "==3.8", "hashes": ["sha256:44"]},
        "pytest": {"version": "==8", "hashes": ["sha256:22"]}
    },
    "Docs": {
        "sphinx": {"version": "==7", "hashes": ["sha256:33"]}
    }
}"#;

    #[test]
    fn sections_and_markers_choose_and_pins_stand_on_their_lines() {
        let own = "--extra-index-url https://own.example/simple";
        let (idna, uvicorn) = ("idna==3.7 --hash=sha256:00", "uvicorn==0.30 --hash=sha256:11");
        let pytest = "pytest==8 --hash=sha256:22";
        assert_eq!(lines(LOCK, &[]), [idna, uvicorn, own]);
        for group in ["develop", "dev", "dev-packages"] {
            assert_eq!(lines(LOCK, &[group]), [idna, uvicorn, pytest, own], "{group}");
        }
        assert_eq!(lines(LOCK, &["docs"]), [idna, uvicorn, "sphinx==7 --hash=sha256:33", own]);
        let lock = PipfileLock::parse(LOCK, "Pipfile.lock").expect("valid");
        assert_eq!(lock.groups().into_iter().collect::<Vec<_>>(), ["develop", "docs"]);
        for (name, expected) in [("pytest", Some("develop")), ("sphinx", Some("docs")), ("uvicorn", None)] {
            assert_eq!(lock.group_with(&name.parse().expect("a name")).as_deref(), expected, "{name}");
        }
        let dev = lock.choose(&BTreeSet::from(["develop".to_owned()]), &environment()).to_requirements();
        assert_eq!(dev.lines().position(|line| line == pytest), Some(13));
    }

    #[test]
    fn a_lock_is_older_than_any_pipfile_but_its_own() {
        let lock = |hash: &str| {
            let text = format!(r#"{{"_meta": {{"hash": {hash}, "sources": []}}, "default": {{}}}}"#);
            PipfileLock::parse(&text, "Pipfile.lock").expect("valid")
        };
        let own = pipfile_hash("[packages]\nsix = '*'\n", &Value::Array(Vec::new())).expect("TOML").hex();
        let own = format!(r#"{{"sha256": "{own}"}}"#);
        for (hash, pipfile, expected) in [
            (own.as_str(), "[packages]\nsix = '*'\n", false),
            (&own, "# a comment\n[packages]\nsix = \"*\"\n", false),
            (&own, "[packages]\nsix = '*'\nidna = '*'\n", true),
            (&own, "no toml [", false),
            ("{}", "[packages]\n", false),
            (r#"{"sha256": "0000"}"#, "[packages]\n", false),
        ] {
            assert_eq!(lock(hash).is_older_than(pipfile), expected, "{hash} {pipfile}");
        }
    }

    #[test]
    fn what_no_index_has_says_where_it_is() {
        let commit = "0".repeat(40);
        for (pin, expected) in [
            (
                format!(r#"{{"git": "https://files.example/x.git", "ref": "{commit}", "subdirectory": "a"}}"#),
                format!("x @ git+https://files.example/x.git@{commit}#subdirectory=a"),
            ),
            (
                format!(r#"{{"git": "git+git@files.example:x/y.git", "ref": "{commit}"}}"#),
                format!("x @ git+ssh://git@files.example/x/y.git@{commit}"),
            ),
            (r#"{"git": "https://files.example/x.git"}"#.to_owned(), "x @ git+https://files.example/x.git".to_owned()),
            (r#"{"path": ".", "editable": true}"#.to_owned(), "x @ .".to_owned()),
            (
                r#"{"path": "./libs/x", "extras": ["a"], "markers": "os_name == 'posix'"}"#.to_owned(),
                "x @ ./libs/x".to_owned(),
            ),
            (
                r#"{"file": "https://files.example/x-1-py3-none-any.whl"}"#.to_owned(),
                "x @ https://files.example/x-1-py3-none-any.whl".to_owned(),
            ),
        ] {
            assert_eq!(lines(&format!(r#"{{"default": {{"x": {pin}}}}}"#), &[]), [expected], "{pin}");
        }
        let hash = "0".repeat(64);
        let text = format!(
            r#"{{"default": {{"x": {{"file": "https://files.example/x-1-py3-none-any.whl", "hashes": ["sha256:{hash}"]}}}}}}"#
        );
        let lock = PipfileLock::parse(&text, "Pipfile.lock").expect("valid");
        assert_eq!(lock.choose(&BTreeSet::new(), &environment()).packages[0].wheels.len(), 1);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_line() {
        for (from, to, expected) in [
            ("==3.7", "*", "line 7: idna has the version `*`, expected ==VERSION"),
            ("\"version\": \"==8\", ", "", "line 14: pytest has no version"),
            ("==7", "==7\\n./evil", "line 17: "),
            ("sha256:11", "sha256:11 --evil", "line 8: "),
            ("\"version\": \"==8\"", "\"path\": \"./a\\n-e ./evil\"", "line 14: "),
            ("https://own.example/simple", "https://own.example/simple\\n-e .", "line 1: "),
            ("python_version >=", "python >", "line 8: "),
        ] {
            let error = PipfileLock::parse(&LOCK.replacen(from, to, 1), "Pipfile.lock").expect_err(from).to_string();
            assert!(error.contains(expected), "{from}: {error}");
        }
        for text in ["{\n\"default\": 3}", "{\n\"docs\": 3}", "{\n"] {
            let error = PipfileLock::parse(text, "Pipfile.lock").expect_err(text).to_string();
            assert!(error.starts_with("Pipfile.lock:"), "{text}: {error}");
        }
        let error = PipfileLock::parse("{\n\"default\": 3}", "Pipfile.lock").expect_err("no table").to_string();
        assert!(error.starts_with("Pipfile.lock:2: "), "{error}");
    }
}
