//! Web applications in the modules of a folder: where they are, and by what they are made.

use crate::derive::code::{Call, Code, Function};
use crate::derive::known::Known;
use crate::derive::start::framework::{self, Framework, Interface, Made, made};
use crate::derive::start::listener::{self, Listening};
use crate::derive::start::modules::{Module, modules};

/// Modules that have the application, in the order in which they are preferred.
const MODULES: [&str; 8] =
    ["main.py", "app.py", "asgi.py", "wsgi.py", "application.py", "api.py", "server.py", "__init__.py"];

/// Names of applications, in the order in which they are preferred.
const NAMES: [&str; 6] = ["app", "application", "asgi_app", "wsgi_app", "asgi", "api"];

/// Modules whose application is for tasks or for a command line: they come after one that others make.
const FOR_TASKS: [&str; 12] = [
    "celery.py",
    "celery_app.py",
    "celery_worker.py",
    "cli.py",
    "commands.py",
    "huey.py",
    "jobs.py",
    "seed.py",
    "shell.py",
    "tasks.py",
    "worker.py",
    "workers.py",
];

/// Functions that make one.
const FACTORIES: [&str; 7] =
    ["create_app", "make_app", "get_app", "build_app", "create_application", "get_application", "app_factory"];

/// An application that was found.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub(super) module: Module,
    /// Its name in the module.
    pub(super) object: String,
    pub(super) is_factory: bool,
    /// The parameters of a factory that nobody gives a value.
    pub(super) required: Vec<String>,
    pub(super) framework: &'static Framework,
    pub(super) interface: Interface,
    pub(super) made_by: String,
    /// Where the module itself serves it.
    pub(super) listening: Option<Listening>,
    /// The place in the order of preference.
    pub(super) rank: usize,
    /// Whether the module has a name for what is served in it.
    has_server: bool,
}

impl Application {
    /// `package.main:app`.
    pub(super) fn reference(&self) -> String {
        format!("{}:{}", self.module.name, self.object)
    }

    /// Whether what a server serves is an attribute of it, and no name of the module: Dash's `server`.
    pub(super) fn is_inside(&self) -> bool {
        self.framework.name == "Dash" && !self.has_server
    }
}

/// Every application, those of equal rank side by side, the preferred first.
pub(super) fn applications(known: &Known<'_>) -> Vec<Application> {
    let mut found: Vec<Application> =
        modules(known).into_iter().filter_map(|module| application(known, module)).collect();
    found.sort_by(|a, b| (a.rank, &a.module.file).cmp(&(b.rank, &b.module.file)));
    found
}

/// The application of a module: one that it makes, else a function that makes one.
fn application(known: &Known<'_>, module: Module) -> Option<Application> {
    let code = known.code(&module.file)?;
    let offered = offered_at_top(known, &module, code).or_else(|| offered_by_factory(&module, code))?;
    let Offered { object, factory, made: Made { framework, interface }, made_by, has_server } = offered;
    // A module that calls a factory knows what to give it.
    let is_for_tasks = FOR_TASKS.contains(&file_name(&module));
    let rank = rank(&module) + if is_for_tasks { 2000 } else { 0 } + if factory.is_some() { 1000 } else { 0 };
    Some(Application {
        object,
        is_factory: factory.is_some(),
        required: factory.map(|function| function.required.clone()).unwrap_or_default(),
        framework,
        interface,
        made_by,
        listening: listener::listening(code),
        rank,
        has_server,
        module,
    })
}

/// What a module has for a server.
struct Offered<'c> {
    object: String,
    factory: Option<&'c Function>,
    made: Made,
    made_by: String,
    has_server: bool,
}

/// The application that a module makes at its top level.
fn offered_at_top<'c>(known: &Known<'_>, module: &Module, code: &'c Code) -> Option<Offered<'c>> {
    let (name, made) = made_at_top(known, module, code)?;
    let server = server(code, name, made.framework);
    Some(Offered {
        object: server.unwrap_or(name).to_owned(),
        factory: None,
        made_by: format!("{} in {}", made.framework.name, module.file),
        made,
        has_server: server.is_some(),
    })
}

