//! The program of a step: its own process group, nothing of the user's environment but what is named, the end of its output.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead as _, BufReader, PipeReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use shipwheel_store::redacted;

use super::prepare_error::PrepareError;
use crate::session::Session;

/// So many lines of the output are in an error.
const MAX_LINES: usize = 30;

/// A longer line is cut.
const MAX_LINE: u64 = 4096;

/// How long the last of the output may take after the program has ended: a process that left its group may hold the pipe.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// How often is looked whether a silent program has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// The same mode for the files of a step, whatever the umask of the user.
const START: &str = "umask 022 && exec \"$0\" \"$@\"";

/// A program that is to run.
pub(super) struct Process<'p> {
    pub(super) step: &'p str,
    /// The path of the program, or one relative to the folder.
    pub(super) program: PathBuf,
    pub(super) arguments: &'p [String],
    pub(super) folder: &'p Path,
    /// All of its environment.
    pub(super) environment: BTreeMap<String, String>,
}

impl Process<'_> {
    /// Runs it to its end, and ends all that it left behind. Each line of its output is a detail of the report.
    ///
    /// # Errors
    /// When it does not start or fails.
    pub(super) fn run(&self, session: &Session<'_>) -> Result<(), PrepareError> {
        let step = || self.step.to_owned();
        let failed = |cause| PrepareError::Start { step: step(), program: self.program.display().to_string(), cause };
        let (reader, writer) = io::pipe().map_err(failed)?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", START]).arg(&self.program).args(self.arguments);
        command.current_dir(self.folder).env_clear().envs(&self.environment).process_group(0);
        command.stdin(Stdio::null()).stdout(writer.try_clone().map_err(failed)?).stderr(writer);
        let (group, mut child) = Group::start(&mut command).map_err(failed)?;
        // The command holds the pipe's other end.
        drop(command);
        let lines = lines(reader);
        let mut last = VecDeque::new();
        let mut take = |line: String| {
            session.report.detail(&format!("{}: {line}", self.step));
            last.push_back(line);
            if last.len() > MAX_LINES {
                last.pop_front();
            }
        };
        loop {
            match lines.recv_timeout(PAUSE) {
                Ok(line) => take(line),
                Err(RecvTimeoutError::Timeout) => {}
                // It closed its output and goes on.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(PAUSE),
            }
            if has_ended(&child).map_err(failed)? {
                break;
            }
        }
        // Before its number is free for others.
        drop(group);
        let end = Instant::now() + LAST_OUTPUT;
        while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            take(line);
        }
        match ended(child.wait().map_err(failed)?) {
            None => Ok(()),
            Some(how) => Err(PrepareError::Failed { step: step(), how, output: Vec::from(last).join("\n") }),
        }
    }
}

/// Whether a child has ended; it keeps its number until it is waited for.
fn has_ended(child: &Child) -> io::Result<bool> {
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(rustix::process::waitid(WaitId::Pid(Pid::from_child(child)), ended)?.is_some())
}

/// How a program failed; `None` if it did not.
fn ended(status: ExitStatus) -> Option<String> {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    };
    (!status.success()).then_some(how)
}

/// The lines of a pipe, as they come, without passwords in addresses.
fn lines(pipe: PipeReader) -> Receiver<String> {
    let (sender, receiver) = channel();
    // The thread ends with the pipe, or with this process.
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line);
            if sender.send(redacted(text.trim_end()).to_string()).is_err() {
                break;
            }
            line.clear();
        }
    });
    receiver
}

/// The group of the step that runs: only one does at a time.
static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

/// A step's processes, which end when this process gets SIGINT or SIGTERM, or when dropped.
struct Group;

impl Group {
    /// Starts a command whose process leads a group of its own.
    fn start(command: &mut Command) -> io::Result<(Self, Child)> {
        static WATCH: Once = Once::new();
        // For good: a handler cannot give the signal back to its default.
        WATCH.call_once(watch);
        // Held until the group is known: a signal that comes in between waits.
        let mut running = running();
        let child = command.spawn()?;
        *running = Some(Pid::from_child(&child));
        Ok((Self, child))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        kill();
    }
}

fn running() -> MutexGuard<'static, Option<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kill() {
    if let Some(group) = running().take() {
        // One without processes is what this is for.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// Ends the step that runs before this process ends by a signal: its group does not get those of the terminal.
fn watch() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            kill();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}
