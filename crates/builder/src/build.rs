//! The whole way: definition → facts → plan → layers → image.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_oci::{Digest, LayerDescriptor, Platform};
use shipwheel_plan::{BaseFacts, Facts, LayerInputs, LayerKind, Plan, PlannedLayer, PlatformFacts, source_reader};
use shipwheel_python::Target;
use shipwheel_store::{PlatformImage, StoreError, StoredImage, StoredSource};

use crate::base::resolve;
use crate::base::resolved::ResolvedBases;
use crate::error::BuildError;
use crate::layer::assemble::{self, Origin};
use crate::layer::ingredients::Ingredients;
use crate::layer::layers::{self, BuiltLayer};
use crate::project::application::{self, Collected};
use crate::project::definition::Definition;
use crate::proof::prove;
use crate::session::Session;
use crate::wheel::local_projects::{self, OwnFiles};
use crate::wheel::origins::WheelPlaces;
use crate::wheel::select;
use crate::wheel::wheels::{self, WheelSources};

/// Where a layer came from in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerStatus {
    /// Made in this run.
    Built,
    /// Known from an earlier run, or the base's own.
    Cached,
    /// The very blob of a platform above it in the list.
    Shared,
}

/// One layer of a finished image, for people.
#[derive(Debug, Clone)]
pub struct LayerReport {
    /// What it is for.
    pub kind: LayerKind,
    /// What it holds.
    pub title: String,
    /// The distributions in it, with their versions.
    pub members: Vec<String>,
    /// Its blob and diff id.
    pub layer: LayerDescriptor,
    /// Where it came from.
    pub status: LayerStatus,
}

/// One platform of a finished image, for people.
#[derive(Debug, Clone)]
pub struct PlatformReport {
    /// The platform.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Digest,
    /// Its layers, bottom to top.
    pub layers: Vec<LayerReport>,
}

/// A finished image: all of it is in the cache, but for base layers that a registry has.
#[derive(Debug, Clone)]
pub struct Built {
    /// The image, ready for any output.
    pub image: StoredImage,
    /// What it is made of.
    pub platforms: Vec<PlatformReport>,
}

/// What was found out before anything is built.
struct Resolved {
    facts: Facts,
    bases: ResolvedBases,
    app: Vec<Collected>,
    own: OwnFiles,
    wheels: WheelSources,
}

/// Plans an image without building it.
///
/// # Errors
/// When the definition has problems or its parts cannot be resolved.
pub fn plan(session: &Session<'_>, definition: &Definition) -> Result<Plan, BuildError> {
    let resolved = resolve(session, definition)?;
    Ok(Plan::new(&definition.spec, &resolved.facts)?)
}

/// Builds an image.
///
/// # Errors
/// When the definition has problems, or any of its parts cannot be had, verified or built.
pub fn build(session: &Session<'_>, definition: &Definition) -> Result<Built, BuildError> {
    let resolved = resolve(session, definition)?;
    let plan = Plan::new(&definition.spec, &resolved.facts)?;
    plan.warnings.iter().for_each(|warning| session.report.warning(warning));
    warn_of_readers(session, &plan, &resolved.app)?;
    prove::prove(session, &resolved.facts, &resolved.wheels, &resolved.app)?;
    let ingredients =
        Ingredients { app: &resolved.app, own: &resolved.own, wheels: &resolved.wheels, bases: &resolved.bases };
    let built = layers::build(session, &plan, &ingredients)?;
    let created = session.created();
    let origin = Origin { base_name: resolved.bases.image_name(), created: &created };
    let mut images: Vec<PlatformImage> = Vec::new();
    let mut reports = Reports::default();
    for platform in &plan.platforms {
        let base = &resolved.bases.by_platform[&platform.platform];
        let stacked: Vec<(&PlannedLayer, LayerDescriptor)> =
            platform.layers.iter().map(|layer| (layer, built[&layer.key].descriptor.clone())).collect();
        images.push(assemble::platform_image(&definition.spec, &platform.platform, base, &stacked, &origin)?);
        reports.add(&images[images.len() - 1], &base.facts.layers, &resolved.bases.name, &platform.layers, &built);
    }
    Ok(Built { image: assemble::image(&definition.spec, images, &origin), platforms: reports.platforms })
}

impl Session<'_> {
    /// An image that was built, as the source that it is copied to its outputs from.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn source<'s>(&'s self, image: &'s StoredImage) -> Result<StoredSource<'s>, StoreError> {
        StoredSource::new(image, &self.cache, &self.registry, self.progress)
    }
}

