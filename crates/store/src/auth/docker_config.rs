//! One file in docker's format: which of its entries a repository's credentials are in.
//!
//! The keys are found here, as docker and podman find them; what an entry says, and what a helper answers, is read by
//! `docker_credential`, which is given nothing but that entry.

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use serde_json::{Map, Value, json};
use shipwheel_oci::DEFAULT_REGISTRY;

use super::login_file::Logins;
use crate::credentials::{Credentials, Secret};

/// A file in docker's format.
pub(super) struct DockerConfig {
    auths: Vec<(String, Entry)>,
    helpers: Map<String, Value>,
    store: Option<String>,
}

/// What an entry of `auths` has.
struct Entry {
    /// A token for the registry itself: docker sends it before all else, and the others do not know it.
    registry_token: Option<String>,
    /// A refresh token for its token server.
    identity_token: Option<String>,
    /// A user with a password, as the entry has them.
    login: Option<Value>,
}

impl DockerConfig {
    /// Reads the text of a file; an empty one has nothing in it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, CredentialRetrievalError> {
        if text.trim_ascii().is_empty() {
            return Ok(Self { auths: Vec::new(), helpers: Map::new(), store: None });
        }
        let top: Map<String, Value> =
            serde_json::from_slice(text).map_err(|_| CredentialRetrievalError::ConfigReadError)?;
        let table = |key: &str| top.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        let mut auths: Vec<(String, Entry)> =
            table("auths").into_iter().filter_map(|(key, entry)| Some((key, Entry::of(&entry)?))).collect();
        // Of several spellings of one key, one that is written as it is meant counts.
        auths.sort_by_key(|(key, _)| *key != normal(key));
        let store = top.get("credsStore").and_then(Value::as_str).filter(|store| !store.is_empty());
        Ok(Self { auths, helpers: table("credHelpers"), store: store.map(str::to_owned) })
    }

    /// The hosts that have a login, those whose entry cannot be decoded, and the helpers. None is asked.
    pub(super) fn logins(&self) -> Logins {
        let (good, bad): (Vec<_>, Vec<_>) = self.auths.iter().partition(|(key, entry)| entry.credentials(key).is_ok());
        let names = |entries: Vec<&(String, Entry)>| {
            let mut names: Vec<String> = entries.into_iter().map(|(key, _)| normal(key)).collect();
            names.sort();
            names.dedup();
            names
        };
        let helpers =
            self.helpers.iter().filter_map(|(key, helper)| Some((Some(normal(key)), helper.as_str()?.to_owned())));
        let helpers = helpers.chain(self.store.iter().map(|store| (None, store.clone())));
        Logins {
            hosts: names(good),
            broken: names(bad),
            helpers: helpers.filter(|(_, name)| !name.is_empty()).collect(),
        }
    }

    /// The credentials for a repository: of a helper for it, of the entry with the longest key, or of the store.
    pub(super) fn find(&self, registry: &str, repository: &str) -> Result<Credentials, CredentialRetrievalError> {
        let keys = keys(registry, repository);
        let helper = keys.iter().find_map(|key| {
            let mut named = self.helpers.iter().filter(|(name, _)| normal(name) == *key);
            named.find_map(|(name, helper)| helper.as_str().filter(|helper| !helper.is_empty()).map(|it| (name, it)))
        });
        if let Some((server, helper)) = helper {
            return read(&json!({ "credHelpers": { server: helper } }), server);
        }
        let entry = |key: &String| self.auths.iter().find(|(name, _)| normal(name) == *key);
        if let Some((key, entry)) = keys.iter().find_map(entry) {
            return entry.credentials(key);
        }
        let server =
            if registry == DEFAULT_REGISTRY { format!("https://index.{registry}/v1/") } else { registry.to_owned() };
        match &self.store {
            Some(store) => read(&json!({ "credsStore": store }), &server),
            None => Err(CredentialRetrievalError::NoCredentialConfigured),
        }
    }
}

fn read(config: &Value, server: &str) -> Result<Credentials, CredentialRetrievalError> {
    let found = get_credential_from_reader(config.to_string().as_bytes(), server)?;
    Ok(match found {
        DockerCredential::IdentityToken(token) => Credentials::identity_token(token),
        DockerCredential::UsernamePassword(username, password) => Credentials::password(username, password),
    })
}

