//! Where wheels come from: folders, mirrors, indexes behind a login; and what happens when a download breaks.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use shipwheel_oci::Digest;
use shipwheel_tests::{Answer, Definition, Run, Server, Shipwheel, scratch, variosync, wheel};

/// The exit code of docs/errors.md.
const CONFIGURATION: i32 = 3;

/// The wheel with a comment that no other run has: no cache knows it.
fn fresh() -> (Vec<u8>, String) {
    let (mut bytes, _) = wheel();
    let comment = format!("{:?} {:?}", SystemTime::now(), std::thread::current().id());
    let end = bytes.len() - 2;
    bytes[end..].copy_from_slice(&u16::try_from(comment.len()).unwrap().to_le_bytes());
    bytes.extend(comment.as_bytes());
    let sha256 = Digest::of(&bytes).hex();
    (bytes, sha256)
}

fn build(shipwheel: &Shipwheel, definition: &Definition) -> Run {
    let output = format!("oci:{}", definition.output().display());
    shipwheel.image(&[&definition.argument(), "--platform", "linux/amd64", "--output", &output])
}

const NAME: &str = "thing-1.0-py3-none-any.whl";

/// A `keyring` that knows one password, and tells it to whoever asks for its user.
fn keyring(folder: &Path) -> String {
    let program = folder.join("keyring");
    let text = "#!/bin/sh\ncase \"$1 $2 $3\" in 'get http://127.0.0.1:'*' user') echo 'p@ss';; *) exit 1;; esac\n";
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

#[test]
fn all_four_sources_of_credentials_open_an_index_and_none_is_kept() {
    let folder = scratch();
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, "machine 127.0.0.1\nlogin user\npassword p@ss\n").unwrap();
    let path = keyring(folder.path());
    for source in ["address", "named index", "netrc", "keyring"] {
        let (bytes, sha256) = fresh();
        let server = Server::start([("/files/thing.whl".to_owned(), Answer::Guarded(bytes))]);
        let (url, index) = (server.url("/files/thing.whl"), format!("inside={}", server.url("/simple")));
        let shipwheel = Shipwheel::new().with("HOME", folder.path().display());
        let (shipwheel, url) = match source {
            "address" => (shipwheel, url.replace("http://", "http://user:p%40ss@")),
            "named index" => {
                let shipwheel = shipwheel.with("UV_INDEX", index).with("UV_INDEX_INSIDE_USERNAME", "user");
                (shipwheel.with("UV_INDEX_INSIDE_PASSWORD", "p@ss"), url)
            }
            "netrc" => (shipwheel.with("NETRC", netrc.display()), url),
            _ => {
                let shipwheel = shipwheel.with("UV_KEYRING_PROVIDER", "subprocess").with("PATH", &path);
                (shipwheel.with("UV_INDEX", index).with("UV_INDEX_INSIDE_USERNAME", "user"), url)
            }
        };
        let cache = scratch();
        let shipwheel = shipwheel.with("SHIPWHEEL_CACHE_DIR", cache.path().display());
        let definition = Definition::over_example().with_lock(&[(NAME, &url, &sha256)]);
        let run = build(&shipwheel, &definition).succeeded();
        for secret in ["p@ss", "p%40ss"] {
            assert!(!run.stderr.contains(secret), "{source}: {}", run.stderr);
            assert_eq!(files_with(cache.path(), secret), [""; 0], "{source}");
        }
    }
}

