//! Reading from registries that ask for credentials, and from those that leave out headers.

use shipwheel_oci::{Descriptor, Digest, ImageConfig, Manifest, Platform, Reference, media_type};

use super::*;
use crate::auth::{CredentialSources, HostLogin};
use crate::credentials::Credentials;
use crate::http::Http;
use crate::testing::{Received, Reply, Server, cache, http, http_with};
use crate::{ErrorKind, NoProgress, StoreError};

/// A client with these credentials for a server, in place of a login.
fn client(server: &Server, credentials: Option<Credentials>) -> Registry {
    client_with(http(), server, credentials)
}

/// The same, where the user named the token server.
fn trusting(tokens: &Server, server: &Server, credentials: Option<Credentials>) -> Registry {
    client_with(http_with([&tokens.address]), server, credentials)
}

fn client_with(http: Http, server: &Server, credentials: Option<Credentials>) -> Registry {
    let explicit = credentials.map(|credentials| HostLogin { host: server.address.clone(), credentials });
    Registry::new(http, CredentialSources { explicit, files: Vec::new() })
}

fn reference(server: &Server, rest: &str) -> Reference {
    format!("{}/team/app{rest}", server.address).parse().unwrap()
}

fn password() -> Option<Credentials> {
    Some(Credentials::password("user", "secret"))
}

/// A one-platform image: manifest and config.
fn image() -> (Manifest, Vec<u8>) {
    let config = ImageConfig::empty(&Platform::linux_amd64()).to_json();
    let layer = Descriptor::of(media_type::LAYER_GZIP, b"layer");
    let manifest = Manifest::assemble(Descriptor::of(media_type::CONFIG, &config), vec![layer], &Default::default());
    (manifest, config)
}

fn manifest_reply() -> Reply {
    let (manifest, _) = image();
    Reply::new(200)
        .header("Content-Type", media_type::MANIFEST)
        .header("Docker-Content-Digest", manifest.descriptor().digest)
        .header("Content-Length", manifest.raw().len())
        .body(manifest.raw())
}

