//! The steps from a definition to its facts: each takes values and gives a value.
//!
//! definition → project → bases with their targets and selected wheels → local projects → prepared files → facts

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shipwheel_oci::Platform;
use shipwheel_plan::facts::{BaseFacts, Facts, PlatformFacts};
use shipwheel_plan::spec::{ImageSpec, Libraries};
use shipwheel_python::Target;
use shipwheel_python::install::{Overlap, Settled};
use shipwheel_python::select::SelectedWheel;

use super::based::{self, Based, Targets};
use super::libraries;
use super::resolved::Resolved;
use crate::base::debian_source::DebianSource;
use crate::base::resolve::Resolution;
use crate::base::resolved::ResolvedBases;
use crate::bundled::input::InputKind;
use crate::error::BuildError;
use crate::fingerprint::inputs;
use crate::layer::ingredients::Ingredients;
use crate::prepare::{Preparation, WhenNeeded};
use crate::project::application;
use crate::project::definition::Definition;
use crate::project::project::Project;
use crate::proof::needs;
use crate::session::Session;
use crate::wheel::describe::describe;
use crate::wheel::installed_projects::InstalledProjects;
use crate::wheel::local_projects;
use crate::wheel::origins::WheelOrigins;
use crate::wheel::select::SelectedWheels;
use crate::wheel::wheel_set_error::WheelSetError;
use crate::wheel::wheels::Wheels;

/// Resolves what an image is made of; steps of `app.prepare` are run where they have to be, or only told.
///
/// # Errors
/// When the definition or its lock has problems, or a base or a wheel cannot be obtained.
pub(crate) fn resolve(
    session: &Session<'_>,
    definition: &Definition,
    when_needed: WhenNeeded,
) -> Result<Resolved, BuildError> {
    let spec = &definition.spec;
    let project = Project::read(definition)?;
    let application = application::collect(session, definition)?;
    let origins = Arc::new(origins(session, definition, &project)?);
    let Based { base, targets, selected } = based::choose(session, definition, &project, &origins)?;
    let Resolution { mut bases, debian, chosen } = base;
    let local = local_projects::build(session, &project, &targets, &selected)?;
    let local_folders = targets.iter().flat_map(|(platform, target)| {
        project.folders(target, selected.folders.get(platform).map(Vec::as_slice).unwrap_or_default())
    });
    let watched = inputs::of(definition, &project, &chosen, local_folders.collect())?;
    let selected = selected.wheels;
    let python = targets.values().next().map(|target| target.python.minor);
    let preparation = Preparation { session, definition, project: &project, origins: &origins, python, when_needed };
    let application = preparation.add_to(application)?;
    for wheel in selected.values().flatten() {
        session.outside.note_input(InputKind::Wheel, wheel.wheel.file_name(), wheel.sha256);
    }
    let wheels = Wheels::new(origins, selected.values().chain(local.values()).flatten().cloned());
    let settled = settle(session, spec, &wheels, &targets, &selected, &local)?;
    let (mut platforms, mut differences) = (BTreeMap::new(), BTreeMap::new());
    for platform in &spec.platforms {
        let base = bases.by_platform[platform].facts.clone();
        let of_platform = (targets.get(platform), selected.get(platform), settled.get(platform));
        let facts = describe_platform(session, &wheels, of_platform, base, &mut differences)?;
        platforms.insert(platform.clone(), facts);
    }
    tell_of_records(session, spec, &differences)?;
    if let Some(debian) = debian.as_ref().filter(|debian| debian.base.libraries == Libraries::Auto) {
        add_libraries(session, debian, &wheels, &mut bases, &mut platforms)?;
    }
    let projects = InstalledProjects::install(session, &wheels, &targets, &local, &settled)?;
    projects.check_paths(&application)?;
    for (platform, files) in &projects.files {
        platforms.entry(platform.clone()).and_modify(|facts| facts.installed.clone_from(files));
    }
    let app = application.iter().map(|collected| collected.file.clone()).collect();
    let facts = Facts { platforms, app, app_time: session.file_time() };
    Ok(Resolved {
        ingredients: Ingredients::new(application, projects, wheels, bases, &facts),
        facts,
        debian,
        chosen,
        watched,
    })
}

