//! `push`, `pull` and `copy`: whole images between layouts, archives and registries, byte for byte.

use clap::Args;
use shipwheel_oci::Reference;
use shipwheel_store::{
    ArchiveDestination, Cache, CopyOptions, Destination, LayoutDestination, PushReport, Registry, RegistryDestination,
    RegistrySource, Source, copy_image, survey_image,
};

use crate::cache;
use crate::failure::Failure;
use crate::network::{self, NetworkArguments};
use crate::output::OutputArgument;
use crate::progress::Terminal;
use crate::session::workspace_root;
use crate::source::SourceArgument;
use crate::table::size;

/// How many blobs move at a time.
const CONCURRENCY: usize = 4;

#[derive(Debug, Args)]
pub(crate) struct PushArguments {
    /// An OCI layout folder or an OCI archive of any tool: FOLDER, oci:FOLDER[:TAG], oci-archive:FILE[:TAG].
    source: SourceArgument,

    /// Where to push: tags move when every registry has everything.
    #[arg(required = true)]
    references: Vec<Reference>,

    /// Print what would be sent, mounted and skipped, and change nothing.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    shared: SharedArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// The image to pull, with all its platforms.
    reference: Reference,

    /// Where to write: a folder or oci:FOLDER, oci-archive:FILE.
    #[arg(long, value_name = "OUTPUT")]
    output: OutputArgument,

    #[command(flatten)]
    shared: SharedArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CopyArguments {
    /// The image to copy, with all its platforms.
    from: Reference,

    /// Where to copy it to.
    #[arg(required = true)]
    to: Vec<Reference>,

    /// Print what would be sent, mounted and skipped, and change nothing.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    shared: SharedArguments,
}

#[derive(Debug, Args)]
struct SharedArguments {
    /// Take signatures, SBOMs and whatever else refers to the image along.
    #[arg(long)]
    referrers: bool,

    #[command(flatten)]
    network: NetworkArguments,
}

/// What every transfer needs.
struct Setup {
    cache: Cache,
    registry: Registry,
    options: CopyOptions,
    terminal: Terminal,
}

impl Setup {
    fn new(arguments: &SharedArguments) -> Result<Self, Failure> {
        let (_, registry) = network::connect(&arguments.network, &workspace_root())?;
        let options = CopyOptions { concurrency: CONCURRENCY, referrers: arguments.referrers };
        Ok(Self { cache: Cache::open(&cache::folder()?)?, registry, options, terminal: Terminal::new() })
    }

    /// Copies to registries, or says what that would come to; prints a reference for each target.
    fn push(&self, source: &dyn Source, targets: &[Reference], dry_run: bool, doing: &str) -> Result<(), Failure> {
        let ends = RegistryDestination::of(&self.registry, targets, &self.cache, &self.terminal);
        let destinations: Vec<&dyn Destination> = ends.iter().map(|end| end as &dyn Destination).collect();
        let run = if dry_run { survey_image } else { copy_image };
        let root = source.root().map_err(Failure::while_doing(doing))?;
        let reports = run(source, &destinations, self.options).map_err(Failure::while_doing(doing))?;
        for (end, report) in ends.iter().zip(&reports) {
            let place = format!("{}/{}", end.target().registry(), end.target().repository());
            self.terminal.line(&format!("  {place}: {}", line(report, dry_run)));
        }
        for target in targets.iter().filter(|_| !dry_run) {
            println!("{}", target.pinned(root.digest));
        }
        Ok(())
    }
}

/// What a transfer came to, or would come to.
pub(crate) fn line(report: &PushReport, dry_run: bool) -> String {
    let [sent, mounted, skipped] = [report.sent, report.mounted, report.skipped].map(size);
    match dry_run {
        true => format!("{sent} to send, {mounted} to mount, {skipped} to skip"),
        false => format!("{sent} sent, {mounted} mounted, {skipped} there already"),
    }
}

/// Runs `push`.
pub(crate) fn push(arguments: &PushArguments) -> Result<(), Failure> {
    let setup = Setup::new(&arguments.shared)?;
    let doing = format!("push {}", arguments.source);
    let source = arguments.source.open().map_err(Failure::while_doing(&doing))?;
    setup.push(&*source, &arguments.references, arguments.dry_run, &doing)
}

/// Runs `copy`.
pub(crate) fn copy(arguments: &CopyArguments) -> Result<(), Failure> {
    let setup = Setup::new(&arguments.shared)?;
    let source = RegistrySource::new(&setup.registry, arguments.from.clone(), &setup.cache, &setup.terminal);
    setup.push(&source, &arguments.to, arguments.dry_run, &format!("copy {}", arguments.from))
}

/// Runs `pull`.
pub(crate) fn pull(arguments: &PullArguments) -> Result<(), Failure> {
    let reference = &arguments.reference;
    let doing = format!("pull {reference}");
    let setup = Setup::new(&arguments.shared)?;
    let source = RegistrySource::new(&setup.registry, reference.clone(), &setup.cache, &setup.terminal);
    let destination: Box<dyn Destination> = match &arguments.output {
        OutputArgument::Layout(path) => {
            Box::new(LayoutDestination::create(path, Some(reference)).map_err(Failure::while_doing(&doing))?)
        }
        OutputArgument::OciArchive(path) => Box::new(ArchiveDestination::new(path, Some(reference))),
        OutputArgument::DockerArchive(_) => {
            let hint = "write an `oci-archive:`, which `docker load` and `podman load` take as well";
            return Err(Failure::usage("a docker-archive cannot hold an index as it is", Some(hint)));
        }
    };
    let root = source.root().map_err(Failure::while_doing(&doing))?;
    // What was looked at is what is pulled, whatever the tag means a moment later.
    let pinned = RegistrySource::new(&setup.registry, reference.pinned(root.digest), &setup.cache, &setup.terminal);
    let reports = copy_image(&pinned, &[&*destination], setup.options).map_err(Failure::while_doing(&doing))?;
    let place = arguments.output.path().display();
    setup.terminal.line(&format!("  written to {place}: {}", size(PushReport::sum(&reports).sent)));
    println!("{}", reference.pinned(root.digest));
    Ok(())
}
