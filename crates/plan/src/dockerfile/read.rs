//! Logical lines → stages of instructions, with the variables that each sees.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::DockerfileError;
use super::instruction::{Command, Copy, Flags, Healthcheck, Instruction, Kind, Run, flag};
use super::lines::{Document, LogicalLine, logical_lines};
use super::path::absolute;
use super::stage::Stage;
use super::words::{Expander, Variables, split};

/// The most that all variables may hold together: no system starts a program with more.
const MAX_VARIABLES: usize = 64 << 10;

/// The most instructions, those of `ONBUILD` in each stage that follows included.
const MAX_INSTRUCTIONS: usize = 2000;

/// What every base image has, and what a build for the first platform has. A value that a build is given is not known.
const PREDEFINED: [(&str, &str); 8] = [
    ("BUILDARCH", "amd64"),
    ("BUILDOS", "linux"),
    ("BUILDPLATFORM", "linux/amd64"),
    ("TARGETARCH", "amd64"),
    ("TARGETOS", "linux"),
    ("TARGETPLATFORM", "linux/amd64"),
    ("TARGETSTAGE", "default"),
    ("TARGETVARIANT", ""),
];

/// Where programs of a base image are found.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The stages of a text.
pub(super) fn stages(text: &str) -> Result<Vec<Stage>, DockerfileError> {
    let (lines, escape) = logical_lines(text)?;
    let predefined: Variables =
        PREDEFINED.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut reader =
        Reader { escape, arguments: predefined.clone(), predefined, states: Vec::new(), stages: Vec::new() };
    for line in &lines {
        reader.line(line)?;
    }
    if reader.stages.is_empty() {
        return Err(DockerfileError::new(1, "no `FROM`, expected at least one stage"));
    }
    Ok(reader.stages)
}

/// What is known at a place of a stage.
#[derive(Clone)]
struct State {
    /// `ENV`, which stages that follow inherit.
    environment: Variables,
    /// `ARG`, which they do not.
    arguments: Variables,
    /// Both, for the commands that follow.
    variables: Arc<Variables>,
    workdir: String,
    user: Option<String>,
    shell: Vec<String>,
    /// What stages that follow do first.
    onbuild: Vec<LogicalLine>,
}

impl State {
    fn new() -> Self {
        let environment = Variables::from([("PATH".to_owned(), PATH.to_owned())]);
        Self {
            variables: Arc::new(environment.clone()),
            environment,
            arguments: Variables::new(),
            workdir: "/".to_owned(),
            user: None,
            shell: ["/bin/sh", "-c"].map(str::to_owned).to_vec(),
            onbuild: Vec::new(),
        }
    }

    fn refresh(&mut self, line: usize) -> Result<(), DockerfileError> {
        let mut variables = self.arguments.clone();
        variables.extend(self.environment.iter().map(|(name, value)| (name.clone(), value.clone())));
        let size: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > MAX_VARIABLES {
            return Err(DockerfileError::new(line, format!("variables of more than {MAX_VARIABLES} bytes")));
        }
        self.variables = Arc::new(variables);
        Ok(())
    }
}

struct Reader {
    escape: char,
    predefined: Variables,
    /// `ARG` before the first `FROM`.
    arguments: Variables,
    /// The state at the end of each stage.
    states: Vec<State>,
    stages: Vec<Stage>,
}

impl Reader {
    fn line(&mut self, line: &LogicalLine) -> Result<(), DockerfileError> {
        let (keyword, rest) = line.text.split_once(char::is_whitespace).unwrap_or((&line.text, ""));
        let (keyword, rest) = (keyword.to_ascii_uppercase(), rest.trim());
        let error = |message: String| DockerfileError::new(line.line, message);
        if rest.is_empty() {
            return Err(error(format!("`{keyword}` has no arguments")));
        }
        if keyword == "FROM" {
            return self.from(line, rest);
        }
        let Some(mut state) = self.states.pop() else {
            if keyword != "ARG" {
                return Err(error(format!("`{keyword}` before the first `FROM`")));
            }
            let expander = Expander { variables: &self.arguments, escape: self.escape };
            let values: BTreeMap<String, String> =
                arguments(&expander, rest).into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            self.arguments.extend(values);
            return Ok(());
        };
        let kind = self.kind(line, &keyword, rest, &mut state);
        self.states.push(state);
        let instruction = Instruction { line: line.line, text: shown(&line.text), kind: kind? };
        let count: usize = self.stages.iter().map(|stage| stage.instructions.len()).sum();
        if count >= MAX_INSTRUCTIONS {
            return Err(error(format!("more than {MAX_INSTRUCTIONS} instructions")));
        }
        if let Some(stage) = self.stages.last_mut() {
            stage.instructions.push(instruction);
        }
        Ok(())
    }

