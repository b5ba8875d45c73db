//! Web applications by the conventions of their frameworks, behind a server that the lock has.

use super::Entry;
use crate::derive::Known;
use crate::derive::code::Code;
use crate::derive::sources::{packages, roots};

/// The interface that an application speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interface {
    Asgi,
    Wsgi,
}

/// What an application is made by, the module that it comes from, and what it speaks.
const MAKERS: [(&str, &str, Interface); 10] = [
    ("FastAPI", "fastapi", Interface::Asgi),
    ("Starlette", "starlette", Interface::Asgi),
    ("Litestar", "litestar", Interface::Asgi),
    ("Quart", "quart", Interface::Asgi),
    ("ASGIApp", "socketio", Interface::Asgi),
    ("get_asgi_application", "django", Interface::Asgi),
    ("Flask", "flask", Interface::Wsgi),
    ("Bottle", "bottle", Interface::Wsgi),
    ("get_wsgi_application", "django", Interface::Wsgi),
    ("App", "falcon", Interface::Wsgi),
];

/// Modules that have the application, in the order in which they are looked into.
const PLACES: [&str; 8] =
    ["main.py", "app.py", "asgi.py", "wsgi.py", "application.py", "api.py", "server.py", "__init__.py"];

/// Functions that make one.
const FACTORIES: [&str; 2] = ["create_app", "make_app"];

/// Servers by the distribution that they come in, for each interface the preferred first.
const SERVERS: [(&str, Interface); 5] = [
    ("uvicorn", Interface::Asgi),
    ("hypercorn", Interface::Asgi),
    ("gunicorn", Interface::Wsgi),
    ("waitress", Interface::Wsgi),
    ("hypercorn", Interface::Wsgi),
];

/// The port of applications that say nothing else.
const PORT: u16 = 8000;

/// An application that was found.
struct Application {
    file: String,
    /// `package.main:app`.
    name: String,
    factory: bool,
    interface: Interface,
    root: &'static str,
    made_by: String,
}

/// Finds a web application with a server for it.
pub(super) fn find(known: &Known<'_>, looked_for: &mut Vec<String>) -> Option<Entry> {
    let found: Vec<Application> = candidates(known).filter_map(|(root, file)| application(known, root, file)).collect();
    if found.is_empty() {
        looked_for.push(
            "an ASGI or WSGI application (FastAPI, Starlette, Flask, Django, …) in main.py, app.py, …".to_owned(),
        );
    }
    for application in &found {
        let server =
            SERVERS.iter().find(|(name, interface)| *interface == application.interface && known.depends_on(name));
        if let Some((server, _)) = server {
            return Some(behind(server, application));
        }
    }
    if let Some(Application { name, interface, .. }) = found.first() {
        let servers: Vec<&str> = SERVERS.iter().filter(|it| it.1 == *interface).map(|(server, _)| *server).collect();
        looked_for.push(format!("a server for {name} among the locked dependencies: {}", servers.join(", ")));
    }
    None
}

/// Every module that may have the application: at the top, then in each package.
fn candidates<'k>(known: &'k Known<'_>) -> impl Iterator<Item = (&'static str, String)> + 'k {
    roots(known).into_iter().flat_map(move |root| {
        let folders = std::iter::once(String::new()).chain(packages(known, root).into_iter().map(|it| it + "/"));
        let files = folders.flat_map(move |folder| PLACES.map(|place| (root, format!("{root}{folder}{place}"))));
        files.filter(|(_, file)| known.has(file))
    })
}

fn application(known: &Known<'_>, root: &'static str, file: String) -> Option<Application> {
    let code = known.code(&file);
    let module = file.strip_prefix(root)?.strip_suffix(".py")?.replace('/', ".");
    let module = module.strip_suffix(".__init__").unwrap_or(&module).to_owned();
    let made = code.calls.iter().find_map(|(name, called)| Some((name, maker(&code, called)?)));
    if let Some((name, (made_by, interface))) = made {
        let made_by = format!("{made_by} in {file}");
        return Some(Application { name: format!("{module}:{name}"), file, factory: false, interface, root, made_by });
    }
    let factory = FACTORIES.into_iter().find(|name| code.functions.contains(*name))?;
    let (_, _, interface) = MAKERS.iter().find(|(_, module, _)| code.imports.contains(*module))?;
    let made_by = format!("the function {factory} in {file}");
    Some(Application { name: format!("{module}:{factory}"), file, factory: true, interface: *interface, root, made_by })
}

/// What a call makes, if the module that it comes from is imported.
fn maker(code: &Code, called: &str) -> Option<(&'static str, Interface)> {
    let name = called.rsplit('.').next().unwrap_or(called);
    let known = MAKERS.iter().find(|(maker, module, _)| *maker == name && code.imports.contains(*module))?;
    let interface = if called.contains("asgi") { Interface::Asgi } else { known.2 };
    Some((known.0, interface))
}

fn behind(server: &str, application: &Application) -> Entry {
    let Application { name, file, factory, made_by, root, .. } = application;
    let called = if *factory { format!("{name}()") } else { name.clone() };
    let (bind, port) = (format!("0.0.0.0:{PORT}"), PORT.to_string());
    let reason = format!("an application made by {made_by}, and {server} is locked");
    let (cmd, variable): (Vec<&str>, _) = match server {
        "uvicorn" if *factory => (vec!["uvicorn", "--factory", name, "--host", "0.0.0.0", "--port", &port], None),
        "uvicorn" => (vec!["uvicorn", name, "--host", "0.0.0.0", "--port", &port], None),
        "hypercorn" => (vec!["hypercorn", "--bind", &bind, &called], None),
        // gunicorn listens on all interfaces at PORT where that is set.
        "gunicorn" => (vec!["gunicorn", &called], Some("PORT")),
        _ if *factory => (vec!["waitress-serve", "--port", &port, "--call", name], None),
        _ => (vec!["waitress-serve", "--port", &port, name], None),
    };
    let file = (!file.contains('/')).then(|| file.clone());
    Entry { file, root, port: Some((PORT, variable)), ..Entry::new(&cmd, reason) }
}
