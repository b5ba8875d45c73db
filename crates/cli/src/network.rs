//! The registry client that all commands use: stored logins, authorities and mirrors as the user set them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use shipwheel_store::Registry;
use shipwheel_store::auth::{CredentialSources, HostLogin};
use shipwheel_store::http::{Http, HttpOptions};
use shipwheel_store::registry::Mirrors;

use crate::failure::Failure;

#[derive(Debug, Default, Args)]
pub(crate) struct NetworkArguments {
    /// A registry that may be spoken to without TLS; this machine's own always may.
    #[arg(long, value_name = "HOST")]
    pub(crate) insecure_registry: Vec<String>,

    /// A PEM file with authorities to trust besides the system's.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Vec<PathBuf>,
}

/// Where mirrors are written down, seen from the top of the workspace.
const MIRRORS: &str = "images/registries.toml";

/// Makes the client; `login` goes before the stored ones for its registry.
pub(crate) fn connect(
    arguments: &NetworkArguments,
    login: Option<HostLogin>,
    root: &Path,
) -> Result<(Http, Registry), Failure> {
    connect_with(HttpOptions::from_environment(&environment()), arguments, login, root)
}

/// The same, with a client of these options.
pub(crate) fn connect_with(
    options: HttpOptions,
    arguments: &NetworkArguments,
    login: Option<HostLogin>,
    root: &Path,
) -> Result<(Http, Registry), Failure> {
    let http = Http::new(HttpOptions {
        insecure_hosts: arguments.insecure_registry.iter().cloned().collect(),
        ca_files: arguments.ca_file.clone(),
        ..options
    })?;
    let mirrors = Mirrors::read(&root.join(MIRRORS)).map_err(Failure::while_doing("read the registries' mirrors"))?;
    let credentials = CredentialSources { explicit: login, ..CredentialSources::from_environment(&environment()) };
    let registry = Registry::new(http.clone(), credentials).with_mirrors(mirrors);
    Ok((http, registry))
}

/// The variable that has the password of a key, as cosign has it: no program that is started here gets it.
pub(crate) const KEY_PASSWORD: &str = "COSIGN_PASSWORD";

/// The variables of the environment that are text, but for the password of a key.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name != KEY_PASSWORD)
        .collect()
}
