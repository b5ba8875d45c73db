//! Whatever takes the place of a file that shipwheel reads: an error within seconds that says what it is.

use std::os::unix::fs::symlink;
use std::path::Path;

use shipwheel_tests::{Definition, Run, SampleBase, Shipwheel};
use xshell::{Shell, cmd};

/// What the name of a file is given to, and what the error says.
const THINGS: [(&str, &str); 4] = [
    ("pipe", "it is a named pipe, expected a regular file"),
    ("device", "it is a device, expected a regular file"),
    ("folder", "it is a folder, expected a regular file"),
    ("endless", "MiB, the limit"),
];

/// Puts a thing where a file should be.
fn plant(thing: &str, path: &Path) {
    let _ = std::fs::remove_file(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let shell = Shell::new().unwrap();
    match thing {
        "pipe" => cmd!(shell, "mkfifo {path}").quiet().run().unwrap(),
        "device" => symlink("/dev/zero", path).unwrap(),
        "folder" => std::fs::create_dir(path).unwrap(),
        // Without any block on disk.
        _ => std::fs::File::create(path).unwrap().set_len(64 << 20).unwrap(),
    }
}

/// An image over a base of fixed bytes, with a lock that is empty.
fn definition(lock: &str) -> Definition {
    let definition = Definition::empty();
    SampleBase::FULL.write(&definition.path().join("base"));
    let text = "lock-version = \"1.0\"\ncreated-by = \"test\"\npackages = []\n";
    let toml = format!(
        "base = {{ layout = \"base\" }}\nplatforms = [\"linux/amd64\"]\n[app]\nsources = [\"main.py\"]\n\
         [python]\nlock = \"{lock}\"\n"
    );
    definition.with("main.py", "print('hello')\n").with(lock, text).with("image.toml", &toml)
}

/// Runs shipwheel in the folder of a definition; it may take seconds.
fn run(definition: &Definition, arguments: &[&str]) -> Run {
    Shipwheel::apart(definition.path()).within(30).run(arguments)
}

const IMAGE: &[&str] = &["image", ".", "--output", "oci:output"];

#[test]
fn a_definition_and_what_it_names_are_regular_files_of_bounded_size() {
    let debian = "base = { debian = { suite = \"bookworm\", packages = [\"python3\"], \
         mirror = \"http://127.0.0.1:1\", keyring = \"keys.asc\" } }\n[app]\nsources = [\"main.py\"]\n[config]\ncmd = [\"python3\"]\n";
    for (lock, file) in [
        ("pylock.toml", "image.toml"),
        ("pylock.toml", "pylock.toml"),
        ("pylock.toml", "pyproject.toml"),
        ("uv.lock", "uv.lock"),
        ("poetry.lock", "poetry.lock"),
        ("pdm.lock", "pdm.lock"),
        ("requirements.txt", "requirements.txt"),
        ("requirements.txt", "more.txt"),
        ("requirements.txt", "requirements.lock.txt"),
        ("requirements.txt", "uv.toml"),
        ("pylock.toml", "keys.asc"),
    ] {
        for (thing, said) in THINGS {
            let definition = definition(lock).with("requirements.txt", "-r more.txt\n");
            let mut definition = definition.with("more.txt", "six\n");
            if file == "keys.asc" {
                definition = definition.with("image.toml", debian);
            }
            plant(thing, &definition.path().join(file));
            let run = run(&definition, IMAGE);
            // A device is planted as a link: what leads out of the workspace is refused before it is opened.
            let outside = "outside of the workspace";
            let is_outside = thing == "device" && run.stderr.contains(outside);
            let (said, hint) = if is_outside { (outside, "outside") } else { (said, "hint: ") };
            run.failed(3, &[file, said, hint]);
            assert!(!definition.output().exists());
        }
    }
}

#[test]
fn settings_and_images_are_regular_files_of_bounded_size() {
    for (file, arguments) in [
        ("images/registries.toml", &["pull", "127.0.0.1:1/a:1", "--output", "oci:output"][..]),
        ("ca.pem", &["pull", "127.0.0.1:1/a:1", "--output", "oci:output", "--ca-file", "ca.pem"]),
        ("base/index.json", &["verify", "oci:base"]),
        ("base/index.json", IMAGE),
    ] {
        for (thing, said) in THINGS {
            let definition = definition("pylock.toml");
            plant(thing, &definition.path().join(file));
            let run = run(&definition, arguments);
            assert!([3, 5].contains(&run.code), "{file}: {thing}: {}\n{}", run.code, run.stderr);
            let said =
                if file.ends_with("index.json") && thing == "endless" { "index.json is larger than" } else { said };
            run.failed(run.code, &[file, said]);
        }
    }
}

#[test]
fn files_of_the_application_are_regular_ones() {
    for thing in ["pipe", "device"] {
        let definition = definition("pylock.toml");
        plant(thing, &definition.path().join("main.py"));
        run(&definition, IMAGE).failed(3, &["main.py"]);
    }
}