/// Says which of the application's sources may read sources at run time, where they are removed.
fn warn_of_readers(session: &Session<'_>, plan: &Plan, app: &[Collected]) -> Result<(), BuildError> {
    let layers = plan.platforms.iter().flat_map(|platform| &platform.layers);
    let bytecode = layers.filter_map(|layer| match &layer.inputs {
        LayerInputs::Bytecode(inputs) if layer.kind == LayerKind::ApplicationBytecode => Some(inputs),
        _ => None,
    });
    let removed: BTreeSet<&str> = bytecode
        .flat_map(|inputs| &inputs.sources)
        .filter(|(_, treatment)| treatment.legacy)
        .map(|(source, _)| source.path.as_str())
        .collect();
    for file in app.iter().filter(|collected| removed.contains(collected.file.path.as_str())) {
        let text = fs_err::read(&file.host).map_err(BuildError::file("read", &file.host))?;
        if let Some(sign) = source_reader(&text) {
            let path = &file.file.path;
            session.report.warning(&format!("{path} may read sources at run time (`{sign}`), and they are removed"));
        }
    }
    Ok(())
}

fn resolve(session: &Session<'_>, definition: &Definition) -> Result<Resolved, BuildError> {
    let spec = &definition.spec;
    let app = match &spec.app {
        Some(app) => application::collect(definition, app)?,
        None => Vec::new(),
    };
    // The interpreter that compiles is that of the base for this machine.
    let host = session.host_platform();
    let compiler = Some(host).filter(|host| spec.bytecode.enabled && !spec.platforms.contains(host));
    let bases = resolve::resolve(session, definition, &spec.platforms, compiler.as_ref())?;
    let targets: BTreeMap<&Platform, Target> = targets(definition, &bases)?;
    let (mut wheels, mut chosen) = (WheelSources::default(), vec![Vec::new(); targets.len()]);
    if let Some(python) = &spec.python {
        let places = WheelPlaces::of(session, definition, python)?;
        let targets: Vec<Target> = targets.values().cloned().collect();
        // All that can be missing from a lock is known for every platform before anything is fetched or built.
        chosen = select::choose(session, definition, python, &places, &targets)?;
        wheels = WheelSources::at(places);
    }
    let mut own = OwnFiles::default();
    let unresolved = |base: &BaseFacts| PlatformFacts { base: base.clone(), wheels: Vec::new(), installed: Vec::new() };
    let facts = |platform: &Platform| (platform.clone(), unresolved(&bases.by_platform[platform].facts));
    let mut platforms: BTreeMap<Platform, PlatformFacts> = spec.platforms.iter().map(facts).collect();
    for ((platform, target), dependencies) in targets.iter().zip(&chosen) {
        let built = own.build(session, definition, target, dependencies)?;
        let Some(facts) = platforms.get_mut(*platform) else { continue };
        facts.wheels = wheels.resolve(session, definition, dependencies, target.python)?;
        facts.installed = own.install(session, &mut wheels, &built, dependencies, target.python)?;
        local_projects::check_paths(&app, &facts.installed)?;
    }
    let files = app.iter().map(|collected| collected.file.clone()).collect();
    Ok(Resolved { facts: Facts { platforms, app: files }, bases, app, own, wheels })
}

/// What wheels are chosen for: the platforms whose images have an environment, and their bases a Python.
fn targets<'a>(
    definition: &'a Definition,
    bases: &ResolvedBases,
) -> Result<BTreeMap<&'a Platform, Target>, BuildError> {
    let mut targets = BTreeMap::new();
    for platform in definition.spec.platforms.iter().filter(|_| definition.spec.has_environment()) {
        let base = &bases.by_platform[platform].facts;
        if let Some(python) = &base.python {
            targets.insert(platform, wheels::target(platform, base, python.version)?);
        }
    }
    Ok(targets)
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
        let base = base.iter().map(|layer| (LayerKind::Base, base_name.to_owned(), Vec::new(), layer.clone(), false));
        let own = planned.iter().map(|layer| {
            let found = &built[&layer.key];
            (layer.kind, layer.title.clone(), layer.members.clone(), found.descriptor.clone(), found.built)
        });
        let layers = base.chain(own).map(|(kind, title, members, layer, built)| {
            let status = match (self.seen.insert(layer.blob.digest), built) {
                (false, _) => LayerStatus::Shared,
                (true, true) => LayerStatus::Built,
                (true, false) => LayerStatus::Cached,
            };
            LayerReport { kind, title, members, layer, status }
        });
        let layers = layers.collect();
        let manifest = image.manifest.descriptor().digest;
        self.platforms.push(PlatformReport { platform: image.platform.clone(), manifest, layers });
    }
}
