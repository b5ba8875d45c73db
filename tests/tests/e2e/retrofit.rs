//! Retrofit: an image of another tool gets the standard library's bytecode, and nothing else changes.

use serde_json::{Value, json};
use shipwheel_tests::{Definition, Layout, Registry, Rootfs, Shipwheel, Suite, Tampered, judge, scratch};
use xshell::{Shell, cmd};

/// A Python image without any bytecode, as other tools make them, in a registry under this name.
fn plain_image(registry: &Registry) -> String {
    let definition = Suite::of_python(11).definition("print('hello')\n");
    let name = format!("{}/python:3.11", registry.host());
    let arguments = [&definition.argument(), "--platforms", "amd64,arm64", "--no-bytecode", "--push", &name];
    Shipwheel::new().image(&arguments).succeeded();
    name
}

/// What skopeo brings back of a name, with every platform.
fn pulled(name: &str) -> (tempfile::TempDir, Layout) {
    let (folder, shell, skopeo) = (scratch(), Shell::new().unwrap(), judge("skopeo", "skopeo"));
    let (source, target) =
        (format!("docker://{name}"), format!("oci:{}:image", folder.path().join("layout").display()));
    cmd!(shell, "{skopeo} copy --quiet --all --src-tls-verify=false {source} {target}").quiet().run().unwrap();
    let layout = Layout::new(&folder.path().join("layout"));
    (folder, layout)
}

