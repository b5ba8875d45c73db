//! `FROM`: an image's name says which Python it has; a release of Debian that has the same becomes the base.

use shipwheel_python::allows;

use super::draft::Draft;
use crate::derive::base::{EXCLUDED, PACKAGES};
use crate::derive::known::Known;
use crate::derive::suites::{SUITES, Suite};
use crate::derive::write;

/// Releases of Ubuntu, by number and name, with the Python that each has.
const UBUNTU: [(&str, &str, &str); 4] =
    [("20.04", "focal", "3.8"), ("22.04", "jammy", "3.10"), ("24.04", "noble", "3.12"), ("26.04", "resolute", "3.14")];

/// Numbers of Debian's releases.
const NUMBERS: [(&str, &str); 4] = [("11", "bullseye"), ("12", "bookworm"), ("13", "trixie"), ("14", "forky")];

/// What an image's name says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Meaning {
    /// `3.11`.
    python: Option<String>,
    /// A release of Debian.
    suite: Option<&'static str>,
    /// Whether its C library is musl.
    is_musl: bool,
    /// Whether it may have more than Python and Debian.
    is_foreign: bool,
}

/// The value of `base`, why, and whether its packages are Debian's.
pub(super) struct ChosenBase {
    pub(super) value: String,
    pub(super) reason: String,
    /// The first base in a few words.
    pub(super) summary: String,
    pub(super) is_debian: bool,
}

/// The base for an image.
pub(super) fn choose(known: &Known<'_>, draft: &Draft, image: &str) -> ChosenBase {
    let mut meaning = meaning(image);
    if let Some(python) = &draft.python {
        meaning.python = Some(python.clone());
    }
    let fits = |suite: &&Suite| {
        meaning.python.as_ref().is_none_or(|python| *python == suite.minor())
            && known.project.requires_python.iter().all(|requires| allows(&requires.versions, &suite.python))
    };
    let named = SUITES.iter().filter(fits).find(|suite| Some(suite.name) == meaning.suite);
    let suite = named.or_else(|| SUITES.iter().filter(fits).find(|suite| suite.is_released));
    let packages: Vec<&str> = draft.packages.keys().map(String::as_str).collect();
    match (suite, &meaning.python) {
        (Some(suite), _) if !meaning.is_foreign => {
            let musl =
                if meaning.is_musl { "; Alpine's musl gives way to glibc, for which more wheels are made" } else { "" };
            let reason = format!("Debian {} has Python {}{musl}", suite.name, suite.python);
            let fallback = format!("{{ image = {} }}", write::text(&format!("python:{}-slim", suite.minor())));
            let value = match packages.is_empty() {
                true => format!("[\n    {},\n    {fallback},\n]", debian(suite, &packages)),
                // An image from a registry does not have them.
                false => debian(suite, &packages),
            };
            ChosenBase {
                value,
                reason,
                summary: format!("Debian {}, Python {}", suite.name, suite.python),
                is_debian: true,
            }
        }
        (_, python) => {
            let taken = match python {
                Some(python) if meaning.is_musl => format!("python:{python}-slim"),
                _ => image.to_owned(),
            };
            let reason = match python {
                Some(python) if !meaning.is_foreign => format!("no release of Debian has Python {python}"),
                _ => "shipwheel does not know what else this image has".to_owned(),
            };
            let value = format!("{{ image = {} }}", write::text(&taken));
            ChosenBase { value, reason, summary: format!("the image {taken}"), is_debian: false }
        }
    }
}

fn debian(suite: &Suite, packages: &[&str]) -> String {
    let python = format!("python{}", suite.minor());
    let mut all: Vec<&str> = PACKAGES.into_iter().chain([python.as_str(), "tzdata"]).collect();
    all.extend(packages.iter().filter(|name| !PACKAGES.contains(name)));
    let excluded = EXCLUDED.into_iter().filter(|name| !packages.contains(name));
    format!(
        "{{ debian = {{ suite = {}, packages = {}, exclude = {}, libraries = \"auto\" }} }}",
        write::text(suite.name),
        write::list(&all),
        write::list(excluded)
    )
}