impl Entry {
    /// What of an entry says something: `docker login` with a store leaves empty ones. `auth` counts before a user and
    /// a password beside it, as in docker.
    fn of(entry: &Value) -> Option<Self> {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let pair = || text("username").zip(text("password"));
        let login = match text("auth") {
            Some(auth) => Some(json!({ "auth": auth.trim() })),
            None => pair().map(|(username, password)| json!({ "username": username, "password": password })),
        };
        let registry_token = text("registrytoken").map(str::to_owned);
        let identity_token = text("identitytoken").map(str::to_owned);
        let is_empty = registry_token.is_none() && identity_token.is_none() && login.is_none();
        (!is_empty).then_some(Self { registry_token, identity_token, login })
    }

    /// The credentials that count: of a refresh token, the password beside it is kept for a registry without a token
    /// server, as skopeo and podman do.
    fn credentials(&self, key: &str) -> Result<Credentials, CredentialRetrievalError> {
        if let Some(token) = &self.registry_token {
            return Ok(Credentials::RegistryToken(Secret::new(token)));
        }
        let login = self.login.as_ref().map(|login| read(&json!({ "auths": { key: login } }), key));
        let Some(token) = &self.identity_token else {
            return login.unwrap_or(Err(CredentialRetrievalError::NoCredentialConfigured));
        };
        // What is beside a token need not be a password.
        let beside = match login {
            Some(Ok(Credentials::Password { username, password })) => Some((username, password)),
            _ => None,
        };
        Ok(Credentials::IdentityToken { token: Secret::new(token), beside })
    }
}

/// The keys that credentials may have, longest first: podman's may name a repository or a part of its path.
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let paths = std::iter::successors(Some(repository), |path| path.rsplit_once('/').map(|(parent, _)| parent));
    let mut keys: Vec<String> = paths.map(|path| format!("{registry}/{path}")).collect();
    keys.push(registry.to_owned());
    keys
}

