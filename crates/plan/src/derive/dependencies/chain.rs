//! A file of requirements with all that it includes.

use std::collections::BTreeSet;

use shipwheel_python::DistributionName;
use shipwheel_python::lock::LockForm;
use shipwheel_python::requirements::{Include, asks_for_anything, beside, includes};

use super::brought;
use crate::derive::error::DeriveError;
use crate::derive::known::Known;

/// The files of a chain, the one that includes the others first.
pub(super) struct Chain {
    /// Those that ask for distributions.
    pub(super) files: Vec<String>,
}

impl Chain {
    /// Follows the files that a file includes, and those that they include.
    ///
    /// A file above the folder is not looked into: the build does, where it may.
    ///
    /// # Errors
    /// When one is not there, is no file that may be read, or includes itself.
    pub(super) fn of(known: &Known<'_>, path: &str) -> Result<Self, DeriveError> {
        let mut this = Self { files: Vec::new() };
        this.add(known, path, &mut Vec::new())?;
        Ok(this)
    }

    /// Whether any of the files asks for a distribution.
    pub(super) fn asks_for_anything(&self, known: &Known<'_>) -> bool {
        self.files.iter().any(|path| path.starts_with("../") || asks_for_anything(known.text(path)))
    }

    /// The distributions that the files name, and the servers that these bring.
    pub(super) fn distributions(&self, known: &Known<'_>) -> BTreeSet<DistributionName> {
        let texts = self.files.iter().map(|path| known.text(path));
        let named = |text: &str| LockForm::Requirements.distributions(text).into_iter().chain(brought::servers(text));
        texts.flat_map(named).collect()
    }

    fn add(&mut self, known: &Known<'_>, path: &str, above: &mut Vec<String>) -> Result<(), DeriveError> {
        if self.files.iter().any(|file| file == path) {
            return Ok(());
        }
        self.files.push(path.to_owned());
        above.push(path.to_owned());
        for include in includes(known.text(path)) {
            let Include { line, path: named, constrains } = include;
            let error = |problem| DeriveError::Include { file: path.to_owned(), line, named: named.clone(), problem };
            let included = beside(path, &named).ok_or_else(|| error("is not below the folder of the application"))?;
            if included.starts_with("../") {
                self.files.push(included);
                continue;
            }
            if above.contains(&included) {
                return Err(error("includes this file in turn"));
            }
            if !known.has(&included) {
                return Err(error("does not exist"));
            }
            if !known.folder.texts.contains_key(&included) {
                return Err(error("cannot be read: it is too large, or a link that leads out of the folder"));
            }
            if !constrains {
                self.add(known, &included, above)?;
            }
        }
        above.pop();
        Ok(())
    }
}
