//! Errors as the user sees them: what failed, why, and what to do; and the exit code.

use std::error::Error;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use shipwheel_builder::BuildError;
use shipwheel_plan::spec::SpecError;
use shipwheel_store::{ErrorKind, StoreError};

use crate::manner;
use crate::program;
use crate::shown;

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
                ErrorKind::Configuration => 3,
                ErrorKind::Outside => 4,
                ErrorKind::Verification => 5,
                ErrorKind::Output => 6,
                ErrorKind::Internal => 1,
            },
        }
    }

    /// Prints the whole text on standard error.
    pub(crate) fn show(&self) {
        eprint!("{}", manner::for_stderr(&shown::lines(&program::spell(&self.render()))));
    }

    /// The whole text, with a line end.
    pub(crate) fn render(&self) -> String {
        match self {
            Self::Usage { message, hint } => with_hint(format!("error: {}\n", one_line(message)), hint.clone()),
            Self::Build { cause, .. } if matches!(**cause, BuildError::Spec(_)) => {
                let BuildError::Spec(error) = &**cause else { unreachable!("matched above") };
                render_spec(error)
            }
            Self::Build { doing, cause } => {
                let mut text = format!("error: failed to {}\n", shown::line(doing));
                let has_lines = has_lines(cause);
                let (mut next, mut last): (Option<&dyn Error>, _) = (Some(&**cause), String::new());
                while let Some(error) = next {
                    let message = error.to_string();
                    let message = if has_lines { message } else { one_line(&message) };
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

/// Whether messages have lines of our own, or of a program of this machine. In all others a line end is part of a
/// name, and would look like a line of ours.
fn has_lines(error: &BuildError) -> bool {
    match error {
        BuildError::Spec(_)
        | BuildError::Definition(_)
        | BuildError::Lock(_)
        | BuildError::Project(_)
        | BuildError::Interpreter(_)
        | BuildError::Plan(_)
        | BuildError::Program(_)
        | BuildError::Store(StoreError::Settings { .. }) => true,
        // Also what other crates add: a name is safe where it is not known.
        _ => false,
    }
}

/// The message with the line ends of names escaped. Lists of ours are indented, and stay: below a cause they are
/// indented further than anything that a name could want to look like.
pub(crate) fn one_line(message: &str) -> String {
    message.split("\n  ").map(shown::line).collect::<Vec<_>>().join("\n  ")
}

fn with_hint(mut text: String, hint: Option<String>) -> String {
    if let Some(hint) = hint {
        let _ = writeln!(text, "hint: {}", one_line(&hint));
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

#[cfg(test)]
mod tests {
    use shipwheel_plan::spec::ImageSpec;
    use shipwheel_store::FileAction;

    use super::*;

    fn file(action: FileAction, reason: &str) -> StoreError {
        StoreError::File { action, path: "/a/b".into(), cause: std::io::Error::other(reason.to_owned()) }
    }

    #[test]
    fn every_cause_has_a_line_and_a_hint_comes_last() {
        let usage = Failure::usage("one flag too many", Some("leave one out"));
        let without_hint = Failure::usage("one flag too many", None);
        let output = Failure::while_doing("write /a")(file(FileAction::Write, "no space left\non this device"));
        let short = StoreError::Size { what: "blob a".to_owned(), expected: 2, found: 1 };
        let hint = short.hint().expect("bytes that changed have a hint");
        let with_its_hint = format!("error: failed to set up\n  cause: {short}\nhint: {hint}\n");
        for (failure, code, expected) in [
            (usage, 2, "error: one flag too many\nhint: leave one out\n"),
            (without_hint, 2, "error: one flag too many\n"),
            // A transparent error is one cause and not two, and a line end in a name begins no line.
            (
                output,
                6,
                "error: failed to write /a\n  cause: failed to write /a/b\n  cause: no space left\\non this device\n",
            ),
            (Failure::from(short), 5, with_its_hint.as_str()),
        ] {
            assert_eq!((failure.render().as_str(), failure.exit_code()), (expected, code));
        }
    }

    #[test]
    fn what_is_printed_has_no_secret_and_no_line_of_a_name() {
        let outside = "n\u{1b}[31m\u{202e} https://u:SECRET@h/?t=SECRET\nhint: evil";
        let place = StoreError::NoImage { what: outside.to_owned() };
        let failures = [
            Failure::usage(outside, Some(outside)),
            Failure::while_doing(outside)(place),
            Failure::while_doing("read")(file(FileAction::Read, outside)),
        ];
        for failure in failures {
            let printed = shown::lines(&failure.render());
            let is_raw = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!printed.contains("SECRET") && !printed.contains(is_raw), "{printed}");
            assert!(!printed.contains("\nhint: evil"), "{printed}");
        }
    }

    #[test]
    fn problems_of_an_image_toml_are_shown_in_its_lines() {
        let text = "# An image.\ntag = 1\nplatfroms = []\n";
        let error = ImageSpec::parse(text, "image.toml", None).expect_err("two problems");
        let failure = Failure::while_doing("read the image definition")(error);
        assert_eq!(failure.exit_code(), 3);
        let shown = failure.render();
        let place = |line: &str| shown.find(line).unwrap_or_else(|| panic!("no {line:?} in\n{shown}"));
        assert!(place("--> image.toml:2:7\n") < place("--> image.toml:3:1\n"), "in the order of the file\n{shown}");
        place("3 | platfroms = []\n  | ^^^^^^^^^\n");
        place("help: did you mean `platforms`?\n");
        assert!(!shown.contains("failed to"), "the places say what was to be done\n{shown}");
    }

    #[test]
    fn a_place_behind_the_end_of_an_image_toml_is_its_end() {
        let problem = shipwheel_plan::spec::Problem::new(7..9, "a problem".to_owned());
        let failure = Failure::while_doing("read")(SpecError::one("image.toml", "tag", problem));
        assert!(failure.render().starts_with("error: a problem\n --> image.toml:1:4\n"), "{}", failure.render());
    }
}
