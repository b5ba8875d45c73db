//! Checks before anything is published that native code fits the processor, the interpreter and the base.
//!
//! What a wheel needs is read once and remembered by its digest, so that a build with nothing
//! new opens no wheel.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::Content;
use shipwheel_oci::Platform;
use shipwheel_plan::facts::Facts;
use shipwheel_python::elf::{ELF_HEAD, ElfMachine};

use super::judge::{judge, usual_package};
use super::missing::missing;
use super::needs;
use crate::base::debian_source::DebianSource;
use crate::disk::bytes::PathSource;
use crate::error::BuildError;
use crate::layer::ingredients::Ingredients;
use crate::project::collected_file::CollectedFile;
use crate::session::Session;
use crate::wheel::wheel_set_error::WheelSetError;

/// Checks the wheels of every platform; what may matter is reported as a warning.
///
/// # Errors
/// When a wheel for one platform holds code for another processor, all such files together, or
/// when a wheel cannot be obtained or read.
pub(crate) fn prove(
    session: &Session<'_>,
    facts: &Facts,
    ingredients: &Ingredients,
    debian: Option<&DebianSource>,
) -> Result<(), BuildError> {
    let all = facts.platforms.values().flat_map(|platform| &platform.wheels).map(|wheel| wheel.digest);
    let needs = needs::of_wheels(session, all.collect(), &ingredients.wheels)?;
    let libraries = libraries_of(&ingredients.application)?;
    let (mut errors, mut warnings, mut optional) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (platform, facts) in &facts.platforms {
        let own: Vec<_> = facts.wheels.iter().filter_map(|wheel| Some((wheel, needs.get(&wheel.digest)?))).collect();
        let missing = missing(platform, &facts.base, &own);
        let package_of = |library: &str| match debian {
            Some(debian) => package_of(session, platform, debian, library),
            None => usual_package(library),
        };
        let verdict = judge(platform, &facts.base, &own, &missing, &package_of);
        let foreign = libraries.iter().filter(|(_, machine)| Some(*machine) != ElfMachine::of(platform));
        let foreign = foreign.map(|(path, machine)| format!("application: {path} is for {machine}"));
        note(&mut warnings, foreign.collect(), platform);
        note(&mut errors, verdict.errors, platform);
        note(&mut warnings, verdict.warnings, platform);
        note(&mut optional, verdict.optional, platform);
    }
    lines(&warnings).for_each(|line| session.report.warning(&line));
    let optional: Vec<String> = lines(&optional).collect();
    if !optional.is_empty() {
        let what = match optional.len() {
            1 => "1 library is".to_owned(),
            count => format!("{count} libraries are"),
        };
        let who = "that only plug-ins, special hardware or optional code asks for";
        session.report.step(&format!("proof: {what} missing {who}: --verbose lists them"));
        optional.iter().for_each(|line| session.report.detail(line));
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(WheelSetError::Machine { files: lines(&errors).collect() }.into()),
    }
}

/// The package that has a library; not knowing it is no reason to stop.
fn package_of(session: &Session<'_>, platform: &Platform, debian: &DebianSource, library: &str) -> Option<String> {
    let by_name = debian.names(session, platform).ok()?.package_of(library).map(str::to_owned);
    by_name.or_else(|| Some(debian.libraries(session, platform).ok()??.package_of(library)?.to_owned()))
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
