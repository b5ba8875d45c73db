//! The amd64 image in a real container: rootless, read-only, as its own user.

use serde_json::Value;
use shipwheel_tests::{Podman, Registry, Served, Shipwheel, variosync};

#[test]
fn pushed_image_serves_its_page_and_routes_from_a_rootless_container() {
    let (registry, podman) = (Registry::start(), Podman::new());
    // What is pushed is what was built: the second build has nothing to do but to send.
    let name = format!("{}/team/variosync:1.0.0", registry.host());
    let run = Shipwheel::new().image(&["--platforms", "amd64,arm64", "--push", &name]).succeeded();
    assert_eq!(run.line(), format!("{name}@{}", variosync().digest()));
    podman.pull(&name);

    let container = Served::start(&podman, &name);
    assert!(container.body("/").contains("How far the sites drift apart"));
    let about: Value = serde_json::from_str(&container.body("/api/about")).unwrap();
    assert_eq!(about["optimize"], 1, "{about}");
    assert_eq!(about["machine"], "x86_64", "{about}");
    let drift: Value = serde_json::from_str(&container.body("/api/drift")).unwrap();
    assert_eq!(drift[0], serde_json::json!({ "site": "site-1", "count": 24, "mean": 0.0, "drift": -0.25 }));
    assert_eq!(container.request("/nowhere").unwrap().0, 404);
    assert_eq!(container.stop(), "0", "SIGTERM ends it in order");

    let said =
        podman.run(&name, &["python", "-c", "import os, sys; print(os.getuid(), sys.flags.optimize, sys.prefix)"]);
    assert_eq!(said.trim(), "65532 1 /opt/venv");
}

#[test]
fn docker_archive_is_loaded_and_run() {
    let (folder, podman) = (shipwheel_tests::scratch(), Podman::new());
    let archive = folder.path().join("variosync.tar");
    let output = format!("docker-archive:{}", archive.display());
    Shipwheel::new().image(&["--platform", "linux/amd64", "--tag", "1.0.0", "--output", &output]).succeeded();
    let name = podman.load(&archive);
    assert!(name.ends_with("variosync:1.0.0"), "{name}");
    assert_eq!(podman.run(&name, &["python", "-c", "import sys; print(sys.flags.optimize)"]).trim(), "1");
}
