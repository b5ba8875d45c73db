//! A client for the tests that does not wait long for anything, and a cache in a folder of its own.

use std::time::Duration;

pub(crate) use shipwheel_loopback::{MemoryRegistry, Received, Reply, Server};

use crate::Cache;
use crate::http::{Http, HttpOptions};

pub(crate) fn http() -> Http {
    http_with([])
}

/// The same, for a user who named these hosts as insecure.
pub(crate) fn http_with<const N: usize>(insecure_hosts: [&str; N]) -> Http {
    let insecure_hosts = insecure_hosts.map(str::to_owned).into();
    Http::new(HttpOptions {
        insecure_hosts,
        connect_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(2),
        document_deadline: Duration::from_secs(3),
        retries: 3,
        retry_delay: Duration::from_millis(5),
        ..HttpOptions::default()
    })
    .unwrap()
}

/// The folder goes with the first value.
pub(crate) fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    (folder, cache)
}
