//! The OCI layout, as skopeo, umoci and the specification see it.

use serde_json::Value;
use shipwheel_tests::{Rootfs, judge, variosync};
use xshell::{Shell, cmd};

const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

#[test]
fn skopeo_sees_both_platforms_behind_the_reported_digest() {
    let (image, shell) = (variosync(), Shell::new().unwrap());
    let (skopeo, source) = (judge("skopeo", "skopeo"), image.layout().transport());
    let raw = cmd!(shell, "{skopeo} inspect --raw {source}").quiet().output().unwrap().stdout;
    assert_eq!(shipwheel_oci::Digest::of(&raw).to_string(), image.digest());
    for architecture in ["amd64", "arm64"] {
        let seen = cmd!(shell, "{skopeo} --override-arch {architecture} inspect {source}").quiet().read().unwrap();
        let seen: Value = serde_json::from_str(&seen).unwrap();
        assert_eq!(seen["Architecture"], architecture);
        assert_eq!(seen["Os"], "linux");
        assert!(seen["Env"].as_array().unwrap().contains(&Value::from("PYTHONOPTIMIZE=1")), "{seen}");
        assert_eq!(seen["Labels"]["org.opencontainers.image.title"], "variosync");
    }
}

#[test]
fn config_says_what_image_toml_says() {
    for platform in PLATFORMS {
        let config = variosync().layout().config(platform);
        let runtime = &config["config"];
        assert_eq!(runtime["Cmd"], serde_json::json!(["python", "-m", "variosync"]));
        assert_eq!(runtime["User"], "65532:65532");
        assert_eq!(runtime["WorkingDir"], "/app");
        assert_eq!(runtime["StopSignal"], "SIGTERM");
        assert!(runtime["ExposedPorts"]["8080/tcp"].is_object(), "{runtime}");
        let environment = runtime["Env"].as_array().unwrap();
        for variable in ["PORT=8080", "PYTHONOPTIMIZE=1", "PYTHONDONTWRITEBYTECODE=1"] {
            assert!(environment.contains(&Value::from(variable)), "{variable} in {runtime}");
        }
        assert_eq!(config["created"], "1970-01-01T00:00:00Z");
        let steps = config["history"].as_array().unwrap().iter().filter(|step| step["empty_layer"] != true).count();
        assert_eq!(steps, config["rootfs"]["diff_ids"].as_array().unwrap().len(), "a line of history for each layer");
    }
}

#[test]
fn blobs_are_what_their_descriptors_say() {
    let layout = variosync().layout();
    for platform in PLATFORMS {
        let manifest = layout.manifest(platform);
        for descriptor in manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]) {
            let digest = descriptor["digest"].as_str().unwrap();
            let blob = layout.blob(digest);
            assert_eq!(shipwheel_oci::Digest::of(&blob).to_string(), digest);
            assert_eq!(blob.len() as u64, descriptor["size"].as_u64().unwrap());
        }
    }
}

#[test]
fn platforms_share_the_layers_that_are_equal() {
    let layout = variosync().layout();
    let digests = |platform: &str| -> Vec<String> {
        let manifest = layout.manifest(platform);
        let layers = manifest["layers"].as_array().unwrap().iter();
        layers.map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
    };
    let (amd64, arm64) = (digests("linux/amd64"), digests("linux/arm64"));
    let shared = amd64.iter().filter(|digest| arm64.contains(digest)).count();
    assert!(
        shared >= 4,
        "bytecode of the standard library and of the application, the application, pure wheels: {shared}"
    );
    assert!(shared < amd64.len(), "numpy's machine code differs");
    assert!(amd64.len() <= 60, "{} layers", amd64.len());
}

#[test]
fn every_layer_is_inside_one_flat_tree_for_umoci() {
    let rootfs = Rootfs::unpack(&variosync().layout(), "amd64");
    for path in
        ["/app/variosync/__main__.py", "/opt/venv/pyvenv.cfg", "/etc/ssl/certs/ca-certificates.crt", "/etc/os-release"]
    {
        assert!(rootfs.join(path).exists(), "{path}");
    }
    for link in ["/lib", "/lib64", "/bin", "/sbin"] {
        assert!(rootfs.join(link).is_symlink(), "{link} stays a link into /usr");
    }
    let passwd = std::fs::read_to_string(rootfs.join("/etc/passwd")).unwrap();
    assert!(passwd.lines().any(|line| line.starts_with("nonroot:x:65532:65532:")), "{passwd}");
    assert!(
        !rootfs.files("/app").iter().any(|path| path.ends_with("image.toml")),
        "only the sources that were asked for"
    );
    assert!(rootfs.join("/var/lib/dpkg/status.d").is_dir(), "scanners see the packages");
    for shell in ["/usr/bin/sh", "/usr/bin/bash", "/usr/bin/dash", "/usr/bin/perl", "/usr/bin/dpkg"] {
        assert!(!rootfs.join(shell).exists(), "{shell}");
    }
}
