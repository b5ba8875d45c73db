//! What an image starts.

use crate::derive::known::Known;
use crate::derive::write::{self, Line};

/// What is started, and why.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) cmd: Vec<String>,
    pub(super) reason: String,
    /// The file at the top that it needs, if it is not part of the project's packages.
    pub(super) file: Option<String>,
    /// The folder to import from besides the working directory.
    pub(super) root: &'static str,
    /// The port that it listens on, with the variable that says so if there is one.
    pub(super) port: Option<(u16, Option<&'static str>)>,
}

impl Entry {
    pub(super) fn new(cmd: &[&str], reason: impl Into<String>) -> Self {
        Self { cmd: cmd.iter().map(|word| (*word).to_owned()).collect(), reason: reason.into(), ..Self::default() }
    }

    /// The lines of `[config]`.
    pub(super) fn lines(&self, known: &Known<'_>) -> Vec<Line> {
        let mut lines = Vec::new();
        if !self.cmd.is_empty() {
            lines.push(Line::new("cmd", write::list(&self.cmd), &self.reason));
        }
        lines.push(Line::new("user", write::text("65532:65532"), "no root: a user without a name"));
        let plain = !known.is_project || self.file.is_some();
        lines.extend(plain.then(|| Line::new("workdir", write::text("/app"), "")));
        let mut env = Vec::new();
        if let Some((port, variable)) = self.port {
            lines.push(Line::new("exposed-ports", format!("[{port}]"), ""));
            env.extend(variable.map(|name| format!("{name} = \"{port}\"")));
        }
        if !known.is_project && !self.root.is_empty() {
            env.push(format!("PYTHONPATH = \"/app/{}\"", self.root.trim_end_matches('/')));
        }
        lines.extend((!env.is_empty()).then(|| Line::new("env", format!("{{ {} }}", env.join(", ")), "")));
        lines
    }
}
