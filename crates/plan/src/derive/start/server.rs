//! The servers of web applications, and the commands that serve on all interfaces.

use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::start::framework::Interface;

/// A server of web applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// gunicorn with uvicorn's workers.
    GunicornAsgi,
    Uvicorn,
    Gunicorn,
    Hypercorn,
    Granian,
    Daphne,
    Waitress,
    Uwsgi,
    Sanic,
}

/// What is served.
pub(super) struct Served<'a> {
    /// `package.main:app`.
    pub(super) name: &'a str,
    /// Whether it is a function that makes the application.
    pub(super) is_factory: bool,
    pub(super) interface: Interface,
    pub(super) port: u16,
}

impl Server {
    /// Every server, the preferred first.
    pub(super) const ALL: [Self; 9] = [
        Self::Sanic,
        Self::GunicornAsgi,
        Self::Uvicorn,
        Self::Gunicorn,
        Self::Hypercorn,
        Self::Granian,
        Self::Daphne,
        Self::Waitress,
        Self::Uwsgi,
    ];

    /// Whether it serves applications of an interface; Sanic serves its own alone.
    pub(super) const fn serves(self, interface: Interface) -> bool {
        match self {
            Self::GunicornAsgi | Self::Uvicorn | Self::Daphne => matches!(interface, Interface::Asgi),
            Self::Gunicorn | Self::Waitress | Self::Uwsgi => matches!(interface, Interface::Wsgi),
            Self::Hypercorn | Self::Granian => matches!(interface, Interface::Asgi | Interface::Wsgi),
            Self::Sanic => false,
        }
    }

    /// The servers of an interface, the preferred first.
    pub(super) fn of(interface: Interface) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |server| server.serves(interface))
    }

    /// The distributions that it needs, of each row any.
    pub(super) const fn distributions(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::GunicornAsgi => &[&["gunicorn"], &["uvicorn", "uvicorn-worker"]],
            Self::Uvicorn => &[&["uvicorn"]],
            Self::Hypercorn => &[&["hypercorn"]],
            Self::Granian => &[&["granian"]],
            Self::Daphne => &[&["daphne"]],
            Self::Gunicorn => &[&["gunicorn"]],
            Self::Waitress => &[&["waitress"]],
            Self::Uwsgi => &[&["uwsgi", "pyuwsgi"]],
            Self::Sanic => &[&["sanic"]],
        }
    }

    /// Its name in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::GunicornAsgi => "gunicorn with uvicorn's workers",
            other => other.distributions()[0][0],
        }
    }

    /// Whether the lock has it.
    pub(super) fn is_locked(self, known: &Known<'_>) -> bool {
        self.distributions().iter().all(|any| any.iter().any(|name| known.depends_on(name)))
    }

    /// What serves on all interfaces; `None` where the server takes no factories.
    pub(super) fn entry(self, known: &Known<'_>, served: &Served<'_>) -> Option<Entry> {
        let Served { name, is_factory, interface, port } = *served;
        let called = if is_factory { format!("{name}()") } else { name.to_owned() };
        let (bind, text) = (format!("0.0.0.0:{port}"), port.to_string());
        let worker = if known.depends_on("uvicorn-worker") { "uvicorn_worker" } else { "uvicorn.workers" };
        let worker = format!("{worker}.UvicornWorker");
        let factory = is_factory.then_some("--factory");
        let words: Vec<&str> = match self {
            Self::GunicornAsgi => vec!["gunicorn", &called, "--worker-class", &worker],
            Self::Gunicorn => vec!["gunicorn", &called],
            Self::Uvicorn => {
                ["uvicorn"].into_iter().chain(factory).chain([name, "--host", "0.0.0.0", "--port", &text]).collect()
            }
            Self::Hypercorn => vec!["hypercorn", "--bind", &bind, &called],
            Self::Granian => {
                let interface = if interface == Interface::Asgi { "asgi" } else { "wsgi" };
                let start = ["granian", "--interface", interface].into_iter().chain(factory);
                start.chain(["--host", "0.0.0.0", "--port", &text, name]).collect()
            }
            Self::Daphne if is_factory => return None,
            Self::Daphne => vec!["daphne", "--bind", "0.0.0.0", "--port", &text, name],
            Self::Waitress if is_factory => vec!["waitress-serve", "--port", &text, "--call", name],
            Self::Waitress => vec!["waitress-serve", "--port", &text, name],
            Self::Uwsgi => vec!["uwsgi", "--http", &bind, "--master", "--die-on-term", "--module", &called],
            Self::Sanic => {
                ["sanic", name].into_iter().chain(factory).chain(["--host", "0.0.0.0", "--port", &text]).collect()
            }
        };
        let entry = Entry::new(&words, "").at_port(Some(port));
        // gunicorn listens on all interfaces at PORT where that is set.
        Some(if matches!(self, Self::Gunicorn | Self::GunicornAsgi) { entry.with("PORT", port) } else { entry })
    }
}
