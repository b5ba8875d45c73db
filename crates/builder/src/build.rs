//! Builds an image: definition → facts → plan → layers → image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use shipwheel_oci::{Digest, ImageConfig, LayerDescriptor, Platform};
use shipwheel_plan::Plan;
use shipwheel_plan::facts::AppFile;
use shipwheel_plan::layer::{LayerInputs, LayerKind, PlannedLayer};
use shipwheel_plan::policy::source_reader;
use shipwheel_store::{FileAction, PlatformImage, read_small};

use crate::disk::text::write_text;
use crate::error::BuildError;
use crate::fingerprint::heard::Heard;
use crate::fingerprint::remembered;
use crate::fingerprint::watched::Watched;
use crate::interpreter::compilers::Compilers;
use crate::layer::assemble::{self, Origin};
use crate::layer::last_build;
use crate::layer::layers::{self, BuiltLayer};
use crate::layer::report::{Built, LayerReport, LayerStatus, PlatformReport};
use crate::lock::image_lock::{self, Made};
use crate::prepare::WhenNeeded;
use crate::project::collected_file::CollectedFile;
use crate::project::definition::Definition;
use crate::proof::prove;
use crate::proof::prove_imports::prove_imports;
use crate::proof::sources::Sources;
use crate::resolve::resolve;
use crate::resolve::resolved::Resolved;
use crate::session::Session;
use crate::share::borrow;

/// Plans an image without building it. The session takes what the definition's shared cache has from now on.
///
/// # Errors
/// When the definition has problems or its parts cannot be resolved.
pub fn plan(session: &mut Session<'_>, definition: &Definition) -> Result<Plan, BuildError> {
    borrow(session, definition);
    let resolved = resolve(session, definition, WhenNeeded::Tell)?;
    Ok(Plan::new(&definition.spec, &resolved.facts)?)
}

/// Builds an image, and holds it to the image.lock that was read for the definition.
///
/// Where the base is pinned and nothing changed since a run before, the result is what it was, and nobody is asked;
/// otherwise the session takes what the definition's shared cache has from now on.
///
/// # Errors
/// When the definition has problems, any of its parts cannot be obtained, verified or built, or it is not what is locked.
pub fn build(session: &mut Session<'_>, definition: &Definition) -> Result<Built, BuildError> {
    image_lock::check_format(definition)?;
    let mut known = remembered::find(session, definition)?;
    // Layers of a known result that are gone here may be there.
    if known.is_none() && borrow(session, definition) {
        known = remembered::find(session, definition)?;
    }
    let built = match known {
        Some((built, said)) => {
            session.report.step("nothing changed: the image is what it was");
            said.say(session.report);
            built
        }
        None => {
            let heard = Heard::new(session.report);
            let (built, watched) = build_freely(&session.reporting_to(&heard), definition)?;
            if let Some(watched) = watched {
                remembered::keep(session, definition, watched, &built, heard.said())?;
            }
            built
        }
    };
    image_lock::check(session, definition, &built.lock)?;
    Ok(built)
}

/// Builds an image, whatever else than its base image.lock names; with all that decided it, where that is known.
///
/// # Errors
/// As [`build`], but for what is locked.
fn build_freely(session: &Session<'_>, definition: &Definition) -> Result<(Built, Option<Watched>), BuildError> {
    let Resolved { facts, ingredients, debian, chosen, watched } = resolve(session, definition, WhenNeeded::Run)?;
    let plan = Plan::new(&definition.spec, &facts)?;
    plan.warnings.iter().for_each(|warning| session.report.warning(warning));
    warn_of_readers(session, &plan, &ingredients.application)?;
    prove::prove(session, &facts, &ingredients, debian.as_ref())?;
    let compilers = Compilers::new(session, &ingredients.bases, definition.spec.bytecode.require_sandbox);
    if definition.spec.app.is_some() {
        let configs = assemble::configs(&definition.spec, &ingredients.bases)?;
        warn_of_no_command(session, &configs);
        let sources = Sources { ingredients: &ingredients, compilers: &compilers };
        prove_imports(session, definition, &configs, &facts, sources)?;
    }
    let built = layers::build(session, &plan, &ingredients, &compilers)?;
    let reasons = last_build::note(session, definition, &plan, &ingredients.bases, &built)?;
    let created = session.created();
    let bases = &ingredients.bases;
    let origin = Origin { base_name: bases.image_name(), created: &created };
    let mut images: Vec<PlatformImage> = Vec::new();
    let mut reports = Reports::default();
    for platform in &plan.platforms {
        let base = &bases.by_platform[&platform.platform];
        let stacked: Vec<(&PlannedLayer, LayerDescriptor)> =
            platform.layers.iter().map(|layer| (layer, built[&layer.key].descriptor.clone())).collect();
        let image = assemble::platform_image(&definition.spec, &platform.platform, base, &stacked, &origin)?;
        reports.add(&image, &base.facts.layers, &bases.name, &platform.layers, &built);
        images.push(image);
    }
    let image = assemble::image(&definition.spec, images, &origin);
    let root = image.root().digest;
    let made = Made { base: chosen, bases, facts: &facts, reports: &reports.platforms, root };
    let lock = image_lock::of(definition, made);
    Ok((Built { image, platforms: reports.platforms, lock, reasons }, watched))
}

