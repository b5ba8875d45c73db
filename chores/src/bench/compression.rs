//! MB/s of the compressors on one corpus: ours to gzip and to zstd, beside pigz and zstd's own program.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::measurement::{Bench, Findings};
use crate::workspace::Outcome;
use shipwheel_layer::{Compression, Content, FileTime, Tree, write_compressed};

/// How large the corpus is: sources, bytecode and libraries of this machine's Python.
const CORPUS: u64 = 96 << 20;

/// Where it is taken from.
const FOLDER: &str = "/usr/lib";

/// Measures each compressor, one after the other in each run, so that a busy machine is busy for all.
pub fn run(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    bench.need(&["pigz", "zstd"])?;
    let tree = corpus(bench.pick(2 << 20, CORPUS))?;
    let tar = bench.scratch.path().join("corpus.tar");
    write_tar(&tree, &tar)?;
    let size = tar.metadata()?.len();
    let ours = ["gzip", "zstd:1", "zstd:3", "zstd:9"].map(|name| (name, name.parse::<Compression>()));
    let theirs = [("pigz", "-6"), ("zstd", "-1"), ("zstd", "-3"), ("zstd", "-9")];
    let mut rows: Vec<(String, Vec<f64>, u64)> = Vec::new();
    for run in 0..bench.rounds() {
        let mut results = Vec::new();
        for (name, compression) in &ours {
            let begun = Instant::now();
            let (out, _) = write_compressed(&tree, FileTime::EARLIEST, compression.clone()?, Count(0))?;
            results.push((format!("shipwheel, {name}"), begun.elapsed().as_secs_f64(), out.0));
        }
        for (program, level) in theirs {
            let (seconds, bytes) = measure(program, level, &tar)?;
            results.push((format!("{program} {level}{}", if program == "zstd" { " -T0" } else { "" }), seconds, bytes));
        }
        for (number, (name, seconds, bytes)) in results.into_iter().enumerate() {
            if run == 0 {
                rows.push((name, Vec::new(), bytes));
            }
            rows[number].1.push(seconds);
        }
    }
    let mut table = String::from("| | MB/s | MB |\n|---|---|---|\n");
    for (name, mut seconds, bytes) in rows {
        seconds.sort_by(f64::total_cmp);
        let rate = mega(size) / seconds[seconds.len() / 2];
        table += &format!("| {name} | {rate:.0} | {:.1} |\n", mega(bytes));
    }
    let about = format!("{:.0} MB of {FOLDER} on all processors. shipwheel also hashes both streams.", mega(size));
    Ok(Findings { about, cases: Vec::new(), table })
}

/// The tar of a tree, for the others.
fn write_tar(tree: &Tree, path: &Path) -> Outcome {
    let (blob, _) = write_compressed(tree, FileTime::EARLIEST, "zstd:1".parse()?, Vec::new())?;
    let out = File::create(path)?;
    let mut child = Command::new("zstd").args(["-d", "-c"]).stdin(Stdio::piped()).stdout(out).spawn()?;
    child.stdin.take().ok_or("zstd takes no input")?.write_all(&blob)?;
    match child.wait()?.success() {
        true => Ok(()),
        false => Err("zstd did not read what shipwheel wrote".into()),
    }
}

/// A sink that counts.
struct Count(u64);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The time that a program takes for a file, on all processors, and the bytes that it gives.
fn measure(program: &str, level: &str, tar: &Path) -> Result<(f64, u64), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let mut command = Command::new(program);
    command.args([level, "-c"]).stdin(File::open(tar)?).stdout(Stdio::piped());
    if program == "zstd" {
        command.arg("-T0");
    }
    let mut child = command.spawn()?;
    let mut out = child.stdout.take().ok_or("no output")?;
    let bytes = io::copy(&mut out, &mut io::sink())?;
    child.wait()?;
    Ok((begun.elapsed().as_secs_f64(), bytes))
}

/// The first files of this machine's Python and its libraries, in memory.
fn corpus(least: u64) -> Result<Tree, Box<dyn std::error::Error>> {
    let (mut tree, mut size) = (Tree::new(), 0);
    let mut open: Vec<PathBuf> = vec![PathBuf::from(FOLDER)];
    while let Some(path) = open.pop().filter(|_| size < least) {
        let kind = path.symlink_metadata()?;
        if kind.is_dir() {
            let mut inner: Vec<PathBuf> =
                std::fs::read_dir(&path)?.map(|it| it.map(|it| it.path())).collect::<Result<_, _>>()?;
            inner.sort();
            open.extend(inner.into_iter().rev());
        } else if kind.is_file() && kind.len() < 16 << 20 {
            let bytes = std::fs::read(&path)?;
            size += bytes.len() as u64;
            tree.insert_file(&path.display().to_string(), 0o644, Content::from_bytes(bytes))?;
        }
    }
    Ok(tree)
}
