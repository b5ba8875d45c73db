//! How much of what has moved: said to whoever wants to show it.

/// Takes note of transfers as they go; called from several threads at once.
pub trait Progress: Sync {
    /// A transfer begins; the number names it in the calls that follow.
    fn begin(&self, name: &str, total: Option<u64>) -> u64;
    /// So many more bytes of it have moved.
    fn advance(&self, id: u64, bytes: u64);
    /// It has ended, well or not.
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
