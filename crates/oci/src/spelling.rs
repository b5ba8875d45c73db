//! The spelling of keys in documents of images: those that programs read differently are refused.
//!
//! Docker, containerd, podman and skopeo read JSON with Go's `encoding/json`, which takes a key for a field in whatever
//! case its letters are, and of several the last. A manifest with `layers` and `Layers` is one image to a strict reader
//! and another one to them, and what was verified would not be what runs.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a document may have in one place.
enum Shape {
    /// Anything: text, numbers, and maps whose keys users choose.
    Any,
    /// An object with these fields; others are nobody's.
    Fields(&'static [(&'static str, &'static Shape)]),
    /// A list of these.
    Each(&'static Shape),
}

use Shape::{Any, Each, Fields};

/// OCI image spec, `descriptor.md` and `image-index.md`.
const PLATFORM: Shape = Fields(&[
    ("architecture", &Any),
    ("os", &Any),
    ("os.version", &Any),
    ("os.features", &Any),
    ("variant", &Any),
    ("features", &Any),
]);
const DESCRIPTOR: Shape = Fields(&[
    ("mediaType", &Any),
    ("digest", &Any),
    ("size", &Any),
    ("urls", &Any),
    ("annotations", &Any),
    ("data", &Any),
    ("artifactType", &Any),
    ("platform", &PLATFORM),
]);

/// Manifests, indexes and manifests of artifacts: what a document is follows from its keys.
const DOCUMENT: Shape = Fields(&[
    ("schemaVersion", &Any),
    ("mediaType", &Any),
    ("artifactType", &Any),
    ("annotations", &Any),
    ("manifests", &Each(&DESCRIPTOR)),
    ("config", &DESCRIPTOR),
    ("layers", &Each(&DESCRIPTOR)),
    ("blobs", &Each(&DESCRIPTOR)),
    ("subject", &DESCRIPTOR),
]);

/// OCI image spec, `config.md`, with what Docker adds.
const RUNTIME: Shape = Fields(&[
    ("User", &Any),
    ("ExposedPorts", &Any),
    ("Env", &Any),
    ("Entrypoint", &Any),
    ("Cmd", &Any),
    ("Volumes", &Any),
    ("WorkingDir", &Any),
    ("Labels", &Any),
    ("StopSignal", &Any),
    ("StopTimeout", &Any),
    ("ArgsEscaped", &Any),
    ("Healthcheck", &Fields(&[("Test", &Any), ("Interval", &Any), ("Timeout", &Any), ("Retries", &Any)])),
    ("OnBuild", &Any),
    ("Shell", &Any),
]);
const CONFIG: Shape = Fields(&[
    ("architecture", &Any),
    ("os", &Any),
    ("os.version", &Any),
    ("os.features", &Any),
    ("variant", &Any),
    ("created", &Any),
    ("author", &Any),
    ("config", &RUNTIME),
    ("rootfs", &Fields(&[("type", &Any), ("diff_ids", &Any)])),
    ("history", &Each(&Fields(&[("created", &Any), ("created_by", &Any), ("empty_layer", &Any)]))),
]);

/// The `manifest.json` of a docker-archive.
const ARCHIVE: Shape = Each(&Fields(&[("Config", &Any), ("RepoTags", &Any), ("Layers", &Any)]));

/// Refuses a manifest or an index that has a key twice, or one that is another key but for the case of its letters.
///
/// # Errors
/// When it does, or is not JSON.
pub fn require_plain_document(bytes: &[u8]) -> Result<(), serde_json::Error> {
    require(&DOCUMENT, bytes)
}

/// The same for an image config.
///
/// # Errors
/// As [`require_plain_document`].
pub fn require_plain_config(bytes: &[u8]) -> Result<(), serde_json::Error> {
    require(&CONFIG, bytes)
}

/// The same for the `manifest.json` of a docker-archive.
///
/// # Errors
/// As [`require_plain_document`].
pub fn require_plain_archive(bytes: &[u8]) -> Result<(), serde_json::Error> {
    require(&ARCHIVE, bytes)
}

fn require(shape: &'static Shape, bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Reading(shape).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Reads one value, which has a shape.
struct Reading(&'static Shape);

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.0 {
            Any => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
            Fields(_) | Each(_) => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a document of an image")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let fields = match self.0 {
            Fields(fields) => *fields,
            Any | Each(_) => &[],
        };
        let mut seen: Vec<&str> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let plain = plain(&key);
            match fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(&plain)) {
                Some((name, _)) if *name != key => {
                    return Err(M::Error::custom(format!("`{key}` is read as `{name}` by some programs")));
                }
                Some((name, _)) if seen.contains(name) => {
                    return Err(M::Error::custom(format!("`{name}` is there twice")));
                }
                Some((name, shape)) => {
                    seen.push(name);
                    map.next_value_seed(Reading(shape))?;
                }
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        let shape = match self.0 {
            Each(shape) => shape,
            Any | Fields(_) => &Any,
        };
        while list.next_element_seed(Reading(shape))?.is_some() {}
        Ok(())
    }

    // A value of another kind is the next reader's business.

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key with the two letters outside of ASCII as Go takes them, which ignores case: names of fields are ASCII.
fn plain(key: &str) -> Cow<'_, str> {
    match key.is_ascii() {
        true => key.into(),
        false => key.replace('\u{212a}', "k").replace('\u{17f}', "s").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_programs_read_differently_is_refused() {
        type Check = fn(&[u8]) -> Result<(), serde_json::Error>;
        let (document, config): (Check, Check) = (require_plain_document, require_plain_config);
        for (check, text, expected) in [
            (document, r#"{"layers":[],"Layers":[]}"#, Some("`Layers` is read as `layers`")),
            (document, r#"{"LAYERS":[]}"#, Some("`LAYERS` is read as `layers`")),
            (document, "{\"layer\u{17f}\":[]}", Some("is read as `layers`")),
            (document, r#"{"\u006cayers":[],"layers":[]}"#, Some("`layers` is there twice")),
            (document, r#"{"manifests":[{"digest":1,"Digest":2}]}"#, Some("`Digest` is read as `digest`")),
            (document, r#"{"manifests":[{"platform":{"OS":"x"}}]}"#, Some("`OS` is read as `os`")),
            (document, r#"{"config":{"size":1,"size":2}}"#, Some("`size` is there twice")),
            (config, r#"{"config":{"Cmd":["a"],"cmd":["b"]}}"#, Some("`cmd` is read as `Cmd`")),
            (config, r#"{"config":{"env":["A=b"]}}"#, Some("`env` is read as `Env`")),
            (config, r#"{"config":{},"config":{}}"#, Some("`config` is there twice")),
            (config, "{\"config\":{\"Healthchec\u{212a}\":{}}}", Some("is read as `Healthcheck`")),
            (config, r#"{"config":{"Healthcheck":{"test":[]}}}"#, Some("`test` is read as `Test`")),
            (config, r#"{"rootfs":{"diff_IDs":[]}}"#, Some("`diff_IDs` is read as `diff_ids`")),
            (require_plain_archive, r#"[{"Layers":[],"layers":[]}]"#, Some("`layers` is read as `Layers`")),
            (document, r#"{"layers":[]} {}"#, Some("trailing characters")),
            // Keys that users choose, keys that nobody reads, and values of any kind.
            (document, r#"{"annotations":{"size":"1","Size":"2"},"x":1,"X":{"layers":1,"Layers":2}}"#, None),
            (config, r#"{"config":{"Labels":{"a":"","A":""},"Image":"","image":""},"OsInfo":1}"#, None),
            (config, r#"{"container_config":{"Cmd":[],"cmd":[]},"config":null,"rootfs":[1,{"a":-1.5}]}"#, None),
            (require_plain_archive, r#"[{"Config":"a","RepoTags":null,"Layers":["b"]},"x",true]"#, None),
        ] {
            match (check(text.as_bytes()), expected) {
                (Ok(()), None) => {}
                (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
