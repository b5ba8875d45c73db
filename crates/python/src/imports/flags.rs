//! Flags and variables by which servers and workers are told folders to import from.

use std::collections::BTreeMap;

use super::gunicorn::gunicorn_arguments;

/// The folders that a program puts on `sys.path`, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportFolders {
    /// Those that it adds to the working directory.
    pub added: Vec<String>,
    /// What it takes instead of the working directory: it goes there, or imports from there.
    pub instead: Option<String>,
}

/// Flags that name folders to import from as well, and their shortest form: argparse takes any beginning that is
/// unique (`gunicorn`, `django-admin`, `mod_wsgi-express`).
const ADDED: [(&str, &str); 2] = [("--pythonpath", "--py"), ("--python-path", "--python-p")];

/// Flags that name a folder to import from instead, with their shortest form: `gunicorn`, `uvicorn` and `taskiq`,
/// `celery`, `granian`, `mod_wsgi-express`.
const INSTEAD: [(&str, &str); 5] = [
    ("--chdir", "--chd"),
    ("--app-dir", "--app-dir"),
    ("--workdir", "--workdir"),
    ("--working-dir", "--working-dir"),
    ("--working-directory", "--working-directory"),
];

/// The program with a variable of arguments.
const GUNICORN: &str = "gunicorn";

/// Programs whose flags `-P` and `--path` add the folders behind them.
const WITH_PATH: [&str; 2] = ["dramatiq", "rq"];

/// Variables that stand for a flag of [`INSTEAD`].
const VARIABLES: [(&str, &str); 3] =
    [("uvicorn", "UVICORN_APP_DIR"), ("granian", "GRANIAN_WORKING_DIR"), ("celery", "CELERY_WORKDIR")];

impl ImportFolders {
    /// Reads the words behind a program's name, and the variables that it reads before them; `program` is the name of
    /// its script or module.
    pub fn of<'w>(program: &str, words: impl IntoIterator<Item = &'w str>, env: &BTreeMap<String, String>) -> Self {
        let variable = VARIABLES.iter().find(|(name, _)| *name == program).and_then(|(_, name)| env.get(*name));
        let variable = variable.filter(|it| !it.is_empty()).cloned();
        let arguments = if program == GUNICORN { gunicorn_arguments(env) } else { Vec::new() };
        let before = Self::of_words(program, arguments.iter().map(String::as_str));
        let own = Self::of_words(program, words);
        Self {
            // gunicorn keeps the last value of an option.
            added: if own.added.is_empty() { before.added } else { own.added },
            instead: own.instead.or(before.instead).or(variable),
        }
    }

    fn of_words<'w>(program: &str, words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut folders = Self::default();
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            let (flag, glued) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value)),
                None => (word, None),
            };
            if WITH_PATH.contains(&program) && ["-P", "--path"].contains(&flag) {
                folders.added.extend(glued.map(str::to_owned));
                while let Some(folder) = words.next_if(|next| glued.is_none() && !next.starts_with('-')) {
                    folders.added.push(folder.to_owned());
                }
            } else if is_one_of(&ADDED, flag) {
                let value = glued.or_else(|| words.next()).unwrap_or_default();
                folders.added.extend(value.split([',', ':']).filter(|folder| !folder.is_empty()).map(str::to_owned));
            } else if is_one_of(&INSTEAD, flag) {
                folders.instead = glued.or_else(|| words.next()).filter(|it| !it.is_empty()).map(str::to_owned);
            }
        }
        folders
    }
}

/// Whether a flag is one of these, or a beginning of one that is long enough.
fn is_one_of(flags: &[(&str, &str)], flag: &str) -> bool {
    flags.iter().any(|(whole, shortest)| flag.len() >= shortest.len() && whole.starts_with(flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_from_flags_and_variables() {
        let env = |line: &str| -> BTreeMap<String, String> {
            line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect()
        };
        for (line, variable, instead, added) in [
            ("gunicorn --chdir /srv -b :80 a:b", "", Some("/srv"), ""),
            ("gunicorn --chd=/srv a:b", "", Some("/srv"), ""),
            ("gunicorn --check-config a:b", "", None, ""),
            ("gunicorn --pythonpath /a,b a:b", "", None, "/a b"),
            ("gunicorn --py=/a --preload --proxy-protocol a:b", "", None, "/a"),
            ("gunicorn a:b", "GUNICORN_CMD_ARGS=--chdir '/my app' --pythonpath=/a", Some("/my app"), "/a"),
            ("gunicorn --chdir /srv --py /b a:b", "GUNICORN_CMD_ARGS=--chdir /app --pythonpath=/a", Some("/srv"), "/b"),
            ("gunicorn a:b", "GUNICORN_CMD_ARGS=--chdir '/app", None, ""),
            ("uvicorn a:b", "GUNICORN_CMD_ARGS=--chdir /app", None, ""),
            ("uvicorn a:b --app-dir src", "", Some("src"), ""),
            ("uvicorn a:b", "UVICORN_APP_DIR=/x", Some("/x"), ""),
            ("uvicorn --app-dir /y a:b", "UVICORN_APP_DIR=/x", Some("/y"), ""),
            ("hypercorn a:b", "UVICORN_APP_DIR=/x", None, ""),
            ("celery --workdir=/w -A a worker", "", Some("/w"), ""),
            ("celery --app proj worker", "", None, ""),
            ("granian --working-dir /w a:b", "", Some("/w"), ""),
            ("django-admin runserver --pythonpath=/p", "", None, "/p"),
            ("dramatiq a --path /p q -t 1", "", None, "/p q"),
            ("rq worker -P /p", "", None, "/p"),
            ("other -P /p --path /q", "", None, ""),
            ("gunicorn --chdir", "", None, ""),
        ] {
            let (program, words) = line.split_once(' ').expect("words");
            let found = ImportFolders::of(program, words.split(' '), &env(variable));
            let added = added.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
            assert_eq!(found, ImportFolders { added, instead: instead.map(str::to_owned) }, "{line} {variable}");
        }
    }
}
