//! Errors as the user sees them: what failed, why, and what to do; and the exit code.

use std::error::Error;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use shipwheel_builder::BuildError;
use shipwheel_plan::spec::SpecError;
use shipwheel_store::{ErrorKind, StoreError};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Building or publishing failed.
    Build {
        /// What was to be done: `build image `x``.
        doing: String,
        /// The cause.
        cause: Box<BuildError>,
    },
    /// The flags make no sense together, or the surroundings do not fit.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

impl Failure {
    /// For `map_err` on everything that builds or publishes.
    pub(crate) fn while_doing<E: Into<BuildError>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |cause| Self::Build { doing, cause: Box::new(cause.into()) }
    }

    /// A wrong combination of flags.
    pub(crate) fn usage(message: impl Into<String>, hint: Option<&str>) -> Self {
        Self::Usage { message: message.into(), hint: hint.map(str::to_owned) }
    }

    /// The exit code; documented in docs/errors.md.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::Build { cause, .. } => match cause.kind() {
                ErrorKind::Usage => 2,
                ErrorKind::Configuration => 3,
                ErrorKind::Outside => 4,
                ErrorKind::Verification => 5,
                ErrorKind::Output => 6,
                ErrorKind::Internal => 1,
            },
        }
    }

    /// The whole text, with a line end.
    pub(crate) fn render(&self) -> String {
        match self {
            Self::Usage { message, hint } => with_hint(format!("error: {message}\n"), hint.clone()),
            Self::Build { cause, .. } if matches!(**cause, BuildError::Spec(_)) => {
                let BuildError::Spec(error) = &**cause else { unreachable!("matched above") };
                render_spec(error)
            }
            Self::Build { doing, cause } => {
                let mut text = format!("error: failed to {doing}\n");
                let (mut next, mut last): (Option<&dyn Error>, _) = (Some(&**cause), String::new());
                while let Some(error) = next {
                    let message = error.to_string();
                    // A transparent error says what its source says.
                    if message != last {
                        let _ = writeln!(text, "  cause: {}", message.replace('\n', "\n  "));
                    }
                    (next, last) = (error.source(), message);
                }
                with_hint(text, cause.hint())
            }
        }
    }
}

fn with_hint(mut text: String, hint: Option<String>) -> String {
    if let Some(hint) = hint {
        let _ = writeln!(text, "hint: {hint}");
    }
    text
}

/// Shows each problem of an image.toml in the lines that it is about.
fn render_spec(error: &SpecError) -> String {
    let renderer = Renderer::plain();
    let mut text = String::new();
    for problem in &error.problems {
        let end = problem.span.end.min(error.text.len());
        let span = problem.span.start.min(end)..end;
        let annotation = AnnotationKind::Primary.span(span);
        let snippet = Snippet::source(&error.text).path(&error.file).fold(true).annotation(annotation);
        let mut group = Group::with_title(Level::ERROR.primary_title(&problem.message)).element(snippet);
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.message(hint));
        }
        let _ = writeln!(text, "{}", renderer.render(&[group]));
    }
    text
}

impl From<StoreError> for Failure {
    fn from(cause: StoreError) -> Self {
        Self::Build { doing: "set up".to_owned(), cause: Box::new(cause.into()) }
    }
}
