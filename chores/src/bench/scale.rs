//! How time and memory grow: with the files of an application, the bytes of its wheels, and builds at once.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use super::measurement::{Bench, Findings, cases};
use super::timing::{Samples, Timed, once, side_by_side};
use crate::workspace::Outcome;

/// Writes wheels of noise, which nothing compresses, and their lock: `python3 - FOLDER WHEELS MIB`.
const WHEELS: &str = include_str!("wheels_of_noise.py");

/// The base that all of these have.
const DEFINITION: &str = r#"base = { debian = { suite = "bookworm", packages = ["libgcc-s1", "media-types", "python3.11"] } }
platforms = ["linux/amd64"]
[app]
sources = ["app"]
"#;

/// The layout that a build writes, beside its definition.
const OUTPUT: &str = "out";

/// The size of one wheel, in MiB.
const WHEEL: u64 = 256;

/// Measures each size beside what tar and pigz need for the same bytes.
pub fn run(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    bench.need(&["pigz"])?;
    let scratch = bench.scratch.path().join("scale");
    let mut found = Vec::new();
    let counts: &[u64] = bench.pick(&[100], &[1_000, 10_000, 100_000]);
    for count in counts {
        found.push((format!("{count} files"), files(bench, &scratch.join(count.to_string()), *count)?));
    }
    let sizes: &[u64] = bench.pick(&[], &[1, 2, 4]);
    for size in sizes {
        let folder = scratch.join(format!("{size}-gib"));
        found.push((format!("{size} GiB of wheels"), wheels(bench, &folder, size << 10)?));
        bench.shell.remove_path(&folder)?;
    }
    let builds: &[usize] = bench.pick(&[2], &[2, 8, 32]);
    for builds in builds {
        found.push((
            format!("{builds} builds at once"),
            at_once(bench, &scratch.join(format!("at-once-{builds}")), *builds)?,
        ));
    }
    Ok(Findings {
        about:
            "One platform, the base known, everything else new; tar and pigz pack the same files, and hash nothing. \
                Builds at once share one cache and build the same."
                .to_owned(),
        cases: cases(found),
        table: String::new(),
    })
}

/// Writes a definition with one module into a folder.
fn write_definition(bench: &Bench<'_>, folder: &Path, more: &str) -> Outcome {
    let shell = bench.shell;
    shell.create_dir(folder.join("app"))?;
    shell.write_file(folder.join("app/main.py"), "print()\n")?;
    shell.write_file(folder.join("image.toml"), format!("{DEFINITION}{more}"))?;
    Ok(())
}

/// Where all of these keep what they know.
fn cache(bench: &Bench<'_>) -> PathBuf {
    bench.scratch.path().join("scale/cache")
}

/// The line that builds a folder's definition into a layout of this name.
fn build(bench: &Bench<'_>, folder: &Path, output: &str) -> String {
    let (cache, shipwheel, folder) = (cache(bench), bench.shipwheel.display(), folder.display());
    format!("SHIPWHEEL_CACHE_DIR={} {shipwheel} image {folder} --output oci:{folder}/{output}", cache.display())
}

fn files(bench: &Bench<'_>, folder: &Path, count: u64) -> Result<Vec<Samples>, Box<dyn std::error::Error>> {
    write_definition(bench, folder, "")?;
    let ours = build(bench, folder, OUTPUT);
    once(&ours)?;
    for number in 0..count {
        let path = folder.join(format!("app/data/{}/{number}.txt", number / 500));
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        std::fs::write(path, format!("{number}\n").repeat(100))?;
    }
    let change = format!("date +%s%N > {}", folder.join("app/new.txt").display());
    let theirs = format!("tar -C {f}/app -c . | pigz -6 > {f}/app.tar.gz", f = folder.display());
    let commands = [Timed::new("shipwheel", ours), Timed::new("tar and pigz", theirs)];
    side_by_side(&commands.map(|it| it.prepared(&*change)), bench.rounds(), false)
}

fn wheels(bench: &Bench<'_>, folder: &Path, mib: u64) -> Result<Vec<Samples>, Box<dyn std::error::Error>> {
    write_definition(bench, folder, "[python]\nlock = \"requirements.txt\"\nwheels = [\"wheels\"]\n")?;
    let ours = build(bench, folder, OUTPUT);
    write_wheels(bench.shell, folder, mib)?;
    let unpacked = folder.join("unpacked");
    once(&format!(
        "for wheel in {}/*.whl; do python3 -m zipfile -e $wheel {}; done",
        folder.join("wheels").display(),
        unpacked.display()
    ))?;
    let forget = format!("rm -rf {} {}", cache(bench).display(), folder.join(OUTPUT).display());
    let base = bench.scratch.path().join("scale/base");
    write_definition(bench, &base, "")?;
    let known = build(bench, &base, OUTPUT);
    let theirs = format!("tar -C {f}/unpacked -c . | pigz -6 > {f}/packed.tar.gz", f = folder.display());
    let commands =
        [Timed::new("shipwheel", ours).prepared(format!("{forget} && {known}")), Timed::new("tar and pigz", theirs)];
    // Each of them takes a minute.
    side_by_side(&commands, bench.rounds().min(3), false)
}

fn write_wheels(shell: &Shell, folder: &Path, mib: u64) -> Outcome {
    let (count, size) = ((mib / WHEEL).max(1).to_string(), WHEEL.min(mib).to_string());
    cmd!(shell, "python3 - {folder} {count} {size}").stdin(WHEELS).quiet().run()?;
    Ok(())
}

fn at_once(bench: &Bench<'_>, folder: &Path, builds: usize) -> Result<Vec<Samples>, Box<dyn std::error::Error>> {
    write_definition(bench, folder, "")?;
    let alone = build(bench, folder, OUTPUT);
    once(&alone)?;
    let change = format!("date +%s%N > {}", folder.join("app/new.py").display());
    let failed = folder.join("failed");
    let each = |number: usize| {
        let line = build(bench, folder, &format!("{OUTPUT}-{number}"));
        format!("({line} || touch {}) & ", failed.display())
    };
    let all: String = (0..builds).map(each).collect();
    let all = format!("{all} wait; test ! -e {}", failed.display());
    let commands = [Timed::new("shipwheel, all of them", all), Timed::new("shipwheel, one alone", alone)];
    side_by_side(&commands.map(|it| it.prepared(&*change)), bench.rounds(), false)
}
