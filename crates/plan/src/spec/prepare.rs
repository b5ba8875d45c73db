//! `[[app.prepare]]`: programs of this machine that make files of the application, each from files of its folder.

use std::collections::BTreeMap;

use crate::pattern::Patterns;
use crate::spec::section::{Located, Section, Value};

/// A program that is run before the application's files are packed, in a copy of some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepareStep {
    /// What messages call it: its key `name`, else its command.
    pub title: String,
    /// The program and its arguments; never empty.
    pub run: Vec<String>,
    /// Paths and globs of the files that it sees, from the folder of the image.toml; `None` for the whole folder.
    pub inputs: Option<Vec<Located<String>>>,
    /// Paths and globs of the files that it makes, from the folder of the image.toml; never empty.
    pub outputs: Vec<Located<String>>,
    /// Variables that it gets.
    pub env: BTreeMap<String, String>,
    /// Variables of this machine that it gets with the values that they have here.
    pub pass_env: Vec<String>,
    /// The folder that it starts in, from the folder of the image.toml, without `.` and `..`; empty for that folder.
    pub directory: String,
    /// Whether `python` is one that has the locked distributions.
    pub python: bool,
}

impl PrepareStep {
    /// The files that it makes.
    pub fn made(&self) -> PathSet {
        PathSet::of(&self.outputs)
    }

    /// The files that are not there when it starts, because it makes them: all but what `inputs` names in the same words.
    pub fn not_copied(&self) -> PathSet {
        let named = |output: &Located<String>| {
            let mut inputs = self.inputs.iter().flatten();
            inputs.any(|input| plain(&input.value) == plain(&output.value))
        };
        PathSet::of(self.outputs.iter().filter(|output| !named(output)))
    }

    /// The files that it sees; `None` for the whole folder.
    pub fn seen(&self) -> Option<PathSet> {
        self.inputs.as_ref().map(PathSet::of)
    }
}

/// Files below a folder: paths and globs as gitignore has them, all from the folder's top; `!` takes files back.
pub struct PathSet(Patterns);

impl PathSet {
    /// The files that these name.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p Located<String>>) -> Self {
        let paths: Vec<String> = paths.into_iter().map(|path| anchored(&path.value)).collect();
        // They were compiled when the file was read: what does not compile was a problem there.
        let patterns = Patterns::new(paths.iter().map(String::as_str)).or_else(|_| Patterns::new([]));
        Self(patterns.expect("nothing is a pattern"))
    }

    /// Whether a file, or a folder above it, is one of these; its path is relative to the folder.
    pub fn has(&self, path: &str) -> bool {
        self.0.matches(path)
    }
}

/// The pattern of a path or glob that begins at the top.
pub fn anchored(path: &str) -> String {
    let (taken_back, path) = path.strip_prefix('!').map_or(("", path), |path| ("!", path));
    let path = plain(path);
    format!("{taken_back}/{}", if path.is_empty() { "**" } else { path })
}

/// The folder that all files of a path or glob are in, or the path itself where it has no wildcard.
pub fn fixed_part(path: &str) -> String {
    let parts = plain(path).split('/').take_while(|part| !part.contains(['*', '?', '[', '\\']));
    parts.collect::<Vec<_>>().join("/")
}

/// Without `./` and `/` around it.
fn plain(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    let path = path.trim_end_matches('/');
    if path == "." { "" } else { path }
}

const KEYS: &[&str] = &["name", "run", "inputs", "outputs", "env", "pass-env", "directory", "python"];

pub(super) fn read_steps<'v>(app: &Section<'v>) -> Vec<PrepareStep> {
    let Some(value) = app.value("prepare") else { return Vec::new() };
    let Some(list) = value.get_ref().as_array() else {
        app.report(value, "`app.prepare` is not a list: write each step as `[[app.prepare]]`".to_owned());
        return Vec::new();
    };
    list.iter().filter_map(|item| read_step(app, item)).collect()
}

fn read_step<'v>(app: &Section<'v>, item: &'v Value<'v>) -> Option<PrepareStep> {
    let step = app.of_value("prepare", item, KEYS)?;
    let run: Vec<String> = step.texts("run").unwrap_or_default().into_iter().map(|word| word.value).collect();
    if run.first().is_none_or(String::is_empty) && is_empty_list(&step, "run") {
        let message = "`app.prepare` is missing `run`: the program and its arguments, such as [\"npm\", \"ci\"]";
        app.report(item, message.to_owned());
    }
    let inputs = step.texts("inputs");
    let outputs = step.texts("outputs").unwrap_or_default();
    if outputs.is_empty() && is_empty_list(&step, "outputs") {
        app.report(item, "`app.prepare` is missing `outputs`: the files and folders that the step makes".to_owned());
    }
    inputs.iter().flatten().for_each(|path| check(&step, "inputs", path));
    for path in &outputs {
        check(&step, "outputs", path);
        if plain(&path.value).is_empty() || path.value.starts_with('!') {
            let message = format!("`app.prepare.outputs` has `{}`, expected a file or folder below", path.value);
            step.report_at(path.span.clone(), message);
        }
    }
    let directory = step.text("directory");
    directory.iter().for_each(|path| check(&step, "directory", path));
    let title = step.text("name").map_or_else(|| run.join(" "), |name| name.value);
    let is_python = run.first().is_some_and(|program| ["python", "python3"].contains(&program.as_str()));
    let pass_env = step.texts("pass-env").unwrap_or_default().into_iter().map(|name| name.value).collect();
    Some(PrepareStep {
        title,
        env: step.text_map("env"),
        pass_env,
        directory: directory.map(|path| plain(&path.value).to_owned()).unwrap_or_default(),
        python: step.boolean("python").unwrap_or(is_python),
        run,
        inputs,
        outputs,
    })
}

