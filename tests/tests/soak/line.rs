//! A registry with honest storage behind a line that is not: some of its answers are wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shipwheel_loopback::{Contents, Received, Reply, Script, Server};

use crate::chance::Chance;
use crate::fault::{Fault, Meeting};

pub(crate) const USER: &str = "captain";
pub(crate) const PASSWORD: &str = "open-sesame-soak";
/// What the token server gives; as secret as the password.
pub(crate) const TOKEN: &str = "soak-token-of-the-harbor";

/// Who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Anyone,
    Password,
    Token,
}

/// What the line does during one try.
pub(crate) struct Weather {
    pub(crate) contents: Contents,
    pub(crate) access: Access,
    pub(crate) chance: Chance,
    /// A fault meets one in so many requests; zero for none.
    pub(crate) one_in: usize,
    /// Whether the client may be told that something is there or done that is not.
    pub(crate) has_lies: bool,
    /// What the names of the repositories of this try begin with: requests of tries before are refused.
    pub(crate) repositories: String,
}

struct State {
    weather: Weather,
    happened: Vec<Fault>,
    /// Where credentials arrived that they are not for.
    leaked: Vec<String>,
}

/// The registry, and a second host that is none of its own.
pub(crate) struct Line {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
    _servers: [Server; 2],
}

struct Host {
    is_own: bool,
    elsewhere: String,
    address: String,
    state: Arc<Mutex<State>>,
}

/// How the password is sent.
fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    pub(crate) fn start() -> Self {
        let [own, other] = [Server::bind(), Server::bind()];
        let [address, elsewhere] = [&own, &other].map(|it| it.local_addr().unwrap().to_string());
        let weather = Weather {
            contents: Contents::default(),
            access: Access::Anyone,
            chance: Chance::new(0, 0),
            one_in: 0,
            has_lies: false,
            repositories: "none".to_owned(),
        };
        let state = State { weather, happened: Vec::new(), leaked: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let host =
            |is_own| Host { is_own, elsewhere: elsewhere.clone(), address: address.clone(), state: state.clone() };
        let servers = [Server::listen(own, host(true)), Server::listen(other, host(false))];
        Self { address, state, _servers: servers }
    }

    /// Begins a try.
    pub(crate) fn begin(&self, weather: Weather) {
        let mut state = lock(&self.state);
        state.weather = weather;
        state.happened.clear();
        state.leaked.clear();
    }

    /// From here on all is well.
    pub(crate) fn clear_up(&self) {
        lock(&self.state).weather.one_in = 0;
    }

    /// Looks at what is stored.
    pub(crate) fn contents<T>(&self, look: impl FnOnce(&Contents) -> T) -> T {
        look(&lock(&self.state).weather.contents)
    }

    pub(crate) fn happened(&self) -> Vec<Fault> {
        lock(&self.state).happened.clone()
    }

    pub(crate) fn leaked(&self) -> Vec<String> {
        lock(&self.state).leaked.clone()
    }
}

impl Script for Host {
    fn is_logged(&self) -> bool {
        false
    }

    /// Some bodies are broken off.
    fn limit(&self, head: &Received) -> u64 {
        let mut state = lock(&self.state);
        let one_in = state.weather.one_in;
        if head.announced == 0 || one_in == 0 || !state.weather.chance.one_in(2 * one_in) {
            return u64::MAX;
        }
        state.happened.push(Fault::BreaksRequest);
        state.weather.chance.next() % head.announced
    }

    fn answer(&self, received: &Received, _: usize) -> Option<Reply> {
        let mut state = lock(&self.state);
        let authorization = received.header("authorization");
        if !self.is_own && (authorization == basic() || authorization.contains(TOKEN)) {
            state.leaked.push(format!("{} has `{authorization}`", received.line()));
        }
        if !received.is_whole() {
            return state.broken_off(received);
        }
        let fault = state.fault();
        if received.path() == "/token" {
            return self.token(&mut state, received, fault);
        }
        if !received.path().starts_with(&format!("/v2/{}", state.weather.repositories)) {
            return Some(Reply::error(404, "NAME_UNKNOWN"));
        }
        if let Some(challenge) = self.challenge(&state, received, fault == Some(Fault::AsksAgain)) {
            return Some(challenge);
        }
        let Weather { contents, chance, .. } = &mut state.weather;
        match fault {
            Some(fault) => Meeting { received, contents, chance, elsewhere: &self.elsewhere }.answer(fault),
            None => Some(contents.answer(received)),
        }
    }
}

impl Host {
    fn token(&self, state: &mut State, received: &Received, fault: Option<Fault>) -> Option<Reply> {
        let token = match received.header("authorization") == basic() {
            true => Reply::new(200).body(json!({ "token": TOKEN }).to_string()),
            false => Reply::error(401, "UNAUTHORIZED"),
        };
        let Some(fault) = fault else { return Some(token) };
        // The registry's faults, but what is well is a token.
        let mut nothing = Contents::default();
        let chance = &mut state.weather.chance;
        let reply = Meeting { received, contents: &mut nothing, chance, elsewhere: &self.elsewhere }.answer(fault)?;
        Some(if reply.status() == 404 { token } else { reply })
    }

    /// What a request without the right credentials gets.
    fn challenge(&self, state: &State, received: &Received, anew: bool) -> Option<Reply> {
        let authorization = received.header("authorization");
        let (is_known, challenge) = match state.weather.access {
            Access::Anyone => return None,
            Access::Password => (authorization == basic(), "Basic realm=\"harbor\"".to_owned()),
            Access::Token => (
                authorization == format!("Bearer {TOKEN}"),
                format!("Bearer realm=\"http://{}/token\",service=\"harbor\"", self.address),
            ),
        };
        // Uploads that were sent elsewhere come without credentials, and may.
        let is_let_in = !self.is_own || (is_known && !anew);
        (!is_let_in).then(|| Reply::error(401, "UNAUTHORIZED").header("WWW-Authenticate", challenge))
    }
}

impl State {
    /// Whether something goes wrong with this request, and what.
    fn fault(&mut self) -> Option<Fault> {
        let Weather { chance, one_in, has_lies, .. } = &mut self.weather;
        if *one_in == 0 || !chance.one_in(*one_in) {
            return None;
        }
        let choice = if *has_lies { &Fault::ALL[..] } else { &Fault::ALL[..Fault::HONEST] };
        // It takes long, so it is rare.
        let fault = Some(chance.pick(choice)).filter(|fault| *fault != Fault::Silent || chance.one_in(4));
        let fault = fault.unwrap_or(Fault::LosesAnswer);
        self.happened.push(fault);
        Some(fault)
    }

    /// A body of which only a part came: it may stay, where it is the next part of an upload.
    fn broken_off(&mut self, received: &Received) -> Option<Reply> {
        let Weather { contents, chance, .. } = &mut self.weather;
        let start = received.header("content-range").split('-').next().and_then(|start| start.parse().ok());
        let id = received.last_segment();
        let fits = contents.upload_length(id).is_some_and(|length| length == start.unwrap_or(0));
        if fits && received.path().contains("/uploads/") && chance.one_in(2) {
            contents.append(id, &received.body);
        }
        chance.one_in(3).then(|| Reply::error(chance.pick(&[413, 500, 503]), "UNKNOWN"))
    }
}
