//! `ENV`, `EXPOSE` and their like: the keys of `[config]`.

use crate::derive::write::{self, Line};
use crate::dockerfile::{At, Command, Dockerfile, ImageConfig, absolute};
use crate::writable::HOME;

use super::draft::{Draft, From};
use super::layout::Layout;
use super::users;

/// Variables that only a build reads, by how their names begin.
const OF_BUILDS: [&str; 17] = [
    "DEBIAN_FRONTEND",
    "PIP_",
    "UV_",
    "POETRY_",
    "PDM_",
    "PIPENV_",
    "PYSETUP_PATH",
    "VENV_PATH",
    "VIRTUAL_ENV",
    "PYTHON_VERSION",
    "PYTHON_PIP_VERSION",
    "SETUPTOOLS_",
    "NODE_VERSION",
    "APT_",
    "HATCH_",
    "GPG_KEY",
    "PYTHON_GET_PIP",
];

/// What `python -u` is as a variable.
pub(super) const UNBUFFERED: &str = "PYTHONUNBUFFERED";

/// Whether a variable is for tools that the image does not have.
pub(super) fn is_of_builds(name: &str) -> bool {
    OF_BUILDS.iter().any(|prefix| name.starts_with(prefix))
}

/// A Dockerfile's settings, and where the image has its files.
pub(super) struct Settings<'s> {
    pub(super) file: &'s Dockerfile,
    pub(super) image: &'s ImageConfig,
    pub(super) layout: &'s Layout,
}

