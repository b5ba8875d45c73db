//! What an image was made from the last time, and what is another thing since: the reason of every new layer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipwheel_oci::{Digest, Hasher, LayerDescriptor, Platform};
use shipwheel_plan::Plan;
use shipwheel_plan::image_lock::LockedFile;
use shipwheel_plan::layer::PlannedLayer;
use shipwheel_plan::named_inputs::{NamedInput, NamedInputs, changes};
use shipwheel_store::StoreError;

use super::layers::BuiltLayer;
use crate::base::resolved::{ResolvedBase, ResolvedBases};
use crate::project::definition::Definition;
use crate::session::Session;

/// The records of an image's last build.
const LAST: &str = "last-build";

/// The records of what layers were made from, by their keys.
const INPUTS: &str = "inputs";

/// The records of what a base of Debian's packages was assembled from, by its layer.
const PACKAGES: &str = "base-packages";

/// How many changes of one layer are listed.
const MAX_SHOWN: usize = 5;

/// An image for one platform, as it was built the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LastBuild {
    base: String,
    base_layers: Vec<Digest>,
    layers: Vec<LastLayer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LastLayer {
    kind: String,
    title: String,
    key: Digest,
}

/// Remembers what a base was assembled from, so that a later one can be held against it.
///
/// # Errors
/// When the cache cannot be written.
pub(crate) fn note_packages(
    session: &Session<'_>,
    layer: &LayerDescriptor,
    packages: &[LockedFile],
) -> Result<(), StoreError> {
    let input = |it: &LockedFile| (it.name.clone(), NamedInput::version(&it.version));
    let inputs: NamedInputs = packages.iter().map(input).collect();
    session.cache.put_record(PACKAGES, &layer.blob.digest, &inputs)
}

/// Remembers what an image was made from; gives a line for each part that is not what it was in the build before, by
/// platform. A platform that was not built before has no lines.
///
/// # Errors
/// When the cache cannot be written.
pub(crate) fn note(
    session: &Session<'_>,
    definition: &Definition,
    plan: &Plan,
    bases: &ResolvedBases,
    built: &BTreeMap<Digest, BuiltLayer>,
) -> Result<BTreeMap<Platform, Vec<String>>, StoreError> {
    let mut reasons = BTreeMap::new();
    for platform in &plan.platforms {
        let key = key(definition, &platform.platform);
        let last: Option<LastBuild> = session.cache.record(LAST, &key);
        let base = &bases.by_platform[&platform.platform];
        let new = LastBuild {
            base: bases.name.clone(),
            base_layers: base.facts.layers.iter().map(|layer| layer.blob.digest).collect(),
            layers: platform.layers.iter().map(LastLayer::of).collect(),
        };
        if let Some(last) = &last {
            let mut lines = of_base(session, last, &new, base);
            lines.extend(platform.layers.iter().map(|layer| of_layer(session, last, layer, built)));
            reasons.insert(platform.platform.clone(), lines);
        }
        if last.as_ref() != Some(&new) {
            for layer in platform.layers.iter().filter(|layer| !session.cache.has_record(INPUTS, &layer.key)) {
                session.cache.put_record(INPUTS, &layer.key, &layer.named_inputs())?;
            }
            session.cache.put_record(LAST, &key, &new)?;
        }
    }
    Ok(reasons)
}

/// An image is known by its name and its folder; the record leaves this machine as little as the cache does.
fn key(definition: &Definition, platform: &Platform) -> Digest {
    let folder = std::path::absolute(&definition.folder).unwrap_or_else(|_| definition.folder.clone());
    let mut hasher = Hasher::new();
    hasher.field("last build").field(&definition.name).field(folder.as_os_str().as_encoded_bytes());
    hasher.field(platform.to_string());
    hasher.finish()
}

impl LastLayer {
    fn of(layer: &PlannedLayer) -> Self {
        Self { kind: layer.kind.name().to_owned(), title: layer.title.clone(), key: layer.key }
    }
}

/// Why a base is another one.
fn of_base(session: &Session<'_>, last: &LastBuild, new: &LastBuild, base: &ResolvedBase) -> Vec<String> {
    if last.base != new.base {
        return vec![format!("base: {} -> {}", last.base, new.base)];
    }
    if last.base_layers == new.base_layers {
        return vec!["base: reused".to_owned()];
    }
    let packages = |layers: &[Digest]| -> Option<NamedInputs> {
        let [layer] = layers else { return None };
        session.cache.record(PACKAGES, layer)
    };
    let both = packages(&last.base_layers).zip(packages(&new.base_layers));
    let changed = both.map(|(old, new)| changes(&old, &new)).filter(|changed| !changed.is_empty());
    let digest = |base: &ResolvedBase| base.manifest.map_or("other layers".to_owned(), |digest| digest.to_string());
    vec![format!("base: {}", changed.map_or_else(|| digest(base), |changed| shown(&changed)))]
}

/// What became of a layer, and why.
fn of_layer(
    session: &Session<'_>,
    last: &LastBuild,
    layer: &PlannedLayer,
    built: &BTreeMap<Digest, BuiltLayer>,
) -> String {
    let name = format!("{} of {}", layer.kind.name(), layer.title);
    let is_built = built.get(&layer.key).is_some_and(|layer| layer.built);
    if last.layers.iter().any(|old| old.key == layer.key) {
        return match is_built {
            true => format!("{name}: made again, its blob was not in the cache, or another interpreter compiles"),
            false => format!("{name}: reused"),
        };
    }
    let mut before = last.layers.iter().filter(|old| old.kind == layer.kind.name());
    let new = layer.named_inputs();
    let of = |old: &LastLayer| session.cache.record::<NamedInputs>(INPUTS, &old.key);
    // Titles name the groups of distributions; one with a version in it is found by what it holds.
    let same = before.clone().find(|old| old.title == layer.title).and_then(of);
    let old = same.or_else(|| {
        let shared = |old: &NamedInputs| new.keys().filter(|name| old.contains_key(*name)).count();
        before.by_ref().filter_map(of).max_by_key(shared)
    });
    let state = if is_built { "made" } else { "known from another image" };
    match old.map(|old| changes(&old, &new)) {
        Some(changed) if !changed.is_empty() => format!("{name}: {state}: {}", shown(&changed)),
        Some(_) | None => format!("{name}: {state}: the build before had none like it"),
    }
}

/// The first changes, and how many more there are.
fn shown(changed: &[String]) -> String {
    let first = changed[..changed.len().min(MAX_SHOWN)].join(", ");
    match changed.len().checked_sub(MAX_SHOWN) {
        Some(more) if more > 0 => format!("{first} and {more} more"),
        Some(_) | None => first,
    }
}
