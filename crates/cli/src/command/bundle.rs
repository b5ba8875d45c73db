//! `bundle`: all that a build asks the network for, in one file that is carried or pushed.

use clap::Args;
use serde_json::json;
use shipwheel_builder::{Bundle, Definition, InputKind, bundle};
use shipwheel_oci::{Platform, Reference};
use shipwheel_store::ImageSource as _;

use crate::choices::ChoiceArguments;
use crate::command::image::choose_base;
use crate::connection::ConnectionArguments;
use crate::failure::Failure;
use crate::open;
use crate::output::{Delivery, OutputArgument};
use crate::progress::Terminal;
use crate::shown;
use crate::table::size;

#[derive(Debug, Args)]
pub(crate) struct BundleArguments {
    /// A folder in images/, a path to an image.toml or its folder, or to an application's folder without
    /// one [default: the only one in images/, or else `.`].
    name: Option<String>,

    #[command(flatten)]
    choices: ChoiceArguments,

    /// One or more platforms to build for, such as amd64,arm64 [default: those of image.toml].
    #[arg(long, alias = "platform", value_delimiter = ',', value_name = "PLATFORMS")]
    platforms: Vec<Platform>,

    /// A profile of image.toml: dev, staging, production.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// The one of several bases in image.toml to take: a suite of Debian, an image or a layout [default: the first].
    #[arg(long, value_name = "NAME")]
    base: Option<String>,

    /// Where to write: a file, which becomes an OCI archive, or oci:FOLDER.
    #[arg(long, value_name = "FILE", value_parser = OutputArgument::archive, required_unless_present = "push")]
    output: Option<OutputArgument>,

    /// Push to a registry; may be given several times.
    #[arg(long, value_name = "REFERENCE")]
    push: Vec<Reference>,

    /// Build the project of a folder without an image.toml: its build backend runs on this machine.
    #[arg(long)]
    allow_project_build: bool,

    /// Print a JSON object instead of the reference.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `bundle`.
pub(crate) fn run(arguments: &BundleArguments) -> Result<(), Failure> {
    let root = open::workspace_root();
    if arguments.output.as_ref().is_some_and(OutputArgument::is_docker_archive) {
        let hint = "name a file alone, which becomes an OCI archive, or `oci:FOLDER`";
        return Err(Failure::usage("a docker-archive holds an image and no bundle", Some(hint)));
    }
    let definition = definition(arguments, &root)?;
    let name = format!("{}:bundle", definition.name);
    let name: Reference = name.parse().map_err(|error| Failure::usage(format!("{error}"), Some("pass `--name`")))?;
    arguments.output.as_ref().map_or(Ok(()), OutputArgument::check)?;
    let terminal = Terminal::new();
    let session = arguments.connection.session(&arguments.push, false, &terminal)?;
    let doing = format!("bundle image `{}`", definition.name);
    let made = bundle(&session, &definition).map_err(Failure::while_doing(doing))?;
    terminal.lines(table(&made).trim_end());
    let (cache, registry) = (&session.cache, &session.registry);
    let delivery = Delivery { cache, registry, terminal: &terminal, referrers: false };
    let (digest, short) = (made.root()?.digest, name.repository().trim_start_matches("library/"));
    let local = format!("{short}:{}@{digest}", name.tag().unwrap_or_default());
    let references = delivery.bring(&made, (arguments.output.as_ref(), &name, local), &arguments.push)?;
    match arguments.json {
        true => println!("{}", shown::json(&to_json(&definition, &made, &references)?)),
        false => println!("{}", references.join("\n")),
    }
    Ok(())
}

/// The definition with what flags change of it.
fn definition(arguments: &BundleArguments, root: &std::path::Path) -> Result<Definition, Failure> {
    let (name, profile) = (arguments.name.as_deref(), arguments.profile.as_deref());
    let mut definition = open::definition(root, name, profile, &arguments.choices)?;
    if !arguments.platforms.is_empty() {
        definition.spec.platforms.clone_from(&arguments.platforms);
        definition.spec.platforms.sort();
        definition.spec.platforms.dedup();
    }
    choose_base(arguments.base.as_deref(), &mut definition)?;
    definition.may_build_project |= arguments.allow_project_build;
    definition.read_image_lock().map_err(Failure::while_doing("read image.lock"))?;
    Ok(definition)
}

fn table(made: &Bundle) -> String {
    let mut text = String::new();
    for kind in InputKind::ALL {
        let Some((count, bytes)) = made.inputs.get(&kind) else { continue };
        text += &format!("  {:<10} {count:>5}  {:>9}\n", kind.name(), size(*bytes));
    }
    for what in &made.outside {
        text += &format!("  not in the bundle: {what}\n");
    }
    text
}

fn to_json(definition: &Definition, made: &Bundle, references: &[String]) -> Result<serde_json::Value, Failure> {
    let inputs = made.inputs.iter().map(|(kind, (count, bytes))| {
        let value = json!({ "count": count, "bytes": bytes });
        (kind.name().to_owned(), value)
    });
    let platforms: Vec<String> = definition.spec.platforms.iter().map(ToString::to_string).collect();
    Ok(json!({
        "references": references,
        "digest": made.root()?.digest,
        "name": definition.name,
        "platforms": platforms,
        "inputs": inputs.collect::<serde_json::Map<_, _>>(),
        "outside": made.outside,
    }))
}
