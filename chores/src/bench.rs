//! `cargo xtask bench [PART…]`, measured by hyperfine: builds, bytecode, pushes and pulls, wheels to layers, grouping;
//! and the speed of compressors.

mod bytecode;
mod compression;
mod layering;
mod push;
mod sets;
mod wheels;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::ci;
use crate::test::is_installed;
use crate::workspace::Outcome;

/// The name of the measurement that takes seconds.
const FROM_DOWNLOADS: &str = "from downloads only";

/// A part of what is measured: it is given the program that runs.
type Part = fn(&Shell, &Path) -> Outcome;

/// All parts, by name.
const PARTS: [(&str, Part); 7] = [
    ("image", image),
    ("bytecode", bytecode::run),
    ("push", push::run),
    ("wheels", wheels::run),
    ("layering", layering::run),
    ("compression", compression::run),
    ("startup", startup),
];

/// Measures the parts named, or all.
pub fn run(shell: &Shell, wanted: &[OsString]) -> Outcome {
    let known = PARTS.map(|(name, _)| name);
    if let Some(unknown) = wanted.iter().find(|wanted| !known.iter().any(|name| *wanted == *name)) {
        return Err(format!("no part `{}`; known are {}", unknown.display(), known.join(", ")).into());
    }
    let shipwheel = program(shell)?;
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            part(shell, &shipwheel)?;
        }
    }
    Ok(())
}

/// shipwheel itself: cargo puts it beside the chores.
fn program(shell: &Shell) -> Result<PathBuf, Box<dyn std::error::Error>> {
    cmd!(shell, "cargo build --quiet --package shipwheel-cli --bin shipwheel").run()?;
    Ok(std::env::current_exe()?.with_file_name("shipwheel"))
}

/// Measures the README's first command, by the binary itself and, where nothing changed, through cargo too.
fn image(shell: &Shell, shipwheel: &Path) -> Outcome {
    if !is_installed("hyperfine") {
        return Err("hyperfine is not installed here: run `apt-get install hyperfine` as root".into());
    }
    let scratch = tempfile::tempdir()?;
    let (cache, layout, image) =
        (scratch.path().join("cache"), scratch.path().join("layout"), scratch.path().join("variosync"));
    cmd!(shell, "cp -r images/variosync {image}").quiet().run()?;
    let _cache = shell.push_env("SHIPWHEEL_CACHE_DIR", &cache);

    let words = ci::FIRST_COMMAND.trim_start_matches("xtask ");
    let build = format!("{words} --output oci:{} {}", layout.display(), image.display());
    let binary = format!("{} {build}", shipwheel.display());
    let cargo = format!("cargo xtask {build}");

    // The downloads are fetched once, outside of every measurement.
    cmd!(shell, "sh -c {binary}").quiet().ignore_stdout().run()?;

    let forget = forget_all_but_downloads(shipwheel);
    measure(shell, FROM_DOWNLOADS, &binary, Some(&forget))?;
    measure(shell, "nothing changed", &binary, None)?;
    measure(shell, "nothing changed, through cargo", &cargo, None)?;
    measure(shell, "one line changed", &binary, Some(&change_a_line(&image)))
}

/// Starts the example with and without its bytecode. Often claimed: 40 to 50 % faster, 5 to 15 % less memory.
fn startup(shell: &Shell, shipwheel: &Path) -> Outcome {
    let scratch = tempfile::tempdir()?;
    let layout = scratch.path().join("layout");
    let (words, output) =
        (ci::FIRST_COMMAND.trim_start_matches("xtask ").split(' '), format!("oci:{}", layout.display()));
    cmd!(shell, "{shipwheel} {words...} --output {output}").quiet().ignore_stdout().ignore_stderr().run()?;
    cmd!(shell, "{shipwheel} startup {layout} --runs 5").run()?;
    Ok(())
}

/// Runs one command many times, preparing each run outside of the time taken.
fn measure(shell: &Shell, name: &str, command: &str, prepare: Option<&str>) -> Outcome {
    let prepare: Vec<&str> = prepare.map_or_else(Vec::new, |line| vec!["--prepare", line]);
    // The slow one is measured thrice; the others first run once unmeasured, so that cargo has built what it runs.
    let (runs, warmup) = if name == FROM_DOWNLOADS { ("3", "0") } else { ("10", "1") };
    cmd!(shell, "hyperfine --style basic --warmup {warmup} --runs {runs} --command-name {name} {prepare...} {command}")
        .run()?;
    Ok(())
}

/// The shell line that empties the cache except for downloads.
fn forget_all_but_downloads(shipwheel: &Path) -> String {
    format!("{} cache clear --keep-downloads", shipwheel.display())
}

/// The shell line that changes one line of the application, differently each time.
fn change_a_line(image: &Path) -> String {
    format!("sh -c 'echo \"# $(date +%s%N)\" >> {}'", image.join("variosync/settings.py").display())
}
