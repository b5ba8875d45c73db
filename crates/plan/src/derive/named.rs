//! The Python that the files of a folder name: `.python-version`, a Pipfile, a Dockerfile, the head of a lock.

use std::fmt;

use crate::derive::known::Known;
use crate::derive::lock;

/// A minor version of Python that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// `3.11`.
    pub(super) minor: String,
    place: &'static str,
    /// Whether just this version is asked for; else it is what was at hand when the file was written.
    pub(super) is_asked_for: bool,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Python {}", self.place, self.minor)
    }
}

/// How a version is read out of a file.
type Read = fn(&str) -> Option<&str>;

/// Files that name a Python, in the order of their weight.
const FILES: [(&str, &str, bool, Read); 5] = [
    (".python-version", ".python-version says", true, of_first_line),
    (".tool-versions", ".tool-versions says", true, of_tool_versions),
    ("runtime.txt", "runtime.txt says", true, of_first_line),
    ("Pipfile", "the Pipfile requires", true, of_pipfile),
    ("Dockerfile", "the Dockerfile starts from", false, of_dockerfile),
];

/// Whether a file at the top of a folder names a Python.
pub(super) fn is_read(name: &str) -> bool {
    FILES.iter().any(|(file, ..)| *file == name)
}

/// Every version that is named, those of most weight first; `lock` is the text of the lock.
pub(super) fn all(known: &Known<'_>, lock: &str) -> Vec<Named> {
    let named = |minor: &str, place, is_asked_for| Named { minor: minor.to_owned(), place, is_asked_for };
    let files = FILES
        .iter()
        .filter_map(|(file, place, is_asked_for, read)| Some(named(read(known.text(file))?, place, *is_asked_for)));
    let compiled = lock::compiled_for(lock).map(|minor| named(minor, "the lock was made for", false));
    files.chain(compiled).collect()
}

/// `3.11.4`, `cpython-3.11.4`, `python-3.11.4`, below comments.
fn of_first_line(text: &str) -> Option<&str> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let version = line.trim_start_matches("cpython").trim_start_matches("python").trim_start_matches(['-', '@']);
    version.starts_with("3.").then(|| lock::minor(version))?
}

/// `python 3.11.4`, as asdf and mise have it.
fn of_tool_versions(text: &str) -> Option<&str> {
    text.lines().find_map(|line| of_first_line(line.trim().strip_prefix("python ")?.trim()))
}

/// `python_version = "3.11"` or `python_full_version = "3.11.4"`.
fn of_pipfile(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        let is_python = ["python_version", "python_full_version"].contains(&key.trim());
        is_python.then(|| of_first_line(value.trim().trim_matches(['"', '\''])))?
    })
}

/// `FROM python:3.11-slim`, also an image of another that has the version in its tag; the last stage is what runs.
fn of_dockerfile(text: &str) -> Option<&str> {
    text.lines().rev().find_map(|line| {
        let (from, rest) = line.trim().split_once(char::is_whitespace)?;
        let image = rest.split_whitespace().find(|word| !word.starts_with("--"))?;
        let (_, version) = image.rsplit_once("python").filter(|_| from.eq_ignore_ascii_case("FROM"))?;
        let version = version.trim_start_matches([':', '-']);
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
        of_first_line(&version[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(read: Read, rows: &[(&str, Option<&str>)]) {
        for (text, expected) in rows {
            assert_eq!(read(text), *expected, "{text}");
        }
    }

    #[test]
    fn each_file_names_its_python_in_its_own_way() {
        check(
            of_first_line,
            &[
                ("3.11.7\n", Some("3.11")),
                ("# ours\n\ncpython-3.12\n3.11\n", Some("3.12")),
                ("python-3.10.4", Some("3.10")),
                ("cpython@3.13", Some("3.13")),
                ("pypy3.9-7.3", None),
                ("3", None),
                ("system", None),
                ("2.7.18", None),
                ("", None),
            ],
        );
        check(of_tool_versions, &[("nodejs 20.1\npython 3.11.4\n", Some("3.11")), ("python system", None)]);
        check(
            of_pipfile,
            &[
                ("[requires]\npython_version = \"3.9\"\n", Some("3.9")),
                ("python_full_version='3.9.2'", Some("3.9")),
                ("flask = {version = \"*\", markers = \"python_version < '3.8'\"}", None),
            ],
        );
        check(
            of_dockerfile,
            &[
                ("FROM python:3.11-slim\nRUN x\n", Some("3.11")),
                ("FROM python:3.9 AS build\nfrom --platform=linux/amd64 registry.invalid/python:3.12\n", Some("3.12")),
                ("FROM node:20\n", None),
                ("FROM example.invalid/uv:python3.13-trixie-slim", Some("3.13")),
                ("FROM python:3\nRUN python3.11 x", None),
                ("FROM python:${VERSION}-slim", None),
            ],
        );
    }
}
