//! Landlock: which files a confined program may open, and whom it may reach.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};

use super::confine_error::ConfineError;
use super::confinement::Confinement;

/// The newest version of Landlock whose rights are asked for; the kernel enforces those that it knows.
const LANDLOCK: ABI = ABI::V7;

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
