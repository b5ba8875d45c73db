//! Loads an image into a runtime of this machine: Docker, podman, containerd, or a cluster for tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;

use shipwheel_oci::{Platform, Reference};
use shipwheel_store::archive::ArchiveDestination;
use shipwheel_store::http::Http;
use shipwheel_store::{
    Cache, CopyOptions, DockerHost, ImageSource, PlatformImage, PlatformSource, StoreError, copy_image,
    load_into_docker, ping_docker, redacted,
};

use crate::error::BuildError;
use crate::program::load_error::LoadError;
use crate::program::program_error::ProgramError;
use crate::program::program_path::program_path;
use crate::session::{Report, Session, host_platform};

/// How many blobs move at a time.
const CONCURRENCY: usize = 4;

/// What takes an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadTarget {
    /// Docker's daemon, or what speaks like it at `DOCKER_HOST`.
    Docker,
    /// podman.
    Podman,
    /// containerd, by its own client `ctr`.
    Containerd,
    /// The nodes of a cluster of kind.
    Kind(String),
    /// The nodes of a cluster of k3d.
    K3d(String),
    /// minikube, with a profile if one is named.
    Minikube(Option<String>),
}

/// The targets as they are typed.
const TARGETS: &str = "docker, podman, containerd, kind:NAME, k3d:NAME, minikube or minikube:PROFILE";

impl FromStr for LoadTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = text.split_once(':').map_or((text, None), |(kind, name)| (kind, Some(name)));
        // A name goes to a program as its argument.
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.starts_with('-')
                && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
        };
        if name.is_some_and(|name| !is_name(name)) {
            return Err(format!("`{}` is not the name of a cluster", name.unwrap_or_default()));
        }
        match (kind, name.map(str::to_owned)) {
            ("docker", None) => Ok(Self::Docker),
            ("podman", None) => Ok(Self::Podman),
            ("containerd", None) => Ok(Self::Containerd),
            ("kind", name) => Ok(Self::Kind(name.unwrap_or_else(|| "kind".to_owned()))),
            ("k3d", Some(name)) => Ok(Self::K3d(name)),
            ("minikube", name) => Ok(Self::Minikube(name)),
            _ => Err(format!("`{text}` is not a target; expected {TARGETS}")),
        }
    }
}

/// How to load an image.
pub struct LoadOptions<'a> {
    /// Where the archive is written that the runtime reads.
    pub cache: &'a Cache,
    /// Where it is loaded.
    pub runtimes: Runtimes<'a>,
    /// The platform to load; `None` means this machine's.
    pub platform: Option<Platform>,
    /// Whether the whole image is loaded, with all its platforms.
    pub all_platforms: bool,
    /// The name that the image gets there, with a tag.
    pub name: Reference,
    /// containerd's namespace: `k8s.io` is the one of Kubernetes.
    pub namespace: String,
}

/// What was loaded, and into what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// `docker`, `podman`, `containerd` and so on.
    pub into: &'static str,
    /// The image's names there, as the runtime says them.
    pub names: Vec<String>,
}

/// Where a target is looked for.
#[derive(Clone, Copy)]
pub struct Runtimes<'a> {
    /// The network's client, which speaks with Docker.
    pub http: &'a Http,
    /// Receives the steps.
    pub report: &'a dyn Report,
    /// The variables of this machine.
    pub environment: &'a BTreeMap<String, String>,
    /// containerd's socket, if it is not where `ctr` looks for it.
    pub address: Option<&'a Path>,
}

impl<'a> Runtimes<'a> {
    /// Where a session finds them.
    pub fn of(session: &'a Session<'_>, address: Option<&'a Path>) -> Self {
        Self { http: &session.http, report: session.report, environment: &session.environment, address }
    }

    /// The target, if it is there; without one that is asked for, Docker if it answers, else podman. Packing an image that
    /// nobody takes, or building it, would be in vain.
    ///
    /// # Errors
    /// When it is not there, or does not answer.
    pub fn find(&self, target: Option<&LoadTarget>) -> Result<LoadTarget, BuildError> {
        if let Some(target) = target {
            return self.check(target).map(|()| target.clone());
        }
        match self.check(&LoadTarget::Docker) {
            // Who names a daemon means that one.
            Err(BuildError::Store(StoreError::Docker { reason, .. }))
                if !self.environment.contains_key("DOCKER_HOST") =>
            {
                if self.check(&LoadTarget::Podman).is_err() {
                    return Err(LoadError::Nothing { reason }.into());
                }
                self.report.step(&format!("load: not into Docker: {reason}"));
                Ok(LoadTarget::Podman)
            }
            found => found.map(|()| LoadTarget::Docker),
        }
    }

    /// Whether a target's daemon answers, or its program is there. Clusters are known to their programs alone.
    fn check(&self, target: &LoadTarget) -> Result<(), BuildError> {
        let program = match target {
            LoadTarget::Docker => return Ok(ping_docker(self.http, &DockerHost::of(self.environment)?)?),
            LoadTarget::Containerd => return self.ctr(&["version"]),
            LoadTarget::Podman => "podman",
            LoadTarget::Kind(_) => "kind",
            LoadTarget::K3d(_) => "k3d",
            LoadTarget::Minikube(_) => "minikube",
        };
        program_path(self.environment, program).map(drop).ok_or_else(|| LoadError::NotThere { program }.into())
    }

