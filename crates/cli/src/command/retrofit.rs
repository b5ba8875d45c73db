//! `retrofit`: bytecode of the standard library on top of an image of any tool.

use clap::Args;
use serde_json::json;
use shipwheel_builder::{InterpreterChoice, Retrofitted, retrofit};
use shipwheel_bytecode::Optimization;
use shipwheel_oci::Reference;

use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::login::LoginArguments;
use crate::network::NetworkArguments;
use crate::open::{self, SandboxArguments};
use crate::output::{Delivery, OutputArgument, pushing, writing};
use crate::progress::Terminal;
use crate::shown;
use crate::table::size;

#[derive(Debug, Args)]
pub(crate) struct RetrofitArguments {
    /// The image: a reference, a layout folder or an archive.
    image: ImageArgument,

    /// Push to a registry; may be given several times.
    #[arg(long, value_name = "REFERENCE", required_unless_present = "output")]
    push: Vec<Reference>,

    /// Where to write: a folder or oci:FOLDER, oci-archive:FILE, docker-archive:FILE
    #[arg(long, value_name = "OUTPUT")]
    output: Option<OutputArgument>,

    /// Levels to add, such as 0,1 [default: the one that the image's PYTHONOPTIMIZE asks for].
    #[arg(long, value_name = "LEVELS", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(0..=2))]
    optimize: Vec<u8>,

    /// What compiles the bytecode: base, host, qemu, or a path [default: the image's own, else this machine's].
    #[arg(long, value_name = "INTERPRETER")]
    bytecode_interpreter: Option<InterpreterChoice>,

    #[command(flatten)]
    sandbox: SandboxArguments,

    /// Print a JSON object instead of the reference.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    login: LoginArguments,

    #[command(flatten)]
    network: NetworkArguments,
}

/// Runs `retrofit`.
pub(crate) fn run(arguments: &RetrofitArguments) -> Result<(), Failure> {
    let doing = format!("retrofit {}", arguments.image);
    let terminal = Terminal::new();
    let login = arguments.login.login(arguments.image.reference().into_iter().chain(&arguments.push))?;
    let mut session = open::session(&arguments.network, login, false, &terminal)?;
    session.interpreter.clone_from(&arguments.bytecode_interpreter);
    session.sandbox = arguments.sandbox.sandbox();
    let source = arguments.image.open(&session.registry, &session.cache, &terminal);
    let source = source.map_err(Failure::while_doing(&doing))?;
    let levels: Vec<Optimization> =
        arguments.optimize.iter().filter_map(|level| Optimization::from_level((*level).into())).collect();
    let name = arguments.image.to_string();
    let done = retrofit(&session, &name, &*source, &levels).map_err(Failure::while_doing(&doing))?;
    let digest = done.image.root().digest;
    terminal.lines(table(&done).trim_end());
    let made = session.source(&done.image)?;
    let (cache, registry) = (&session.cache, &session.registry);
    let delivery = Delivery { cache, registry, terminal: &terminal, referrers: false };
    let mut references = Vec::new();
    if let Some(output) = &arguments.output {
        let local = local_name(arguments);
        delivery.write(&made, output, &local).map_err(writing(output))?;
        terminal.line(&format!("  written to {output}"));
        references.push(local.pinned(digest).to_string());
    }
    if !arguments.push.is_empty() {
        let pushed = delivery.push(&made, &arguments.push, false);
        pushed.map_err(Failure::while_doing(pushing(&arguments.push)))?;
        references = arguments.push.iter().map(|target| target.pinned(digest).to_string()).collect();
    }
    match arguments.json {
        true => println!("{}", shown::json(&to_json(&done, &references))),
        false => println!("{}", references.join("\n")),
    }
    Ok(())
}

/// The name of the image in a layout: that of the first target, or the one it had.
fn local_name(arguments: &RetrofitArguments) -> Reference {
    let given = arguments.push.first().cloned();
    let own = match &arguments.image {
        ImageArgument::Registry(reference) => Some(reference.clone()),
        ImageArgument::Local(_) => None,
    };
    given.or(own).unwrap_or_else(|| "retrofitted:latest".parse().expect("a valid reference"))
}

fn table(done: &Retrofitted) -> String {
    let mut text = String::new();
    for platform in &done.platforms {
        let bytes: u64 = platform.layers.iter().map(|(_, layer)| layer.blob.size).sum();
        text += &format!("  {}: Python {}, {} added", platform.platform, platform.python, size(bytes));
        text += "\n";
    }
    text
}

fn to_json(done: &Retrofitted, references: &[String]) -> serde_json::Value {
    let platforms = done.platforms.iter().map(|platform| {
        let layers = platform.layers.iter().map(|(title, layer)| {
            json!({
                "title": title,
                "digest": layer.blob.digest,
                "diff_id": layer.diff_id,
                "size": layer.blob.size,
            })
        });
        json!({
            "platform": platform.platform.to_string(),
            "python": platform.python.to_string(),
            "digest": platform.manifest,
            "layers": layers.collect::<Vec<_>>(),
        })
    });
    json!({
        "references": references,
        "digest": done.image.root().digest,
        "platforms": platforms.collect::<Vec<_>>(),
    })
}
