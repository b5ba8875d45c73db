//! What is chosen of a lock that is not in the standard form: pins as lines of requirements, and distributions with files.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Version, VersionSpecifiers};

use crate::lock::pylock::LockedPackage;
use crate::lock::tool_file::ToolFiles;
use crate::marker::Marker;
use crate::name::DistributionName;
use crate::requirements::Placed;

/// What is installed of a lock in an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Pins and places, by the line of the lock.
    lines: BTreeMap<usize, BTreeSet<String>>,
    added: BTreeSet<(DistributionName, Version)>,
    /// Lines on where files are looked for, in their order.
    lookups: Vec<String>,
    /// Distributions whose files the lock gives with their addresses.
    pub packages: Vec<LockedPackage>,
    /// The Python versions that the lock was made for.
    pub requires_python: Option<VersionSpecifiers>,
    /// The environments that it was made for; all, if there is none.
    pub environments: Vec<Marker>,
}

/// A distribution as the lock of a tool has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToolPackage {
    pub(super) name: DistributionName,
    pub(super) version: Version,
    /// The Python versions that it runs with, where only the lock says it.
    pub(super) requires_python: Option<VersionSpecifiers>,
    pub(super) files: ToolFiles,
    /// The line where its table begins, counted from 1.
    pub(super) line: usize,
}

impl Chosen {
    /// Adds a distribution.
    pub(super) fn add(&mut self, package: &ToolPackage) {
        let ToolPackage { name, version, requires_python, files, line } = package;
        self.added.insert((name.clone(), version.clone()));
        let text = match files {
            ToolFiles::OnIndex(index, hashes) => {
                index.iter().for_each(|url| self.add_index(url));
                let hashes: String = hashes.iter().map(|hash| format!(" --hash={hash}")).collect();
                format!("{name}=={version}{hashes}")
            }
            ToolFiles::AtPlace(place, hashes) => Placed {
                line: *line,
                name: Some(name.clone()),
                extras: Vec::new(),
                place: place.clone(),
                marker: None,
                hashes: hashes.clone(),
            }
            .to_string(),
            ToolFiles::AtAddresses(wheels, sdist) => {
                let package = LockedPackage {
                    name: name.clone(),
                    version: Some(version.clone()),
                    marker: None,
                    requires_python: requires_python.clone(),
                    wheels: wheels.clone(),
                    sdist: sdist.clone(),
                    origin: None,
                    line: *line,
                };
                if !self.packages.contains(&package) {
                    self.packages.push(package);
                }
                return;
            }
        };
        self.lines.entry(*line).or_default().insert(text);
    }

    /// Adds an index that is asked before the usual one.
    pub(super) fn add_index(&mut self, url: &str) {
        self.add_lookup(format!("--extra-index-url {url}"));
    }

    /// Adds a line on where files are looked for.
    pub(super) fn add_lookup(&mut self, line: String) {
        if !self.lookups.contains(&line) {
            self.lookups.push(line);
        }
    }

    /// Whether a version of a distribution is in it.
    pub(super) fn has(&self, name: &DistributionName, version: &Version) -> bool {
        self.added.contains(&(name.clone(), version.clone()))
    }

    /// The pins and places as a requirements file: each stands on the line where the lock has it, so that messages name
    /// that line.
    pub fn to_requirements(&self) -> String {
        let mut text = String::new();
        let mut at = 1;
        for (line, requirements) in &self.lines {
            text.extend(std::iter::repeat_n('\n', line.saturating_sub(at)));
            requirements.iter().for_each(|requirement| text += &format!("{requirement}\n"));
            at = line.max(&at) + requirements.len();
        }
        text.extend(self.lookups.iter().map(|line| format!("{line}\n")));
        text
    }
}