    /// Calls containerd's client.
    fn ctr(&self, arguments: &[&str]) -> Result<(), BuildError> {
        let address = self.address.map(|address| address.display().to_string());
        let address: Vec<&str> = address.iter().flat_map(|address| ["--address", address]).collect();
        call(self.environment, "ctr", &[&address[..], arguments].concat()).map(drop)
    }
}

/// Loads an image into a target that [`Runtimes::find`] found.
///
/// # Errors
/// When the image cannot be read, or the target refuses it.
pub fn load(source: &dyn ImageSource, target: &LoadTarget, options: &LoadOptions<'_>) -> Result<Loaded, BuildError> {
    let folder = options.cache.scratch_dir()?;
    let archive = folder.path().join("image.tar");
    write(source, &archive, options)?;
    into(target, &archive, options)
}

/// Writes the archive: a layout that has all blobs of its index, because containerd insists on them, and a
/// docker-archive at the same time, because Docker's older store knows no other.
fn write(source: &dyn ImageSource, archive: &Path, options: &LoadOptions<'_>) -> Result<(), BuildError> {
    let platform = options.platform.clone().unwrap_or_else(host_platform);
    options.runtimes.report.step(&format!("load: packing {} as {}", source.name(), options.name));
    let destination = ArchiveDestination::new(archive, Some(&options.name)).for_docker(&platform);
    let copy = CopyOptions { concurrency: CONCURRENCY, referrers: false };
    if options.all_platforms {
        copy_image(source, &[&destination], copy)?;
        return Ok(());
    }
    let image = PlatformImage::of(source, &platform, options.cache)?;
    copy_image(&PlatformSource::new(source, image.manifest.descriptor()), &[&destination], copy)?;
    Ok(())
}

fn into(target: &LoadTarget, archive: &Path, options: &LoadOptions<'_>) -> Result<Loaded, BuildError> {
    let own = || vec![options.name.to_string()];
    let text = archive.display().to_string();
    let call = |program: &'static str, arguments: &[&str]| call(options.runtimes.environment, program, arguments);
    let loaded = |into, names| Ok(Loaded { into, names });
    match target {
        LoadTarget::Docker => {
            let host = DockerHost::of(options.runtimes.environment)?;
            loaded("docker", load_into_docker(options.runtimes.http, &host, archive)?)
        }
        LoadTarget::Podman => {
            let said = call("podman", &["load", "--quiet", "--input", &text])?;
            let names = said.lines().filter_map(|line| line.strip_prefix("Loaded image: "));
            loaded("podman", names.map(str::to_owned).collect())
        }
        LoadTarget::Containerd => {
            let words = ["--namespace", &options.namespace, "images", "import", "--all-platforms", &text];
            options.runtimes.ctr(&words)?;
            loaded("containerd", own())
        }
        LoadTarget::Kind(name) => {
            call("kind", &["load", "image-archive", &text, "--name", name])?;
            loaded("kind", own())
        }
        LoadTarget::K3d(name) => {
            call("k3d", &["image", "import", &text, "--cluster", name])?;
            loaded("k3d", own())
        }
        LoadTarget::Minikube(profile) => {
            let profile: Vec<&str> = profile.iter().flat_map(|profile| ["--profile", profile]).collect();
            call("minikube", &[&["image", "load", &text], profile.as_slice()].concat())?;
            loaded("minikube", own())
        }
    }
}

/// Runs a program of this machine to its end; gives its standard output.
fn call(
    environment: &BTreeMap<String, String>,
    program: &'static str,
    arguments: &[&str],
) -> Result<String, BuildError> {
    let path = program_path(environment, program).ok_or(LoadError::NotThere { program })?;
    let output = Command::new(path).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|cause| ProgramError::Start { program: program.to_owned(), cause })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [&output.stderr, &output.stdout].map(|said| String::from_utf8_lossy(said).into_owned());
    let said = said.iter().find(|said| !said.trim().is_empty()).map_or("it says nothing", |said| said.trim());
    let lines: Vec<&str> = said.lines().collect();
    let output = redacted(&lines[lines.len().saturating_sub(20)..].join("\n"));
    Err(ProgramError::Failed { program: program.to_owned(), output }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_runtime_or_a_cluster_with_its_name() {
        for (text, expected) in [
            ("docker", Some(LoadTarget::Docker)),
            ("podman", Some(LoadTarget::Podman)),
            ("containerd", Some(LoadTarget::Containerd)),
            ("kind", Some(LoadTarget::Kind("kind".to_owned()))),
            ("kind:dev", Some(LoadTarget::Kind("dev".to_owned()))),
            ("k3d:dev", Some(LoadTarget::K3d("dev".to_owned()))),
            ("minikube", Some(LoadTarget::Minikube(None))),
            ("minikube:dev", Some(LoadTarget::Minikube(Some("dev".to_owned())))),
            ("k3d", None),
            ("docker:x", None),
            ("kind:", None),
            ("kind:--name", None),
            ("kind:a b", None),
            ("crio", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }
}
