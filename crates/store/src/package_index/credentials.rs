//! Credentials for package indexes, from where uv finds them: URLs, `UV_INDEX_*`, netrc, a keyring.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::netrc;
use crate::credentials::Credentials;
use crate::disk::small_file::read_small_text;
use crate::http::url::{authority, is_loopback, parse_url, without_credentials};
use crate::limits::MAX_SETTINGS;
use crate::sync::lock;

/// Asks the user's keyring; this crate starts no process.
pub trait Keyring: Sync {
    /// The password of a user for a service, or a user with a password where none is named.
    fn ask(&self, service: &str, user: Option<&str>) -> Option<Credentials>;
}

/// Package indexes and the credentials for them.
#[derive(Debug, Default)]
pub struct IndexCredentials {
    indexes: Vec<Index>,
    netrc: Option<PathBuf>,
    /// What netrc and the keyring answered, by scheme, host and port.
    answers: Mutex<BTreeMap<String, Option<Credentials>>>,
}

/// An index with its name and credentials, if it has them.
#[derive(Debug)]
struct Index {
    url: Url,
    user: Option<String>,
    credentials: Option<Credentials>,
}

impl IndexCredentials {
    /// The indexes and credentials of the environment: `UV_INDEX`, `UV_DEFAULT_INDEX` and their older names, with
    /// `UV_INDEX_<NAME>_USERNAME` and `_PASSWORD`; `NETRC` or `~/.netrc`.
    pub fn new(environment: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let netrc = set("NETRC").map(PathBuf::from).or_else(|| set("HOME").map(|home| Path::new(home).join(".netrc")));
        let mut this = Self { netrc, ..Self::default() };
        for variable in ["UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"] {
            for entry in set(variable).into_iter().flat_map(|text| text.split_whitespace()) {
                let named = entry.split_once('=').filter(|(name, _)| !name.contains("://"));
                let (name, url) = named.map_or((None, entry), |(name, url)| (Some(name), url));
                this.add_index(name, url, environment);
            }
        }
        this
    }

    /// Adds an index that a file names; its credentials may be in its URL or in the environment.
    pub fn add_index(&mut self, name: Option<&str>, url: &str, environment: &BTreeMap<String, String>) {
        let Ok(url) = parse_url(url) else { return };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let variable = |what: &str| {
            let name: String = name?.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            environment.get(&format!("UV_INDEX_{}_{what}", name.to_ascii_uppercase())).cloned()
        };
        let in_url = Some(url.username()).filter(|user| !user.is_empty()).map(decoded);
        let user = variable("USERNAME").or(in_url);
        let password = variable("PASSWORD").or_else(|| url.password().map(decoded));
        let credentials = password.map(|password| Credentials::password(user.clone().unwrap_or_default(), password));
        self.indexes.push(Index { url, user, credentials });
    }

    /// The index that a URL belongs to: of the same host, with the longest path in common.
    fn index(&self, url: &Url) -> Option<&Index> {
        let common = |index: &&Index| {
            let pairs = index.url.path().split('/').zip(url.path().split('/'));
            pairs.take_while(|(one, other)| one == other).count()
        };
        self.indexes.iter().filter(|index| realm(&index.url) == realm(url)).max_by_key(common)
    }

    /// What to send before the index asks.
    pub(super) fn before(&self, url: &Url) -> Option<HeaderValue> {
        if url.password().is_some() {
            // The client sends the password of the URL itself.
            return None;
        }
        let known = self.index(url).and_then(|index| index.credentials.clone());
        let answers = lock(&self.answers);
        known.or_else(|| answers.get(&realm(url)).cloned().flatten()).as_ref().and_then(Credentials::basic)
    }

    /// What to send after a refusal; netrc and the keyring are asked once about each host.
    ///
    /// Whoever is on the way reads what goes without TLS, and any page or lock can name such an address: only an index that
    /// somebody named so, and this machine, get a password there.
    pub(super) fn after_refusal(&self, url: &Url, keyring: Option<&dyn Keyring>) -> Option<HeaderValue> {
        if url.scheme() != "https" && !is_loopback(&authority(url)) && self.index(url).is_none() {
            return None;
        }
        let mut answers = lock(&self.answers);
        let answer =
            answers.entry(realm(url)).or_insert_with(|| self.in_netrc(url).or_else(|| self.in_keyring(url, keyring?)));
        answer.as_ref().and_then(Credentials::basic)
    }

    fn in_netrc(&self, url: &Url) -> Option<Credentials> {
        let text = read_small_text(self.netrc.as_ref()?, MAX_SETTINGS).ok()?;
        netrc::find(&text, url.host_str()?)
    }

    fn in_keyring(&self, url: &Url, keyring: &dyn Keyring) -> Option<Credentials> {
        let index = self.index(url);
        let in_url = Some(url.username()).filter(|user| !user.is_empty());
        let user = in_url.or_else(|| index.and_then(|index| index.user.as_deref()));
        let services =
            index.map(|index| without_credentials(&index.url).to_string()).into_iter().chain([authority(url)]);
        services.into_iter().find_map(|service| keyring.ask(&service, user))
    }
}

/// Scheme, host and port: credentials for one are never sent to another.
fn realm(url: &Url) -> String {
    format!("{}://{}", url.scheme(), authority(url))
}
