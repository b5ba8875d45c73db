//! Tools that run a program of the environment, which an image needs none of: its environment is on PATH.

use crate::shell::program;

/// Tools whose `run` starts a program of the environment.
const RUNNERS: [&str; 9] = ["uv", "poetry", "pdm", "pipenv", "hatch", "rye", "conda", "mamba", "micromamba"];

/// Takes off a runner with its options, and names it: `uv run --no-sync gunicorn shop` is `gunicorn shop`.
pub(super) fn take_off(words: &mut Vec<String>) -> Option<String> {
    let name = program(words.first()?).to_owned();
    let taken = 2 + options(words, 2);
    if !RUNNERS.contains(&name.as_str()) || words.get(1)? != "run" || words.len() <= taken {
        return None;
    }
    let is_module = words[2..taken].iter().any(|word| ["-m", "--module"].contains(&word.as_str()));
    words.drain(..taken);
    if is_module {
        words.splice(..0, ["python", "-m"].map(str::to_owned));
    } else if words[0].ends_with(".py") {
        words.insert(0, "python".to_owned());
    }
    Some(name)
}

/// How many words are options, with their values.
pub(super) fn options(words: &[String], from: usize) -> usize {
    let mut count = 0;
    while let Some(word) = words.get(from + count).filter(|word| word.starts_with('-')) {
        count += if WITH_VALUE.contains(&word.as_str()) { 2 } else { 1 };
    }
    count.min(words.len().saturating_sub(from))
}

/// Options of inits and runners that a value follows.
const WITH_VALUE: [&str; 14] = [
    "--directory",
    "--env-file",
    "--extra",
    "--group",
    "--name",
    "--package",
    "--prefix",
    "--project",
    "--python",
    "--with",
    "-n",
    "-p",
    "-C",
    "-e",
];
