//! A registry in memory that behaves as the distribution specification says, and accepts nothing incomplete.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Contents, Server};

/// A registry on the loopback interface.
#[derive(Debug)]
pub struct MemoryRegistry {
    server: Server,
    contents: Arc<Mutex<Contents>>,
}

impl MemoryRegistry {
    /// With or without the referrers API.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(has_referrers: bool) -> Self {
        let contents = Arc::new(Mutex::new(Contents::strict(has_referrers)));
        let shared = contents.clone();
        let answer = move |received: &crate::Received, _: usize| lock(&shared).answer(received);
        Self { server: Server::start(answer), contents }
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.server.address
    }

    /// The requests so far as `GET /path`.
    pub fn lines(&self) -> Vec<String> {
        self.server.lines()
    }

    /// What it holds.
    pub fn contents(&self) -> MutexGuard<'_, Contents> {
        lock(&self.contents)
    }
}

fn lock(contents: &Mutex<Contents>) -> MutexGuard<'_, Contents> {
    contents.lock().unwrap_or_else(PoisonError::into_inner)
}
