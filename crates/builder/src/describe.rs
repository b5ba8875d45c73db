//! What is in an image: every platform taken apart, and what is attached to it.

use std::collections::BTreeSet;

use serde_json::Value;
use shipwheel_oci::{Descriptor, Digest, Platform};
use shipwheel_store::image::is_attestation;
use shipwheel_store::{Cache, ImageSource, StoreError};

use crate::contents::contents::Contents;
use crate::contents::description::{Attached, AttachedBy, Description};
use crate::contents::read::annotations;
use crate::error::BuildError;
use crate::inspect::chain::chain;
use crate::inspect::finding::Findings;
use crate::inspect::opened::open;
use crate::session::Report;

/// The annotation by which BuildKit says what an attestation is about.
const SUBJECT: &str = "vnd.docker.reference.digest";

/// How to describe an image.
pub struct DescribeOptions<'a> {
    /// Where layers are unpacked to while they are read.
    pub cache: &'a Cache,
    /// Receives the steps.
    pub report: &'a dyn Report,
    /// The platforms to describe; if empty, all of them.
    pub platforms: Vec<Platform>,
}

/// Describes an image. Each blob is read once, and of a registry fetched once: it stays in the cache.
///
/// # Errors
/// When it cannot be read, or a platform asked for is not in it. What does not agree is a finding, never an error.
pub fn describe(source: &dyn ImageSource, options: &DescribeOptions<'_>) -> Result<Description, BuildError> {
    let mut findings = Findings::default();
    options.report.step("inspect: reading blobs and layers");
    let image = open(source, options.cache, &options.platforms, &mut findings)?;
    let mut platforms = Vec::new();
    for opened in &image.platforms {
        options.report.step(&format!("inspect: {}", opened.platform));
        platforms.extend(Contents::read(&image, opened, &mut findings)?);
    }
    platforms.sort_by(|a: &Contents, b: &Contents| a.platform.cmp(&b.platform));
    let root = source.document(&image.root)?;
    let mut attached = beside(&root);
    let subjects = image.platforms.iter().map(|opened| opened.manifest.descriptor().digest);
    let subjects: BTreeSet<Digest> = subjects.chain([image.root.digest]).collect();
    for subject in subjects {
        match referrers(source, &subject) {
            Ok(found) => attached.extend(found),
            Err(error) => options.report.warning(&format!("what refers to {subject} is not known: {}", chain(&error))),
        }
        match tagged(source, &subject) {
            Ok(found) => attached.extend(found),
            Err(error) => {
                options.report.warning(&format!("what tags have of {subject} is not known: {}", chain(&error)));
            }
        }
    }
    attached.sort_by(|a, b| {
        (a.by, a.subject, &a.artifact_type, a.document.digest).cmp(&(
            b.by,
            b.subject,
            &b.artifact_type,
            b.document.digest,
        ))
    });
    let problems = findings.len();
    findings.list.sort();
    let annotations = annotations(&root);
    Ok(Description { root: image.root, annotations, platforms, attached, findings: findings.list, problems })
}

/// What names a document as its subject.
fn referrers(source: &dyn ImageSource, subject: &Digest) -> Result<Vec<Attached>, StoreError> {
    let text = |entry: &Value| entry.get("artifactType").and_then(Value::as_str).map(str::to_owned);
    let attached = source.referrers(subject)?.into_iter().map(|referrer| Attached {
        subject: Some(*subject),
        by: AttachedBy::Referrer,
        tag: None,
        artifact_type: text(&referrer.entry),
        document: referrer.descriptor,
    });
    Ok(attached.collect())
}

/// What is beside a document under tags that name it.
fn tagged(source: &dyn ImageSource, subject: &Digest) -> Result<Vec<Attached>, StoreError> {
    let tagged = source.all_beside(subject)?.into_iter().map(|(tag, document)| {
        let manifest: Value = serde_json::from_slice(&source.document(&document)?).unwrap_or_default();
        let kind = manifest.pointer("/layers/0/mediaType").and_then(Value::as_str);
        let artifact_type = kind.map(str::to_owned);
        Ok(Attached { subject: Some(*subject), by: AttachedBy::Tag, tag: Some(tag), artifact_type, document })
    });
    tagged.collect()
}

/// The attestations in an index.
fn beside(root: &[u8]) -> Vec<Attached> {
    let document: Value = serde_json::from_slice(root).unwrap_or_default();
    let entries = document.get("manifests").and_then(Value::as_array).into_iter().flatten();
    let entries = entries.filter_map(|entry| Some((entry, serde_json::from_value(entry.clone()).ok()?)));
    let attestations = entries.filter(|(_, descriptor): &(&Value, Descriptor)| is_attestation(descriptor));
    attestations
        .map(|(entry, document)| Attached {
            subject: document.annotations.get(SUBJECT).and_then(|digest| digest.parse().ok()),
            by: AttachedBy::Index,
            tag: None,
            artifact_type: entry.get("artifactType").and_then(Value::as_str).map(str::to_owned),
            document,
        })
        .collect()
}
