//! podman in the place of an own container: where it is installed, it maps all users of an image.

use std::path::Path;
use std::process::{Command, Stdio};

use shipwheel_oci::Reference;
use shipwheel_store::archive::ArchiveDestination;
use shipwheel_store::{Cache, CopyOptions, ImageSource, PlatformImage, PlatformSource, copy_image};

use super::asked::RunRequest;
use crate::confine::run_error::RunError;
use crate::error::BuildError;
use crate::program::program_error::ProgramError;

/// Has podman know an image, if it does not yet; the name that it has there.
///
/// # Errors
/// When the image cannot be read, or podman refuses it.
pub(super) fn load(
    podman: &Path,
    source: &dyn ImageSource,
    image: &PlatformImage,
    cache: &Cache,
) -> Result<String, BuildError> {
    let name = format!("localhost/shipwheel-run:{}", &image.manifest.descriptor().digest.hex()[..12]);
    let known = Command::new(podman).args(["image", "exists", &name]).stdin(Stdio::null()).status();
    if known.map_err(|cause| ProgramError::Start { program: "podman".to_owned(), cause })?.success() {
        return Ok(name);
    }
    let folder = cache.scratch_dir()?;
    let archive = folder.path().join("image.tar");
    let reference: Reference = name.parse().map_err(BuildError::internal)?;
    let one = PlatformSource::new(source, image.manifest.descriptor());
    let destination = ArchiveDestination::new(&archive, Some(&reference));
    copy_image(&one, &[&destination], CopyOptions { concurrency: 4, referrers: false })?;
    let output = Command::new(podman).args(["load", "--quiet", "--input"]).arg(&archive).stdin(Stdio::null()).output();
    let output = output.map_err(|cause| ProgramError::Start { program: "podman".to_owned(), cause })?;
    match output.status.success() {
        true => Ok(name),
        false => {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(ProgramError::Failed { program: "podman load".to_owned(), output }.into())
        }
    }
}

/// The command that runs an image which podman knows, in a container of a name.
///
/// # Errors
/// When a volume is not there.
pub(super) fn command(
    podman: &Path,
    (image, container): (&str, &str),
    request: &RunRequest,
    is_terminal: bool,
) -> Result<Command, RunError> {
    let mut command = Command::new(podman);
    command.args(["run", "--rm", "--interactive", "--network", "host", "--pull", "never", "--name", container]);
    if is_terminal {
        command.arg("--tty");
    }
    for (name, value) in &request.environment {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    for volume in request.volumes()? {
        let mode = if volume.is_read_only { "ro" } else { "rw" };
        command.arg("--volume").arg(format!("{}:{}:{mode}", volume.host.display(), volume.path));
    }
    let entrypoint = request.entrypoint.as_ref();
    let flags =
        [("--entrypoint", entrypoint), ("--user", request.user.as_ref()), ("--workdir", request.workdir.as_ref())];
    for (flag, value) in flags {
        if let Some(value) = value {
            command.arg(flag).arg(value);
        }
    }
    command.arg(image).args(&request.arguments);
    Ok(command)
}
