//! `load`: real daemons take an image, by its names and with its digests; clusters get it by their own programs.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use shipwheel_tests::{Registry, Run, SampleImage, Shipwheel, judge, scratch};
use tempfile::TempDir;

/// A daemon with a storage of its own; it ends with the value.
struct Daemon {
    process: Child,
    folder: TempDir,
}

impl Daemon {
    /// Docker's, which starts a containerd of its own.
    fn docker() -> Self {
        let folder = scratch();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut command = Command::new(judge("dockerd", "docker.io"));
        command.args(["--data-root", &path("data"), "--exec-root", &path("exec"), "--pidfile", &path("pid")]);
        command.args(["--host", &format!("unix://{}", path("socket")), "--iptables=false", "--bridge=none"]);
        Self::start(command, folder)
    }

    fn containerd() -> Self {
        let folder = scratch();
        let path = |name: &str| folder.path().join(name).display().to_string();
        // Of its plugins that of Kubernetes needs a network.
        std::fs::write(
            folder.path().join("config.toml"),
            "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n",
        )
        .unwrap();
        let mut command = Command::new(judge("containerd", "containerd"));
        command.args(["--config", &path("config.toml"), "--address", &path("socket")]);
        command.args(["--root", &path("data"), "--state", &path("state")]);
        Self::start(command, folder)
    }

    fn start(mut command: Command, folder: TempDir) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut this = Self { process, folder };
        let patience = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(this.socket()).is_err() {
            let log = || std::fs::read_to_string(this.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < patience, "the daemon does not answer\n{}", log());
            if let Some(status) = this.process.try_wait().unwrap() {
                panic!(
                    "the daemon ended with {status}\n{}",
                    std::fs::read_to_string(this.folder.path().join("log")).unwrap()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        this
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Docker's stops its own containerd if it is asked to end.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let own = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for mount in own.filter(|mount| Path::new(mount).starts_with(self.folder.path())) {
            let _ = Command::new("umount").arg(mount).status();
        }
    }
}

/// An image of two platforms; its layers are noise.
fn sample() -> SampleImage {
    SampleImage::new(&[3000, 2000])
}

fn load(sample: &SampleImage, arguments: &[&str], environment: &[(&str, String)]) -> Run {
    let mut shipwheel = Shipwheel::new();
    for (name, value) in environment {
        shipwheel = shipwheel.with(name, value);
    }
    shipwheel.run(&[&["load", &sample.path().display().to_string()], arguments].concat())
}

/// The digest of the config of the platform of this machine.
fn config_of(sample: &SampleImage, architecture: &str) -> String {
    let has = |bytes: &[u8]| {
        let value: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
        value["rootfs"].is_object() && value["architecture"] == architecture
    };
    let (_, bytes) = sample.content.iter().find(|(_, bytes)| has(bytes)).unwrap();
    shipwheel_oci::Digest::of(bytes).to_string()
}

const ARCHITECTURE: &str = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };

#[test]
fn docker_takes_one_platform_or_all_of_them() {
    let (daemon, sample) = (Daemon::docker(), sample());
    let host = [("DOCKER_HOST", daemon.host())];
    for (arguments, name) in [
        (&["--to", "docker", "--name", "own/app:1", "--json"][..], "own/app:1"),
        (&["--all-platforms", "--name", "registry.example/app", "--json"], "registry.example/app:latest"),
    ] {
        let report = load(&sample, arguments, &host).succeeded().json();
        assert_eq!(report, json!({ "into": "docker", "names": [name] }));
        let docker = judge("docker", "docker.io");
        let output = Command::new(docker).args(["--host", &daemon.host(), "image", "inspect", name]).output().unwrap();
        let inspected: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&inspected[0]["Id"], &inspected[0]["Architecture"]),
            (&json!(config_of(&sample, ARCHITECTURE)), &json!(ARCHITECTURE))
        );
    }
    // What is not what its digest says never gets there.
    let broken = SampleImage::new(&[100]);
    let layer = broken.content.iter().find(|(kind, _)| kind.ends_with(".tar")).unwrap();
    let path = broken.path().join("blobs/sha256").join(shipwheel_oci::Digest::of(&layer.1).hex());
    std::fs::write(path, vec![0; layer.1.len()]).unwrap();
    load(&broken, &["--to", "docker"], &host).failed(5, &["digest"]);
}

