//! Whether the kernel can start an image's command: a script may be executed, and the base has the program that its
//! first line names.
//!
//! Bases of Debian's packages have no shell and no `env` unless their packages are named. What a registry's image has
//! is not looked at.

use std::collections::BTreeSet;

use shipwheel_oci::Platform;

use super::start_error::StartError;
use crate::loading::place::first_line;

/// Programs that no base has by itself, by the package of Debian that brings them.
const PACKAGED: [(&str, &str); 4] = [("bash", "bash"), ("dash", "dash"), ("env", "coreutils"), ("sh", "dash")];

/// Where Debian has them.
const FOLDERS: [&str; 2] = ["/bin", "/usr/bin"];

/// The first word of a command, and the file that it is if it is the application's.
#[derive(Debug, Clone, Copy)]
pub(super) struct First<'a> {
    pub(super) word: &'a str,
    pub(super) file: Option<File<'a>>,
}

/// A file of the application that a command starts by its path.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) is_executable: bool,
    /// How it begins.
    pub(super) head: &'a [u8],
}

/// Checks what a command starts first against the packages that a base is made of.
///
/// `is_own` tells whether the application brings a file with a path of the image.
///
/// # Errors
/// When the kernel would refuse it.
pub(super) fn check(
    first: First<'_>,
    packages: &BTreeSet<&str>,
    is_own: impl Fn(&str) -> bool,
    platform: &Platform,
) -> Result<(), StartError> {
    let (script, programs) = match first.file {
        Some(File { path, is_executable: false, .. }) => {
            return Err(StartError::NotExecutable { script: path.to_owned() });
        }
        Some(file) => (Some(file.path.to_owned()), programs(file.head)),
        None => (None, vec![first.word.to_owned()]),
    };
    let lacks = |package: &&str| !packages.contains(package);
    let missing = programs.into_iter().filter(|program| !is_own(program));
    match missing.filter_map(|program| Some((package(&program).filter(lacks)?, program))).next() {
        Some((package, program)) => Err(StartError::NoProgram { script, program, package, platform: platform.clone() }),
        None => Ok(()),
    }
}

/// The program that a script's first line names, and the one that `env` starts for it.
fn programs(head: &[u8]) -> Vec<String> {
    let line = first_line(head).unwrap_or_default();
    let Some((program, rest)) = line.split_first() else { return Vec::new() };
    // Its flags and variables come first.
    let mut words = rest.iter().flat_map(|rest| rest.split_whitespace());
    let started = words.find(|word| !word.starts_with('-') && !word.contains('='));
    let started = started.filter(|_| program.ends_with("/env"));
    [program.as_str()].into_iter().chain(started).map(str::to_owned).collect()
}

/// The package that a base needs for a program, by its name or by its usual path.
fn package(program: &str) -> Option<&'static str> {
    let (folder, name) = program.rsplit_once('/').map_or((None, program), |(folder, name)| (Some(folder), name));
    let is_usual = folder.is_none_or(|folder| FOLDERS.contains(&folder));
    PACKAGED.iter().find(|(program, _)| is_usual && *program == name).map(|(_, package)| *package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_shells_need_their_packages() {
        let file = |is_executable, head| Some(File { path: "/app/start", is_executable, head });
        let none = "needs nothing";
        for (word, file, packages, expected) in [
            ("/app/start", file(true, b"#!/usr/bin/env bash\nset -e\n".as_slice()), "", "/usr/bin/env coreutils"),
            ("/app/start", file(true, b"#!/usr/bin/env bash\n"), "bash coreutils", none),
            ("/app/start", file(true, b"#!/usr/bin/env bash\n"), "coreutils", "bash bash"),
            ("/app/start", file(true, b"#!/usr/bin/env -S A=1 sh -e\n"), "coreutils", "sh dash"),
            ("/app/start", file(true, b"#!/usr/bin/env python3\n"), "coreutils", none),
            ("/app/start", file(true, b"#! /bin/sh -e\n"), "bash", "/bin/sh dash"),
            ("/app/start", file(true, b"#!/bin/sh"), "dash", none),
            ("/app/start", file(true, b"#!/bin/bash\n"), "dash", "/bin/bash bash"),
            ("/app/start", file(true, b"#!/usr/bin/python3\n"), "", none),
            ("/app/start", file(true, b"#!/opt/tools/bash\n"), "", none),
            ("/app/start", file(true, b"\x7fELF"), "", none),
            ("/app/start", file(true, b""), "", none),
            ("/app/start", file(true, b"#!"), "", none),
            ("/app/start", file(false, b"#!/usr/bin/python3\n"), "", "/app/start is not executable"),
            ("bash", None, "", "bash bash"),
            ("/bin/sh", None, "", "/bin/sh dash"),
            ("/bin/sh", None, "dash", none),
            ("/srv/sh", None, "", none),
            ("gunicorn", None, "", none),
        ] {
            let packages: BTreeSet<&str> = packages.split(' ').collect();
            let found = check(First { word, file }, &packages, |_| false, &"linux/amd64".parse().unwrap());
            let found = match found {
                Ok(()) => none.to_owned(),
                Err(StartError::NoProgram { program, package, .. }) => format!("{program} {package}"),
                Err(StartError::NotExecutable { script }) => format!("{script} is not executable"),
                Err(StartError::NotInstalled { program, .. }) => program,
            };
            assert_eq!(found, expected, "{word} {file:?}");
        }
        let own = check(
            First { word: "/bin/sh", file: None },
            &BTreeSet::new(),
            |path| path == "/bin/sh",
            &"linux/amd64".parse().unwrap(),
        );
        assert_eq!(own, Ok(()));
    }
}
