//! `cargo xtask fuzz [TARGET…] [--minutes N] [--minimize] [--input FILE]`: libFuzzer over the targets in `fuzz`.

mod report;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::workspace::Outcome;
use report::Report;

/// The release of cargo-fuzz that is installed where none is.
const CARGO_FUZZ: &str = "0.13.2";

/// Where builds, inputs in the making and cargo-fuzz itself are, below the workspace; nothing of it is committed.
const SCRATCH: &str = "target/fuzz";

/// More memory than any input may need, in MiB, and more time, in seconds: both are findings.
const LIMITS: [&str; 2] = ["-rss_limit_mb=2048", "-timeout=10"];

/// The longest input that is kept in the repository, in bytes.
const MAX_KEPT: &str = "-max_len=4096";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    targets: Vec<String>,
    seconds: u64,
    /// Replaces the corpus by the smallest one that reaches as much, in place of looking for more.
    minimizes: bool,
    /// Runs this one input instead.
    input: Option<PathBuf>,
}

/// Runs the targets named, or all, one after another; fails if an input was found that one of them panics for.
pub fn run(shell: &Shell, arguments: &[OsString]) -> Outcome {
    let known = targets(shell)?;
    let request = Request::parse(arguments, &known)?;
    let fuzz = Fuzz::open(shell)?;
    if let ([target], Some(input)) = (&request.targets[..], &request.input) {
        return fuzz.repeat(target, input);
    }
    fuzz.build(&request.targets, &known)?;
    let mut findings = Vec::new();
    for target in &request.targets {
        if request.minimizes {
            fuzz.minimize(target)?;
            continue;
        }
        let report = fuzz.look(target, request.seconds)?;
        println!("{target}: {report}");
        findings.extend(
            report
                .finding
                .map(|input| format!("{target}: {input}; repeat it with `cargo xtask fuzz {target} --input {input}`")),
        );
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(format!("{count} targets fail:\n  {}", findings.join("\n  ")).into()),
    }
}

/// The names of all targets, sorted.
fn targets(shell: &Shell) -> Result<Vec<String>, xshell::Error> {
    let files = shell.read_dir("fuzz/targets")?;
    Ok(files.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect())
}

impl Request {
    /// Reads the arguments: names of targets (none: all) and options.
    fn parse(arguments: &[OsString], known: &[String]) -> Result<Self, String> {
        let mut request = Self { targets: Vec::new(), seconds: 60, minimizes: false, input: None };
        let mut words = arguments.iter().map(|word| word.to_str().unwrap_or_default());
        while let Some(word) = words.next() {
            match word {
                "--minutes" => {
                    let value = words.next().unwrap_or_default();
                    let minutes = value.parse().ok().filter(|minutes: &f64| *minutes > 0.0 && *minutes < 1e6);
                    let minutes = minutes.ok_or_else(|| format!("`--minutes` takes a number, found `{value}`"))?;
                    request.seconds = (minutes * 60.0).ceil() as u64;
                }
                "--minimize" => request.minimizes = true,
                "--input" => {
                    let file = words.next().ok_or("`--input` takes the path of a file")?;
                    request.input = Some(file.into());
                }
                name if known.iter().any(|known| known == name) => request.targets.push(name.to_owned()),
                name => return Err(format!("no target `{name}`; known are {}", known.join(", "))),
            }
        }
        if request.input.is_some() && request.targets.len() != 1 {
            return Err("`--input` runs one target: name it".to_owned());
        }
        if request.targets.is_empty() {
            request.targets = known.to_vec();
        }
        Ok(request)
    }
}

/// cargo-fuzz with a nightly Rust.
struct Fuzz<'a> {
    shell: &'a Shell,
    /// cargo-fuzz itself, as rustup is to run it.
    program: Vec<String>,
}

impl<'a> Fuzz<'a> {
    /// Looks for the nightly Rust and cargo-fuzz, and installs the latter below `target` where it is missing.
    fn open(shell: &'a Shell) -> Result<Self, Box<dyn std::error::Error>> {
        if cmd!(shell, "rustup run nightly rustc --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
            return Err(
                "libFuzzer needs a nightly Rust: run `rustup toolchain install nightly --profile minimal`".into()
            );
        }
        if cmd!(shell, "cargo fuzz --version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
            return Ok(Self { shell, program: ["cargo", "fuzz"].map(str::to_owned).to_vec() });
        }
        let own = shell.current_dir().join(SCRATCH).join("bin/cargo-fuzz");
        if !own.is_file() {
            let installed =
                cmd!(shell, "cargo install cargo-fuzz --locked --version {CARGO_FUZZ} --root {SCRATCH}").run();
            installed.map_err(|error| format!("{error}; install it with `cargo install cargo-fuzz --locked`"))?;
        }
        Ok(Self { shell, program: vec![own.display().to_string()] })
    }

