//! The registry client that all commands use: credentials, authorities and mirrors as the user set them.

use std::path::Path;

use shipwheel_store::{CredentialSources, Credentials, Http, HttpOptions, Mirrors, Registry};

use crate::arguments::NetworkArguments;
use crate::failure::Failure;

/// Where mirrors are written down, seen from the top of the workspace.
const MIRRORS: &str = "images/registries.toml";

/// Makes the client.
pub(crate) fn connect(arguments: &NetworkArguments, root: &Path) -> Result<(Http, Registry), Failure> {
    let http = Http::new(HttpOptions {
        insecure_hosts: arguments.insecure_registry.iter().cloned().collect(),
        ca_files: arguments.ca_file.clone(),
        ..HttpOptions::default()
    })?;
    let mirrors = Mirrors::read(&root.join(MIRRORS)).map_err(Failure::while_doing("read the registries' mirrors"))?;
    let registry = Registry::new(http.clone(), credentials(arguments)?).with_mirrors(mirrors);
    Ok((http, registry))
}

fn credentials(arguments: &NetworkArguments) -> Result<CredentialSources, Failure> {
    let mut sources = CredentialSources::from_environment();
    if let Some(username) = &arguments.username {
        let mut password = String::new();
        std::io::stdin().read_line(&mut password).map_err(|error| {
            Failure::usage(format!("failed to read the password from standard input: {error}"), None)
        })?;
        sources.explicit = Some(Credentials::password(username, password.trim_end_matches(['\r', '\n'])));
    }
    Ok(sources)
}
