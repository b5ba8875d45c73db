//! One run of a program: the environment it may see, and what it said when it fails.

use std::process::{Command, Stdio};

use shipwheel_store::redacted;

use super::program_error::ProgramError;
use crate::error::BuildError;
use crate::session::Session;

/// Variables that a tool is given: those that say where packages come from and how to get there.
const PASSED_ON: [&str; 38] = [
    "HOME",
    "PATH",
    "NETRC",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "LANG",
    // Of uv's own only those on indexes, credentials, transfers and its folders: others name Pythons, projects or builds.
    "UV_CACHE_DIR",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_CONFIG_FILE",
    "UV_CREDENTIALS_DIR",
    "UV_DEFAULT_INDEX",
    "UV_EXCLUDE_NEWER",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_HTTP_CONNECT_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_HTTP_TIMEOUT",
    "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER",
    "UV_NATIVE_TLS",
    "UV_NO_INDEX",
    "UV_OFFLINE",
    "UV_PRERELEASE",
    "UV_PYTHON_INSTALL_DIR",
    "UV_REQUEST_TIMEOUT",
    "UV_RESOLUTION",
    "UV_SYSTEM_CERTS",
];

/// The same, by how they begin.
const PASSED_ON_PREFIXES: [&str; 7] = ["UV_INDEX", "XDG_", "PIP_", "GIT_", "PYENV_", "POETRY_", "PDM_"];

/// Those that are paths, which a user writes below the folder that shipwheel is started in.
const PATHS: [&str; 5] =
    ["UV_CACHE_DIR", "UV_CONFIG_FILE", "UV_CREDENTIALS_DIR", "UV_FIND_LINKS", "UV_PYTHON_INSTALL_DIR"];

/// Runs a program with the variables that it may see, and gives its standard output.
///
/// # Errors
/// When it does not start or fails; the end of what it said is in the error.
pub(crate) fn run(session: &Session<'_>, mut command: Command, name: &str) -> Result<String, BuildError> {
    let own: Vec<_> = command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    command.env_clear();
    let passed = session.environment.iter().filter(|(name, _)| {
        PASSED_ON.contains(&name.as_str()) || PASSED_ON_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    });
    command.envs(passed.map(|(name, value)| (name, in_any_folder(name, value))));
    command.envs(own.into_iter().filter_map(|(name, value)| Some((name, value?))));
    if session.variable("SSL_CERT_FILE").is_none() && session.variable("UV_SYSTEM_CERTS").is_none() {
        // uv has its own certificate authorities, and shipwheel uses the system's: both should be able to fetch the same.
        command.env("UV_SYSTEM_CERTS", "1");
    }
    if session.variable("UV_CACHE_DIR").is_none() {
        command.env("UV_CACHE_DIR", session.cache.root().join("uv"));
    }
    let program = || name.to_owned();
    command.stdin(Stdio::null());
    let output = command.output().map_err(|cause| ProgramError::Start { program: program(), cause })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    let output = redacted(&lines[lines.len().saturating_sub(20)..].join("\n"));
    Err(ProgramError::Failed { program: program(), output }.into())
}

/// The value of a variable for a program that is started in another folder.
fn in_any_folder(name: &str, value: &str) -> String {
    let absolute = |path: &str| match path.contains("://") || path.is_empty() {
        true => path.to_owned(),
        false => std::path::absolute(path).map_or(path.to_owned(), |path| path.display().to_string()),
    };
    match name {
        "PATH" => {
            // A folder that is relative is the one that is built, or below it.
            let folders = std::env::split_paths(value).filter(|folder| folder.is_absolute());
            std::env::join_paths(folders).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
        }
        "UV_FIND_LINKS" => value.split(',').map(absolute).collect::<Vec<_>>().join(","),
        _ if PATHS.contains(&name) => absolute(value),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_stay_what_they_were_and_programs_are_never_looked_up_in_them() {
        let here = std::env::current_dir().unwrap().display().to_string();
        for (name, value, expected) in [
            ("PATH", ".:/usr/bin::bin:/bin", "/usr/bin:/bin".to_owned()),
            (
                "UV_FIND_LINKS",
                "wheels,https://index.example/links,/abs",
                format!("{here}/wheels,https://index.example/links,/abs"),
            ),
            ("UV_CONFIG_FILE", "uv.toml", format!("{here}/uv.toml")),
            ("UV_INDEX", "a=https://index.example", "a=https://index.example".to_owned()),
        ] {
            assert_eq!(in_any_folder(name, value), expected, "{name}");
        }
    }

    #[test]
    fn no_variable_that_names_a_python_a_project_or_a_build_is_passed_on() {
        for name in [
            "UV_PYTHON",
            "UV_PROJECT_ENVIRONMENT",
            "UV_NO_BINARY",
            "UV_NO_BINARY_PACKAGE",
            "UV_OVERRIDE",
            "UV_WORKING_DIR",
            "UV_ENV_FILE",
            "UV_FROZEN",
            "VIRTUAL_ENV",
            "CONDA_PREFIX",
            "PYTHONPATH",
            "PYTHONHOME",
        ] {
            assert!(!PASSED_ON.contains(&name), "{name}");
            assert!(!PASSED_ON_PREFIXES.iter().any(|prefix| name.starts_with(prefix)), "{name}");
        }
    }
}
