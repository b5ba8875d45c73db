//! Tokens: fetched once, renewed in time, asked for by those who wait together.

mod elsewhere;
mod habits;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shipwheel_oci::{Digest, Reference};

use crate::Registry;
use crate::auth::CredentialSources;
use crate::testing::{Received, Reply, Server, http};

/// A registry whose tokens hold for so many seconds; counts them.
fn start(life: u64) -> (Server, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let shared = count.clone();
    let server = Server::start(move |got: &Received, _| {
        if got.target.starts_with("/token") {
            let number = shared.fetch_add(1, Ordering::SeqCst) + 1;
            return Reply::new(200).body(format!(r#"{{"token":"t{number}","expires_in":{life}}}"#));
        }
        match got.header("authorization") == format!("Bearer t{}", shared.load(Ordering::SeqCst)) {
            true => Reply::new(200),
            false => {
                let realm = format!(r#"Bearer realm="http://{}/token""#, got.header("host"));
                Reply::new(401).header("WWW-Authenticate", realm)
            }
        }
    });
    (server, count)
}

#[test]
fn a_token_is_used_until_shortly_before_its_end() {
    for (life, expected) in [(60, 1), (4, 1), (1, 2)] {
        let (server, count) = start(life);
        let registry = Registry::new(http(), CredentialSources::none());
        let reference: Reference = format!("{}/app:1", server.address).parse().unwrap();
        let ask = || registry.has_blob(&reference, &Digest::of(b"")).unwrap();
        assert!(ask() && ask());
        std::thread::sleep(Duration::from_millis(800));
        assert!(ask());
        assert_eq!(count.load(Ordering::SeqCst), expected, "life {life}");
        // Only the first request of all was refused: the others knew in time.
        let log = server.log();
        let unproven = log.iter().filter(|got| got.method == "HEAD" && got.header("authorization").is_empty());
        assert_eq!(unproven.count(), 1, "life {life}");
    }
}

#[test]
fn those_who_wait_together_share_one_token() {
    let (server, count) = start(60);
    let registry = Registry::new(http(), CredentialSources::none());
    let reference: Reference = format!("{}/app:1", server.address).parse().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(registry.has_blob(&reference, &Digest::of(b"")).unwrap()));
        }
    });
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_slow_token_server_ends_in_time_however_often_it_is_asked() {
    let server = Server::start(|got: &Received, _| match got.target.starts_with("/token") {
        true => Reply::new(200).body("{ \"token\": \"t\" }".repeat(99)).slowly(Duration::from_millis(200)),
        false => {
            Reply::new(401).header("WWW-Authenticate", format!(r#"Bearer realm="http://{}/token""#, got.header("host")))
        }
    });
    let registry = Registry::new(http(), CredentialSources::none());
    let reference: Reference = format!("{}/app:1", server.address).parse().unwrap();
    let begun = std::time::Instant::now();
    let error = registry.resolve(&reference).unwrap_err();
    assert!(matches!(error, crate::StoreError::Overdue { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}
