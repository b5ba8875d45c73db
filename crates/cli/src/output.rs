//! Where an image goes: a layout folder, an archive, registries. The one place that knows all kinds of output.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use shipwheel_oci::Reference;
use shipwheel_store::archive::{ArchiveDestination, DockerArchiveDestination};
use shipwheel_store::image::PushReport;
use shipwheel_store::layout::LayoutDestination;
use shipwheel_store::registry::RegistryDestination;
use shipwheel_store::{
    Cache, CopyOptions, Destination, ImageSource, Medium, Registry, StoreError, check_output, copy_image, survey_image,
};

use crate::failure::Failure;
use crate::progress::Terminal;
use crate::table::size;

/// How many blobs move at a time.
const CONCURRENCY: usize = 4;

/// An output as it is typed: `oci:FOLDER`, `oci-archive:FILE`, `docker-archive:FILE` or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputArgument {
    medium: Medium,
    path: PathBuf,
}

impl FromStr for OutputArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, path) = match text.split_once(':') {
            Some((kind, path)) if !kind.contains('/') => (kind, path),
            Some(_) | None => (Medium::Layout.name(), text),
        };
        if path.is_empty() {
            return Err("it does not name a file or folder".to_owned());
        }
        let medium = Medium::of(kind)
            .ok_or_else(|| format!("`{kind}` is not a kind of output; expected {}", Medium::names()))?;
        Ok(Self { medium, path: path.into() })
    }
}

impl fmt::Display for OutputArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl OutputArgument {
    /// An OCI archive, unless a kind of output is written before the path.
    pub(crate) fn archive(text: &str) -> Result<Self, String> {
        let kind = text.split_once(':').and_then(|(kind, _)| Medium::of(kind));
        match kind {
            Some(_) => text.parse(),
            None => format!("{}:{text}", Medium::OciArchive.name()).parse(),
        }
    }

    /// A layout folder.
    pub(crate) fn layout(path: PathBuf) -> Self {
        Self { medium: Medium::Layout, path }
    }

    /// Whether it is an archive as `docker save` writes it.
    pub(crate) fn is_docker_archive(&self) -> bool {
        self.medium == Medium::DockerArchive
    }

    /// How many platforms an image may have.
    pub(crate) fn max_platforms(&self) -> usize {
        match self.medium {
            Medium::Layout | Medium::OciArchive => usize::MAX,
            Medium::DockerArchive => 1,
        }
    }

    /// Whether there is a place to write to, before anything is made for it; a layout makes its folder.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.medium {
            Medium::Layout => Ok(()),
            Medium::OciArchive | Medium::DockerArchive => check_output(&self.path),
        }
    }

    /// What is at the path stays until the new image is complete.
    fn destination(&self, name: &Reference, cache: &Cache) -> Result<Box<dyn Destination>, StoreError> {
        Ok(match self.medium {
            Medium::Layout => Box::new(LayoutDestination::create(&self.path, Some(name))?.remembering(cache)),
            Medium::OciArchive => Box::new(ArchiveDestination::new(&self.path, Some(name))),
            Medium::DockerArchive => Box::new(DockerArchiveDestination::new(&self.path, Some(name))),
        })
    }
}

/// Brings images to their outputs, and says what that came to.
#[derive(Clone, Copy)]
pub(crate) struct Delivery<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) registry: &'a Registry,
    pub(crate) terminal: &'a Terminal,
    /// Whether signatures, SBOMs and other manifests that refer to the image come along.
    pub(crate) referrers: bool,
}

impl Delivery<'_> {
    fn options(&self) -> CopyOptions {
        CopyOptions { concurrency: CONCURRENCY, referrers: self.referrers }
    }

    /// Writes an image to a file or a folder; gives the number of bytes written.
    pub(crate) fn write(
        &self,
        source: &dyn ImageSource,
        output: &OutputArgument,
        name: &Reference,
    ) -> Result<u64, StoreError> {
        let destination = output.destination(name, self.cache)?;
        Ok(PushReport::sum(&copy_image(source, &[&*destination], self.options())?).sent)
    }

    /// Pushes an image to registries, with a line for each repository; prints what would happen with `dry_run`.
    pub(crate) fn push(
        &self,
        source: &dyn ImageSource,
        targets: &[Reference],
        dry_run: bool,
    ) -> Result<(), StoreError> {
        let repositories = RegistryDestination::of(self.registry, targets, self.cache, self.terminal);
        let destinations: Vec<&dyn Destination> = repositories.iter().map(|end| end as &dyn Destination).collect();
        let run = if dry_run { survey_image } else { copy_image };
        let reports = run(source, &destinations, self.options())?;
        for (repository, report) in repositories.iter().zip(&reports) {
            let name = format!("{}/{}", repository.target().registry(), repository.target().repository());
            self.terminal.line(&format!("  {name}: {}", line(report, dry_run)));
        }
        Ok(())
    }

    /// Brings an image to a file or a folder, and to registries; gives its references: where it was pushed to, else what
    /// it is called `locally`.
    ///
    /// # Errors
    /// When it cannot be read, written or pushed.
    pub(crate) fn bring(
        &self,
        source: &dyn ImageSource,
        (output, name, locally): (Option<&OutputArgument>, &Reference, String),
        targets: &[Reference],
    ) -> Result<Vec<String>, Failure> {
        if let Some(output) = output {
            self.write(source, output, name).map_err(writing(output))?;
            self.terminal.line(&format!("  written to {output}"));
        }
        if targets.is_empty() {
            return Ok(output.map(|_| locally).into_iter().collect());
        }
        self.push(source, targets, false).map_err(Failure::while_doing(pushing(targets)))?;
        let digest = source.root()?.digest;
        Ok(targets.iter().map(|target| target.pinned(digest).to_string()).collect())
    }
}

/// The result of a push, done or planned.
fn line(report: &PushReport, dry_run: bool) -> String {
    let [sent, mounted, skipped] = [report.sent, report.mounted, report.skipped].map(size);
    match dry_run {
        true => format!("{sent} to send, {mounted} to mount, {skipped} to skip"),
        false => format!("{sent} sent, {mounted} mounted, {skipped} there already"),
    }
}

/// For errors: `push a, b`.
pub(crate) fn pushing(targets: &[Reference]) -> String {
    let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
    format!("push {}", targets.join(", "))
}

/// For errors: `write FOLDER`.
pub(crate) fn writing(output: &OutputArgument) -> impl FnOnce(StoreError) -> Failure {
    Failure::while_doing(format!("write {output}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_parse_by_their_kind() {
        let output = |medium, path: &str| Ok(OutputArgument { medium, path: path.into() });
        for (text, expected) in [
            ("target/x", output(Medium::Layout, "target/x")),
            ("oci:x", output(Medium::Layout, "x")),
            ("oci-archive:a.tar", output(Medium::OciArchive, "a.tar")),
            ("docker-archive:a:b.tar", output(Medium::DockerArchive, "a:b.tar")),
            ("./a:b", output(Medium::Layout, "./a:b")),
            ("zip:x", Err("`zip` is not a kind of output; expected oci, oci-archive or docker-archive".to_owned())),
            ("oci:", Err("it does not name a file or folder".to_owned())),
        ] {
            assert_eq!(text.parse::<OutputArgument>(), expected, "{text}");
        }
    }
}
