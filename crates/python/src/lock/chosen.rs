//! What is chosen of a lock that is not in the standard form: pins as lines of requirements, and distributions with files.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use crate::lock::checker::{Checker, Of, name_in_url};
use crate::lock::pylock::{LockedPackage, LockedSdist, LockedWheel};
use crate::marker::Marker;
use crate::name::DistributionName;
use crate::requirements::{Hashes, Place, Placed};

/// What is installed of a lock in an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Pins and places, by the line of the lock.
    lines: BTreeMap<usize, BTreeSet<String>>,
    added: BTreeSet<(DistributionName, Version)>,
    /// Indexes that only some distributions come from.
    indexes: BTreeSet<String>,
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

/// Where the files of a distribution are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ToolFiles {
    /// On an index: one of these, if it is not a usual one; the hashes say which files.
    OnIndex(Option<String>, Vec<String>),
    /// At these addresses.
    AtAddresses(Vec<LockedWheel>, Option<LockedSdist>),
    /// At a place, with these hashes.
    AtPlace(Place, Hashes),
}

impl Chosen {
    /// Adds a distribution.
    pub(super) fn add(&mut self, package: &ToolPackage) {
        let ToolPackage { name, version, requires_python, files, line } = package;
        self.added.insert((name.clone(), version.clone()));
        let text = match files {
            ToolFiles::OnIndex(index, hashes) => {
                self.indexes.extend(index.clone());
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
        text.extend(self.indexes.iter().map(|url| format!("--extra-index-url {url}\n")));
        text
    }
}

/// A file as PDM and Poetry list it.
pub(super) struct ToolFile<'f> {
    pub(super) hash: &'f str,
    pub(super) url: Option<&'f str>,
}

impl Checker {
    /// Hashes that become words of a line.
    pub(super) fn words<'w>(
        &mut self,
        span: &std::ops::Range<usize>,
        texts: impl IntoIterator<Item = &'w str>,
    ) -> Vec<String> {
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let (words, others): (Vec<&str>, Vec<&str>) = texts.into_iter().partition(|text| is_word(text));
        for text in others {
            self.report(span.clone(), format!("`{}` is not a hash or an address", text.escape_debug()));
        }
        words.into_iter().map(str::to_owned).collect()
    }

    /// The hashes of a file at a place; those that prove nothing are left out.
    pub(super) fn hashes<'w>(
        &mut self,
        span: &std::ops::Range<usize>,
        texts: impl IntoIterator<Item = &'w str>,
    ) -> Hashes {
        let mut all = Hashes::default();
        for text in texts {
            let (sha256, stronger) = self.hash(span.clone(), Some(text));
            all.sha256.extend(sha256);
            all.stronger.extend(stronger);
        }
        all
    }

    /// Files with addresses: the wheels, and the source distribution.
    pub(super) fn addressed<'f>(
        &mut self,
        span: &std::ops::Range<usize>,
        files: impl IntoIterator<Item = ToolFile<'f>>,
        of: Of<'_>,
    ) -> ToolFiles {
        let (mut wheels, mut sdist) = (Vec::new(), None);
        for ToolFile { hash, url } in files {
            let url = url.unwrap_or_default();
            let (sha256, stronger) = self.hash(span.clone(), Some(hash));
            let file_name = name_in_url(url);
            let url = Some(url.split('#').next().unwrap_or_default().to_owned());
            if !file_name.ends_with(".whl") {
                sdist = Some(LockedSdist { url, path: None, sha256, stronger });
            } else if let Some(name) = self.wheel_name(span.clone(), &file_name, of) {
                wheels.push(LockedWheel { name, url, path: None, size: None, sha256, stronger });
            }
        }
        ToolFiles::AtAddresses(wheels, sdist)
    }

    /// The place of a distribution as a requirement says it: `git+…`, an address, or a path; `None` if it is none.
    pub(super) fn place(&mut self, span: &std::ops::Range<usize>, text: &str) -> Option<Place> {
        match Place::from_str(text) {
            Ok(place) => Some(place),
            Err(why) => {
                self.report(span.clone(), format!("the place of a distribution {why}"));
                None
            }
        }
    }
}
