//! Web applications by the conventions of their frameworks, behind a server that the lock has.

use crate::derive::code::Code;
use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::sources::{packages, roots};

/// The interface that an application speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interface {
    Asgi,
    Wsgi,
}

/// A framework: what its applications are made by.
struct Framework {
    /// The class or function that makes an application.
    maker: &'static str,
    /// The module that it comes from.
    module: &'static str,
    /// What the application speaks.
    interface: Interface,
}

const fn framework(maker: &'static str, module: &'static str, interface: Interface) -> Framework {
    Framework { maker, module, interface }
}

/// A new framework is one row.
const FRAMEWORKS: [Framework; 10] = [
    framework("FastAPI", "fastapi", Interface::Asgi),
    framework("Starlette", "starlette", Interface::Asgi),
    framework("Litestar", "litestar", Interface::Asgi),
    framework("Quart", "quart", Interface::Asgi),
    framework("ASGIApp", "socketio", Interface::Asgi),
    framework("get_asgi_application", "django", Interface::Asgi),
    framework("Flask", "flask", Interface::Wsgi),
    framework("Bottle", "bottle", Interface::Wsgi),
    framework("get_wsgi_application", "django", Interface::Wsgi),
    framework("App", "falcon", Interface::Wsgi),
];

/// Modules that have the application, in the order in which they are looked into; their texts are read.
pub(super) const MODULES: [&str; 8] =
    ["main.py", "app.py", "asgi.py", "wsgi.py", "application.py", "api.py", "server.py", "__init__.py"];

/// Functions that make one.
const FACTORIES: [&str; 2] = ["create_app", "make_app"];

/// A server of web applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Uvicorn,
    Hypercorn,
    Gunicorn,
    Waitress,
}

impl Server {
    /// Every server, the preferred first.
    const ALL: [Self; 4] = [Self::Uvicorn, Self::Gunicorn, Self::Waitress, Self::Hypercorn];

    /// The server that follows in [`ALL`](Self::ALL).
    const fn next(self) -> Option<Self> {
        match self {
            Self::Uvicorn => Some(Self::Gunicorn),
            Self::Gunicorn => Some(Self::Waitress),
            Self::Waitress => Some(Self::Hypercorn),
            Self::Hypercorn => None,
        }
    }

    /// Whether it serves applications of an interface.
    const fn serves(self, interface: Interface) -> bool {
        match self {
            Self::Uvicorn => matches!(interface, Interface::Asgi),
            Self::Gunicorn | Self::Waitress => matches!(interface, Interface::Wsgi),
            Self::Hypercorn => matches!(interface, Interface::Asgi | Interface::Wsgi),
        }
    }

    /// The servers of an interface, the preferred first.
    fn of(interface: Interface) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |server| server.serves(interface))
    }

    /// The distribution that it comes in.
    const fn distribution(self) -> &'static str {
        match self {
            Self::Uvicorn => "uvicorn",
            Self::Hypercorn => "hypercorn",
            Self::Gunicorn => "gunicorn",
            Self::Waitress => "waitress",
        }
    }

    /// The command that serves `MODULE:NAME` on all interfaces.
    fn command(self, name: &str, is_factory: bool) -> Vec<String> {
        let called = if is_factory { format!("{name}()") } else { name.to_owned() };
        let (bind, port) = (format!("0.0.0.0:{PORT}"), PORT.to_string());
        let words: &[&str] = match (self, is_factory) {
            (Self::Uvicorn, true) => &["uvicorn", "--factory", name, "--host", "0.0.0.0", "--port", &port],
            (Self::Uvicorn, false) => &["uvicorn", name, "--host", "0.0.0.0", "--port", &port],
            (Self::Hypercorn, _) => &["hypercorn", "--bind", &bind, &called],
            (Self::Gunicorn, _) => &["gunicorn", &called],
            (Self::Waitress, true) => &["waitress-serve", "--port", &port, "--call", name],
            (Self::Waitress, false) => &["waitress-serve", "--port", &port, name],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// The variable that it takes its port from; without one, its command names the port.
    const fn port_variable(self) -> Option<&'static str> {
        match self {
            // It listens on all interfaces at PORT where that is set.
            Self::Gunicorn => Some("PORT"),
            Self::Uvicorn | Self::Hypercorn | Self::Waitress => None,
        }
    }
}

/// `ALL` leaves out nothing that `next` leads to.
const _: () = {
    let mut place = 0;
    while place < Server::ALL.len() {
        match Server::ALL[place].next() {
            Some(next) => assert!(Server::ALL[place + 1] as usize == next as usize),
            None => assert!(place + 1 == Server::ALL.len()),
        }
        place += 1;
    }
};

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
        let mut servers = Server::of(application.interface);
        if let Some(server) = servers.find(|server| known.depends_on(server.distribution())) {
            return Some(behind(server, application));
        }
    }
    if let Some(Application { name, interface, .. }) = found.first() {
        let servers: Vec<&str> = Server::of(*interface).map(Server::distribution).collect();
        looked_for.push(format!("a server for {name} among the locked dependencies: {}", servers.join(", ")));
    }
    None
}

/// Every module that may have the application: at the top, then in each package.
fn candidates<'k>(known: &'k Known<'_>) -> impl Iterator<Item = (&'static str, String)> + 'k {
    roots(known).into_iter().flat_map(move |root| {
        let folders = std::iter::once(String::new()).chain(packages(known, root).into_iter().map(|it| it + "/"));
        let files = folders.flat_map(move |folder| MODULES.map(|place| (root, format!("{root}{folder}{place}"))));
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
    let interface = FRAMEWORKS.iter().find(|framework| code.imports.contains(framework.module))?.interface;
    let made_by = format!("the function {factory} in {file}");
    Some(Application { name: format!("{module}:{factory}"), file, factory: true, interface, root, made_by })
}

/// What a call makes, if the module that it comes from is imported.
fn maker(code: &Code, called: &str) -> Option<(&'static str, Interface)> {
    let name = called.rsplit('.').next().unwrap_or(called);
    let found = FRAMEWORKS.iter().find(|it| it.maker == name && code.imports.contains(it.module))?;
    // Some frameworks have one maker for both: `falcon.asgi.App` and `falcon.App`.
    let interface = if called.contains("asgi") { Interface::Asgi } else { found.interface };
    Some((found.maker, interface))
}

fn behind(server: Server, application: &Application) -> Entry {
    let Application { name, file, factory, made_by, root, .. } = application;
    let reason = format!("an application made by {made_by}, and {} is locked", server.distribution());
    let at_top = (!file.contains('/')).then(|| file.clone());
    let cmd = server.command(name, *factory);
    Entry { cmd, reason, file: at_top, root, port: Some((PORT, server.port_variable())) }
}