/// Whether a key is missing or an empty list: anything else was reported by its type.
fn is_empty_list(step: &Section<'_>, key: &str) -> bool {
    step.value(key).is_none_or(|value| {
        value.get_ref().as_array().is_some_and(|list| list.iter().all(|item| item.get_ref().as_str() == Some("")))
    })
}

/// A path of a step is one below the folder of the image.toml.
fn check(step: &Section<'_>, key: &str, path: &Located<String>) {
    let text = path.value.strip_prefix('!').unwrap_or(&path.value);
    if text.is_empty() || text.starts_with('/') || text.split('/').any(|part| part == "..") {
        let message = format!(
            "`app.prepare.{key}` has `{}`, expected a path below the folder of this file, without `..`",
            path.value
        );
        step.report_at(path.span.clone(), message);
    } else if let Err(error) = Patterns::new([anchored(&path.value).as_str()]) {
        step.report_at(path.span.clone(), error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ImageSpec;

    fn read(lines: &str) -> Result<PrepareStep, String> {
        let text = format!("[app]\nsources = [\".\"]\n[[app.prepare]]\n{lines}\n");
        let spec = ImageSpec::parse(&text, "image.toml", None).map_err(|error| error.to_string())?;
        Ok(spec.app.expect("there is one").prepare.remove(0))
    }

    #[test]
    fn a_step_is_called_by_its_name_or_its_command_and_knows_python() {
        let step = read("run = [\"python\", \"manage.py\", \"collectstatic\"]\noutputs = [\"./static/\"]").unwrap();
        assert_eq!((step.title.as_str(), step.python), ("python manage.py collectstatic", true));
        let more = "name = \"web\"\nrun = [\"npm\", \"ci\"]\noutputs = [\"web/dist\"]\ndirectory = \"./web/\"\n\
                    env = { A = 1 }\npass-env = [\"B\"]\ninputs = [\"web\", \"!web/x\"]";
        let step = read(more).unwrap();
        assert_eq!((step.title.as_str(), step.python, step.directory.as_str()), ("web", false, "web"));
        assert_eq!((step.env["A"].as_str(), &step.pass_env[..]), ("1", &["B".to_owned()][..]));
        let seen = step.seen().unwrap();
        assert!(seen.has("web/a.js") && !seen.has("web/x/b.js") && !seen.has("other/web/a.js"));
    }

    #[test]
    fn what_a_step_makes_is_not_there_when_it_starts_unless_it_is_an_input_in_the_same_words() {
        let step = read("run = [\"x\"]\noutputs = [\"**/*.mo\", \"static\"]\ninputs = [\".\", \"static/\"]").unwrap();
        let (made, not_copied) = (step.made(), step.not_copied());
        for (path, is_made, is_missing) in [
            ("shop/locale/de/x.mo", true, true),
            ("x.mo", true, true),
            ("shop/locale/de/x.po", false, false),
            ("static/site.css", true, false),
            ("shop/static/site.css", false, false),
        ] {
            assert_eq!((made.has(path), not_copied.has(path)), (is_made, is_missing), "{path}");
        }
        assert!(step.seen().unwrap().has("any/thing"));
        for (path, fixed) in [("./web/dist/", "web/dist"), ("**/*.mo", ""), ("a/*/b", "a"), ("a/b.js", "a/b.js")] {
            assert_eq!(fixed_part(path), fixed, "{path}");
        }
    }

    #[test]
    fn what_a_step_cannot_be_is_a_problem_with_its_line() {
        let run = "run = [\"x\"]\n";
        let below = "expected a path below the folder of this file, without `..`";
        for (lines, expected) in [
            ("outputs = [\"a\"]", "image.toml:3: `app.prepare` is missing `run`"),
            ("run = []\noutputs = [\"a\"]", "image.toml:3: `app.prepare` is missing `run`"),
            ("run = \"npm ci\"\noutputs = [\"a\"]", "image.toml:4: `app.prepare.run` is a string, expected a list"),
            (run, "image.toml:3: `app.prepare` is missing `outputs`"),
            (
                &format!("{run}outputs = [\"../a\"]"),
                &format!("image.toml:5: `app.prepare.outputs` has `../a`, {below}"),
            ),
            (
                &format!("{run}outputs = [\"/etc\"]"),
                &format!("image.toml:5: `app.prepare.outputs` has `/etc`, {below}"),
            ),
            (&format!("{run}outputs = [\".\"]"), "image.toml:5: `app.prepare.outputs` has `.`, expected a file or"),
            (
                &format!("{run}outputs = [\"a\"]\ninputs = [\"a/../../b\"]"),
                "image.toml:6: `app.prepare.inputs` has `a/../../b`",
            ),
            (
                &format!("{run}outputs = [\"a\"]\ndirectory = \"/web\""),
                "image.toml:6: `app.prepare.directory` has `/web`",
            ),
            (&format!("{run}outputs = [\"a{{b\"]"), "image.toml:5: not a valid gitignore pattern"),
            (
                &format!("{run}output = [\"a\"]\noutputs = [\"a\"]"),
                "unknown key `output` in `app.prepare` (did you mean `outputs`?)",
            ),
        ] {
            let error = read(lines).unwrap_err();
            assert!(error.contains(expected), "{lines}\n{error}");
        }
        let text = "[app]\nsources = [\".\"]\nprepare = \"npm ci\"\n";
        let error = ImageSpec::parse(text, "image.toml", None).unwrap_err().to_string();
        assert!(error.contains("image.toml:3: `app.prepare` is not a list: write each step as `[[app.prepare]]`"));
    }
}
