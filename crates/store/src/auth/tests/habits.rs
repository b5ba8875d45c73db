//! Registries and token servers of every habit: what they hide from strangers, what they ask for, how they answer.

use shipwheel_oci::{Descriptor, Digest, Reference};

use crate::auth::{CredentialSources, HostLogin};
use crate::credentials::Credentials;
use crate::testing::{Received, Reply, Server, http};
use crate::{Registry, Result};

/// `user:hunter2`.
const HEADER: &str = "Basic dXNlcjpodW50ZXIy";
const MANIFEST: &str = r#"{"schemaVersion":2,"layers":[]}"#;

fn registry(server: &Server, logs_in: bool) -> (Registry, Reference) {
    let host = server.address.clone();
    let explicit = logs_in.then(|| HostLogin { host, credentials: Credentials::password("user", "hunter2") });
    let registry = Registry::new(http(), CredentialSources { explicit, files: Vec::new() });
    (registry, format!("{}/team/app:1", server.address).parse().unwrap())
}

fn resolve(server: &Server, logs_in: bool) -> Result<Descriptor> {
    let (registry, reference) = registry(server, logs_in);
    registry.resolve(&reference)
}

fn manifest() -> Reply {
    let digest = Digest::of(MANIFEST.as_bytes());
    Reply::new(200)
        .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        .header("Docker-Content-Digest", digest)
        .body(MANIFEST)
}

fn bearer(got: &Received, more: &str) -> Reply {
    Reply::new(401).header("WWW-Authenticate", format!(r#"Bearer realm="http://{}/token"{more}"#, got.header("host")))
}

/// A registry that says what it asks for at `/v2/` alone, and this to strangers everywhere else.
fn hides(status: u16, by_token: bool) -> Server {
    Server::start(move |got: &Received, _| match (got.path(), got.header("authorization")) {
        ("/token", HEADER) => Reply::new(200).body(r#"{"token":"t"}"#),
        ("/token", _) => Reply::new(401),
        ("/v2/", _) if by_token => bearer(got, ""),
        ("/v2/", _) => Reply::new(401).header("WWW-Authenticate", "Basic realm=x"),
        (_, "Bearer t") if by_token => manifest(),
        (_, HEADER) if !by_token => manifest(),
        _ => Reply::new(status),
    })
}

#[test]
fn a_registry_that_hides_from_strangers_is_asked_where_it_says_what_it_wants() {
    for status in [401, 403, 404] {
        for by_token in [false, true] {
            let server = hides(status, by_token);
            let found = resolve(&server, true).unwrap();
            assert_eq!(found.digest, Digest::of(MANIFEST.as_bytes()), "{status} {by_token}");
            let log = server.log();
            assert_eq!(log.iter().filter(|got| got.path() == "/v2/").count(), 1, "{status} {by_token}");
        }
    }
}

#[test]
fn many_at_once_ask_there_once() {
    let server = hides(404, true);
    let (registry, reference) = registry(&server, true);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(registry.has_blob(&reference, &Digest::of(b"")).unwrap()));
        }
    });
    assert_eq!(server.log().iter().filter(|got| got.path() == "/v2/").count(), 1);
}

