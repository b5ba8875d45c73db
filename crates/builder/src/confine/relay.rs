//! Signals that one process waits for, to pass them on to another.

use std::io::{self, PipeReader, Read as _};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};

/// What a user, a terminal or a service manager sends.
const PASSED_ON: [Signal; 7] =
    [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::WINCH];

/// Takes signals in the place of what they do by default, for as long as this process lives.
pub(crate) struct Relay {
    pipes: Vec<(Signal, PipeReader)>,
}

/// What came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The child has ended.
    Ended,
    /// A signal came.
    Signal(Signal),
    /// Time is over.
    Nothing,
}

impl Relay {
    /// Takes the signals from now on.
    ///
    /// # Errors
    /// When the system gives no pipes.
    pub(crate) fn new() -> io::Result<Self> {
        let pipe = |signal: Signal| {
            let (ours, theirs) = io::pipe()?;
            rustix::io::ioctl_fionbio(&ours, true)?;
            signal_hook::low_level::pipe::register(signal.as_raw(), theirs)?;
            Ok((signal, ours))
        };
        Ok(Self { pipes: PASSED_ON.into_iter().map(pipe).collect::<io::Result<_>>()? })
    }

    /// Waits until a child has ended, a signal comes, or some time is over.
    ///
    /// # Errors
    /// When the system does not let it wait.
    pub(crate) fn wait(&self, ended: &OwnedFd, patience: Option<Duration>) -> io::Result<Heard> {
        let deadline = patience.map(|patience| Instant::now() + patience);
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let timeout = left.and_then(|left| Timespec::try_from(left).ok());
            let pipes = self.pipes.iter().map(|(_, pipe)| PollFd::new(pipe, PollFlags::IN));
            let mut sources: Vec<PollFd<'_>> = pipes.chain([PollFd::new(ended, PollFlags::IN)]).collect();
            match rustix::event::poll(&mut sources, timeout.as_ref()) {
                // The handler has written to its pipe.
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            if sources.last().is_some_and(|ended| !ended.revents().is_empty()) {
                return Ok(Heard::Ended);
            }
            drop(sources);
            if let Some(signal) = self.next() {
                return Ok(Heard::Signal(signal));
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(Heard::Nothing);
            }
        }
    }

    /// Waits for some time, or until a signal asks this process to end; whether one did.
    ///
    /// # Errors
    /// When the system does not let it wait.
    pub(crate) fn rest(&self, patience: Duration) -> io::Result<bool> {
        // The other end stays open and says nothing.
        let (never, _open) = io::pipe()?;
        let never = OwnedFd::from(never);
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.wait(&never, Some(left))? {
                Heard::Signal(Signal::INT | Signal::TERM | Signal::HUP | Signal::QUIT) => return Ok(true),
                Heard::Signal(_) => {}
                Heard::Ended | Heard::Nothing => return Ok(false),
            }
        }
    }

    /// The next signal that has come; those of one kind that came together are one.
    fn next(&self) -> Option<Signal> {
        let came = |mut pipe: &PipeReader| pipe.read(&mut [0; 64]).is_ok_and(|read| read > 0);
        self.pipes.iter().find(|(_, pipe)| came(pipe)).map(|(signal, _)| *signal)
    }
}

/// Becomes readable when a child has ended.
///
/// # Errors
/// When the kernel has no such thing (Linux before 5.3).
pub(crate) fn end_of(child: &Child) -> io::Result<OwnedFd> {
    let pid = pid_of(child).ok_or(io::ErrorKind::NotFound)?;
    Ok(rustix::process::pidfd_open(pid, PidfdFlags::empty())?)
}

/// Sends a signal to a child that nobody has waited for yet.
pub(crate) fn send(child: &Child, signal: Signal) {
    // It may have ended already; its number is still its own.
    let _ = pid_of(child).map(|pid| rustix::process::kill_process(pid, signal));
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}
