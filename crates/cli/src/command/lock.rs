//! `lock`: the dependencies of an image, locked on demand, and the image itself in image.lock.

use std::path::PathBuf;

use clap::Args;
use shipwheel_builder::{BuildError, Definition, Session, Upgrade, lock_image, relock};

use crate::choices::ChoiceArguments;
use crate::failure::Failure;
use crate::network::NetworkArguments;
use crate::open::{self, workspace_root};
use crate::progress::Terminal;
use crate::shown;

#[derive(Debug, Args)]
pub(crate) struct LockArguments {
    /// A folder in images/, or a path to an image.toml or its folder [default: the only one in images/, or else `.`].
    name: Option<String>,

    #[command(flatten)]
    choices: ChoiceArguments,

    /// A profile of image.toml.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Build the image and write image.lock, and leave the dependencies as they are locked; without this, an image.lock
    /// that is there is renewed after them.
    #[arg(long)]
    image: bool,

    /// Take the newest versions of everything, not those of the locks there are: the base of image.lock too.
    #[arg(long)]
    upgrade: bool,

    /// Take the newest version of a distribution; may be given several times.
    #[arg(long, value_name = "DISTRIBUTION", conflicts_with = "image")]
    upgrade_package: Vec<String>,

    /// Use only the cache, never the network.
    #[arg(long)]
    offline: bool,

    #[command(flatten)]
    network: NetworkArguments,
}

/// Runs `lock`; each line is the path of a lock.
pub(crate) fn run(arguments: &LockArguments) -> Result<(), Failure> {
    let (name, profile) = (arguments.name.as_deref(), arguments.profile.as_deref());
    let open = || open::definition(&workspace_root(), name, profile, &arguments.choices);
    let mut definition = open()?;
    let terminal = Terminal::new();
    let session = open::session(&arguments.network, None, arguments.offline, &terminal)?;
    let is_there = std::fs::symlink_metadata(definition.image_lock_path()).is_ok();
    if !arguments.image {
        match dependencies(arguments, &session, &definition) {
            Ok(path) => println!("{}", shown::path(&path)),
            Err(BuildError::Lock(error)) if is_there && error.has_nothing_to_lock() => {
                terminal.line("  the dependencies stay as they are: they are not locked from anything");
            }
            Err(error) => {
                return Err(Failure::while_doing(format!("lock the dependencies of image `{}`", definition.name))(
                    error,
                ));
            }
        }
    }
    if arguments.image || is_there {
        // The files that were read may be others now.
        if !arguments.image {
            definition = open()?;
        }
        if !arguments.upgrade {
            definition.read_image_lock().map_err(Failure::while_doing("read image.lock"))?;
        }
        let doing = format!("lock image `{}`", definition.name);
        println!("{}", shown::path(&lock_image(&session, &definition).map_err(Failure::while_doing(doing))?));
    }
    Ok(())
}

/// Locks the dependencies again.
fn dependencies(
    arguments: &LockArguments,
    session: &Session<'_>,
    definition: &Definition,
) -> Result<PathBuf, BuildError> {
    let upgrade = Upgrade { all: arguments.upgrade, packages: arguments.upgrade_package.clone() };
    relock(session, definition, &upgrade).map(|relocked| relocked.path)
}
