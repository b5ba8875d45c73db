//! A Procfile: the processes that a platform would start, one `name: command` in a line.

use crate::derive::known::Known;
use crate::derive::start::line::{self, Platform};
use crate::derive::start::search::{Found, Search};

/// The file.
pub(super) const FILE: &str = "Procfile";

/// The process that serves.
const WEB: &str = "web";

/// What runs before a deployment, and is no process.
const RELEASE: &str = "release";

/// Finds what a Procfile starts: `web`, or its only process.
pub(super) fn find(known: &Known<'_>, search: &mut Search) -> Found {
    let processes = processes(known.text(FILE));
    let web: Vec<_> = processes.iter().filter(|(name, _)| *name == WEB).copied().collect();
    let mut entries = Vec::new();
    for (name, command) in if web.is_empty() { processes } else { web } {
        let entry = line::entry(known, format!("`{name}` of {FILE}"), command, Platform::plain(name == WEB));
        entries.extend(search.taken(&format!("`{name}: {command}` of {FILE}"), entry));
    }
    Found::of(entries)
}

/// Names and commands, less what is no process.
fn processes(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter_map(|line| line.trim().split_once(':'));
    let lines = lines.map(|(name, command)| (name.trim(), command.trim()));
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    lines.filter(|(name, command)| is_name(name) && *name != RELEASE && !command.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_commands_are_read_from_lines() {
        let text = "# a comment: no process\nweb: gunicorn a:b\n\nrelease: python manage.py migrate\n worker:celery -A a worker\nbad name: x\nempty:\n";
        assert_eq!(processes(text), [("web", "gunicorn a:b"), ("worker", "celery -A a worker")]);
    }
}
