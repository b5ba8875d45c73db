//! Steps of `[[app.prepare]]` that a folder may want: only told, as lines to copy, because a step runs a program.

use serde_json::Value;

use crate::derive::error::DeriveError;
use crate::derive::known::Known;
use crate::derive::sources;
use crate::derive::static_root::static_root;
use crate::derive::write::{self, Line};

const PACKAGE: &str = "package.json";

/// How each tool installs what its lock says, and builds.
const TOOLS: [(&str, &str); 5] = [
    ("package-lock.json", "npm ci && npm run build"),
    ("npm-shrinkwrap.json", "npm ci && npm run build"),
    ("pnpm-lock.yaml", "pnpm install --frozen-lockfile && pnpm build"),
    ("yarn.lock", "yarn install --frozen-lockfile && yarn build"),
    ("bun.lock", "bun install --frozen-lockfile && bun run build"),
];

/// Whether a file says how a front end is built.
pub(super) fn is_read(path: &str) -> bool {
    path == PACKAGE || path.matches('/').count() == 1 && path.ends_with("/package.json")
}

/// The steps, as comments.
pub(super) fn suggested(known: &Known<'_>) -> Vec<Line> {
    let steps = static_files(known).into_iter().chain(front_ends(known).map(|it| it.step()));
    steps.map(Line::comment).collect()
}

/// A front end that the sources name the output of: without it, the application would start and fail.
pub(super) fn unbuilt(known: &Known<'_>) -> Option<DeriveError> {
    front_ends(known).find_map(|it| {
        let (file, line) = naming(known, &it.output)?;
        let FrontEnd { package, directory, output, script } = it;
        let script = if directory.is_empty() { script.to_owned() } else { format!("cd {directory} && {script}") };
        Some(DeriveError::Unbuilt { file: file.to_owned(), line, output, package: package.to_owned(), script })
    })
}

/// The first line of the application that names a path: `"ui/dist/x"`, `BASE / "ui" / "dist"`, `join(base, "ui", "dist")`.
///
/// A path of one part may be a name for anything.
fn naming<'k>(known: &'k Known<'_>, path: &str) -> Option<(&'k str, usize)> {
    let plain = |line: &str| -> String {
        line.chars().filter(|c| !c.is_whitespace() && !['"', '\''].contains(c)).collect::<String>().replace(',', "/")
    };
    // Neither `dist` of `ui/distances` nor of `my-ui/dist`.
    let ends = |rest: Option<char>| rest.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-');
    let names = |line: &str| {
        let line = plain(line);
        !line.starts_with('#')
            && line
                .match_indices(path)
                .any(|(at, _)| ends(line[..at].chars().next_back()) && ends(line[at + path.len()..].chars().next()))
    };
    let modules = sources::files(known).into_iter().filter(|file| file.ends_with(".py") && path.contains('/'));
    modules.into_iter().find_map(|file| {
        let line = known.text(file).lines().position(names)?;
        Some((file, line + 1))
    })
}

/// Django's collectstatic, where the settings say where to and nothing is there yet.
fn static_files(known: &Known<'_>) -> Option<String> {
    let output = static_root(known).filter(|root| !known.has_below(&format!("{root}/")))?;
    let manage = known.folder.files.iter().find(|path| *path == "manage.py" || path.ends_with("/manage.py"))?;
    let directory = manage.strip_suffix("manage.py").unwrap_or_default().trim_end_matches('/');
    let run = ["python", "manage.py", "collectstatic", "--noinput"];
    known.depends_on("django").then(|| step("Django's static files are not collected", &run, &output, directory))
}

/// A package.json with a script `build` and a lock beside it, where nothing is built yet.
struct FrontEnd<'k> {
    package: &'k str,
    /// The folder that it is in; empty for the top.
    directory: &'k str,
    output: String,
    script: &'static str,
}

fn front_ends<'k>(known: &'k Known<'_>) -> impl Iterator<Item = FrontEnd<'k>> {
    known.folder.texts.keys().filter(|path| is_read(path)).filter_map(|path| FrontEnd::of(known, path))
}

impl<'k> FrontEnd<'k> {
    fn of(known: &Known<'_>, path: &'k str) -> Option<Self> {
        let directory = path.strip_suffix(PACKAGE)?.trim_end_matches('/');
        let package: Value = serde_json::from_str(known.text(path)).ok()?;
        package.get("scripts")?.get("build")?.as_str()?;
        let beside = |name: &str| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
        let (_, script) = TOOLS.iter().find(|(lock, _)| known.has(&beside(lock)))?;
        let needs = |name: &str| {
            ["dependencies", "devDependencies"]
                .iter()
                .any(|key| package.get(key).is_some_and(|all| all.get(name).is_some()))
        };
        let output = beside(if needs("react-scripts") { "build" } else { "dist" });
        let is_built = known.has_below(&format!("{output}/"));
        (!is_built).then_some(Self { package: path, directory, output, script })
    }

    fn step(&self) -> String {
        let what = format!("{} has a script `build`, which is not run", self.package);
        step(&what, &["sh", "-c", self.script], &self.output, self.directory)
    }
}

fn step(what: &str, run: &[&str], output: &str, directory: &str) -> String {
    let mut text = format!(
        "{what}; a step would do it before each build (docs/prepare.md):\n[[app.prepare]]\nrun = {}\noutputs = {}",
        write::list(run),
        write::list([output])
    );
    if !directory.is_empty() {
        text += &format!("\ndirectory = {}", write::text(directory));
    }
    text
}
