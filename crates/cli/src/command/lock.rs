//! `lock`: the dependencies of an image, locked on demand.

use clap::Args;
use shipwheel_builder::{Upgrade, relock};

use crate::choices::ChoiceArguments;
use crate::failure::Failure;
use crate::network::NetworkArguments;
use crate::open::{self, workspace_root};
use crate::progress::Terminal;
use crate::shown;

#[derive(Debug, Args)]
pub(crate) struct LockArguments {
    /// A folder in images/, or a path to an image.toml or its folder [default: the only one in images/].
    name: Option<String>,

    #[command(flatten)]
    choices: ChoiceArguments,

    /// A profile of image.toml.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Take the newest versions of everything, not those of the lock there is.
    #[arg(long)]
    upgrade: bool,

    /// Take the newest version of a distribution; may be given several times.
    #[arg(long, value_name = "DISTRIBUTION")]
    upgrade_package: Vec<String>,

    /// Use only the cache, never the network.
    #[arg(long)]
    offline: bool,

    #[command(flatten)]
    network: NetworkArguments,
}

/// Runs `lock`; the one line is the path of the lock.
pub(crate) fn run(arguments: &LockArguments) -> Result<(), Failure> {
    let (name, profile) = (arguments.name.as_deref(), arguments.profile.as_deref());
    let definition = open::definition(&workspace_root(), name, profile, &arguments.choices)?;
    let terminal = Terminal::new();
    let session = open::session(&arguments.network, None, arguments.offline, &terminal)?;
    let upgrade = Upgrade { all: arguments.upgrade, packages: arguments.upgrade_package.clone() };
    let doing = format!("lock the dependencies of image `{}`", definition.name);
    let relocked = relock(&session, &definition, &upgrade).map_err(Failure::while_doing(doing))?;
    println!("{}", shown::path(&relocked.path));
    Ok(())
}
