//! `cache`: where it is, and how to clear it.

use clap::{Args, Subcommand};
use shipwheel_store::Cache;

use crate::failure::Failure;
use crate::open::cache_folder;
use crate::shown;

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
        CacheCommand::Path => println!("{}", shown::path(&folder)),
        CacheCommand::Clear { keep_downloads } => {
            Cache::clear(&folder, keep_downloads).map_err(Failure::while_doing("clear the cache"))?;
        }
    }
    Ok(())
}
