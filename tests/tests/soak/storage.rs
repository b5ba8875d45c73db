//! A registry that stores whatever it is sent, complete or not: only the order of a client's requests keeps it sound.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shipwheel_loopback::{Contents, Received, Reply, Script, Server};

/// The registry.
pub(crate) struct Storage {
    server: Server,
    contents: Arc<Mutex<Contents>>,
}

struct Answers(Arc<Mutex<Contents>>);

impl Script for Answers {
    fn is_logged(&self) -> bool {
        false
    }

    fn answer(&self, received: &Received, _: usize) -> Option<Reply> {
        // A body that was broken off is lost.
        received.is_whole().then(|| lock(&self.0).answer(received))
    }
}

impl Storage {
    pub(crate) fn start() -> Self {
        let contents = Arc::new(Mutex::new(Contents::default()));
        Self { server: Server::with_script(Answers(contents.clone())), contents }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.server.address
    }

    pub(crate) fn requests(&self) -> u64 {
        self.server.requests() as u64
    }

    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
        lock(&self.contents)
    }
}

fn lock(contents: &Mutex<Contents>) -> MutexGuard<'_, Contents> {
    contents.lock().unwrap_or_else(PoisonError::into_inner)
}
