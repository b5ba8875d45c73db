//! Credentials for registries: explicit ones, and those that docker, podman and skopeo keep.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use docker_credential::CredentialRetrievalError;

use super::docker_config::DockerConfig;
use crate::credentials::Credentials;
use crate::disk::small_file::read_small_if_there;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::limits::MAX_SETTINGS;

/// Credentials for one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLogin {
    /// The registry's host as references write it, with its port.
    pub host: String,
    /// The credentials.
    pub credentials: Credentials,
}

/// Where credentials come from.
#[derive(Debug, Clone, Default)]
pub struct CredentialSources {
    /// Credentials for one registry, in place of all others for it; no other host ever gets them.
    pub explicit: Option<HostLogin>,
    /// Files in docker's format, most important first; those that do not exist are skipped.
    pub files: Vec<PathBuf>,
}

impl CredentialSources {
    /// No credentials at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The files that docker, podman and skopeo use: `$REGISTRY_AUTH_FILE`,
    /// `$XDG_RUNTIME_DIR/containers/auth.json`, `$XDG_CONFIG_HOME/containers/auth.json` or
    /// `~/.config/containers/auth.json`, `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.
    pub fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let path = |name: &str, rest: &str| {
            let value = environment.get(name).filter(|value| !value.is_empty())?;
            Some(if rest.is_empty() { PathBuf::from(value) } else { PathBuf::from(value).join(rest) })
        };
        let files = [
            path("REGISTRY_AUTH_FILE", ""),
            path("XDG_RUNTIME_DIR", "containers/auth.json"),
            path("XDG_CONFIG_HOME", "containers/auth.json").or_else(|| path("HOME", ".config/containers/auth.json")),
            path("DOCKER_CONFIG", "config.json").or_else(|| path("HOME", ".docker/config.json")),
        ];
        Self { explicit: None, files: files.into_iter().flatten().collect() }
    }

    /// The credentials for a repository; `None` if the user did not log in.
    ///
    /// # Errors
    /// When a file or a credential helper exists and cannot be used.
    pub(crate) fn find(&self, registry: &str, repository: &str) -> Result<Option<Credentials>> {
        if let Some(login) = self.explicit.as_ref().filter(|login| login.host == registry) {
            return Ok(Some(login.credentials.clone()));
        }
        for path in &self.files {
            let Some(file) = read(path)? else { continue };
            match DockerConfig::parse(&file).and_then(|config| config.find(registry, repository)) {
                Ok(found) => return Ok(Some(found)),
                Err(error) if means_none(&error) => {}
                Err(error) => {
                    let registry = registry.to_owned();
                    let reason = format!("{}: {}", path.display(), describe(&error));
                    return Err(StoreError::Credentials { registry, reason });
                }
            }
        }
        Ok(None)
    }
}

/// The bytes of a file; `None` if there is none, or one that is for another user: many registries ask for no login.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_small_if_there(path, MAX_SETTINGS) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        other => other.map_err(StoreError::file(FileAction::Read, path)),
    }
}

/// Helpers fail if they have no credentials, with a text that all of them share.
fn means_none(error: &CredentialRetrievalError) -> bool {
    match error {
        CredentialRetrievalError::NoCredentialConfigured => true,
        CredentialRetrievalError::HelperFailure { stdout, .. } => stdout.contains("credentials not found"),
        _ => false,
    }
}

