//! Programs that run what they are given: Streamlit, Celery, locust and their like.

use crate::derive::code::Code;
use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::start::modules::{Module, modules};
use crate::derive::start::program;
use crate::derive::start::search::{Found, Search};

/// What shows that a module is for a program.
#[derive(Debug, Clone, Copy)]
enum Sign {
    /// It imports the program's own module.
    Import,
    /// It makes an object at its top level; the last part of what makes it.
    Makes(&'static str),
    /// It calls a function or a method anywhere.
    Calls(&'static str),
    /// It has a decorator; its last part.
    Decorator(&'static str),
    /// It has a class with one of some bases.
    Class(&'static [&'static str]),
    /// It has a class of that name.
    Named(&'static str),
}

/// A program.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// The module that what it runs imports, which is the distribution's name too.
    module: &'static str,
    sign: Sign,
    /// Its command; `FILE`, `MODULE` and `NAME` are the module's.
    pub(super) command: &'static [&'static str],
    pub(super) port: Option<u16>,
    env: &'static [(&'static str, &'static str)],
}

const fn tool(name: &'static str, module: &'static str, sign: Sign, command: &'static [&'static str]) -> Tool {
    Tool { name, module, sign, command, port: None, env: &[] }
}

/// A new program is one row, here and in docs/start.md; the first that fits is taken.
pub(super) const TOOLS: [Tool; 14] = [
    Tool {
        port: Some(8501),
        ..tool(
            "Streamlit",
            "streamlit",
            Sign::Import,
            &[
                "streamlit",
                "run",
                "FILE",
                "--server.address",
                "0.0.0.0",
                "--server.port",
                "8501",
                "--server.headless",
                "true",
            ],
        )
    },
    Tool {
        port: Some(8000),
        ..tool(
            "Chainlit",
            "chainlit",
            Sign::Import,
            &["chainlit", "run", "FILE", "--host", "0.0.0.0", "--port", "8000", "--headless"],
        )
    },
    Tool {
        port: Some(5006),
        ..tool(
            "Panel",
            "panel",
            Sign::Calls("servable"),
            &["panel", "serve", "FILE", "--address", "0.0.0.0", "--port", "5006", "--allow-websocket-origin", "*"],
        )
    },
    Tool {
        port: Some(5006),
        ..tool(
            "Bokeh",
            "bokeh",
            Sign::Calls("curdoc"),
            &["bokeh", "serve", "FILE", "--address", "0.0.0.0", "--port", "5006", "--allow-websocket-origin", "*"],
        )
    },
    Tool {
        port: Some(8866),
        ..tool("Solara", "solara", Sign::Import, &["solara", "run", "FILE", "--host", "0.0.0.0", "--port", "8866"])
    },
    Tool {
        env: &[("GRADIO_SERVER_NAME", "0.0.0.0")],
        ..tool("Gradio", "gradio", Sign::Calls("launch"), &["python3", "FILE"])
    },
    tool("Celery", "celery", Sign::Makes("Celery"), &["celery", "-A", "MODULE", "worker", "--loglevel", "INFO"]),
    tool("Dramatiq", "dramatiq", Sign::Decorator("actor"), &["dramatiq", "MODULE"]),
    tool("Huey", "huey", Sign::Makes("Huey"), &["huey_consumer", "MODULE.NAME"]),
    tool("arq", "arq", Sign::Named("WorkerSettings"), &["arq", "MODULE.WorkerSettings"]),
    tool("FastStream", "faststream", Sign::Makes("FastStream"), &["faststream", "run", "MODULE:NAME"]),
    tool("Kopf", "kopf", Sign::Import, &["kopf", "run", "FILE", "--all-namespaces"]),
    Tool {
        port: Some(8089),
        ..tool(
            "locust",
            "locust",
            Sign::Class(&["HttpUser", "FastHttpUser", "User"]),
            &["locust", "-f", "FILE", "--web-host", "0.0.0.0"],
        )
    },
    tool("RQ", "rq", Sign::Calls("Queue"), &["rq", "worker"]),
];

/// Files of these names are preferred, in this order.
const NAMES: [&str; 9] = [
    "streamlit_app.py",
    "main.py",
    "app.py",
    "celery.py",
    "celery_app.py",
    "worker.py",
    "tasks.py",
    "Home.py",
    "locustfile.py",
];

