//! The frameworks whose applications a server serves.

use crate::derive::code::{Call, Code};
use crate::derive::known::Known;

/// The interface that an application speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interface {
    Asgi,
    Wsgi,
}

/// A framework: what its applications are made by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Framework {
    pub(super) name: &'static str,
    /// The class or function that makes an application.
    pub(super) maker: &'static str,
    /// The first part of the module that it comes from.
    pub(super) module: &'static str,
    /// What the application speaks.
    pub(super) interface: Interface,
}

const fn asgi(name: &'static str, maker: &'static str, module: &'static str) -> Framework {
    Framework { name, maker, module, interface: Interface::Asgi }
}

const fn wsgi(name: &'static str, maker: &'static str, module: &'static str) -> Framework {
    Framework { name, maker, module, interface: Interface::Wsgi }
}

/// A new framework is one row, here and in docs/start.md.
pub(super) const FRAMEWORKS: [Framework; 27] = [
    asgi("FastAPI", "FastAPI", "fastapi"),
    asgi("Starlette", "Starlette", "starlette"),
    asgi("Litestar", "Litestar", "litestar"),
    asgi("Starlite", "Starlite", "starlite"),
    asgi("Quart", "Quart", "quart"),
    asgi("Sanic", "Sanic", "sanic"),
    asgi("BlackSheep", "Application", "blacksheep"),
    asgi("Esmerald", "Esmerald", "esmerald"),
    asgi("Connexion", "AsyncApp", "connexion"),
    asgi("Socket.IO", "ASGIApp", "socketio"),
    asgi("Gradio in FastAPI", "mount_gradio_app", "gradio"),
    asgi("Channels", "ProtocolTypeRouter", "channels"),
    asgi("Django", "get_asgi_application", "django"),
    wsgi("Django", "get_wsgi_application", "django"),
    wsgi("Flask", "Flask", "flask"),
    wsgi("APIFlask", "APIFlask", "apiflask"),
    wsgi("flask-openapi3", "OpenAPI", "flask_openapi3"),
    wsgi("Eve", "Eve", "eve"),
    wsgi("Connexion", "FlaskApp", "connexion"),
    wsgi("Dash", "Dash", "dash"),
    wsgi("Dash", "DashProxy", "dash_extensions"),
    wsgi("Bottle", "Bottle", "bottle"),
    wsgi("Bottle", "default_app", "bottle"),
    wsgi("Falcon", "App", "falcon"),
    wsgi("Falcon", "API", "falcon"),
    wsgi("Pyramid", "make_wsgi_app", "pyramid"),
    wsgi("Socket.IO", "WSGIApp", "socketio"),
];

/// What makes an application: its framework, and what the application speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    pub(super) framework: &'static Framework,
    pub(super) interface: Interface,
}

/// What a call makes.
pub(super) fn made(code: &Code, call: &Call) -> Option<Made> {
    // `Configurator` makes it by a method of its own.
    let by_method = call.name() == "make_wsgi_app" && code.imports.contains("pyramid");
    let full = if by_method { "pyramid.make_wsgi_app" } else { call.full.as_str() };
    let bases = code.classes.get(&call.full).into_iter().flatten().map(String::as_str);
    std::iter::once(full).chain(bases).find_map(of_full_name)
}

fn of_full_name(full: &str) -> Option<Made> {
    let (module, maker) = (full.split('.').next()?, full.rsplit('.').next()?);
    let framework = FRAMEWORKS.iter().find(|it| it.maker == maker && it.module == module)?;
    // Some frameworks have one maker for both: `falcon.asgi.App` and `falcon.App`.
    let interface = if full.contains(".asgi.") { Interface::Asgi } else { framework.interface };
    Some(Made { framework, interface })
}

/// What the only framework among the dependencies makes; `None` where there are several for either interface.
pub(super) fn of_dependencies(known: &Known<'_>) -> Option<Made> {
    const USUAL: [&str; 5] = ["fastapi", "litestar", "quart", "sanic", "flask"];
    let mut found = USUAL.into_iter().filter(|name| known.depends_on(name));
    let (only, None) = (found.next()?, found.next()) else { return None };
    let framework = FRAMEWORKS.iter().find(|it| it.module == only)?;
    Some(Made { framework, interface: framework.interface })
}