/// The error without the output of the helper, which may hold a secret.
pub(super) fn describe(error: &CredentialRetrievalError) -> String {
    match error {
        CredentialRetrievalError::HelperFailure { helper, .. } => format!("helper `{helper}` failed"),
        CredentialRetrievalError::HelperCommunicationError => "its credential helper cannot be run".to_owned(),
        CredentialRetrievalError::MalformedHelperResponse => {
            "the answer of its credential helper cannot be read".to_owned()
        }
        CredentialRetrievalError::CredentialDecodingError => "an entry cannot be decoded".to_owned(),
        CredentialRetrievalError::ConfigReadError => "not valid JSON".to_owned(),
        CredentialRetrievalError::ConfigNotFound => "the file is gone".to_owned(),
        // Its text is not ours: it may quote what a helper or a file holds.
        _ => "the entry cannot be used".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_by_repository_then_host_then_next_file() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        // "u:p" and "a:b".
        let first = write("1", r#"{"auths":{"registry.example/team":{"auth":"dTpw"},"other.example":{}}}"#);
        let second =
            write("2", r#"{"auths":{"registry.example":{"auth":"YTpi"},"https://docker.io/v1/":{"auth":"YTpi"}}}"#);
        let files = vec![folder.path().join("missing"), first, second];
        let sources = CredentialSources { explicit: None, files };
        for (registry, repository, expected) in [
            ("registry.example", "team/app", Some(("u", "p"))),
            ("registry.example", "app", Some(("a", "b"))),
            ("docker.io", "library/python", Some(("a", "b"))),
            ("other.example", "app", None),
        ] {
            let expected = expected.map(|(user, password)| Credentials::password(user, password));
            assert_eq!(sources.find(registry, repository).unwrap(), expected, "{registry}/{repository}");
        }
    }

    #[test]
    fn the_files_are_those_of_docker_podman_and_skopeo_in_their_order() {
        let files = |variables: &[(&str, &str)]| {
            let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let sources = CredentialSources::from_environment(&environment);
            assert_eq!(sources.explicit, None);
            sources.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        let all = [("REGISTRY_AUTH_FILE", "/a.json"), ("XDG_RUNTIME_DIR", "/run/1"), ("HOME", "/home/u")];
        let (config, docker) = ("/home/u/.config/containers/auth.json", "/home/u/.docker/config.json");
        assert_eq!(files(&all), ["/a.json", "/run/1/containers/auth.json", config, docker]);
        assert_eq!(
            files(&[("DOCKER_CONFIG", "/etc/docker"), ("HOME", "/home/u")]),
            [config, "/etc/docker/config.json"]
        );
        assert_eq!(files(&[("DOCKER_CONFIG", ""), ("HOME", "/home/u")]), [config, docker]);
        assert_eq!(files(&[("XDG_CONFIG_HOME", "/cfg")]), ["/cfg/containers/auth.json"]);
        assert!(files(&[("REGISTRY_AUTH_FILE", ""), ("HOME", "")]).is_empty(), "an empty variable is not set");
        assert!(files(&[]).is_empty());
    }

    #[test]
    fn a_helper_that_fails_says_nothing_of_its_output_and_one_without_a_login_is_no_error() {
        let failed = |stdout: &str| CredentialRetrievalError::HelperFailure {
            helper: "docker-credential-x".to_owned(),
            stdout: stdout.to_owned(),
            stderr: "SECRET".to_owned(),
        };
        for (error, is_none, shown) in [
            (CredentialRetrievalError::NoCredentialConfigured, true, "the entry cannot be used"),
            (failed("credentials not found in native keychain\n"), true, "helper `docker-credential-x` failed"),
            (failed("SECRET"), false, "helper `docker-credential-x` failed"),
            (CredentialRetrievalError::HelperCommunicationError, false, "its credential helper cannot be run"),
            (
                CredentialRetrievalError::MalformedHelperResponse,
                false,
                "the answer of its credential helper cannot be read",
            ),
            (CredentialRetrievalError::CredentialDecodingError, false, "an entry cannot be decoded"),
            (CredentialRetrievalError::ConfigReadError, false, "not valid JSON"),
            (CredentialRetrievalError::ConfigNotFound, false, "the file is gone"),
        ] {
            assert_eq!((means_none(&error), describe(&error).as_str()), (is_none, shown));
        }
    }

    #[test]
    fn explicit_credentials_are_for_one_host_and_its_port() {
        let login =
            HostLogin { host: "registry.example:5000".to_owned(), credentials: Credentials::password("u", "p") };
        let sources = CredentialSources { explicit: Some(login), files: Vec::new() };
        for (registry, expected) in [
            ("registry.example:5000", true),
            ("registry.example", false),
            ("registry.example:5001", false),
            ("mirror.example", false),
            ("docker.io", false),
        ] {
            assert_eq!(sources.find(registry, "team/app").unwrap().is_some(), expected, "{registry}");
        }
    }

    #[test]
    fn a_broken_file_is_an_error_and_not_a_silent_anonymous_try() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["not json", r#"{"auths":{"registry.example":{"auth":"%%%"}}}"#] {
            let path = folder.path().join("config.json");
            std::fs::write(&path, text).unwrap();
            let sources = CredentialSources { explicit: None, files: vec![path] };
            assert!(sources.find("registry.example", "app").is_err(), "{text}");
        }
    }
}
