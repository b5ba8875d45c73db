//! The one HTTP client: TLS with the system's authorities, the user's proxies, timeouts and retries.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};

use super::host_certificates as certs;
use super::network::Network;
use super::options::HttpOptions;
use super::redirect::MAX_REDIRECTS;
use super::request::{Payload, Request};
use super::response::header;
use super::url::{authority, is_loopback, may_be_plain, redact};
use crate::disk::small_file::read_small;
use crate::error::{Result, StoreError, is_passing};
use crate::file_action::FileAction;
use crate::limits::MAX_SETTINGS;
use crate::redacted::redacted;
use crate::sync::lock;

/// If a server asks for longer pauses than this, all together, its error is shown instead.
const MAX_PAUSE: Duration = Duration::from_secs(120);

/// How long the words of a registry's error are awaited.
const ERROR_PATIENCE: Duration = Duration::from_secs(5);

/// The bytes of a body that give it a second more than a document's deadline.
const MIN_RATE: u64 = 64 << 10;

/// How much of an error's body is read for the registry's own words.
const MAX_ERROR_BODY: u64 = 16 << 10;

/// The client. Cheap to clone, usable from any thread; every call blocks.
#[derive(Clone)]
pub struct Http {
    inner: Arc<Inner>,
}

struct Inner {
    /// Each is made when it is first needed: reading the system's authorities takes longer than asking a registry.
    clients: Mutex<BTreeMap<Route, Client>>,
    /// Those of `ca_files`.
    authorities: Vec<Certificate>,
    options: HttpOptions,
    network: Network,
}

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Route {
    /// This machine without TLS: without a proxy, as Go's clients do, and without authorities.
    Plain,
    /// This machine with TLS.
    Direct,
    /// Anything else.
    General,
    /// A host with certificates of its own.
    Host(String),
}

impl Http {
    /// Makes the client and starts its thread.
    ///
    /// # Errors
    /// When an authority's file cannot be read, or the system gives no thread.
    pub fn new(options: HttpOptions) -> Result<Self> {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let network = Network::start().map_err(|cause| StoreError::Client(cause.into()))?;
        let authorities = certificates(&options)?;
        Ok(Self { inner: Arc::new(Inner { clients: Mutex::default(), authorities, options, network }) })
    }

    pub(crate) fn options(&self) -> &HttpOptions {
        &self.inner.options
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.inner.network.block_on(future)
    }

    /// Whether a registry is used without TLS: one on this machine, unless it has certificates, or one that the user named.
    pub(crate) fn is_plain(&self, host: &str) -> bool {
        let options = self.options();
        let has_certificates = || certs::folder(&options.certificate_folders, host).is_some();
        may_be_plain(host, &options.insecure_hosts) && !(is_loopback(host) && has_certificates())
    }

    fn route(&self, url: &Url) -> Route {
        let host = authority(url);
        match (url.scheme(), is_loopback(&host)) {
            ("http", true) => Route::Plain,
            ("https", _) if certs::folder(&self.options().certificate_folders, &host).is_some() => Route::Host(host),
            (_, true) => Route::Direct,
            (_, false) => Route::General,
        }
    }

    fn client(&self, route: &Route) -> Result<Client> {
        let mut clients = lock(&self.inner.clients);
        if let Some(client) = clients.get(route) {
            return Ok(client.clone());
        }
        let client = self.build_client(route)?;
        clients.insert(route.clone(), client.clone());
        Ok(client)
    }

