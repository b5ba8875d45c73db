//! Pipfile.lock, as Pipenv writes it: its pins as lines of a requirements file, with their hashes and markers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::lock::error::LockError;
use crate::lock::pipfile_hash::pipfile_hash;

/// The name that Pipenv gives the index that everybody has.
const USUAL_INDEX: &str = "pypi";

/// What of a Pipfile.lock is installed in production.
#[derive(Debug, Deserialize)]
pub struct Pipfile {
    #[serde(rename = "_meta", default)]
    meta: RawMeta,
    #[serde(default)]
    default: BTreeMap<String, RawPin>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawMeta {
    hash: BTreeMap<String, String>,
    sources: Value,
}

#[derive(Debug, Default, Deserialize)]
struct RawSources(Vec<RawSource>);

#[derive(Debug, Deserialize)]
struct RawSource {
    name: String,
    url: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawPin {
    version: Option<String>,
    hashes: Vec<String>,
    markers: Option<String>,
    extras: Vec<String>,
    git: Option<String>,
    r#ref: Option<String>,
    subdirectory: Option<String>,
    file: Option<String>,
    path: Option<String>,
}

impl Pipfile {
    /// Parses a text; `file` names it in messages.
    ///
    /// # Errors
    /// When it is not JSON, or a key has another type than Pipenv gives it.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        serde_json::from_str(text).map_err(|error| LockError::Syntax {
            file: file.to_owned(),
            line: error.line(),
            reason: error.to_string(),
        })
    }

    /// The names of the distributions, as they are written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.default.keys().map(String::as_str)
    }

    /// Whether it was made from another Pipfile than this text; not, where it does not say from which.
    pub fn is_older_than(&self, pipfile: &str) -> bool {
        // Zeros stand for no hash in a lock that a person wrote.
        let made_from = self.meta.hash.get("sha256").filter(|digits| digits.bytes().any(|digit| digit != b'0'));
        let hash = pipfile_hash(pipfile, &self.meta.sources).map(|digest| digest.hex());
        made_from.zip(hash).is_some_and(|(made_from, hash)| *made_from != hash)
    }

    /// Its indexes besides the usual one, and its pins, as lines of a requirements file.
    pub fn to_requirements(&self) -> String {
        let sources = RawSources::deserialize(&self.meta.sources).unwrap_or_default();
        let others = sources.0.iter().filter(|source| source.name != USUAL_INDEX);
        let indexes = others.map(|source| format!("--extra-index-url {}\n", on_one_line(&source.url)));
        let pins = self.default.iter().map(|(name, pin)| pin.line(name));
        indexes.chain(pins).collect()
    }
}

impl RawPin {
    /// What comes from elsewhere than an index says where it is, as a line of requirements does.
    fn line(&self, name: &str) -> String {
        let mut line = name.to_owned();
        if !self.extras.is_empty() {
            line += &format!("[{}]", self.extras.join(","));
        }
        match (&self.version, &self.git, self.file.as_ref().or(self.path.as_ref())) {
            (_, Some(git), _) => {
                let git = git.strip_prefix("git+").unwrap_or(git);
                line += &format!(" @ git+{git}@{}", self.r#ref.as_deref().unwrap_or("HEAD"));
            }
            (_, None, Some(place)) => line += &format!(" @ {place}"),
            (version, None, None) => line += version.as_deref().unwrap_or_default(),
        }
        let mut line = on_one_line(&line);
        line.extend(self.subdirectory.iter().map(|folder| format!("#subdirectory={}", on_one_line(folder))));
        line.extend(self.markers.iter().map(|marker| format!(" ; {}", on_one_line(marker))));
        line.extend(self.hashes.iter().map(|hash| format!(" --hash={}", on_one_line(hash))));
        line + "\n"
    }
}

/// A value of JSON may have line ends, which would begin another requirement.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '#' || c == '\\' { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements::{Requirements, placed};

    #[test]
    fn pins_become_lines_with_extras_markers_and_hashes() {
        let hash = "0".repeat(64);
        let text = format!(
            r#"{{"_meta": {{"sources": [{{"name": "pypi", "url": "https://index.example/simple"}},
                {{"name": "own", "url": "https://own.example/simple"}}]}},
                "default": {{"idna": {{"version": "==3.7", "hashes": ["sha256:{hash}"], "index": "pypi"}},
                "uvicorn": {{"version": "==0.30", "extras": ["standard"], "hashes": ["sha256:{hash}"],
                             "markers": "python_version >= '3.8'"}}}},
                "develop": {{"pytest": {{"version": "==8"}}}}}}"#
        );
        let pipfile = Pipfile::parse(&text, "Pipfile.lock").expect("valid");
        assert_eq!(pipfile.names().collect::<Vec<_>>(), ["idna", "uvicorn"]);
        let lines = pipfile.to_requirements();
        assert_eq!(
            lines,
            format!(
                "--extra-index-url https://own.example/simple\nidna==3.7 --hash=sha256:{hash}\n\
                 uvicorn[standard]==0.30 ; python_version >= '3.8' --hash=sha256:{hash}\n"
            )
        );
        assert!(Requirements::parse(&lines, "Pipfile.lock").expect("pins").has_all_hashes());
    }

    #[test]
    fn a_lock_is_older_than_any_pipfile_but_its_own() {
        let lock = |hash: &str| {
            let text = format!(r#"{{"_meta": {{"hash": {hash}, "sources": []}}, "default": {{}}}}"#);
            Pipfile::parse(&text, "Pipfile.lock").expect("valid")
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
            (r#"{"git": "https://files.example/x.git"}"#.to_owned(), "x @ git+https://files.example/x.git".to_owned()),
            (r#"{"path": ".", "editable": true}"#.to_owned(), "x @ .".to_owned()),
            (
                r#"{"path": "./libs/x", "extras": ["a"], "markers": "os_name == 'posix'"}"#.to_owned(),
                "x[a] @ ./libs/x ; os_name == 'posix'".to_owned(),
            ),
            (
                r#"{"file": "https://files.example/x-1-py3-none-any.whl"}"#.to_owned(),
                "x @ https://files.example/x-1-py3-none-any.whl".to_owned(),
            ),
        ] {
            let pipfile = Pipfile::parse(&format!(r#"{{"default": {{"x": {pin}}}}}"#), "Pipfile.lock").expect("valid");
            let found = placed(&pipfile.to_requirements()).expect("valid");
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
        }
    }

    #[test]
    fn what_would_begin_another_line_is_refused() {
        for pin in [r#"{"version": "==1\n./evil"}"#, r#"{"version": "*"}"#, r#"{"path": "./a\n-e ./evil"}"#] {
            let pipfile = Pipfile::parse(&format!(r#"{{"default": {{"x": {pin}}}}}"#), "Pipfile.lock").expect("valid");
            let lines = pipfile.to_requirements();
            assert_eq!(lines.lines().count(), 1, "{lines}");
            let is_refused = Requirements::parse(&lines, "Pipfile.lock").is_err();
            assert!(is_refused || placed(&lines).expect("read").len() == 1, "{lines}");
        }
        let error = Pipfile::parse("{\n\"default\": 3}", "Pipfile.lock").expect_err("no table");
        assert!(error.to_string().starts_with("Pipfile.lock:2: "), "{error}");
    }
}