#[test]
fn where_docker_does_not_answer_the_error_says_where_it_was_looked_for() {
    let (sample, folder) = (sample(), scratch());
    let socket = folder.path().join("none");
    let named = [("DOCKER_HOST", format!("unix://{}", socket.display()))];
    load(&sample, &[], &named).failed(4, &["Docker at unix://", "No such file", "DOCKER_HOST"]);
    load(&sample, &["--to", "docker"], &[("DOCKER_HOST", "ssh://me@host".to_owned())])
        .failed(4, &["expected unix:///PATH"]);
    load(&sample, &["--to", "rkt"], &[]).failed(2, &["`rkt` is not a target", "containerd"]);
    // What takes it is looked for before it is packed, or built.
    let app = scratch();
    std::fs::write(app.path().join("main.py"), "print('hello')\n").unwrap();
    for subject in [sample.path().display().to_string(), app.path().display().to_string()] {
        let shipwheel = Shipwheel::new().with("DOCKER_HOST", &named[0].1);
        let run = shipwheel.run(&["load", &subject, "--to", "docker"]);
        run.failed(4, &["Docker at unix://"]);
        assert!(!run.stderr.contains("packing") && !run.stderr.contains("base:"), "{}", run.stderr);
        let address = folder.path().join("containerd").display().to_string();
        let run = shipwheel.run(&["load", &subject, "--to", "containerd", "--address", &address]);
        assert!(run.code != 0 && run.stderr.contains("ctr"), "{}", run.stderr);
        assert!(!run.stderr.contains("packing") && !run.stderr.contains("base:"), "{}", run.stderr);
    }
    let nowhere = ("PATH", "/usr/bin:/bin".to_owned());
    load(&sample, &["--to", "kind:dev"], &[nowhere]).failed(4, &["`kind` is not on PATH"]);
}

/// podman with a storage of its own, as variables.
fn podman(folder: &Path) -> Vec<(&'static str, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(
        path("storage.conf"),
        format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            path("root"),
            path("runroot")
        ),
    )
    .unwrap();
    vec![("CONTAINERS_STORAGE_CONF", path("storage.conf")), ("XDG_RUNTIME_DIR", folder.display().to_string())]
}

#[test]
fn podman_takes_an_image_of_a_registry_under_its_name_there() {
    let (folder, sample, registry) = (scratch(), sample(), Registry::start());
    let podman_program = judge("podman", "podman");
    let reference = format!("{}/app:1", registry.host());
    Shipwheel::new().run(&["push", &sample.path().display().to_string(), &reference]).succeeded();
    let mut shipwheel = Shipwheel::new();
    let variables = podman(folder.path());
    for (name, value) in &variables {
        shipwheel = shipwheel.with(name, value);
    }
    let run = shipwheel.run(&["load", &reference, "--to", "podman"]).succeeded();
    assert_eq!(run.line(), reference);
    let mut command = Command::new(podman_program);
    command.args(["image", "inspect", "--format", "{{.Id}} {{.Architecture}}", &reference]).envs(variables);
    let output = command.output().unwrap();
    let expected = format!("{} {ARCHITECTURE}\n", config_of(&sample, ARCHITECTURE).trim_start_matches("sha256:"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

/// The names and digests that a namespace of containerd has.
fn images(daemon: &Daemon, namespace: &str) -> String {
    let mut command = Command::new(judge("ctr", "containerd"));
    command.arg("--address").arg(daemon.socket()).args(["--namespace", namespace, "images", "list"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn containerd_and_what_is_built_on_it_take_images_with_all_that_their_index_names() {
    let (daemon, sample) = (Daemon::containerd(), sample());
    let address = daemon.socket().display().to_string();
    let to = ["--to", "containerd", "--address", &address];
    let run = load(&sample, &[&to[..], &["--name", "app:all", "--all-platforms"]].concat(), &[]).succeeded();
    assert_eq!(run.line(), "docker.io/library/app:all");
    let found = images(&daemon, "k8s.io");
    assert!(found.contains("docker.io/library/app:all") && found.contains(&sample.root.to_string()), "{found}");
    load(&sample, &[&to[..], &["--name", "app:one", "--namespace", "own"]].concat(), &[]).succeeded();
    let found = images(&daemon, "own");
    assert!(found.contains("docker.io/library/app:one") && found.contains(&format!("linux/{ARCHITECTURE}")), "{found}");
    // kind gives the archive to `ctr` in each of its nodes; k3d and minikube are told what the archive is.
    let programs = scratch();
    let stub = |name: &str, text: &str| {
        let path = programs.path().join(name);
        std::fs::write(
            &path,
            format!("#!/bin/sh\nset -e\necho \"$@\" >> {}/called\n{text}\n", programs.path().display()),
        )
        .unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let ctr = judge("ctr", "containerd").display().to_string();
    stub(
        "kind",
        &format!(
            "exec {ctr} --address {address} --namespace=k8s.io images import --all-platforms --digests - < \"$3\""
        ),
    );
    stub("k3d", "tar -tf \"$3\" | grep -q '^manifest.json$'");
    stub(
        "minikube",
        "tar -tf \"$3\" | grep -q '^index.json$'; [ \"$5\" != broken ] || { echo 'no such profile' >&2; exit 3; }",
    );
    let path = [("PATH", format!("{}:/usr/bin:/bin", programs.path().display()))];
    load(&sample, &["--to", "kind:dev", "--name", "app:kind"], &path).succeeded();
    assert!(images(&daemon, "k8s.io").contains("docker.io/library/app:kind"));
    load(&sample, &["--to", "k3d:dev"], &path).succeeded();
    load(&sample, &["--to", "minikube:dev"], &path).succeeded();
    load(&sample, &["--to", "minikube:broken"], &path).failed(3, &["minikube failed", "no such profile"]);
    let called = std::fs::read_to_string(programs.path().join("called")).unwrap();
    for part in ["load image-archive", "--name dev", "image import", "--cluster dev", "image load", "--profile dev"] {
        assert!(called.contains(part), "{part}\n{called}");
    }
}
