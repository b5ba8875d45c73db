//! What commands that build need: the session, with the environment and the clock read once.

use std::path::{Path, PathBuf};

use shipwheel_builder::Session;
use shipwheel_store::Cache;

use crate::cache;
use crate::failure::Failure;
use crate::network::{self, NetworkArguments};
use crate::progress::Terminal;

/// Opens the cache and the network, and reads the environment and the clock: once, here.
pub(crate) fn open<'a>(
    network: &NetworkArguments,
    offline: bool,
    terminal: &'a Terminal,
) -> Result<Session<'a>, Failure> {
    let (http, registry) = network::connect(network, &workspace_root())?;
    Ok(Session {
        cache: Cache::open(&cache::folder()?)?,
        http,
        registry,
        offline,
        environment: network::environment(),
        now: std::time::SystemTime::now().try_into().unwrap_or_default(),
        epoch: epoch()?,
        interpreter: None,
        jobs: std::thread::available_parallelism().map_or(1, Into::into),
        progress: terminal,
        report: terminal,
    })
}

/// `SOURCE_DATE_EPOCH`, or the epoch itself: never a clock.
fn epoch() -> Result<i64, Failure> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => {
            text.parse().ok().filter(|seconds| (0..=253_402_300_799).contains(seconds)).ok_or_else(|| {
                Failure::usage(format!("SOURCE_DATE_EPOCH is `{text}`, expected seconds since 1970"), None)
            })
        }
        _ => Ok(0),
    }
}

/// The nearest folder upwards that has an `images` folder, else the working directory.
pub(crate) fn workspace_root() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let found = here.ancestors().find(|folder| folder.join("images").is_dir()).map(Path::to_owned);
    match found {
        // Relative where it can be: paths in messages then read as they were typed.
        Some(found) if found == here => PathBuf::new(),
        Some(found) => found,
        None => here,
    }
}