/// Adds to the base of each platform the packages with libraries that its wheels need.
fn add_libraries(
    session: &Session<'_>,
    debian: &DebianSource,
    wheels: &Wheels,
    bases: &mut ResolvedBases,
    platforms: &mut BTreeMap<Platform, PlatformFacts>,
) -> Result<(), BuildError> {
    let all = platforms.values().flat_map(|platform| &platform.wheels).map(|wheel| wheel.digest);
    let needs = needs::of_wheels(session, all.collect(), wheels)?;
    let mut added = BTreeMap::new();
    for (platform, facts) in platforms {
        let own: Vec<_> = facts.wheels.iter().filter_map(|wheel| Some((wheel, needs.get(&wheel.digest)?))).collect();
        if let Some((base, packages)) = libraries::complete(session, debian, platform, &facts.base, &own)? {
            facts.base = base.facts.clone();
            bases.by_platform.insert(platform.clone(), base);
            added.insert(platform.clone(), packages);
        }
    }
    libraries::lines(&added).iter().for_each(|line| session.report.step(line));
    Ok(())
}

fn origins(session: &Session<'_>, definition: &Definition, project: &Project) -> Result<WheelOrigins, BuildError> {
    match &definition.spec.python {
        Some(python) => WheelOrigins::of(session, definition, python, project),
        None => Ok(WheelOrigins::default()),
    }
}

/// Who has the paths that several distributions of a platform want. The application's own projects come first.
fn settle(
    session: &Session<'_>,
    spec: &ImageSpec,
    wheels: &Wheels,
    targets: &Targets,
    selected: &SelectedWheels,
    local: &SelectedWheels,
) -> Result<BTreeMap<Platform, Settled>, BuildError> {
    let prefer = spec.python.as_ref().map(|python| python.prefer.as_slice()).unwrap_or_default();
    let mut by_platform = BTreeMap::new();
    let mut told = BTreeSet::new();
    for (platform, target) in targets {
        let of = |lists: &SelectedWheels| lists.get(platform).cloned().unwrap_or_default();
        let both = [of(local), of(selected)].concat();
        let settled = wheels.settle(session, &both, prefer, target.python)?;
        told.extend(settled.chosen.iter().map(|overlap| {
            let Overlap { path, first, second } = overlap;
            format!("{first} and {second} have different files at {path}: {first}'s is taken (see `python.prefer`)")
        }));
        by_platform.insert(platform.clone(), settled);
    }
    told.iter().for_each(|warning| session.report.warning(warning));
    Ok(by_platform)
}

fn describe_platform(
    session: &Session<'_>,
    wheels: &Wheels,
    (target, selected, settled): (Option<&Target>, Option<&Vec<SelectedWheel>>, Option<&Settled>),
    base: BaseFacts,
    differences: &mut Differences,
) -> Result<PlatformFacts, BuildError> {
    let described = match (target, selected, settled) {
        (Some(target), Some(selected), Some(settled)) => describe(session, wheels, selected, settled, target.python)?,
        _ => Vec::new(),
    };
    let differing = described.iter().filter(|wheel| !wheel.differences.is_empty());
    differences.extend(differing.map(|wheel| (wheel.facts.file_name.clone(), wheel.differences.clone())));
    let wheels = described.into_iter().map(|wheel| wheel.facts).collect();
    Ok(PlatformFacts { base, wheels, installed: Vec::new() })
}

/// How RECORDs differ from their archives, by the wheels' file names.
type Differences = BTreeMap<String, Vec<String>>;

/// Warns of RECORDs that differ, or refuses them.
fn tell_of_records(session: &Session<'_>, spec: &ImageSpec, differences: &Differences) -> Result<(), BuildError> {
    const SHOWN: usize = 3;
    if spec.python.as_ref().is_some_and(|python| python.strict_records) && !differences.is_empty() {
        let each = differences.iter().flat_map(|(wheel, all)| all.iter().map(move |one| format!("{wheel}: {one}")));
        return Err(WheelSetError::Records { differences: each.collect() }.into());
    }
    for (wheel, all) in differences {
        let more = if all.len() > SHOWN { format!(" and {} more", all.len() - SHOWN) } else { String::new() };
        let shown = all[..all.len().min(SHOWN)].join(", ");
        session.report.warning(&format!("the RECORD of {wheel} is wrong: {shown}{more} (see `python.strict-records`)"));
    }
    Ok(())
}