impl Settings<'_> {
    /// The lines of `[config]` besides what is started.
    pub(super) fn lines(&self, draft: &mut Draft) -> Vec<Line> {
        let mut lines = Vec::new();
        lines.extend(self.workdir(draft));
        lines.extend(self.ports(draft));
        let env = self.environment(draft);
        if !env.is_empty() {
            let pairs: Vec<String> =
                env.iter().map(|(name, at)| format!("{} = {}", write::key(name), write::text(&at.value))).collect();
            let numbers: Vec<usize> = env.iter().map(|(_, at)| at.line).filter(|line| *line > 0).collect();
            lines.push(Line::new("env", format!("{{ {} }}", pairs.join(", ")), places("ENV", &numbers)));
        }
        if let Some(signal) = &self.image.stop_signal {
            draft.account.became(signal.line, self.file.text(signal.line), "config.stop-signal");
            lines.push(Line::new("stop-signal", write::text(&signal.value), places("STOPSIGNAL", &[signal.line])));
        }
        if !self.image.labels.is_empty() {
            let pairs: Vec<String> = self
                .image
                .labels
                .iter()
                .map(|(name, at)| format!("{} = {}", write::text(name), write::text(&at.value)))
                .collect();
            let numbers: Vec<usize> = self.image.labels.values().map(|at| at.line).collect();
            for line in &numbers {
                draft.account.became(*line, self.file.text(*line), "config.labels");
            }
            lines.push(Line::new("labels", format!("{{ {} }}", pairs.join(", ")), places("LABEL", &numbers)));
        }
        if let Some(check) = &self.image.healthcheck {
            let command = match &check.value.command {
                Command::Exec(words) => words.join(" "),
                Command::Shell { text, .. } => text.clone(),
            };
            let todo = format!(
                "give `{command}` to what runs the container: `docker run --health-cmd`, a probe of Kubernetes"
            );
            draft.account.open(check.line, self.file.text(check.line), "OCI images have no health check", todo);
        }
        lines.extend(self.volumes(draft));
        lines
    }

    fn workdir(&self, draft: &mut Draft) -> Option<Line> {
        let Some(At { line, value }) = &self.image.workdir else {
            let moved = self.layout.moved("/")?;
            return Some(Line::new("workdir", write::text(&moved), "no WORKDIR: where the files are"));
        };
        let moved = self.layout.path(value);
        let key = format!("config.workdir = \"{moved}\"");
        draft.account.became(*line, self.file.text(*line), key);
        let reason = match moved == *value {
            true => format!("line {line}: WORKDIR"),
            false => format!("line {line}: WORKDIR {value}, which the files moved from"),
        };
        Some(Line::new("workdir", write::text(&moved), reason))
    }

    fn ports(&self, draft: &mut Draft) -> Option<Line> {
        let mut ports: Vec<String> = Vec::new();
        for At { line, value } in &self.image.exposed {
            let (range, protocol) = value.split_once('/').unwrap_or((value, "tcp"));
            let protocol = protocol.to_ascii_lowercase();
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            match (first.parse::<u16>(), last.parse::<u16>(), protocol.as_str()) {
                (Ok(first), Ok(last), "tcp" | "udp" | "sctp") if first > 0 && first <= last && last - first < 100 => {
                    draft.account.became(*line, self.file.text(*line), "config.exposed-ports");
                    let port =
                        |port: u16| if protocol == "tcp" { port.to_string() } else { format!("\"{port}/{protocol}\"") };
                    ports.extend((first..=last).map(port));
                }
                _ => draft.account.open(
                    *line,
                    self.file.text(*line),
                    format!("`{value}` is no port"),
                    "set `config.exposed-ports`",
                ),
            }
        }
        let numbers: Vec<usize> = self.image.exposed.iter().map(|at| at.line).collect();
        (!ports.is_empty())
            .then(|| Line::new("exposed-ports", format!("[{}]", ports.join(", ")), places("EXPOSE", &numbers)))
    }

    pub(super) fn volumes(&self, draft: &mut Draft) -> Option<Line> {
        let mut volumes = Vec::new();
        for At { line, value } in &self.image.volumes {
            let place = absolute("/", &self.layout.path(value));
            draft.account.became(*line, self.file.text(*line), format!("config.volumes: {place}"));
            if place != "/" && !volumes.contains(&place) {
                volumes.push(place);
            }
        }
        let numbers: Vec<usize> = self.image.volumes.iter().map(|at| at.line).collect();
        (!volumes.is_empty()).then(|| Line::new("volumes", write::list(&volumes), places("VOLUME", &numbers)))
    }

    /// The variables that stay, sorted.
    pub(super) fn environment(&self, draft: &mut Draft) -> Vec<(String, At<String>)> {
        let mut kept = Vec::new();
        for (name, At { line, value }) in &self.image.env {
            let text = format!("ENV {name}={value}");
            let line = *line;
            match name.as_str() {
                "PYTHONDONTWRITEBYTECODE" => {
                    draft.account.not_needed(line, &text, "shipwheel sets it to match the bytecode that the image has");
                }
                "PYTHONOPTIMIZE" => {
                    let level = if value.is_empty() { 0 } else { value.parse().unwrap_or(1_u8).min(2) };
                    draft.account.became(line, &text, format!("bytecode.optimize = {level}"));
                    draft.optimize = Some(From { line, text: self.file.text(line).to_owned(), value: level });
                }
                "PATH" => path(draft, line, &text, value),
                _ if is_of_builds(name) => {
                    draft.account.not_needed(line, &text, "only the build reads it");
                }
                _ => {
                    let moved: Vec<String> = value.split(':').map(|part| self.layout.path(part)).collect();
                    let value = if value.starts_with('/') { moved.join(":") } else { value.clone() };
                    draft.account.became(line, &text, format!("config.env: {name}"));
                    kept.push((name.clone(), At { line, value }));
                }
            }
        }
        if draft.is_unbuffered && !self.image.env.contains_key(UNBUFFERED) {
            kept.push((UNBUFFERED.to_owned(), At { line: 0, value: "1".to_owned() }));
        }
        if !self.image.env.contains_key("HOME") && !users::is_root(draft, self.image) {
            // The account's own folder is not there: an image has numbers, no names.
            kept.push(("HOME".to_owned(), At { line: 0, value: HOME.to_owned() }));
        }
        kept.sort_by(|(one, _), (other, _)| one.cmp(other));
        kept
    }
}

/// `Dockerfile:3 and 4`, as the reason of a line.
fn places(keyword: &str, lines: &[usize]) -> String {
    let mut numbers = lines.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    match &numbers[..] {
        [] => String::new(),
        [one] => format!("line {one}: {keyword}"),
        many => format!("lines {}: {keyword}", many.join(", ")),
    }
}

/// A search path: folders of environments and of tools are those that shipwheel replaces.
fn path(draft: &mut Draft, line: usize, text: &str, value: &str) {
    let own = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", ""];
    let is_replaced = |folder: &&str| {
        own.contains(folder)
            || folder.ends_with("venv/bin")
            || folder.strip_suffix("/bin").is_some_and(|it| draft.environments.contains(it))
            || [".local/bin", "/.cargo/bin", "/poetry/bin", "/uv"].iter().any(|end| folder.ends_with(end))
    };
    let others: Vec<&str> = value.split(':').filter(|folder| !is_replaced(folder)).collect();
    match others.is_empty() {
        true => draft.account.not_needed(line, text, "shipwheel puts its environment first on PATH"),
        false => {
            let why = format!("shipwheel sets PATH itself, and {} is not in the image's", others.join(", "));
            draft.account.open(line, text, why, "name programs there by their whole path");
        }
    }
}