#[test]
fn a_password_in_an_address_gets_into_no_lock() {
    for (input, text) in [
        ("requirements.in", "thing @ URL\n"),
        ("pyproject.toml", "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\"thing @ URL\"]\n"),
    ] {
        for login in ["user:p%40ss@", "p%40ss@", ""] {
            let (bytes, _) = fresh();
            let server = Server::start([(format!("/files/{NAME}"), Answer::Whole(bytes))]);
            let url = server.url(&format!("/files/{NAME}")).replace("http://", &format!("http://{login}"));
            let lines = format!("[python]\nlock = \"{input}\"");
            let definition = Definition::over_example().and(&lines).with(input, &text.replace("URL", &url));
            let run = build(&Shipwheel::new(), &definition);
            let lock = definition.path().join(input).with_extension("lock.txt");
            assert_eq!(lock.exists(), login.is_empty(), "{input} {login}: {}", run.stderr);
            if !lock.exists() {
                run.failed(CONFIGURATION, &["password or token in the address of `thing`", "netrc"]);
                assert!(!run.stderr.contains("p%40ss"), "{}", run.stderr);
            }
        }
    }
}

#[test]
fn an_address_gives_the_keyring_no_options() {
    let folder = scratch();
    let (program, asked) = (folder.path().join("keyring"), folder.path().join("asked"));
    std::fs::write(&program, format!("#!/bin/sh\necho \"$@\" >> {}\nexit 1\n", asked.display())).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    // `--keyring-path` is a folder whose entry points `keyring` loads.
    for user in ["--keyring-path%3D.", "-d", "harmless"] {
        let (bytes, sha256) = fresh();
        let server = Server::start([("/files/thing.whl".to_owned(), Answer::Guarded(bytes))]);
        let index = format!("inside={}", server.url("/simple").replace("http://", &format!("http://{user}@")));
        let shipwheel = Shipwheel::new().with("UV_KEYRING_PROVIDER", "subprocess").with("PATH", &path);
        let shipwheel = shipwheel.with("UV_INDEX", index).with("NETRC", "/nowhere");
        let definition = Definition::over_example().with_lock(&[(NAME, &server.url("/files/thing.whl"), &sha256)]);
        build(&shipwheel, &definition).failed(CONFIGURATION, &["401"]);
        let words = std::fs::read_to_string(&asked).unwrap_or_default();
        assert_eq!(words.contains("get http://"), user == "harmless", "{user}: {words}");
        assert!(!words.contains(" -"), "{words}");
    }
}

/// Files below a folder that have a text in them.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_with(&entry.path(), text));
        } else if std::fs::read(entry.path()).unwrap().windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

#[test]
fn a_refusal_names_the_address_without_its_password_and_says_what_to_set() {
    let (bytes, sha256) = fresh();
    let server = Server::start([("/thing.whl".to_owned(), Answer::Guarded(bytes))]);
    let url = server.url("/thing.whl").replace("http://", "http://user:wrong@");
    let run = build(
        &Shipwheel::new().with("NETRC", "/nowhere"),
        &Definition::over_example().with_lock(&[(NAME, &url, &sha256)]),
    );
    let address = server.url("/thing.whl");
    run.failed(CONFIGURATION, &[&address, "401", "UV_INDEX_<NAME>_USERNAME", "netrc", "UV_KEYRING_PROVIDER"]);
    assert!(!run.stderr.contains("wrong"), "{}", run.stderr);
}

#[test]
fn a_mirror_stands_in_for_the_addresses_of_a_lock() {
    let from = "http://127.0.0.1:1/files/";
    for in_environment in [false, true] {
        let (bytes, sha256) = fresh();
        let server = Server::start([("/mirror/a/thing.whl".to_owned(), Answer::Whole(bytes))]);
        let definition = Definition::over_example().with_lock(&[(NAME, &format!("{from}a/thing.whl"), &sha256)]);
        let to = server.url("/mirror/");
        let (shipwheel, definition) = match in_environment {
            true => (Shipwheel::new().with("SHIPWHEEL_WHEEL_MIRRORS", format!("{from}={to}")), definition),
            false => (Shipwheel::new(), definition.and(&format!("mirrors = {{ \"{from}\" = \"{to}\" }}"))),
        };
        build(&shipwheel, &definition).succeeded();
        assert_eq!(server.requests(), 1);
    }
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_WHEEL_MIRRORS", "http://user:secret@a");
    let run =
        build(&shipwheel, &Definition::over_example().with_lock(&[(NAME, "http://127.0.0.1:1/a", &"0".repeat(64))]));
    run.failed(CONFIGURATION, &["SHIPWHEEL_WHEEL_MIRRORS"]);
    assert!(!run.stderr.contains("secret"), "{}", run.stderr);
}

