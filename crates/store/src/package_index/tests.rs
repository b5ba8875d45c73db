//! Each source of credentials against a server that asks for them.

use std::sync::atomic::{AtomicUsize, Ordering};

use shipwheel_oci::Digest;

use super::*;
use crate::credentials::Credentials;
use crate::http::Download;
use crate::http::url::parse_url;
use crate::testing::{Reply, Server, http};
use crate::{Cache, NoProgress, Result};

/// `user:p@ss`.
const HEADER: &str = "Basic dXNlcjpwQHNz";

struct Asked(AtomicUsize);

impl Keyring for Asked {
    fn ask(&self, _: &str, user: Option<&str>) -> Option<Credentials> {
        self.0.fetch_add(1, Ordering::SeqCst);
        (user == Some("user")).then(|| Credentials::password("user", "p@ss"))
    }
}

fn guarded() -> Server {
    Server::start(|got, _| match got.header("authorization") {
        HEADER => Reply::new(200).body(got.target.clone()),
        _ => Reply::new(401),
    })
}

fn fetch(url: &str, environment: &[(&str, &str)], keyring: Option<&dyn Keyring>) -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let credentials = IndexCredentials::new(&environment);
    let path = |name: &str| format!("/files/{name}.whl");
    let downloads: Vec<Download> = ["a", "b", "c"]
        .map(|name| Download {
            url: format!("{url}{}", path(name)),
            digest: Digest::of(path(name).as_bytes()),
            size: None,
            name: None,
        })
        .into();
    let how = IndexFetch { cache: &cache, progress: &NoProgress, concurrency: 1, credentials: &credentials, keyring };
    http().fetch_from_indexes(&downloads, how)
}

#[test]
fn credentials_come_from_urls_variables_netrc_and_the_keyring() {
    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, "machine 127.0.0.1 login user password p@ss\n").unwrap();
    let netrc = netrc.to_str().unwrap();
    let server = guarded();
    let (plain, address) = (server.url(""), server.address.clone());
    let with_user = format!("http://user:p%40ss@{address}");
    let index = format!("other=http://127.0.0.1:1/simple priv-1={plain}/simple");
    for (url, environment) in [
        (&with_user, vec![]),
        (&plain, vec![("UV_DEFAULT_INDEX", with_user.as_str())]),
        (
            &plain,
            vec![("UV_INDEX", &index), ("UV_INDEX_PRIV_1_USERNAME", "user"), ("UV_INDEX_PRIV_1_PASSWORD", "p@ss")],
        ),
        (&plain, vec![("NETRC", netrc)]),
    ] {
        fetch(url, &environment, None).unwrap_or_else(|error| panic!("{environment:?}: {error}"));
    }
    let keyring = Asked(AtomicUsize::new(0));
    let named = [("UV_INDEX", index.as_str()), ("UV_INDEX_PRIV_1_USERNAME", "user")];
    fetch(&plain, &named, Some(&keyring)).unwrap();
    fetch(&format!("http://user@{address}"), &[], Some(&keyring)).unwrap();
    assert_eq!(keyring.0.load(Ordering::SeqCst), 2, "a host is asked about once");
}

#[test]
fn a_refusal_names_the_address_without_its_password() {
    let server = guarded();
    for (url, environment) in [
        (server.url(""), vec![]),
        (format!("http://user:wrong@{}", server.address), vec![]),
        (server.url(""), vec![("UV_INDEX_URL", "http://user:p%40ss@127.0.0.1:1/simple")]),
    ] {
        let error = fetch(&url, &environment, None).unwrap_err();
        assert_eq!(error.status(), Some(401));
        let text = error.to_string();
        assert!(text.contains("/files/a.whl") && !text.contains("wrong") && !text.contains("p%40ss"), "{text}");
    }
    assert_eq!(server.log().len(), 3, "a refusal is not tried again");
}

#[test]
fn a_redirect_to_another_host_gets_no_credentials() {
    let other = Server::start(|got, _| Reply::new(200).body(got.target.clone()));
    let storage = other.url("");
    let server = Server::start(move |got, _| match got.header("authorization") {
        HEADER => Reply::new(302).header("Location", format!("{storage}{}", got.target)),
        _ => Reply::new(401),
    });
    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    // The other server is of the same name: it is the port that differs.
    std::fs::write(&netrc, "machine 127.0.0.1 login user password p@ss\n").unwrap();
    fetch(&server.url(""), &[("NETRC", netrc.to_str().unwrap())], None).unwrap();
    assert_eq!(other.log().len(), 3);
    assert!(other.log().iter().all(|got| got.header("authorization").is_empty()));
}

#[test]
fn a_password_of_netrc_or_a_keyring_goes_nowhere_without_tls_that_nobody_named() {
    struct Any;
    impl Keyring for Any {
        fn ask(&self, _: &str, _: Option<&str>) -> Option<Credentials> {
            Some(Credentials::password("u", "keyring"))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, "machine index.example login u password netrc\n").unwrap();
    for (index, url, expected) in [
        ("", "https://index.example/a.whl", Some("netrc")),
        ("", "https://other.example/a.whl", Some("keyring")),
        ("", "http://index.example/a.whl", None),
        ("", "http://other.example/a.whl", None),
        ("http://index.example/simple", "http://index.example/a.whl", Some("netrc")),
        ("https://index.example/simple", "http://index.example/a.whl", None),
        ("http://index.example:81/simple", "http://index.example/a.whl", None),
        ("", "http://localhost:3141/a.whl", Some("keyring")),
    ] {
        let environment = [("UV_INDEX", index), ("NETRC", netrc.to_str().unwrap())];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let found = IndexCredentials::new(&environment).after_refusal(&parse_url(url).unwrap(), Some(&Any));
        let expected = expected.map(|password| Credentials::password("u", password).basic().unwrap());
        assert_eq!(found, expected, "{index} {url}");
    }
}

#[test]
fn the_index_with_the_longest_path_in_common_decides() {
    let environment = [("UV_INDEX", "a=http://u:1@index.example/a/simple b=http://u:2@index.example/b/simple")];
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let credentials = IndexCredentials::new(&environment);
    for (url, expected) in [
        ("http://index.example/a/files/x.whl", Some("1")),
        ("http://index.example/b/files/x.whl", Some("2")),
        ("http://index.example:8080/a/x.whl", None),
        ("https://index.example/a/x.whl", None),
        ("http://files.example/a/x.whl", None),
    ] {
        let expected = expected.map(|password| Credentials::password("u", password).basic().unwrap());
        assert_eq!(credentials.before(&parse_url(url).unwrap()), expected, "{url}");
    }
}
