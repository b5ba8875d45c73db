//! Fetching from servers that behave well, badly and worse.

use std::time::Instant;

use reqwest::Method;
use shipwheel_oci::Digest;

use super::*;
use crate::credentials::Credentials;
use crate::testing::{Received, Reply, Server, cache, http};
use crate::{ErrorKind, NoProgress, StoreError};

fn body() -> Vec<u8> {
    (0..300_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn download(server: &Server, bytes: &[u8]) -> Download {
    Download { url: server.url("/file.whl"), digest: Digest::of(bytes), size: Some(bytes.len() as u64), name: None }
}

fn range_start(got: &Received) -> usize {
    got.header("range").trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap_or_default()
}

#[test]
fn validators_are_kept_and_asked_with() {
    let server = Server::start(|got, _| match got.header("if-none-match") {
        "\"1\"" => Reply::new(304),
        _ => Reply::new(200).header("ETag", "\"1\"").header("Last-Modified", "yesterday").body("text"),
    });
    let first = http().fetch(&server.url("/a"), &FetchOptions::default()).unwrap();
    let expected = Fetched::Bytes {
        bytes: b"text".to_vec(),
        etag: Some("\"1\"".to_owned()),
        last_modified: Some("yesterday".to_owned()),
    };
    assert_eq!(first, expected);
    let again = FetchOptions { etag: Some("\"1\""), last_modified: Some("yesterday"), ..FetchOptions::default() };
    assert_eq!(http().fetch(&server.url("/a"), &again).unwrap(), Fetched::NotModified);
    assert_eq!(server.log()[1].header("if-modified-since"), "yesterday");
    assert!(server.log()[0].header("user-agent").starts_with("shipwheel/"));
}

#[test]
fn userinfo_and_credentials_become_basic_authentication() {
    let server = Server::start(|_, _| Reply::new(200));
    let url = format!("http://user:p%40ss@{}/a", server.address);
    http().fetch(&url, &FetchOptions::default()).unwrap();
    let credentials = Credentials::password("user", "p@ss");
    let options = FetchOptions { credentials: Some(&credentials), ..FetchOptions::default() };
    http().fetch(&server.url("/a"), &options).unwrap();
    for got in server.log() {
        assert_eq!(got.header("authorization"), "Basic dXNlcjpwQHNz");
    }
}

#[test]
fn a_redirect_to_another_host_does_not_take_the_password_along() {
    let other = Server::start(|_, _| Reply::new(200).body("here"));
    let location = other.url("/there");
    let server = Server::start(move |got, _| match got.target.as_str() {
        "/a" => Reply::new(302).header("Location", "/b"),
        _ => Reply::new(302).header("Location", &location),
    });
    let credentials = Credentials::password("user", "secret");
    let options = FetchOptions { credentials: Some(&credentials), ..FetchOptions::default() };
    http().fetch(&server.url("/a"), &options).unwrap();
    http().fetch(&server.url("/a").replace("//", "//user:secret@"), &FetchOptions::default()).unwrap();
    for number in [1, 3] {
        assert_ne!(server.log()[number].header("authorization"), "", "the same host still sees it");
    }
    assert!(other.log().iter().all(|got| got.header("authorization").is_empty()));
}

#[test]
fn a_password_does_not_come_back_on_the_way_from_one_host_to_others() {
    let (own, other) = (Server::bind(), Server::bind());
    let [own_address, other_address] = [&own, &other].map(|it| it.local_addr().unwrap().to_string());
    let to = |address: &str, path: &str| Reply::new(307).header("Location", format!("http://u:p@{address}{path}"));
    let back = own_address.clone();
    let other = Server::listen(other, move |got: &Received, _: usize| match got.target.as_str() {
        "/one" => Reply::new(302).header("Location", "/two"),
        _ => to(&back, "/back"),
    });
    let own = Server::listen(own, move |got: &Received, _: usize| match got.target.as_str() {
        "/a" => to(&other_address, "/one"),
        _ => Reply::new(200).body("here"),
    });
    let credentials = Credentials::password("user", "secret");
    let options = FetchOptions { credentials: Some(&credentials), ..FetchOptions::default() };
    http().fetch(&own.url("/a"), &options).unwrap();
    let seen = |server: &Server| -> Vec<(String, String)> {
        server.log().iter().map(|got| (got.target.clone(), got.header("authorization").to_owned())).collect()
    };
    let none = |path: &str| (path.to_owned(), String::new());
    assert_eq!(seen(&other), [none("/one"), none("/two")]);
    assert_eq!(seen(&own)[1..], [none("/back")], "another host sent us here");
}

#[test]
fn a_redirect_never_turns_what_is_sent_into_a_question() {
    for (method, status, expected) in [
        (Method::GET, 303, vec!["GET /a", "GET /b"]),
        (Method::HEAD, 301, vec!["HEAD /a", "HEAD /b"]),
        (Method::PUT, 303, vec!["PUT /a"]),
        (Method::POST, 302, vec!["POST /a"]),
        (Method::PATCH, 301, vec!["PATCH /a"]),
        (Method::PUT, 307, vec!["PUT /a", "PUT /b"]),
    ] {
        let server = Server::start(move |got, _| match got.target.as_str() {
            "/a" => Reply::new(status).header("Location", "/b"),
            _ => Reply::new(200),
        });
        let http = http();
        let request = Request::new(method, server.url("/a").parse().unwrap());
        let response = http.block_on(http.send_once(&request, &|_| {})).unwrap();
        assert_eq!(server.lines(), expected);
        assert_eq!(response.status().as_u16(), if expected.len() == 1 { status } else { 200 });
    }
}

#[test]
fn redirects_without_end_or_to_other_schemes_are_errors() {
    for (location, expected) in [("/a", "too many redirects"), ("file:///etc/hostname", "not one of http or https")] {
        let server = Server::start(move |_, _| Reply::new(302).header("Location", location));
        let error = http().fetch(&server.url("/a"), &FetchOptions::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(server.log().len() <= 11);
    }
}

#[test]
fn statuses_that_pass_are_tried_again_after_the_time_the_server_asks_for() {
    let server = Server::start(|_, number| match number {
        0 => Reply::new(429).header("Retry-After", "1"),
        1 => Reply::new(503),
        _ => Reply::new(200).body("at last"),
    });
    let start = Instant::now();
    http().fetch(&server.url("/a"), &FetchOptions::default()).unwrap();
    assert!(start.elapsed().as_millis() >= 1000, "{:?}", start.elapsed());
    assert_eq!(server.log().len(), 3);
}

#[test]
fn errors_name_status_and_redacted_url_and_are_final_when_they_are() {
    for (status, requests, kind) in [
        (404, 1, ErrorKind::Configuration),
        (403, 1, ErrorKind::Configuration),
        (418, 1, ErrorKind::Outside),
        (502, 4, ErrorKind::Outside),
    ] {
        let body = r#"{"errors":[{"code":"DENIED","message":"not you"}]}"#;
        let server = Server::start(move |_, _| Reply::new(status).body(body));
        let url = format!("http://user:secret@{}/a?token=secret", server.address);
        let error = http().fetch(&url, &FetchOptions::default()).unwrap_err();
        let expected = format!("GET {}: status {status}: DENIED not you", server.url("/a?token=***"));
        assert_eq!((error.to_string(), error.kind(), server.log().len()), (expected, kind, requests));
    }
}

#[test]
fn a_pause_that_is_too_long_is_an_error_at_once() {
    let server = Server::start(|_, _| Reply::new(429).header("Retry-After", "86400"));
    let error = http().fetch(&server.url("/a"), &FetchOptions::default()).unwrap_err();
    assert_eq!((error.status(), server.log().len()), (Some(429), 1));
}

#[test]
fn hosts_that_do_not_answer_are_unreachable_and_say_what_may_help() {
    for (proxied, expected) in [(false, "no proxy is set"), (true, "sets a proxy")] {
        let http = Http::new(HttpOptions { proxied, retries: 0, ..HttpOptions::default() }).unwrap();
        let error = http.fetch("http://127.0.0.1:1/a", &FetchOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Outside);
        assert!(error.hint().unwrap().contains(expected), "{error}");
    }
    let error = http().fetch("http://no-such-host.invalid/a", &FetchOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. } | StoreError::Status { .. }), "{error}");
}

#[test]
fn a_silent_server_is_given_up() {
    let server = Server::start(|_, _| {
        std::thread::sleep(std::time::Duration::from_secs(3));
        Reply::new(200)
    });
    let options = HttpOptions { idle_timeout: std::time::Duration::from_millis(100), retries: 0, ..Default::default() };
    let error = Http::new(options).unwrap().fetch(&server.url("/a"), &FetchOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::Broken { .. }), "{error}");
}

