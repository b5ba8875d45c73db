//! Confines this process and makes it become a program out of an image.
//!
//! An interpreter that compiles takes one process. An image's own program has namespaces: the first process makes
//! them, starts the second one in them, which confines itself and becomes the program, and ends as that ends.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal};
use rustix::time::ClockId;

use crate::confine::confine_error::{ConfineError, step};
use crate::confine::confinement::{Confinement, Order, Purpose, Root, Stage};
use crate::confine::sandbox::command_of;
use crate::confine::{filter, landlock_rules, namespaces, privileges};

/// Seconds of CPU time. One file has a minute of wall time; a worker compiles thousands.
const CPU_SECONDS: u64 = 4 * 3600;

/// Open files: an interpreter that compiles has a handful at a time, an application more.
const OPEN_FILES: u64 = 256;
const OPEN_FILES_OF_IMAGE: u64 = 4096;

/// Processes and threads of an image's program.
const PROCESSES: u64 = 512;

/// The same where all processes of the user count.
const PROCESSES_OF_USER: u64 = 8192;

/// What an image's program says before it is one: that the process with this number is now about to become it, and
/// the microseconds of CPU time that it has used. The code of an image cannot say it first.
pub(crate) const BEGIN: &str = "\0begin";
/// The number of the process that becomes the program, if it is not the one that was started.
pub(crate) const PROCESS: &str = "\0process";

/// Confines this process as [`crate::Sandbox`] ordered, and becomes the ordered program; if another process does, the
/// result is how that ended.
///
/// To be called by a process that has one thread, before it does anything else.
///
/// # Errors
/// When any part of the confinement does not hold: the program is not run then.
pub fn enter_confinement(order: &OsStr) -> Result<ExitCode, ConfineError> {
    let order: Order = serde_json::from_slice(order.as_encoded_bytes()).map_err(ConfineError::Order)?;
    match (order.stage, &order.confinement.purpose) {
        (Stage::First { parent }, Purpose::StartInRoot(root)) => {
            limit(&order.confinement)?;
            if let Some(user) = root.user {
                privileges::become_user(user, user, &[])?;
            }
            // Becoming another user forgets whose end is its own.
            tie_to(parent)?;
            namespaces::make()?;
            start_inside(order)
        }
        (Stage::First { parent }, Purpose::Compile | Purpose::Start) => {
            tie_to(parent)?;
            limit(&order.confinement)?;
            become_program(order, Duration::ZERO)
        }
        (Stage::Inside { spent }, Purpose::StartInRoot(root)) => {
            die_with_parent()?;
            enter_root(root)?;
            become_program(order, spent)
        }
        (Stage::Inside { .. }, Purpose::Compile | Purpose::Start) => Err(ConfineError::Orphaned),
    }
}

/// Confines this process, and makes it the program.
fn become_program(order: Order, spent: Duration) -> Result<ExitCode, ConfineError> {
    let Order { confinement, kernel, rehearse, .. } = order;
    // Descriptors that this process inherited, and that no one closed, are closed when it becomes the program.
    close_fds::set_fds_cloexec(3, &[]);
    let is_start = match confinement.purpose {
        Purpose::Compile => false,
        Purpose::Start | Purpose::StartInRoot(_) => true,
    };
    if is_start {
        privileges::give_up()?;
    }
    rustix::thread::set_no_new_privs(true).map_err(step("giving up privileges"))?;
    if kernel.landlock > 0 {
        landlock_rules::restrict(&confinement)?;
    }
    if kernel.seccomp {
        filter::apply(&confinement.purpose)?;
    }
    if rehearse {
        return Ok(ExitCode::SUCCESS);
    }
    let mut command = Command::new(&confinement.program);
    command.args(&confinement.arguments).env_clear().envs(confinement.environment);
    if is_start {
        say(&format!("{BEGIN} {}\n", (cpu_time() + spent).as_micros()))?;
    }
    Err(step("becoming the program")(command.exec()))
}

