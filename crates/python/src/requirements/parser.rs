//! The lines of a requirements file, joined and taken apart.

use std::sync::Arc;

use pep440_rs::Operator;
use shipwheel_oci::Digest;

use crate::dependency::Dependency;
use crate::name::normalized;
use crate::requirements::error::{RequirementProblem, RequirementProblemKind as Kind, RequirementsError};
use crate::requirements::option::option;
use crate::requirements::requirement::{Requirement, Requirements};

/// Options that say where files are found, not which: for the tool that looks them up.
pub(super) const LOOKUP_OPTIONS: [&str; 13] = [
    "-i",
    "--index-url",
    "--extra-index-url",
    "--no-index",
    "-f",
    "--find-links",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--require-hashes",
    "--pre",
    "--trusted-host",
    "--use-feature",
];

impl Requirements {
    /// Parses the text of a requirements file; `file` names it in messages.
    ///
    /// Options on where to find files (`--index-url`, `--find-links`) are passed over: they
    /// are for the tool that looks the files up. So are other files, which [`includes`](super::includes) lists: they are
    /// for the caller, who can read them.
    ///
    /// # Errors
    /// When lines are not `NAME==VERSION`: all of them at once.
    pub fn parse(text: &str, file: &str) -> Result<Self, RequirementsError> {
        let (mut requirements, mut problems) = (Vec::new(), Vec::new());
        let name: Arc<str> = file.into();
        for (line, text) in logical_lines(text) {
            match requirement(&name, line, &text) {
                Ok(found) => requirements.extend(found),
                Err(kind) => problems.push(RequirementProblem { line, kind }),
            }
        }
        let file = file.to_owned();
        match problems.is_empty() {
            true => Ok(Self { file, requirements }),
            false => Err(RequirementsError { file, problems }),
        }
    }
}

/// Lines with `\` at their end joined, comments cut off, blank ones left out.
pub(super) fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    // Editors of one system begin a text with a mark, which is no part of it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let comment = line.trim_start().starts_with('#');
        let (_, joined) = open.get_or_insert_with(|| (number, String::new()));
        joined.push(' ');
        match line.strip_suffix('\\') {
            // As in pip: a comment ends a joined line, even with `\` at its end.
            Some(rest) if !comment => joined.push_str(rest),
            _ => {
                joined.push_str(without_comment(line));
                lines.extend(open.take());
            }
        }
    }
    lines.extend(open);
    let trimmed = lines.into_iter().map(|(number, line)| (number, line.trim().to_owned()));
    trimmed.filter(|(_, line)| !line.is_empty()).collect()
}

/// A `#` begins a comment at the start or behind a blank: URLs have fragments.
fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(begins).map_or(line, |(at, _)| &line[..at])
}

fn requirement(file: &Arc<str>, line: usize, text: &str) -> Result<Option<Requirement>, Kind> {
    if text.starts_with('-') {
        return check_option(text).map(|()| None);
    }
    let (pin, options) = text.find(" --").map_or((text, ""), |at| text.split_at(at));
    let (pin, marker) = match pin.split_once(';') {
        Some((pin, marker)) => (pin.trim(), Some(marker.trim())),
        None => (pin.trim(), None),
    };
    if pin.contains("://") || pin.contains('@') || pin.contains('/') || pin.starts_with('.') {
        return Err(Kind::Url(pin.to_owned()));
    }
    let not_pinned = || Kind::NotPinned(pin.to_owned());
    let Dependency { name, extras, versions, .. } = pin.parse().map_err(|_| not_pinned())?;
    let [only] = &versions[..] else { return Err(not_pinned()) };
    if !matches!(only.operator(), Operator::Equal | Operator::ExactEqual) {
        return Err(not_pinned());
    }
    let mut extras: Vec<String> = extras.iter().map(|extra| normalized(extra)).collect();
    extras.sort();
    Ok(Some(Requirement {
        name,
        version: only.version().clone(),
        extras,
        marker: marker.map(str::parse).transpose().map_err(|error| Kind::Marker(format!("{error}")))?,
        hashes: hashes(options)?,
        file: file.clone(),
        line,
    }))
}

fn check_option(text: &str) -> Result<(), Kind> {
    let (name, value) = option(text);
    match name {
        "-r" | "--requirement" if value.contains("://") => Err(Kind::OtherFile(format!("{name} URL"))),
        "-r" | "--requirement" | "-c" | "--constraint" => Ok(()),
        "-e" | "--editable" => Err(Kind::Editable(text.to_owned())),
        _ if LOOKUP_OPTIONS.contains(&name) => Ok(()),
        _ => Err(Kind::Option(text.to_owned())),
    }
}

/// The sha256 values of `--hash=sha256:... --hash sha256:...`.
fn hashes(options: &str) -> Result<Vec<Digest>, Kind> {
    let mut digests = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let value = match word.split_once('=') {
            Some(("--hash", value)) => value,
            None if word == "--hash" => words.next().unwrap_or_default(),
            _ => return Err(Kind::Option(word.to_owned())),
        };
        match value.split_once(':') {
            Some(("sha256", digits)) => {
                let digest = Digest::from_hex(&digits.to_ascii_lowercase());
                digests.push(digest.map_err(|_| Kind::Hash(value.to_owned()))?);
            }
            Some(("md5" | "sha1" | "sha224" | "sha384" | "sha512", _)) => {}
            _ => return Err(Kind::Hash(value.to_owned())),
        }
    }
    Ok(digests)
}
