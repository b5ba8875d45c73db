//! The program `keyring`, which uv asks for credentials too.

use std::process::{Command, Stdio};

use shipwheel_store::credentials::Credentials;
use shipwheel_store::package_index::Keyring;

use crate::session::Session;

/// The user's keyring.
pub(crate) struct KeyringProgram<'a> {
    session: &'a Session<'a>,
}

impl<'a> KeyringProgram<'a> {
    /// The keyring, if the user said that it may be asked.
    pub(crate) fn of(session: &'a Session<'a>) -> Option<Self> {
        (session.variable("UV_KEYRING_PROVIDER") == Some("subprocess")).then_some(Self { session })
    }
}

impl Keyring for KeyringProgram<'_> {
    fn ask(&self, service: &str, user: Option<&str>) -> Option<Credentials> {
        // Both may come out of an address in a lock. Options of `keyring` choose the code that it loads.
        if [Some(service), user].into_iter().flatten().any(|word| word.starts_with('-')) {
            return None;
        }
        let program = self.session.on_path("keyring").next()?;
        let mut command = Command::new(program);
        match user {
            Some(user) => command.args(["get", service, user]),
            None => command.args(["--mode", "creds", "get", service]),
        };
        command.env_clear().envs(&self.session.environment).stdin(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut lines = text.lines();
        match user {
            Some(user) => Some(Credentials::password(user, lines.next()?)),
            None => Some(Credentials::password(lines.next()?, lines.next()?)),
        }
    }
}