/// Starts this program again, as the first process in the namespaces that this one made, and ends when it does.
fn start_inside(order: Order) -> Result<ExitCode, ConfineError> {
    let order = Order { stage: Stage::Inside { spent: cpu_time() }, ..order };
    // Nothing but the three standard descriptors goes on.
    close_fds::set_fds_cloexec(3, &[]);
    let mut command = command_of(Path::new("/proc/self/exe"), &order);
    let mut inside = command.stdin(Stdio::piped()).spawn().map_err(step("starting in the namespaces"))?;
    let mut input = inside.stdin.take().expect("standard input is a pipe");
    if !order.rehearse {
        say(&format!("{PROCESS} {}\n", inside.id()))?;
    }
    // It waits for this: its parent has not ended, and was heard. If it has ended, it said why.
    let _ = input.write_all(b"\n");
    let status = wait_for(&mut inside, input)?;
    let code = status.code().or_else(|| Some(128 + status.signal()?)).and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(u8::MAX)))
}

/// Waits until a child has ended. Its standard input ends when this process's own does.
///
/// Not by a thread: the kernel allows none while the next process would be in another namespace.
fn wait_for(child: &mut Child, input: ChildStdin) -> Result<ExitStatus, ConfineError> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(ConfineError::Orphaned)?;
    let ended = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(step("watching the program"))?;
    let (stdin, mut input) = (rustix::stdio::stdin(), Some(input));
    loop {
        let mut sources = vec![PollFd::new(&ended, PollFlags::IN)];
        if input.is_some() {
            sources.push(PollFd::new(&stdin, PollFlags::IN));
        }
        rustix::io::retry_on_intr(|| rustix::event::poll(&mut sources, None)).map_err(step("watching the program"))?;
        if !sources[0].revents().is_empty() {
            return child.wait().map_err(step("waiting for the program"));
        }
        if sources.get(1).is_some_and(|stdin| !stdin.revents().is_empty())
            && rustix::io::read(stdin, &mut [0_u8; 64]).map_or(true, |read| read == 0)
        {
            drop(input.take());
        }
    }
}

fn enter_root(root: &Root) -> Result<(), ConfineError> {
    namespaces::enter_root()?;
    rustix::process::chdir(&root.workdir).map_err(step("entering the working directory"))?;
    set_limit(Resource::Nproc, PROCESSES)?;
    // The parent may have ended before this process was tied to it; then nobody writes, and the pipe is closed.
    match rustix::io::read(rustix::stdio::stdin(), &mut [0_u8; 1]) {
        Ok(1) => Ok(()),
        _ => Err(ConfineError::Orphaned),
    }
}

/// Ends with the parent, in a session without a terminal and a process group of its own.
pub(crate) fn tie_to(parent: u32) -> Result<(), ConfineError> {
    die_with_parent()?;
    // The parent may have ended before the signal was asked for.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs()) != Some(parent) {
        return Err(ConfineError::Orphaned);
    }
    Ok(())
}

pub(crate) fn die_with_parent() -> Result<(), ConfineError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(step("asking for a signal"))?;
    rustix::process::setsid().map_err(step("making a session"))?;
    Ok(())
}

fn limit(confinement: &Confinement) -> Result<(), ConfineError> {
    let files = match confinement.purpose {
        Purpose::Compile => OPEN_FILES,
        Purpose::Start | Purpose::StartInRoot(_) => OPEN_FILES_OF_IMAGE,
    };
    let limits = [
        (Resource::As, confinement.memory),
        (Resource::Cpu, Some(CPU_SECONDS)),
        (Resource::Fsize, Some(confinement.file_size)),
        // With none, the kernel still starts a program of this machine that takes the core; with one byte, it does not.
        (Resource::Core, Some(1)),
        (Resource::Nofile, Some(files)),
        (Resource::Nproc, matches!(confinement.purpose, Purpose::Start).then_some(PROCESSES_OF_USER)),
    ];
    for (resource, limit) in limits {
        if let Some(limit) = limit {
            set_limit(resource, limit)?;
        }
    }
    if !matches!(confinement.purpose, Purpose::Compile) {
        // Where memory ends, the kernel takes it from here. Where it does not let us say so, it chooses by itself.
        let _ = fs_err::write("/proc/self/oom_score_adj", "1000");
    }
    Ok(())
}

/// Sets a limit that nobody can raise again. A container may have set a lower one, which stays.
fn set_limit(resource: Resource, limit: u64) -> Result<(), ConfineError> {
    let limit = Some(rustix::process::getrlimit(resource).maximum.map_or(limit, |most| most.min(limit)));
    rustix::process::setrlimit(resource, Rlimit { current: limit, maximum: limit }).map_err(step("setting a limit"))
}

/// CPU time of this process, in this program and those that it was before.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn say(line: &str) -> Result<(), ConfineError> {
    let mut out = io::stdout();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).map_err(step("saying how far the start is"))
}