/// What the last part of an image's name and its tag say.
fn meaning(image: &str) -> Meaning {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    let suite =
        SUITES.iter().find(|suite| tag.contains(suite.name) || name.contains(suite.name)).map(|suite| suite.name);
    let is_musl = tag.contains("alpine") || name == "alpine";
    let plain = Meaning { python: None, suite, is_musl, is_foreign: false };
    // An image of another with a version of Python in its name, such as `uv:python3.12-bookworm-slim`.
    let embedded = last.find("python").map(|at| last[at + "python".len()..].trim_start_matches(['-', ':']));
    match name {
        "python" => Meaning { python: minor(tag), is_foreign: image.contains("lambda/"), ..plain },
        "debian" | "buildpack-deps" | "alpine" => {
            let numbered = NUMBERS.iter().find(|(number, _)| tag.split(['.', '-']).next() == Some(*number));
            Meaning { suite: suite.or(numbered.filter(|_| name == "debian").map(|(_, suite)| *suite)), ..plain }
        }
        "ubuntu" => {
            let found = UBUNTU.iter().find(|(number, name, _)| tag.starts_with(number) || tag.starts_with(name));
            Meaning { python: found.map(|(.., python)| (*python).to_owned()), ..plain }
        }
        "uv" => Meaning { python: embedded.and_then(minor), ..plain },
        // Their Python is one of many that they could install.
        _ if name.contains("conda") || name.contains("mamba") => plain,
        _ if image.contains("distroless") => {
            let numbered = NUMBERS.iter().find(|(number, _)| name.ends_with(&format!("debian{number}")));
            Meaning { suite: numbered.map(|(_, suite)| *suite), ..plain }
        }
        // Their base may have anything, such as CUDA.
        _ => Meaning { python: embedded.and_then(minor), is_foreign: true, ..plain },
    }
    .with_python_of_suite()
}

impl Meaning {
    /// Debian without a version of Python has its own.
    fn with_python_of_suite(self) -> Self {
        let own = SUITES.iter().find(|suite| Some(suite.name) == self.suite).filter(|_| !self.is_foreign);
        Self { python: self.python.or_else(|| own.map(Suite::minor)), ..self }
    }
}

/// `3.11` of `3.11.4-slim-bookworm`.
fn minor(tag: &str) -> Option<String> {
    let end = tag.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tag.len());
    let mut parts = tag[..end].split('.');
    match (parts.next(), parts.next()) {
        (Some("3"), Some(minor)) if !minor.is_empty() && minor.len() < 3 => Some(format!("3.{minor}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_image_says_which_python_and_which_debian() {
        for (image, python, suite, flags) in [
            ("python:3.11-slim-bookworm", "3.11", "bookworm", ""),
            ("python:3.12", "3.12", "", ""),
            ("python:3.11.4-alpine3.18", "3.11", "", "musl"),
            ("python:3-slim", "", "", ""),
            ("python", "", "", ""),
            ("python:3.13-slim@sha256:00", "3.13", "", ""),
            ("registry.invalid:5000/library/python:3.10", "3.10", "", ""),
            ("debian:bookworm-slim", "3.11", "bookworm", ""),
            ("debian:12.5", "3.11", "bookworm", ""),
            ("debian:13-slim", "3.13", "trixie", ""),
            ("ubuntu:22.04", "3.10", "", ""),
            ("ubuntu:noble", "3.12", "", ""),
            ("host.invalid/astral-sh/uv:python3.12-bookworm-slim", "3.12", "bookworm", ""),
            ("host.invalid/astral-sh/uv:0.5-python3.13-trixie", "3.13", "trixie", ""),
            ("host.invalid/distroless/python3-debian12", "3.11", "bookworm", ""),
            ("host.invalid/distroless/python3-debian12:nonroot", "3.11", "bookworm", ""),
            ("someone/uvicorn-gunicorn-fastapi:python3.11-slim", "3.11", "", "foreign"),
            ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", "", "", "foreign"),
            ("host.invalid/lambda/python:3.12", "3.12", "", "foreign"),
            ("alpine:3.20", "", "", "musl"),
            ("", "", "", "foreign"),
        ] {
            let found = meaning(image);
            let flags_found = match (found.is_musl, found.is_foreign) {
                (true, _) => "musl",
                (_, true) => "foreign",
                _ => "",
            };
            let found = (found.python.unwrap_or_default(), found.suite.unwrap_or_default(), flags_found);
            assert_eq!(found, (python.to_owned(), suite, flags), "{image}");
        }
    }
}
