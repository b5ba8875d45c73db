//! Where a program listens that serves itself: `app.run(host=…, port=…)` and its like.

use crate::derive::code::{Call, Code, Value};
use crate::derive::start::framework::made;

/// A way to listen.
struct Listener {
    /// The method or function.
    name: &'static str,
    /// The module that it is from; empty for a method of an application.
    module: &'static str,
    /// The keywords of host and port.
    keywords: (&'static str, &'static str),
    /// The places of host and port among the other arguments, where that is one of them.
    places: (Option<usize>, Option<usize>),
    port: Option<u16>,
    /// Whether it listens on the loopback interface alone where no host is given.
    is_loopback: bool,
}

const fn listener(name: &'static str, module: &'static str, port: u16, is_loopback: bool) -> Listener {
    Listener { name, module, keywords: ("host", "port"), places: (None, None), port: Some(port), is_loopback }
}

const LISTENERS: [Listener; 17] = [
    listener("run", "uvicorn", 8000, true),
    listener("run_app", "aiohttp", 8080, false),
    listener("serve", "waitress", 8080, false),
    listener("run", "nicegui", 8080, false),
    listener("run", "bottle", 8080, true),
    listener("run_simple", "werkzeug", 5000, true),
    listener("serve", "websockets", 8765, false),
    listener("start_server", "asyncio", 8000, false),
    Listener { keywords: ("server_name", "server_port"), ..listener("launch", "", 7860, true) },
    Listener { port: None, places: (None, Some(0)), ..listener("listen", "", 8888, false) },
    Listener { port: None, places: (None, Some(0)), ..listener("start_http_server", "prometheus_client", 0, false) },
    listener("run", "flask", 5000, true),
    listener("run", "quart", 5000, true),
    listener("run", "dash", 8050, true),
    listener("run_server", "dash", 8050, true),
    listener("run", "sanic", 8000, true),
    listener("run", "socketio", 5000, true),
];

/// Where a program listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listening {
    pub(super) port: Option<u16>,
    /// Whether nothing outside of the container reaches it.
    pub(super) is_loopback: bool,
    /// What it calls, as it is written.
    pub(super) call: String,
}

/// Where a module listens when it is run.
pub(super) fn listening(code: &Code) -> Option<Listening> {
    code.calls.iter().find_map(|call| of_call(code, call)).or_else(|| grpc(code)).or_else(|| http_server(code))
}

fn of_call(code: &Code, call: &Call) -> Option<Listening> {
    let listener = LISTENERS.iter().find(|it| it.name == call.name() && is_from(it, code, call))?;
    let value = |keyword: &str, place: Option<usize>| {
        call.keyword(keyword).or_else(|| place.and_then(|place| call.positional(place)))
    };
    let (host, port) = (value(listener.keywords.0, listener.places.0), value(listener.keywords.1, listener.places.1));
    let is_loopback = match host {
        Some(Value::Text(host)) => is_loopback(host),
        Some(Value::Name(_) | Value::Number(_) | Value::Other) => false,
        None => listener.is_loopback,
    };
    let port = match port {
        Some(port) => port.port().or_else(|| code.port_variable().flatten()),
        None => listener.port,
    };
    Some(Listening { port, is_loopback, call: call.written.clone() })
}

/// Whether a call is of a module, or of an application that the module made.
fn is_from(listener: &Listener, code: &Code, call: &Call) -> bool {
    let root = call.full.split('.').next().unwrap_or_default();
    match (listener.module, listener.name) {
        ("", "launch") => code.imports.contains("gradio"),
        ("", _) => code.imports.contains("tornado"),
        (module, _) if root == module => true,
        (module, _) => {
            let object = call.written.split('.').next().unwrap_or_default();
            let is_made = |of: &Call| made(code, of).is_some_and(|made| made.framework.module == module);
            let is_socket = |of: &Call| module == "socketio" && of.name() == "SocketIO";
            code.made.iter().any(|(name, of)| name == object && (is_made(of) || is_socket(of)))
                || call.written.contains('.')
                    && code.functions.values().any(|function| function.calls.iter().any(is_made))
                    && code.imports.contains(module)
                    && ["app", "application"].contains(&object)
        }
    }
}

/// Whether an address is reached from inside of the container alone.
pub(super) fn is_loopback(host: &str) -> bool {
    ["127.0.0.1", "localhost", "::1", "[::1]"].contains(&host)
}

/// `server.add_insecure_port("[::]:50051")`.
fn grpc(code: &Code) -> Option<Listening> {
    let adds = |call: &&Call| ["add_insecure_port", "add_secure_port"].contains(&call.name());
    let call = code.calls.iter().find(adds).filter(|_| code.imports.contains("grpc"))?;
    let (host, port) = match call.text(0).and_then(|address| address.rsplit_once(':')) {
        Some((host, port)) => (host, port.parse().ok()),
        None => ("", code.port_variable().flatten()),
    };
    Some(Listening { port, is_loopback: is_loopback(host), call: call.written.clone() })
}

/// `HTTPServer(("", 8000), Handler)`: the address is not literal for [`Call`], but the two values are.
fn http_server(code: &Code) -> Option<Listening> {
    let call = code.calls.iter().find(|call| call.name().ends_with("HTTPServer") || call.name() == "make_server")?;
    let port = call.port(1).or_else(|| code.port_variable().flatten());
    let is_loopback = call.text(0).is_some_and(is_loopback);
    Some(Listening { port, is_loopback, call: call.written.clone() })
}
