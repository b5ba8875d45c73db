//! Layers that are pulled lazily: each file is read by itself as the table of contents says, and everyone else sees a
//! plain layer.

use std::path::Path;

use serde_json::Value;
use shipwheel_tests::{Answer, Definition, Layout, Podman, Registry, Server, Shipwheel, wheel_with, workspace};
use xshell::{Shell, cmd};

const PLATFORM: &str = "linux/amd64";

/// The digest of a layer's table of contents.
const TOC_DIGEST: &str = "containerd.io/snapshot/stargz/toc.digest";

/// A small image with a large file and a wheel, lazily or not.
fn definition(lines: &str, wheel: &str, sha256: &str) -> Definition {
    let toml = format!(
        "[app]\nsources = [\"hello.py\", \"large.txt\"]\ndestination = \"/app\"\n\
         [config]\ncmd = [\"python3\", \"/app/hello.py\"]\n{lines}"
    );
    Definition::over_debian(&toml)
        .with_lock(&[("thing-1.0-py3-none-any.whl", wheel, sha256)])
        .with("hello.py", "import json, thing\nprint('hello', json.__cached__)\n")
        .with("large.txt", &"a line of a large file\n".repeat(500_000))
}

fn built(definition: &Definition, flags: &[&str]) -> Layout {
    let (folder, output) = (definition.argument(), format!("oci:{}", definition.output().display()));
    Shipwheel::new().image(&[&[folder.as_str(), "--output", &output], flags].concat()).succeeded();
    Layout::new(&definition.output())
}

fn layers(layout: &Layout) -> Vec<Value> {
    layout.manifest(PLATFORM)["layers"].as_array().unwrap().clone()
}

#[test]
fn a_lazy_image_is_read_file_by_file_and_as_any_other() {
    let (bytes, sha256) = wheel_with("py3-none-any", &[("package/part.py", &b"x = 1\n".repeat(1_000))]);
    let server = Server::start([("/thing.whl".to_owned(), Answer::Whole(bytes))]);
    let wheel = server.url("/thing.whl");
    let (toml, flag) = (definition("[layers]\nlazy = true\n", &wheel, &sha256), definition("", &wheel, &sha256));
    let lazy = built(&toml, &[]);
    assert_eq!(lazy.manifest(PLATFORM), built(&flag, &["--compression", "estargz"]).manifest(PLATFORM));
    let plain = definition("", &wheel, &sha256);
    let plain = built(&plain, &[]);
    let bytes = |layers: &[Value]| layers.iter().map(|layer| layer["size"].as_f64().unwrap()).sum::<f64>();
    let (lazy_layers, plain_layers) = (layers(&lazy), layers(&plain));
    assert!(bytes(&lazy_layers) < 1.15 * bytes(&plain_layers), "{} {}", bytes(&lazy_layers), bytes(&plain_layers));
    assert!(plain_layers.iter().all(|layer| layer.get("annotations").is_none()));
    let (shell, reader) = (Shell::new().unwrap(), workspace().join("tests/tests/e2e/lazy.py"));
    for layer in &lazy_layers {
        assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
        let (digest, toc) = (layer["digest"].as_str().unwrap(), layer["annotations"][TOC_DIGEST].as_str().unwrap());
        let blob = blob(lazy.path(), digest);
        cmd!(shell, "python3 {reader} {blob} {toc}").quiet().read().unwrap();
    }
    Shipwheel::new().run(&["verify", &lazy.path().display().to_string()]).succeeded();

    let (registry, podman) = (Registry::start(), Podman::new());
    let name = format!("{}/lazy:1", registry.host());
    Shipwheel::new().run(&["push", &lazy.path().display().to_string(), &name]).succeeded();
    podman.pull(&name);
    let said = podman.run(&name, &["python3", "/app/hello.py"]);
    assert!(said.starts_with("hello /usr/lib/python3.11/json/__pycache__/"), "{said}");
}

#[test]
fn what_a_start_reads_comes_first_in_every_layer() {
    let (bytes, sha256) = wheel_with("py3-none-any", &[("package/part.py", &b"x = 1\n".repeat(1_000))]);
    let server = Server::start([("/thing.whl".to_owned(), Answer::Whole(bytes))]);
    let wheel = server.url("/thing.whl");
    let lines = "[layers]\nlazy = true\n";
    let plain = definition(lines, &wheel, &sha256);
    let first = plain.path().join("first.txt");
    let layout = built(&plain, &["--platforms", "amd64"]);
    let flags = ["--module", "json", "--module", "thing", "--runs", "1", "--first", &first.display().to_string()];
    Shipwheel::new().run(&[&["startup", &layout.path().display().to_string()], &flags[..]].concat()).succeeded();
    let list = std::fs::read_to_string(&first).unwrap();
    for path in ["/usr/bin/python3.11", "/libc.so.6", "/__pycache__/thing.", "/json/__pycache__/"] {
        assert!(list.contains(path), "{path}\n{list}");
    }
    assert!(!list.contains("package/part") && !list.contains("large.txt"), "{list}");
    let asked = definition(&format!("{lines}first = \"first.txt\"\n"), &wheel, &sha256).with("first.txt", &list);
    let layout = built(&asked, &["--platforms", "amd64"]);
    let (shell, reader) = (Shell::new().unwrap(), workspace().join("tests/tests/e2e/lazy.py"));
    let mut found = 0;
    for layer in layers(&layout) {
        let (digest, toc) = (layer["digest"].as_str().unwrap(), layer["annotations"][TOC_DIGEST].as_str().unwrap());
        let blob = blob(layout.path(), digest);
        let said = cmd!(shell, "python3 {reader} {blob} {toc} {first}").quiet().read().unwrap();
        found += said.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
    }
    let listed = list.lines().filter(|line| line.starts_with('/')).count();
    assert_eq!(found, listed, "each of them is in one layer");
    Shipwheel::new().run(&["verify", &layout.path().display().to_string()]).succeeded();
    // The same list is the same image; another list is another one, and so is none.
    let again = definition(&format!("{lines}first = \"list.txt\"\n"), &wheel, &sha256).with("list.txt", &list);
    assert_eq!(built(&again, &["--platforms", "amd64"]).manifest(PLATFORM), layout.manifest(PLATFORM));
    let other = again.with("list.txt", "/usr/bin/python3.11\n");
    assert_ne!(built(&other, &["--platforms", "amd64"]).manifest(PLATFORM), layout.manifest(PLATFORM));
    let wrong = other.with("list.txt", "# a comment\nusr/bin/python3.11\n");
    Shipwheel::new()
        .image(&[&wrong.argument()])
        .failed(3, &["`list.txt`: line 2 is `usr/bin/python3.11`", "image.toml"]);
    let gone = definition(&format!("{lines}first = \"none.txt\"\n"), &wheel, &sha256);
    Shipwheel::new().image(&[&gone.argument()]).failed(3, &["`none.txt` cannot be read"]);
}

fn blob(layout: &Path, digest: &str) -> std::path::PathBuf {
    layout.join("blobs").join(digest.replace(':', "/"))
}

#[test]
fn lazy_layers_and_zstd_are_not_asked_for_together() {
    let definition = Definition::over_debian("[layers]\nlazy = true\ncompression = \"zstd\"");
    Shipwheel::new().image(&[&definition.argument()]).failed(3, &["`layers.lazy` is for gzip"]);
}