    fn build_client(&self, route: &Route) -> Result<Client> {
        let options = self.options();
        let mut added = self.inner.authorities.clone();
        let mut identity = None;
        if let Route::Host(host) = route
            && let Some(own) = certs::read(&options.certificate_folders, host)?
        {
            added.extend(own.authorities);
            identity = own.identity;
        }
        let is_direct = match route {
            Route::Plain | Route::Direct => true,
            Route::General => false,
            Route::Host(host) => is_loopback(host),
        };
        let builder = || {
            let builder = Client::builder()
                .user_agent(concat!("shipwheel/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(options.connect_timeout)
                .redirect(Policy::none());
            let builder = if is_direct { builder.no_proxy() } else { builder };
            match &identity {
                Some(identity) => builder.identity(identity.clone()),
                None => builder,
            }
        };
        let only_added = || builder().tls_certs_only(added.clone()).build();
        let client = match route {
            Route::Plain => only_added(),
            // A machine without any authority (a slim container) can still use plain http, or nothing at all.
            Route::Direct | Route::General | Route::Host(_) => {
                builder().tls_certs_merge(added.clone()).build().or_else(|_| only_added())
            }
        };
        client.map_err(|cause| StoreError::Client(cause.into()))
    }

    /// Sends a request once, and follows redirects. Statuses that may pass are errors, all others are answers.
    ///
    /// `sent` is called with the number of bytes of a file as they leave.
    pub(crate) async fn send_once(&self, request: &Request, sent: &dyn Fn(u64)) -> Result<Response> {
        let mut step = request.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_step(&step, sent).await?;
            match step.redirected(&response, &self.options().insecure_hosts)? {
                Some(next) => step = next,
                None => return Ok(response),
            }
        }
        Err(request.answer_error("too many redirects"))
    }

    async fn send_step(&self, request: &Request, sent: &dyn Fn(u64)) -> Result<Response> {
        let route = self.route(&request.url);
        match self.send_by(&route, request, sent).await {
            // A registry on this machine may have its storage elsewhere, behind TLS.
            Err(error) if route == Route::Plain && error.is_untrusted() => {
                self.send_by(&Route::Direct, request, sent).await
            }
            outcome => outcome,
        }
    }

    async fn send_by(&self, route: &Route, request: &Request, sent: &dyn Fn(u64)) -> Result<Response> {
        let (builder, counter) = request.builder(&self.client(route)?)?;
        // The server hashes and moves a large file after its last byte, before it answers.
        let patience = match request.payload {
            Payload::File { .. } => 5 * self.options().idle_timeout,
            Payload::Empty | Payload::Bytes(_) => self.options().idle_timeout,
        };
        let mut answer = Box::pin(builder.send());
        let mut silent_since = tokio::time::Instant::now();
        let tick = Duration::from_millis(100).min(patience);
        let response = loop {
            let answered = tokio::time::timeout(tick, answer.as_mut()).await;
            let moved = counter.take();
            if moved > 0 {
                sent(moved);
                silent_since = tokio::time::Instant::now();
            }
            match answered {
                Ok(response) => break response.map_err(|cause| self.transport_error(request, cause))?,
                Err(_) if silent_since.elapsed() >= patience => return Err(request.silence(patience)),
                Err(_) => {}
            }
        };
        if is_passing(response.status().as_u16()) {
            return Err(self.status_error(request, response).await);
        }
        Ok(response)
    }

    /// Runs an attempt until it succeeds, fails finally, has failed too often, or a document's time is over.
    pub(crate) async fn retry<T>(&self, request: &Request, attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
        self.retry_within(self.options().document_deadline, request, attempt).await
    }

    /// The same; `longest` is how long a single try may take, if that is longer than a document may.
    pub(crate) async fn retry_within<T>(
        &self,
        longest: Duration,
        request: &Request,
        attempt: impl AsyncFn() -> Result<T>,
    ) -> Result<T> {
        let deadline = self.options().document_deadline;
        let (mut failures, mut spent, mut paused) = (0, Duration::ZERO, Duration::ZERO);
        loop {
            let begun = tokio::time::Instant::now();
            let outcome = tokio::time::timeout(longest.saturating_sub(spent), attempt()).await;
            spent += begun.elapsed();
            let error = match outcome {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => error,
                Err(_) => return Err(request.overdue(longest)),
            };
            let pause = self.pause_after(failures, &error).filter(|pause| paused + *pause <= MAX_PAUSE);
            let Some(pause) = pause.filter(|_| spent < deadline) else { return Err(error) };
            tokio::time::sleep(pause).await;
            paused += pause;
            failures += 1;
        }
    }

    /// Gives something of several requests as long as a document.
    pub(crate) async fn in_time<T>(&self, request: &Request, all: impl Future<Output = Result<T>>) -> Result<T> {
        let deadline = self.options().document_deadline;
        tokio::time::timeout(deadline, all).await.unwrap_or_else(|_| Err(request.overdue(deadline)))
    }

    /// How long to wait after this failure; `None` if another try cannot help.
    pub(crate) fn pause_after(&self, failures: u32, error: &StoreError) -> Option<Duration> {
        if failures >= self.options().retries || !error.may_be_retried() {
            return None;
        }
        if let Some(asked) = error.retry_after() {
            return (asked <= MAX_PAUSE).then_some(asked);
        }
        let pause = self.options().retry_delay.saturating_mul(1 << failures.min(10)).min(MAX_PAUSE);
        // Half fixed and half random, so that many builds do not come back in step.
        let chance = (RandomState::new().hash_one(failures) % 1000) as u32;
        Some(pause / 2 + pause * chance / 2000)
    }

    /// The error of an answer, with the registry's own words.
    pub(crate) async fn status_error(&self, request: &Request, response: Response) -> StoreError {
        let status = response.status().as_u16();
        let asked = header(&response, RETRY_AFTER);
        let retry_after = asked.and_then(|text| pause_asked(&text, jiff::Timestamp::now()));
        let body = tokio::time::timeout(ERROR_PATIENCE, self.read_body(request, response, MAX_ERROR_BODY)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        StoreError::Status {
            method: request.method_name(),
            url: redact(&request.url),
            status,
            detail: registry_errors(&body),
            retry_after,
        }
    }

    /// How long a body may have taken when so much of it has arrived.
    pub(crate) fn document_patience(&self, bytes: u64) -> Duration {
        self.options().document_deadline + Duration::from_secs(bytes / MIN_RATE)
    }

    /// Reads a whole body of at most `limit` bytes.
    pub(crate) async fn read_body(&self, request: &Request, mut response: Response, limit: u64) -> Result<Vec<u8>> {
        let too_large = || StoreError::TooLarge { what: redact(&request.url), limit };
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        // A server that sends a byte at a time never falls silent and never ends.
        let begun = tokio::time::Instant::now();
        while let Some(chunk) = self.next_chunk(request, &mut response).await? {
            let patience = self.document_patience(body.len() as u64);
            if begun.elapsed() > patience {
                return Err(request.overdue(patience));
            }
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What a failure below HTTP means.
    fn transport_error(&self, request: &Request, cause: reqwest::Error) -> StoreError {
        request.transport_error(cause, self.options().proxied)
    }

    /// The next piece of a body.
    pub(crate) async fn next_chunk(&self, request: &Request, response: &mut Response) -> Result<Option<bytes::Bytes>> {
        let idle = self.options().idle_timeout;
        match tokio::time::timeout(idle, response.chunk()).await {
            Ok(chunk) => chunk.map_err(|cause| self.transport_error(request, cause)),
            Err(_) => Err(request.silence(idle)),
        }
    }
}

fn certificates(options: &HttpOptions) -> Result<Vec<Certificate>> {
    let mut all = Vec::new();
    for path in &options.ca_files {
        let pem = read_small(path, MAX_SETTINGS).map_err(StoreError::file(FileAction::Read, path))?;
        all.extend(Certificate::from_pem_bundle(&pem).map_err(|cause| StoreError::Client(cause.into()))?);
    }
    Ok(all)
}

/// `Retry-After` in either of its forms (RFC 9110, 10.2.3): how long to wait from `now` on.
pub(crate) fn pause_asked(text: &str, now: jiff::Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// `: CODE message; CODE message` from the body that the distribution spec asks for.
pub(crate) fn registry_errors(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else { return String::new() };
    let errors = value.get("errors").and_then(|errors| errors.as_array());
    let shown = |error: &serde_json::Value| {
        let text = |key| error.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        format!("{} {}", text("code"), text("message")).trim().to_owned()
    };
    let all: Vec<String> = errors.into_iter().flatten().map(shown).filter(|text| !text.is_empty()).collect();
    let joined: String = redacted(&all.join("; ")).chars().filter(|c| !c.is_control()).take(400).collect();
    if joined.is_empty() { joined } else { format!(": {joined}") }
}
