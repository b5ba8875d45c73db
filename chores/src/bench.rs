//! `cargo xtask bench [--smoke] [PART…]`: shipwheel beside the tools that it replaces. What comes of it is
//! docs/benchmarks.md, and docs/benchmarks.json for the next run.

mod builds;
mod bytecode;
mod chart;
mod compression;
mod layering;
mod machine;
mod measurement;
mod pulls;
mod push;
mod registry;
mod report;
mod scale;
mod sets;
mod timing;
mod wheels;

use std::ffi::OsString;
use std::path::Path;

use xshell::{Shell, cmd};

use self::measurement::{Bench, Findings};
use self::report::{Report, Section};
use crate::ci;
use crate::program::shipwheel;
use crate::workspace::{Outcome, workspace};

/// A part of what is measured.
struct Part {
    name: &'static str,
    title: &'static str,
    run: fn(&Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>>,
    /// Whether a smoke test runs it: the others need an hour, or packages of the index.
    in_smoke: bool,
}

const PARTS: [Part; 9] = [
    Part { name: "builds", title: "Builds", run: builds::run, in_smoke: true },
    Part { name: "bytecode", title: "Bytecode", run: bytecode::run, in_smoke: false },
    Part { name: "compression", title: "Compression", run: compression::run, in_smoke: true },
    Part { name: "layering", title: "Upgrades", run: layering::run, in_smoke: false },
    Part { name: "pulls", title: "Pulls by number of layers", run: pulls::run, in_smoke: false },
    Part { name: "push", title: "Pushes and pulls", run: push::run, in_smoke: true },
    Part { name: "scale", title: "Scale", run: scale::run, in_smoke: true },
    Part { name: "startup", title: "Startup", run: startup, in_smoke: false },
    Part { name: "wheels", title: "Wheels to layers", run: wheels::run, in_smoke: false },
];

/// Measures the parts named, or all, and renews their sections of the page.
pub fn run(shell: &Shell, arguments: &[OsString]) -> Outcome {
    let (flags, wanted): (Vec<_>, Vec<_>) = arguments.iter().partition(|it| *it == "--smoke");
    let known = PARTS.map(|part| part.name);
    if let Some(unknown) = wanted.iter().find(|wanted| !known.iter().any(|name| **wanted == *name)) {
        return Err(format!("no part `{}`; known are {}", unknown.display(), known.join(", ")).into());
    }
    let smoke = !flags.is_empty();
    // buildah takes a layout's path for a name, which has no capitals.
    let scratch = format!("shipwheel-bench-{}", std::process::id());
    let scratch = tempfile::Builder::new().prefix(&scratch).rand_bytes(0).tempdir()?;
    let bench = Bench { shell, shipwheel: shipwheel(shell, !smoke)?, scratch, smoke };
    let folder = if smoke { bench.scratch.path().to_owned() } else { workspace().join("docs") };
    let mut report = Report::open(&folder);
    let is_wanted = |part: &&Part| wanted.is_empty() || wanted.iter().any(|wanted| *wanted == part.name);
    for part in PARTS.iter().filter(is_wanted).filter(|part| part.in_smoke || !smoke) {
        println!("{}", part.title);
        let Findings { about, cases, table } = (part.run)(&bench)?;
        report.add(part.title, Section { about, measured: machine::measured(shell), cases, table });
    }
    println!("written to {}", report.write(&folder)?.display());
    Ok(())
}

/// Starts the example with and without its bytecode. Often claimed: 40 to 50 % faster, 5 to 15 % less memory.
fn startup(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    let (shell, shipwheel) = (bench.shell, &bench.shipwheel);
    let layout: &Path = &bench.scratch.path().join("startup");
    let (words, output) =
        (ci::FIRST_COMMAND.trim_start_matches("xtask ").split(' '), format!("oci:{}", layout.display()));
    cmd!(shell, "{shipwheel} {words...} --output {output}").quiet().ignore_stdout().ignore_stderr().run()?;
    let said = cmd!(shell, "{shipwheel} startup {layout} --runs 5").quiet().ignore_stderr().read()?;
    Ok(Findings {
        about: "The example's image, started with its bytecode and without.".to_owned(),
        cases: Vec::new(),
        table: format!("```text\n{said}\n```\n"),
    })
}
