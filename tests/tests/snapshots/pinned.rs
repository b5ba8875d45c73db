//! Every digest of an image of fixed inputs, from the inputs to the archives: a byte that moves is seen, and named.

use std::path::Path;

use serde_json::Value;
use shipwheel_oci::Digest;
use shipwheel_tests::{Layout, Registry, listing, unpacked};

use crate::sample::{PLATFORMS, built};

/// What everything was when it was last decided that it should change.
const PINNED: &str = include_str!("pinned.txt");

/// A stage of the way from inputs to outputs, and the digest of what it gave.
type Stages = Vec<(String, Digest)>;

#[test]
fn no_byte_of_an_image_of_fixed_inputs_moves() {
    let (sample, layout) = built();
    let mut stages: Stages = sample.inputs.clone();
    for platform in PLATFORMS {
        stages.extend(layers(layout, platform));
    }
    for platform in PLATFORMS {
        stages.push((format!("{platform} config"), digest(&layout.manifest(platform)["config"]["digest"])));
    }
    for platform in PLATFORMS {
        stages.push((format!("{platform} manifest"), digest(&layout.descriptor(platform)["digest"])));
    }
    stages.push(("index".to_owned(), digest(&layout.entry()["digest"])));
    stages.push(("layout: index.json".to_owned(), of_file(&layout.path().join("index.json"))));
    stages.extend(outputs());
    check(&stages);
}

/// Bottom to top: what is in each layer, what its tar is, and what its blob is.
fn layers(layout: &Layout, platform: &str) -> Stages {
    let (manifest, config) = (layout.manifest(platform), layout.config(platform));
    let layers = manifest["layers"].as_array().unwrap().iter().enumerate();
    let stages = layers.flat_map(|(number, layer)| {
        let blob = layout.blob(layer["digest"].as_str().unwrap());
        let diff_id = digest(&config["rootfs"]["diff_ids"][number]);
        assert_eq!(Digest::of(&unpacked(&blob)), diff_id, "the diff id of layer {number}");
        assert_eq!(Digest::of(&blob), digest(&layer["digest"]), "the digest of layer {number}");
        [("tree", Digest::of(listing(&blob).as_bytes())), ("diff id", diff_id), ("digest", Digest::of(&blob))]
            .map(|(stage, digest)| (format!("{platform} layer {number:02} {stage}"), digest))
    });
    stages.collect()
}

/// The same image written in every other way, and read back from a registry.
fn outputs() -> Stages {
    let (sample, layout) = built();
    let archive = of_file(&sample.build("oci-archive:archive.tar", &[]));
    let docker = of_file(&sample.build("docker-archive:docker.tar", &["--platform", "linux/amd64"]));
    let single = Layout::new(&sample.build("oci:single", &["--platform", "linux/amd64"]));
    assert_eq!(single.entry()["digest"], layout.descriptor("linux/amd64")["digest"], "alone or with others");

    let registry = Registry::start();
    let name = format!("{}/team/fixed:1.0", registry.host());
    sample.shipwheel().run(&["push", "layout", &name]).succeeded();
    sample.shipwheel().run(&["pull", &name, "--output", "oci:pulled"]).succeeded();
    let pulled = Layout::new(&sample.path().join("pulled"));
    assert_eq!(blobs(&pulled), blobs(layout), "what was pulled is what was pushed, byte for byte");
    let index = std::fs::read_to_string(pulled.path().join("index.json")).unwrap();
    let index = index.replace(&registry.host(), "registry.example");
    vec![
        ("oci-archive".to_owned(), archive),
        ("docker-archive of linux/amd64".to_owned(), docker),
        ("pulled layout: index.json".to_owned(), Digest::of(index.as_bytes())),
    ]
}

/// The names of all blobs, which are those of their bytes.
fn blobs(layout: &Layout) -> Vec<String> {
    let entries = std::fs::read_dir(layout.path().join("blobs/sha256")).unwrap().map(|entry| entry.unwrap());
    let check = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(Digest::of(&std::fs::read(entry.path()).unwrap()).hex(), name);
        name
    };
    let mut names: Vec<String> = entries.map(check).collect();
    names.sort();
    names
}

/// Says which stage moved first: those after it had to.
fn check(stages: &Stages) {
    let found: String = stages.iter().map(|(stage, digest)| format!("{digest}  {stage}\n")).collect();
    if found == PINNED {
        return;
    }
    let moved: Vec<&str> = found.lines().filter(|line| !PINNED.lines().any(|pinned| pinned == *line)).collect();
    let first = moved.first().map_or("a stage is gone", |line| line.split_once("  ").unwrap().1);
    let file = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tests/pinned.txt");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, &found).unwrap();
    panic!(
        "the first stage that moved: {first}\n\nAll that moved:\n{}\n\nWhere that is meant: \
         cp {} tests/tests/snapshots/pinned.txt\n",
        moved.join("\n"),
        file.display()
    );
}

fn digest(value: &Value) -> Digest {
    value.as_str().unwrap().parse().unwrap()
}

fn of_file(path: &Path) -> Digest {
    Digest::of(&std::fs::read(path).unwrap())
}
