//! A step of `[[app.prepare]]` that cannot run, fails, or makes what cannot be in an image.

use std::io;

use shipwheel_layer::PathError;
use shipwheel_python::select::CoverageError;
use shipwheel_store::ErrorKind;

/// Why a step made nothing. All paths are relative to the folder of the image.toml.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Its program is not on this machine.
    #[error("step `{step}` runs `{program}`, which is not on PATH")]
    NoProgram {
        /// The step.
        step: String,
        /// The program.
        program: String,
    },
    /// Its program does not start.
    #[error("step `{step}` cannot start `{program}`")]
    Start {
        /// The step.
        step: String,
        /// The program.
        program: String,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// Its program ended with an error.
    #[error("step `{step}` failed with {how}{}", lines(.output))]
    Failed {
        /// The step.
        step: String,
        /// `exit code 1`, `signal 9`.
        how: String,
        /// The end of what it said.
        output: String,
    },
    /// It made something that is neither a file, a folder nor a link.
    #[error("step `{step}` made `{path}`, which is neither a file, a folder nor a link")]
    Special {
        /// The step.
        step: String,
        /// The path.
        path: String,
    },
    /// It made a link that would lead elsewhere in the image.
    #[error("step `{step}` made `{path}`, a link to `{target}`, which is outside of the application's folder")]
    LinkLeadsOut {
        /// The step.
        step: String,
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// A file's path cannot be one in an image.
    #[error("step `{step}` made `{path}`, which cannot have its path in the image")]
    NotAllowed {
        /// The step.
        step: String,
        /// The path, as far as it is text.
        path: String,
        /// What is wrong with it.
        #[source]
        cause: PathError,
    },
    /// A file's name is not text.
    #[error("step `{step}` made `{path}`, whose name is not UTF-8")]
    NotUtf8 {
        /// The step.
        step: String,
        /// The path, as far as it is text.
        path: String,
    },
    /// It made more than is taken.
    #[error("step `{step}` made more than {limit}; the first file beyond it is `{path}`")]
    TooMuch {
        /// The step.
        step: String,
        /// The limit.
        limit: String,
        /// The first file beyond it.
        path: String,
    },
    /// What it made is below something that the application has as a file.
    #[error("step `{step}` made `{path}`, and the application's `{file}` is no folder")]
    BelowFile {
        /// The step.
        step: String,
        /// The path.
        path: String,
        /// The application's file or link.
        file: String,
    },
    /// A file changed between the reading for the key and the copy.
    #[error("`{path}` changed while step `{step}` was prepared")]
    Changed {
        /// The step.
        step: String,
        /// The path.
        path: String,
    },
    /// No Python of this machine will do for a step.
    #[error("step `{step}` needs a Python on this machine{}, and there is {found}", as_image(*.wanted))]
    NoPython {
        /// The step.
        step: String,
        /// The minor version of the image's.
        wanted: Option<u32>,
        /// What there is.
        found: String,
    },
    /// The lock has no wheels for the Python of this machine.
    #[error("step `{step}` runs with Python {python} of this machine, for which the lock does not have everything")]
    NoWheels {
        /// The step.
        step: String,
        /// Its version.
        python: String,
        /// The minor version of the image's.
        wanted: Option<u32>,
        /// What is missing.
        #[source]
        cause: Box<CoverageError>,
    },
}

fn lines(output: &str) -> String {
    if output.is_empty() { " and no output".to_owned() } else { format!("; the end of its output:\n{output}") }
}

fn as_image(minor: Option<u32>) -> String {
    minor.map(|minor| format!(", 3.{minor} as in the image if possible")).unwrap_or_default()
}

impl PrepareError {
    /// The steps are the user's.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Start { .. } => ErrorKind::Outside,
            Self::NoProgram { .. }
            | Self::Failed { .. }
            | Self::Special { .. }
            | Self::LinkLeadsOut { .. }
            | Self::NotAllowed { .. }
            | Self::NotUtf8 { .. }
            | Self::TooMuch { .. }
            | Self::BelowFile { .. }
            | Self::Changed { .. }
            | Self::NoPython { .. }
            | Self::NoWheels { .. } => ErrorKind::Configuration,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let python = |wanted: &Option<u32>| match wanted {
            Some(minor) => {
                format!(
                    "install Python 3.{minor} on this machine, so that `python3.{minor}` is on PATH, or set `python = false` for the step and bring its packages in another way"
                )
            }
            None => "install Python 3 on this machine, so that `python3` is on PATH".to_owned(),
        };
        let text = match self {
            Self::NoProgram { .. } => {
                "install it on this machine, or put its folder on PATH; a script of the folder is written `./NAME`"
                    .to_owned()
            }
            Self::Failed { .. } => {
                "a step sees only its `inputs` and a few variables: see docs/prepare.md; `--verbose` shows all of its output".to_owned()
            }
            Self::Special { .. } | Self::LinkLeadsOut { .. } | Self::NotAllowed { .. } | Self::NotUtf8 { .. } => {
                "let the step make a copy of the file, or name other `outputs`".to_owned()
            }
            Self::TooMuch { .. } => "name only what the image needs in `outputs`".to_owned(),
            Self::BelowFile { file, .. } => format!("leave `{file}` out with `exclude` in `[app]`, or name it in `outputs`"),
            Self::Changed { .. } => "run the build again".to_owned(),
            Self::NoPython { wanted, .. } | Self::NoWheels { wanted, .. } => python(wanted),
            Self::Start { .. } => return None,
        };
        Some(text)
    }
}