#[test]
fn a_wheel_in_a_folder_is_taken_by_its_hash_and_the_server_never_asked() {
    let (bytes, sha256) = fresh();
    let server = Server::start([("/thing.whl".to_owned(), Answer::Whole(bytes.clone()))]);
    let definition = Definition::over_example()
        .with_lock(&[(NAME, &server.url("/thing.whl"), &sha256)])
        .and("wheels = [\"wheels/\"]");
    std::fs::create_dir(definition.path().join("wheels")).unwrap();
    // Its name says nothing, its hash everything: the other one is not taken.
    std::fs::write(definition.path().join("wheels/other.whl"), &bytes).unwrap();
    std::fs::write(definition.path().join("wheels").join(NAME), fresh().0).unwrap();
    build(&Shipwheel::new(), &definition).succeeded();
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_built_wheel_is_taken_where_its_hash_is_accepted_and_only_there() {
    let (bytes, sha256) = fresh();
    let lock = "# For one test.\nlock-version = \"1.0\"\n[[packages]]\nname = \"thing\"\nversion = \"1.0\"\n\
                sdist = { url = \"http://127.0.0.1:1/thing-1.0.tar.gz\" }\n";
    let definition =
        Definition::over_example().with("pylock.toml", lock).and("[python]\nlock = \"pylock.toml\"\nwheels = [\".\"]");
    std::fs::write(definition.path().join(NAME), bytes).unwrap();
    build(&Shipwheel::new(), &definition).failed(CONFIGURATION, &["thing 1.0", "source distribution", "`accept`"]);
    let definition = definition.and(&format!("accept = {{ \"{NAME}\" = \"sha256:{sha256}\" }}"));
    build(&Shipwheel::new(), &definition).succeeded();
}

#[test]
fn a_folder_that_is_not_there_shows_its_line() {
    let definition = Definition::over_example()
        .with_lock(&[(NAME, "http://127.0.0.1:1/a", &"0".repeat(64))])
        .and("wheels = [\"nowhere\"]");
    build(&Shipwheel::new(), &definition).failed(CONFIGURATION, &["nowhere", "image.toml:"]);
}

#[test]
fn a_download_that_breaks_goes_on_where_it_broke() {
    let (bytes, sha256) = fresh();
    let server = Server::start([("/thing.whl".to_owned(), Answer::Resumable(bytes))]);
    let definition = Definition::over_example().with_lock(&[(NAME, &server.url("/thing.whl"), &sha256)]);
    build(&Shipwheel::new(), &definition).succeeded();
    assert_eq!(server.requests(), 2, "one for the first half, one for the second");
}

#[test]
fn a_wheel_that_lies_beside_the_lock_is_found_from_there() {
    let (bytes, sha256) = wheel();
    let definition = Definition::over_layout(variosync().layout().path()).and("[python]\nlock = \"locks/pylock.toml\"");
    let (folder, name) = (definition.path().join("locks"), "thing-1.0-py3-none-any.whl");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
    let lock = format!(
        "# Written for one test.\nlock-version = \"1.0\"\ncreated-by = \"test\"\n[[packages]]\nname = \"thing\"\nversion = \"1.0\"\n\
         [[packages.wheels]]\nname = \"{name}\"\npath = \"{name}\"\nhashes = {{ sha256 = \"{sha256}\" }}\n"
    );
    std::fs::write(folder.join("pylock.toml"), lock).unwrap();
    let (cache, output) = (scratch(), definition.output().display().to_string());
    let arguments = [&definition.argument(), "--platform", "amd64", "--no-bytecode", "--offline", "--output", &output];
    // A cache of its own: what another test brought in must not answer.
    Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.path().display()).image(&arguments).succeeded();
}
