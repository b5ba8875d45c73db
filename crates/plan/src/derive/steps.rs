//! Steps of `[[app.prepare]]` that a folder may want: only told, as lines to copy, because a step runs a program.

use serde_json::Value;

use crate::derive::known::Known;
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
    let front_ends = known.folder.texts.keys().filter(|path| is_read(path));
    let steps = static_files(known).into_iter().chain(front_ends.filter_map(|path| front_end(known, path)));
    steps.map(Line::comment).collect()
}

/// Django's collectstatic, where the settings say where to and nothing is there yet.
fn static_files(known: &Known<'_>) -> Option<String> {
    let output = static_root(known).filter(|root| !known.has_below(&format!("{root}/")))?;
    let manage = known.folder.files.iter().find(|path| *path == "manage.py" || path.ends_with("/manage.py"))?;
    let directory = manage.strip_suffix("manage.py").unwrap_or_default().trim_end_matches('/');
    let run = ["python", "manage.py", "collectstatic", "--noinput"];
    known.depends_on("django").then(|| step("Django's static files are not collected", &run, &output, directory))
}

/// The script `build` of a package.json with a lock beside it, where nothing is built yet.
fn front_end(known: &Known<'_>, path: &str) -> Option<String> {
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
    let what = format!("{path} has a script `build`, which is not run");
    (!is_built).then(|| step(&what, &["sh", "-c", script], &output, directory))
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
