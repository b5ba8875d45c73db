//! Packs all that a build asks the network for: one artifact that a file or a registry can hold.
//!
//! What that is, nobody lists: the build is resolved in an empty cache, and what it asks for and takes is noted. Then it is
//! resolved again in another empty cache, with nothing but what was noted, and has to come to the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use shipwheel_oci::{Descriptor, Digest};
use shipwheel_plan::Plan;
use shipwheel_plan::facts::Facts;
use shipwheel_plan::spec::Base;
use shipwheel_store::image::ImageSource;
use shipwheel_store::{BlobFile, Cache, StoreError};
use tempfile::TempDir;

use crate::bundled::answers::ANSWERS_TYPE;
use crate::bundled::artifact::{BUNDLE_TYPE, KIND, NAME, PLATFORMS, TITLE};
use crate::bundled::bundle_error::BundleError;
use crate::bundled::definition_texts::definition_texts;
use crate::bundled::input::{INPUT_TYPE, Input, InputKind};
use crate::bundled::lender::{Lender, copy_blob};
use crate::bundled::outside::{Noted, Notes, Outside};
use crate::error::BuildError;
use crate::lock::image_lock;
use crate::prepare::WhenNeeded;
use crate::project::definition::Definition;
use crate::resolve::resolve;
use crate::session::{Report, Session};
use crate::shared::manifest::{CacheManifest, EMPTY};

/// A bundle whose blobs are in the cache: a source for any output.
pub struct Bundle {
    /// How many inputs of each kind it has, and their bytes.
    pub inputs: BTreeMap<InputKind, (u64, u64)>,
    /// What it does not have, and the build needs nevertheless.
    pub outside: Vec<String>,
    root: Descriptor,
    manifest: Vec<u8>,
    cache: Cache,
}

/// Packs what a build of a definition asks the network for.
///
/// # Errors
/// When the build cannot be resolved, with the network or with what was packed: the error names what is missing.
pub fn bundle(session: &Session<'_>, definition: &Definition) -> Result<Bundle, BuildError> {
    image_lock::check_format(definition)?;
    let notes = Arc::new(Notes::default());
    // A cache that knows nothing asks for everything; what was fetched before need not be fetched again.
    let (_made, near) = empty_cache(session, &session.cache, None)?;
    let noting = session.apart(near.clone(), Outside::Noted(notes.clone()), session.report);
    let facts = facts(&noting, definition).map_err(|error| with_all_missing(error, &notes))?;
    let Noted { answers, mut inputs, .. } = notes.noted();
    for (name, text) in definition_texts(definition)? {
        let input = Input { kind: InputKind::Definition, name };
        inputs.insert(near.insert_bytes(text.as_bytes())?, input);
    }
    session.report.step(&format!("bundle: {} inputs; resolving again with nothing else", inputs.len()));
    let answers = Arc::new(answers);
    let (_again, alone) = empty_cache(session, &near, Some(inputs.keys().copied().collect()))?;
    let again = self::facts(&session.apart(alone, Outside::Bundle(answers.clone()), &Silent), definition)?;
    compare(&facts, &again)?;
    for digest in inputs.keys().filter(|digest| session.cache.blob_size(digest).is_none()) {
        copy_blob(digest, &near, &session.cache)?;
    }
    let answers = answers.to_json();
    session.cache.insert_bytes(&answers)?;
    session.cache.insert_bytes(EMPTY)?;
    let mut packed = BTreeMap::new();
    let mut layers = vec![Descriptor::of(ANSWERS_TYPE, &answers)];
    layers[0].annotations.insert(TITLE.to_owned(), "answers.json".to_owned());
    for (digest, input) in in_order(inputs) {
        let size = session.cache.blob_size(&digest).ok_or_else(|| StoreError::missing(digest, "the cache"))?;
        let (count, bytes) = packed.entry(input.kind).or_insert((0, 0));
        (*count, *bytes) = (*count + 1, *bytes + size);
        let mut layer = Descriptor::new(INPUT_TYPE, digest, size);
        layer.annotations.insert(TITLE.to_owned(), input.name);
        layer.annotations.insert(KIND.to_owned(), input.kind.name().to_owned());
        layers.push(layer);
    }
    let platforms: Vec<String> = definition.spec.platforms.iter().map(ToString::to_string).collect();
    let annotations = [(NAME, definition.name.clone()), (PLATFORMS, platforms.join(","))];
    let manifest = CacheManifest::new(BUNDLE_TYPE, layers, &annotations);
    let bytes = manifest.to_json();
    let root = Descriptor::of(&manifest.media_type, &bytes);
    let outside = left_outside(definition);
    Ok(Bundle { inputs: packed, outside, root, manifest: bytes, cache: session.cache.clone() })
}

