//! The progress of transfers, for callers that show it.

/// Hears of transfers as they go; called from several threads at once.
pub trait Progress: Sync {
    /// A transfer begins; the number identifies it in later calls.
    fn begin(&self, name: &str, total: Option<u64>) -> u64;
    /// This many more bytes of it have moved.
    fn advance(&self, id: u64, bytes: u64);
    /// It has ended, with or without success.
    fn end(&self, id: u64);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _name: &str, _total: Option<u64>) -> u64 {
        0
    }

    fn advance(&self, _id: u64, _bytes: u64) {}

    fn end(&self, _id: u64) {}
}

/// One transfer: ends when dropped.
pub(crate) struct Transfer<'a> {
    progress: &'a dyn Progress,
    id: u64,
}

impl<'a> Transfer<'a> {
    pub(crate) fn begin(progress: &'a dyn Progress, name: &str, total: Option<u64>) -> Self {
        Self { progress, id: progress.begin(name, total) }
    }

    pub(crate) fn advance(&self, bytes: u64) {
        self.progress.advance(self.id, bytes);
    }
}

impl Drop for Transfer<'_> {
    fn drop(&mut self) {
        self.progress.end(self.id);
    }
}
