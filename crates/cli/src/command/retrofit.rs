//! `retrofit`: bytecode of the standard library on top of an image of any tool.

use clap::Args;
use serde_json::json;
use shipwheel_builder::{InterpreterChoice, Retrofitted, retrofit};
use shipwheel_bytecode::Optimization;

use crate::connection::ConnectionArguments;
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::open::SandboxArguments;
use crate::progress::Terminal;
use crate::shown;
use crate::table::size;
use crate::target::TargetArguments;

#[derive(Debug, Args)]
pub(crate) struct RetrofitArguments {
    /// The image: a reference, a layout folder or an archive.
    image: ImageArgument,

    #[command(flatten)]
    target: TargetArguments,

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
    connection: ConnectionArguments,
}

/// Runs `retrofit`.
pub(crate) fn run(arguments: &RetrofitArguments) -> Result<(), Failure> {
    let doing = format!("retrofit {}", arguments.image);
    let terminal = Terminal::new();
    let named = arguments.image.reference().into_iter().chain(&arguments.target.push);
    let mut session = arguments.connection.session(named, false, &terminal)?;
    session.interpreter.clone_from(&arguments.bytecode_interpreter);
    session.sandbox = arguments.sandbox.sandbox();
    let source = arguments.image.open(&session.registry, &session.cache, &terminal);
    let source = source.map_err(Failure::while_doing(&doing))?;
    let levels: Vec<Optimization> =
        arguments.optimize.iter().filter_map(|level| Optimization::from_level((*level).into())).collect();
    let name = arguments.image.to_string();
    let done = retrofit(&session, &name, &*source, &levels).map_err(Failure::while_doing(&doing))?;
    terminal.lines(table(&done).trim_end());
    let made = session.source(&done.image)?;
    let local = arguments.target.name(&arguments.image, "retrofitted:latest");
    let references = arguments.target.deliver(&made, &local, (&session, &terminal))?;
    match arguments.json {
        true => println!("{}", shown::json(&to_json(&done, &references))),
        false => println!("{}", references.join("\n")),
    }
    Ok(())
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