    /// The words that begin a command of cargo-fuzz.
    ///
    /// Without a sanitizer: shipwheel's crates have no unsafe code, and a sanitizer halves the speed.
    fn words(&self, command: &str) -> Vec<String> {
        let options = ["--fuzz-dir", "fuzz", "--sanitizer", "none", "--target-dir", SCRATCH];
        self.program.iter().map(String::as_str).chain([command]).chain(options).map(str::to_owned).collect()
    }

    /// Builds one target or all, with cargo's progress.
    fn build(&self, wanted: &[String], known: &[String]) -> Outcome {
        let words = self.words("build");
        let only = wanted.first().filter(|_| wanted.len() == 1 && known.len() > 1);
        cmd!(self.shell, "rustup run nightly {words...} {only...}").run()?;
        Ok(())
    }

    /// Looks for new inputs, which stay below `target`: `--minimize` takes what is worth it into the repository.
    fn look(&self, target: &str, seconds: u64) -> Result<Report, Box<dyn std::error::Error>> {
        let (found, kept) = (self.found(target)?, kept(target));
        let words = self.words("run");
        let time = format!("-max_total_time={seconds}");
        let dictionary = format!("fuzz/dictionaries/{target}.dict");
        let dictionary = Path::new(&dictionary).is_file().then(|| format!("-dict={dictionary}"));
        let arguments = LIMITS.into_iter().chain(["-print_final_stats=1", &time]).map(str::to_owned).chain(dictionary);
        let command = cmd!(self.shell, "rustup run nightly {words...} {target} {found} {kept} -- {arguments...}");
        let output = command.quiet().ignore_status().output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        let report = Report::read(&text);
        match (output.status.success(), &report.finding) {
            (false, None) => Err(format!("{target} ended with {}:\n{text}", output.status).into()),
            (false, Some(_)) => {
                eprintln!("{}", report::panic(&text));
                Ok(report)
            }
            (true, _) => Ok(report),
        }
    }

    /// Runs one input.
    fn repeat(&self, target: &str, input: &Path) -> Outcome {
        let words = self.words("run");
        cmd!(self.shell, "rustup run nightly {words...} {target} {input} -- {LIMITS...}").run()?;
        Ok(())
    }

    /// Replaces a target's corpus by the fewest inputs that reach the same code, of all that are known.
    fn minimize(&self, target: &str) -> Outcome {
        let (found, kept, words) = (self.found(target)?, kept(target), self.words("run"));
        let fresh = format!("{SCRATCH}/minimized/{target}");
        self.shell.remove_path(&fresh)?;
        self.shell.create_dir(&fresh)?;
        // Edges alone: how often one is taken would keep ten times as many inputs.
        let merge = ["-set_cover_merge=1", "-use_counters=0", MAX_KEPT].into_iter().chain(LIMITS);
        cmd!(self.shell, "rustup run nightly {words...} {target} {fresh} {kept} {found} -- {merge...}")
            .ignore_stderr()
            .run()?;
        self.shell.remove_path(&kept)?;
        self.shell.create_dir(&kept)?;
        for file in self.shell.read_dir(&fresh)? {
            self.shell.copy_file(&file, &kept)?;
        }
        println!("{target}: {} inputs", self.shell.read_dir(&kept)?.len());
        Ok(())
    }

    /// The folder of a target's new inputs.
    fn found(&self, target: &str) -> Result<String, xshell::Error> {
        let folder = format!("{SCRATCH}/corpus/{target}");
        self.shell.create_dir(&folder)?;
        Ok(folder)
    }
}

/// The folder of a target's inputs in the repository.
fn kept(target: &str) -> String {
    format!("fuzz/corpus/{target}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_options_are_read_in_any_order() {
        let known = ["layer", "wheel"].map(str::to_owned);
        let parse = |line: &str| {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            Request::parse(&words, &known)
        };
        let request = |targets: &[&str], seconds, minimizes, input: Option<&str>| {
            let targets = targets.iter().map(|name| (*name).to_owned()).collect();
            Ok(Request { targets, seconds, minimizes, input: input.map(PathBuf::from) })
        };
        assert_eq!(parse(""), request(&["layer", "wheel"], 60, false, None));
        assert_eq!(parse("--minutes 30 wheel"), request(&["wheel"], 1800, false, None));
        assert_eq!(parse("wheel --minutes 0.5"), request(&["wheel"], 30, false, None));
        assert_eq!(parse("--minimize"), request(&["layer", "wheel"], 60, true, None));
        assert_eq!(parse("layer --input a"), request(&["layer"], 60, false, Some("a")));
        for (line, expected) in [
            ("tar", "no target `tar`; known are layer, wheel"),
            ("--minutes", "`--minutes` takes a number, found ``"),
            ("--minutes -1", "`--minutes` takes a number, found `-1`"),
            ("--minutes NaN", "`--minutes` takes a number, found `NaN`"),
            ("--input a", "`--input` runs one target: name it"),
            ("layer --input", "`--input` takes the path of a file"),
        ] {
            assert_eq!(parse(line), Err(expected.to_owned()), "{line}");
        }
    }
}
