//! Programs of this machine that some commands use.

use shipwheel_bytecode::PythonVersion;

use super::offer::Offer;
use crate::interpreter::host;
use crate::program::uv;
use crate::session::Session;

/// A program, and what it is for.
struct Wanted {
    name: &'static str,
    /// What it is for, where it is there.
    serves: &'static str,
    /// What is lost without it.
    lost: &'static str,
    hint: &'static str,
}

const PROGRAMS: [Wanted; 3] = [
    Wanted {
        name: "podman",
        serves: "`load`, and `run` where namespaces are not allowed",
        lost: "`load podman` does not work; `run` and `image` do not need it",
        hint: "install podman if you want to load images into it",
    },
    Wanted {
        name: "docker",
        serves: "`load`",
        lost: "images can be loaded only into what answers at a socket or DOCKER_HOST",
        hint: "none is needed to build, to push or to run images",
    },
    Wanted {
        name: "git",
        serves: "dependencies that a lock pins to a commit",
        lost: "a lock that pins a dependency to a commit cannot be used",
        hint: "install git if a lock names commits",
    },
];

/// The names that Pythons have on `PATH`.
const PYTHONS: [&str; 7] =
    ["python3", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "python3.15"];

/// Python and uv, then the others.
pub(crate) fn program_offers(session: &Session<'_>) -> Vec<Offer> {
    let pythons = pythons(session);
    let mut offers = vec![python_offer(&pythons), uv_offer(uv::on_machine(session), !pythons.is_empty())];
    offers.extend(PROGRAMS.iter().map(|wanted| {
        let found = session.on_path(wanted.name).next();
        match found {
            Some(path) => Offer::ok(wanted.name, format!("{}: {}", path.display(), wanted.serves)),
            None => absent(wanted),
        }
    }));
    offers
}

/// A program that only some need: its absence is said, and no more.
fn absent(wanted: &Wanted) -> Offer {
    Offer::missing(wanted.name, "not on PATH", wanted.lost, wanted.hint)
}

/// The versions of CPython on `PATH`, each once.
fn pythons(session: &Session<'_>) -> Vec<PythonVersion> {
    let named = PYTHONS.iter().flat_map(|name| session.on_path(name).take(1));
    let mut versions: Vec<PythonVersion> =
        named.filter_map(|path| host::identify(session, &path, None)).map(|(_, version)| version).collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

fn python_offer(versions: &[PythonVersion]) -> Offer {
    let text: Vec<String> = versions.iter().map(ToString::to_string).collect();
    match versions.is_empty() {
        false => Offer::ok("python", format!("{} on PATH, where no interpreter of a base runs", text.join(", "))),
        true => Offer::warn(
            "python",
            "no CPython on PATH",
            "images for another processor alone get no bytecode, and pip cannot install uv where a lock needs it",
            "install the Python version of your images, if you build for another processor alone",
        ),
    }
}

fn uv_offer(found: Option<String>, has_python: bool) -> Offer {
    match (found, has_python) {
        (Some(found), _) => Offer::ok("uv", found),
        (None, true) => Offer::ok("uv", "not on PATH; pip puts the pinned version into the cache when a lock needs it"),
        (None, false) => Offer::warn(
            "uv",
            "neither on PATH nor in the cache",
            "a requirements.txt without hashes, `lock`, and projects that a build backend makes cannot be used",
            "install uv 0.8 or newer",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::offer::OfferState::{Ok, Warn};
    use super::*;

    #[test]
    fn python_and_uv_are_missed_only_where_something_is_lost() {
        let version = |text: &str| text.parse::<PythonVersion>().unwrap();
        let some = python_offer(&[version("3.11.2"), version("3.13.5")]);
        assert_eq!(
            (some.state, some.found.as_str()),
            (Ok, "3.11.2, 3.13.5 on PATH, where no interpreter of a base runs")
        );
        assert_eq!(python_offer(&[]).state, Warn);
        for (found, has_python, state) in
            [(Some("/usr/bin/uv".to_owned()), false, Ok), (None, true, Ok), (None, false, Warn)]
        {
            assert_eq!(uv_offer(found, has_python).state, state);
        }
    }

    #[test]
    fn every_program_says_what_it_is_for() {
        for wanted in &PROGRAMS {
            let offer = absent(wanted);
            assert!(offer.blocks.is_none() && offer.hint.is_some() && !wanted.serves.is_empty(), "{}", wanted.name);
        }
    }
}
