//! Blobs on their way to registries with the quirks that real ones have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use shipwheel_oci::{Descriptor, Digest, Reference, media_type};

use crate::auth::CredentialSources;
use crate::image::{Offer, Pushed};
use crate::testing::{Received, Reply, Server, cache, http};
use crate::{BlobFile, NoProgress, Registry};

/// What the registry does differently.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Quirk {
    None,
    Mounts,
    RefusesMounts,
    RedirectsPuts,
    /// Takes half of the first PUT and answers 500; says how far it came.
    BreaksOnce,
    /// The same, but the upload is gone.
    LosesUploads,
    /// The same, and what it says of how far it came makes no sense.
    CountsWrong,
    /// The same, and it refuses to go on from there (ECR).
    RefusesToContinue,
    /// Takes the first PUT and answers 502, as a proxy that lost patience does.
    LosesAnswers,
    /// Answers 413 to a blob in one piece.
    LimitsBodies,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: BTreeMap<String, String>,
    upload: Vec<u8>,
    puts: usize,
}

fn query<'a>(got: &'a Received, name: &str) -> &'a str {
    let query = got.target.split_once('?').map_or("", |(_, query)| query);
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
}

fn answer(quirk: Quirk, state: &mut State, got: &Received) -> Reply {
    let last = got.target.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
    let session = Reply::new(202).header("Location", "/up/1?state=a%3Db");
    match (got.method.as_str(), got.target.contains("/manifests/")) {
        ("HEAD", true) => match state.manifests.get(&last) {
            Some(digest) => Reply::new(200).header("Docker-Content-Digest", digest),
            None => Reply::new(404),
        },
        ("PUT", true) => {
            state.manifests.insert(last, Digest::of(&got.body).to_string());
            Reply::new(201)
        }
        ("HEAD", _) => Reply::new(if state.blobs.contains_key(&last) { 200 } else { 404 }),
        ("POST", _) if query(got, "mount").is_empty() => {
            state.upload.clear();
            session
        }
        ("POST", _) => match quirk {
            Quirk::Mounts => Reply::new(201),
            Quirk::RefusesMounts => Reply::new(405),
            _ => session,
        },
        ("GET", _) if quirk == Quirk::LosesUploads => Reply::new(404),
        ("GET", _) if quirk == Quirk::CountsWrong => Reply::new(204).header("Range", format!("0-{}", u64::MAX)),
        ("GET", _) => Reply::new(204).header("Range", format!("0-{}", state.upload.len() - 1)),
        ("PATCH", _) => {
            state.upload.extend(&got.body);
            Reply::new(202).header("Location", "/up/2?state=c")
        }
        ("PUT", _) => put(quirk, state, got),
        _ => Reply::new(400),
    }
}

fn put(quirk: Quirk, state: &mut State, got: &Received) -> Reply {
    state.puts += 1;
    assert!(!query(got, "state").is_empty(), "the address's own query is kept: {}", got.target);
    let half = got.body.len() / 2;
    let continued = !got.header("content-range").is_empty();
    match (quirk, state.puts) {
        (Quirk::RedirectsPuts, 1) => return Reply::new(307).header("Location", got.target.replace("/1", "/3")),
        (Quirk::LimitsBodies, _) if !got.body.is_empty() => return Reply::new(413),
        (Quirk::BreaksOnce | Quirk::LosesUploads | Quirk::CountsWrong | Quirk::RefusesToContinue, 1) => {
            state.upload.extend(&got.body[..half]);
            return Reply::new(500);
        }
        (Quirk::RefusesToContinue, _) if continued => return Reply::new(416),
        _ => state.upload.extend(&got.body),
    }
    let digest = Digest::of(&state.upload).to_string();
    if digest != query(got, "digest") {
        return Reply::new(400);
    }
    state.blobs.insert(digest, std::mem::take(&mut state.upload));
    if quirk == Quirk::LosesAnswers && state.puts == 1 { Reply::new(502) } else { Reply::new(201) }
}

fn start(quirk: Quirk) -> (Server, Arc<Mutex<State>>) {
    let state = Arc::new(Mutex::new(State::default()));
    let shared = state.clone();
    (Server::start(move |got, _| answer(quirk, &mut shared.lock().unwrap(), got)), state)
}

fn registry() -> Registry {
    Registry::new(http(), CredentialSources::none())
}

#[test]
fn a_blob_arrives_at_registries_with_every_quirk() {
    let bytes: Vec<u8> = (0..600_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let descriptor = Descriptor::of(media_type::LAYER_GZIP, &bytes);
    let sent = Pushed::Sent(bytes.len() as u64);
    for (quirk, expected, puts) in [
        (Quirk::None, sent, 1),
        (Quirk::Mounts, Pushed::Mounted, 0),
        (Quirk::RefusesMounts, sent, 1),
        (Quirk::RedirectsPuts, sent, 2),
        (Quirk::BreaksOnce, sent, 2),
        (Quirk::LosesUploads, sent, 2),
        (Quirk::CountsWrong, sent, 2),
        (Quirk::RefusesToContinue, sent, 3),
        (Quirk::LosesAnswers, sent, 1),
        (Quirk::LimitsBodies, sent, 2),
    ] {
        let (server, state) = start(quirk);
        let (_folder, cache) = cache();
        cache.insert_bytes(&bytes).unwrap();
        let file = cache.require_blob(&descriptor.digest).unwrap();
        let target: Reference = format!("{}/app:1", server.address).parse().unwrap();
        let origins = [format!("{}/base:1", server.address).parse().unwrap()];
        let push = || {
            let file = || Ok(BlobFile::whole(file.clone()));
            let offer = Offer { descriptor: &descriptor, origins: &origins, file: &file };
            registry().put_blob(&target, offer, &cache, &NoProgress)
        };
        let pushed = push().unwrap_or_else(|error| panic!("{quirk:?}: {error} {:#?}", server.lines()));
        assert_eq!((pushed, state.lock().unwrap().puts), (expected, puts), "{quirk:?}");
        if quirk != Quirk::Mounts {
            assert_eq!(state.lock().unwrap().blobs[&descriptor.digest.to_string()], bytes, "{quirk:?}");
            assert_eq!(push().unwrap(), Pushed::Existed, "{quirk:?}");
        }
    }
}

#[test]
fn a_file_that_is_not_the_blob_is_never_a_success() {
    let (server, state) = start(Quirk::None);
    let (_folder, cache) = cache();
    let file = cache.require_blob(&cache.insert_bytes(b"other").unwrap()).unwrap();
    let target: Reference = format!("{}/app:1", server.address).parse().unwrap();
    for promised in [&b"right"[..], b"longer than that"] {
        let descriptor = Descriptor::of(media_type::LAYER_GZIP, promised);
        let file = || Ok(BlobFile::whole(file.clone()));
        let offer = Offer { descriptor: &descriptor, origins: &[], file: &file };
        registry().put_blob(&target, offer, &cache, &NoProgress).unwrap_err();
    }
    assert_eq!(state.lock().unwrap().blobs.len(), 0);
}
