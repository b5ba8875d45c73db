//! Lines that install distributions: which lock they use, and which groups and extras.

use super::draft::{Draft, From, Step};

/// Tools that install, which an image does not need.
const TOOLS: [&str; 15] = [
    "build",
    "hatch",
    "pdm",
    "pip",
    "pip-tools",
    "pipenv",
    "pipx",
    "poetry",
    "poetry-plugin-export",
    "setuptools",
    "uv",
    "virtualenv",
    "wheel",
    "cython",
    "flit",
];

/// `pip install …`, also `python -m pip …` and `uv pip …`; the words begin with `pip`.
pub(super) fn pip(draft: &mut Draft, step: &Step<'_>) {
    let operands = step.operands();
    let text = step.text();
    let action = operands.first().copied().unwrap_or_default();
    if !["install", "sync", "wheel", "download"].contains(&action) {
        return draft.account.not_needed(step.line, &text, "changes nothing in the image");
    }
    let files = step.values(&["-r", "--requirement", "--requirements"]);
    let constraints = step.values(&["-c", "--constraint", "--constraints"]);
    let editable = step.values(&["-e", "--editable"]);
    for file in &files {
        lock(draft, step, file);
    }
    let values: Vec<&str> = files.iter().chain(&constraints).copied().chain(option_values(step)).collect();
    for name in operands[1..].iter().chain(&editable).filter(|name| !values.contains(name)) {
        // `pip-sync requirements.txt` and `uv pip sync requirements.txt` name the file by itself.
        if action == "sync" && is_lock(name) {
            lock(draft, step, name);
        } else {
            operand(draft, step, name);
        }
    }
}

/// What stands behind an option, and is no distribution.
fn option_values<'s>(step: &Step<'s>) -> Vec<&'s str> {
    let words: &'s [String] = step.words;
    let options = [
        "--target",
        "-t",
        "--prefix",
        "--root",
        "--find-links",
        "-f",
        "--index-url",
        "-i",
        "--extra-index-url",
        "--wheel-dir",
        "-w",
        "--trusted-host",
        "--timeout",
        "--python",
        "-p",
        "--cache-dir",
        "--platform",
        "--no-binary",
        "--only-binary",
        "--retries",
        "-d",
        "--dest",
        "--build-option",
        "--config-settings",
        "--python-version",
        "--src",
    ];
    let pairs = words.windows(2).filter(|pair| options.contains(&pair[0].as_str()));
    pairs.map(|pair| pair[1].as_str()).collect()
}

fn operand(draft: &mut Draft, step: &Step<'_>, name: &str) {
    let text = step.text();
    let bare = name.split(['=', '<', '>', '~', '!', '[', '@', ';', ' ']).next().unwrap_or(name).to_ascii_lowercase();
    let (path, extras) = name.strip_suffix(']').and_then(|it| it.split_once('[')).unwrap_or((name, ""));
    if TOOLS.contains(&bare.as_str()) {
        draft.account.not_needed(step.line, &text, "shipwheel installs without it");
    } else if matches!(path, "." | "./") || path.starts_with('/') && step.place(path) == step.workdir {
        let extras = extras.split(',').map(str::trim).filter(|it| !it.is_empty());
        draft.installed.extras.extend(extras.map(str::to_owned));
        project(draft, step);
    } else if name.contains('*') || name.ends_with(".whl") || path.starts_with(['.', '/']) {
        draft.account.not_needed(
            step.line,
            &text,
            "`python.lock` says what is installed, and shipwheel gets the wheels itself",
        );
    } else {
        draft.installed.named.push(From { line: step.line, text, value: name.to_owned() });
    }
}

/// Installs the project of the folder.
fn project(draft: &mut Draft, step: &Step<'_>) {
    draft.account.became(step.line, &step.text(), "app.project, if the folder has a build system");
    draft.installed.project = Some(From { line: step.line, text: step.text(), value: () });
}

fn is_lock(name: &str) -> bool {
    [".txt", ".toml", ".lock", ".in"].iter().any(|end| name.ends_with(end))
}

