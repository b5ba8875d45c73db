//! Which interpreters an image starts: its command and its health check, followed through shells, scripts and wrappers.

use std::collections::BTreeMap;

use shipwheel_layer::{Tree, TreePath};
use shipwheel_oci::ImageConfig;
use shipwheel_python::imports::ImportFolders;

use super::options::{Options, Target};
use super::place::{Place, Program, absolute, text};
use shipwheel_plan::shell::{ShellCommand, Surroundings, Word, assignment, commands};

/// Scripts that start scripts: more than this deep, nothing is followed.
const MAX_DEPTH: usize = 8;

/// The most interpreters that one image may start, and the most commands that are looked at.
const MAX_STARTS: usize = 64;
const MAX_COMMANDS: usize = 10_000;

/// One interpreter that is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    /// The interpreter as it is called, links not followed: `/opt/venv/bin/python`.
    pub(crate) executable: TreePath,
    /// How it runs.
    pub(crate) options: Options,
    /// Its variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// The folder that it starts in.
    pub(crate) folder: String,
}

impl Start {
    /// The path of the file, folder or archive that it runs; `None` for a module, code, or nothing.
    pub(crate) fn file(&self) -> Option<TreePath> {
        match &self.options.target {
            Target::File(file) => absolute(&self.folder, file),
            Target::Module(_) | Target::Code(_) | Target::Nothing => None,
        }
    }

    /// The folders that flags of the program, or variables that stand for them, name.
    pub(crate) fn import_folders(&self) -> ImportFolders {
        let program = match &self.options.target {
            Target::File(file) => file.rsplit('/').next().unwrap_or(file),
            Target::Module(module) => module.split('.').next().unwrap_or(module),
            Target::Code(_) | Target::Nothing => return ImportFolders::default(),
        };
        ImportFolders::of(program, self.options.rest.iter().map(|word| word.text.as_str()), &self.environment)
    }
}

/// All interpreters that an image starts.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    pub(crate) list: Vec<Start>,
    looked_at: usize,
}

impl Starts {
    /// Follows the command and the health check of an image.
    pub(crate) fn of(tree: &Tree, config: &ImageConfig) -> Self {
        let mut starts = Self::default();
        for command in [config.command(), config.health_command()] {
            let words: Vec<Word> = command.into_iter().map(Word::known).collect();
            let place = Place { tree, environment: config.env(), folder: config.working_dir(), depth: 0 };
            starts.follow(&place, &words);
        }
        starts
    }

    fn follow(&mut self, place: &Place<'_>, words: &[Word]) {
        self.looked_at += 1;
        if place.depth > MAX_DEPTH || self.list.len() >= MAX_STARTS || self.looked_at > MAX_COMMANDS {
            return;
        }
        let Some((first, rest)) = words.split_first() else { return };
        match place.program(&first.text) {
            Program::Python(executable) => self.start(place, executable, rest),
            Program::Shell => self.shell(place, &first.text, rest),
            Program::Environment => self.environment(place, rest),
            Program::Script(path, line) => {
                let script = Word::known(path.as_str());
                let words = [line.into_iter().map(Word::known).collect(), vec![script], rest.to_vec()].concat();
                self.follow(&place.deeper(), &words);
            }
            Program::Other => self.wrapped(place, rest),
        }
    }

    fn start(&mut self, place: &Place<'_>, executable: TreePath, words: &[Word]) {
        let options = Options::parse(words, &place.environment);
        let rest = options.rest.clone();
        let (environment, folder) = (place.environment.clone(), place.folder.clone());
        let start = Start { executable, options, environment, folder };
        if !self.list.contains(&start) {
            self.list.push(start);
        }
        // `ddtrace-run python -O app.py`: a script of Python that starts another one.
        self.wrapped(&place.deeper(), &rest);
    }

    /// Looks for a command in the arguments of a program: `tini -- python`, `gosu app sh -c "…"`, the dynamic loader.
    fn wrapped(&mut self, place: &Place<'_>, words: &[Word]) {
        for (number, word) in words.iter().enumerate() {
            let is_text = word.text == "--command" || is_cluster_with_c(&word.text);
            let text = match word.text.strip_prefix("--command=") {
                Some(text) => Some(text),
                None => words.get(number + 1).filter(|_| is_text).map(|next| next.text.as_str()),
            };
            if let Some(text) = text.filter(|text| text.contains(char::is_whitespace)) {
                self.text(&place.deeper(), text, words.get(number + 2..).unwrap_or_default());
            }
            if !matches!(place.program(&word.text), Program::Other) {
                return self.follow(&place.deeper(), &words[number..]);
            }
        }
    }