/// A registry that wants a token, and the server that gives it out.
fn with_tokens(accepted: &'static [&'static str]) -> (Server, Server) {
    let tokens = Server::start(|got, number| match got.header("authorization") {
        "Basic dXNlcjpzZWNyZXQ=" => Reply::new(200).body(format!(r#"{{"token":"t{number}"}}"#)),
        "" => Reply::new(200).body(r#"{"access_token":"anonymous"}"#),
        _ => Reply::new(401),
    });
    let realm = tokens.url("/token");
    let server = Server::start(move |got, _| {
        let header = got.header("authorization");
        if accepted.contains(&header) {
            return manifest_reply();
        }
        let scope = r#"scope="repository:team/app:pull,push""#;
        Reply::new(401).header("WWW-Authenticate", format!(r#"Bearer realm="{realm}",service="a b",{scope}"#))
    });
    (server, tokens)
}

#[test]
fn a_token_is_fetched_once_for_each_scope() {
    let (server, tokens) = with_tokens(&["Bearer t0", "Bearer t1"]);
    let registry = trusting(&tokens, &server, password());
    for version in [":1", ":2", ":3"] {
        registry.resolve(&reference(&server, version)).unwrap();
    }
    assert_eq!(tokens.log().len(), 1);
    assert_eq!(tokens.log()[0].target, "/token?service=a+b&scope=repository%3Ateam%2Fapp%3Apull");
    assert_eq!(server.log()[0].header("authorization"), "", "credentials are not sent before the registry asks");
    assert_eq!(server.log().len(), 4);
    let other: Reference = format!("{}/team/other:1", server.address).parse().unwrap();
    registry.resolve(&other).unwrap();
    assert_eq!((tokens.log().len(), server.log().len()), (2, 5), "the challenge is remembered");
}

#[test]
fn an_expired_token_is_renewed_once_and_a_refused_one_is_an_error() {
    let (server, tokens) = with_tokens(&[]);
    let error = trusting(&tokens, &server, password()).fetch_manifest(&reference(&server, ":1")).unwrap_err();
    assert_eq!((error.status(), tokens.log().len(), server.log().len()), (Some(401), 1, 2));
    let (server, tokens) = with_tokens(&["Bearer t1"]);
    let registry = trusting(&tokens, &server, password());
    // The registry refuses the first token like an expired one; the next request fetches a new one.
    assert_eq!(registry.fetch_manifest(&reference(&server, ":1")).unwrap_err().status(), Some(401));
    registry.fetch_manifest(&reference(&server, ":1")).unwrap();
    assert_eq!(tokens.log().len(), 2);
}

#[test]
fn without_credentials_tokens_are_anonymous() {
    let (server, tokens) = with_tokens(&["Bearer anonymous"]);
    trusting(&tokens, &server, None).resolve(&reference(&server, ":1")).unwrap();
    assert_eq!(tokens.log()[0].header("authorization"), "");
}

#[test]
fn a_wrong_password_is_a_matter_of_configuration() {
    let (server, tokens) = with_tokens(&[]);
    let wrong = Some(Credentials::password("user", "wrong"));
    let error = trusting(&tokens, &server, wrong).resolve(&reference(&server, ":1")).unwrap_err();
    assert_eq!((error.kind(), tokens.log().len()), (ErrorKind::Configuration, 1));
    assert!(error.hint().unwrap().contains("log in") && !error.to_string().contains("wrong"), "{error}");
}

#[test]
fn identity_tokens_are_exchanged_by_post() {
    let tokens = Server::start(|_, _| Reply::new(200).body(r#"{"access_token":"good"}"#));
    let challenge = format!(r#"Bearer realm="{}",service="s""#, tokens.url("/token"));
    let server = Server::start(move |got, _| match got.header("authorization") {
        "Bearer good" => manifest_reply(),
        _ => Reply::new(401).header("WWW-Authenticate", &challenge),
    });
    let identity = Credentials::identity_token("refresh&me");
    trusting(&tokens, &server, Some(identity)).resolve(&reference(&server, ":1")).unwrap();
    let got = &tokens.log()[0];
    let body = String::from_utf8_lossy(&got.body).into_owned();
    assert!(got.method == "POST" && body.contains("refresh_token=refresh%26me"), "{body}");
}

#[test]
fn a_token_for_the_registry_is_sent_as_it_is_and_asks_no_token_server() {
    let (server, tokens) = with_tokens(&["Bearer given"]);
    for (token, is_right) in [("given", true), ("other", false)] {
        let credentials = Credentials::RegistryToken(crate::credentials::Secret::new(token));
        let found = trusting(&tokens, &server, Some(credentials)).fetch_manifest(&reference(&server, ":1"));
        assert_eq!(found.err().map(|error| error.status()), (!is_right).then_some(Some(401)), "{token}");
    }
    assert_eq!((tokens.log().len(), server.log().len()), (0, 4));
}

#[test]
fn a_password_beside_a_refresh_token_is_for_registries_without_token_servers() {
    let server = Server::start(|got, _| match got.header("authorization") {
        "Basic dXNlcjpzZWNyZXQ=" => manifest_reply(),
        _ => Reply::new(401).header("WWW-Authenticate", r#"Basic realm="here""#),
    });
    let beside = Some(("user".to_owned(), crate::credentials::Secret::new("secret")));
    for (beside, is_enough) in [(beside, true), (None, false)] {
        let credentials = Credentials::IdentityToken { token: crate::credentials::Secret::new("refresh"), beside };
        let found = client(&server, Some(credentials)).resolve(&reference(&server, ":1"));
        assert_eq!(found.is_ok(), is_enough);
    }
}

#[test]
fn basic_authentication_is_given_when_asked_for() {
    let server = Server::start(|got, _| match got.header("authorization") {
        "Basic dXNlcjpzZWNyZXQ=" => manifest_reply(),
        _ => Reply::new(401).header("WWW-Authenticate", r#"Basic realm="here""#),
    });
    let logged_in = client(&server, password());
    logged_in.resolve(&reference(&server, ":1")).unwrap();
    logged_in.resolve(&reference(&server, ":1")).unwrap();
    assert_eq!(server.log().len(), 3);
    assert_eq!(client(&server, None).resolve(&reference(&server, ":1")).unwrap_err().status(), Some(401));
}

#[test]
fn a_blob_on_another_host_is_fetched_without_the_token() {
    let storage = Server::start(|_, _| Reply::new(200).body("layer"));
    let location = storage.url("/storage?signature=x");
    let server = Server::start(move |got, _| match got.header("authorization") {
        "" => Reply::new(401).header("WWW-Authenticate", "Basic realm=x"),
        _ => Reply::new(307).header("Location", &location),
    });
    let (_folder, cache) = cache();
    let layer = Descriptor::of(media_type::LAYER_GZIP, b"layer");
    client(&server, password()).fetch_blob(&reference(&server, ":1"), &layer, &cache, &NoProgress).unwrap();
    assert_eq!(cache.read_blob(&layer.digest).unwrap(), b"layer");
    assert_eq!(storage.log()[0].header("authorization"), "");
}

#[test]
fn resolving_goes_by_head_and_by_get_where_head_is_no_use() {
    let (manifest, _) = image();
    type Answer = fn(&Received) -> Reply;
    let answers: [(&str, Answer, usize); 3] = [
        ("complete", |_| manifest_reply(), 1),
        ("refused", |got| if got.method == "HEAD" { Reply::new(405) } else { manifest_reply() }, 2),
        ("without digest", |got| if got.method == "HEAD" { Reply::new(200) } else { manifest_reply() }, 2),
    ];
    for (name, answer, requests) in answers {
        let server = Server::start(move |got, _| answer(got));
        let found = client(&server, None).resolve(&reference(&server, ":1")).unwrap();
        assert_eq!((&found, server.log().len()), (manifest.descriptor(), requests), "{name}");
        assert!(server.log()[0].header("accept").contains(media_type::INDEX));
    }
}

#[test]
fn manifests_that_are_not_what_they_should_be_are_refused() {
    let pinned = format!("@{}", Digest::of(b"something else"));
    let server = Server::start(|_, _| manifest_reply());
    let error = client(&server, None).fetch_manifest(&reference(&server, &pinned)).unwrap_err();
    assert!(matches!(error, StoreError::Digest { .. }), "{error}");
    let server = Server::start(|_, _| Reply::new(200).body(vec![b' '; 4096]).endless());
    let error = client(&server, None).fetch_manifest(&reference(&server, ":1")).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
}

#[test]
fn documents_and_small_blobs_end_in_time_and_are_not_asked_for_again() {
    let slow = || Reply::new(200).body(vec![b' '; 4096]).slowly(std::time::Duration::from_millis(200));
    let server = Server::start(move |_: &Received, _| slow().header("Content-Type", media_type::INDEX));
    let (registry, (_folder, cache)) = (client(&server, None), cache());
    let small = Descriptor::new(media_type::CONFIG, Digest::of(b"x"), 4096);
    for (name, error) in [
        ("manifest", registry.fetch_manifest(&reference(&server, ":1")).err()),
        ("referrers", registry.referrers(&reference(&server, ":1"), &small.digest).err()),
        ("config", registry.fetch_blob(&reference(&server, ":1"), &small, &cache, &NoProgress).err()),
    ] {
        assert!(matches!(error, Some(StoreError::Overdue { .. })), "{name}: {error:?}");
    }
    assert_eq!(server.log().len(), 3);
}

#[test]
fn pauses_that_a_server_asks_for_have_an_end() {
    let server = Server::start(|_, _| Reply::new(429).header("Retry-After", "121"));
    let begun = std::time::Instant::now();
    assert_eq!(client(&server, None).resolve(&reference(&server, ":1")).unwrap_err().status(), Some(429));
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
}
