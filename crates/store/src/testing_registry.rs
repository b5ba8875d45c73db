//! A registry in memory for the tests: it takes what the distribution spec says, and nothing incomplete.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shipwheel_oci::{Digest, media_type};

use crate::testing::{Got, Reply, Server};

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    /// Repository and digest.
    present: BTreeSet<(String, String)>,
    /// Repository and version: bytes and media type.
    manifests: BTreeMap<(String, String), (Vec<u8>, String)>,
    uploads: BTreeMap<String, Vec<u8>>,
    has_referrers: bool,
}

/// See the module.
pub(crate) struct MemoryRegistry {
    server: Server,
    state: Arc<Mutex<State>>,
}

impl MemoryRegistry {
    /// With or without the referrers API.
    pub(crate) fn start(has_referrers: bool) -> Self {
        let state = Arc::new(Mutex::new(State { has_referrers, ..State::default() }));
        let shared = state.clone();
        let server = Server::start(move |got, number| shared.lock().unwrap().answer(got, number));
        Self { server, state }
    }

    pub(crate) fn address(&self) -> &str {
        &self.server.address
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.server.lines()
    }

    /// Whether some repository has this tag or digest.
    pub(crate) fn has_manifest(&self, version: &str) -> bool {
        self.state.lock().unwrap().manifests.keys().any(|(_, own)| own == version)
    }

    /// Loses a manifest by its digest.
    pub(crate) fn lose(&self, version: &str) {
        self.state.lock().unwrap().manifests.retain(|(_, own), _| own != version);
    }
}

fn query<'a>(got: &'a Got, name: &str) -> Option<&'a str> {
    let query = got.target.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

impl State {
    fn answer(&mut self, got: &Got, number: usize) -> Reply {
        let path = got.target.split('?').next().unwrap_or_default();
        let Some(path) = path.strip_prefix("/v2/") else { return Reply::new(404) };
        let (head, last) = path.rsplit_once('/').unwrap_or((path, ""));
        if let Some(repository) = head.strip_suffix("/manifests") {
            return self.manifest(got, repository, last);
        }
        if let Some(repository) = head.strip_suffix("/referrers") {
            return self.referrers(repository, last);
        }
        if let Some(repository) = head.strip_suffix("/blobs/uploads") {
            return self.upload(got, repository, last, number);
        }
        let Some(repository) = head.strip_suffix("/blobs") else { return Reply::new(404) };
        match self.present.contains(&(repository.to_owned(), last.to_owned())) {
            true => Reply::new(200).body(self.blobs[last].clone()),
            false => Reply::new(404),
        }
    }

    fn upload(&mut self, got: &Got, repository: &str, id: &str, number: usize) -> Reply {
        match got.method.as_str() {
            "POST" => {
                if let (Some(digest), Some(from)) = (query(got, "mount"), query(got, "from")) {
                    let digest = digest.replace("%3A", ":");
                    if self.present.contains(&(from.to_owned(), digest.clone())) {
                        self.present.insert((repository.to_owned(), digest));
                        return Reply::new(201);
                    }
                }
                self.uploads.insert(number.to_string(), Vec::new());
                Reply::new(202).header("Location", format!("/v2/{repository}/blobs/uploads/{number}"))
            }
            "PUT" => {
                let Some(mut bytes) = self.uploads.remove(id) else { return Reply::new(404) };
                bytes.extend(&got.body);
                let digest = Digest::of(&bytes).to_string();
                if query(got, "digest") != Some(&digest) {
                    return Reply::new(400).body(r#"{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}"#);
                }
                self.present.insert((repository.to_owned(), digest.clone()));
                self.blobs.insert(digest, bytes);
                Reply::new(201)
            }
            _ => Reply::new(404),
        }
    }

    fn manifest(&mut self, got: &Got, repository: &str, version: &str) -> Reply {
        if got.method != "PUT" {
            let found = self.manifests.get(&(repository.to_owned(), version.to_owned()));
            let Some((bytes, kind)) = found else { return Reply::new(404) };
            let digest = Digest::of(bytes);
            return Reply::new(200)
                .header("Content-Type", kind)
                .header("Docker-Content-Digest", digest)
                .body(bytes.clone());
        }
        let value: Value = serde_json::from_slice(&got.body).unwrap();
        if !version.starts_with("sha256-") && !self.is_complete(repository, &value) {
            return Reply::new(404).body(r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}"#);
        }
        let digest = Digest::of(&got.body).to_string();
        for version in [version, &digest] {
            let key = (repository.to_owned(), version.to_owned());
            self.manifests.insert(key, (got.body.clone(), got.header("content-type").to_owned()));
        }
        Reply::new(201).header("Docker-Content-Digest", digest)
    }

    fn is_complete(&self, repository: &str, document: &Value) -> bool {
        let key = |value: &Value| (repository.to_owned(), value["digest"].as_str().unwrap_or_default().to_owned());
        let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
        let config = document.get("config").cloned();
        list("layers").iter().chain(&config).all(|blob| self.present.contains(&key(blob)))
            && list("manifests").iter().all(|manifest| self.manifests.contains_key(&key(manifest)))
    }

    fn referrers(&self, repository: &str, subject: &str) -> Reply {
        if !self.has_referrers {
            return Reply::new(404);
        }
        let mut entries = BTreeMap::new();
        for ((own, _), (bytes, kind)) in &self.manifests {
            let value: Value = serde_json::from_slice(bytes).unwrap();
            if own == repository && value["subject"]["digest"] == subject {
                let digest = Digest::of(bytes).to_string();
                entries.insert(digest.clone(), json!({ "mediaType": kind, "digest": digest, "size": bytes.len() }));
            }
        }
        let index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX,
            "manifests": entries.into_values().collect::<Vec<_>>() });
        Reply::new(200).header("Content-Type", media_type::INDEX).body(index.to_string())
    }
}
