//! `[python]`: the locked dependencies, what of them is wanted, and where their wheels are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use shipwheel_oci::Digest;
use shipwheel_python::DistributionName;
use shipwheel_python::wheel::WheelName;

use crate::spec::section::{Located, Section};

/// The dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonSpec {
    /// The lock file, relative to the image.toml.
    pub lock: Located<String>,
    /// Extras of the project that are wanted.
    pub extras: Vec<Located<String>>,
    /// Dependency groups that are wanted; `None` for those that the lock has by default.
    pub groups: Option<Vec<Located<String>>>,
    /// The member of a workspace whose dependencies are wanted.
    pub package: Option<Located<String>>,
    /// Folders with wheels, relative to the image.toml; looked into before anything is fetched.
    pub wheels: Vec<Located<String>>,
    /// Package indexes that are asked for the files of a lock's hashes, in this order, in place of all others.
    pub index: Vec<String>,
    /// Wheels that the lock does not list, by file name, with their sha256.
    pub accept: BTreeMap<String, AcceptedWheel>,
    /// Prefixes of addresses, and what replaces them.
    pub mirrors: BTreeMap<String, String>,
    /// Distributions whose files are taken where others have different ones at the same path; the first decides.
    pub prefer: Vec<DistributionName>,
    /// Whether a wheel whose RECORD differs from its files is an error.
    pub strict_records: bool,
    /// Distributions whose source distributions may be built on this machine.
    pub allow_build: BTreeSet<DistributionName>,
}

/// A wheel that may be used though the lock does not list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedWheel {
    /// Its file name, taken apart.
    pub name: WheelName,
    /// Its sha256.
    pub sha256: Digest,
}

impl PythonSpec {
    /// The dependencies of a lock, with nothing else said about them.
    pub fn new(lock: Located<String>) -> Self {
        Self {
            lock,
            extras: Vec::new(),
            groups: None,
            package: None,
            wheels: Vec::new(),
            index: Vec::new(),
            accept: BTreeMap::new(),
            mirrors: BTreeMap::new(),
            prefer: Vec::new(),
            strict_records: false,
            allow_build: BTreeSet::new(),
        }
    }
}

const KEYS: &[&str] = &[
    "lock",
    "extras",
    "groups",
    "package",
    "wheels",
    "index",
    "accept",
    "mirrors",
    "prefer",
    "strict-records",
    "allow-build",
];

pub(super) fn read_python(top: &Section<'_>) -> Option<PythonSpec> {
    let python = top.section("python", KEYS)?;
    if python.value("lock").is_none()
        && let Some(value) = top.value("python")
    {
        top.report(value, "`python` is missing `lock`, such as \"uv.lock\" or \"requirements.txt\"".to_owned());
    }
    let (accept, mirrors) = (read_accept(&python), read_mirrors(&python));
    Some(PythonSpec {
        extras: python.texts("extras").unwrap_or_default(),
        groups: python.texts("groups"),
        package: python.text("package"),
        wheels: python.texts("wheels").unwrap_or_default(),
        index: read_index(&python),
        accept,
        mirrors,
        prefer: python.names("prefer").into_iter().map(|name| name.value).collect(),
        strict_records: python.boolean("strict-records").unwrap_or_default(),
        allow_build: python.names("allow-build").into_iter().map(|name| name.value).collect(),
        ..PythonSpec::new(python.text("lock")?)
    })
}

fn span(section: &Section<'_>, key: &str) -> Range<usize> {
    section.value(key).map_or(0..0, |value| value.span())
}

fn read_accept(python: &Section<'_>) -> BTreeMap<String, AcceptedWheel> {
    let mut accept = BTreeMap::new();
    for (file_name, text) in python.text_map("accept") {
        let report = |message: String| python.report_at(span(python, "accept"), message);
        let name: Result<WheelName, _> = file_name.parse();
        let sha256 = Digest::from_hex(text.strip_prefix("sha256:").unwrap_or(&text));
        match (name, sha256) {
            (Ok(name), Ok(sha256)) => drop(accept.insert(file_name, AcceptedWheel { name, sha256 })),
            (Err(error), _) => report(format!("`python.accept`: {error}")),
            (_, Err(_)) => report(format!("`python.accept` has `{text}` for {file_name}, expected its sha256")),
        }
    }
    accept
}

/// Addresses of indexes; a password in one would be in everybody's copy of the file.
fn read_index(python: &Section<'_>) -> Vec<String> {
    let urls = python.texts("index").unwrap_or_default();
    for Located { value: url, span } in &urls {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let login = rest.and_then(|rest| rest.split('/').next()?.rsplit_once('@')).map(|(login, _)| login);
        if rest.is_none_or(str::is_empty) || url.contains(char::is_whitespace) {
            let message = format!("`python.index` has `{url}`, expected a URL that begins with http:// or https://");
            python.report_at(span.clone(), message);
        } else if login.is_some_and(|login| !login.contains("${")) {
            let message = "`python.index` has a login: name variables in its place, `https://${USER}:${PASSWORD}@…`";
            python.report_at(span.clone(), message.to_owned());
        }
    }
    urls.into_iter().map(|url| url.value).collect()
}

fn read_mirrors(python: &Section<'_>) -> BTreeMap<String, String> {
    let mirrors = python.text_map("mirrors");
    for (from, to) in &mirrors {
        for text in [from, to].into_iter().filter(|text| !text.starts_with("https://") && !text.starts_with("http://"))
        {
            let message = format!("`python.mirrors` has `{text}`, expected a URL that begins with http:// or https://");
            python.report_at(span(python, "mirrors"), message);
        }
    }
    mirrors
}