#[test]
fn a_broken_download_goes_on_where_it_broke() {
    let bytes = body();
    let whole = bytes.clone();
    let server = Server::start(move |got, number| {
        let start = range_start(got);
        let rest = Reply::new(if start > 0 { 206 } else { 200 }).header("ETag", "\"1\"").body(&whole[start..]);
        let range = format!("bytes {start}-{}/{}", whole.len() - 1, whole.len());
        if number < 2 { rest.header("Content-Range", range).cut(100_000) } else { rest.header("Content-Range", range) }
    });
    let (_folder, cache) = cache();
    http().fetch_to_cache(&cache, &download(&server, &bytes), &NoProgress).unwrap();
    assert_eq!(cache.read_blob(&Digest::of(&bytes)).unwrap(), bytes);
    let log = server.log();
    assert_eq!(log.iter().map(range_start).collect::<Vec<_>>(), [0, 100_000, 200_000]);
    assert_eq!(log[1].header("if-range"), "\"1\"");
    http().fetch_to_cache(&cache, &download(&server, &bytes), &NoProgress).unwrap();
    assert_eq!(server.log().len(), 3, "what is in the cache is not fetched");
}

#[test]
fn a_server_without_ranges_is_asked_for_everything_again() {
    let bytes = body();
    for status in [200, 416] {
        let whole = bytes.clone();
        let server = Server::start(move |got, number| match number {
            0 => Reply::new(200).body(&whole[..]).cut(1000),
            _ if range_start(got) > 0 && status == 416 => Reply::new(416),
            _ => Reply::new(200).body(&whole[..]),
        });
        let (_folder, cache) = cache();
        http().fetch_to_cache(&cache, &download(&server, &bytes), &NoProgress).unwrap();
        assert!(cache.require_blob(&Digest::of(&bytes)).is_ok());
    }
}