#[test]
fn without_a_login_what_is_not_there_is_not_there_and_a_refusal_may_be_of_those_without_a_token() {
    let server = hides(404, true);
    assert_eq!(resolve(&server, false).unwrap_err().status(), Some(404));
    assert!(server.log().iter().all(|got| got.path() != "/v2/"));
    let server = Server::start(|got: &Received, _| match (got.path(), got.header("authorization")) {
        ("/token", "") => Reply::new(200).body(r#"{"token":"for anybody"}"#),
        ("/v2/", _) => bearer(got, ""),
        (_, "Bearer for anybody") => manifest(),
        _ => Reply::new(403),
    });
    assert!(resolve(&server, false).is_ok());
}

#[test]
fn what_is_said_at_the_root_counts_with_401_only_and_never_from_another_host() {
    let thief = Server::start(|_, _| Reply::new(401).header("WWW-Authenticate", "Basic realm=x"));
    let away = thief.url("/v2/");
    let server = Server::start(move |got: &Received, _| match got.path() {
        "/v2/" => Reply::new(307).header("Location", &away),
        _ => Reply::new(404),
    });
    assert_eq!(resolve(&server, true).unwrap_err().status(), Some(404));
    let server = Server::start(|got: &Received, _| match got.path() {
        "/v2/" => Reply::new(200).header("WWW-Authenticate", "Basic realm=x"),
        _ => Reply::new(404),
    });
    assert_eq!(resolve(&server, true).unwrap_err().status(), Some(404));
    let secrets = |server: &Server| server.log().iter().any(|got| !got.header("authorization").is_empty());
    assert!(!secrets(&thief) && !secrets(&server));
}

/// The scopes of every request for a token.
fn scopes(server: &Server) -> Vec<Vec<String>> {
    let log = server.log();
    let tokens = log.iter().filter(|got| got.path() == "/token");
    let decode = |got: &Received| {
        let url = reqwest::Url::parse(&format!("http://x{}", got.target)).unwrap();
        url.query_pairs().filter(|(key, _)| key == "scope").map(|(_, value)| value.into_owned()).collect()
    };
    tokens.map(decode).collect()
}

#[test]
fn the_scope_that_a_registry_asks_for_is_asked_for_besides_its_own() {
    let own = "repository:team/app:pull";
    for (asked, expected) in [
        ("", vec![own]),
        (r#",scope="repository:team/app:pull""#, vec![own]),
        (r#",scope="repository:prefix/team/app:pull""#, vec![own, "repository:prefix/team/app:pull"]),
        (r#",scope="repository:team/app:pull,push""#, vec![own]),
        (r#",scope="repository:b:pull registry:catalog:*""#, vec![own, "registry:catalog:*", "repository:b:pull"]),
    ] {
        let server = Server::start(move |got: &Received, _| match (got.path(), got.header("authorization")) {
            ("/token", _) => Reply::new(200).body(r#"{"token":"t"}"#),
            (_, "Bearer t") => manifest(),
            _ => bearer(got, asked),
        });
        resolve(&server, false).unwrap();
        assert_eq!(scopes(&server), [expected], "{asked}");
    }
    // One that always wants something else is not followed for ever.
    let server = Server::start(|got: &Received, number| match got.path() {
        "/token" => Reply::new(200).body(format!(r#"{{"token":"t{number}"}}"#)),
        _ => bearer(
            got,
            &format!(r#",scope="{}""#, (0..99).map(|n| format!("a:{number}-{n}:pull ")).collect::<String>()),
        ),
    });
    resolve(&server, false).unwrap_err();
    assert!(scopes(&server).iter().all(|scopes| scopes.len() == 17));
}

#[test]
fn a_token_server_may_have_a_path_and_a_query_of_its_own() {
    for realm in ["/token", "/auth/realms/a%20b/token?account=x&scope=offline", "/?a=b"] {
        let server = Server::start(move |got: &Received, _| match (got.path(), got.header("authorization")) {
            (_, "Bearer t") => manifest(),
            (path, "") if path.starts_with("/v2/") => {
                let realm = format!(r#"Bearer realm="http://{}{realm}",service="my registry""#, got.header("host"));
                Reply::new(401).header("WWW-Authenticate", realm)
            }
            _ => Reply::new(200).body(r#"{"token":"t"}"#),
        });
        resolve(&server, false).unwrap();
        let token = server.log().into_iter().find(|got| !got.path().starts_with("/v2/")).unwrap();
        let joined = if realm.contains('?') { '&' } else { '?' };
        let asked = format!("{realm}{joined}service=my+registry&scope=repository%3Ateam%2Fapp%3Apull");
        assert_eq!(token.target, asked);
    }
}

#[test]
fn a_token_is_found_in_every_form_of_answer() {
    for (status, answer, expected) in [
        (200, r#"{"token":"t"}"#, Ok(())),
        (200, r#"{"access_token":"t"}"#, Ok(())),
        (200, r#"{"token":"","access_token":"t"}"#, Ok(())),
        (200, r#"{"token":null,"access_token":"t","expires_in":null}"#, Ok(())),
        (200, r#"{"token":"t","expires_in":"300"}"#, Ok(())),
        (200, r#"{"token":"t","expires_in":300.5}"#, Ok(())),
        (200, r#"{"token":"t","expires_in":-1,"issued_at":"yesterday"}"#, Ok(())),
        (200, r#"{"token":"t","expires_in":1e300}"#, Ok(())),
        (200, r#"{"token":"t","expires_in":{}}"#, Ok(())),
        (200, r#"{"token":" t\n","refresh_token":5}"#, Ok(())),
        (201, r#"{"token":"t"}"#, Ok(())),
        (200, r#"{"token":7}"#, Err("the answer holds no token")),
        (200, r#"{}"#, Err("the answer holds no token")),
        (200, "", Err("the answer holds no token")),
        (200, "<html>", Err("the answer holds no token")),
        (404, r#"{"token":"t"}"#, Err("404")),
    ] {
        // Without a Content-Type.
        let server = Server::start(move |got: &Received, _| match (got.path(), got.header("authorization")) {
            ("/token", _) => Reply::new(status).body(answer),
            (_, "Bearer t") => manifest(),
            _ => bearer(got, ""),
        });
        match (resolve(&server, false), expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{answer}: {error}"),
            (found, _) => panic!("{answer}: {found:?}"),
        }
    }
}
