//! Folders that an application may write to, as the image's own user and as an arbitrary one with the group 0.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use shipwheel_tests::{Definition, Layout, Podman, Rootfs, Shipwheel, listing};

/// Who runs a container: the image's user, and one as OpenShift chooses it.
const USERS: [Option<&str>; 2] = [None, Some("4242:0")];

/// Writes a file into each folder that is named, and into those that every program expects.
const WRITE: &str = "import os, pathlib, sys, tempfile
for folder in [*sys.argv[1:], str(pathlib.Path.home()), tempfile.gettempdir()]:
    with open(os.path.join(folder, f'written-by-{os.getuid()}'), 'w') as file:
        file.write('x')
print(os.getuid(), os.access('/app', os.W_OK), pathlib.Path.home(), tempfile.gettempdir())
";

fn build(definition: &Definition, arguments: &[&str]) -> (Podman, String) {
    let archive = definition.output();
    let output = format!("docker-archive:{}", archive.display());
    Shipwheel::new().image(&[&[&definition.argument(), "--output", &output], arguments].concat()).succeeded();
    let podman = Podman::new();
    let name = podman.load(&archive);
    (podman, name)
}

/// The last word of an image's layers on every path: type, mode and owner.
fn owners(layout: &Layout) -> BTreeMap<String, String> {
    let manifest = layout.manifest("linux/amd64");
    let layers = manifest["layers"].as_array().unwrap().iter();
    let listings = layers.map(|layer| listing(&layout.blob(layer["digest"].as_str().unwrap())));
    let mut owners = BTreeMap::new();
    for line in listings.collect::<String>().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        owners.insert(words[5].trim_end_matches('/').to_owned(), words[..3].join(" "));
    }
    owners
}

fn with_folders() -> Definition {
    let keys = "[app]\nsources = [\"main.py\", \"data\", \"plain\"]\nwritable = [\"data\", \"logs\", \"/var/lib/shop\"]\n\
        [config]\ncmd = [\"python3.11\", \"/app/main.py\"]\nuser = \"65532:65532\"\nvolumes = [\"/uploads\"]";
    Definition::over_debian(keys)
        .with("main.py", "import data, plain\n")
        .with("data/__init__.py", "")
        .with("data/seed.json", "{}")
        .with("plain/__init__.py", "")
}

#[test]
fn the_user_and_an_arbitrary_one_of_group_0_write_to_the_folders_that_are_named() {
    let (podman, name) = build(&with_folders(), &["--platform", "amd64"]);
    let folders = ["/app/data", "/app/logs", "/var/lib/shop", "/uploads"];
    for user in USERS {
        let said = podman.run_writable(&name, user, &[&["python3.11", "-c", WRITE], &folders[..]].concat());
        let number = user.map_or("65532", |user| user.split_once(':').unwrap().0);
        assert_eq!(said.trim(), format!("{number} False /tmp /tmp"));
    }
    let append = "open('/app/data/seed.json', 'a').write(' ')";
    USERS.iter().for_each(|user| drop(podman.run_writable(&name, *user, &["python3.11", "-c", append])));
}

#[test]
fn no_layer_takes_a_writable_folder_back() {
    let definition = with_folders();
    let output = format!("oci:{}", definition.output().display());
    Shipwheel::new().image(&[&definition.argument(), "--platform", "amd64", "--output", &output]).succeeded();
    let layout = Layout::new(&definition.output());
    let owners = owners(&layout);
    for (path, expected) in [
        ("app", "d 0755 0:0"),
        ("app/data", "d 0775 65532:0"),
        ("app/data/__init__.py", "f 0664 65532:0"),
        ("app/data/__pycache__", "d 0775 65532:0"),
        ("app/data/__pycache__/__init__.cpython-311.pyc", "f 0664 65532:0"),
        ("app/logs", "d 0775 65532:0"),
        ("app/plain/__pycache__", "d 0755 0:0"),
        ("app/plain/__init__.py", "f 0644 0:0"),
        ("uploads", "d 0775 65532:0"),
        ("var/lib", "d 0755 0:0"),
        ("var/lib/shop", "d 0775 65532:0"),
        ("tmp", "d 1777 0:0"),
    ] {
        assert_eq!(owners.get(path).map(String::as_str), Some(expected), "{path}");
    }
    assert_eq!(layout.config("linux/amd64")["config"]["Volumes"], json!({ "/uploads": {} }));
    let rootfs = Rootfs::unpack(&layout, "amd64");
    for (path, expected) in [("/app/data", 0o775), ("/app/logs", 0o775), ("/app/plain", 0o755)] {
        let mode = std::fs::metadata(rootfs.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, expected, "umoci has {path} with {mode:o}");
    }
}

#[test]
fn a_user_whom_only_the_base_knows_is_an_error_until_it_has_a_number() {
    let image = |user: &str| {
        let keys = format!("[app]\nsources = [\"main.py\"]\nwritable = [\"data\"]\n[config]\nuser = \"{user}\"");
        let definition = Definition::over_debian(&keys).with("main.py", "");
        let output = format!("oci:{}", definition.output().display());
        Shipwheel::new().image(&[&definition.argument(), "--platform", "amd64", "--output", &output])
    };
    let fragments = ["`app.writable` belong to the user `shop`", "write `config.user` as a number"];
    image("shop").failed(3, &fragments);
    let run = image("nonroot").succeeded();
    assert!(run.stderr.contains("warning: the image has no command"), "{}", run.stderr);
}

#[test]
fn an_application_that_nobody_configured_writes_where_its_sources_say() {
    let code = "import os\nimport pathlib\nimport sqlite3\n\nimport helper\n\nos.makedirs('data', exist_ok=True)\n\
        sqlite3.connect('data/app.db').execute('create table if not exists t (a)')\n\
        sqlite3.connect('top.db').execute('create table if not exists t (a)')\n\
        (pathlib.Path.home() / 'x').write_text('x')\nprint('ok', os.getuid(), helper.__cached__)\n";
    let definition = Definition::empty().with("main.py", code).with("helper.py", "").with(".python-version", "3.11");
    let (podman, name) = build(&definition, &[]);
    for (user, number) in USERS.into_iter().zip(["65532", "4242"]) {
        let said = podman.run_writable(&name, user, &[]);
        assert_eq!(said.trim(), format!("ok {number} /app/__pycache__/helper.cpython-311.pyc"));
    }
    let nothing = Definition::empty().with("main.py", "print('ok')\n").with(".python-version", "3.11");
    let output = format!("oci:{}", nothing.output().display());
    let run = Shipwheel::new().image(&[&nothing.argument(), "--output", &output]).succeeded();
    assert!(run.stderr.contains("may write only to /tmp"), "{}", run.stderr);
}