fn digests(manifest: &Value) -> Vec<String> {
    let layers = manifest["layers"].as_array().unwrap();
    layers.iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_standard_library_gets_its_bytecode_and_nothing_else_changes() {
    let registry = Registry::start();
    let name = plain_image(&registry);
    let target = format!("{}/python:3.11-bytecode", registry.host());
    let run = Shipwheel::new().run(&["retrofit", &name, "--push", &target]).succeeded();
    assert!(run.line().starts_with(&format!("{target}@sha256:")), "{}", run.stdout);
    let ((_old, before), (_new, after)) = (pulled(&name), pulled(&target));
    let mut added = Vec::new();
    for platform in ["linux/amd64", "linux/arm64"] {
        let (old, new) = (digests(&before.manifest(platform)), digests(&after.manifest(platform)));
        assert_eq!(new[..old.len()], old[..], "the layers below stay as they are");
        added.push(new[old.len()..].to_vec());
        let (old, new) = (before.config(platform), after.config(platform));
        assert_eq!(old["config"], new["config"], "the runtime is told the same");
        assert_eq!(old["created"], new["created"]);
    }
    assert_eq!(added[0].len(), 2, "the standard library's, and that of the sources made per platform");
    assert_eq!(added[0][0], added[1][0], "one blob for both platforms");
    let rootfs = Rootfs::unpack(&after, "amd64");
    let (_, said) =
        rootfs.run(&[], &["/usr/bin/python3.11", "-v", "-c", "import json, ssl, asyncio, email, sysconfig"]);
    assert!(said.contains("matches /usr/lib/python3.11/asyncio/"), "{said}");
    assert!(
        !said.lines().any(|line| line.starts_with("# code object from '/usr/lib") && line.ends_with(".py'")),
        "{said}"
    );
    let again = Shipwheel::new().run(&["retrofit", &name, "--push", &target]).succeeded();
    assert_eq!(again.stdout, run.stdout, "the same image gives the same image");
    Shipwheel::new().run(&["verify", &target]).succeeded();
}

#[test]
fn an_image_in_dockers_own_types_keeps_them() {
    let registry = Registry::start();
    let name = plain_image(&registry);
    let (shell, skopeo) = (Shell::new().unwrap(), judge("skopeo", "skopeo"));
    let docker = format!("{}/python:docker", registry.host());
    let (source, target) = (format!("docker://{name}"), format!("docker://{docker}"));
    cmd!(
        shell,
        "{skopeo} copy --quiet --all --format v2s2 --src-tls-verify=false --dest-tls-verify=false {source} {target}"
    )
    .quiet()
    .run()
    .unwrap();
    let target = format!("{}/python:docker-bytecode", registry.host());
    Shipwheel::new().run(&["retrofit", &docker, "--push", &target]).succeeded();
    let source = format!("docker://{target}");
    let raw = cmd!(shell, "{skopeo} inspect --raw --tls-verify=false {source}").quiet().read().unwrap();
    let index: Value = serde_json::from_str(&raw).unwrap();
    assert_eq!(index["mediaType"], "application/vnd.docker.distribution.manifest.list.v2+json");
    let digest = index["manifests"][0]["digest"].as_str().unwrap();
    let source = format!("docker://{}/python@{digest}", registry.host());
    let raw = cmd!(shell, "{skopeo} inspect --raw --tls-verify=false {source}").quiet().read().unwrap();
    let manifest: Value = serde_json::from_str(&raw).unwrap();
    assert_eq!(manifest["mediaType"], "application/vnd.docker.distribution.manifest.v2+json");
    let types = manifest["layers"].as_array().unwrap().iter().map(|layer| layer["mediaType"].as_str().unwrap());
    assert!(
        types.clone().count() > 2 && types.clone().all(|it| it.starts_with("application/vnd.docker.")),
        "{manifest}"
    );
}

#[test]
fn a_layout_is_retrofitted_without_any_registry_and_levels_are_chosen() {
    let registry = Registry::start();
    let (_folder, layout) = pulled(&plain_image(&registry));
    let folder = scratch();
    let output = format!("oci:{}", folder.path().join("out").display());
    let path = layout.path().display().to_string();
    let run =
        Shipwheel::new().run(&["retrofit", &path, "--output", &output, "--optimize", "0,2", "--json"]).succeeded();
    let layers = run.json()["platforms"][0]["layers"].as_array().unwrap().len();
    assert_eq!(layers, 4, "two for each level");
    let rootfs = Rootfs::unpack(&Layout::new(&folder.path().join("out")), "amd64");
    let files = rootfs.files("/usr/lib/python3.11/json/__pycache__");
    assert_eq!(files.iter().filter(|path| path.ends_with(".opt-2.pyc")).count() * 2, files.len(), "{files:#?}");
}

#[test]
fn annotations_stay_and_attestations_of_the_image_as_it_was_go() {
    let registry = Registry::start();
    let (_folder, layout) = pulled(&plain_image(&registry));
    let planted = Tampered::copy(&layout);
    let subject = layout.descriptor("linux/amd64");
    planted.index(|index| {
        index["annotations"] = json!({ "org.example.kept": "index" });
        index["manifests"][0]["annotations"] = json!({ "org.example.kept": "entry" });
        let mut attestation = subject.clone();
        attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        attestation["annotations"] = json!({ "vnd.docker.reference.digest": subject["digest"] });
        index["manifests"].as_array_mut().unwrap().push(attestation);
    });
    let (folder, path) = (scratch(), planted.path().display().to_string());
    let output = format!("oci:{}", folder.path().join("out").display());
    let run = Shipwheel::new().run(&["retrofit", &path, "--output", &output]).succeeded();
    assert!(run.stderr.contains("an attestation of"), "{}", run.stderr);
    let after = Layout::new(&folder.path().join("out"));
    let index = after.json(&after.entry()["digest"]);
    assert_eq!(index["annotations"]["org.example.kept"], "index");
    let entries = index["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "{index}");
    assert_eq!(entries[0]["annotations"]["org.example.kept"], "entry");
}

#[test]
fn an_image_without_python_is_refused() {
    let definition = Definition::over("{ debian = { suite = \"bookworm\", packages = [\"media-types\"] } }");
    let output = definition.output().display().to_string();
    let arguments = [&definition.argument(), "--platform", "amd64", "--no-bytecode", "--output", &output];
    Shipwheel::new().image(&arguments).succeeded();
    let run = Shipwheel::new().run(&["retrofit", &output, "--output", "oci:unused"]);
    run.failed(3, &["has no Python interpreter"]);
}
