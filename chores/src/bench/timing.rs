//! Times commands as whole processes, one after the other in each round, so that a busy machine is busy for all.

use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use wait4::Wait4 as _;

/// A command that is timed.
pub struct Timed {
    /// Which tool it is, for the report.
    pub tool: String,
    /// A line for `sh -c`.
    pub line: String,
    /// What happens before each run, outside of the time: a line for `sh -c`.
    pub prepare: Option<String>,
}

impl Timed {
    /// A command that needs no preparation.
    pub fn new(tool: &str, line: impl Into<String>) -> Self {
        Self { tool: tool.to_owned(), line: line.into(), prepare: None }
    }

    /// The same, prepared by a line.
    pub fn prepared(self, line: impl Into<String>) -> Self {
        Self { prepare: Some(line.into()), ..self }
    }
}

/// What was measured of one command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Samples {
    /// Which tool it is.
    pub tool: String,
    /// Wall time of each run, in seconds, sorted.
    pub seconds: Vec<f64>,
    /// CPU time of the median run and all processes that it waited for, in seconds.
    pub cpu: f64,
    /// The most memory that one process had in any run, in KiB.
    pub peak: u64,
}

impl Samples {
    /// The wall time in the middle, in seconds.
    pub fn median(&self) -> f64 {
        self.seconds.get(self.seconds.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// One thing that several tools do, the first of them shipwheel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// What is done: a few words.
    pub what: String,
    /// How each does it.
    pub tools: Vec<Samples>,
}

/// Seconds with three digits that count.
pub fn shown(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1.0 => format!("{seconds:.3}"),
        seconds if seconds < 10.0 => format!("{seconds:.2}"),
        seconds => format!("{seconds:.1}"),
    }
}

/// Runs all commands so many rounds; before that each once unmeasured, where `warm` says so.
///
/// # Errors
/// When a command cannot be started or fails: what failed is never a measurement.
pub fn side_by_side(commands: &[Timed], rounds: usize, warm: bool) -> Result<Vec<Samples>, Box<dyn std::error::Error>> {
    for command in commands.iter().filter(|_| warm) {
        run(command)?;
    }
    let mut runs = vec![Vec::new(); commands.len()];
    for _ in 0..rounds {
        for (number, command) in commands.iter().enumerate() {
            runs[number].push(run(command)?);
        }
    }
    let samples = |(command, mut runs): (&Timed, Vec<Run>)| {
        runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
        let samples = Samples {
            tool: command.tool.clone(),
            seconds: runs.iter().map(|run| run.wall).collect(),
            cpu: runs.get(runs.len() / 2).map_or(f64::NAN, |run| run.cpu),
            peak: runs.iter().map(|run| run.peak).max().unwrap_or_default(),
        };
        println!("  {:40} {:8.3} s", samples.tool, samples.median());
        samples
    };
    Ok(commands.iter().zip(runs).map(samples).collect())
}

/// One run: seconds, seconds, KiB.
#[derive(Clone, Copy)]
struct Run {
    wall: f64,
    cpu: f64,
    peak: u64,
}

fn run(command: &Timed) -> Result<Run, Box<dyn std::error::Error>> {
    if let Some(line) = &command.prepare {
        once(line)?;
    }
    timed(&command.line)
}

/// Runs a line that nobody measures.
///
/// # Errors
/// When it fails.
pub fn once(line: &str) -> Result<(), Box<dyn std::error::Error>> {
    timed(line).map(drop)
}

fn timed(line: &str) -> Result<Run, Box<dyn std::error::Error>> {
    // What it says goes to a file: a pipe that nobody reads would stop it.
    let said = tempfile::NamedTempFile::new()?;
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said.reopen()?);
    let begun = Instant::now();
    let ended = shell.spawn()?.wait4()?;
    let wall = begun.elapsed().as_secs_f64();
    if !ended.status.success() {
        let said = std::fs::read_to_string(said.path()).unwrap_or_default();
        return Err(format!("`{line}` failed with {}:\n{said}", ended.status).into());
    }
    let cpu = ended.rusage.utime + ended.rusage.stime;
    Ok(Run { wall, cpu: cpu.as_secs_f64(), peak: ended.rusage.maxrss / 1024 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_runs_every_command_and_a_failure_is_no_measurement() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let say = |word: &str| format!("echo {word} >> {}", log.display());
        let commands = [Timed::new("one", say("a")).prepared(say("p")), Timed::new("two", say("b"))];
        let samples = side_by_side(&commands, 3, true).expect("they run");
        let said = std::fs::read_to_string(&log).expect("written");
        assert_eq!(said.split_whitespace().collect::<String>(), "pab".repeat(4));
        assert_eq!(samples.iter().map(|it| it.seconds.len()).collect::<Vec<_>>(), [3, 3]);
        assert!(samples[0].seconds.is_sorted() && samples[0].median() >= samples[0].seconds[0] && samples[0].peak > 0);
        let error = side_by_side(&[Timed::new("bad", "echo why >&2; exit 3")], 1, false).expect_err("it fails");
        assert!(error.to_string().contains("why") && error.to_string().contains("exit status: 3"), "{error}");
    }
}
