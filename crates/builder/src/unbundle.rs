//! Takes a bundle: its files into the cache, its answers in place of the network.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use shipwheel_oci::{Descriptor, Digest, Platform};
use shipwheel_store::ImageSource;
use shipwheel_store::image::ImageGraph;

use crate::bundled::answers::{ANSWERS_TYPE, About, Answers, MAX_ANSWERS};
use crate::bundled::artifact::{BUNDLE_TYPE, KIND, PLATFORMS};
use crate::bundled::bundle_error::BundleError;
use crate::bundled::definition_texts::definition_texts;
use crate::bundled::input::{INPUT_TYPE, InputKind};
use crate::bundled::outside::Outside;
use crate::error::BuildError;
use crate::project::definition::Definition;
use crate::session::Session;
use crate::shared::manifest::CacheManifest;

/// Lets a session build a definition from a bundle: from now on it asks nobody else.
///
/// Each file is known by its digest alone, and verified when it is taken. An answer is never written down: it counts in
/// this session, and is held against what proves it.
///
/// # Errors
/// When it is not a bundle, is broken, or is for other platforms.
pub fn unbundle(
    session: &mut Session<'_>,
    source: &dyn ImageSource,
    definition: &Definition,
) -> Result<(), BuildError> {
    let what = source.name();
    let manifest = manifest(source)?;
    check_platforms(&what, &manifest, &definition.spec.platforms)?;
    let of_type = |media_type: &'static str| move |layer: &&Descriptor| layer.media_type == media_type;
    let Some(answers) = manifest.layers.iter().find(of_type(ANSWERS_TYPE)) else {
        return Err(BundleError::Other { what }.into());
    };
    let answers = source.read(answers, MAX_ANSWERS, &session.cache)?;
    let answers = Answers::parse(&answers).map_err(|cause| BundleError::Answers { what: what.clone(), cause })?;
    let inputs: Vec<&Descriptor> = manifest.layers.iter().filter(of_type(INPUT_TYPE)).collect();
    let cache = &session.cache;
    inputs.par_iter().try_for_each(|input| source.import(input, cache))?;
    session.report.step(&format!("bundle: {what} has {} inputs, each of its digest", inputs.len()));
    for reference in answers.questions(About::Base) {
        session.report.step(&format!("bundle: what {reference} is, the bundle says"));
    }
    tell_of_changes(session, definition, &inputs)?;
    session.offline = true;
    session.outside = Outside::Bundle(Arc::new(answers));
    Ok(())
}

/// The one manifest of a bundle; the walk refuses what is too large.
fn manifest(source: &dyn ImageSource) -> Result<CacheManifest, BuildError> {
    let root = source.root()?;
    let graph = ImageGraph::read(source, &root)?;
    let document = graph.document(&root.digest);
    let manifest = document.and_then(|document| CacheManifest::parse(&document.bytes, BUNDLE_TYPE));
    Ok(manifest.ok_or_else(|| BundleError::Other { what: source.name() })?)
}

fn check_platforms(what: &str, manifest: &CacheManifest, wanted: &[Platform]) -> Result<(), BundleError> {
    let found = manifest.annotations.get(PLATFORMS).cloned().unwrap_or_default();
    let has = |platform: &Platform| found.split(',').any(|name| name == platform.to_string());
    match wanted.iter().find(|platform| !has(platform)) {
        None => Ok(()),
        Some(platform) => Err(BundleError::Platform { what: what.to_owned(), platform: platform.clone(), found }),
    }
}

/// Says which texts of the definition are not those that the bundle was made for.
fn tell_of_changes(session: &Session<'_>, definition: &Definition, inputs: &[&Descriptor]) -> Result<(), BuildError> {
    let of_definition =
        inputs.iter().filter(|input| input.annotations.get(KIND).is_some_and(|it| it == InputKind::Definition.name()));
    // Only digests are compared: no name of the bundle leads anywhere.
    let packed: Vec<Digest> = of_definition.map(|input| input.digest).collect();
    let own: BTreeMap<String, String> = definition_texts(definition)?;
    for (name, _) in own.iter().filter(|(_, text)| !packed.contains(&Digest::of(text.as_bytes()))) {
        session.report.step(&format!("bundle: {name} is not the one that the bundle was made for"));
    }
    Ok(())
}
