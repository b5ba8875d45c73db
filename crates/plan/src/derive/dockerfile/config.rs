//! `[config]`: what is started and by whom, and the settings around it.

use crate::derive::choices::Choices;
use crate::derive::error::DeriveError;
use crate::derive::known::Known;
use crate::derive::start as derived;
use crate::derive::write::{self, Line};
use crate::dockerfile::{At, Command, Dockerfile, ImageConfig};

use super::draft::{Draft, From};
use super::layout::Layout;
use super::settings::Settings;
use super::start::{self, Started};
use super::users;

/// What the section is made from.
pub(super) struct Config<'c> {
    pub(super) known: &'c Known<'c>,
    pub(super) file: &'c Dockerfile,
    pub(super) image: &'c ImageConfig,
    pub(super) layout: &'c Layout,
    pub(super) workdir: &'c str,
    /// The Dockerfile's name.
    pub(super) name: &'c str,
}

impl Config<'_> {
    pub(super) fn lines(&self, draft: &mut Draft) -> Vec<Line> {
        let mut lines = self.start(draft).unwrap_or_else(|error| {
            let line = Line::missing("cmd", "[\"python3\", \"…\"]", &error);
            let commands = [&self.image.entrypoint, &self.image.cmd].into_iter().flatten();
            for at in commands {
                draft.account.open(at.line, &self.text(at.line), "not what an image starts", error.hint());
            }
            draft.missing.push(error);
            vec![line]
        });
        lines.push(self.user(draft));
        let settings = Settings { file: self.file, image: self.image, layout: self.layout };
        lines.extend(settings.lines(draft));
        self.replaced(draft);
        lines
    }

    /// The text of an instruction of the image.
    fn text(&self, line: usize) -> String {
        self.file.text(line).to_owned()
    }

    fn start(&self, draft: &mut Draft) -> Result<Vec<Line>, DeriveError> {
        let mut lines = Vec::new();
        // A shell's text takes no arguments.
        let is_text = |at: &At<Command>| matches!(at.value, Command::Shell { .. }) && at.value.plain().is_none();
        let entrypoint = self.image.entrypoint.as_ref();
        let cmd = self.image.cmd.as_ref().filter(|_| !entrypoint.is_some_and(is_text));
        let entry = entrypoint.map(|at| self.read(draft, at, true)).transpose()?.filter(|it| !it.words.is_empty());
        let inherited = start::inherited(self.file).filter(|_| entrypoint.is_none());
        let is_whole = entry.is_none() && inherited.is_none();
        let cmd_started = cmd.map(|at| self.read(draft, at, is_whole)).transpose()?;
        if let Some(inherited) = inherited.filter(|_| cmd.is_some()) {
            lines.push(Line::new(
                "entrypoint",
                write::list([inherited]),
                "what the base starts, as no line says another",
            ));
        }
        match (entrypoint, &entry) {
            (Some(at), Some(started)) => lines.push(self.started(draft, "entrypoint", at, started)),
            (Some(at), None) => {
                draft.account.not_needed(
                    at.line,
                    &self.text(at.line),
                    "runtimes start an init themselves (`docker run --init`)",
                );
            }
            (None, _) => {}
        }
        match (cmd, cmd_started) {
            (Some(at), Some(started)) if !started.words.is_empty() => {
                lines.push(self.started(draft, "cmd", at, &started))
            }
            _ if entry.is_some() => {}
            _ => {
                let found = derived::find(self.known, &Choices::default())?;
                let reason = format!("the Dockerfile starts nothing; {}", found.reason);
                lines.push(Line::new("cmd", write::list(&found.cmd), reason));
            }
        }
        Ok(lines)
    }

    fn started(&self, draft: &mut Draft, key: &'static str, at: &At<Command>, started: &Started) -> Line {
        draft.is_unbuffered |= started.is_unbuffered;
        let notes = started.notes.iter().map(|note| format!("; {note}")).collect::<String>();
        let (text, value) = (self.text(at.line), write::list(&started.words));
        draft.account.became(at.line, &text, format!("config.{key} = {value}{notes}"));
        for name in &started.packages {
            let from = From { line: at.line, text: text.clone(), value: () };
            draft.packages.entry((*name).to_owned()).or_insert(from);
        }
        Line::new(key, value, format!("line {}: {text}{notes}", at.line))
    }

    fn read(&self, draft: &Draft, at: &At<Command>, is_whole: bool) -> Result<Started, DeriveError> {
        start::read((self.known, draft), self.layout, self.workdir, at, is_whole).map_err(|supervisor| {
            DeriveError::Supervisor { file: self.name.to_owned(), line: at.line, program: supervisor.name }
        })
    }

    fn user(&self, draft: &mut Draft) -> Line {
        const NOBODY: &str = "65532:65532";
        let Some(At { line, value }) = &self.image.user else {
            return Line::new("user", write::text(NOBODY), "no USER: not root, but a user without a name");
        };
        let text = self.text(*line);
        match users::numbers(draft, value) {
            Some(numbers) => {
                draft.account.became(*line, &text, format!("config.user = \"{numbers}\""));
                Line::new("user", write::text(&numbers), format!("line {line}: {text}"))
            }
            None => {
                let why = format!("no line says which number `{value}` has");
                draft.account.open(*line, &text, why, "set `config.user` to the number");
                Line::new("user", write::text(NOBODY), format!("line {line}: {text}, whose number no line says"))
            }
        }
    }

    /// Names what a later line replaces.
    fn replaced(&self, draft: &mut Draft) {
        for (line, text) in std::mem::take(&mut draft.settings) {
            if !draft.account.has(line) {
                draft.account.not_needed(line, &text, "a later line replaces it");
            }
        }
    }
}