/// A line installs what a file says.
fn lock(draft: &mut Draft, step: &Step<'_>, file: &str) {
    let name = file.trim_start_matches("./");
    if file.contains("://") {
        let todo = format!("put {file} into the folder, and choose it with `--lock`");
        return draft.account.open(step.line, &step.text(), "the file is downloaded", todo);
    }
    if let Some(first) = draft.installed.lock.clone().filter(|first| first.value != step.place(file)) {
        let first = first.value.rsplit('/').next().unwrap_or_default();
        let todo = format!("include it in {first} with a line `-r {name}`, or choose it with `--lock {name}`");
        let why = format!("an image has one lock, and {first} is taken");
        return draft.account.open(step.line, &format!("pip install -r {file}"), why, todo);
    }
    let made = draft.installed.exported.get(&step.place(file)).cloned();
    let path = made.unwrap_or_else(|| name.to_owned());
    draft.account.became(
        step.line,
        &step.text(),
        format!("python.lock, from {}", path.rsplit('/').next().unwrap_or(&path)),
    );
    draft.installed.lock = Some(From { line: step.line, text: step.text(), value: step.place(file) });
}

/// A tool with a lock of its own.
struct Tool {
    name: &'static str,
    lock: &'static str,
    /// What installs, by its first word.
    installs: &'static [&'static str],
    /// What writes the lock as requirements.
    exports: &'static [&'static str],
    groups: &'static [&'static str],
    extras: &'static [&'static str],
    /// Options without which the project itself is installed, too.
    without_project: &'static [&'static str],
}

/// A new tool is one row.
const LOCKED: [Tool; 4] = [
    Tool {
        name: "uv",
        lock: "uv.lock",
        installs: &["sync"],
        exports: &["export"],
        groups: &["--group", "--only-group"],
        extras: &["--extra"],
        without_project: &["--no-install-project", "--no-install-workspace", "--only-group"],
    },
    Tool {
        name: "poetry",
        lock: "poetry.lock",
        installs: &["install", "sync"],
        exports: &["export"],
        groups: &["--with", "--only"],
        extras: &["--extras", "-E"],
        without_project: &["--no-root", "--only=main", "--no-directory"],
    },
    Tool {
        name: "pdm",
        lock: "pdm.lock",
        installs: &["install", "sync"],
        exports: &["export"],
        groups: &["--group", "-G"],
        extras: &[],
        without_project: &["--no-self"],
    },
    Tool {
        name: "pipenv",
        lock: "Pipfile.lock",
        installs: &["install", "sync"],
        exports: &["requirements"],
        groups: &["--categories"],
        extras: &[],
        without_project: &[],
    },
];

/// Whether a program is a tool with a lock of its own.
pub(super) fn is_tool(program: &str) -> bool {
    LOCKED.iter().any(|tool| tool.name == program)
}

/// `uv sync`, `poetry install`, `pdm sync`, `pipenv install`, and what exports their locks.
pub(super) fn tool(draft: &mut Draft, step: &Step<'_>) {
    let text = step.text();
    let Some(tool) = LOCKED.iter().find(|tool| step.words.first().is_some_and(|word| word == tool.name)) else {
        return;
    };
    let action = step.operands().first().copied().unwrap_or_default();
    if tool.exports.contains(&action) {
        let file = step.values(&["-o", "--output", "--output-file"]).first().copied().unwrap_or("requirements.txt");
        draft.installed.exported.insert(step.place(file), tool.lock.to_owned());
        return draft.account.became(step.line, &text, format!("python.lock = \"{}\"", tool.lock));
    }
    if !tool.installs.contains(&action) {
        return match (tool.name, action) {
            ("uv", "venv") => {
                let folder = step.operands().get(1).copied().unwrap_or(".venv").to_owned();
                draft.environments.insert(step.place(&folder));
                draft.account.not_needed(step.line, &text, "shipwheel makes the environment: /opt/venv");
            }
            _ => draft.account.not_needed(step.line, &text, "shipwheel installs without it"),
        };
    }
    let split = |value: &str| value.split([',', ' ']).map(str::to_owned).collect::<Vec<_>>();
    let own = ["main", "dev", "default"];
    let groups = step.values(tool.groups).into_iter().flat_map(split).filter(|name| !own.contains(&name.as_str()));
    draft.installed.groups.extend(groups);
    draft.installed.extras.extend(step.values(tool.extras).into_iter().flat_map(split));
    let package = step.values(&["--package"]).first().map(|name| (*name).to_owned());
    if tool.name == "uv" && package.is_some() {
        draft.installed.package = package;
    }
    draft.account.became(step.line, &text, format!("python.lock = \"{}\"", tool.lock));
    let from = From { line: step.line, text: text.clone(), value: step.place(tool.lock) };
    draft.installed.lock.get_or_insert(from);
    let has_project =
        tool.name != "pipenv" && !step.words.iter().any(|word| tool.without_project.contains(&word.as_str()));
    if has_project {
        draft.installed.project = Some(From { line: step.line, text, value: () });
    }
}