/// Builds an image, and writes its image.lock; the base stays the one that was read from the lock before, if it was.
///
/// Gives the path of the file. What changed since is told.
///
/// # Errors
/// When the image cannot be built, or the file not be written; then the one before is as it was.
pub fn lock_image(session: &Session<'_>, definition: &Definition) -> Result<PathBuf, BuildError> {
    let (built, _) = build_freely(session, definition)?;
    let path = definition.image_lock_path();
    let differences = definition.image_lock.iter().flat_map(|before| before.differences(&built.lock));
    differences.for_each(|difference| session.report.step(&format!("locked: {difference}")));
    write_text(&path, &built.lock.to_string())?;
    Ok(path)
}

/// Warns about an application that nothing starts: a base of Debian's packages brings no command.
fn warn_of_no_command(session: &Session<'_>, configs: &BTreeMap<Platform, ImageConfig>) {
    if configs.values().any(|config| config.command().is_empty()) {
        session.report.warning(
            "the image has no command, so a container starts only with one that is given each time: set `config.cmd` in \
             image.toml, such as [\"python3\", \"/app/main.py\"]",
        );
    }
}

/// Warns about application sources that may read sources at run time, if these are removed.
fn warn_of_readers(session: &Session<'_>, plan: &Plan, application: &[CollectedFile]) -> Result<(), BuildError> {
    let layers = plan.platforms.iter().flat_map(|platform| &platform.layers);
    let bytecode = layers.filter_map(|layer| match &layer.inputs {
        LayerInputs::Bytecode(inputs) if layer.kind == LayerKind::ApplicationBytecode => Some(inputs),
        _ => None,
    });
    let removed: BTreeSet<&str> = bytecode
        .flat_map(|inputs| &inputs.sources)
        .filter(|(_, treatment)| treatment.replaces_source)
        .map(|(source, _)| source.path.as_str())
        .collect();
    let is_removed = |file: &AppFile| file.link.is_none() && removed.contains(file.path.as_str());
    for file in application.iter().filter(|collected| is_removed(&collected.file)) {
        let text = read_small(&file.host, file.file.size).map_err(BuildError::file(FileAction::Read, &file.host))?;
        if let Some(sign) = source_reader(&text) {
            let path = &file.file.path;
            session
                .report
                .warning(&format!("{path} may read sources at run time (`{sign}`), and this build removes them"));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Reports {
    platforms: Vec<PlatformReport>,
    seen: BTreeSet<Digest>,
}

impl Reports {
    fn add(
        &mut self,
        image: &PlatformImage,
        base: &[LayerDescriptor],
        base_name: &str,
        planned: &[PlannedLayer],
        built: &BTreeMap<Digest, BuiltLayer>,
    ) {
        let base =
            base.iter().map(|layer| (LayerKind::Base, base_name.to_owned(), Vec::new(), layer.clone(), None, false));
        let own = planned.iter().map(|layer| {
            let found = &built[&layer.key];
            (
                layer.kind,
                layer.title.clone(),
                layer.members.clone(),
                found.descriptor.clone(),
                Some(layer.key),
                found.built,
            )
        });
        let layers = base.chain(own).map(|(kind, title, members, layer, inputs, built)| {
            let status = match (self.seen.insert(layer.blob.digest), built) {
                (false, _) => LayerStatus::Shared,
                (true, true) => LayerStatus::Built,
                (true, false) => LayerStatus::Cached,
            };
            LayerReport { kind, title, members, layer, inputs, status }
        });
        let layers = layers.collect();
        let manifest = image.manifest.descriptor().digest;
        self.platforms.push(PlatformReport { platform: image.platform.clone(), manifest, layers });
    }
}
