//! What a Dockerfile comes to while its lines are read, before it is written as an image.toml.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;
use crate::derive::error::DeriveError;
use crate::dockerfile::absolute;

/// A value with the line that it is from, and the line's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct From<T> {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) value: T,
}

/// A file or folder of the application, and where the Dockerfile puts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopiedFile {
    /// Its path below the folder; empty for the folder itself.
    pub(super) source: String,
    /// Where it is in the image; for a folder, where its contents are.
    pub(super) place: String,
}

/// What is installed, as the install lines say.
#[derive(Debug, Default)]
pub(super) struct Installed {
    /// The file that locks it, if a line names one.
    pub(super) lock: Option<From<String>>,
    /// Files that a line writes from a lock: `requirements.txt` of `poetry export`.
    pub(super) exported: BTreeMap<String, String>,
    /// Dependency groups and extras.
    pub(super) groups: BTreeSet<String>,
    pub(super) extras: BTreeSet<String>,
    /// The member of a workspace.
    pub(super) package: Option<String>,
    /// The line that installs the project itself.
    pub(super) project: Option<From<()>>,
    /// Distributions that lines name one by one.
    pub(super) named: Vec<From<String>>,
}

/// The numbers of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// A stage that builds what one line of the image's own stage copies.
#[derive(Debug, Clone)]
pub(super) struct FrontEnd {
    /// The lines that run its commands; one that needs none is empty.
    pub(super) runs: Vec<(usize, String)>,
    /// The variables of its commands.
    pub(super) environment: BTreeMap<String, String>,
    /// The folder here that it works in; empty for the folder itself.
    pub(super) directory: String,
    /// What is copied, below that folder.
    pub(super) made: String,
}

/// A step of `[[app.prepare]]`, before it is known where the image has its files.
#[derive(Debug)]
pub(super) enum Prepared {
    /// A command of the image's own stage, in a folder of the image.
    Command { line: usize, words: Vec<String>, environment: BTreeMap<String, String>, workdir: String },
    /// What a stage builds, and the line that copies it to a place of the image.
    FrontEnd { front_end: FrontEnd, line: usize, text: String, place: String },
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) account: Account,
    /// Debian packages of the final stage.
    pub(super) packages: BTreeMap<String, From<()>>,
    pub(super) copied: Vec<From<CopiedFile>>,
    /// What any stage copies from the folder, files of dependencies included.
    pub(super) placed: Vec<CopiedFile>,
    /// Instructions that set what the runtime is told.
    pub(super) settings: Vec<(usize, String)>,
    pub(super) installed: Installed,
    /// Folders of virtual environments.
    pub(super) environments: BTreeSet<String>,
    pub(super) users: BTreeMap<String, Owner>,
    pub(super) groups: BTreeMap<String, u32>,
    /// Folders and files that lines give to a user, or open to all.
    pub(super) given: Vec<From<String>>,
    /// Folders that lines make, and leave to the user that runs the line.
    pub(super) made: Vec<From<String>>,
    /// Files that a line makes executable, where the Dockerfile has them.
    pub(super) executable: BTreeSet<String>,
    /// Stages that build what one line copies, by their places.
    pub(super) front_ends: BTreeMap<usize, FrontEnd>,
    /// Steps that make files.
    pub(super) prepared: Vec<Prepared>,
    /// What could not be found out.
    pub(super) missing: Vec<DeriveError>,
    pub(super) optimize: Option<From<u8>>,
    /// Whether what is started does not buffer what it prints, by an option that was taken off.
    pub(super) is_unbuffered: bool,
    /// The Python that is installed by name: `3.11`.
    pub(super) python: Option<String>,
}

/// A command of a `RUN`: where it is, and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'s> {
    pub(super) line: usize,
    pub(super) words: &'s [String],
    pub(super) workdir: &'s str,
    /// Whether it runs in the stage that becomes the image, or in one that it follows from.
    pub(super) is_final: bool,
    /// The variables that it gets.
    pub(super) environment: &'s BTreeMap<String, String>,
}

impl Step<'_> {
    pub(super) fn text(&self) -> String {
        self.words.join(" ")
    }

    /// The arguments that are no options.
    pub(super) fn operands(&self) -> Vec<&str> {
        self.words.iter().skip(1).map(String::as_str).filter(|word| !word.starts_with('-')).collect()
    }

    pub(super) fn has(&self, flags: &[&str]) -> bool {
        self.words.iter().any(|word| flags.contains(&word.as_str()))
    }

    /// The values of an option: `-r FILE`, `--group=NAME`.
    pub(super) fn values(&self, names: &[&str]) -> Vec<&str> {
        let mut found = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            for name in names {
                if word == name {
                    found.extend(self.words.get(at + 1).map(String::as_str));
                } else if let Some(value) = word.strip_prefix(name) {
                    let joined = value.strip_prefix('=');
                    // `-rFILE`, but no longer option that begins alike.
                    let is_short = name.len() == 2 && !value.is_empty();
                    found.extend(joined.or_else(|| is_short.then_some(value)));
                }
            }
        }
        found
    }

    /// A path of the image, below the folder that the command runs in.
    pub(super) fn place(&self, path: &str) -> String {
        absolute(self.workdir, path)
    }
}

/// What is left of a path below a folder; empty for the folder itself.
pub(super) fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}
