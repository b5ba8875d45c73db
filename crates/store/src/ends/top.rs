//! `index.json` of a layout or an archive: which image is meant, and how one is named.

use std::collections::BTreeMap;

use serde_json::Value;
use shipwheel_oci::{Descriptor, Digest, Index, Reference, canonical_value, media_type};

use crate::error::{Result, StoreError};
use crate::layout::{IMAGE_NAME, OWN, REF_NAME};
use crate::referrers::Referrer;

/// What an `index.json` names under a tag; without one, the only image there is.
///
/// Where all entries are platforms of one nameless image, the file itself is its index.
pub(crate) fn choose_root(index: &Index, tag: Option<&str>, place: &str) -> Result<Descriptor> {
    let name = |entry: &Descriptor| entry.annotations.get(REF_NAME).cloned();
    let entries: Vec<&Descriptor> = match tag {
        // umoci and buildx write the tag, others the whole reference.
        Some(tag) => {
            let fits = |name: String| name == tag || name.ends_with(&format!(":{tag}"));
            index.entries().iter().filter(|entry| name(entry).is_some_and(fits)).collect()
        }
        None => {
            let named: Vec<&Descriptor> = index.entries().iter().filter(|entry| name(entry).is_some()).collect();
            // What has no name beside something that has is a signature or the like.
            if named.is_empty() { index.entries().iter().collect() } else { named }
        }
    };
    let mut digests: Vec<Digest> = entries.iter().map(|entry| entry.digest).collect();
    digests.sort();
    digests.dedup();
    match (digests.len(), entries.first()) {
        (1, Some(entry)) => Ok(bare(entry)),
        (2.., _) if tag.is_none() && is_nameless_image(index) => Ok(index.descriptor().clone()),
        _ => {
            let found: Vec<String> = index.entries().iter().filter_map(name).collect();
            let found = if found.is_empty() { "no names".to_owned() } else { found.join(", ") };
            let cause = match tag {
                Some(tag) => format!("no single image `{tag}` in it; found {found}"),
                None => format!("{} images in it; choose one by its tag, found {found}", digests.len()),
            };
            Err(StoreError::Image { what: place.to_owned(), cause: cause.into() })
        }
    }
}

/// The entry without what it is called there.
fn bare(entry: &Descriptor) -> Descriptor {
    Descriptor::new(&entry.media_type, entry.digest, entry.size)
}

fn is_nameless_image(index: &Index) -> bool {
    let is_platform = |entry: &Descriptor| entry.platform.is_some() && media_type::is_manifest(&entry.media_type);
    index.entries().iter().all(|entry| is_platform(entry) && !entry.annotations.contains_key(REF_NAME))
}

/// An `index.json` with one image under a name, and what refers to it.
pub(crate) fn top_index(root: &Descriptor, name: Option<&Reference>, referrers: &[Referrer], own: bool) -> Vec<u8> {
    let mut entry = root.clone();
    if let Some(name) = name {
        let tag = name.tag().map_or_else(|| name.version(), str::to_owned);
        entry.annotations.insert(REF_NAME.to_owned(), tag);
        entry.annotations.insert(IMAGE_NAME.to_owned(), name.to_string());
    }
    let index = Index::assemble(vec![entry], &BTreeMap::new());
    let mut value: Value = serde_json::from_slice(index.raw()).unwrap_or_default();
    if let Some(entries) = value.get_mut("manifests").and_then(Value::as_array_mut) {
        entries.extend(referrers.iter().map(|referrer| referrer.entry.clone()));
    }
    if own {
        value["annotations"] = serde_json::json!({ OWN.0: OWN.1 });
    }
    canonical_value(value)
}

/// What refers to a document among the entries of an `index.json`, which `read` gives the bytes of.
pub(crate) fn referrers_in(
    index: &Index,
    subject: &Digest,
    read: impl Fn(&Descriptor) -> Result<Vec<u8>>,
) -> Result<Vec<Referrer>> {
    let value: Value = serde_json::from_slice(index.raw()).unwrap_or_default();
    let entries = value.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for referrer in entries.into_iter().filter_map(Referrer::from_entry) {
        let document: Value = serde_json::from_slice(&read(&referrer.descriptor)?).unwrap_or_default();
        let own = document.get("subject").and_then(|subject| subject.get("digest")).and_then(Value::as_str);
        if own == Some(subject.to_string().as_str()) {
            found.push(referrer);
        }
    }
    Ok(found)
}
