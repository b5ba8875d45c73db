//! Pulls of one content in few and in many layers, by the runtimes that are installed, beside what an upgrade sends again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xshell::cmd;

use super::layering::Layers;
use super::measurement::{Bench, Findings, cases};
use super::registry::Registry;
use super::sets::{SETS, uv, write_set};
use super::timing::{Timed, side_by_side};
use crate::test::is_installed;

/// The budgets that are compared, by name: wheels of their own and buckets, for wheels and for bytecode. The default has
/// none of its own.
const BUDGETS: [(&str, Option<[[u32; 3]; 2]>); 4] = [
    ("fewest", Some([[0, 1, 1], [0, 1, 1]])),
    ("few", Some([[3, 1, 1], [1, 1, 1]])),
    ("half", Some([[8, 3, 2], [3, 2, 1]])),
    ("default", None),
];

/// Builds the same image with each budget, and pulls each into an empty storage.
pub fn run(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    bench.need(&["docker-registry", "podman"])?;
    let (shell, scratch) = (bench.shell, bench.scratch.path().join("pulls"));
    shell.create_dir(&scratch)?;
    let registry = Registry::start(&scratch, &scratch.join("registry"))?;
    let uv = uv(shell, &scratch.join("uv"))?;
    let (folder, set) = (scratch.join("set"), &SETS[0]);
    write_set(shell, &uv, set, &folder, false)?;
    let definition = shell.read_file(folder.join("image.toml"))?;
    let mut images = Vec::new();
    let mut table = String::from(
        "| budget | layers | MiB pulled | MiB sent again, mean over all distributions |\n|---|---|---|---|\n",
    );
    for (name, budget) in BUDGETS {
        let section = |kind: &str, [heavy, pure, native]: [u32; 3]| {
            format!("[layers.{kind}]\nmost-heavy = {heavy}\npure-buckets = {pure}\nnative-buckets = {native}\n")
        };
        let sections = budget.map(|[wheels, bytecode]| section("wheels", wheels) + &section("bytecode", bytecode));
        let sections = sections.unwrap_or_default();
        shell.write_file(folder.join("image.toml"), format!("{definition}{sections}"))?;
        let image = format!("127.0.0.1:{}/{name}:1", registry.port);
        let shipwheel = &bench.shipwheel;
        let report = cmd!(shell, "{shipwheel} image {folder} --platforms amd64 --json --push {image}");
        let layers = Layers::of(&serde_json::from_str(&report.quiet().ignore_stderr().read()?)?);
        let mib = |bytes: f64| bytes / f64::from(1 << 20);
        table +=
            &format!("| {name} | {} | {:.1} | {:.2} |\n", layers.most, mib(layers.total() as f64), mib(layers.mean()));
        images.push((format!("{} layers", layers.most), image));
    }
    let docker = if is_installed("dockerd") { Some(Docker::start(&scratch)?) } else { None };
    let mut found = Vec::new();
    let storage = format!("podman --root {s}/root --runroot {s}/run --storage-driver overlay", s = scratch.display());
    let pulls = |line: &str, forget: &str| -> Result<_, Box<dyn std::error::Error>> {
        let pull = |(name, image): &(String, String)| Timed::new(name, format!("{line} {image}")).prepared(forget);
        side_by_side(&images.iter().map(pull).collect::<Vec<_>>(), bench.rounds(), true)
    };
    let podman = pulls(&format!("{storage} pull --quiet --tls-verify=false"), &format!("{storage} rmi --all --force"))?;
    found.push(("podman pull", podman));
    if let Some(docker) = &docker {
        let docker = format!("docker --host unix://{}", docker.socket);
        found.push((
            "docker pull",
            pulls(&format!("{docker} pull --quiet"), &format!("{docker} system prune --all --force"))?,
        ));
    }
    Ok(Findings {
        about: format!("{} for amd64, in a registry on loopback, pulled into an empty storage.", set.name),
        cases: cases(found),
        table,
    })
}

/// Docker's daemon with a storage of its own; it ends with the value.
struct Docker {
    process: Child,
    socket: String,
}

impl Docker {
    fn start(folder: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let path = |name: &str| folder.join(format!("docker-{name}")).display().to_string();
        let socket = path("socket");
        let mut command = Command::new("dockerd");
        command.args(["--data-root", &path("data"), "--exec-root", &path("exec"), "--pidfile", &path("pid")]);
        command.args(["--host", &format!("unix://{socket}"), "--iptables=false", "--bridge=none"]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let docker = Self { process, socket };
        let patience = Instant::now() + Duration::from_secs(60);
        while std::os::unix::net::UnixStream::connect(&docker.socket).is_err() {
            if Instant::now() > patience {
                return Err("dockerd does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(docker)
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // It stops its own containerd, if it is asked to end; it may have ended by itself.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
