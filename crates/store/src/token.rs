//! What proves to a registry who one is: basic authentication, or a bearer token for a scope.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Response, Url};
use serde::Deserialize;

use crate::auth::{CredentialSources, Credentials};
use crate::challenge::{Challenge, parse_challenges};
use crate::error::{Result, StoreError};
use crate::http::Http;
use crate::request::{Payload, Request};
use crate::url::{authority, may_be_plain, parse_url, redact};

/// No token is longer than this.
const LARGEST_TOKEN: u64 = 1 << 20;

/// What one wants to do, and where.
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
}

#[derive(Default)]
struct State {
    challenges: BTreeMap<String, Challenge>,
    headers: BTreeMap<Scope, HeaderValue>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Authorizer {
    pub(crate) fn new(sources: CredentialSources) -> Self {
        Self { sources, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Maps of finished values: whoever panicked left them whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
            (Some(header), _) => Some(header),
            (None, Some(challenge)) => self.authorize(http, scope, &challenge).await?,
            (None, None) => None,
        };
        let authorized = request.clone().secret_header(AUTHORIZATION, header);
        let response = http.send_once(&authorized, sent).await?;
        if response.status() != reqwest::StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(challenge) = pick_challenge(&response) else { return Ok(response) };
        let Some(header) = self.authorize(http, scope, &challenge).await? else { return Ok(response) };
        http.send_once(&request.clone().secret_header(AUTHORIZATION, Some(header)), sent).await
    }

    /// Gets a header for the scope and keeps it; none if the registry asks for a password and there is none.
    async fn authorize(&self, http: &Http, scope: &Scope, challenge: &Challenge) -> Result<Option<HeaderValue>> {
        let credentials = self.sources.find(&scope.registry, &scope.repository)?;
        let header = match challenge.scheme.as_str() {
            "bearer" => {
                let token = fetch_token(http, scope, challenge, credentials.as_ref()).await?;
                HeaderValue::from_str(&format!("Bearer {token}")).ok()
            }
            _ => credentials.as_ref().and_then(Credentials::basic),
        };
        let mut state = self.state();
        state.challenges.insert(scope.registry.clone(), challenge.clone());
        match &header {
            Some(header) => state.headers.insert(scope.clone(), header.clone()),
            None => state.headers.remove(scope),
        };
        Ok(header)
    }
}

/// The challenge to answer: bearer before basic, as docker does.
fn pick_challenge(response: &Response) -> Option<Challenge> {
    let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let all: Vec<Challenge> = headers.filter_map(|value| value.to_str().ok()).flat_map(parse_challenges).collect();
    let by_scheme = |scheme: &str| all.iter().find(|challenge| challenge.scheme == scheme).cloned();
    by_scheme("bearer").or_else(|| by_scheme("basic"))
}

/// Asks the token server that the challenge names (distribution's `spec/auth/token.md`, `oauth.md`).
async fn fetch_token(
    http: &Http,
    scope: &Scope,
    challenge: &Challenge,
    credentials: Option<&Credentials>,
) -> Result<String> {
    let error = |reason: String| StoreError::Credentials { registry: scope.registry.clone(), reason };
    let realm = challenge.parameters.get("realm").ok_or_else(|| error("its challenge names no realm".to_owned()))?;
    let realm = parse_url(realm)?;
    if realm.scheme() != "https" && !may_be_plain(&authority(&realm), &http.options().insecure_hosts) {
        return Err(error(format!("its token server {} does not speak https", redact(&realm))));
    }
    let request = token_request(realm, scope, challenge.parameters.get("service"), credentials);
    let response = http.retry(async || http.send_once(&request, &|_| {}).await).await?;
    match response.status().as_u16() {
        200 => {}
        401 | 403 if credentials.is_none() => {
            return Err(error("none found, and anonymous access is refused".to_owned()));
        }
        401 | 403 => return Err(error("refused by the registry's token server".to_owned())),
        _ => return Err(http.status_error(&request, response).await),
    }
    let body = http.read_body(&request, response, LARGEST_TOKEN).await?;
    let answer: Option<TokenAnswer> = serde_json::from_slice(&body).ok();
    let token = answer.and_then(|answer| answer.token.filter(|token| !token.is_empty()).or(answer.access_token));
    token.ok_or_else(|| request.answer_error("the answer holds no token"))
}

fn token_request(
    mut realm: Url,
    scope: &Scope,
    service: Option<&String>,
    credentials: Option<&Credentials>,
) -> Request {
    if let Some(Credentials::IdentityToken(token)) = credentials {
        let mut form = Url::parse("form:").expect("a scheme alone is a URL");
        form.query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "shipwheel")
            .append_pair("service", service.map_or("", String::as_str))
            .append_pair("scope", &scope.texts().join(" "))
            .append_pair("refresh_token", token.expose());
        let body = form.query().unwrap_or_default().to_owned();
        return Request::new(Method::POST, realm)
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
    Request::get(realm).secret_header(AUTHORIZATION, credentials.and_then(Credentials::basic))
}
