//! The lines of a requirements file, joined and taken apart.

use std::sync::Arc;

use pep440_rs::Operator;

use crate::dependency::Dependency;
use crate::name::normalized;
use crate::requirements::error::{RequirementProblem, RequirementProblemKind as Kind, RequirementsError};
use crate::requirements::lines::logical_lines;
use crate::requirements::option::{hashes, option};
use crate::requirements::placed::placed_line;
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
    /// are for the tool that looks the files up. So are other files, which [`includes`](super::includes) lists, and what
    /// says where it is, which [`placed`](super::placed) lists: they are for the caller, who can read them.
    ///
    /// # Errors
    /// When lines are not `NAME==VERSION`: all of them at once.
    pub fn parse(text: &str, file: &str) -> Result<Self, RequirementsError> {
        let (mut requirements, mut problems) = (Vec::new(), Vec::new());
        let name: Arc<str> = file.into();
        for (line, text) in logical_lines(text) {
            match placed_line(line, &text).and_then(|placed| match placed {
                Some(_) => Ok(None),
                None => requirement(&name, line, &text),
            }) {
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

fn requirement(file: &Arc<str>, line: usize, text: &str) -> Result<Option<Requirement>, Kind> {
    if text.starts_with('-') {
        return check_option(text).map(|()| None);
    }
    let (pin, options) = text.find(" --").map_or((text, ""), |at| text.split_at(at));
    let (pin, marker) = match pin.split_once(';') {
        Some((pin, marker)) => (pin.trim(), Some(marker.trim())),
        None => (pin.trim(), None),
    };
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
        _ if LOOKUP_OPTIONS.contains(&name) => Ok(()),
        _ => Err(Kind::Option(text.to_owned())),
    }
}
