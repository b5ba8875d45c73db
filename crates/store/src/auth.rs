//! Credentials for registries: explicit ones, and those that docker, podman and skopeo keep.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use reqwest::header::HeaderValue;

use crate::error::{Result, StoreError};
use crate::registry::DEFAULT_REGISTRY;

/// A text that never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the wire.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user with a password or an access token.
    Password {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A refresh token, as `docker login` keeps for some registries.
    IdentityToken(Secret),
}

impl Credentials {
    /// A user with a password.
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Password { username: username.into(), password: Secret::new(password) }
    }

    /// The header of basic authentication (RFC 7617), where there is a password.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        let Self::Password { username, password } = self else { return None };
        let pair = format!("{username}:{}", password.expose());
        HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok()
    }
}

/// Where credentials come from.
#[derive(Debug, Clone, Default)]
pub struct CredentialSources {
    /// These for every registry, and nothing else.
    pub explicit: Option<Credentials>,
    /// Files in docker's format, most important first; those that do not exist are passed over.
    pub files: Vec<PathBuf>,
}

impl CredentialSources {
    /// No credentials at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The files that docker, podman and skopeo use: `$REGISTRY_AUTH_FILE`,
    /// `$XDG_RUNTIME_DIR/containers/auth.json`, `$DOCKER_CONFIG/config.json`, `~/.docker/config.json`.
    pub fn from_environment() -> Self {
        let path = |name: &str, rest: &str| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
            Some(if rest.is_empty() { PathBuf::from(value) } else { PathBuf::from(value).join(rest) })
        };
        let files = [
            path("REGISTRY_AUTH_FILE", ""),
            path("XDG_RUNTIME_DIR", "containers/auth.json"),
            path("DOCKER_CONFIG", "config.json").or_else(|| path("HOME", ".docker/config.json")),
        ];
        Self { explicit: None, files: files.into_iter().flatten().collect() }
    }

    /// The credentials for a repository; none if nobody logged in.
    ///
    /// # Errors
    /// When a file or a credential helper is there and cannot be used.
    pub(crate) fn find(&self, registry: &str, repository: &str) -> Result<Option<Credentials>> {
        if self.explicit.is_some() {
            return Ok(self.explicit.clone());
        }
        for path in &self.files {
            for key in keys(registry, repository) {
                let Ok(file) = File::open(path) else { break };
                match get_credential_from_reader(BufReader::new(file), &key) {
                    Ok(found) => return Ok(Some(found.into())),
                    Err(error) if means_none(&error) => {}
                    Err(error) => {
                        let registry = registry.to_owned();
                        let reason = format!("{}: {}", path.display(), describe(&error));
                        return Err(StoreError::Credentials { registry, reason });
                    }
                }
            }
        }
        Ok(None)
    }
}

/// The keys that credentials may stand under: podman's may name a repository or a part of its path.
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut rest = Some(repository);
    while let Some(path) = rest {
        keys.push(format!("{registry}/{path}"));
        rest = path.rsplit_once('/').map(|(parent, _)| parent);
    }
    keys.push(registry.to_owned());
    if registry == DEFAULT_REGISTRY {
        // Docker keeps its default registry under the address of an older protocol.
        keys.push(format!("https://index.{registry}/v1/"));
    }
    keys
}

/// Helpers say that they know nothing by failing, with a text that all of them share.
fn means_none(error: &CredentialRetrievalError) -> bool {
    match error {
        CredentialRetrievalError::NoCredentialConfigured => true,
        CredentialRetrievalError::HelperFailure { stdout, .. } => stdout.contains("credentials not found"),
        _ => false,
    }
}

/// The error without what a helper wrote: it may hold a secret.
fn describe(error: &CredentialRetrievalError) -> String {
    match error {
        CredentialRetrievalError::HelperFailure { helper, .. } => format!("helper `{helper}` failed"),
        CredentialRetrievalError::HelperCommunicationError => "its credential helper cannot be run".to_owned(),
        CredentialRetrievalError::MalformedHelperResponse => "its credential helper's answer makes no sense".to_owned(),
        CredentialRetrievalError::CredentialDecodingError => "an entry cannot be decoded".to_owned(),
        CredentialRetrievalError::ConfigReadError => "no valid JSON".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

impl From<DockerCredential> for Credentials {
    fn from(found: DockerCredential) -> Self {
        match found {
            DockerCredential::IdentityToken(token) => Self::IdentityToken(Secret::new(token)),
            DockerCredential::UsernamePassword(username, password) => Self::password(username, password),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let text = format!("{:?}", Credentials::password("user", "hunter2"));
        assert!(text.contains("user") && text.contains("***") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn basic_authentication_is_that_of_the_rfc() {
        for (user, password, expected) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("a", "b", "Basic YTpi"),
            ("ab", "", "Basic YWI6"),
            ("test", "123£", "Basic dGVzdDoxMjPCow=="),
        ] {
            let header = Credentials::password(user, password).basic().unwrap();
            assert_eq!(header.to_str().unwrap(), expected);
        }
    }

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
