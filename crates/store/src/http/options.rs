//! How the HTTP client behaves; what the environment sets of it is passed in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// Variables that set a proxy for some requests. The client's library reads them itself; here they only decide on hints.
const PROXY_VARIABLES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// How the client behaves.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// How long it may take to open a connection.
    pub connect_timeout: Duration,
    /// How long an open connection may stay silent.
    pub idle_timeout: Duration,
    /// How long a document (a manifest, a token, a list) may take, over all tries; pauses that a server asks for do
    /// not count. A blob may take longer, as long as it comes.
    pub document_deadline: Duration,
    /// How often a request is tried again.
    pub retries: u32,
    /// The pause before the first retry; each further one is twice as long.
    pub retry_delay: Duration,
    /// Hosts, with or without port, that may be used without TLS, besides this machine.
    pub insecure_hosts: BTreeSet<String>,
    /// PEM files with authorities to trust besides the system's.
    pub ca_files: Vec<PathBuf>,
    /// Folders in which a folder named for a host holds its authorities and client certificates.
    pub certificate_folders: Vec<PathBuf>,
    /// Whether the environment sets a proxy: it decides on the hint for a host that cannot be reached.
    pub proxied: bool,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(60),
            document_deadline: Duration::from_secs(60),
            retries: 4,
            retry_delay: Duration::from_millis(400),
            insecure_hosts: BTreeSet::new(),
            ca_files: Vec::new(),
            certificate_folders: ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(PathBuf::from).into(),
            proxied: false,
        }
    }
}

impl HttpOptions {
    /// The defaults for a user: `~/.config/containers/certs.d` comes before the system's folders.
    pub fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let set = |name: &&str| environment.get(*name).is_some_and(|value| !value.is_empty());
        let mut options = Self { proxied: PROXY_VARIABLES.iter().any(set), ..Self::default() };
        if let Some(home) = environment.get("HOME").filter(|home| !home.is_empty()) {
            options.certificate_folders.insert(0, PathBuf::from(home).join(".config/containers/certs.d"));
        }
        options
    }
}
