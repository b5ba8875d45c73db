//! A password goes to the registry that it is for and to the token server that this registry names, and nowhere else.

use std::net::TcpListener;

use shipwheel_oci::{Descriptor, Reference, media_type};

use crate::auth::{CredentialSources, HostLogin};
use crate::credentials::Credentials;
use crate::http::Http;
use crate::testing::{Received, Reply, Server, cache, http, http_with};
use crate::{NoProgress, Registry, Result};

/// `user:hunter2`.
const HEADER: &str = "Basic dXNlcjpodW50ZXIy";

fn password() -> Credentials {
    Credentials::password("user", "hunter2")
}

/// A server on another address of this machine, which gives a token to everybody and asks for one.
fn thief() -> Server {
    let listener = TcpListener::bind("127.0.0.2:0").expect("all of 127.0.0.0/8 is this machine");
    let address = listener.local_addr().unwrap();
    Server::listen(listener, move |got: &Received, _: usize| match got.target.starts_with("/token") {
        true => Reply::new(200).body(r#"{"token":"stolen"}"#),
        false => Reply::new(401).header("WWW-Authenticate", format!(r#"Bearer realm="http://{address}/token""#)),
    })
}

fn saw_secret(server: &Server) -> bool {
    server.log().iter().any(|got| {
        let body = String::from_utf8_lossy(&got.body).into_owned();
        !got.header("authorization").is_empty() || body.contains("refresh") || got.target.contains("hunter2")
    })
}

fn client(http: Http, server: &Server, credentials: Credentials) -> Registry {
    let explicit = Some(HostLogin { host: server.address.clone(), credentials });
    Registry::new(http, CredentialSources { explicit, files: Vec::new() })
}

fn app(server: &Server) -> Reference {
    format!("{}/app:1", server.address).parse().unwrap()
}

fn fetch(registry: &Registry, server: &Server) -> Result<()> {
    let (_folder, cache) = cache();
    registry.fetch_blob(&app(server), &Descriptor::of(media_type::LAYER_GZIP, b"layer"), &cache, &NoProgress)
}

#[test]
fn a_challenge_of_a_host_that_a_redirect_named_is_not_answered() {
    for asks in [false, true] {
        for status in [301, 302, 303, 307, 308] {
            let thief = thief();
            let away = thief.url("/v2/app/x");
            let server = Server::start(move |got: &Received, _| match got.header("authorization") {
                "" if asks => Reply::new(401).header("WWW-Authenticate", "Basic realm=x"),
                _ => Reply::new(status).header("Location", &away),
            });
            let registry = client(http(), &server, password());
            assert_eq!(fetch(&registry, &server).unwrap_err().status(), Some(401), "{asks} {status}");
            registry.fetch_manifest(&app(&server)).unwrap_err();
            registry.resolve(&app(&server)).unwrap_err();
            assert!(!thief.log().is_empty() && !saw_secret(&thief), "{asks} {status}");
        }
    }
}

#[test]
fn the_same_host_with_another_port_is_another_host() {
    let other = Server::start(|_, _| Reply::new(401).header("WWW-Authenticate", "Basic realm=x"));
    let away = other.url("/v2/app/x");
    let server = Server::start(move |_: &Received, _| Reply::new(307).header("Location", &away));
    let registry = client(http(), &server, password());
    assert_eq!(fetch(&registry, &server).unwrap_err().status(), Some(401));
    assert!(!saw_secret(&other));
}

#[test]
fn a_challenge_counts_with_401_only() {
    for status in [200, 403, 404, 407] {
        let server = Server::start(move |_: &Received, _| {
            Reply::new(status).header("WWW-Authenticate", "Basic realm=x").body("layer")
        });
        let _ = fetch(&client(http(), &server, password()), &server);
        assert!(!saw_secret(&server), "{status}");
    }
}

#[test]
fn a_token_server_without_tls_is_at_the_registrys_own_host_and_port() {
    let thief = thief();
    let neighbor = Server::start(|_, _| Reply::new(200).body(r#"{"token":"stolen"}"#));
    let port = neighbor.address.rsplit_once(':').unwrap().1.to_owned();
    for header in [
        format!(r#"Bearer realm="{}""#, thief.url("/token")),
        format!(r#"Basic realm="x", Bearer realm="{}""#, thief.url("/token")),
        format!(r#"Bearer realm="{}""#, neighbor.url("/token")),
        format!(r#"Bearer realm="http://localhost:{port}/token""#),
        format!(r#"Bearer realm="http://user:pass@{}/token""#, thief.address),
        r#"Bearer realm="ftp://127.0.0.1/token""#.to_owned(),
        r#"Bearer realm="file:///etc/passwd""#.to_owned(),
        "Bearer".to_owned(),
    ] {
        for credentials in [password(), Credentials::identity_token("refresh")] {
            let header = header.clone();
            let server = Server::start(move |_: &Received, _| Reply::new(401).header("WWW-Authenticate", &header));
            let error = fetch(&client(http(), &server, credentials), &server).unwrap_err();
            assert!(!error.to_string().contains("pass@"), "{error}");
        }
    }
    assert!(thief.log().is_empty() && neighbor.log().is_empty());
    // The same port by another name of this machine is what the reference does not say.
    let server = Server::start(move |got: &Received, _| {
        let realm = format!(r#"Bearer realm="http://{}/token""#, got.header("host").replace("127.0.0.1", "localhost"));
        Reply::new(401).header("WWW-Authenticate", realm)
    });
    let error = fetch(&client(http(), &server, password()), &server).unwrap_err().to_string();
    assert!(error.contains("add `--insecure-registry localhost:") && !saw_secret(&server), "{error}");
    // The user may name the other host, or one port of it, as insecure.
    for (named, other) in [("127.0.0.2", &thief), (neighbor.address.as_str(), &neighbor)] {
        let realm = format!(r#"Bearer realm="{}""#, other.url("/token"));
        let server = Server::start(move |_: &Received, _| Reply::new(401).header("WWW-Authenticate", &realm));
        let _ = fetch(&client(http_with([named]), &server, password()), &server);
        assert_eq!(other.log()[0].header("authorization"), HEADER);
    }
}

#[test]
fn a_token_server_cannot_pass_a_password_on() {
    for credentials in [password(), Credentials::identity_token("refresh")] {
        for status in [302, 307, 308] {
            let thief = thief();
            let away = thief.url("/token");
            let server = Server::start(move |got: &Received, _| match got.target.starts_with("/token") {
                true => Reply::new(status).header("Location", &away),
                false => {
                    let realm = format!(r#"Bearer realm="http://{}/token""#, got.header("host"));
                    Reply::new(401).header("WWW-Authenticate", realm)
                }
            });
            fetch(&client(http(), &server, credentials.clone()), &server).unwrap_err();
            assert!(thief.log().is_empty(), "{status}");
        }
    }
}

#[test]
fn a_redirect_does_not_tell_where_it_came_from() {
    let storage = Server::start(|_, _| Reply::new(200).body("layer"));
    let away = storage.url("/x");
    let server = Server::start(move |got: &Received, _| match got.target.contains("signature") {
        true => Reply::new(307).header("Location", &away),
        false => Reply::new(307).header("Location", format!("{}?signature=secret", got.target)),
    });
    fetch(&client(http(), &server, password()), &server).unwrap();
    assert_eq!(storage.log()[0].header("referer"), "");
}
