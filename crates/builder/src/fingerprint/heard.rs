//! A receiver of reports that keeps what has to be said again when the result is remembered.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::session::Report;

/// What a build said that concerns its result, not its progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    warnings: Vec<String>,
    details: Vec<String>,
}

impl Said {
    /// Says it again.
    pub(crate) fn say(&self, report: &dyn Report) {
        self.warnings.iter().for_each(|warning| report.warning(warning));
        self.details.iter().for_each(|detail| report.detail(detail));
    }
}

/// Passes everything on, and listens.
pub(crate) struct Heard<'r> {
    report: &'r dyn Report,
    said: Mutex<Said>,
}

impl<'r> Heard<'r> {
    pub(crate) fn new(report: &'r dyn Report) -> Self {
        Self { report, said: Mutex::default() }
    }

    /// What was said so far.
    pub(crate) fn said(&self) -> Said {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Report for Heard<'_> {
    fn step(&self, text: &str) {
        self.report.step(text);
    }

    fn warning(&self, text: &str) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).warnings.push(text.to_owned());
        self.report.warning(text);
    }

    fn detail(&self, text: &str) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).details.push(text.to_owned());
        self.report.detail(text);
    }
}
