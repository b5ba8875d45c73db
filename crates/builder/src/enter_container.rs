//! Makes this process the first of a container, or the one outside of it that waits for its end.
//!
//! The process outside makes namespaces and starts this program again in them: that one makes the root, and becomes
//! the program. Signals come to the one outside, which passes them on.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::fs::Mode;
use rustix::process::Signal;
use rustix::thread::UnshareFlags;
use shipwheel_store::read_small;

use crate::confine::confine_error::{ConfineError, step};
use crate::confine::container::{Container, ContainerOrder, ContainerStage, Identity, Process};
use crate::confine::relay::{self, Heard, Relay};
use crate::confine::sandbox::container_command;
use crate::confine::{filter, landlock_rules, namespaces, privileges, root_mounts};
use crate::enter_confinement::{die_with_parent, tie_to};

/// The largest description of a container.
const MAX_CONTAINER: u64 = 4 << 20;

/// Makes a container as ordered, and becomes its program; if another process does, the result is how that ended.
///
/// To be called by a process that has one thread, before it does anything else.
///
/// # Errors
/// When any part of the container cannot be made: the program is not run then.
pub fn enter_container(order: &OsStr) -> Result<ExitCode, ConfineError> {
    let order: ContainerOrder = serde_json::from_slice(order.as_encoded_bytes()).map_err(ConfineError::Order)?;
    let text = read_small(Path::new(&order.file), MAX_CONTAINER).map_err(step("reading the container"))?;
    let container: Container = serde_json::from_slice(&text).map_err(ConfineError::Order)?;
    match order.stage {
        ContainerStage::Outside { parent } => {
            tie_to(parent)?;
            namespaces::make_for_container(match container.identity {
                // Who becomes this program anew in there and is not root has no rights over the mounts.
                Identity::Mapped { .. } => Some((0, 0)),
                Identity::Real { .. } | Identity::Root { .. } => None,
            })?;
            start_inside(order)
        }
        ContainerStage::Loader { parent } => {
            tie_to(parent)?;
            enter_workdir(&container.process.workdir)?;
            privileges::give_up()?;
            landlock_rules::keep_to(&container.lowers)?;
            close_fds::set_fds_cloexec(3, &[]);
            filter::apply_to_container()?;
            become_program(&container.process)
        }
        ContainerStage::Inside => {
            die_with_parent()?;
            rustix::process::umask(Mode::from_raw_mode(0o022));
            root_mounts::enter(&container)?;
            enter_workdir(&container.process.workdir)?;
            take_identity(&container.identity)?;
            // Descriptors that this process inherited, and that no one closed, are closed when it becomes the program.
            close_fds::set_fds_cloexec(3, &[]);
            filter::apply_to_container()?;
            if order.rehearse { Ok(ExitCode::SUCCESS) } else { become_program(&container.process) }
        }
    }
}

/// Starts this program again, as the first process in the namespaces that this one made, and ends when it does.
fn start_inside(order: ContainerOrder) -> Result<ExitCode, ConfineError> {
    let relay = Relay::new().map_err(step("taking signals"))?;
    let order = ContainerOrder { stage: ContainerStage::Inside, ..order };
    // Nothing but the three standard descriptors goes on.
    close_fds::set_fds_cloexec(3, &[]);
    let mut command = container_command(Path::new("/proc/self/exe"), &order);
    let mut inside = command.stdin(Stdio::inherit()).spawn().map_err(step("starting in the namespaces"))?;
    pass_on_signals(&relay, &inside).map_err(step("watching the program"))?;
    let status = inside.wait().map_err(step("waiting for the program"))?;
    let code = status.code().or_else(|| Some(128 + status.signal()?)).and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(u8::MAX)))
}

/// Passes signals on until the child has ended.
fn pass_on_signals(relay: &Relay, child: &Child) -> io::Result<()> {
    let ended = relay::end_of(child)?;
    loop {
        match relay.wait(&ended, None)? {
            Heard::Ended => return Ok(()),
            Heard::Signal(signal) => relay::send(child, signal),
            Heard::Nothing => {}
        }
    }
}

/// The folder to start in, which is made where the image has none.
fn enter_workdir(folder: &str) -> Result<(), ConfineError> {
    fs_err::create_dir_all(folder).map_err(step("making the working directory"))?;
    rustix::process::chdir(folder).map_err(step("entering the working directory"))
}

/// Becomes the container's user, without privileges over this machine.
fn take_identity(identity: &Identity) -> Result<(), ConfineError> {
    match identity {
        Identity::Mapped { user: 0, group: 0 } => give_up(0),
        Identity::Mapped { user, group } => {
            namespaces::make_user((*user, *group), UnshareFlags::empty())?;
            give_up(*user)
        }
        Identity::Real { user, group, groups } => {
            privileges::become_user(*user, *group, groups)?;
            end_with_parent()?;
            give_up(*user)
        }
        Identity::Root { host } => {
            privileges::become_user(*host, *host, &[])?;
            end_with_parent()?;
            namespaces::make_user((0, 0), UnshareFlags::empty())?;
            give_up(0)
        }
    }
}

/// Asks again for the signal of the parent's end, which becoming another user forgets.
fn end_with_parent() -> Result<(), ConfineError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(step("asking for a signal"))
}

/// Root of a container keeps what it takes to be that.
fn give_up(user: u32) -> Result<(), ConfineError> {
    if user == 0 { privileges::give_up_all_but_containers() } else { privileges::give_up() }
}

fn become_program(process: &Process) -> Result<ExitCode, ConfineError> {
    let (program, arguments) = process.command.split_first().ok_or(ConfineError::Orphaned)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(process.environment.iter().cloned());
    Err(ConfineError::Program { program: program.clone(), cause: command.exec() })
}