/// Folders of pages, which something else shows.
const PAGES: [&str; 2] = ["pages", "views"];

/// Finds what a program of the table runs.
pub(super) fn find(known: &Known<'_>, search: &mut Search) -> Found {
    let modules = modules(known);
    for tool in TOOLS.iter().filter(|tool| known.depends_on(tool.module)) {
        let is_page = |module: &Module| module.file.split('/').any(|part| PAGES.contains(&part));
        let fits = |module: &&Module| known.code(&module.file).is_some_and(|code| tool.object(code).is_some());
        let mut found: Vec<&Module> = modules.iter().filter(|module| !is_page(module)).filter(fits).collect();
        let preferred = |module: &&Module| {
            let name = module.file.rsplit('/').next().unwrap_or_default();
            (NAMES.iter().position(|it| *it == name).unwrap_or(NAMES.len()), module.file.matches('/').count())
        };
        found.sort_by_key(preferred);
        let Some(best) = found.first().map(preferred) else { continue };
        // What another module imports is a part of it.
        let is_part = |module: &Module| {
            let last = module.name.rsplit('.').next().unwrap_or_default();
            let mut others = modules.iter().filter(|other| other.file != module.file);
            others.any(|other| known.code(&other.file).is_some_and(|code| code.names(last)))
        };
        let mut equals: Vec<&Module> = found.into_iter().filter(|module| preferred(module) == best).collect();
        if equals.len() > 1 && equals.iter().any(|module| !is_part(module)) {
            equals.retain(|module| !is_part(module));
        }
        return Found::of(equals.into_iter().map(|module| tool.entry(known, module)).collect());
    }
    search.looked_for.push(
        "what Streamlit, Gradio, Panel, Celery, Dramatiq, locust or another program of docs/start.md runs".to_owned(),
    );
    Found::Nothing
}

impl Tool {
    /// The name of what a module has for it; empty where the module is all.
    fn object<'c>(&self, code: &'c Code) -> Option<&'c str> {
        if !code.imports.contains(self.module) {
            return None;
        }
        let is_last = |full: &str, name: &str| full.rsplit('.').next() == Some(name);
        let found = |is_there: bool| is_there.then_some("");
        match self.sign {
            Sign::Import => Some(""),
            Sign::Makes(maker) => {
                let makes = |full: &str| full.rsplit('.').next().is_some_and(|last| last.ends_with(maker));
                code.made.iter().find(|(_, call)| makes(&call.full)).map(|(name, _)| name.as_str())
            }
            Sign::Calls(name) => found(code.calls.iter().any(|call| call.name() == name)),
            Sign::Decorator(name) => found(code.decorators.iter().any(|full| is_last(full, name))),
            Sign::Class(names) => {
                let is_base = |full: &String| names.iter().any(|name| is_last(full, name));
                found(code.classes.values().flatten().any(is_base))
            }
            Sign::Named(name) => found(code.classes.contains_key(name)),
        }
    }

    fn entry(&self, known: &Known<'_>, module: &Module) -> Entry {
        let name = known.code(&module.file).and_then(|code| self.object(code)).unwrap_or_default();
        let file = module.file.strip_prefix(module.root.as_str()).unwrap_or(&module.file);
        let is_script = self.command[0] == "python3";
        if is_script {
            let mut entry = program::of_file(known, &module.file, format!("{} is for {}", module.file, self.name));
            entry.env.extend(self.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            entry.notes.clear();
            return entry;
        }
        let fill = |word: &&str| match *word {
            "FILE" if module.root == "src/" => format!("src/{file}"),
            "FILE" => file.to_owned(),
            word => word.replace("MODULE", &module.name).replace("NAME", name),
        };
        let words: Vec<String> = self.command.iter().map(fill).collect();
        let mut entry = Entry::new(&words, format!("{} is for {}, which is locked", module.file, self.name));
        entry = entry.at_port(self.port);
        program::place(known, &module.file, &module.root, &mut entry);
        let is_by_path = self.command.contains(&"FILE");
        if known.is_project && is_by_path {
            entry.file = entry.file.or_else(|| Some(module.file.clone()));
        }
        entry
    }
}
