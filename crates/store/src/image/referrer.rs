//! A manifest that refers to another one.

use serde_json::{Value, json};
use shipwheel_oci::{Descriptor, Digest};

/// A signature, an SBOM or another manifest that names a manifest as its subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Referrer {
    /// The referring manifest.
    pub descriptor: Descriptor,
    /// Its entry in the list of referrers as it was there, with keys that a descriptor does not know.
    pub entry: Value,
}

impl Referrer {
    /// An entry of an index as a referrer; `None` if it is not a descriptor.
    pub(crate) fn from_entry(entry: Value) -> Option<Self> {
        let descriptor = serde_json::from_value(entry.clone()).ok()?;
        Some(Self { descriptor, entry })
    }

    /// The subject that a document names.
    pub(crate) fn subject(document: &Value) -> Option<Digest> {
        document.get("subject")?.get("digest")?.as_str()?.parse().ok()
    }

    /// The subject that a document names, and its own entry in the list of that subject's referrers, as the
    /// specification has it: the type of the artifact, or else that of its config, and all annotations.
    pub(crate) fn of_document(descriptor: &Descriptor, bytes: &[u8]) -> Option<(Digest, Self)> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        let subject = Self::subject(&document)?;
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(Value::from);
        let kind = document.get("config").and_then(|config| config.get("mediaType"));
        let kind = text(document.get("artifactType")).or_else(|| text(kind));
        let Descriptor { media_type, digest, size, .. } = descriptor;
        let mut entry = json!({ "mediaType": media_type, "digest": digest.to_string(), "size": size });
        let annotations = document.get("annotations").filter(|it| it.is_object()).cloned();
        for (key, value) in [("artifactType", kind), ("annotations", annotations)] {
            entry.as_object_mut()?.extend(value.map(|value| (key.to_owned(), value)));
        }
        Self::from_entry(entry).map(|referrer| (subject, referrer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_with_a_subject_is_an_entry_of_the_list_of_its_referrers() {
        let digest = Digest::of(b"subject").to_string();
        let subject = json!({ "digest": digest, "size": 7, "mediaType": "m" });
        for (more, kind, annotations) in [
            (json!({ "artifactType": "a", "config": { "mediaType": "c" } }), json!("a"), Value::Null),
            (json!({ "artifactType": "", "config": { "mediaType": "c" } }), json!("c"), Value::Null),
            (json!({ "config": { "mediaType": "c" }, "annotations": { "k": "v" } }), json!("c"), json!({ "k": "v" })),
            (json!({ "manifests": [], "annotations": null }), Value::Null, Value::Null),
        ] {
            let mut document = json!({ "subject": subject });
            document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let bytes = document.to_string();
            let descriptor = Descriptor::of("application/x", bytes.as_bytes());
            let (found, referrer) = Referrer::of_document(&descriptor, bytes.as_bytes()).unwrap();
            let entry = &referrer.entry;
            assert_eq!(
                (found.to_string(), &entry["artifactType"], &entry["annotations"]),
                (digest.clone(), &kind, &annotations)
            );
            assert_eq!(entry["digest"], descriptor.digest.to_string());
        }
        for none in
            ["{}", "[]", r#"{"subject":null}"#, r#"{"subject":{"digest":"sha256:x"}}"#, r#"{"subject":"sha256:x"}"#]
        {
            assert!(Referrer::of_document(&Descriptor::of("m", b""), none.as_bytes()).is_none(), "{none}");
        }
    }
}
