//! `push`, `pull` and `copy`: whole images between layouts, archives and registries, byte for byte.

use clap::Args;
use serde_json::json;
use shipwheel_oci::{Digest, Reference};
use shipwheel_store::auth::HostLogin;
use shipwheel_store::{Cache, ImageSource, Registry, RegistrySource, StoreError};

use crate::failure::Failure;
use crate::image_argument::SourceArgument;
use crate::login::{CopyLoginArguments, CopyLogins, LoginArguments};
use crate::network::{self, NetworkArguments};
use crate::open::cache_folder;
use crate::open::workspace_root;
use crate::output::{Delivery, OutputArgument};
use crate::progress::Terminal;
use crate::shown;
use crate::table::size;

#[derive(Debug, Args)]
pub(crate) struct PushArguments {
    /// A layout folder or an archive of any tool: FOLDER, oci:FOLDER[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE.
    source: SourceArgument,

    /// Where to push: tags move when every registry has everything.
    #[arg(required = true)]
    references: Vec<Reference>,

    /// Print what would be sent, mounted and skipped, and change nothing.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    login: LoginArguments,

    #[command(flatten)]
    shared: SharedArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// The image to pull, with all its platforms.
    reference: Reference,

    /// Where to write: a folder or oci:FOLDER, oci-archive:FILE, docker-archive:FILE
    #[arg(long, value_name = "OUTPUT")]
    output: OutputArgument,

    #[command(flatten)]
    login: LoginArguments,

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
    login: CopyLoginArguments,

    #[command(flatten)]
    shared: SharedArguments,
}

#[derive(Debug, Args)]
pub(super) struct SharedArguments {
    /// Copy signatures, SBOMs and other manifests that refer to the image as well.
    #[arg(long)]
    referrers: bool,

    /// Print a JSON object instead of the references.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    network: NetworkArguments,
}

/// What every transfer needs.
pub(super) struct Setup {
    pub(super) cache: Cache,
    pub(super) registry: Registry,
    pub(super) terminal: Terminal,
    referrers: bool,
    json: bool,
}

impl Setup {
    pub(super) fn new(arguments: &SharedArguments, login: Option<HostLogin>) -> Result<Self, Failure> {
        let (_, registry) = network::connect(&arguments.network, login, &workspace_root())?;
        let SharedArguments { referrers, json, .. } = *arguments;
        Ok(Self { cache: Cache::open(&cache_folder()?)?, registry, terminal: Terminal::new(), referrers, json })
    }

    fn delivery(&self) -> Delivery<'_> {
        Delivery { cache: &self.cache, registry: &self.registry, terminal: &self.terminal, referrers: self.referrers }
    }

    /// Writes to a file or a folder, and says where; prints the reference.
    pub(super) fn write(
        &self,
        source: &dyn ImageSource,
        output: &OutputArgument,
        name: &Reference,
    ) -> Result<(), StoreError> {
        let written = self.delivery().write(source, output, name)?;
        self.terminal.line(&format!("  written to {output}: {}", size(written)));
        self.print(source.root()?.digest, &[name]);
        Ok(())
    }

    /// Pushes to registries, or says what that would come to; prints a reference for each target.
    pub(super) fn push(
        &self,
        source: &dyn ImageSource,
        targets: &[Reference],
        dry_run: bool,
    ) -> Result<(), StoreError> {
        let root = source.root()?;
        self.delivery().push(source, targets, dry_run)?;
        self.print(root.digest, &targets.iter().filter(|_| !dry_run).collect::<Vec<_>>());
        Ok(())
    }

    /// Prints the references of an image, or an object with them.
    fn print(&self, root: Digest, names: &[&Reference]) {
        let references: Vec<String> = names.iter().map(|name| name.pinned(root).to_string()).collect();
        match self.json {
            true => {
                println!("{}", shown::json(&json!({ "digest": root.to_string(), "references": references })));
            }
            false => references.iter().for_each(|reference| println!("{reference}")),
        }
    }
}

/// Runs `push`.
pub(crate) fn push(arguments: &PushArguments) -> Result<(), Failure> {
    let setup = Setup::new(&arguments.shared, arguments.login.login(&arguments.references)?)?;
    let doing = format!("push {}", arguments.source);
    let source = arguments.source.open().map_err(Failure::while_doing(&doing))?;
    setup.push(&*source, &arguments.references, arguments.dry_run).map_err(Failure::while_doing(doing))
}

/// Runs `copy`.
pub(crate) fn copy(arguments: &CopyArguments) -> Result<(), Failure> {
    let CopyLogins { source, destination } = arguments.login.logins(&arguments.from, &arguments.to)?;
    // A client for each side: a password for one never comes near the other.
    let (_, source) = network::connect(&arguments.shared.network, source, &workspace_root())?;
    let setup = Setup::new(&arguments.shared, destination)?;
    let source = RegistrySource::new(&source, arguments.from.clone(), &setup.cache, &setup.terminal);
    let pushed = setup.push(&source, &arguments.to, arguments.dry_run);
    pushed.map_err(Failure::while_doing(format!("copy {}", arguments.from)))
}

/// Runs `pull`.
pub(crate) fn pull(arguments: &PullArguments) -> Result<(), Failure> {
    let reference = &arguments.reference;
    let setup = Setup::new(&arguments.shared, arguments.login.login([reference])?)?;
    let source = RegistrySource::new(&setup.registry, reference.clone(), &setup.cache, &setup.terminal);
    let written = setup.write(&source, &arguments.output, reference);
    written.map_err(Failure::while_doing(format!("pull {reference}")))
}
