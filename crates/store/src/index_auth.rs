//! Credentials for package indexes, from where uv's users have them: addresses, `UV_INDEX_*`, netrc, a keyring.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderValue};

use crate::auth::Credentials;
use crate::cache::Cache;
use crate::error::Result;
use crate::fetch::{Download, Target, in_parallel};
use crate::http::Http;
use crate::progress::Progress;
use crate::request::Request;
use crate::url::{authority, parse_url};

mod netrc;

/// Asks the user's keyring; this crate starts no processes.
pub trait Keyring: Sync {
    /// The password of a user for a service, or a user with a password where none is named.
    fn ask(&self, service: &str, user: Option<&str>) -> Option<Credentials>;
}

/// What is known of package indexes and who one is there.
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
    /// What the environment says: `UV_INDEX`, `UV_DEFAULT_INDEX` and their older names, with
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

    /// Adds an index that some file names; its credentials may be in its address or the environment.
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

    /// The index that an address belongs to: of its host, with the longest path in common.
    fn index(&self, url: &Url) -> Option<&Index> {
        let common = |index: &&Index| {
            let pairs = index.url.path().split('/').zip(url.path().split('/'));
            pairs.take_while(|(one, other)| one == other).count()
        };
        self.indexes.iter().filter(|index| realm(&index.url) == realm(url)).max_by_key(common)
    }

    /// What to send without being asked.
    fn before(&self, url: &Url) -> Option<HeaderValue> {
        if url.password().is_some() {
            // The client makes the header of it.
            return None;
        }
        let known = self.index(url).and_then(|index| index.credentials.clone());
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        known.or_else(|| answers.get(&realm(url)).cloned().flatten()).as_ref().and_then(Credentials::basic)
    }

    /// What to send after a refusal; each host is asked about once.
    fn after_refusal(&self, url: &Url, keyring: Option<&dyn Keyring>) -> Option<HeaderValue> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer =
            answers.entry(realm(url)).or_insert_with(|| self.in_netrc(url).or_else(|| self.in_keyring(url, keyring?)));
        answer.as_ref().and_then(Credentials::basic)
    }

    fn in_netrc(&self, url: &Url) -> Option<Credentials> {
        let text = std::fs::read_to_string(self.netrc.as_ref()?).ok()?;
        netrc::find(&text, url.host_str()?)
    }

    fn in_keyring(&self, url: &Url, keyring: &dyn Keyring) -> Option<Credentials> {
        let index = self.index(url);
        let in_url = Some(url.username()).filter(|user| !user.is_empty());
        let user = in_url.or_else(|| index.and_then(|index| index.user.as_deref()));
        let bare = |url: &Url| {
            let mut url = url.clone();
            // Both fail only for addresses without a host.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string()
        };
        let services = index.map(|index| bare(&index.url)).into_iter().chain([authority(url)]);
        services.into_iter().find_map(|service| keyring.ask(&service, user))
    }
}

/// Scheme, host and port: what is told to one is told to no other.
fn realm(url: &Url) -> String {
    format!("{}://{}", url.scheme(), authority(url))
}

impl Http {
    /// Fetches files of package indexes into the cache, at most `concurrency` at a time.
    ///
    /// An `Authorization` header goes to the host that it is for alone: a redirect elsewhere loses it.
    ///
    /// # Errors
    /// The first error in the order given, with the number of the download.
    pub fn fetch_from_indexes(
        &self,
        cache: &Cache,
        downloads: &[Download],
        concurrency: usize,
        progress: &dyn Progress,
        credentials: &IndexCredentials,
        keyring: Option<&dyn Keyring>,
    ) -> Result<()> {
        let one = |download: &Download| self.fetch_from_index(cache, download, progress, credentials, keyring);
        in_parallel(downloads, concurrency, one).map(|_| ())
    }

    fn fetch_from_index(
        &self,
        cache: &Cache,
        download: &Download,
        progress: &dyn Progress,
        credentials: &IndexCredentials,
        keyring: Option<&dyn Keyring>,
    ) -> Result<()> {
        let plain = Request::get(parse_url(&download.url)?);
        let name = plain.url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let target = Target { cache, digest: download.digest, size: download.size, name };
        self.download(&target, progress, async |from| {
            let request = from.map_or_else(|| plain.clone(), |from| from.apply(plain.clone()));
            let known = credentials.before(&request.url);
            let first = request.clone().secret_header(AUTHORIZATION, known.clone());
            let response = self.send_once(&first, &|_| {}).await?;
            // Some indexes say 404 to whoever may not look.
            if known.is_none()
                && matches!(response.status().as_u16(), 401 | 403 | 404)
                && let Some(found) = credentials.after_refusal(&request.url, keyring)
            {
                let mut second = request.secret_header(AUTHORIZATION, Some(found));
                // A user alone in the address would stand before the header.
                let _ = second.url.set_username("");
                let response = self.send_once(&second, &|_| {}).await?;
                return Ok((second, response));
            }
            Ok((first, response))
        })
    }
}

#[cfg(test)]
mod tests;