    /// `sh [-e] -c TEXT NAME ARGUMENTS` and `sh FILE ARGUMENTS`.
    fn shell(&mut self, place: &Place<'_>, program: &str, words: &[Word]) {
        // Shells that are not interactive read this file first.
        if let Some(path) = place.environment.get("BASH_ENV").and_then(|path| place.path(path)) {
            self.file(place, &path, &[]);
        }
        let (mut at, mut takes_text) = (usize::from(program.ends_with("busybox")), false);
        while let Some(word) = words.get(at) {
            let text = word.text.as_str();
            if text == "--" || text == "-" {
                at += 1;
                break;
            }
            if !text.starts_with(['-', '+']) {
                break;
            }
            let is_long = text.starts_with("--");
            takes_text |= is_cluster_with_c(text);
            let takes_next = matches!(text, "--rcfile" | "--init-file") || !is_long && text.contains(['o', 'O']);
            at += 1 + usize::from(takes_next);
        }
        let Some(word) = words.get(at) else { return };
        let rest = words.get(at + 1..).unwrap_or_default();
        if takes_text {
            return self.text(&place.deeper(), &word.text, rest);
        }
        if let Some(path) = place.path(&word.text) {
            self.file(place, &path, rest);
        }
    }

    /// Follows the commands in a file.
    fn file(&mut self, place: &Place<'_>, path: &TreePath, arguments: &[Word]) {
        let Some(text) = place.file(path).and_then(text) else { return };
        let name = Word::known(path.as_str());
        self.text(&place.deeper(), &text, &[&[name], arguments].concat());
    }

    fn text(&mut self, place: &Place<'_>, text: &str, arguments: &[Word]) {
        if place.depth > MAX_DEPTH {
            return;
        }
        let arguments = arguments.iter().map(|word| word.text.clone()).collect();
        let mut folder = place.folder.clone();
        for command in commands(text, Surroundings { environment: place.environment.clone(), arguments }) {
            let ShellCommand { environment, words } = command;
            let place = Place { environment, folder: folder.clone(), ..*place };
            let name = words.first().map(|word| word.text.as_str());
            match (name, words.get(1)) {
                (Some("cd"), Some(to)) => folder = place.path(&to.text).map_or(folder, |path| path.to_string()),
                (Some("." | "source"), Some(file)) => {
                    if let Some(path) = place.path(&file.text) {
                        self.file(&place, &path, &words[2..]);
                    }
                }
                _ => self.follow(&place, &words),
            }
        }
    }

    /// `env [-i] [-u NAME] [-C FOLDER] [-S TEXT] [NAME=VALUE…] COMMAND`.
    fn environment(&mut self, place: &Place<'_>, words: &[Word]) {
        let mut place = place.deeper();
        let mut words: Vec<Word> = words.to_vec();
        let mut at = 0;
        while let Some(word) = words.get(at).cloned() {
            let text = word.text.as_str();
            let (option, glued) = match text.split_once('=').filter(|_| text.starts_with("--")) {
                Some((option, value)) => (option, Some(value.to_owned())),
                None if text.len() > 2 && text.starts_with('-') && !text.starts_with("--") => {
                    env_cluster(text).unwrap_or((text, None))
                }
                None => (text, None),
            };
            at += 1;
            match option {
                "-" | "-i" | "--ignore-environment" => place.environment.clear(),
                "-u" | "--unset" | "-C" | "--chdir" | "-S" | "--split-string" | "-a" | "--argv0" => {
                    let value = glued.or_else(|| words.get(at).map(|word| word.text.clone())).unwrap_or_default();
                    at += usize::from(!text.contains(&value) || value.is_empty());
                    match option {
                        "-u" | "--unset" => {
                            place.environment.remove(&value);
                        }
                        "-C" | "--chdir" => {
                            place.folder = place.path(&value).map_or(value, |path| path.to_string());
                        }
                        "-S" | "--split-string" => {
                            let rest = words.split_off(at.min(words.len()));
                            let surroundings =
                                Surroundings { environment: place.environment.clone(), arguments: Vec::new() };
                            let split = commands(&format!(": {value}"), surroundings);
                            let split = split.into_iter().flat_map(|it| it.words).skip(1);
                            words = split.chain(rest).collect();
                            at = 0;
                        }
                        _ => {}
                    }
                }
                _ => match assignment(text) {
                    Some((name, value)) => {
                        place.environment.insert(name.to_owned(), value.to_owned());
                    }
                    None if text.starts_with('-') => {}
                    None => return self.follow(&place, &words[at - 1..]),
                },
            }
        }
    }
}

