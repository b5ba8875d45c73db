//! A program of an image that runs: its end, the signals on the way there, and what is left to remove.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::{Cache, read_small_text};
use tempfile::TempDir;

use crate::confine::relay::{self, Heard, Relay};
use crate::error::BuildError;
use crate::program::program_error::ProgramError;

/// A program that was started.
pub struct Running {
    pub(super) child: Child,
    /// Whether the terminal sends it signals by itself.
    pub(super) shares_terminal: bool,
    /// Its folder, and the cache that it is in.
    pub(super) folder: Option<(TempDir, Cache)>,
    /// What ends it where killing the child does not.
    pub(super) killer: Option<Command>,
    /// When its time is over, after it was asked to end.
    deadline: Option<Instant>,
    /// Whether a signal to this process asked for its end.
    is_ending: bool,
}

impl Running {
    pub(super) fn new(child: Child, shares_terminal: bool) -> Self {
        Self { child, shares_terminal, folder: None, killer: None, deadline: None, is_ending: false }
    }

    /// Whether a signal to this process asked for its end.
    pub fn is_ending(&self) -> bool {
        self.is_ending
    }

    /// Waits for its end, or as long as patience lasts; gives its exit code when it has ended. Signals that come
    /// meanwhile are passed on, and after one that asks for the end it has some time, and no more after the second.
    ///
    /// # Errors
    /// When the system does not let it wait.
    pub(super) fn wait(
        &mut self,
        relay: &Relay,
        grace: Duration,
        patience: Option<Duration>,
    ) -> Result<Option<u8>, BuildError> {
        let failed = |cause| ProgramError::Start { program: "the wait for the image's program".to_owned(), cause };
        let ended = relay::end_of(&self.child).map_err(failed)?;
        let until = patience.map(|patience| Instant::now() + patience);
        loop {
            let next = [until, self.deadline].into_iter().flatten().min();
            let left = next.map(|next| next.saturating_duration_since(Instant::now()));
            match relay.wait(&ended, left).map_err(failed)? {
                Heard::Ended => return Ok(Some(self.code())),
                Heard::Signal(signal) => self.pass_on(signal, grace),
                Heard::Nothing if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                    self.deadline = None;
                    self.kill();
                }
                Heard::Nothing => return Ok(None),
            }
        }
    }

    fn pass_on(&mut self, signal: Signal, grace: Duration) {
        let asks_to_end = [Signal::INT, Signal::TERM, Signal::QUIT, Signal::HUP].contains(&signal);
        let is_second = asks_to_end && self.is_ending;
        let comes_by_itself = self.shares_terminal && signal != Signal::TERM;
        match (is_second, comes_by_itself) {
            (true, _) => self.kill(),
            (false, false) => relay::send(&self.child, signal),
            (false, true) => {}
        }
        if asks_to_end {
            self.deadline = Some(Instant::now() + grace);
            self.is_ending = true;
        }
    }

    fn kill(&mut self) {
        match &mut self.killer {
            // Whether it worked shows by the end of the child.
            Some(killer) => drop(killer.stdin(Stdio::null()).stdout(Stdio::null()).status()),
            None => relay::send(&self.child, Signal::KILL),
        }
    }

    /// Asks it to end, and kills it when its time is over, or at once if nothing in it listens; whether this process was
    /// asked to end meanwhile.
    ///
    /// # Errors
    /// As [`Running::wait`].
    pub(super) fn stop(&mut self, relay: &Relay, grace: Duration) -> Result<bool, BuildError> {
        match listens(self.child.id()) {
            Some(false) if self.killer.is_none() => self.kill(),
            _ => relay::send(&self.child, Signal::TERM),
        }
        self.deadline = Some(Instant::now() + grace);
        while self.wait(relay, grace, None)?.is_none() {}
        Ok(self.is_ending)
    }

    /// How it ended, as a shell says it.
    fn code(&mut self) -> u8 {
        use std::os::unix::process::ExitStatusExt as _;
        let code = self.child.wait().ok().and_then(|status| status.code().or_else(|| Some(128 + status.signal()?)));
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Once it was waited for, its number may be another's.
        if let Ok(None) = self.child.try_wait() {
            self.kill();
            let _ = self.child.wait();
        }
        // What cannot be removed is left to the next run.
        if let Some((folder, cache)) = self.folder.take() {
            cache.discard(folder);
        }
    }
}

/// Whether the first process in the namespaces of one outside of them has a handler for being asked to end: without
/// one, the kernel lets it go on. `None` where nobody says.
fn listens(outside: u32) -> Option<bool> {
    let read = |path: String| read_small_text(Path::new(&path), MAX_SETTINGS).ok();
    let children = read(format!("/proc/{outside}/task/{outside}/children"))?;
    let inside = children.split_whitespace().next()?;
    let status = read(format!("/proc/{inside}/status"))?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
    let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
    Some(caught & (1 << (Signal::TERM.as_raw() - 1)) != 0)
}