#[test]
fn bytes_other_than_promised_never_reach_the_cache() {
    let other = Server::start(|_, _| Reply::new(200).body(vec![0; 300_000]));
    let longer = Server::start(|_, _| Reply::new(200).body(vec![0; 300_001]));
    let endless = Server::start(|_, _| Reply::new(200).body(vec![0; 4096]).endless());
    for server in [other, longer, endless] {
        let (_folder, cache) = cache();
        let error = http().fetch_to_cache(&cache, &download(&server, &body()), &NoProgress).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
        assert_eq!(std::fs::read_dir(cache.root().join("blobs/sha256")).unwrap().count(), 0);
        assert_eq!(std::fs::read_dir(cache.root().join("tmp")).unwrap().count(), 0);
        assert_eq!(server.log().len(), 1, "another try would bring the same");
    }
}

#[test]
fn small_answers_have_a_limit_and_a_digest() {
    let endless = Server::start(|_, _| Reply::new(200).body(vec![0; 4096]).endless());
    let options = FetchOptions { max_size: 10_000, ..FetchOptions::default() };
    let error = http().fetch(&endless.url("/a"), &options).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit: 10_000, .. }), "{error}");
    let server = Server::start(|_, _| Reply::new(200).body("other"));
    let options = FetchOptions { expected: Some(Digest::of(b"text")), ..FetchOptions::default() };
    let error = http().fetch(&server.url("/a"), &options).unwrap_err();
    assert!(matches!(error, StoreError::Digest { .. }), "{error}");
}

#[test]
fn many_files_come_at_once_and_the_first_error_is_told() {
    let server = Server::start(|got, _| match got.target.as_str() {
        "/7" => Reply::new(404),
        path => Reply::new(200).body(path),
    });
    let file = |number: u32| {
        let path = format!("/{number}");
        Download { url: server.url(&path), digest: Digest::of(path.as_bytes()), size: None, name: None }
    };
    let (_folder, cache) = cache();
    let good: Vec<Download> = (10..30).map(file).collect();
    http().fetch_all(&cache, &good, 4, &NoProgress).unwrap();
    assert!(good.iter().all(|download| cache.require_blob(&download.digest).is_ok()));
    let bad: Vec<Download> = (0..9).map(file).collect();
    assert_eq!(http().fetch_all(&cache, &bad, 4, &NoProgress).unwrap_err().status(), Some(404));
    http().fetch_all(&cache, &[], 4, &NoProgress).unwrap();
}

#[test]
fn options_come_from_the_environment_that_is_passed_in() {
    let folder = |name: &str| std::path::PathBuf::from(name);
    let system = [folder("/etc/containers/certs.d"), folder("/etc/docker/certs.d")];
    for (variables, proxied, own) in [
        (&[][..], false, None),
        (&[("HOME", ""), ("HTTP_PROXY", "")], false, None),
        (
            &[("HOME", "/home/u"), ("all_proxy", "http://proxy.example")],
            true,
            Some(folder("/home/u/.config/containers/certs.d")),
        ),
    ] {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options = HttpOptions::from_environment(&variables);
        let expected: Vec<_> = own.into_iter().chain(system.clone()).collect();
        assert_eq!((options.proxied, options.certificate_folders), (proxied, expected), "{variables:?}");
    }
}

#[test]
fn a_file_that_comes_is_called_by_its_name_or_by_the_end_of_its_address() {
    #[derive(Default)]
    struct Names(std::sync::Mutex<Vec<String>>);
    impl crate::Progress for Names {
        fn begin(&self, name: &str, _: Option<u64>) -> u64 {
            self.0.lock().unwrap().push(name.to_owned());
            0
        }
        fn advance(&self, _: u64, _: u64) {}
        fn end(&self, _: u64) {}
    }
    let server = Server::start(|got, _| Reply::new(200).body(got.target.as_str()));
    let (_folder, cache) = cache();
    let names = Names::default();
    for (path, name) in [("/by-hash/SHA256/ab12", Some("trixie main/binary-amd64/Packages.xz")), ("/six.whl", None)] {
        let (url, digest) = (server.url(path), Digest::of(path.as_bytes()));
        let download = Download { url, digest, size: None, name: name.map(str::to_owned) };
        http().fetch_to_cache(&cache, &download, &names).unwrap();
    }
    assert_eq!(*names.0.lock().unwrap(), ["trixie main/binary-amd64/Packages.xz", "six.whl"]);
}
