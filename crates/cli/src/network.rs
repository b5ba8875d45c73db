//! The registry client that all commands use: credentials, authorities and mirrors as the user set them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use shipwheel_store::Registry;
use shipwheel_store::auth::CredentialSources;
use shipwheel_store::credentials::Credentials;
use shipwheel_store::http::{Http, HttpOptions};
use shipwheel_store::registry::Mirrors;

use crate::failure::Failure;

#[derive(Debug, Default, Args)]
pub(crate) struct NetworkArguments {
    /// A registry's user; its password comes with --password-stdin.
    #[arg(long, value_name = "USER", requires = "password_stdin")]
    pub(crate) username: Option<String>,

    /// Read the registry's password from standard input.
    #[arg(long, requires = "username")]
    pub(crate) password_stdin: bool,

    /// A registry that may be spoken to without TLS; this machine's own always may.
    #[arg(long, value_name = "HOST")]
    pub(crate) insecure_registry: Vec<String>,

    /// A PEM file with authorities to trust besides the system's.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Vec<PathBuf>,
}

/// Where mirrors are written down, seen from the top of the workspace.
const MIRRORS: &str = "images/registries.toml";

/// Makes the client.
pub(crate) fn connect(arguments: &NetworkArguments, root: &Path) -> Result<(Http, Registry), Failure> {
    let environment = environment();
    let http = Http::new(HttpOptions {
        insecure_hosts: arguments.insecure_registry.iter().cloned().collect(),
        ca_files: arguments.ca_file.clone(),
        ..HttpOptions::from_environment(&environment)
    })?;
    let mirrors = Mirrors::read(&root.join(MIRRORS)).map_err(Failure::while_doing("read the registries' mirrors"))?;
    let registry = Registry::new(http.clone(), credentials(arguments, &environment)?).with_mirrors(mirrors);
    Ok((http, registry))
}

/// The variables of the environment that are text.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn credentials(
    arguments: &NetworkArguments,
    environment: &BTreeMap<String, String>,
) -> Result<CredentialSources, Failure> {
    let mut sources = CredentialSources::from_environment(environment);
    if let Some(username) = &arguments.username {
        let mut password = String::new();
        std::io::stdin().read_line(&mut password).map_err(|error| {
            Failure::usage(format!("failed to read the password from standard input: {error}"), None)
        })?;
        sources.explicit = Some(Credentials::password(username, password.trim_end_matches(['\r', '\n'])));
    }
    Ok(sources)
}