/// An error that names everything that is known to be missing, and not what one platform met first.
fn with_all_missing(error: BuildError, notes: &Notes) -> BuildError {
    let Noted { missing, .. } = notes.noted();
    match missing.len() {
        0 | 1 => error,
        _ => BundleError::Lacking { missing, kind: error.kind(), hint: error.hint() }.into(),
    }
}

/// An empty cache that borrows blobs, in a folder that is gone with the first value.
fn empty_cache(
    session: &Session<'_>,
    lender: &Cache,
    only: Option<BTreeSet<Digest>>,
) -> Result<(TempDir, Cache), BuildError> {
    let folder = session.cache.scratch_dir()?;
    let cache = Cache::open(&folder.path().join("cache"))?;
    let lender = Lender::new(lender, &cache, only);
    Ok((folder, cache.with_far_side(Arc::new(lender))))
}

/// What a session finds out for a definition, as far as a plan can be made of it.
fn facts(session: &Session<'_>, definition: &Definition) -> Result<Facts, BuildError> {
    let facts = resolve(session, definition, WhenNeeded::Tell)?.facts;
    Plan::new(&definition.spec, &facts)?;
    Ok(facts)
}

/// The same facts give the same plan, and that the same image.
fn compare(outside: &Facts, inside: &Facts) -> Result<(), BundleError> {
    for (platform, one) in &outside.platforms {
        let other = inside.platforms.get(platform);
        let what = match other {
            Some(other) if other.base != one.base => "base",
            Some(other) if other.wheels != one.wheels => "set of wheels",
            Some(other) if other == one => continue,
            Some(_) | None => "project",
        };
        return Err(BundleError::Differs { what, platform: platform.clone() });
    }
    Ok(())
}

/// Inputs by kind and name.
fn in_order(inputs: BTreeMap<Digest, Input>) -> Vec<(Digest, Input)> {
    let mut inputs: Vec<(Digest, Input)> = inputs.into_iter().collect();
    inputs.sort_by(|(one, first), (other, second)| first.cmp(second).then(one.cmp(other)));
    inputs
}

/// What has to be carried besides, or comes from the other network.
fn left_outside(definition: &Definition) -> Vec<String> {
    let spec = &definition.spec;
    let layouts = spec.base.iter().filter_map(|base| match base {
        Base::Layout(path) => {
            Some(format!("the base {}, which is a folder or a file beside the definition", path.value))
        }
        Base::Debian(_) | Base::Image(_) => None,
    });
    let steps = spec.app.iter().flat_map(|app| &app.prepare);
    let steps = steps.map(|step| format!("what the step `{}` of app.prepare asks the network for", step.title));
    layouts.chain(steps).collect()
}

/// Hears what was told already.
struct Silent;

impl Report for Silent {
    fn step(&self, _: &str) {}
    fn warning(&self, _: &str) {}
}

impl ImageSource for Bundle {
    fn name(&self) -> String {
        "the bundle".to_owned()
    }

    fn root(&self) -> Result<Descriptor, StoreError> {
        Ok(self.root.clone())
    }

    fn document(&self, _: &Descriptor) -> Result<Vec<u8>, StoreError> {
        Ok(self.manifest.clone())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile, StoreError> {
        let path: PathBuf = self.cache.require_blob(&descriptor.digest)?;
        Ok(BlobFile::whole(path))
    }
}