/// The function of a module that makes an application.
fn offered_by_factory<'c>(module: &Module, code: &'c Code) -> Option<Offered<'c>> {
    let (name, function) = FACTORIES.iter().find_map(|name| Some((name, code.functions.get(*name)?)))?;
    Some(Offered {
        object: (*name).to_owned(),
        factory: Some(function),
        made: made_in(code, function)?,
        made_by: format!("the function {name} in {}", module.file),
        has_server: false,
    })
}

/// The name of the application that a module makes at its top level.
fn made_at_top<'c>(known: &Known<'_>, module: &Module, code: &'c Code) -> Option<(&'c str, Made)> {
    let of_call = |call: &Call| made(code, call).or_else(|| made_by_factory(known, module, code, call));
    let found: Vec<(&str, &Call, Made)> =
        code.made.iter().filter_map(|(name, call)| Some((name.as_str(), call, of_call(call)?))).collect();
    // One that is given another is around it.
    let is_inner = |name: &str| found.iter().any(|(_, call, _)| call.mentions(name));
    let outer = || found.iter().rev().filter(|(name, _, _)| !is_inner(name) || found.len() == 1);
    let named = NAMES.iter().find_map(|wanted| outer().find(|(name, _, _)| name == wanted));
    let (name, _, made) = named.or_else(|| found.iter().find(|(name, ..)| !is_inner(name))).or(found.last())?;
    Some((name, *made))
}

/// More packages than a function is handed on by.
const MAX_HANDS: usize = 4;

/// What a function of this or another module of the application makes.
fn made_by_factory(known: &Known<'_>, module: &Module, code: &Code, call: &Call) -> Option<Made> {
    if let Some(function) = code.functions.get(&call.full) {
        return made_in(code, function);
    }
    let (mut module, mut full) = (module.clone(), call.full.clone());
    for _ in 0..MAX_HANDS {
        let (place, name) = split(&full)?;
        module = module.imported(known, place)?;
        // A file that is too deep to be read: what it makes is what the dependencies are for.
        let Some(code) = known.code(&module.file) else {
            return framework::of_dependencies(known).filter(|_| names_application(name));
        };
        if let Some(function) = code.functions.get(name) {
            return made_in(code, function);
        }
        // A package that has imported it itself: `from .factory import create_app` in its `__init__`.
        full = code.bound(name)?.to_owned();
    }
    None
}

/// Whether a function makes an application by its name: `create_app`, `build_api`; `get_settings` does not.
fn names_application(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or(name);
    FACTORIES.contains(&name) || ["app", "application", "api", "server", "asgi", "wsgi"].contains(&last)
}

/// The module and the name of a full name: `.factory` and `create_app`, `..` and `create_app`.
fn split(full: &str) -> Option<(&str, &str)> {
    let at = full.rfind('.')?;
    let is_all_dots = full[..at].bytes().all(|byte| byte == b'.');
    Some((&full[..if is_all_dots { at + 1 } else { at }], &full[at + 1..]))
}

/// What a function makes.
fn made_in(code: &Code, function: &Function) -> Option<Made> {
    function.calls.iter().find_map(|call| made(code, call))
}

/// The name that a module gives what is served in a Dash application.
fn server<'c>(code: &'c Code, name: &str, framework: &Framework) -> Option<&'c str> {
    let inner = format!("{name}.server");
    let alias = code.aliases.iter().find(|(_, value)| framework.name == "Dash" && *value == inner);
    alias.map(|(alias, _)| alias.as_str())
}

fn file_name(module: &Module) -> &str {
    module.file.rsplit('/').next().unwrap_or_default()
}

/// The place of a module in the order of preference: by its depth, then by its name.
fn rank(module: &Module) -> usize {
    let place = MODULES.iter().position(|it| *it == file_name(module)).unwrap_or(MODULES.len());
    module.name.matches('.').count().max(usize::from(module.is_package)) * 10 + place
}
