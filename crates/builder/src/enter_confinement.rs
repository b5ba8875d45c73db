//! Confines this process and makes it become a program out of an image.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, Signal};

use crate::confine::confine_error::ConfineError;
use crate::confine::confinement::{Confinement, Order};
use crate::confine::filter;

/// The newest version of Landlock whose rights are asked for; the kernel enforces those that it knows.
const LANDLOCK: ABI = ABI::V7;

/// Seconds of CPU time. One file has a minute of wall time; a worker compiles thousands.
const CPU_SECONDS: u64 = 4 * 3600;

/// Open files: an interpreter has a handful at a time.
const OPEN_FILES: u64 = 256;

/// Confines this process as [`crate::Sandbox`] ordered, and becomes the ordered program.
///
/// To be called by a process that has one thread, before it does anything else.
///
/// # Errors
/// When any part of the confinement does not hold: the program is not run then.
pub fn enter_confinement(order: &OsStr) -> Result<Infallible, ConfineError> {
    let order: Order = serde_json::from_slice(order.as_encoded_bytes()).map_err(ConfineError::Order)?;
    let Order { confinement, kernel, parent } = order;
    tie_to(parent)?;
    limit(&confinement)?;
    // Descriptors that this process inherited, and that no one closed, are closed when it becomes the program.
    close_fds::set_fds_cloexec(3, &[]);
    if kernel.landlock {
        restrict_files(&confinement)?;
    }
    rustix::thread::set_no_new_privs(true).map_err(step("giving up privileges"))?;
    if kernel.seccomp {
        filter::apply(confinement.processes)?;
    }
    let mut command = Command::new(&confinement.program);
    command.args(&confinement.arguments).env_clear().envs(confinement.environment);
    Err(step("becoming the program")(command.exec()))
}

/// Ends with the parent, in a session without a terminal and a process group of its own.
fn tie_to(parent: u32) -> Result<(), ConfineError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(step("asking for a signal"))?;
    // The parent may have ended before the signal was asked for.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs()) != Some(parent) {
        return Err(ConfineError::Orphaned);
    }
    rustix::process::setsid().map_err(step("making a session"))?;
    Ok(())
}

fn limit(confinement: &Confinement) -> Result<(), ConfineError> {
    let limits = [
        (Resource::As, confinement.memory),
        (Resource::Cpu, Some(CPU_SECONDS)),
        (Resource::Fsize, Some(confinement.file_size)),
        (Resource::Core, Some(0)),
        (Resource::Nofile, Some(OPEN_FILES)),
    ];
    for (resource, limit) in limits {
        let Some(limit) = limit else { continue };
        // A container may have set a lower one, which nobody may raise.
        let limit = Some(rustix::process::getrlimit(resource).maximum.map_or(limit, |most| most.min(limit)));
        let limit = Rlimit { current: limit, maximum: limit };
        rustix::process::setrlimit(resource, limit).map_err(step("setting a limit"))?;
    }
    Ok(())
}

/// Landlock: reads and executes below the named paths and nothing else; no TCP, and no abstract sockets or signals
/// to processes outside, where the kernel knows these.
fn restrict_files(confinement: &Confinement) -> Result<(), ConfineError> {
    let restrict = || -> Result<_, RulesetError> {
        let ruleset = Ruleset::default()
            .handle_access(AccessFs::from_all(LANDLOCK))?
            .handle_access(AccessNet::from_all(LANDLOCK))?
            .scope(Scope::from_all(LANDLOCK))?
            .create()?;
        ruleset.add_rules(path_beneath_rules(&confinement.readable, AccessFs::from_read(LANDLOCK)))?.restrict_self()
    };
    match restrict() {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => Ok(()),
        Ok(_) => Err(ConfineError::Landlock("the kernel does not enforce it".to_owned())),
        Err(error) => Err(ConfineError::Landlock(error.to_string())),
    }
}

fn step<E: Into<io::Error>>(step: &'static str) -> impl FnOnce(E) -> ConfineError {
    move |cause| ConfineError::Step { step, cause: cause.into() }
}
