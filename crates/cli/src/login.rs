//! Users and passwords on the command line: each for the one registry that the command names.

use clap::Args;
use shipwheel_oci::Reference;
use shipwheel_store::auth::HostLogin;
use shipwheel_store::credentials::Credentials;

use crate::failure::Failure;
use crate::input;

/// What to do where a command names no registry, or several.
const LOG_IN: &str =
    "log in instead: `docker login`, `podman login` or `skopeo login` keep a password for each registry";

/// What to do where a copy is between two registries.
const SIDES: &str = "say whose it is: `--source-username` or `--destination-username`; or log in to both registries";

/// The login for the one registry of a command.
#[derive(Debug, Default, Args)]
pub(crate) struct LoginArguments {
    /// The user for the registry that the command names; the password comes with --password-stdin.
    #[arg(long, value_name = "USER", requires = "password_stdin")]
    username: Option<String>,

    /// Read the password of --username from standard input.
    #[arg(long, requires = "username")]
    password_stdin: bool,
}

impl LoginArguments {
    /// The login, for the host of these references.
    ///
    /// # Errors
    /// When they are of several hosts, or there are none.
    pub(crate) fn login<'a>(
        &self,
        references: impl IntoIterator<Item = &'a Reference>,
    ) -> Result<Option<HostLogin>, Failure> {
        let Some(username) = &self.username else { return Ok(None) };
        let host = one_host("--username", references, LOG_IN)?;
        Ok(Some(HostLogin { host, credentials: Credentials::password(username, password()?) }))
    }
}

/// The logins for the two sides of a copy.
#[derive(Debug, Default, Args)]
pub(crate) struct CopyLoginArguments {
    #[command(flatten)]
    both: LoginArguments,

    /// The user for the source's registry; the password comes with --source-password-stdin.
    #[arg(long, value_name = "USER", requires = "source_password_stdin", conflicts_with = "username")]
    source_username: Option<String>,

    /// Read the password of --source-username from standard input.
    #[arg(long, requires = "source_username")]
    source_password_stdin: bool,

    /// The user for the destination's registry; the password comes with --destination-password-stdin.
    #[arg(long, value_name = "USER", requires = "destination_password_stdin", conflicts_with = "username")]
    destination_username: Option<String>,

    /// Read the password of --destination-username from standard input, from its second line if the source's is there too.
    #[arg(long, requires = "destination_username")]
    destination_password_stdin: bool,
}

/// The logins of a copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CopyLogins {
    pub(crate) source: Option<HostLogin>,
    pub(crate) destination: Option<HostLogin>,
}

impl CopyLoginArguments {
    /// The logins; `--username` is for both sides if they are at one registry.
    ///
    /// # Errors
    /// When a login would be for several hosts.
    pub(crate) fn logins(&self, from: &Reference, to: &[Reference]) -> Result<CopyLogins, Failure> {
        if let Some(username) = &self.both.username {
            let host = one_host("--username", std::iter::once(from).chain(to), SIDES)?;
            let login = Some(HostLogin { host, credentials: Credentials::password(username, password()?) });
            return Ok(CopyLogins { source: login.clone(), destination: login });
        }
        let destination = match &self.destination_username {
            Some(username) => Some((username, one_host("--destination-username", to, LOG_IN)?)),
            None => None,
        };
        let source = match &self.source_username {
            Some(username) => Some(HostLogin {
                host: from.registry().to_owned(),
                credentials: Credentials::password(username, password()?),
            }),
            None => None,
        };
        let destination = match destination {
            Some((username, host)) => {
                Some(HostLogin { host, credentials: Credentials::password(username, password()?) })
            }
            None => None,
        };
        Ok(CopyLogins { source, destination })
    }
}

/// The host that all references are at.
fn one_host<'a>(
    flag: &str,
    references: impl IntoIterator<Item = &'a Reference>,
    hint: &str,
) -> Result<String, Failure> {
    let mut hosts: Vec<&str> = references.into_iter().map(Reference::registry).collect();
    hosts.sort_unstable();
    hosts.dedup();
    match hosts.as_slice() {
        [host] => Ok((*host).to_owned()),
        [] => Err(Failure::usage(format!("`{flag}` is for a registry, and the command names none"), Some(LOG_IN))),
        several => {
            let several = several.join(", ");
            let message = format!("`{flag}` is for one registry, and the command names several: {several}");
            Err(Failure::usage(message, Some(hint)))
        }
    }
}

/// One line of standard input.
fn password() -> Result<String, Failure> {
    input::line()
        .map_err(|error| Failure::usage(format!("failed to read the password from standard input: {error}"), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_for_exactly_one_host() {
        let reference = |text: &str| text.parse::<Reference>().unwrap();
        let [one, same, other] = ["r.example/a:1", "r.example/b/c:2", "r.example:5000/a:1"].map(reference);
        assert_eq!(one_host("--username", [&one, &same], LOG_IN).unwrap(), "r.example");
        for (references, hint) in [(vec![], LOG_IN), (vec![&one, &other], SIDES)] {
            let failure = one_host("--username", references, hint).unwrap_err();
            assert_eq!(failure.exit_code(), 2);
            assert!(failure.render().ends_with(&format!("hint: {hint}\n")), "{}", failure.render());
        }
    }
}