/// `-iuNAME`: the last letter that takes a value, with it.
fn env_cluster(text: &str) -> Option<(&'static str, Option<String>)> {
    let (index, letter) = text.char_indices().skip(1).find(|(_, it)| ['u', 'C', 'S', 'a'].contains(it))?;
    let option = ["-u", "-C", "-S", "-a"].into_iter().find(|it| it.ends_with(letter))?;
    let glued = &text[index + 1..];
    Some((option, (!glued.is_empty()).then(|| glued.to_owned())))
}

/// `-c`, `-lc`, `-ec`: options of one letter with that of a text among them.
fn is_cluster_with_c(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains('c') && rest.len() < 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use shipwheel_layer::Content;
    use shipwheel_oci::Platform;

    fn tree() -> Tree {
        let mut tree = Tree::new();
        let mut file = |path: &str, text: &str| {
            tree.insert_file(path, 0o755, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
        };
        file("/usr/bin/python3.11", "\x7fELF");
        file("/lib64/ld-linux-x86-64.so.2", "\x7fELF");
        file("/opt/venv/bin/uvicorn", "#!/opt/venv/bin/python -O\nimport sys\n");
        file("/opt/venv/bin/long", "#!/bin/sh\n'''exec' /opt/venv/bin/python \"$0\" \"$@\"\n' '''\nimport sys\n");
        file("/opt/venv/bin/split", "#!/usr/bin/env -S python -OO -X pycache_prefix=/q\n");
        file("/app/run.sh", "#!/bin/sh -e\nexport PYTHONOPTIMIZE=2\ncd /srv\nexec python main.py \"$@\"\n");
        file("/app/any.sh", "#!/bin/bash\nif [ -n \"$X\" ]; then set -- python -O \"$@\"; fi\nexec \"$@\"\n");
        file("/app/loop", "#!/app/loop\n");
        file("/app/wrapper", "#!/bin/sh\nexec \"$@\"\n");
        file("/etc/early.sh", "export PYTHONOPTIMIZE=1; python /app/early.py\n");
        tree.insert_symlink("/usr/bin/python3", "python3.11").expect("new");
        tree.insert_symlink("/opt/venv/bin/python", "/usr/bin/python3").expect("new");
        tree.insert_symlink("/app/odd", "/usr/bin/python3.11").expect("new");
        tree
    }

    /// Each start as `executable level folder target`.
    fn starts(runtime: Value) -> Vec<String> {
        let document =
            json!({ "os": "linux", "architecture": "amd64", "rootfs": { "diff_ids": [] }, "config": runtime });
        let config = ImageConfig::parse(document.to_string().as_bytes()).expect("a config");
        assert_eq!(config.platform().ok(), Some(Platform::linux_amd64()));
        let shown = |start: &Start| {
            let Options { level, cache_prefix, target, .. } = &start.options;
            let prefix = cache_prefix.as_ref().map_or_else(String::new, |(prefix, _)| format!(" {prefix}"));
            let target = match target {
                Target::Module(name) => format!("-m {name}"),
                Target::Code(_) => "-c".to_owned(),
                Target::File(_) => start.file().map(|path| path.to_string()).unwrap_or_default(),
                Target::Nothing => "nothing".to_owned(),
            };
            format!("{} {level}{prefix} {} {target}", start.executable, start.folder)
        };
        Starts::of(&tree(), &config).list.iter().map(shown).collect()
    }

    fn command(words: &[&str]) -> Vec<String> {
        let env = ["PATH=/opt/venv/bin:/usr/bin", "X=-O", "PYTHONOPTIMIZE=0"];
        starts(json!({ "Cmd": words, "Env": env, "WorkingDir": "/app" }))
    }

    #[test]
    fn an_interpreter_is_found_behind_whatever_starts_it() {
        for (words, expected) in [
            (&["python", "-O", "x.py"][..], &["/opt/venv/bin/python 1 /app /app/x.py"][..]),
            (&["python3", "-m", "a"], &["/usr/bin/python3 0 /app -m a"]),
            (&["/app/odd", "-OO", "x.py"], &["/app/odd 2 /app /app/x.py"]),
            (&["./odd", "../x.py"], &["/app/odd 0 /app /x.py"]),
            (
                &["sh", "-c", "exec python -O -X pycache_prefix=/p app.py"],
                &["/opt/venv/bin/python 1 /p /app /app/app.py"],
            ),
            (
                &["/bin/bash", "-o", "pipefail", "-ec", "cd /srv && python $X a.py"],
                &["/opt/venv/bin/python 1 /srv /srv/a.py"],
            ),
            (
                &["bash", "-lc", "PYTHONOPTIMIZE=2 python a.py; python b.py"],
                &["/opt/venv/bin/python 2 /app /app/a.py", "/opt/venv/bin/python 0 /app /app/b.py"],
            ),
            (&["env", "A=b", "PYTHONOPTIMIZE=1", "python", "x.py"], &["/opt/venv/bin/python 1 /app /app/x.py"]),
            (&["/usr/bin/env", "-i", "-C", "/srv", "/usr/bin/python3", "x.py"], &["/usr/bin/python3 0 /srv /srv/x.py"]),
            (
                &["env", "-uPYTHONOPTIMIZE", "--chdir=/srv", "python", "x.py"],
                &["/opt/venv/bin/python 0 /srv /srv/x.py"],
            ),
            (&["env", "-S", "python -O x.py", "y"], &["/opt/venv/bin/python 1 /app /app/x.py"]),
            (&["tini", "--", "python", "-O", "x.py"], &["/opt/venv/bin/python 1 /app /app/x.py"]),
            (&["gosu", "app", "uvicorn", "a:b"], &["/opt/venv/bin/python 1 /app /opt/venv/bin/uvicorn"]),
            (&["su", "app", "-c", "python -O x.py"], &["/opt/venv/bin/python 1 /app /app/x.py"]),
            (&["nice", "-n", "5", "sh", "-c", "python -O x.py"], &["/opt/venv/bin/python 1 /app /app/x.py"]),
            (
                &["/lib64/ld-linux-x86-64.so.2", "/usr/bin/python3.11", "-O", "x.py"],
                &["/usr/bin/python3.11 1 /app /app/x.py"],
            ),
            (&["busybox", "sh", "-c", "python -O x.py"], &["/opt/venv/bin/python 1 /app /app/x.py"]),
            (&["uvicorn", "a:b"], &["/opt/venv/bin/python 1 /app /opt/venv/bin/uvicorn"]),
            (
                &["long", "python"],
                &["/opt/venv/bin/python 0 /app /opt/venv/bin/long", "/opt/venv/bin/python 0 /app nothing"],
            ),
            (&["split", "x"], &["/opt/venv/bin/python 2 /q /app /opt/venv/bin/split"]),
            (&["/app/run.sh", "--port", "1"], &["/opt/venv/bin/python 2 /srv /srv/main.py"]),
            (&["sh", "run.sh"], &["/opt/venv/bin/python 2 /srv /srv/main.py"]),
            (
                &["/app/any.sh", "uvicorn"],
                &["/opt/venv/bin/python 1 /app /app/uvicorn", "/opt/venv/bin/python 1 /app /opt/venv/bin/uvicorn"],
            ),
            (&["sh", "-c", ". /app/run.sh"], &["/opt/venv/bin/python 2 /srv /srv/main.py"]),
            (&["sh", "-c", "eval python $X x.py"], &["/opt/venv/bin/python 1 /app /app/x.py"]),
            (&["/app/wrapper", "/app/wrapper", "python", "-O"], &["/opt/venv/bin/python 1 /app nothing"]),
            (
                &["python", "-m", "tool", "python", "-O", "x.py"],
                &["/opt/venv/bin/python 0 /app -m tool", "/opt/venv/bin/python 1 /app /app/x.py"],
            ),
            (&["/app/loop"], &[]),
            (&["nginx", "-g", "daemon off;"], &[]),
            (&[], &[]),
        ] {
            let mut found = command(words);
            found.dedup();
            let mut expected = expected.to_vec();
            expected.dedup();
            assert_eq!(found, expected, "{words:?}");
        }
    }

    #[test]
    fn the_health_check_and_the_files_of_shells_start_interpreters_too() {
        let path = "PATH=/usr/bin";
        let runtime = json!({ "Cmd": ["python3", "a.py"], "Env": [path],
            "Healthcheck": { "Test": ["CMD-SHELL", "python3 -OO b.py || exit 1"] } });
        assert_eq!(starts(runtime), ["/usr/bin/python3 0 / /a.py", "/usr/bin/python3 2 / /b.py"]);
        let runtime = json!({ "Cmd": ["bash", "-c", "true"], "Env": ["PATH=/opt/venv/bin", "BASH_ENV=/etc/early.sh"] });
        assert_eq!(starts(runtime), ["/opt/venv/bin/python 1 / /app/early.py"]);
    }
}
