//! The result of a copy, done or planned.

/// How a blob came to be at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was there.
    Existed,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was sent: this many bytes, fewer than it has if an earlier upload was continued.
    Sent(u64),
}

/// The result of a copy to one destination, done or planned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushReport {
    /// Bytes of blobs uploaded.
    pub sent: u64,
    /// Bytes of blobs that the registry took from another of its repositories.
    pub mounted: u64,
    /// Bytes of blobs that were already there.
    pub skipped: u64,
    /// Manifests and indexes sent.
    pub documents: u64,
}

impl PushReport {
    pub(crate) fn add(&mut self, size: u64, pushed: Pushed) {
        match pushed {
            Pushed::Existed => self.skipped = self.skipped.saturating_add(size),
            Pushed::Mounted => self.mounted = self.mounted.saturating_add(size),
            Pushed::Sent(bytes) => {
                self.sent = self.sent.saturating_add(bytes);
                self.skipped = self.skipped.saturating_add(size.saturating_sub(bytes));
            }
        }
    }

    /// The sum of several reports.
    pub fn sum(reports: &[Self]) -> Self {
        reports.iter().fold(Self::default(), |sum, report| Self {
            sent: sum.sent.saturating_add(report.sent),
            mounted: sum.mounted.saturating_add(report.mounted),
            skipped: sum.skipped.saturating_add(report.skipped),
            documents: sum.documents.saturating_add(report.documents),
        })
    }
}
