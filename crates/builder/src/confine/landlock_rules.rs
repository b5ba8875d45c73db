//! Landlock: which files a confined program may open, and whom it may reach.

use std::path::PathBuf;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};

use super::confine_error::ConfineError;
use super::confinement::Confinement;

/// The newest version of Landlock whose rights are asked for; the kernel enforces those that it knows.
const LANDLOCK: ABI = ABI::V7;

/// What a program needs of this machine's files where it has no root of its own: devices, names of hosts, authorities.
const NEEDED: [&str; 14] = [
    "/dev",
    "/proc",
    "/sys",
    "/etc/ca-certificates",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
];

/// Keeps this process to the files below some folders, and to what any program needs of this machine; the network stays
/// as it is. A kernel without Landlock keeps it from nothing.
///
/// # Errors
/// When the kernel refuses the rules.
pub(crate) fn keep_to(folders: &[PathBuf]) -> Result<(), ConfineError> {
    let restrict = || -> Result<_, RulesetError> {
        let all = AccessFs::from_all(LANDLOCK);
        let write = all & !(AccessFs::MakeChar | AccessFs::MakeBlock);
        let devices = AccessFs::from_read(LANDLOCK) | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
        Ruleset::default()
            .handle_access(all)?
            .create()?
            .add_rules(path_beneath_rules(NEEDED, AccessFs::from_read(LANDLOCK)))?
            .add_rules(path_beneath_rules(["/dev"], devices))?
            .add_rules(path_beneath_rules(folders, write))?
            .restrict_self()
    };
    restrict().map(drop).map_err(|error| ConfineError::Landlock(error.to_string()))
}

/// Reads and executes below the named paths, writes below others, and nothing else; no TCP, and no abstract sockets
/// or signals to processes outside, where the kernel knows these.
///
/// # Errors
/// When the kernel does not enforce it.
pub(crate) fn restrict(confinement: &Confinement) -> Result<(), ConfineError> {
    let restrict = || -> Result<_, RulesetError> {
        let ruleset = Ruleset::default()
            .handle_access(AccessFs::from_all(LANDLOCK))?
            .handle_access(AccessNet::from_all(LANDLOCK))?
            .scope(Scope::from_all(LANDLOCK))?
            .create()?;
        let write = AccessFs::from_all(LANDLOCK) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
        ruleset
            .add_rules(path_beneath_rules(&confinement.readable, AccessFs::from_read(LANDLOCK)))?
            .add_rules(path_beneath_rules(&confinement.writable, write))?
            .restrict_self()
    };
    match restrict() {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => Ok(()),
        Ok(_) => Err(ConfineError::Landlock("the kernel does not enforce it".to_owned())),
        Err(error) => Err(ConfineError::Landlock(error.to_string())),
    }
}
