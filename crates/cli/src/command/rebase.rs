//! `rebase`: another base below the layers of an image.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use clap::Args;
use serde_json::json;
use shipwheel_builder::{Onto, Rebased, rebase};
use shipwheel_oci::Reference;

use crate::choices::ChoiceArguments;
use crate::connection::ConnectionArguments;
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::open::{self, SandboxArguments};
use crate::progress::Terminal;
use crate::shown;
use crate::table::size;
use crate::target::TargetArguments;

#[derive(Debug, Args)]
pub(crate) struct RebaseArguments {
    /// The image: a reference, a layout folder or an archive.
    image: ImageArgument,

    /// The new base: a reference, a layout folder or an archive; or an image.toml or its folder, for the base that it
    /// names.
    #[arg(long, value_name = "BASE")]
    onto: BaseArgument,

    /// The base that the image was built on [default: the one that the image names].
    #[arg(long, value_name = "BASE")]
    from: Option<ImageArgument>,

    #[command(flatten)]
    target: TargetArguments,

    #[command(flatten)]
    sandbox: SandboxArguments,

    /// Print a JSON object instead of the reference.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: ConnectionArguments,
}

/// A base as it is typed.
#[derive(Debug, Clone)]
enum BaseArgument {
    /// The base of a definition, by the path of its image.toml.
    Definition(String),
    /// An image.
    Image(ImageArgument),
}

impl FromStr for BaseArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // One that is not there is a mistake in a path, and not the name of an image.
        let path = Path::new(text);
        let is_file = path.extension().is_some_and(|extension| extension == "toml");
        let is_folder = path.join("image.toml").is_file() && !path.join("index.json").exists();
        match is_file || is_folder {
            true => Ok(Self::Definition(text.to_owned())),
            false => text.parse().map(Self::Image),
        }
    }
}

impl fmt::Display for BaseArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Definition(path) => f.write_str(path),
            Self::Image(image) => image.fmt(f),
        }
    }
}

impl BaseArgument {
    fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Definition(_) => None,
            Self::Image(image) => image.reference(),
        }
    }
}

/// Runs `rebase`.
pub(crate) fn run(arguments: &RebaseArguments) -> Result<(), Failure> {
    let doing = format!("rebase {} onto {}", arguments.image, arguments.onto);
    let terminal = Terminal::new();
    let named = [arguments.image.reference(), arguments.onto.reference()];
    let named = named.into_iter().chain([arguments.from.as_ref().and_then(ImageArgument::reference)]).flatten();
    let named = named.chain(&arguments.target.push);
    let mut session = arguments.connection.session(named, false, &terminal)?;
    session.sandbox = arguments.sandbox.sandbox();
    let open = |image: &ImageArgument| {
        let opened = image.open(&session.registry, &session.cache, &terminal);
        opened.map_err(Failure::while_doing(&doing))
    };
    let source = open(&arguments.image)?;
    let from = arguments.from.as_ref().map(open).transpose()?;
    let name = arguments.image.to_string();
    let done = match &arguments.onto {
        BaseArgument::Definition(path) => {
            let root = open::workspace_root();
            let mut definition = open::definition(&root, Some(path), None, &ChoiceArguments::default())?;
            definition.read_image_lock().map_err(Failure::while_doing("read image.lock"))?;
            rebase(&session, &name, &*source, from.as_deref(), Onto::Definition(&definition))
        }
        BaseArgument::Image(base) => {
            let onto = open(base)?;
            rebase(&session, &name, &*source, from.as_deref(), Onto::Image(&*onto, base.reference()))
        }
    };
    let done = done.map_err(Failure::while_doing(&doing))?;
    terminal.lines(table(&done).trim_end());
    let made = session.source(&done.image)?;
    let local = arguments.target.name(&arguments.image, "rebased:latest");
    let references = arguments.target.deliver(&made, &local, (&session, &terminal))?;
    match arguments.json {
        true => println!("{}", shown::json(&to_json(&done, &references))),
        false => println!("{}", references.join("\n")),
    }
    Ok(())
}

fn table(done: &Rebased) -> String {
    let mut text = String::new();
    for platform in &done.platforms {
        let bytes: u64 = platform.base.iter().map(|layer| layer.blob.size).sum();
        let (name, kept, base) = (&platform.platform, platform.kept, platform.base.len());
        text += &format!("  {name}: {kept} own layers kept, on {base} of the new base ({})", size(bytes));
        if !platform.remade.is_empty() {
            text += &format!(", {} of the standard library's bytecode made anew", platform.remade.len());
        }
        text += "\n";
        for change in &platform.changes {
            text += &format!("  {name}: {change}\n");
        }
    }
    text
}

fn to_json(done: &Rebased, references: &[String]) -> serde_json::Value {
    let platforms = done.platforms.iter().map(|platform| {
        let digests = |layers: &[shipwheel_oci::LayerDescriptor]| -> Vec<_> {
            layers.iter().map(|layer| layer.blob.digest).collect()
        };
        json!({
            "platform": platform.platform.to_string(),
            "python": platform.python.map(|version| version.to_string()),
            "digest": platform.manifest,
            "removed": platform.removed,
            "base": digests(&platform.base),
            "kept": platform.kept,
            "remade": digests(&platform.remade),
            "changes": platform.changes,
        })
    });
    json!({
        "references": references,
        "digest": done.image.root().digest,
        "platforms": platforms.collect::<Vec<_>>(),
    })
}
