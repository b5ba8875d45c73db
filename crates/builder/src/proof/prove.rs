//! Checks before anything is published that native code fits the processor, the interpreter and the base.
//!
//! What a wheel needs is read once and remembered by its digest, so that a build with nothing
//! new opens no wheel.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::Content;
use shipwheel_oci::{Digest, Platform};
use shipwheel_plan::facts::Facts;
use shipwheel_python::elf::{ELF_HEAD, ElfMachine};

use super::judge::judge;
use super::needs::{self, WheelNeeds};
use crate::disk::bytes::PathSource;
use crate::error::BuildError;
use crate::inspect::counted::counted;
use crate::layer::ingredients::Ingredients;
use crate::project::application::CollectedFile;
use crate::session::Session;
use crate::wheel::wheel_set_error::WheelSetError;
use crate::wheel::wheels::Wheels;

/// Checks the wheels of every platform; what may matter is reported as a warning.
///
/// # Errors
/// When a wheel for one platform holds code for another processor, all such files together, or
/// when a wheel cannot be obtained or read.
pub(crate) fn prove(session: &Session<'_>, facts: &Facts, ingredients: &Ingredients) -> Result<(), BuildError> {
    let needs = needs_of(session, facts, &ingredients.wheels)?;
    let libraries = libraries_of(&ingredients.application)?;
    let (mut errors, mut warnings) = (BTreeMap::new(), BTreeMap::new());
    for (platform, facts) in &facts.platforms {
        let own: Vec<_> = facts.wheels.iter().filter_map(|wheel| Some((wheel, needs.get(&wheel.digest)?))).collect();
        let verdict = judge(platform, &facts.base, &own);
        let foreign = libraries.iter().filter(|(_, machine)| Some(*machine) != ElfMachine::of(platform));
        let foreign = foreign.map(|(path, machine)| format!("application: {path} is for {machine}"));
        note(&mut warnings, foreign.collect(), platform);
        note(&mut errors, verdict.errors, platform);
        note(&mut warnings, verdict.warnings, platform);
    }
    lines(&warnings).for_each(|line| session.report.warning(&line));
    match errors.is_empty() {
        true => Ok(()),
        false => Err(WheelSetError::Machine { files: lines(&errors).collect() }.into()),
    }
}

/// The application's own libraries: every platform gets the same files, so they cannot fit all.
fn libraries_of(app: &[CollectedFile]) -> Result<Vec<(&str, ElfMachine)>, BuildError> {
    let libraries =
        app.iter().filter(|collected| collected.file.link.is_none() && collected.file.path.as_str().contains(".so"));
    let machines = libraries.map(|CollectedFile { host, file, .. }| {
        let head = Content::from_slice(PathSource::new(host, file.size), 0, file.size).head(ELF_HEAD)?;
        Ok(ElfMachine::read(&head).map(|machine| (file.path.as_str(), machine)))
    });
    machines.filter_map(Result::transpose).collect()
}

fn needs_of(session: &Session<'_>, facts: &Facts, wheels: &Wheels) -> Result<BTreeMap<Digest, WheelNeeds>, BuildError> {
    let all: BTreeSet<Digest> =
        facts.platforms.values().flat_map(|platform| &platform.wheels).map(|wheel| wheel.digest).collect();
    let mut needs: BTreeMap<Digest, WheelNeeds> =
        all.iter().filter_map(|digest| Some((*digest, needs::known(session, digest)?))).collect();
    let unknown: Vec<Digest> = all.into_iter().filter(|digest| !needs.contains_key(digest)).collect();
    if !unknown.is_empty() {
        session.report.step(&format!("proof: reading {}", counted(unknown.len(), "wheel")));
        wheels.fetch(session, &unknown)?;
    }
    for digest in unknown {
        needs.insert(digest, needs::read(session, &digest, &wheels.open(session, &digest)?)?);
    }
    Ok(needs)
}

type Noted = BTreeMap<String, BTreeSet<Platform>>;

fn note(noted: &mut Noted, texts: BTreeSet<String>, platform: &Platform) {
    for text in texts {
        noted.entry(text).or_default().insert(platform.clone());
    }
}

/// One line for each text, with the platforms that it is true of.
fn lines(noted: &Noted) -> impl Iterator<Item = String> {
    noted.iter().map(|(text, platforms)| {
        let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        format!("{text} ({})", platforms.join(", "))
    })
}