    /// Begins a stage.
    fn from(&mut self, line: &LogicalLine, rest: &str) -> Result<(), DockerfileError> {
        let expander = Expander { variables: &self.arguments, escape: self.escape };
        let (flags, rest) = flags(&expander, rest);
        let words = expander.words(rest);
        let (image, name) = match &words[..] {
            [image] => (image.clone(), None),
            [image, as_, name] if as_.eq_ignore_ascii_case("AS") => (image.clone(), Some(name.to_ascii_lowercase())),
            _ => {
                let message = format!("`FROM {rest}` is not `FROM IMAGE` or `FROM IMAGE AS NAME`");
                return Err(DockerfileError::new(line.line, message));
            }
        };
        let parent = self.stage(&image, false);
        let mut state = parent.and_then(|parent| self.states_at(parent)).unwrap_or_else(State::new);
        let triggers = std::mem::take(&mut state.onbuild);
        state.arguments.clear();
        state.shell = State::new().shell;
        state.refresh(line.line)?;
        self.states.push(state);
        let platform = flag(&flags, "platform").map(str::to_owned);
        let text = shown(&line.text);
        self.stages.push(Stage { line: line.line, text, image, parent, name, platform, instructions: Vec::new() });
        triggers.iter().try_for_each(|trigger| self.line(trigger))
    }

    fn states_at(&self, stage: usize) -> Option<State> {
        self.states.get(stage).cloned()
    }

    /// The stage of a name, or of a number where an instruction may name it so.
    fn stage(&self, name: &str, by_number: bool) -> Option<usize> {
        let lower = name.to_ascii_lowercase();
        // A stage cannot copy from itself.
        let before = if by_number { self.stages.len().saturating_sub(1) } else { self.stages.len() };
        let named = self.stages[..before].iter().rposition(|stage| stage.name.as_ref() == Some(&lower));
        named.or_else(|| name.parse().ok().filter(|number| by_number && *number < before))
    }

    fn kind(&self, line: &LogicalLine, keyword: &str, rest: &str, state: &mut State) -> Result<Kind, DockerfileError> {
        let variables = state.variables.clone();
        let expander = Expander { variables: &variables, escape: self.escape };
        let command = |text: &str| command(text, &state.shell);
        let kind = match keyword {
            "ADD" => Kind::Add(self.copy(line, rest, state)?),
            "COPY" => Kind::Copy(self.copy(line, rest, state)?),
            "ARG" => self.arg(line, arguments(&expander, rest), state)?,
            "ENV" => {
                let pairs = expander.pairs(rest);
                state.environment.extend(pairs.iter().cloned());
                state.refresh(line.line)?;
                Kind::Env(pairs)
            }
            "CMD" => Kind::Cmd(command(rest)),
            "ENTRYPOINT" => Kind::Entrypoint(command(rest)),
            "EXPOSE" => Kind::Expose(expander.words(rest)),
            "HEALTHCHECK" => healthcheck(line.line, &expander, rest, &state.shell)?,
            "LABEL" => Kind::Label(expander.pairs(rest)),
            "MAINTAINER" => Kind::Maintainer(rest.to_owned()),
            "ONBUILD" => onbuild(line, rest, state)?,
            "RUN" => Kind::Run(run(&expander, line, rest, state)),
            "SHELL" => {
                let Some(shell) = list(rest).filter(|shell| !shell.is_empty()) else {
                    return Err(DockerfileError::new(
                        line.line,
                        "`SHELL` is not a list such as [\"/bin/bash\", \"-c\"]",
                    ));
                };
                state.shell.clone_from(&shell);
                Kind::Shell(shell)
            }
            "STOPSIGNAL" => Kind::StopSignal(expander.word(rest)),
            "USER" => {
                let user = expander.word(rest);
                state.user = Some(user.clone());
                Kind::User(user)
            }
            "VOLUME" => Kind::Volume(match list(rest) {
                Some(paths) => paths.iter().map(|path| expander.word(path)).collect(),
                None => expander.words(rest),
            }),
            "WORKDIR" => {
                state.workdir = absolute(&state.workdir, &expander.word(rest));
                Kind::Workdir(state.workdir.clone())
            }
            _ => return Err(DockerfileError::new(line.line, format!("unknown instruction `{keyword}`"))),
        };
        Ok(kind)
    }

    /// Takes in `ARG`, whose values come from before the first `FROM`, or from the builder, where the line has none.
    fn arg(
        &self,
        line: &LogicalLine,
        mut found: Vec<(String, Option<String>)>,
        state: &mut State,
    ) -> Result<Kind, DockerfileError> {
        for (name, value) in &mut found {
            *value = value.take().or_else(|| self.arguments.get(name).cloned());
            *value = value.take().or_else(|| self.predefined.get(name).cloned());
            state.arguments.extend(value.clone().map(|value| (name.clone(), value)));
        }
        state.refresh(line.line)?;
        Ok(Kind::Arg(found))
    }

