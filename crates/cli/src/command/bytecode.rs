//! `bytecode`: the sources in a folder of this machine, compiled in place.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use shipwheel_builder::{InterpreterError, LocalReport, LocalTree, Report as _, compile_folder};
use shipwheel_bytecode::{InvalidationMode, Optimization};
use shipwheel_plan::layer::Treatment;
use shipwheel_store::redacted;

use crate::failure::Failure;
use crate::network::NetworkArguments;
use crate::open;
use crate::progress::Terminal;
use crate::shown;
use crate::table::size;

/// How many sources that do not compile are written out for a person.
const MOST_SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct BytecodeArguments {
    /// The folder.
    #[arg(default_value = ".")]
    folder: PathBuf,

    /// The level: 0 keeps everything, 1 drops asserts, 2 docstrings too.
    #[arg(long, value_name = "LEVEL", default_value = "0", value_parser = clap::value_parser!(u8).range(0..=2))]
    optimize: u8,

    /// Remove each source whose bytecode took its place; what does not compile stays.
    #[arg(long)]
    remove_source: bool,

    /// The interpreter that compiles: a path or a name on PATH.
    #[arg(long, value_name = "PYTHON", default_value = "python3")]
    python: String,

    /// When CPython takes the bytecode for stale: if the source's hash differs, or never.
    #[arg(long, value_name = "MODE", default_value = "checked-hash")]
    invalidation: Invalidation,

    /// Where the folder will be when the bytecode is used, such as /app: what tracebacks show.
    #[arg(long, value_name = "PATH")]
    prefix: Option<String>,

    /// How many interpreters compile at a time [default: one for each processor].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,

    /// Print a JSON object on standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Invalidation {
    CheckedHash,
    UncheckedHash,
}

/// Runs `bytecode`.
pub(crate) fn run(arguments: &BytecodeArguments) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut session = open::session(&NetworkArguments::default(), None, true, &terminal)?;
    session.jobs = arguments.jobs.map_or(session.jobs, usize::from);
    let treatment = Treatment {
        optimization: Optimization::from_level(arguments.optimize.into()).unwrap_or(Optimization::None),
        invalidation: match arguments.invalidation {
            Invalidation::CheckedHash => InvalidationMode::CheckedHash,
            Invalidation::UncheckedHash => InvalidationMode::UncheckedHash,
        },
        replaces_source: arguments.remove_source,
    };
    let tree = LocalTree {
        folder: arguments.folder.clone(),
        treatment,
        prefix: arguments.prefix.clone(),
        python: arguments.python.clone(),
    };
    let doing = format!("compile {}", arguments.folder.display());
    let report = compile_folder(&session, &tree).map_err(Failure::while_doing(&doing))?;
    for (path, reason) in report.failures.iter().take(MOST_SHOWN) {
        terminal.warning(&format!("{path} does not compile: {reason}"));
    }
    let compiled = report.sources - report.unnamed - report.failures.len();
    terminal.line(&format!(
        "  {compiled} of {} sources compiled by Python {} at level {}: {}, {} written, {} unchanged, {} sources removed",
        report.sources,
        report.python,
        arguments.optimize,
        size(report.bytes),
        report.written,
        compiled - report.written,
        report.removed,
    ));
    if arguments.json {
        println!("{}", shown::json(&to_json(&report)));
    }
    match report.failures.len() {
        0 => Ok(()),
        count => Err(Failure::while_doing(doing)(InterpreterError::Uncompiled { count })),
    }
}

fn to_json(report: &LocalReport) -> serde_json::Value {
    let failures = report.failures.iter().map(|(path, reason)| json!({ "path": path, "reason": redacted(reason) }));
    json!({
        "python": report.python.to_string(),
        "sources": report.sources,
        "written": report.written,
        "bytes": report.bytes,
        "removed": report.removed,
        "failures": failures.collect::<Vec<_>>(),
    })
}
