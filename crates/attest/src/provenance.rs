//! Provenance (SLSA v1): every input of a build by its digest, and no clock.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shipwheel_oci::{Digest, Platform};

use crate::sign::statement::{SLSA_PREDICATE, Statement};

/// What kind of build this is: names what the parameters mean. docs/attestations.md describes it.
pub const BUILD_TYPE: &str = "https://shipwheel.invalid/build/v1";

/// Who builds: the program; who ran it is said by who signs.
const BUILDER: &str = "https://shipwheel.invalid/builder";

/// An input of a build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// Its purl, or what it is, such as `lock`.
    pub uri: String,
    /// Its sha256.
    pub digest: Digest,
}

/// How the image of one platform was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The manifest that came of it.
    pub manifest: Digest,
    /// Its platform.
    pub platform: Platform,
    /// The files that say what to build, by their names: image.toml, the lock.
    pub files: BTreeMap<String, Digest>,
    /// What else was chosen, such as the profile.
    pub choices: BTreeMap<String, String>,
    /// The versions of the forms that decide bytes, by their names.
    pub format: BTreeMap<String, u32>,
    /// Base, wheels, interpreter and files of the application.
    pub dependencies: Vec<Dependency>,
    /// The version of shipwheel.
    pub tool: String,
}

impl Provenance {
    /// The statement about the manifest.
    pub fn statement(&self) -> Statement {
        let mut parameters: BTreeMap<&str, Value> =
            self.choices.iter().map(|(name, value)| (name.as_str(), json!(value))).collect();
        let files =
            self.files.iter().map(|(name, digest)| json!({ "name": name, "digest": { "sha256": digest.hex() } }));
        parameters.insert("files", files.collect());
        parameters.insert("platform", json!(self.platform.to_string()));
        let mut dependencies: Vec<&Dependency> = self.dependencies.iter().collect();
        dependencies.sort();
        dependencies.dedup();
        let dependencies: Vec<Value> =
            dependencies.iter().map(|it| json!({ "uri": it.uri, "digest": { "sha256": it.digest.hex() } })).collect();
        let predicate = json!({
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "internalParameters": { "format": self.format },
                "resolvedDependencies": dependencies,
            },
            "runDetails": { "builder": { "id": BUILDER, "version": { "shipwheel": self.tool } } },
        });
        Statement::of(self.manifest, SLSA_PREDICATE, predicate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provenance_names_every_input_by_its_digest_and_no_time() {
        let dependency = |uri: &str| Dependency { uri: uri.to_owned(), digest: Digest::of(uri.as_bytes()) };
        let provenance = Provenance {
            manifest: Digest::of(b"manifest"),
            platform: Platform::linux_amd64(),
            files: BTreeMap::from([("image.toml".to_owned(), Digest::of(b"toml"))]),
            choices: BTreeMap::from([("profile".to_owned(), "production".to_owned())]),
            format: BTreeMap::from([("layer".to_owned(), 3)]),
            dependencies: vec![dependency("pkg:pypi/b@1"), dependency("pkg:pypi/a@1"), dependency("pkg:pypi/b@1")],
            tool: "0.1.0".to_owned(),
        };
        let statement = provenance.statement();
        assert!(statement.is_about(&provenance.manifest) && statement.predicate_type == SLSA_PREDICATE);
        let build = &statement.predicate["buildDefinition"];
        let file = json!([{ "name": "image.toml", "digest": { "sha256": Digest::of(b"toml").hex() } }]);
        let parameters = json!({ "files": file, "platform": "linux/amd64", "profile": "production" });
        assert_eq!(build["externalParameters"], parameters);
        assert_eq!(build["internalParameters"], json!({ "format": { "layer": 3 } }));
        let uris: Vec<&Value> = build["resolvedDependencies"].as_array().unwrap().iter().map(|it| &it["uri"]).collect();
        assert_eq!(uris, ["pkg:pypi/a@1", "pkg:pypi/b@1"]);
        let text = String::from_utf8(statement.bytes()).unwrap();
        assert!(!text.contains("startedOn") && !text.contains("finishedOn"));
    }
}
