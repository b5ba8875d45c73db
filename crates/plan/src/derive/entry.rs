//! What an image starts.

use std::collections::BTreeMap;

use crate::derive::known::{APPLICATION, Known};
use crate::derive::sources;
use crate::derive::write::{self, Line};
use crate::derive::writes::Folders;
use crate::writable::HOME;

/// What is started, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) entrypoint: Vec<String>,
    pub(super) cmd: Vec<String>,
    pub(super) reason: String,
    /// What else there is to know about it, a line each.
    pub(super) notes: Vec<String>,
    /// The file that it needs, if it is not part of the project's packages.
    pub(super) file: Option<String>,
    /// The folder to import from besides the working directory, with `/` at its end.
    pub(super) root: String,
    /// The ports that it listens on.
    pub(super) ports: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    /// The working directory below the application's folder.
    pub(super) workdir: String,
    /// Whether it needs a working directory in the application's folder whatever else is there.
    pub(super) needs_workdir: bool,
    /// The numbers of the user that it runs as, and what says so.
    pub(super) user: Option<(String, String)>,
    /// The folders that are made for it to write to.
    pub(super) writes: Folders,
    /// The line of the folders that are mounted.
    pub(super) volumes: Option<Line>,
}

impl Entry {
    pub(super) fn new<S: AsRef<str>>(cmd: &[S], reason: impl Into<String>) -> Self {
        let cmd = cmd.iter().map(|word| word.as_ref().to_owned()).collect();
        Self { cmd, reason: reason.into(), ..Self::default() }
    }

    /// The same, with a port that it listens on.
    pub(super) fn at_port(mut self, port: Option<u16>) -> Self {
        self.ports.extend(port.map(|port| port.to_string()));
        self
    }

    /// The same, with a variable.
    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.env.insert(name.to_owned(), value.to_string());
        self
    }

    /// Listens at other ports: where the command names the one that it would listen at, it names the first of them.
    pub(super) fn listen_at(&mut self, ports: &[u16]) {
        let Some(port) = ports.first().map(ToString::to_string) else { return };
        let old = std::mem::replace(&mut self.ports, ports.iter().map(ToString::to_string).collect());
        let Some(old) = old.first() else { return };
        let address = format!(":{old}");
        for word in self.cmd.iter_mut().chain(self.env.values_mut()) {
            if word == old {
                word.clone_from(&port);
            } else if let Some(host) = word.strip_suffix(&address) {
                *word = format!("{host}:{port}");
            }
        }
    }

    /// The whole command as it is typed.
    pub(super) fn typed(&self) -> String {
        typed(self.entrypoint.iter().chain(&self.cmd))
    }

    /// The working directory in the image.
    pub(super) fn workdir(&self) -> String {
        format!("{APPLICATION}/{}", self.workdir).trim_end_matches('/').to_owned()
    }

    /// The lines of `[config]`.
    pub(super) fn lines(&self, known: &Known<'_>) -> Vec<Line> {
        let mut lines = Vec::new();
        let reason = std::iter::once(&self.reason).chain(&self.notes).cloned().collect::<Vec<_>>();
        let commands = [("entrypoint", &self.entrypoint), ("cmd", &self.cmd)];
        for (key, words) in commands.into_iter().filter(|(_, words)| !words.is_empty()) {
            let reason = if lines.is_empty() { reason.join("\n") } else { String::new() };
            lines.push(Line::new(key, write::list(words), reason));
        }
        let nobody = || ("65532:65532".to_owned(), "no root: a user without a name".to_owned());
        let (user, reason) = self.user.clone().unwrap_or_else(nobody);
        lines.push(Line::new("user", write::text(&user), reason));
        let is_placed = self.file.is_some() || !self.workdir.is_empty() || self.needs_workdir;
        if !known.is_project || is_placed || sources::has_more(known) {
            lines.push(Line::new("workdir", write::text(&self.workdir()), ""));
        }
        if !self.ports.is_empty() {
            let ports: Vec<String> = self
                .ports
                .iter()
                .map(|port| if port.contains('/') { write::text(port) } else { port.clone() })
                .collect();
            lines.push(Line::new("exposed-ports", format!("[{}]", ports.join(", ")), ""));
        }
        let mut env = self.env.clone();
        if !known.is_project && !self.root.is_empty() {
            env.entry("PYTHONPATH".to_owned()).or_insert(format!("{APPLICATION}/{}", self.root.trim_end_matches('/')));
        }
        // Nobody has a home who has no name; root has both.
        if !user.starts_with("0:") {
            env.entry("HOME".to_owned()).or_insert_with(|| HOME.to_owned());
        }
        let env: Vec<String> =
            env.iter().map(|(name, value)| format!("{} = {}", write::key(name), write::text(value))).collect();
        lines.extend((!env.is_empty()).then(|| Line::new("env", format!("{{ {} }}", env.join(", ")), "")));
        lines.extend(self.volumes.clone());
        lines
    }
}

/// Words as they are typed in a shell.
pub(super) fn typed<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let quoted = |word: &str| match word.is_empty() || word.contains(|c: char| !is_plain(c)) {
        true => format!("'{}'", word.replace('\'', "'\\''")),
        false => word.to_owned(),
    };
    words.into_iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

/// Whether a character means itself to a shell.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "_-./:=@%+,".contains(c)
}
