//! The command line as it is typed.

use std::ffi::OsString;
use std::sync::OnceLock;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use shipwheel_builder::forms;
use shipwheel_layer::Compression;

use crate::command::bundle::BundleArguments;
use crate::command::bytecode::BytecodeArguments;
use crate::command::cache::CacheArguments;
use crate::command::completions::CompletionsArguments;
use crate::command::diff::DiffArguments;
use crate::command::doctor::DoctorArguments;
use crate::command::image::ImageArguments;
use crate::command::index::IndexArguments;
use crate::command::init::InitArguments;
use crate::command::inspect::InspectArguments;
use crate::command::load::LoadArguments;
use crate::command::lock::LockArguments;
use crate::command::manual::ManualArguments;
use crate::command::rebase::RebaseArguments;
use crate::command::registry::RegistryArguments;
use crate::command::retrofit::RetrofitArguments;
use crate::command::run::RunArguments;
use crate::command::sbom::SbomArguments;
use crate::command::sign::SignArguments;
use crate::command::startup::StartupArguments;
use crate::command::transfer::{CopyArguments, PullArguments, PushArguments};
use crate::command::verify::VerifyArguments;
use crate::examples::with_examples;
use crate::manner::{MannerArguments, When};

/// The release, and the forms that decide the bytes of images: where both are the same, so are the digests.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let forms = forms(Compression::Gzip);
        let forms: Vec<String> = forms.into_iter().map(|(name, number)| format!("{name} {number}")).collect();
        format!("{} (format: {})", env!("CARGO_PKG_VERSION"), forms.join(", "))
    })
}

/// The command line, with examples.
pub(crate) fn command_line() -> clap::Command {
    with_examples(Arguments::command())
}

/// What was typed; the first word is the program's name.
///
/// # Errors
/// When it is no command line, or asks for help.
pub(crate) fn parse(typed: &[OsString], when: When) -> Result<Arguments, clap::Error> {
    let mut command = command_line().color(when.of_help());
    let mut matches = command.try_get_matches_from_mut(typed)?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Builds OCI images for Python applications: no Docker, no root, no emulation.
#[derive(Debug, Parser)]
#[command(name = "shipwheel", version = version(), max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) manner: MannerArguments,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build an image and write it to a layout, an archive or a registry.
    Image(Box<ImageArguments>),
    /// Lock the dependencies of an image.
    Lock(LockArguments),
    /// Pack all that a build asks the network for, to build with `image --bundle` where there is none.
    Bundle(Box<BundleArguments>),
    /// Write the image.toml that is derived from an application's folder.
    Init(InitArguments),
    /// Push an image from an OCI layout or archive to registries.
    Push(PushArguments),
    /// Pull an image with all its platforms into an OCI layout or archive.
    Pull(PullArguments),
    /// Copy an image from one registry to others.
    Copy(CopyArguments),
    /// Join images of single platforms, which several machines built, to one image.
    Index(IndexArguments),
    /// Show what is in an image: layers, packages, distributions, files, bytecode; as a table, JSON or a page.
    Inspect(InspectArguments),
    /// Show how two images differ, and what a pull of the second one costs where the first one is.
    Diff(DiffArguments),
    /// Print an SBOM of an image: the one that is attached to it, or one of what it holds.
    Sbom(SbomArguments),
    /// Sign an image in a registry with a key, as cosign does.
    Sign(SignArguments),
    /// Check everything that can be checked of an image: digests, machines, bytecode.
    Verify(VerifyArguments),
    /// Add the standard library's bytecode to a Python image that lacks it, and nothing else.
    Retrofit(RetrofitArguments),
    /// Put an image on a patched base without building it, if all that its own layers need stays true.
    Rebase(Box<RebaseArguments>),
    /// Compile the sources in a folder of this machine, to the same bytes everywhere.
    Bytecode(BytecodeArguments),
    /// Start an image's interpreter on this machine, with and without the bytecode, and compare.
    Startup(StartupArguments),
    /// Run an image on this machine, without Docker and without root.
    Run(Box<RunArguments>),
    /// Load an image into Docker, podman, containerd, kind, k3d or minikube.
    Load(LoadArguments),
    /// Ask a registry what it supports.
    Registry(RegistryArguments),
    /// Show, check, shrink or clear the cache.
    Cache(CacheArguments),
    /// Say what this machine offers, what will not work, and what to do about it.
    Doctor(DoctorArguments),
    /// Print what completes shipwheel's commands and flags in a shell.
    Completions(CompletionsArguments),
    /// Write the man pages into a folder.
    Manual(ManualArguments),
}
