//! Real registries: anonymous, with a login, and what comes back out of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shipwheel_tests::{Layout, Registry, Shipwheel, judge, scratch, variosync};
use xshell::{Shell, cmd};

#[test]
fn a_pushed_image_comes_back_byte_for_byte() {
    let (registry, folder, shell) = (Registry::start(), scratch(), Shell::new().unwrap());
    let name = format!("{}/variosync:1.0.0", registry.host());
    Shipwheel::new().image(&["--platforms", "amd64,arm64", "--push", &name]).succeeded();
    let skopeo = judge("skopeo", "skopeo");
    let (source, back) = (format!("docker://{name}"), folder.path().join("back"));
    let target = format!("oci:{}:1.0.0", back.display());
    cmd!(shell, "{skopeo} copy --quiet --all --src-tls-verify=false {source} {target}").quiet().run().unwrap();
    assert_eq!(Layout::new(&back).entry()["digest"], variosync().digest().as_str());
}

#[test]
fn every_push_is_tagged() {
    let registry = Registry::start();
    let names = ["a/variosync:1.0.0", "b/variosync:latest"].map(|name| format!("{}/{name}", registry.host()));
    let run = Shipwheel::new().image(&["--platform", "linux/amd64", "--push", &names[0], "--push", &names[1]]);
    let run = run.succeeded();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "a line for each reference: {lines:?}");
    for (line, name) in lines.iter().zip(&names) {
        assert!(line.starts_with(&format!("{name}@sha256:")), "{line}");
    }
    assert!(registry.has("a/variosync", "1.0.0") && registry.has("b/variosync", "latest"));
}

#[test]
fn a_login_comes_from_dockers_file() {
    let (registry, folder) = (Registry::start_with_login(), scratch());
    let name = format!("{}/variosync:1.0.0", registry.host());
    let arguments = ["--platform", "linux/amd64", "--push", name.as_str()];
    let without = Shipwheel::new().with("DOCKER_CONFIG", folder.path().display()).image(&arguments);
    without.failed(3, &["401", &registry.host()]);

    let (user, password) = Registry::login();
    let auth = STANDARD.encode(format!("{user}:{password}"));
    let config = format!(r#"{{ "auths": {{ "{}": {{ "auth": "{auth}" }} }} }}"#, registry.host());
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let run = Shipwheel::new().with("DOCKER_CONFIG", folder.path().display()).image(&arguments).succeeded();
    assert!(!run.stderr.contains(password) && !run.stderr.contains(&auth), "{}", run.stderr);
    assert!(registry.has("variosync", "1.0.0"));
}