    fn copy(&self, line: &LogicalLine, rest: &str, state: &State) -> Result<Copy, DockerfileError> {
        let expander = Expander { variables: &state.variables, escape: self.escape };
        let (flags, rest) = flags(&expander, rest);
        let mut paths = match list(rest) {
            Some(paths) => paths.iter().map(|path| expander.word(path)).collect(),
            None => expander.words(rest),
        };
        // A variable that only the base image sets is nothing here, and its folder is as good as any.
        if paths.len() == 1 && split(rest, self.escape).len() > 1 {
            paths.push(".".to_owned());
        }
        let last = paths.pop().filter(|_| !paths.is_empty());
        let Some(destination) = last else {
            return Err(DockerfileError::new(line.line, "nothing to copy, expected SOURCE… DESTINATION"));
        };
        let is_document =
            |path: &String| line.documents.iter().any(|it| path.ends_with(&it.name) && path.contains("<<"));
        paths.retain(|path| !is_document(path));
        let is_folder = matches!(destination.rsplit('/').next(), Some("" | "." | ".."));
        let mut destination = absolute(&state.workdir, &destination);
        if is_folder && destination != "/" {
            destination.push('/');
        }
        let from = flag(&flags, "from");
        let stage = from.and_then(|from| self.stage(from, true));
        Ok(Copy { stage, flags, sources: paths, documents: line.documents.clone(), destination })
    }
}

/// `A=1 B`.
fn arguments(expander: &Expander<'_>, rest: &str) -> Vec<(String, Option<String>)> {
    let words = split(rest, expander.escape);
    let pair = |word: &String| match word.split_once('=') {
        Some((name, value)) => (expander.word(name), Some(expander.word(value))),
        None => (expander.word(word), None),
    };
    words.iter().map(pair).collect()
}

/// The flags before the arguments, and the arguments.
fn flags<'r>(expander: &Expander<'_>, rest: &'r str) -> (Flags, &'r str) {
    let (mut flags, mut rest) = (Flags::new(), rest.trim_start());
    while let Some(text) = rest.strip_prefix("--") {
        // Two dashes alone end the flags (BuildKit's `extractBuilderFlags`).
        if text.chars().next().is_none_or(char::is_whitespace) {
            return (flags, text.trim_start());
        }
        let end = split(text, expander.escape).first().map_or(0, String::len);
        let (name, value) = text[..end].split_once('=').unwrap_or((&text[..end], "true"));
        flags.push((name.to_ascii_lowercase(), expander.word(value)));
        rest = text[end..].trim_start();
    }
    (flags, rest)
}

/// A list in brackets; anything else is text.
fn list(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok().filter(|_| text.starts_with('['))
}

fn command(text: &str, shell: &[String]) -> Command {
    match list(text) {
        Some(words) => Command::Exec(words),
        None => Command::Shell { shell: shell.to_vec(), text: text.to_owned() },
    }
}

fn run(expander: &Expander<'_>, line: &LogicalLine, rest: &str, state: &State) -> Run {
    let (flags, rest) = flags(expander, rest);
    let mut documents = line.documents.clone();
    let is_document = |document: &Document| {
        rest.strip_prefix("<<").is_some_and(|name| name.trim_matches(['-', '"', '\'']).trim() == document.name)
    };
    // A document by itself is the script.
    let command = match documents.first() {
        Some(document) if is_document(document) => {
            let text = documents.remove(0).text;
            Command::Shell { shell: state.shell.clone(), text }
        }
        _ => command(rest, &state.shell),
    };
    let (workdir, user) = (state.workdir.clone(), state.user.clone());
    Run { flags, command, documents, variables: state.variables.clone(), workdir, user }
}

/// Keeps what the stages that follow do first.
fn onbuild(line: &LogicalLine, rest: &str, state: &mut State) -> Result<Kind, DockerfileError> {
    let is_refused = |word: &&str| rest.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    if let Some(word) = ["FROM", "MAINTAINER", "ONBUILD"].into_iter().find(is_refused) {
        return Err(DockerfileError::new(line.line, format!("`ONBUILD {word}` is not allowed")));
    }
    state.onbuild.push(LogicalLine { text: rest.to_owned(), ..line.clone() });
    Ok(Kind::Onbuild(rest.to_owned()))
}

fn healthcheck(line: usize, expander: &Expander<'_>, rest: &str, shell: &[String]) -> Result<Kind, DockerfileError> {
    let (flags, rest) = flags(expander, rest);
    let (word, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match word.to_ascii_uppercase().as_str() {
        "NONE" => Ok(Kind::Healthcheck(None)),
        "CMD" if !text.trim().is_empty() => {
            Ok(Kind::Healthcheck(Some(Healthcheck { flags, command: command(text.trim(), shell) })))
        }
        _ => Err(DockerfileError::new(line, "`HEALTHCHECK` without `CMD COMMAND` or `NONE`")),
    }
}

fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
