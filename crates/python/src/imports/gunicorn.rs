//! What gunicorn is told by its words, and by its variable before them.

use std::collections::BTreeMap;

/// The variable of arguments for gunicorn.
const ARGUMENTS: &str = "GUNICORN_CMD_ARGS";

/// Workers of gunicorn's own that need a library: their names, and the module of the library.
const LIBRARIES: [(&str, &str); 5] = [
    ("eventlet", "eventlet"),
    ("gevent", "gevent"),
    ("gevent_pywsgi", "gevent"),
    ("gevent_wsgi", "gevent"),
    ("tornado", "tornado"),
];

/// The arguments in gunicorn's variable: those of the command count more, and only they name an application.
pub fn gunicorn_arguments(env: &BTreeMap<String, String>) -> Vec<String> {
    // With a text that cannot be split, gunicorn does not start; it says so itself.
    env.get(ARGUMENTS).and_then(|text| shlex::split(text)).unwrap_or_default()
}

/// What its words name, as they name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// Its settings: `conf.py`, `file:conf.py`, `python:module`.
    pub(super) settings: Option<String>,
    /// The class of its workers: `gevent`, `uvicorn.workers.UvicornWorker`.
    pub(super) worker: Option<String>,
}

impl Named {
    /// What the words behind the program name, or those of the variable.
    pub(super) fn of(words: &[&str], env: &BTreeMap<String, String>) -> Self {
        let variable = gunicorn_arguments(env);
        let before: Vec<&str> = variable.iter().map(String::as_str).collect();
        let option = |names| value(words, names).or_else(|| value(&before, names)).map(str::to_owned);
        Self { settings: option(("-c", "--config", "--conf")), worker: option(("-k", "--worker-class", "--worker-cl")) }
    }
}

/// The library that workers of gunicorn's own need.
pub(super) fn library(worker: &str) -> Option<&'static str> {
    LIBRARIES.iter().find(|(name, _)| *name == worker).map(|(_, library)| *library)
}

/// The value of an option, given by its short name, its long one, and the shortest beginning of that; the last one counts.
fn value<'w>(words: &[&'w str], (short, long, shortest): (&str, &str, &str)) -> Option<&'w str> {
    let is_long = |word: &str| word.len() >= shortest.len() && long.starts_with(word);
    let mut values = words.iter().enumerate().filter_map(|(at, word)| match word.split_once('=') {
        Some((flag, value)) if is_long(flag) => Some(value),
        _ if *word == short || is_long(word) => words.get(at + 1).copied(),
        _ => word.strip_prefix(short).map(|glued| glued.trim_start_matches('=')),
    });
    values.next_back().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_command_count_more_than_those_of_the_variable() {
        for (line, variable, settings, worker) in [
            ("a:b", "", None, None),
            ("a:b -w 2", "-k 'uvicorn.workers.UvicornWorker'", None, Some("uvicorn.workers.UvicornWorker")),
            ("-k sync a:b", "-k gevent", None, Some("sync")),
            ("-kgevent a:b", "", None, Some("gevent")),
            ("--worker-cl=tornado a:b", "", None, Some("tornado")),
            ("--worker-connections 3 --workers 2 a:b", "", None, None),
            ("a:b", "--config=conf/gunicorn.py", Some("conf/gunicorn.py"), None),
            ("-c file:/etc/g.py a:b", "--config conf.py", Some("file:/etc/g.py"), None),
            ("-cg.py -c h.py a:b", "", Some("h.py"), None),
            ("-k", "-c '", None, None),
        ] {
            let env = BTreeMap::from([(ARGUMENTS.to_owned(), variable.to_owned())]);
            let found = Named::of(&line.split(' ').collect::<Vec<_>>(), &env);
            let found = (found.settings.as_deref(), found.worker.as_deref());
            assert_eq!(found, (settings, worker), "{line} {variable}");
        }
    }
}
