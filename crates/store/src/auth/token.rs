//! Authentication at a registry: basic, or by a bearer token for a scope.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;

use super::challenge::{Challenge, parse_challenges};
use super::logins::CredentialSources;
use crate::credentials::Credentials;
use crate::error::{Result, StoreError};
use crate::http::url::{authority, names_host, parse_url, plain_authority, redact};
use crate::http::{Http, Payload, Request};
use crate::sync::lock;

/// The longest answer of a token server.
const MAX_TOKEN: u64 = 1 << 20;

/// How long a token is valid if its server does not say (distribution's `spec/auth/token.md`).
const DEFAULT_LIFE: f64 = 60.0;

/// A token is not kept longer than a day.
const LONGEST_LIFE: f64 = 24.0 * 3600.0;

/// How many scopes of its own a registry may ask for.
const MAX_ASKED: usize = 16;

/// A right that a request needs: what to do, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    /// The registry's host as references write it.
    pub(crate) registry: String,
    /// The repository.
    pub(crate) repository: String,
    /// Whether to write as well.
    pub(crate) push: bool,
    /// Another repository of the registry, to mount from.
    pub(crate) mount_from: Option<String>,
}

impl Scope {
    /// The scopes to ask a token for: this one, and what the registry itself asked for.
    fn texts(&self, asked: &BTreeSet<String>) -> Vec<String> {
        let actions = if self.push { "pull,push" } else { "pull" };
        let own = format!("repository:{}:{actions}", self.repository);
        let mounted = self.mount_from.iter().map(|other| format!("repository:{other}:pull"));
        let mut texts: Vec<String> = std::iter::once(own).chain(mounted).collect();
        // For its own repository a request needs what it needs, whatever the registry says of other requests.
        let is_own = |scope: &str| texts.iter().any(|text| name_of(text) == name_of(scope));
        let further: Vec<&String> = asked.iter().filter(|scope| !is_own(scope)).collect();
        texts.extend(further.into_iter().cloned());
        texts
    }
}

/// What a scope is about: `repository:a` of `repository:a:pull,push`.
fn name_of(scope: &str) -> &str {
    scope.rsplit_once(':').map_or(scope, |(name, _)| name)
}

/// The headers that worked, by scope, and the challenges met, by registry.
#[derive(Default)]
pub(crate) struct Authorizer {
    sources: CredentialSources,
    state: Mutex<State>,
    /// Held while a token is fetched, so that blobs side by side do not each fetch their own.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    challenges: BTreeMap<String, Asked>,
    headers: BTreeMap<Scope, Proof>,
    /// The scopes that registries asked for themselves: some know a repository by another name than its clients.
    asked: BTreeMap<Scope, BTreeSet<String>>,
    /// What registries that were asked at `/v2/` said there.
    probed: BTreeMap<String, Option<Challenge>>,
}

/// A challenge, and how it came.
#[derive(Debug, Clone)]
struct Asked {
    challenge: Challenge,
    /// Whether the registry is spoken to without TLS, as the user decided.
    plain: bool,
}

/// A header, and when to get another one.
#[derive(Debug, Clone)]
struct Proof {
    header: HeaderValue,
    until: Option<Instant>,
}

impl Proof {
    fn holds(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Value,
    #[serde(default)]
    access_token: Value,
    #[serde(default)]
    expires_in: Value,
}

impl TokenAnswer {
    /// `token`, or the name that OAuth 2.0 has for it.
    fn token(&self) -> Option<String> {
        let texts = [&self.token, &self.access_token].into_iter().filter_map(Value::as_str).map(str::trim);
        texts.into_iter().find(|text| !text.is_empty()).map(str::to_owned)
    }

