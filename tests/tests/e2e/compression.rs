//! Layers of zstd: the same files as in gzip, the same bytes by flag and by image.toml, read by other people's programs.

use serde_json::Value;
use shipwheel_tests::{Definition, Layout, Podman, Registry, Shipwheel, judge, scratch};
use xshell::{Shell, cmd};

const PLATFORM: &str = "linux/amd64";

/// A small image; `lines` are more of its image.toml.
fn definition(lines: &str) -> Definition {
    Definition::over_debian(&format!(
        "[app]\nsources = [\"hello.py\"]\ndestination = \"/app\"\n[config]\ncmd = [\"python3\", \"/app/hello.py\"]\n{lines}"
    ))
    .with("hello.py", "import json\nprint('hello', json.__cached__)\n")
}

fn built(definition: &Definition, flags: &[&str]) -> Layout {
    let (folder, output) = (definition.argument(), format!("oci:{}", definition.output().display()));
    Shipwheel::new().image(&[&[folder.as_str(), "--output", &output], flags].concat()).succeeded();
    Layout::new(&definition.output())
}

/// The media types of a manifest's layers, without what they have in common.
fn types(manifest: &Value) -> Vec<String> {
    let layers = manifest["layers"].as_array().unwrap().iter();
    layers.map(|layer| layer["mediaType"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()).collect()
}

#[test]
fn layers_of_zstd_hold_what_layers_of_gzip_hold_whoever_asks_for_them() {
    let (gzip, flag) = (definition(""), definition(""));
    let toml = definition("[layers]\ncompression = \"zstd\"\ncompression-level = 3\n");
    let gzip = built(&gzip, &[]);
    let zstd = built(&flag, &["--compression", "zstd"]);
    assert_eq!(built(&toml, &[]).manifest(PLATFORM), zstd.manifest(PLATFORM), "the flag and image.toml say the same");
    assert_eq!(gzip.config(PLATFORM)["rootfs"], zstd.config(PLATFORM)["rootfs"], "the tars are the same");
    let (gzip, zstd) = (types(&gzip.manifest(PLATFORM)), types(&zstd.manifest(PLATFORM)));
    assert!(gzip.iter().all(|it| it == "tar+gzip"), "{gzip:?}");
    assert_eq!(zstd[0], "tar+gzip", "the base stays");
    assert!(zstd[1..].iter().all(|it| it == "tar+zstd") && zstd.len() > 2, "{zstd:?}");
    // Another level is another blob, of the same tar.
    let level = definition("");
    let level = built(&level, &["--compression", "zstd:9"]);
    let digests = |layout: &Layout| layout.manifest(PLATFORM)["layers"].clone();
    assert_ne!(digests(&level), digests(&Layout::new(&flag.output())));
    assert_eq!(level.config(PLATFORM)["rootfs"], Layout::new(&flag.output()).config(PLATFORM)["rootfs"]);
    Shipwheel::new().run(&["verify", &level.path().display().to_string()]).succeeded();
}

#[test]
fn other_programs_copy_pull_and_run_an_image_with_layers_of_zstd() {
    let (registry, podman, shell) = (Registry::start(), Podman::new(), Shell::new().unwrap());
    let name = format!("{}/zstd:1", registry.host());
    let definition = definition("");
    let run = Shipwheel::new().image(&[
        &definition.argument(),
        "--platforms",
        "amd64,arm64",
        "--compression",
        "zstd",
        "--push",
        &name,
    ]);
    let run = run.succeeded();
    assert!(run.stderr.contains("layers of zstd: Docker before 23"), "{}", run.stderr);
    let skopeo = judge("skopeo", "skopeo");
    let copy = scratch();
    let target = format!("oci:{}:1", copy.path().join("copy").display());
    cmd!(shell, "{skopeo} copy --quiet --all --src-tls-verify=false docker://{name} {target}").quiet().run().unwrap();
    Shipwheel::new().run(&["verify", &copy.path().join("copy").display().to_string()]).succeeded();
    podman.pull(&name);
    let said = podman.run(&name, &["python3", "/app/hello.py"]);
    assert!(said.starts_with("hello /usr/lib/python3.11/json/__pycache__/"), "{said}");
}

#[test]
fn a_docker_archive_takes_no_zstd_and_a_wrong_level_is_named() {
    let definition = definition("");
    let folder = definition.argument();
    let archive = format!("docker-archive:{}", definition.path().join("x.tar").display());
    let image = |more: &[&str]| Shipwheel::new().image(&[&[folder.as_str(), "--platforms", "amd64"], more].concat());
    let refused = image(&["--compression", "zstd", "--output", &archive]);
    refused.failed(2, &["a docker-archive is for `docker load`", "write an `oci-archive:`"]);
    image(&["--compression", "zstd:20"])
        .failed(2, &["`zstd:20` is no compression; expected gzip, estargz, zstd, or zstd:1"]);
    assert!(!definition.path().join("x.tar").exists());
}
