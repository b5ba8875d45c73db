//! `doctor` on a machine that has all that a build needs, and on machines that lack something.

use std::path::Path;

use serde_json::Value;
use shipwheel_tests::{Answer, Server, Shipwheel, scratch};

/// A mirror and an index of this machine.
fn server() -> Server {
    let release = |suite: &str| (format!("/debian{suite}/InRelease"), Answer::Whole(b"Origin: Debian\n".to_vec()));
    let page = ("/simple/pip/".to_owned(), Answer::Html(b"<!DOCTYPE html><title>pip</title>".to_vec()));
    Server::start([release("/dists/trixie"), release("-security/dists/trixie-security"), page])
}

/// shipwheel with that mirror and that index, in a folder of its own.
fn shipwheel(folder: &Path, server: &Server) -> Shipwheel {
    Shipwheel::apart(folder)
        .with("SHIPWHEEL_DEBIAN_MIRROR", server.url("/debian"))
        .with("UV_DEFAULT_INDEX", server.url("/simple"))
        .within(120)
}

/// The offers of a name.
fn offers<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    let offers = value["offers"].as_array().expect("a list");
    offers.iter().filter(|offer| offer["name"] == name).collect()
}

#[test]
fn a_machine_with_all_that_a_build_needs_is_told_so() {
    let (folder, server) = (scratch(), server());
    let shipwheel = shipwheel(folder.path(), &server).with("HTTPS_PROXY", "http://u:SECRET@127.0.0.1:9");
    let logins = folder.path().join("home/.docker");
    std::fs::create_dir_all(&logins).unwrap();
    std::fs::write(logins.join("config.json"), r#"{"auths":{"r.example":{"auth":"dTpTRUNSRVQ="}}}"#).unwrap();
    let run = shipwheel.run(&["doctor", "--json"]).succeeded();
    assert!(!run.stdout.contains("SECRET") && !run.stdout.contains("dTpT"), "{}", run.stdout);
    let value = run.json();
    assert_eq!(value["builds"], true);
    for name in ["Debian mirror", "package index", "cache", "logins", "proxy", "compiler", "Landlock", "uv", "docker"] {
        let found = offers(&value, name);
        assert!(!found.is_empty(), "{name}: {value:#}");
        for offer in found {
            let is_ok = offer["state"] == "ok";
            assert!(is_ok || (offer["lost"].is_string() && offer["hint"].is_string()), "{offer}");
        }
    }
    for (name, part) in [
        ("Debian mirror", "/debian (the mirror in SHIPWHEEL_DEBIAN_MIRROR)"),
        ("package index", "/simple"),
        ("logins", "config.json: r.example"),
        ("proxy", "HTTPS_PROXY=http://***@127.0.0.1:9"),
        ("cache", "mode 0700"),
    ] {
        let offer = offers(&value, name)[0];
        assert_eq!(offer["state"], "ok", "{offer}");
        assert!(offer["found"].as_str().unwrap().contains(part), "{offer}");
    }
    assert_eq!(server.requests(), 3, "the two releases, and a page");

    let text = shipwheel.run(&["doctor"]).succeeded().stdout;
    assert!(text.lines().any(|line| line.starts_with("ok       package index")), "{text}");
}

#[test]
fn nobody_is_asked_offline() {
    let (folder, server) = (scratch(), server());
    let run = shipwheel(folder.path(), &server).run(&["doctor", "--offline"]).succeeded();
    assert!(run.stdout.contains("not asked"), "{}", run.stdout);
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_mirror_or_an_index_that_does_not_answer_is_the_outside_world_and_says_what_to_do() {
    let (folder, server) = (scratch(), server());
    for (name, value, missing, other) in [
        ("SHIPWHEEL_DEBIAN_MIRROR", "http://127.0.0.1:1/debian", "Debian mirror", "package index"),
        ("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple", "package index", "Debian mirror"),
    ] {
        let run = shipwheel(folder.path(), &server).with(name, value).run(&["doctor", "--json"]);
        assert_eq!(run.code, 4, "{}", run.stderr);
        assert!(run.stderr.contains(&format!("a plain build is impossible without: {missing}")), "{}", run.stderr);
        let found = run.json();
        let offer = offers(&found, missing)[0];
        assert_eq!((&offer["state"], &offer["needed"]), (&Value::from("missing"), &Value::from(true)), "{offer}");
        assert!(offer["found"].as_str().unwrap().contains("127.0.0.1:1"), "{offer}");
        assert!(offer["hint"].is_string() && offer["lost"].is_string(), "{offer}");
        assert_eq!(offers(&found, other)[0]["state"], "ok");
    }
}

#[test]
fn a_cache_that_others_own_or_may_write_is_an_output_and_the_rest_is_looked_at_nevertheless() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, server) = (scratch(), server());
    let open = folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    // An empty one of this user is closed, and used.
    std::fs::write(open.join("records"), "").unwrap();
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    let mut places = vec![(open.clone(), "others can write to it")];
    let foreign = folder.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    // Only root can give a folder away; for others, root's own is somebody else's.
    match std::os::unix::fs::chown(&foreign, Some(65534), Some(65534)) {
        Ok(()) => places.push((foreign, "belongs to ")),
        Err(_) => places.push(("/usr".into(), "belongs to root")),
    }
    for (place, reason) in places {
        let shipwheel = shipwheel(folder.path(), &server).with("SHIPWHEEL_CACHE_DIR", place.display());
        let run = shipwheel.run(&["doctor", "--json"]);
        assert_eq!(run.code, 6, "{}", run.stderr);
        let found = run.json();
        let offer = offers(&found, "cache")[0];
        assert_eq!(offer["state"], "missing");
        assert!(offer["found"].as_str().unwrap().contains(reason), "{offer}");
        assert_eq!(offers(&found, "package index")[0]["state"], "ok", "the rest is looked at");
    }
}

#[test]
fn a_file_of_logins_that_is_no_json_and_a_helper_that_is_gone_are_named() {
    let (folder, server) = (scratch(), server());
    let file = folder.path().join("auth.json");
    let shipwheel = shipwheel(folder.path(), &server).with("REGISTRY_AUTH_FILE", file.display());
    for (text, part) in [
        ("{ no json", "auth.json: not valid JSON"),
        (r#"{"credsStore":"not-there"}"#, "docker-credential-not-there, which is asked for every host"),
        (r#"{"auths":{"r.example":{"auth":"%%"}}}"#, "the entry of r.example cannot be decoded"),
    ] {
        std::fs::write(&file, text).unwrap();
        let found = shipwheel.run(&["doctor", "--json"]).succeeded().json();
        let missing: Vec<_> = offers(&found, "logins").into_iter().filter(|it| it["state"] == "missing").collect();
        assert_eq!(missing.len(), 1, "{found:#}");
        assert!(missing[0]["found"].as_str().unwrap().contains(part), "{}", missing[0]);
        assert!(missing[0]["hint"].is_string());
    }
}
