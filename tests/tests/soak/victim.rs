//! A command that is killed: when, by which signal, and what it had come to.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::chance::Chance;
use crate::changes::Changes;
use crate::place::Place;
use crate::storage::Storage;

/// No command may take longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often the victim is looked at.
const TICK: Duration = Duration::from_micros(100);

/// When to kill.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    Never,
    After(Duration),
    /// When so many changes were seen in its folders.
    Changes(u64),
    /// When so many requests came to the registry.
    Requests(u64),
}

/// How to kill.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kill {
    pub(crate) moment: Moment,
    pub(crate) signal: Signal,
    /// Its processes with it.
    pub(crate) whole_group: bool,
}

impl Kill {
    pub(crate) const NONE: Self = Self { moment: Moment::Never, signal: Signal::KILL, whole_group: false };

    /// At a random point of what a whole run was.
    pub(crate) fn at_random(chance: &mut Chance, whole: &Ending) -> Self {
        let mut points = vec![Moment::After(whole.lasted.mul_f64(chance.fraction()))];
        for (count, moment) in
            [(whole.changes, Moment::Changes as fn(u64) -> Moment), (whole.requests, Moment::Requests)]
        {
            if let Ok(count @ 1..) = usize::try_from(count) {
                points.push(moment(1 + chance.below(count) as u64));
            }
        }
        let signals = [Signal::KILL, Signal::KILL, Signal::KILL, Signal::KILL, Signal::TERM, Signal::INT];
        Self { moment: chance.pick(&points), signal: chance.pick(&signals), whole_group: chance.one_in(2) }
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// The exit code; `None` for a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    pub(crate) lasted: Duration,
    pub(crate) changes: u64,
    pub(crate) requests: u64,
}

/// Starts a command in a process group of its own; its words go to files, which no process that it leaves holds up.
pub(crate) fn start(mut command: Command, place: &Path, name: &str) -> Child {
    use std::os::unix::process::CommandExt as _;
    let file = |kind: &str| std::fs::File::create(place.join(format!("{name}.{kind}"))).unwrap();
    command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
    command.process_group(0).spawn().unwrap()
}

/// Waits for the end of a command, which may be a kill.
///
/// # Errors
/// When it does not end.
pub(crate) fn await_end(child: &mut Child, kill: Kill, place: &Place, storage: &Storage) -> Result<Ending, String> {
    let (begun, before) = (Instant::now(), storage.requests());
    let mut changes = Changes::below(place.path());
    let mut is_killed = false;
    loop {
        let status = child.try_wait().map_err(|error| error.to_string())?;
        let (lasted, changes, requests) = (begun.elapsed(), changes.count(), storage.requests() - before);
        if let Some(status) = status {
            let stderr = place.said("victim", "stderr");
            return Ok(Ending { code: status.code(), stderr, lasted, changes, requests });
        }
        let is_due = match kill.moment {
            Moment::Never => false,
            Moment::After(when) => lasted >= when,
            Moment::Changes(count) => changes >= count,
            Moment::Requests(count) => requests >= count,
        };
        if is_due && !is_killed {
            is_killed = true;
            deliver(child, kill);
        }
        if lasted > PATIENCE {
            deliver(child, Kill { whole_group: true, ..Kill::NONE });
            let _ = child.wait();
            return Err(format!("it did not end within {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(TICK);
    }
}

/// Sends the signal; a process that has just ended does not mind.
pub(crate) fn deliver(child: &Child, kill: Kill) {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    let _ = if kill.whole_group { kill_process_group(pid, kill.signal) } else { kill_process(pid, kill.signal) };
}
