//! `cache`: where it is, and how to clear it.

use std::path::Path;

use clap::{Args, Subcommand};
use fs_err as fs;
use shipwheel_builder::FileError;
use shipwheel_store::FileAction;

use crate::failure::Failure;
use crate::open::cache_folder;

#[derive(Debug, Args)]
pub(crate) struct CacheArguments {
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print where the cache is.
    Path,
    /// Remove the cache: the next build takes longer and gives the same result.
    Clear {
        /// Keep what was downloaded, so that nothing is fetched again.
        #[arg(long)]
        keep_downloads: bool,
    },
}

/// Runs `cache`.
pub(crate) fn run(arguments: &CacheArguments) -> Result<(), Failure> {
    let folder = cache_folder()?;
    match arguments.command {
        CacheCommand::Path => println!("{}", folder.display()),
        CacheCommand::Clear { keep_downloads } => clear(&folder, keep_downloads)?,
    }
    Ok(())
}

fn clear(folder: &Path, keep_downloads: bool) -> Result<(), Failure> {
    // Blobs are fetched or made; records say which is which, so keeping blobs keeps downloads,
    // and a layer without its record is made again.
    let areas: &[&str] = if keep_downloads {
        &["records", "entries", "folders"]
    } else {
        &["records", "entries", "folders", "blobs", "uv"]
    };
    for path in areas.iter().map(|area| folder.join(area)).filter(|path| path.exists()) {
        fs::remove_dir_all(&path).map_err(|cause| {
            Failure::while_doing("clear the cache")(FileError { action: FileAction::Remove, path, cause })
        })?;
    }
    Ok(())
}
