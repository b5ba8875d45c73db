//! Web applications by the conventions of their frameworks, behind a server that the lock has.

use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::start::application::{Application, applications};
use crate::derive::start::django;
use crate::derive::start::framework::Interface;
use crate::derive::start::program;
use crate::derive::start::search::{Found, Search};
use crate::derive::start::server::{Served, Server};

/// The port of applications that say nothing else.
pub(super) const PORT: u16 = 8000;

/// Finds a web application with a server for it, or one that serves itself.
pub(super) fn find(known: &Known<'_>, search: &mut Search) -> Found {
    let found = applications(known);
    if found.is_empty() {
        search.looked_for.push(
            "an ASGI or WSGI application (FastAPI, Starlette, Flask, Django, …) in a module or a package".to_owned(),
        );
        return Found::Nothing;
    }
    let (usable, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.required.is_empty());
    let served = |application: &Application| served(known, application);
    let own = |application: &Application| serves_itself(known, application);
    for serve in [&served as &dyn Fn(&Application) -> Option<Entry>, &own] {
        let first = usable.iter().find_map(|it| Some((it.rank, serve(it)?)));
        if let Some((rank, _)) = first {
            return Found::of(usable.iter().filter(|it| it.rank == rank).filter_map(serve).collect());
        }
    }
    usable.iter().for_each(|it| search.unserved.push(it.module.file.clone()));
    // Django makes a module for either interface; most deploy the WSGI one.
    let is_django_wsgi = |it: &&Application| it.framework.name == "Django" && it.interface == Interface::Wsgi;
    let first = usable.first().map(|first| match first.framework.name {
        "Django" => usable.iter().find(is_django_wsgi).unwrap_or(first),
        _ => first,
    });
    if let Some(first) = first {
        unserved(known, first, search);
    }
    others.iter().for_each(|it| needs_arguments(known, it, search));
    Found::Nothing
}

/// The server that the lock has for an application.
fn server_of(known: &Known<'_>, application: &Application) -> Option<Server> {
    let own = Some(Server::Sanic).filter(|it| application.framework.name == "Sanic" && it.is_locked(known));
    own.or_else(|| Server::of(application.interface).find(|server| server.is_locked(known)))
}

fn served(known: &Known<'_>, application: &Application) -> Option<Entry> {
    let server = server_of(known, application)?;
    let listening = application.listening.as_ref().filter(|it| it.call.starts_with("uvicorn."));
    let port = listening.and_then(|it| it.port).filter(|port| *port >= 1024).unwrap_or(PORT);
    let name = match (application.is_inside(), server) {
        (false, _) => application.reference(),
        // The others take a name without dots.
        (true, Server::Waitress | Server::Granian) => format!("{}.server", application.reference()),
        (true, _) => return None,
    };
    let served = Served { name: &name, is_factory: application.is_factory, interface: application.interface, port };
    let mut entry = server.entry(known, &served)?;
    entry.reason = format!("an application made by {}, and {} is locked", application.made_by, server.name());
    django::complete(known, application, &mut entry);
    place(known, application, &mut entry);
    Some(entry)
}

/// Where an application is imported from.
fn place(known: &Known<'_>, application: &Application, entry: &mut Entry) {
    let module = &application.module;
    program::place(known, &module.file, &module.root, entry);
}

/// A program that serves its application by itself: `app.run(host="0.0.0.0")`.
fn serves_itself(known: &Known<'_>, application: &Application) -> Option<Entry> {
    let listening = application.listening.as_ref()?;
    let file = &application.module.file;
    let advice = format!("lock {} to put it behind a server", first_server(application.interface));
    if application.framework.name == "Flask" && listening.is_loopback {
        let port = listening.port.unwrap_or(5000).to_string();
        let words = ["flask", "--app", &application.reference(), "run", "--host", "0.0.0.0", "--port", port.as_str()];
        let reason = format!("{file} runs Flask's own server, here on all interfaces; {advice}");
        let mut entry = Entry::new(&words, reason).at_port(port.parse().ok());
        place(known, application, &mut entry);
        return Some(entry);
    }
    let mut entry = program::of_file(known, file, format!("{file} serves its application by itself; {advice}"));
    if application.framework.name == "Dash" && listening.is_loopback {
        entry = entry.with("HOST", "0.0.0.0");
        entry.notes.clear();
    }
    Some(entry)
}

const fn first_server(interface: Interface) -> &'static str {
    match interface {
        Interface::Asgi => "uvicorn",
        Interface::Wsgi => "gunicorn",
    }
}

/// Says that an application has no server.
fn unserved(known: &Known<'_>, application: &Application, search: &mut Search) {
    let servers: Vec<&str> = Server::of(application.interface).map(Server::name).collect();
    let (name, file) = (application.reference(), &application.module.file);
    search.looked_for.push(format!(
        "a server for {name} ({}) among the locked dependencies: {}",
        application.made_by,
        servers.join(", ")
    ));
    let server = first_server(application.interface);
    let development = development(known, application);
    let typed = development.as_ref().map(Entry::typed).unwrap_or_default();
    search.development = search.development.take().or(development);
    search.advice = Some(match (application.framework.name, application.is_inside()) {
        ("Django", _) if known.has("manage.py") => format!(
            "add {server} to the dependencies and lock them again; for Django's development server: `--cmd \"{typed}\"`"
        ),
        ("Dash", true) => format!(
            "add `server = {}.server` to {file} and {server} to the dependencies, and lock them again",
            application.object
        ),
        ("Flask", _) => format!(
            "add {server} to the dependencies and lock them again; for Flask's development server: `--cmd \"{typed}\"`"
        ),
        _ => format!("add {server} to the dependencies and lock them again"),
    });
}

/// What serves an application while it is written.
fn development(known: &Known<'_>, application: &Application) -> Option<Entry> {
    let reason = format!("the development server of {}, as no other one is locked", application.framework.name);
    let name = application.reference();
    match application.framework.name {
        "Django" if known.has("manage.py") => {
            let address = format!("0.0.0.0:{PORT}");
            Some(Entry::new(&["python3", "manage.py", "runserver", &address, "--noreload"], reason))
        }
        "Flask" => Some(Entry::new(&["flask", "--app", &name, "run", "--host", "0.0.0.0", "--port", "5000"], reason)),
        _ => None,
    }
}

/// Says that a factory wants arguments.
fn needs_arguments(known: &Known<'_>, application: &Application, search: &mut Search) {
    let (name, arguments) = (application.reference(), application.required.join(", "));
    search.looked_for.push(format!("an application: {name} makes one, and wants arguments ({arguments})"));
    let Some(server) = server_of(known, application).filter(|_| search.advice.is_none()) else { return };
    let values: Vec<String> = application.required.iter().map(|it| format!("\\\"{}\\\"", it.to_uppercase())).collect();
    let function = application.object.as_str();
    search.advice = Some(match server {
        Server::Gunicorn | Server::GunicornAsgi | Server::Hypercorn => format!(
            "add a module with `app = {function}(…)`, or name the values: `--cmd \"{} '{name}({})'\"`",
            server.distributions()[0][0],
            values.join(", ")
        ),
        Server::Uvicorn | Server::Granian | Server::Daphne | Server::Waitress | Server::Uwsgi | Server::Sanic => {
            format!("add a module with `app = {function}(…)`; it is served then")
        }
    });
}
