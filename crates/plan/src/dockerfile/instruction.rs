//! One instruction of a Dockerfile: what it says, variables replaced, and where it is.

use std::sync::Arc;

use super::lines::Document;
use super::words::Variables;
use crate::shell::plain_words;

/// An instruction with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The number of its first line, from 1.
    pub line: usize,
    /// The instruction in one line, as it is written; blanks are single.
    pub text: String,
    /// What it says.
    pub kind: Kind,
}

/// What an instruction says. Variables are replaced where Docker replaces them: not in commands, which a shell reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `ADD`.
    Add(Copy),
    /// `ARG`: names, and the values that they have without a flag of the build.
    Arg(Vec<(String, Option<String>)>),
    /// `CMD`.
    Cmd(Command),
    /// `COPY`.
    Copy(Copy),
    /// `ENTRYPOINT`.
    Entrypoint(Command),
    /// `ENV`.
    Env(Vec<(String, String)>),
    /// `EXPOSE`: ports as they are written.
    Expose(Vec<String>),
    /// `HEALTHCHECK`; `None` for `HEALTHCHECK NONE`.
    Healthcheck(Option<Healthcheck>),
    /// `LABEL`.
    Label(Vec<(String, String)>),
    /// `MAINTAINER`.
    Maintainer(String),
    /// `ONBUILD`: nothing happens here, but in stages that follow from this one.
    Onbuild(String),
    /// `RUN`.
    Run(Run),
    /// `SHELL`.
    Shell(Vec<String>),
    /// `STOPSIGNAL`.
    StopSignal(String),
    /// `USER`.
    User(String),
    /// `VOLUME`.
    Volume(Vec<String>),
    /// `WORKDIR`, as an absolute path.
    Workdir(String),
}

/// Flags of an instruction: `--from=builder`.
pub type Flags = Vec<(String, String)>;

/// The value of a flag.
pub fn flag<'f>(flags: &'f Flags, name: &str) -> Option<&'f str> {
    flags.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// `COPY` or `ADD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Its flags, such as `from`, `chown` and `chmod`.
    pub flags: Flags,
    /// The stage that it copies from, as its place among the stages.
    pub stage: Option<usize>,
    /// What is copied, as it is written; not the documents.
    pub sources: Vec<String>,
    /// Files that stand in the Dockerfile itself.
    pub documents: Vec<Document>,
    /// Where it is put, as an absolute path; with a `/` at the end where it is written so, or is a folder for certain.
    pub destination: String,
}

impl Copy {
    /// Where it copies from, if it is not the folder: a stage, or an image.
    pub fn from(&self) -> Option<&str> {
        flag(&self.flags, "from")
    }
}

/// A command in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A list of words.
    Exec(Vec<String>),
    /// A text for a shell.
    Shell {
        /// The shell with its options: `/bin/sh`, `-c`.
        shell: Vec<String>,
        /// The text.
        text: String,
    },
}

impl Command {
    /// Its words, where it needs no shell.
    pub fn plain(&self) -> Option<Vec<String>> {
        match self {
            Self::Exec(words) => Some(words.clone()),
            Self::Shell { text, .. } => plain_words(text),
        }
    }

    /// What a runtime starts.
    pub fn argv(&self) -> Vec<String> {
        match self {
            Self::Exec(words) => words.clone(),
            Self::Shell { shell, text } => shell.iter().chain([text]).cloned().collect(),
        }
    }
}

/// `RUN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its flags, such as `mount` and `network`.
    pub flags: Flags,
    /// The command; where it is nothing but a document, the document's text.
    pub command: Command,
    /// The documents that it reads otherwise.
    pub documents: Vec<Document>,
    /// The variables that it sees.
    pub variables: Arc<Variables>,
    /// The folder that it runs in.
    pub workdir: String,
    /// The user that it runs as, if one is set.
    pub user: Option<String>,
}

/// `HEALTHCHECK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healthcheck {
    /// `interval`, `timeout`, `start-period`, `start-interval`, `retries`.
    pub flags: Flags,
    /// What it runs.
    pub command: Command,
}
