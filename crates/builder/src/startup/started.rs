//! A confined program of an image, from its start to its end: what it took.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions};
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::read_small_text;
use wait4::Wait4 as _;

use crate::confine::sandbox;
use crate::enter_confinement::{BEGIN, PROCESS};

/// A start that takes longer is ended.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(120);

/// How long what was said may come after the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the program says when everything is imported.
const READY: &[u8] = b"\0ready\n";

/// What one start took, from the moment on in which the confined process became the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    /// The most memory it had, in bytes.
    pub(super) peak: u64,
}

/// How a start ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) timed_out: bool,
    pub(super) sample: Sample,
}

/// The moment in which the process became the program.
struct Begin {
    at: Instant,
    /// CPU time that confining it took.
    spent: Duration,
    /// Its number, if it is not the process that was started.
    process: Option<u32>,
}

enum Event {
    Begun(Begin),
    /// It said this in place of beginning.
    Refused(String),
    Ready,
    Ended(Instant),
}

/// Starts a confined program whose standard input and output are pipes, and waits until it has ended, by itself or
/// after a time limit. Its standard input ends when it says that it is ready.
///
/// # Errors
/// What it said, or the system did, if it did not become the program.
pub(super) fn run(command: Command, time_limit: Duration) -> Result<Ended, String> {
    let mut child = sandbox::spawn(command).map_err(|error| error.to_string())?;
    let events = watch(&mut child);
    let (mut input, mut timed_out, mut peak) = (child.stdin.take(), false, None);
    let (mut begun, mut refused) = (None, None);
    let mut deadline = Instant::now() + time_limit;
    let mut ended_at = None;
    loop {
        match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Begun(begin)) => begun = Some(begin),
            Ok(Event::Refused(said)) => refused = Some(said),
            Ok(Event::Ready) => {
                let process = begun.as_ref().and_then(|begin: &Begin| begin.process);
                peak = peak_of(process.unwrap_or(child.id()));
                drop(input.take());
            }
            Ok(Event::Ended(at)) => {
                ended_at = Some(at);
                deadline = Instant::now() + LAST_WORDS;
            }
            Err(_) if ended_at.is_none() && !timed_out => {
                sandbox::kill(&mut child);
                timed_out = true;
                deadline = Instant::now() + time_limit;
            }
            Err(_) => break,
        }
        if ended_at.is_some() && (begun.is_some() || refused.is_some()) {
            break;
        }
    }
    // Whatever it started and left behind in its process group.
    sandbox::kill(&mut child);
    let ended = child.wait4().map_err(|error| error.to_string())?;
    let Some(begin) = begun else { return Err(refused.unwrap_or_else(|| ended.status.to_string())) };
    let cpu = ended.rusage.utime + ended.rusage.stime;
    let sample = Sample {
        wall: ended_at.unwrap_or_else(Instant::now).saturating_duration_since(begin.at),
        cpu: cpu.saturating_sub(begin.spent),
        peak: peak.unwrap_or(ended.rusage.maxrss),
    };
    Ok(Ended { status: ended.status, timed_out, sample })
}

/// Reads what the process says and waits for its end, each in a thread; neither reaps it.
fn watch(child: &mut Child) -> Receiver<Event> {
    let (sender, events) = channel();
    if let Some(out) = child.stdout.take() {
        let sender = sender.clone();
        // Nobody may listen any more; the thread ends when the pipe is closed.
        thread::spawn(move || read(BufReader::new(out), &sender));
    }
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    thread::spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        if let Some(pid) = pid {
            // It is this process's own, so there is no reason to fail.
            let _ = rustix::io::retry_on_intr(|| rustix::process::waitid(WaitId::Pid(pid), options));
        }
        let _ = sender.send(Event::Ended(Instant::now()));
    });
    events
}

fn read(mut out: BufReader<ChildStdout>, events: &Sender<Event>) {
    // The code of the image says nothing before the process has begun to be its program.
    let begun = match read_begin(&mut out) {
        Ok(begin) => events.send(Event::Begun(begin)).is_ok(),
        Err(said) => {
            let _ = events.send(Event::Refused(said));
            false
        }
    };
    if begun && wait_until_ready(&mut out) && events.send(Event::Ready).is_ok() {
        // Until its end it may say more.
        let _ = io::copy(&mut out, &mut io::sink());
    }
}

/// The lines that confining ends with.
fn read_begin(out: &mut BufReader<ChildStdout>) -> Result<Begin, String> {
    let mut process = None;
    loop {
        let mut line = Vec::new();
        let read = out.by_ref().take(1 << 12).read_until(b'\n', &mut line);
        let at = Instant::now();
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let number = |line: &str, name: &str| line.strip_prefix(name)?.trim().parse::<u64>().ok();
        if let Some(micros) = number(&line, BEGIN) {
            return Ok(Begin { at, spent: Duration::from_micros(micros), process });
        }
        match number(&line, PROCESS).and_then(|number| u32::try_from(number).ok()) {
            Some(number) => process = Some(number),
            None if read.is_ok() && !line.is_empty() => return Err(line),
            None => return Err("it ended before it began".to_owned()),
        }
    }
}

/// Waits until the program is ready; anything that a module prints before is skipped.
fn wait_until_ready(out: &mut BufReader<ChildStdout>) -> bool {
    let (mut tail, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read) = out.read(&mut buffer) {
        if read == 0 {
            return false;
        }
        tail.extend_from_slice(&buffer[..read]);
        if tail.windows(READY.len()).any(|window| window == READY) {
            return true;
        }
        tail.drain(..tail.len().saturating_sub(READY.len()));
    }
    false
}

/// The most memory that a process had since it was executed. What `wait4` says counts the parent's as well.
fn peak_of(process: u32) -> Option<u64> {
    let text = read_small_text(Path::new(&format!("/proc/{process}/status")), MAX_SETTINGS).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn run_script(script: &str) -> Result<Ended, String> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        run(command, Duration::from_millis(500))
    }

    #[test]
    fn a_start_is_over_when_it_says_so_or_its_time_is() {
        let ended = run_script("printf '\\0begin 0\\nx\\0ready\\n'; cat; exit 3").expect("it began");
        assert_eq!((ended.status.code(), ended.timed_out), (Some(3), false), "its input ended when it was ready");
        let ended = run_script("printf '\\0begin 0\\n'; exec sleep 600").expect("it began");
        assert_eq!((ended.status.code(), ended.timed_out), (None, true), "it was killed");
    }

    #[test]
    fn a_process_that_does_not_begin_says_why() {
        let said = |script| run_script(script).expect_err("it did not begin");
        assert_eq!(said("echo no namespaces"), "no namespaces");
        assert_eq!(said("printf '\\0process 7\\nno root\\n'"), "no root");
        assert_eq!(said("exit 1"), "it ended before it began");
        assert_eq!(said("printf '\\0begin x\\n'"), "\0begin x");
    }
}
