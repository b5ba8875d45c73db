//! Pipfile.lock, as Pipenv writes it: its pins as lines of a requirements file, with their hashes and markers.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::lock::error::LockError;

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
    sources: Vec<RawSource>,
}

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

    /// Its indexes besides the usual one, and its pins, as lines of a requirements file.
    pub fn to_requirements(&self) -> String {
        let others = self.meta.sources.iter().filter(|source| source.name != USUAL_INDEX);
        let indexes = others.map(|source| format!("--extra-index-url {}\n", on_one_line(&source.url)));
        let pins = self.default.iter().map(|(name, pin)| pin.line(name));
        indexes.chain(pins).collect()
    }
}

impl RawPin {
    /// What comes from elsewhere than an index stays visible: the reader of requirements judges it.
    fn line(&self, name: &str) -> String {
        let mut line = name.to_owned();
        if !self.extras.is_empty() {
            line += &format!("[{}]", self.extras.join(","));
        }
        match (&self.version, &self.git, self.file.as_ref().or(self.path.as_ref())) {
            (_, Some(git), _) => line += &format!(" @ git+{git}@{}", self.r#ref.as_deref().unwrap_or_default()),
            (_, None, Some(place)) => line += &format!(" @ {place}"),
            (version, None, None) => line += version.as_deref().unwrap_or_default(),
        }
        line.extend(self.markers.iter().map(|marker| format!(" ; {marker}")));
        line.extend(self.hashes.iter().map(|hash| format!(" --hash={hash}")));
        on_one_line(&line) + "\n"
    }
}

/// A value of JSON may have line ends, which would begin another requirement.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '#' || c == '\\' { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements::{RequirementProblemKind, Requirements};

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
    fn what_no_index_has_and_what_would_begin_another_line_is_refused() {
        for pin in [
            r#"{"git": "https://files.example/x.git", "ref": "abc"}"#,
            r#"{"path": ".", "editable": true}"#,
            r#"{"version": "==1\n./evil"}"#,
            r#"{"version": "*"}"#,
        ] {
            let pipfile = Pipfile::parse(&format!(r#"{{"default": {{"x": {pin}}}}}"#), "Pipfile.lock").expect("valid");
            let error = Requirements::parse(&pipfile.to_requirements(), "Pipfile.lock").expect_err(pin);
            let kind = &error.problems[0].kind;
            let is_refused = matches!(kind, RequirementProblemKind::Url(_) | RequirementProblemKind::NotPinned(_));
            assert!(is_refused && error.problems.len() == 1, "{error}");
        }
        let error = Pipfile::parse("{\n\"default\": 3}", "Pipfile.lock").expect_err("no table");
        assert!(error.to_string().starts_with("Pipfile.lock:2: "), "{error}");
    }
}