/// A key without the scheme, the path of a protocol and the slash that old versions of docker and other tools write.
fn normal(key: &str) -> String {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let (host, path) = bare.unwrap_or(key).split_once('/').unwrap_or((bare.unwrap_or(key), ""));
    // The default registry is known by three names.
    let host = host
        .strip_prefix("index.")
        .or_else(|| host.strip_prefix("registry-1."))
        .filter(|it| *it == DEFAULT_REGISTRY)
        .unwrap_or(host);
    match path.trim_end_matches('/') {
        _ if bare.is_some() => host.to_owned(),
        "" | "v1" | "v2" => host.to_owned(),
        path => format!("{host}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(config: &str, registry: &str, repository: &str) -> String {
        match DockerConfig::parse(config.as_bytes()).and_then(|config| config.find(registry, repository)) {
            Ok(Credentials::Password { username, password }) => format!("{username}:{}", password.expose()),
            Ok(Credentials::IdentityToken { token, beside: None }) => format!("token {}", token.expose()),
            Ok(Credentials::IdentityToken { token, beside: Some((user, password)) }) => {
                format!("token {}, {user}:{}", token.expose(), password.expose())
            }
            Ok(Credentials::RegistryToken(token)) => format!("as it is {}", token.expose()),
            Err(CredentialRetrievalError::NoCredentialConfigured) => "none".to_owned(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn a_key_is_read_however_it_is_spelled() {
        for key in [
            "r.example:5000",
            "r.example:5000/",
            "r.example:5000/v1/",
            "r.example:5000/v2",
            "http://r.example:5000",
            "https://r.example:5000/",
            "https://r.example:5000/v1/",
            "https://r.example:5000/v2/",
            "https://r.example:5000/any/path",
        ] {
            let config = format!(r#"{{"auths":{{"{key}":{{"auth":"dTpw"}}}}}}"#);
            assert_eq!(found(&config, "r.example:5000", "team/app"), "u:p", "{key}");
            assert_eq!(found(&config, "r.example", "team/app"), "none", "{key}");
        }
        for key in
            ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io", "docker.io/library"]
        {
            let config = format!(r#"{{"auths":{{"{key}":{{"auth":"dTpw"}}}}}}"#);
            assert_eq!(found(&config, "docker.io", "library/python"), "u:p", "{key}");
        }
    }

    #[test]
    fn the_longest_key_of_podman_decides() {
        let config = r#"{"auths":{"r.example":{"auth":"aDpo"},"r.example/team":{"auth":"dDp0"},
            "r.example/team/app":{"auth":"YTph"},"r.example/empty":{}}}"#;
        for (repository, expected) in
            [("team/app", "a:a"), ("team/app/deep", "a:a"), ("team/app2", "t:t"), ("other", "h:h"), ("empty/x", "h:h")]
        {
            assert_eq!(found(config, "r.example", repository), expected, "{repository}");
        }
    }

    #[test]
    fn an_entry_is_read_in_every_form() {
        for (entry, expected) in [
            (r#"{"auth":"dTpwOnE="}"#, "u:p:q"),
            (r#"{"auth":"dTpwOnE"}"#, "u:p:q"),
            (r#"{"auth":" dTpw\n"}"#, "u:p"),
            (r#"{"username":"u","password":"p"}"#, "u:p"),
            (r#"{"auth":"dTpw","username":"x","password":"y","email":"e"}"#, "u:p"),
            (r#"{"auth":"dTpw","identitytoken":""}"#, "u:p"),
            (r#"{"auth":"dTpw","identitytoken":"t"}"#, "token t, u:p"),
            (r#"{"username":"u","password":"p","identitytoken":"t"}"#, "token t, u:p"),
            (r#"{"auth":"MDAwMA==","identitytoken":"t"}"#, "token t"),
            (r#"{"auth":"dTpw","identitytoken":"t","registrytoken":"r"}"#, "as it is r"),
            (r#"{"registrytoken":"r"}"#, "as it is r"),
            (r#"{"registrytoken":"","auth":"dTpw"}"#, "u:p"),
            (r#"{"auth":"","identitytoken":"t"}"#, "token t"),
            (r#"{"auth":""}"#, "none"),
            (r#"{"auth":null}"#, "none"),
            (r#"{}"#, "none"),
            (r#"null"#, "none"),
            (r#"{"auth":"%%%"}"#, "CredentialDecodingError"),
            (r#"{"auth":"dQ=="}"#, "CredentialDecodingError"),
        ] {
            let config = format!(r#"{{"auths":{{"r.example":{entry}}}}}"#);
            assert_eq!(found(&config, "r.example", "app"), expected, "{entry}");
        }
        for (config, expected) in [
            ("", "none"),
            (" \n", "none"),
            ("{}", "none"),
            (r#"{"auths":null,"credHelpers":null}"#, "none"),
            ("[", "ConfigReadError"),
            ("[]", "ConfigReadError"),
        ] {
            assert_eq!(found(config, "r.example", "app"), expected, "{config:?}");
        }
    }

    #[test]
    fn a_helper_comes_before_entries_and_a_store_behind_them() {
        // Helpers that are not there: who would have been asked is in the error.
        let missing = "HelperCommunicationError";
        for (config, registry, expected) in [
            (
                r#"{"credHelpers":{"r.example":"none-such"},"auths":{"r.example":{"auth":"dTpw"}}}"#,
                "r.example",
                missing,
            ),
            (r#"{"credHelpers":{"https://r.example/":"none-such"}}"#, "r.example", missing),
            (r#"{"credHelpers":{"r.example":""},"auths":{"r.example":{"auth":"dTpw"}}}"#, "r.example", "u:p"),
            (
                r#"{"credHelpers":{"other.example":"none-such"},"auths":{"r.example":{"auth":"dTpw"}}}"#,
                "r.example",
                "u:p",
            ),
            (r#"{"credsStore":"none-such","auths":{"r.example":{"auth":"dTpw"}}}"#, "r.example", "u:p"),
            (r#"{"credsStore":"none-such","auths":{"r.example":{}}}"#, "r.example", missing),
            (r#"{"credsStore":""}"#, "r.example", "none"),
        ] {
            assert_eq!(found(config, registry, "app"), expected, "{config}");
        }
    }
}
