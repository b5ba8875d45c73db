//! Authentication at a registry: basic, or by a bearer token for a scope.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Response, Url};
use serde::Deserialize;

use super::challenge::{Challenge, parse_challenges};
use super::logins::CredentialSources;
use crate::credentials::Credentials;
use crate::error::{Result, StoreError};
use crate::http::url::{authority, is_same_host, may_be_plain, names_host, parse_url, redact};
use crate::http::{Http, Payload, Request};
use crate::sync::lock;

/// The longest answer of a token server.
const MAX_TOKEN: u64 = 1 << 20;

/// How long a token is valid if its server does not say (distribution's `spec/auth/token.md`).
const DEFAULT_LIFE: u64 = 60;

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
    fn texts(&self) -> Vec<String> {
        let actions = if self.push { "pull,push" } else { "pull" };
        let own = format!("repository:{}:{actions}", self.repository);
        std::iter::once(own).chain(self.mount_from.iter().map(|other| format!("repository:{other}:pull"))).collect()
    }
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
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
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
        if response.status() != reqwest::StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        // A redirect may have led to another host: what that one asks for is not for its ears.
        if response.url().origin() != request.url.origin() {
            return Ok(response);
        }
        let Some(challenge) = pick_challenge(&response) else { return Ok(response) };
        let challenge = Asked { challenge, plain: request.url.scheme() == "http" };
        let Some(header) = self.authorize(http, scope, &challenge, header.as_ref()).await? else { return Ok(response) };
        http.send_once(&request.clone().secret_header(AUTHORIZATION, Some(header)), sent).await
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
        let proof = match asked.challenge.scheme.as_str() {
            "bearer" => {
                let (token, life) = fetch_token(http, scope, asked, credentials.as_ref()).await?;
                // A part of its life is left for the request itself.
                let until = Instant::now().checked_add(life.saturating_mul(3) / 4);
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
/// Anyone on the way can change an answer over plain http, so such a realm must be on the registry's own host, or on
/// one that the user named as insecure.
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
    let is_named = names_host(&host, &http.options().insecure_hosts);
    if is_named || (may_be_plain(&host, &http.options().insecure_hosts) && is_same_host(&host, &scope.registry)) {
        return Ok(realm);
    }
    Err(error(format!("its token server {} is on another host and does not use https", redact(&realm))))
}

/// Asks the token server that the challenge names (distribution's `spec/auth/token.md`, `oauth.md`).
async fn fetch_token(
    http: &Http,
    scope: &Scope,
    asked: &Asked,
    credentials: Option<&Credentials>,
) -> Result<(String, Duration)> {
    let error = |reason: String| StoreError::Credentials { registry: scope.registry.clone(), reason };
    let realm = realm_of(http, scope, asked)?;
    let request = token_request(realm, scope, asked.challenge.parameters.get("service"), credentials);
    let (status, body) = http
        .retry(&request, async || {
            let response = http.send_once(&request, &|_| {}).await?;
            match response.status().as_u16() {
                status @ (200 | 401 | 403) => Ok((status, http.read_body(&request, response, MAX_TOKEN).await?)),
                _ => Err(http.status_error(&request, response).await),
            }
        })
        .await?;
    match status {
        200 => {}
        401 | 403 if credentials.is_none() => {
            return Err(error("found none, and the registry refuses anonymous access".to_owned()));
        }
        _ => return Err(error("refused by the registry's token server".to_owned())),
    }
    let answer: Option<TokenAnswer> = serde_json::from_slice(&body).ok();
    let life = answer.as_ref().and_then(|answer| answer.expires_in).filter(|life| *life > 0).unwrap_or(DEFAULT_LIFE);
    let token = answer.and_then(|answer| answer.token.filter(|token| !token.is_empty()).or(answer.access_token));
    let life = Duration::from_secs(life.min(24 * 3600));
    token.map(|token| (token, life)).ok_or_else(|| request.answer_error("the answer holds no token"))
}

fn token_request(
    mut realm: Url,
    scope: &Scope,
    service: Option<&String>,
    credentials: Option<&Credentials>,
) -> Request {
    if let Some(Credentials::IdentityToken(token)) = credentials {
        let mut form = Url::parse("form:").expect("a scheme is a URL by itself");
        form.query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "shipwheel")
            .append_pair("service", service.map_or("", String::as_str))
            .append_pair("scope", &scope.texts().join(" "))
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
        for text in scope.texts() {
            query.append_pair("scope", &text);
        }
    }
    Request::get(realm).on_one_host().secret_header(AUTHORIZATION, credentials.and_then(Credentials::basic))
}
