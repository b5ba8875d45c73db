//! `cache`: where it is, what is in it, and how to check, shrink or clear it.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use shipwheel_builder::{Report as _, check_cache, counted};
use shipwheel_store::cache::{Checked, KindUsage, Limits, Pruned};
use shipwheel_store::{Cache, StoreError};

use crate::amount::{CacheLimit, parse_age, parse_limit, parse_size};
use crate::failure::Failure;
use crate::open::cache_folder;
use crate::progress::Terminal;
use crate::shown;
use crate::table::{aligned, size};

/// How much the cache may hold, unless the user says otherwise: the images of some dozens of projects.
const DEFAULT_LIMIT: u64 = 20_000_000_000;

/// The variable that sets another limit.
const LIMIT: &str = "SHIPWHEEL_CACHE_LIMIT";

#[derive(Debug, Args)]
pub(crate) struct CacheArguments {
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print where the cache is.
    Path,
    /// Show what is in the cache: kinds, how many of each, their bytes.
    Du {
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Remove what was not used for longest; what running builds use stays.
    Prune {
        #[command(flatten)]
        limits: LimitArguments,
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Hash everything in the cache, and hold its records against its blobs.
    Verify {
        /// Remove what is broken: the next build makes it anew.
        #[arg(long)]
        repair: bool,
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Remove the cache: the next build takes longer and gives the same result.
    Clear {
        /// Keep what was downloaded, so that nothing is fetched again.
        #[arg(long)]
        keep_downloads: bool,
    },
}

/// What is removed: at least one of the two says it.
#[derive(Debug, Clone, Copy, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct LimitArguments {
    /// How much may stay, such as 5GB.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    keep_size: Option<u64>,

    /// Remove what was not used for this long, such as 30d.
    #[arg(long, value_name = "DURATION", value_parser = parse_age)]
    older_than: Option<Duration>,
}

/// Runs `cache`.
pub(crate) fn run(arguments: &CacheArguments) -> Result<(), Failure> {
    let folder = cache_folder()?;
    match arguments.command {
        CacheCommand::Path => println!("{}", shown::path(&folder)),
        CacheCommand::Du { json } => {
            let usage = Cache::open(&folder)?.usage().map_err(Failure::while_doing("read the cache"))?;
            if json {
                let path = folder.display().to_string();
                let value =
                    json!({ "path": path, "bytes": total(&usage), "limit": limit(None)?.0, "kinds": kinds(&usage) });
                println!("{}", shown::json(&value));
            } else {
                print!("{}", table(&usage));
            }
        }
        CacheCommand::Prune { limits: LimitArguments { keep_size, older_than }, json } => {
            let pruned = Cache::open(&folder)?.prune(Limits { keep_size, older_than });
            let pruned = pruned.map_err(Failure::while_doing("prune the cache"))?;
            let Pruned { count, bytes, left, in_use } = pruned;
            match json {
                true => {
                    let value = json!({ "removed": count, "bytes": bytes, "left": left, "in_use": in_use });
                    println!("{}", shown::json(&value));
                }
                false => println!("{}", pruned_line(&pruned)),
            }
        }
        CacheCommand::Verify { repair, json } => verify(&Cache::open(&folder)?, repair, json)?,
        CacheCommand::Clear { keep_downloads } => {
            Cache::clear(&folder, keep_downloads).map_err(Failure::while_doing("clear the cache"))?;
        }
    }
    Ok(())
}

/// Checks the cache; what is broken and stays is an error.
fn verify(cache: &Cache, repair: bool, json: bool) -> Result<(), Failure> {
    let doing = "verify the cache";
    let checked = check_cache(cache, repair).map_err(Failure::while_doing(doing))?;
    let Checked { blobs, bytes, records, values, faults } = &checked;
    if json {
        let faults: Vec<_> = faults
            .iter()
            .map(|fault| json!({ "path": fault.path, "reason": fault.reason, "removed": fault.is_removed }))
            .collect();
        let value = json!({ "blobs": blobs, "bytes": bytes, "records": records, "values": values, "broken": faults });
        println!("{}", shown::json(&value));
    } else {
        for fault in faults {
            let removed = if fault.is_removed { " (removed)" } else { "" };
            println!("{} {}{removed}", shown::line(&fault.path), shown::line(&fault.reason));
        }
        let [blobs, records, values] =
            [(*blobs, "blob"), (*records, "record"), (*values, "value file")].map(|(count, noun)| number(count, noun));
        println!("{blobs} of {}, {records}, {values}: {} broken", size(*bytes), faults.len());
    }
    match faults.iter().filter(|fault| !fault.is_removed).count() {
        0 => Ok(()),
        count => Err(Failure::while_doing(doing)(StoreError::BrokenCache { count })),
    }
}

/// Holds the cache against its limit after a build, once a day. What goes wrong there is no error of the build.
pub(crate) fn sweep(cache: &Cache, limit: CacheLimit, terminal: &Terminal) {
    let Some(limit) = limit.0 else { return };
    match cache.sweep(limit) {
        Ok(None) => {}
        Ok(Some(pruned)) => {
            terminal.line(&format!("  cache: above its limit of {}: {}", size(limit), pruned_line(&pruned)));
        }
        Err(error) => terminal.warning(&format!("the cache was not held against its limit: {error}")),
    }
}

/// The limit by the flag, the environment or default.
///
/// # Errors
/// When the variable is no size.
pub(crate) fn limit(flag: Option<CacheLimit>) -> Result<CacheLimit, Failure> {
    let set = std::env::var(LIMIT).ok().filter(|text| !text.is_empty());
    match (flag, set) {
        (Some(limit), _) => Ok(limit),
        (None, None) => Ok(CacheLimit(Some(DEFAULT_LIMIT))),
        (None, Some(text)) => {
            parse_limit(&text).map_err(|error| Failure::usage(format!("{LIMIT} is `{text}`: {error}"), None))
        }
    }
}

/// What was removed, in one line.
fn pruned_line(pruned: &Pruned) -> String {
    let Pruned { count, bytes, left, in_use } = *pruned;
    let stays = match in_use {
        0 => String::new(),
        bytes => format!(", {} of them because running builds may use them", size(bytes)),
    };
    format!(
        "removed {} of {}, least recently used first; {} stay{stays}",
        number(count, "thing"),
        size(bytes),
        size(left)
    )
}

/// A number with its noun.
fn number(count: u64, noun: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

fn total(usage: &[KindUsage]) -> u64 {
    usage.iter().map(|kind| kind.bytes).sum()
}

fn kinds(usage: &[KindUsage]) -> Vec<serde_json::Value> {
    let row = |it: &KindUsage| json!({ "kind": it.kind, "count": it.count, "bytes": it.bytes });
    usage.iter().map(row).collect()
}

/// The kinds as a table, with their sum.
fn table(usage: &[KindUsage]) -> String {
    let mut rows = vec![["what", "count", "size"].map(str::to_owned)];
    rows.extend(usage.iter().map(|it| [it.kind.clone(), it.count.to_string(), size(it.bytes)]));
    let count: u64 = usage.iter().map(|it| it.count).sum();
    rows.push(["in all".to_owned(), count.to_string(), size(total(usage))]);
    aligned(&rows, 1..3)
}
