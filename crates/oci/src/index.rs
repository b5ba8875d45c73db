//! An index over one manifest per platform (OCI image spec, `image-index.md`).

use std::collections::{BTreeMap, HashMap};

use oci_spec::image::{ImageIndex, ImageIndexBuilder, MediaType};
use serde_json::{Value, json};

use crate::canonical::{canonical_json, canonical_value};
use crate::descriptor::{Descriptor, media_type};
use crate::digest::DigestError;
use crate::manifest::annotate;
use crate::platform::Platform;
use crate::spelling::require_plain_document;

/// An index that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The bytes are not an index in JSON.
    #[error("the index is not a valid image index")]
    Parse(#[source] serde_json::Error),
    /// It names a manifest by a digest other than sha256.
    #[error("index names a manifest by an unsupported digest")]
    Digest(#[from] DigestError),
    /// The platform is not among its manifests.
    #[error("no {platform} in {}; found {}", .name, list(.found))]
    NoPlatform {
        /// What was asked for.
        platform: Platform,
        /// What the index belongs to.
        name: String,
        /// The platforms it has.
        found: Vec<Platform>,
    },
}

fn list(platforms: &[Platform]) -> String {
    if platforms.is_empty() {
        return "none".to_owned();
    }
    platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// An index: the bytes that were hashed, and its entries in order.
#[derive(Debug, Clone)]
pub struct Index {
    raw: Vec<u8>,
    descriptor: Descriptor,
    entries: Vec<Descriptor>,
}

impl Index {
    /// Reads an index of either family (OCI index, Docker manifest list).
    ///
    /// # Errors
    /// When the bytes are not an index, or name a manifest by a digest other than sha256.
    pub fn parse(raw: Vec<u8>) -> Result<Self, IndexError> {
        require_plain_document(&raw).map_err(IndexError::Parse)?;
        let spec: ImageIndex = serde_json::from_slice(&raw).map_err(IndexError::Parse)?;
        let own_type = spec.media_type().as_ref().map_or(media_type::INDEX.to_owned(), ToString::to_string);
        let entries = spec.manifests().iter().map(Descriptor::from_spec).collect::<Result<_, _>>()?;
        Ok(Self { descriptor: Descriptor::of(&own_type, &raw), entries, raw })
    }

    /// Writes an index over entries, in the order given.
    pub fn assemble(entries: Vec<Descriptor>, annotations: &BTreeMap<String, String>) -> Self {
        let mut builder = ImageIndexBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageIndex)
            .manifests(entries.iter().map(Descriptor::to_spec).collect::<Vec<_>>());
        if !annotations.is_empty() {
            builder = builder.annotations(annotations.clone().into_iter().collect::<HashMap<_, _>>());
        }
        let spec = builder.build().expect("schema version and manifests are set");
        let raw = canonical_json(&spec);
        Self { descriptor: Descriptor::of(media_type::INDEX, &raw), entries, raw }
    }

    /// This index with other manifests for some of its entries, or none; everything else stays as it is.
    ///
    /// `other` gives for an entry the descriptor of the manifest in its place, or `None` to drop it.
    ///
    /// # Errors
    /// When the result is not an index: never, if this one was read from bytes.
    pub fn map_manifests(&self, other: impl Fn(&Descriptor) -> Option<Descriptor>) -> Result<Self, IndexError> {
        let mut value: Value = serde_json::from_slice(&self.raw).map_err(IndexError::Parse)?;
        if let Some(list) = value["manifests"].as_array_mut() {
            let mapped = list.drain(..).zip(&self.entries).filter_map(|(mut entry, known)| {
                let manifest = other(known)?;
                entry["digest"] = json!(manifest.digest);
                entry["size"] = json!(manifest.size);
                Some(entry)
            });
            *list = mapped.collect();
        }
        Self::parse(canonical_value(value))
    }

    /// This index with other annotations: `None` removes one.
    ///
    /// # Errors
    /// When the result is not an index: never, if this one was read from bytes.
    pub fn annotated(&self, annotations: &BTreeMap<String, Option<String>>) -> Result<Self, IndexError> {
        let mut value: Value = serde_json::from_slice(&self.raw).map_err(IndexError::Parse)?;
        annotate(&mut value, annotations);
        Self::parse(canonical_value(value))
    }

    /// The bytes, as fetched or as written.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Media type, digest and size of the bytes.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// All entries, in order.
    pub fn entries(&self) -> &[Descriptor] {
        &self.entries
    }

    /// The platforms of its image manifests; attestations (`unknown/unknown`) are left out.
    pub fn platforms(&self) -> Vec<Platform> {
        self.entries.iter().filter_map(|e| e.platform.clone()).filter(|p| p.os != "unknown").collect()
    }

    /// The entry for a platform; `name` is what the index belongs to, for the error.
    ///
    /// # Errors
    /// When no entry has the platform; the error lists those there are.
    pub fn for_platform(&self, platform: &Platform, name: &str) -> Result<&Descriptor, IndexError> {
        self.entries.iter().find(|entry| entry.platform.as_ref() == Some(platform)).ok_or_else(|| {
            IndexError::NoPlatform { platform: platform.clone(), name: name.to_owned(), found: self.platforms() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(platform: Platform) -> Descriptor {
        let mut descriptor = Descriptor::of(media_type::MANIFEST, platform.to_string().as_bytes());
        descriptor.platform = Some(platform);
        descriptor
    }

    #[test]
    fn an_index_gives_the_entry_of_a_platform_and_says_what_it_has_otherwise() {
        let index = Index::assemble(vec![entry(Platform::linux_arm64())], &BTreeMap::new());
        let index = Index::parse(index.raw().to_vec()).expect("own index parses");
        assert!(index.for_platform(&Platform::linux_arm64(), "base").is_ok());
        let error = index.for_platform(&Platform::linux_amd64(), "base").expect_err("it is not there");
        assert_eq!(error.to_string(), "no linux/amd64 in base; found linux/arm64");
    }

    #[test]
    fn an_index_is_read_as_it_was_assembled() {
        let entries = vec![entry(Platform::linux_arm64()), entry(Platform::linux_amd64())];
        for annotations in [BTreeMap::new(), BTreeMap::from([("a".to_owned(), "1".to_owned())])] {
            let index = Index::assemble(entries.clone(), &annotations);
            assert_eq!(index.entries(), entries, "in the order given");
            let value: Value = serde_json::from_slice(index.raw()).expect("valid");
            let expected = (!annotations.is_empty()).then(|| json!(annotations));
            assert_eq!(value.get("annotations"), expected.as_ref(), "no empty map is written");
            let read = Index::parse(index.raw().to_vec()).expect("own index parses");
            assert_eq!((read.entries(), read.descriptor()), (index.entries(), index.descriptor()));
        }
    }

    #[test]
    fn arm64_v8_in_an_index_is_arm64() {
        let raw = br#"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "digest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","size":5,
            "platform":{"os":"linux","architecture":"arm64","variant":"v8"}}]}"#;
        let index = Index::parse(raw.to_vec()).expect("valid");
        assert!(index.for_platform(&Platform::linux_arm64(), "base").is_ok());
    }
}
