//! Files for platforms that start applications: what they would start in place of the image's own command.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::derive::known::Known;
use crate::derive::start::line::{self, Platform};
use crate::derive::start::search::{Found, Search};
use crate::derive::start::yaml::{block, command, command_of, items, lines, mappings};

/// What a file says of a process.
#[derive(Debug, Default, PartialEq, Eq)]
struct Process {
    /// What the file calls it.
    name: String,
    command: String,
    is_web: bool,
    /// Where the platform expects it to listen.
    port: Option<String>,
    env: BTreeMap<String, String>,
}

/// How the processes of a file are read; none where it is of another form.
type Read = fn(&str) -> Option<Vec<Process>>;

/// The files, in the order in which they are looked at.
const FILES: [(&str, Read); 8] = [
    ("fly.toml", fly),
    ("heroku.yml", heroku),
    ("render.yaml", render),
    ("railway.toml", railway_toml),
    ("railway.json", railway_json),
    ("nixpacks.toml", nixpacks),
    ("app.yaml", app_engine),
    ("apprunner.yaml", app_runner),
];

/// Whether a file's text is asked for.
pub(super) fn is_read(path: &str) -> bool {
    FILES.iter().any(|(file, _)| *file == path)
}

/// Finds what the files for platforms start: the first that names a command of which an image can be made.
pub(super) fn find(known: &Known<'_>, search: &mut Search) -> Found {
    for (file, read) in FILES {
        let mut processes = read(known.text(file)).unwrap_or_default();
        if processes.iter().any(|process| process.is_web) {
            processes.retain(|process| process.is_web);
        }
        let mut entries = Vec::new();
        for process in processes {
            let reason = format!("{} of {file}", process.name);
            let platform = Platform { port: process.port.as_deref(), env: &process.env, is_web: process.is_web };
            let entry = line::entry(known, reason, &process.command, platform);
            entries.extend(search.taken(&format!("`{}` of {file}", process.command), entry));
        }
        match Found::of(entries) {
            Found::Nothing => {}
            found => return found,
        }
    }
    Found::Nothing
}

/// `[processes]`, of which `[http_service]` or `[[services]]` has the port; `[env]` is the environment of all.
fn fly(text: &str) -> Option<Vec<Process>> {
    let file: toml::Table = text.parse().ok()?;
    let service = file.get("http_service").or_else(|| file.get("services")?.get(0));
    let port = service.and_then(|service| service.get("internal_port")).map(|port| port.to_string());
    let served = service.and_then(|service| service.get("processes")?.as_array());
    let env = file.get("env").and_then(toml::Value::as_table).into_iter().flatten();
    let text = |value: &toml::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let env: BTreeMap<String, String> = env.map(|(name, value)| (name.clone(), text(value))).collect();
    let processes = file.get("processes")?.as_table()?;
    let process = |(name, command): (&String, &toml::Value)| {
        let is_named = |served: &Vec<toml::Value>| served.iter().any(|it| it.as_str() == Some(name));
        let is_web = service.is_some() && served.map_or(processes.len() == 1 || name == "app", is_named);
        Some(Process {
            name: format!("the process `{name}`"),
            command: command.as_str()?.to_owned(),
            is_web,
            port: port.clone().filter(|_| is_web),
            env: env.clone(),
        })
    };
    Some(processes.iter().filter_map(process).collect())
}

/// `run:`, a command for each process.
fn heroku(text: &str) -> Option<Vec<Process>> {
    let all = lines(text);
    let run = block(&all, 0, "run");
    let commands = mappings(run).into_iter().filter_map(|(first, below)| {
        let (name, value) = first.split_once(':')?;
        let nested = || command_of(below, "command");
        let command = command(value.trim(), below).or_else(nested)?;
        Some(Process { name: format!("`{name}`"), command, is_web: name == "web", ..Process::default() })
    });
    Some(commands.collect())
}

/// `services:`, of which those of the type `web` serve.
fn render(text: &str) -> Option<Vec<Process>> {
    let all = lines(text);
    let services = items(block(&all, 0, "services")).into_iter().filter_map(|service| {
        let name = command_of(&service, "name").unwrap_or_else(|| "the service".to_owned());
        let command = command_of(&service, "startCommand").filter(|command| !command.is_empty())?;
        let is_web = command_of(&service, "type").is_some_and(|kind| kind == "web");
        Some(Process { name: format!("the start command of `{name}`"), command, is_web, ..Process::default() })
    });
    Some(services.collect())
}