    /// In seconds: some servers write a text or a fraction, some nothing.
    fn life(&self) -> Duration {
        let number = self.expires_in.as_f64().or_else(|| self.expires_in.as_str()?.trim().parse().ok());
        let life = number.filter(|life| *life >= 1.0).unwrap_or(DEFAULT_LIFE);
        Duration::from_secs_f64(life.min(LONGEST_LIFE))
    }
}

impl Authorizer {
    pub(crate) fn new(sources: CredentialSources) -> Self {
        Self { sources, state: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Sends a request with what is known to satisfy the registry; after a 401, once more with what it asks for.
    pub(crate) async fn send(
        &self,
        http: &Http,
        scope: &Scope,
        request: &Request,
        sent: &dyn Fn(u64),
    ) -> Result<Response> {
        let known = self.state().headers.get(scope).cloned();
        let challenge = self.state().challenges.get(&scope.registry).cloned();
        let header = match (known, challenge) {
            (Some(known), _) if known.holds() => Some(known.header),
            // Also when a token is about to expire: a large upload must not outlive it.
            (known, Some(challenge)) => {
                self.authorize(http, scope, &challenge, known.as_ref().map(|known| &known.header)).await?
            }
            (_, None) => None,
        };
        let authorized = request.clone().secret_header(AUTHORIZATION, header.clone());
        let response = http.send_once(&authorized, sent).await?;
        // A redirect may have led to another host: what that one asks for is not for its ears.
        if response.url().origin() != request.url.origin() {
            return Ok(response);
        }
        let challenge = match response.status() {
            StatusCode::UNAUTHORIZED => pick_challenge(&response),
            _ => None,
        };
        let challenge = match challenge {
            Some(challenge) => {
                self.keep_scopes(scope, &challenge);
                Some(challenge)
            }
            None if header.is_none() => self.probe(http, scope, request, response.status()).await?,
            None => None,
        };
        let Some(challenge) = challenge else { return Ok(response) };
        let challenge = Asked { challenge, plain: request.url.scheme() == "http" };
        let Some(header) = self.authorize(http, scope, &challenge, header.as_ref()).await? else { return Ok(response) };
        http.send_once(&request.clone().secret_header(AUTHORIZATION, Some(header)), sent).await
    }

    /// Keeps the scopes that a challenge names.
    fn keep_scopes(&self, scope: &Scope, challenge: &Challenge) {
        let Some(texts) = challenge.parameters.get("scope") else { return };
        let mut state = self.state();
        let asked = state.asked.entry(scope.clone()).or_default();
        asked.extend(texts.split_ascii_whitespace().map(str::to_owned));
        while asked.len() > MAX_ASKED {
            asked.pop_last();
        }
    }

    /// Asks for a challenge where the distribution spec has it, at `/v2/`, once for each registry: some say no more to
    /// strangers than that there is nothing, or that they may not.
    async fn probe(
        &self,
        http: &Http,
        scope: &Scope,
        request: &Request,
        status: StatusCode,
    ) -> Result<Option<Challenge>> {
        let may_hide = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
            StatusCode::NOT_FOUND => self.sources.find(&scope.registry, &scope.repository)?.is_some(),
            _ => false,
        };
        if !may_hide {
            return Ok(None);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(known) = self.state().probed.get(&scope.registry) {
            return Ok(known.clone());
        }
        let mut root = request.url.clone();
        root.set_path("/v2/");
        root.set_query(None);
        let root = Request::get(root);
        // What goes wrong here is no answer to what was asked for.
        let answer = http.send_once(&root, &|_| {}).await.ok();
        let asks = |response: &Response| {
            response.status() == StatusCode::UNAUTHORIZED && response.url().origin() == root.url.origin()
        };
        let challenge = answer.filter(asks).as_ref().and_then(pick_challenge);
        self.state().probed.insert(scope.registry.clone(), challenge.clone());
        Ok(challenge)
    }

    /// Gets a header for the scope and keeps it; `None` if the registry asks for a password and the user has none.
    ///
    /// `refused` is the header that no longer works: if another thread has fetched a new one by now, that is used.
    async fn authorize(
        &self,
        http: &Http,
        scope: &Scope,
        asked: &Asked,
        refused: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>> {
        let _fetching = self.fetching.lock().await;
        let known = self.state().headers.get(scope).cloned().filter(Proof::holds);
        if let Some(known) = known.filter(|known| Some(&known.header) != refused) {
            return Ok(Some(known.header));
        }
        let credentials = self.sources.find(&scope.registry, &scope.repository)?;
        let texts = scope.texts(self.state().asked.get(scope).unwrap_or(&BTreeSet::new()));
        let proof = match (asked.challenge.scheme.as_str(), &credentials) {
            ("bearer", Some(Credentials::RegistryToken(token))) => {
                let header = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok();
                header.filter(|header| Some(header) != refused).map(|header| Proof { header, until: None })
            }
            ("bearer", _) => {
                let (token, life) = fetch_token(http, scope, &texts, asked, credentials.as_ref()).await?;
                // A part of its life is left for the request itself.
                let until = Instant::now().checked_add(life * 3 / 4);
                HeaderValue::from_str(&format!("Bearer {token}")).ok().map(|header| Proof { header, until })
            }
            _ => credentials.as_ref().and_then(Credentials::basic).map(|header| Proof { header, until: None }),
        };
        let mut state = self.state();
        state.challenges.insert(scope.registry.clone(), asked.clone());
        match proof.clone() {
            Some(proof) => state.headers.insert(scope.clone(), proof),
            None => state.headers.remove(scope),
        };
        Ok(proof.map(|proof| proof.header))
    }
}

/// The challenge to answer: bearer before basic, as docker does.
fn pick_challenge(response: &Response) -> Option<Challenge> {
    let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let all: Vec<Challenge> = headers.filter_map(|value| value.to_str().ok()).flat_map(parse_challenges).collect();
    let by_scheme = |scheme: &str| all.iter().find(|challenge| challenge.scheme == scheme).cloned();
    by_scheme("bearer").or_else(|| by_scheme("basic"))
}

/// The token server that a challenge names: over https, or over http if the registry itself is spoken to that way.
///
/// Anyone on the way can change an answer over plain http, and another port may be another user's program, so such a
/// realm must be at the registry's own host and port, or at one that the user named as insecure.
fn realm_of(http: &Http, scope: &Scope, asked: &Asked) -> Result<Url> {
    let error = |reason: String| StoreError::Credentials { registry: scope.registry.clone(), reason };
    let realm = asked.challenge.parameters.get("realm");
    let realm = parse_url(realm.ok_or_else(|| error("its challenge names no realm".to_owned()))?)?;
    if !realm.username().is_empty() || realm.password().is_some() {
        return Err(error(format!("the address of its token server {} has a user in it", redact(&realm))));
    }
    if realm.scheme() == "https" {
        return Ok(realm);
    }
    if !asked.plain {
        return Err(error(format!("its token server {} does not use https", redact(&realm))));
    }
    let host = authority(&realm);
    if names_host(&host, &http.options().insecure_hosts) || host == plain_authority(&scope.registry) {
        return Ok(realm);
    }
    Err(error(format!(
        "its token server {} is at another host or port and does not use https; \
         if the password may go there, add `--insecure-registry {host}`",
        redact(&realm)
    )))
}

/// Asks the token server that the challenge names (distribution's `spec/auth/token.md`, `oauth.md`).
async fn fetch_token(
    http: &Http,
    scope: &Scope,
    texts: &[String],
    asked: &Asked,
    credentials: Option<&Credentials>,
) -> Result<(String, Duration)> {
    let error = |reason: String| StoreError::Credentials { registry: scope.registry.clone(), reason };
    let realm = realm_of(http, scope, asked)?;
    let request = token_request(realm, texts, asked.challenge.parameters.get("service"), credentials);
    let (status, body) = http
        .retry(&request, async || {
            let response = http.send_once(&request, &|_| {}).await?;
            match response.status().as_u16() {
                status @ (200..=299 | 401 | 403) => Ok((status, http.read_body(&request, response, MAX_TOKEN).await?)),
                _ => Err(http.status_error(&request, response).await),
            }
        })
        .await?;
    match status {
        200..=299 => {}
        401 | 403 if credentials.is_none() => {
            return Err(error("found none, and the registry refuses anonymous access".to_owned()));
        }
        _ => return Err(error("refused by the registry's token server".to_owned())),
    }
    let answer: Option<TokenAnswer> = serde_json::from_slice(&body).ok();
    let token = answer.and_then(|answer| Some((answer.token()?, answer.life())));
    token.ok_or_else(|| request.answer_error("the answer holds no token"))
}

fn token_request(
    mut realm: Url,
    texts: &[String],
    service: Option<&String>,
    credentials: Option<&Credentials>,
) -> Request {
    if let Some(Credentials::IdentityToken { token, .. }) = credentials {
        let mut form = Url::parse("form:").expect("a scheme is a URL by itself");
        form.query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "shipwheel")
            .append_pair("service", service.map_or("", String::as_str))
            .append_pair("scope", &texts.join(" "))
            .append_pair("refresh_token", token.expose());
        let body = form.query().unwrap_or_default().to_owned();
        return Request::new(Method::POST, realm)
            .on_one_host()
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .payload(Payload::Bytes(Bytes::from(body)));
    }
    {
        let mut query = realm.query_pairs_mut();
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        for text in texts {
            query.append_pair("scope", text);
        }
    }
    Request::get(realm).on_one_host().secret_header(AUTHORIZATION, credentials.and_then(Credentials::basic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_as_long_as_its_server_says_within_a_day() {
        for (answer, seconds) in [
            (r#"{"token":"t"}"#, 60.0),
            (r#"{"token":"t","expires_in":null}"#, 60.0),
            (r#"{"token":"t","expires_in":300}"#, 300.0),
            (r#"{"token":"t","expires_in":1}"#, 1.0),
            (r#"{"token":"t","expires_in":1.5}"#, 1.5),
            (r#"{"token":"t","expires_in":0.9}"#, 60.0),
            (r#"{"token":"t","expires_in":-5}"#, 60.0),
            (r#"{"token":"t","expires_in":" 90 "}"#, 90.0),
            (r#"{"token":"t","expires_in":"soon"}"#, 60.0),
            (r#"{"token":"t","expires_in":"NaN"}"#, 60.0),
            (r#"{"token":"t","expires_in":"inf"}"#, 86_400.0),
            (r#"{"token":"t","expires_in":86399}"#, 86_399.0),
            (r#"{"token":"t","expires_in":1e300}"#, 86_400.0),
        ] {
            let parsed: TokenAnswer = serde_json::from_str(answer).unwrap();
            assert_eq!(parsed.life(), Duration::from_secs_f64(seconds), "{answer}");
        }
    }

    #[test]
    fn a_scope_names_what_is_written_and_what_is_mounted() {
        let scope = |push, mount_from: Option<&str>| Scope {
            registry: "r.example".to_owned(),
            repository: "a/b".to_owned(),
            push,
            mount_from: mount_from.map(str::to_owned),
        };
        let none = BTreeSet::new();
        assert_eq!(scope(false, None).texts(&none), ["repository:a/b:pull"]);
        assert_eq!(scope(true, None).texts(&none), ["repository:a/b:pull,push"]);
        let mounted = ["repository:a/b:pull,push", "repository:c:pull"];
        assert_eq!(scope(true, Some("c")).texts(&none), mounted);
        // What the registry asks for of the same repositories adds nothing, whatever it wants there.
        let asked = ["repository:c:pull,push", "repository:a/b:delete", "repository:a:pull"].map(str::to_owned).into();
        assert_eq!(scope(true, Some("c")).texts(&asked), [&mounted[..], &["repository:a:pull"]].concat());
    }

    #[test]
    fn a_proof_holds_until_its_time() {
        let header = HeaderValue::from_static("Bearer t");
        let proof = |until| Proof { header: header.clone(), until };
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        assert!(proof(None).holds() && proof(now.checked_add(minute)).holds());
        assert!(!proof(Some(now)).holds());
    }
}
