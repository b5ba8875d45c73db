//! The files of a distribution as the locks of tools have them: hashes, with or without addresses, and places.

use std::ops::Range;
use std::str::FromStr;

use serde::Deserialize;

use crate::lock::checker::{Checker, Of, name_in_url};
use crate::lock::pylock::{LockedSdist, LockedWheel};
use crate::requirements::{Hashes, Place};

/// A file in a lock of Poetry or PDM.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ToolFile {
    pub(super) hash: String,
    pub(super) url: Option<String>,
}

/// Where such a lock says that a distribution is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    /// On an index: this one, if it is not a usual one.
    Index(Option<String>),
    /// At an address: of the one file that is listed, or else of a place.
    Address(String),
    /// At a place as a requirement says it: `git+…`, or a path.
    Place(String),
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

/// A repository of git as a requirement says it, at its newest commit where none is known.
pub(super) fn git_place(url: &str, commit: Option<&str>, folder: Option<&str>) -> String {
    let url = url.strip_prefix("git+").unwrap_or(url);
    // As git's own short form: git@host:owner/name.git.
    let url = match url.split_once(':') {
        Some((host, path)) if !url.contains("://") && host.contains('@') => format!("ssh://{host}/{path}"),
        _ => url.to_owned(),
    };
    format!("git+{url}@{}{}", commit.unwrap_or("HEAD"), in_folder(folder))
}

/// The end of a place that says in which of its folders a distribution is.
pub(super) fn in_folder(folder: Option<&str>) -> String {
    folder.map(|folder| format!("#subdirectory={folder}")).unwrap_or_default()
}

impl Checker {
    /// The files of a distribution; one of another distribution is reported.
    pub(super) fn tool_files(&mut self, span: &Range<usize>, at: At, files: &[ToolFile], of: Of<'_>) -> ToolFiles {
        let hashes = files.iter().map(|file| file.hash.as_str());
        match (at, files) {
            (At::Address(url), [file]) => self.addressed(span, [(file.hash.as_str(), url.as_str())], of),
            (At::Address(place) | At::Place(place), _) => {
                let hashes = self.hashes(span, hashes);
                match self.place(span, &place) {
                    Some(place) => ToolFiles::AtPlace(place, hashes),
                    None => ToolFiles::OnIndex(None, Vec::new()),
                }
            }
            (At::Index(index), _) => match files.iter().map(|file| file.url.as_deref()).collect::<Option<Vec<_>>>() {
                Some(urls) if !urls.is_empty() => self.addressed(span, hashes.zip(urls), of),
                _ => {
                    let index = self.words(span, index.as_deref()).pop();
                    ToolFiles::OnIndex(index, self.words(span, hashes))
                }
            },
        }
    }

    /// Hashes and addresses that become words of a line.
    pub(super) fn words<'w>(&mut self, span: &Range<usize>, texts: impl IntoIterator<Item = &'w str>) -> Vec<String> {
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let (words, others): (Vec<&str>, Vec<&str>) = texts.into_iter().partition(|text| is_word(text));
        for text in others {
            self.report(span.clone(), format!("`{}` is not a hash or an address", text.escape_debug()));
        }
        words.into_iter().map(str::to_owned).collect()
    }

    /// The hashes of a file at a place; those that prove nothing are left out.
    fn hashes<'w>(&mut self, span: &Range<usize>, texts: impl IntoIterator<Item = &'w str>) -> Hashes {
        let mut all = Hashes::default();
        for text in texts {
            let (sha256, stronger) = self.hash(span.clone(), Some(text));
            all.sha256.extend(sha256);
            all.stronger.extend(stronger);
        }
        all
    }

    /// Files by their hashes and addresses: the wheels, and the source distribution.
    fn addressed<'f>(
        &mut self,
        span: &Range<usize>,
        files: impl IntoIterator<Item = (&'f str, &'f str)>,
        of: Of<'_>,
    ) -> ToolFiles {
        let (mut wheels, mut sdist) = (Vec::new(), None);
        for (hash, url) in files {
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
    fn place(&mut self, span: &Range<usize>, text: &str) -> Option<Place> {
        match Place::from_str(text) {
            Ok(place) => Some(place),
            Err(why) => {
                self.report(span.clone(), format!("the place of a distribution {why}"));
                None
            }
        }
    }
}