/// The one command of a file.
fn only(command: &str) -> Option<Vec<Process>> {
    let process = Process {
        name: "the start command".to_owned(),
        command: command.to_owned(),
        is_web: true,
        ..Process::default()
    };
    Some(vec![process])
}

fn railway_toml(text: &str) -> Option<Vec<Process>> {
    let file: toml::Table = text.parse().ok()?;
    only(file.get("deploy")?.get("startCommand")?.as_str()?)
}

fn railway_json(text: &str) -> Option<Vec<Process>> {
    let file: Value = serde_json::from_str(text).ok()?;
    only(file.get("deploy")?.get("startCommand")?.as_str()?)
}

fn nixpacks(text: &str) -> Option<Vec<Process>> {
    let file: toml::Table = text.parse().ok()?;
    only(file.get("start")?.get("cmd")?.as_str()?)
}

/// `entrypoint:` of App Engine, where the runtime is Python.
fn app_engine(text: &str) -> Option<Vec<Process>> {
    let all = lines(text);
    command_of(&all, "runtime").filter(|runtime| runtime.starts_with("python"))?;
    only(&command_of(&all, "entrypoint")?)
}

/// `run:` of App Runner, with its command and its port.
fn app_runner(text: &str) -> Option<Vec<Process>> {
    let all = lines(text);
    let run = block(&all, 0, "run");
    let port = command_of(block(run, run.first()?.0, "network"), "port");
    let mut processes = only(&command_of(run, "command")?)?;
    processes.iter_mut().for_each(|process| process.port.clone_from(&port));
    Some(processes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(read: Read, text: &str, expected: &[&str]) {
        let shown: Vec<String> = read(text)
            .unwrap_or_default()
            .into_iter()
            .map(|it| format!("{}: {} {} {:?} {:?}", it.name, it.command, it.is_web, it.port, it.env))
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn each_file_names_its_processes_in_its_own_way() {
        let fly_toml = "app = 'shop'\n[env]\nA = 'b'\nN = 1\n[processes]\nweb = 'gunicorn a:b'\nwork = 'celery -A a worker'\n\
                        [http_service]\ninternal_port = 8080\nprocesses = ['web']\n";
        check(
            fly,
            fly_toml,
            &[
                r#"the process `web`: gunicorn a:b true Some("8080") {"A": "b", "N": "1"}"#,
                r#"the process `work`: celery -A a worker false None {"A": "b", "N": "1"}"#,
            ],
        );
        check(
            fly,
            "[[services]]\ninternal_port = 80\n[processes]\napp = 'x'",
            &[r#"the process `app`: x true Some("80") {}"#],
        );
        check(fly, "[http_service]\ninternal_port = 80\n", &[]);
        check(fly, "processes", &[]);
        check(
            heroku,
            "build:\n  docker:\n    web: Dockerfile\nrun:\n  web: gunicorn a:b\n  worker:\n    command:\n      - celery -A a worker\n    image: web\n",
            &["`web`: gunicorn a:b true None {}", "`worker`: 'celery -A a worker' false None {}"],
        );
        let yaml = "services:\n  - type: web\n    name: shop\n    runtime: python\n    startCommand: \"gunicorn a:b\"\n    envVars:\n      \
                    - key: A\n        value: b\n  - type: worker\n    startCommand: celery -A a worker\n  - type: web\n    env: docker\n";
        check(
            render,
            yaml,
            &[
                "the start command of `shop`: gunicorn a:b true None {}",
                "the start command of `the service`: celery -A a worker false None {}",
            ],
        );
        let only = |port: &str| format!("the start command: uvicorn a:b true {port} {{}}");
        check(railway_toml, "[deploy]\nstartCommand = 'uvicorn a:b'", &[&only("None")]);
        check(railway_json, r#"{"deploy": {"startCommand": "uvicorn a:b"}}"#, &[&only("None")]);
        check(railway_json, r#"{"deploy": 1}"#, &[]);
        check(nixpacks, "[start]\ncmd = 'uvicorn a:b'", &[&only("None")]);
        check(app_engine, "runtime: python312\nentrypoint: uvicorn a:b\n", &[&only("None")]);
        check(app_engine, "runtime: nodejs\nentrypoint: uvicorn a:b\n", &[]);
        check(
            app_runner,
            "version: 1.0\nrun:\n  command: uvicorn a:b\n  network:\n    port: 8080\n    env: X\n",
            &[&only("Some(\"8080\")")],
        );
    }
}
