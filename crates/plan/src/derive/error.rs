//! Folders that no image.toml can be derived from.

use shipwheel_python::pyproject::PyprojectError;

use crate::dockerfile::DockerfileError;

/// Why no image.toml can be derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// Nothing says that the folder is a Python application.
    #[error(
        "it has no image.toml, and none can be derived: there is no pyproject.toml, requirements.txt or Python file"
    )]
    Nothing,
    /// The folder is a template that applications are made from.
    #[error("it is a template, and no application: `{folder}` gets its name when one is made from it")]
    Template {
        /// The folder whose name is not made yet.
        folder: String,
    },
    /// The sources name what a front end is built to, and it is not built.
    #[error("{file}:{line} names {output}, which is not there: the script `build` of {package} makes it")]
    Unbuilt {
        /// The module that names it.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The folder that is built.
        output: String,
        /// The package.json.
        package: String,
        /// What builds it, as a line of a shell.
        script: String,
    },
    /// pyproject.toml cannot be read.
    #[error("pyproject.toml: {0}")]
    Pyproject(#[from] PyprojectError),
    /// Dependencies that no lock pins.
    #[error("{place} has dependencies, but there is no lock: looked for {}", .looked_for.join(", "))]
    NoLock {
        /// What declares them.
        place: String,
        /// What to do about it.
        advice: String,
        /// The names of lock files.
        looked_for: Vec<String>,
    },
    /// Several files that could each be meant.
    #[error("several files could decide what is installed: {}", .found.join(", "))]
    SeveralLocks {
        /// Their paths.
        found: Vec<String>,
    },
    /// The file that the user named is not there, or no lock.
    #[error("`{named}` is not a file that shipwheel can take dependencies from; the folder has {}", one_of(.found))]
    NoSuchLock {
        /// The path as it was given.
        named: String,
        /// The paths of files that could be named.
        found: Vec<String>,
    },
    /// Requirements that name another file that cannot be taken.
    #[error("{file}:{line}: `{named}` {problem}")]
    Include {
        /// The file that names it.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The path as it is written.
        named: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The Dockerfile is none.
    #[error("{name}: {cause}")]
    Dockerfile {
        /// The file's name.
        name: String,
        /// The first line that is wrong.
        cause: DockerfileError,
    },
    /// The Dockerfile starts something that starts several programs.
    #[error("{file}: line {line} starts {program}, which starts other programs; an image of shipwheel starts one")]
    Supervisor {
        /// The file's name.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The program.
        program: String,
    },
    /// The folder is the top of a workspace, and its members are the applications.
    #[error("it is the top of a workspace, and no application itself; its members are {}", .members.join(", "))]
    Members {
        /// The folders of its members, below it.
        members: Vec<String>,
    },
    /// The applications are in folders of it, with dependencies of their own.
    #[error("it declares no dependencies, and what it starts is in a folder that does: {}", folders(.found))]
    Below {
        /// The folders below it, each with the file that declares its dependencies; the best first.
        found: Vec<(String, String)>,
    },
    /// Nothing says what is started.
    #[error("found nothing for the image to start; looked for:{}", lines(.looked_for))]
    NoEntryPoint {
        /// What was looked for, and what was found instead.
        looked_for: Vec<String>,
        /// What to do about what was found, if anything was.
        advice: Option<String>,
    },
    /// Several things that could each be started.
    #[error("several things could be started:{}{}", starts(.found), lines(.passed_over))]
    SeveralStarts {
        /// Their commands.
        found: Vec<Start>,
        /// What the user wrote and the image cannot start.
        passed_over: Vec<String>,
    },
}

/// Something that could be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The command as it is typed.
    pub command: String,
    /// What speaks for it.
    pub reason: String,
}

fn starts(found: &[Start]) -> String {
    found.iter().map(|start| format!("\n  --cmd {}  ({})", in_quotes(&start.command), start.reason)).collect()
}

/// A command as the value of a flag, in quotes that a shell takes off.
fn in_quotes(command: &str) -> String {
    let escaped = command.chars().flat_map(|c| ['\\'].into_iter().filter(move |_| "\\\"$`".contains(c)).chain([c]));
    format!("\"{}\"", escaped.collect::<String>())
}

fn folders(found: &[(String, String)]) -> String {
    found.iter().map(|(folder, file)| format!("{folder} ({file})")).collect::<Vec<_>>().join(", ")
}

fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| format!("\n  {text}")).collect()
}

fn one_of(paths: &[String]) -> String {
    if paths.is_empty() { "none".to_owned() } else { paths.join(", ") }
}

impl DeriveError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Nothing => "name the application's folder, or write an image.toml (docs/image-toml.md)".to_owned(),
            Self::Template { .. } => {
                "make an application from it, with cookiecutter or copier, and name its folder".to_owned()
            }
            Self::Unbuilt { script, .. } => format!(
                "build it first (`{script}`), or let each build do it: save the image.toml with `shipwheel init`, and take \
                 `[[app.prepare]]` out of its comment (docs/prepare.md)"
            ),
            Self::Pyproject(_) => "fix pyproject.toml, or write an image.toml".to_owned(),
            Self::NoLock { advice, .. } => advice.clone(),
            Self::SeveralLocks { found } => {
                let flags: Vec<String> = found.iter().map(|path| format!("`--lock {path}`")).collect();
                format!("choose one: {}", flags.join(" or "))
            }
            Self::NoSuchLock { found, .. } => match found.first() {
                Some(first) => format!("name one of them, for example `--lock {first}`"),
                None => "lock the dependencies, for example with `uv lock`".to_owned(),
            },
            Self::Include { .. } => "correct the line, or choose another file with `--lock FILE`".to_owned(),
            Self::Dockerfile { .. } => "correct the line; Docker refuses it too".to_owned(),
            Self::Supervisor { file, .. } => format!(
                "make one image for each program: copy {file}, end each copy with the program's own `CMD`, and translate it with \
                 `shipwheel init --from COPY`; what runs containers restarts and schedules them"
            ),
            Self::Members { members } => {
                let commands: Vec<String> = members.iter().map(|member| format!("`{member}`")).collect();
                format!("build one of them, by its folder: {}", commands.join(", "))
            }
            Self::Below { found } => {
                let folders: Vec<String> = found.iter().map(|(folder, _)| format!("`{folder}`")).collect();
                let one = if found.len() == 1 { "build that folder" } else { "build one of them, by its folder" };
                format!("{one}: {}", folders.join(", "))
            }
            Self::NoEntryPoint { advice: Some(advice), .. } => advice.clone(),
            Self::NoEntryPoint { advice: None, .. } => {
                "name it with `--cmd \"python3 FILE.py\"`, add a main.py or one `[project.scripts]`, or write an \
                 image.toml with `config.cmd`"
                    .to_owned()
            }
            Self::SeveralStarts { found, .. } => {
                let first = found.first().map_or_else(String::new, |start| in_quotes(&start.command));
                format!("choose one, for example `--cmd {first}`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_the_quotes_off_again() {
        for command in ["gunicorn 'shop:app()'", "python3 -c 'print(\"$x\\`\")'"] {
            let quoted = in_quotes(command);
            let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"')).expect("quoted");
            let (mut read, mut rest) = (String::new(), inner.chars());
            while let Some(c) = rest.next() {
                read.extend(if c == '\\' { rest.next() } else { Some(c) });
            }
            assert_eq!(read, command);
            assert!(!inner.replace("\\\\", "").replace("\\\"", "").contains('"'), "{inner}");
        }
    }
}
