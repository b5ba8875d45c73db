//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use shipwheel_builder::InterpreterChoice;
use shipwheel_oci::{Platform, Reference};

use crate::bytecode::BytecodeArguments;
use crate::cache::CacheArguments;
use crate::lock::LockArguments;
use crate::network::NetworkArguments;
use crate::output::OutputArgument;
use crate::probe::RegistryArguments;
use crate::retrofit::RetrofitArguments;
use crate::startup::StartupArguments;
use crate::transfer::{CopyArguments, PullArguments, PushArguments};
use crate::verify::VerifyArguments;

/// Builds OCI images for Python applications: no Docker, no root, no emulation.
#[derive(Debug, Parser)]
#[command(name = "shipwheel", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build an image and write it to a layout, an archive or a registry.
    Image(Box<ImageArguments>),
    /// Lock the dependencies of an image.
    Lock(LockArguments),
    /// Write the image.toml that is derived from an application's folder.
    Init(InitArguments),
    /// Push an image from an OCI layout or archive to registries.
    Push(PushArguments),
    /// Pull an image with all its platforms into an OCI layout or archive.
    Pull(PullArguments),
    /// Copy an image from one registry to others.
    Copy(CopyArguments),
    /// Check everything that can be checked of an image: digests, machines, bytecode.
    Verify(VerifyArguments),
    /// Add the standard library's bytecode to a Python image that lacks it, and nothing else.
    Retrofit(RetrofitArguments),
    /// Compile the sources in a folder of this machine, to the same bytes everywhere.
    Bytecode(BytecodeArguments),
    /// Start an image's interpreter on this machine, with and without the bytecode, and compare.
    Startup(StartupArguments),
    /// Ask a registry what it supports.
    Registry(RegistryArguments),
    /// Show or clear the cache.
    Cache(CacheArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ImageArguments {
    /// A folder in images/, a path to an image.toml or its folder, or to an application's folder without
    /// one: it is derived and shown [default: the only one in images/].
    pub(crate) name: Option<String>,

    /// Platforms to build for, such as amd64,arm64 [default: those of image.toml].
    #[arg(long, value_delimiter = ',', value_name = "PLATFORMS")]
    pub(crate) platforms: Vec<Platform>,

    /// One platform to build for, such as linux/amd64.
    #[arg(long, value_name = "PLATFORM", conflicts_with = "platforms")]
    pub(crate) platform: Option<Platform>,

    /// Build for linux/amd64 and linux/arm64.
    #[arg(long, conflicts_with_all = ["platforms", "platform"])]
    pub(crate) multi_platform: bool,

    /// A profile of image.toml: dev, staging, production.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// The tag [default: that of image.toml, else latest].
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,

    /// Where to write: a folder or oci:FOLDER, oci-archive:FILE, docker-archive:FILE
    /// [default: target/images/NAME; none with --push].
    #[arg(long, value_name = "OUTPUT")]
    pub(crate) output: Option<OutputArgument>,

    /// Push to a registry; may be given several times.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) push: Vec<Reference>,

    /// Leave the bytecode layers out; nothing else changes.
    #[arg(long)]
    pub(crate) no_bytecode: bool,

    /// The level of the bytecode: 0 keeps everything, 1 drops asserts, 2 docstrings too.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) optimize: Option<u8>,

    /// Leave sources out and keep their bytecode alone, but for packages known to read their own.
    #[arg(long)]
    pub(crate) remove_source: bool,

    /// What compiles the bytecode: base, host, qemu, or a path [default: the base's own, else this machine's].
    #[arg(long, value_name = "INTERPRETER")]
    pub(crate) bytecode_interpreter: Option<InterpreterChoice>,

    /// Print the plan and build nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print a JSON object instead of the reference.
    #[arg(long)]
    pub(crate) json: bool,

    /// Ask nothing of the network: what the cache has must do.
    #[arg(long)]
    pub(crate) offline: bool,

    #[command(flatten)]
    pub(crate) network: NetworkArguments,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The application's folder.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,

    /// Write over an image.toml that is there.
    #[arg(long)]
    pub(crate) force: bool,
}
