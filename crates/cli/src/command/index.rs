//! `index`: images of single platforms, which several machines built, joined by digest to one image.

use clap::Args;
use shipwheel_oci::Reference;
use shipwheel_store::{JoinedSource, StoreError};

use crate::command::transfer::{Setup, SharedArguments};
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::login::LoginArguments;
use crate::output::OutputArgument;

#[derive(Debug, Args)]
pub(crate) struct IndexArguments {
    /// What the joined image is called; it is pushed there, unless there is an --output.
    #[arg(required = true)]
    references: Vec<Reference>,

    /// An image to join, once for each machine: a reference, a layout folder or an archive.
    #[arg(long, value_name = "IMAGE", required = true)]
    from: Vec<ImageArgument>,

    /// Write it instead of pushing: a folder or oci:FOLDER, oci-archive:FILE.
    #[arg(long, value_name = "OUTPUT")]
    output: Option<OutputArgument>,

    /// Print what would be sent, mounted and skipped, and change nothing.
    #[arg(long, conflicts_with = "output")]
    dry_run: bool,

    #[command(flatten)]
    login: LoginArguments,

    #[command(flatten)]
    shared: SharedArguments,
}

/// Runs `index`.
pub(crate) fn run(arguments: &IndexArguments) -> Result<(), Failure> {
    if arguments.output.is_some() && arguments.references.len() > 1 {
        return Err(Failure::usage(
            "an --output has one name, and the command names several",
            Some("leave out all others"),
        ));
    }
    let named = arguments.from.iter().filter_map(ImageArgument::reference);
    let hosts: Vec<&Reference> = match &arguments.output {
        None => arguments.references.iter().chain(named).collect(),
        Some(_) => named.collect(),
    };
    let setup = Setup::new(&arguments.shared, arguments.login.login(hosts)?)?;
    let from: Vec<String> = arguments.from.iter().map(ToString::to_string).collect();
    join(arguments, &setup).map_err(Failure::while_doing(format!("join {}", from.join(", "))))
}

fn join(arguments: &IndexArguments, setup: &Setup) -> Result<(), StoreError> {
    let open = |from: &ImageArgument| from.open(&setup.registry, &setup.cache, &setup.terminal);
    let sources = arguments.from.iter().map(open).collect::<Result<_, _>>()?;
    let joined = JoinedSource::join(sources, &setup.cache)?;
    let (Some(output), [name, ..]) = (&arguments.output, arguments.references.as_slice()) else {
        return setup.push(&joined, &arguments.references, arguments.dry_run);
    };
    setup.write(&joined, output, name)
}
