//! `index.json` of a layout or an archive: which image a tag selects, and how a single image is named in it.

use std::collections::BTreeMap;

use serde_json::Value;
use shipwheel_oci::{Descriptor, Digest, Index, Reference, canonical_value, media_type};

use crate::error::{Result, StoreError};
use crate::image::{PublishedImage, Referrer, subject_of};

/// The content of `oci-layout` (OCI image spec, `image-layout.md`).
pub(crate) const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The tag in `index.json`: skopeo, podman and umoci find the image by it.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The full name in `index.json`, for containerd and `docker load`.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// Says in `index.json` that the folder is an output of shipwheel, which may be replaced.
pub(super) const OWN: (&str, &str) = ("shipwheel.layout", "1");

/// An `index.json`.
#[derive(Debug, Clone)]
pub(crate) struct TopIndex {
    index: Index,
}

impl TopIndex {
    /// Reads an `index.json`; `what` names it in errors.
    pub(crate) fn parse(bytes: Vec<u8>, what: &str) -> Result<Self> {
        Ok(Self { index: Index::parse(bytes).map_err(StoreError::image(what))? })
    }

    /// Whether shipwheel wrote the layout.
    pub(super) fn is_own(&self) -> bool {
        let value: Value = serde_json::from_slice(self.index.raw()).unwrap_or_default();
        value.get("annotations").and_then(|all| all.get(OWN.0)).is_some()
    }

    /// All entries.
    pub(super) fn entries(&self) -> &[Descriptor] {
        self.index.entries()
    }

    /// The bytes of `index.json` itself, if a descriptor is of it.
    pub(crate) fn bytes_of(&self, descriptor: &Descriptor) -> Option<Vec<u8>> {
        (self.index.descriptor().digest == descriptor.digest).then(|| self.index.raw().to_vec())
    }

    /// The image of a tag; without one, the only image there is. No image is ever taken for another.
    ///
    /// If all entries are platforms of one nameless image, `index.json` itself is its index.
    pub(crate) fn select(&self, tag: Option<&str>, what: &str) -> Result<Descriptor> {
        let entries: Vec<&Descriptor> = match tag {
            Some(tag) => self.index.entries().iter().filter(|entry| has_tag(entry, tag)).collect(),
            None => {
                let images = || self.index.entries().iter().filter(|entry| !is_beside(entry));
                let named: Vec<&Descriptor> = images().filter(|entry| name_of(entry).is_some()).collect();
                // An entry without a name beside one that has a name is a signature or the like.
                if named.is_empty() { images().collect() } else { named }
            }
        };
        let mut digests: Vec<Digest> = entries.iter().map(|entry| entry.digest).collect();
        digests.sort();
        digests.dedup();
        if let (1, Some(entry)) = (digests.len(), entries.first()) {
            // Without its platform and its names there.
            return Ok(Descriptor::new(&entry.media_type, entry.digest, entry.size));
        }
        let images = self.index.entries().iter().filter(|entry| !is_beside(entry));
        let tags = images.filter_map(name_of).map(str::to_owned).collect();
        match tag {
            None if digests.len() > 1 && self.is_nameless_image() => Ok(self.index.descriptor().clone()),
            None if digests.is_empty() => Err(StoreError::NoImage { what: what.to_owned() }),
            None => Err(StoreError::SeveralImages { what: what.to_owned(), count: digests.len(), tags }),
            Some(tag) => Err(StoreError::NoTag { what: what.to_owned(), tag: tag.to_owned(), tags }),
        }
    }

    /// The document that a tag beside the image names, such as that of its signatures; `None` unless there is exactly one.
    pub(crate) fn beside(&self, tag: &str) -> Option<Descriptor> {
        let mut entries: Vec<&Descriptor> = self.index.entries().iter().filter(|entry| has_tag(entry, tag)).collect();
        entries.dedup_by_key(|entry| entry.digest);
        if let [entry] = entries[..] {
            Some(Descriptor::new(&entry.media_type, entry.digest, entry.size))
        } else {
            None
        }
    }

    /// The full name of an image, for containerd and `docker load`, if exactly one is there.
    pub(crate) fn full_name(&self, digest: &Digest) -> Option<String> {
        let entries = self.index.entries().iter().filter(|entry| entry.digest == *digest);
        let mut names: Vec<&String> = entries.filter_map(|entry| entry.annotations.get(IMAGE_NAME)).collect();
        names.dedup();
        if let [only] = names[..] { Some(only.clone()) } else { None }
    }

    fn is_nameless_image(&self) -> bool {
        let is_platform = |entry: &Descriptor| entry.platform.is_some() && media_type::is_manifest(&entry.media_type);
        self.index.entries().iter().all(|entry| is_platform(entry) && name_of(entry).is_none())
    }

    /// What refers to a document among the entries, whose bytes `read` gives.
    pub(crate) fn referrers(
        &self,
        subject: &Digest,
        read: impl Fn(&Descriptor) -> Result<Vec<u8>>,
    ) -> Result<Vec<Referrer>> {
        let value: Value = serde_json::from_slice(self.index.raw()).unwrap_or_default();
        let entries = value.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut found = Vec::new();
        for referrer in entries.into_iter().filter_map(Referrer::from_entry) {
            let document: Value = serde_json::from_slice(&read(&referrer.descriptor)?).unwrap_or_default();
            if Referrer::subject(&document) == Some(*subject) {
                found.push(referrer);
            }
        }
        Ok(found)
    }

    /// The bytes of an `index.json` with one image under a name, and the entries of what refers to it or is beside it.
    ///
    /// The entry of an image for one platform without an index names the platform.
    pub(crate) fn write(
        image: &PublishedImage<'_>,
        name: Option<&Reference>,
        attached: &[Value],
        own: bool,
    ) -> Result<Vec<u8>> {
        let mut entry = image.root.clone();
        entry.platform = (image.platform)()?;
        if let Some(name) = name {
            let tag = name.tag().map_or_else(|| name.version(), str::to_owned);
            entry.annotations.insert(REF_NAME.to_owned(), tag);
            entry.annotations.insert(IMAGE_NAME.to_owned(), name.to_string());
        }
        let index = Index::assemble(vec![entry], &BTreeMap::new());
        let mut value: Value = serde_json::from_slice(index.raw()).unwrap_or_default();
        if let Some(entries) = value.get_mut("manifests").and_then(Value::as_array_mut) {
            entries.extend(attached.iter().cloned());
        }
        if own {
            value["annotations"] = serde_json::json!({ OWN.0: OWN.1 });
        }
        Ok(canonical_value(value))
    }
}

/// A document's entry under a tag, for [`TopIndex::write`].
pub(crate) fn entry_beside(tag: &str, document: &Descriptor) -> Value {
    let Descriptor { media_type, digest, size, .. } = document;
    serde_json::json!({ "mediaType": media_type, "digest": digest.to_string(), "size": size,
        "annotations": { REF_NAME: tag } })
}

/// Whether an entry is what cosign keeps beside an image, and no image.
fn is_beside(entry: &Descriptor) -> bool {
    name_of(entry).is_some_and(|name| subject_of(name.rsplit(':').next().unwrap_or(name)).is_some())
}

fn name_of(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(REF_NAME).map(String::as_str)
}

/// umoci and buildx write the tag, other tools the whole reference.
fn has_tag(entry: &Descriptor, tag: &str) -> bool {
    name_of(entry).is_some_and(|name| name == tag || name.ends_with(&format!(":{tag}")))
}
