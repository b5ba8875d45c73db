//! What a registry holds, and how it answers by the distribution specification.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shipwheel_oci::{Digest, media_type};

use crate::{Received, Reply};

/// The query of every upload's address: clients have to keep it.
const UPLOAD_QUERY: &str = "state=a%3Db";

/// Repositories with blobs, manifests and open uploads.
#[derive(Debug, Default)]
pub struct Contents {
    blobs: BTreeMap<String, Vec<u8>>,
    /// Repository and digest.
    present: BTreeSet<(String, String)>,
    /// Repository and version: bytes and media type.
    manifests: BTreeMap<(String, String), (Vec<u8>, String)>,
    uploads: BTreeMap<String, Vec<u8>>,
    next_upload: usize,
    has_referrers: bool,
    is_strict: bool,
}

impl Contents {
    /// A registry that refuses manifests whose blobs or manifests it lacks, with or without the referrers API.
    pub fn strict(has_referrers: bool) -> Self {
        Self { has_referrers, is_strict: true, ..Self::default() }
    }

    /// Puts a blob into a repository.
    pub fn add_blob(&mut self, repository: &str, bytes: &[u8]) {
        let digest = Digest::of(bytes).to_string();
        self.present.insert((repository.to_owned(), digest.clone()));
        self.blobs.insert(digest, bytes.to_vec());
    }

    /// Puts a manifest or an index into a repository, under a tag or a digest.
    pub fn add_manifest(&mut self, repository: &str, version: &str, media_type: &str, bytes: &[u8]) {
        let key = (repository.to_owned(), version.to_owned());
        self.manifests.insert(key, (bytes.to_vec(), media_type.to_owned()));
    }

    /// A blob of any repository.
    pub fn blob(&self, digest: &str) -> Option<&[u8]> {
        self.blobs.get(digest).map(Vec::as_slice)
    }

    /// Whether some repository has this tag or digest.
    pub fn has_manifest(&self, version: &str) -> bool {
        self.manifests.keys().any(|(_, own)| own == version)
    }

    /// Whether a manifest names a digest.
    pub fn names(&self, digest: &str) -> bool {
        self.manifests.values().any(|(bytes, _)| String::from_utf8_lossy(bytes).contains(digest))
    }

    /// Loses a manifest of all repositories.
    pub fn remove_manifest(&mut self, version: &str) {
        self.manifests.retain(|(_, own), _| own != version);
    }

    /// Loses all open uploads, as after a restart.
    pub fn forget_uploads(&mut self) {
        self.uploads.clear();
    }

    /// Adds bytes to an open upload.
    pub fn append(&mut self, upload: &str, bytes: &[u8]) {
        self.uploads.entry(upload.to_owned()).or_default().extend(bytes);
    }

    /// What a tag of a repository names, if it is there.
    pub fn tagged(&self, repository: &str, tag: &str) -> Option<Digest> {
        self.manifests.get(&(repository.to_owned(), tag.to_owned())).map(|(bytes, _)| Digest::of(bytes))
    }

    /// What an open upload holds.
    pub fn upload_length(&self, upload: &str) -> Option<usize> {
        self.uploads.get(upload).map(Vec::len)
    }

    /// Checks that every manifest under a tag is there with everything that hangs on it, in its very bytes.
    ///
    /// # Panics
    /// When anything is missing or has another digest.
    #[track_caller]
    pub fn assert_sound(&self) {
        let unsound = self.unsound();
        assert!(unsound.is_empty(), "{}", unsound.join("\n"));
    }

    /// What hangs on a tag and is not in the tag's repository, or is there with other bytes.
    pub fn unsound(&self) -> Vec<String> {
        let tagged = self.manifests.iter().filter(|((_, version), _)| !version.contains(':'));
        let mut wrong = Vec::new();
        for ((repository, tag), (bytes, _)) in tagged {
            let mut open = vec![Digest::of(bytes).to_string()];
            while let Some(digest) = open.pop() {
                match self.hanging(repository, &digest) {
                    Ok(children) => open.extend(children),
                    Err(reason) => wrong.push(format!("{repository}:{tag} is not whole: {reason}")),
                }
            }
        }
        wrong
    }

    /// The documents that a document names, after a look at its blobs.
    fn hanging(&self, repository: &str, digest: &str) -> Result<Vec<String>, String> {
        let found = self.manifests.get(&(repository.to_owned(), digest.to_owned()));
        let (bytes, _) = found.ok_or_else(|| format!("document {digest} is missing"))?;
        if Digest::of(bytes).to_string() != digest {
            return Err(format!("document {digest} has other bytes"));
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("document {digest}: {error}"))?;
        for blob in entries(&value, "layers").iter().chain(value.get("config")) {
            let digest = digest_of(blob);
            let is_present = self.present.contains(&(repository.to_owned(), digest.clone()));
            let bytes = self.blobs.get(&digest).filter(|_| is_present);
            let bytes = bytes.ok_or_else(|| format!("blob {digest} is missing"))?;
            if Digest::of(bytes).to_string() != digest || Some(bytes.len() as u64) != blob["size"].as_u64() {
                return Err(format!("blob {digest} has other bytes"));
            }
        }
        Ok(entries(&value, "manifests").iter().map(digest_of).collect())
    }

    /// Answers a request. A client that does not keep the query of an upload's address is refused.
    pub fn answer(&mut self, received: &Received) -> Reply {
        let Some(path) = received.path().strip_prefix("/v2/") else { return Reply::new(404) };
        if path.is_empty() {
            // Clients ask whether this is a registry at all.
            return Reply::new(200);
        }
        let (head, last) = path.rsplit_once('/').unwrap_or((path, ""));
        if let Some(repository) = head.strip_suffix("/manifests") {
            return self.manifest(received, repository, last);
        }
        if let Some(repository) = head.strip_suffix("/referrers") {
            return self.referrers(repository, last, received.query("artifactType").as_deref());
        }
        if let Some(repository) = head.strip_suffix("/blobs/uploads") {
            return self.upload(received, repository, last);
        }
        let Some(repository) = head.strip_suffix("/blobs") else { return Reply::new(404) };
        self.blob_reply(received, repository, last)
    }

    fn blob_reply(&self, received: &Received, repository: &str, digest: &str) -> Reply {
        if !self.present.contains(&(repository.to_owned(), digest.to_owned())) {
            return Reply::error(404, "BLOB_UNKNOWN");
        }
        let reply = Reply::new(200).body(self.blobs[digest].clone());
        let offset = received.header("range").strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
        match offset.and_then(|offset| offset.parse().ok()) {
            Some(offset) => reply.from_offset(offset),
            None => reply,
        }
    }

    fn upload(&mut self, received: &Received, repository: &str, id: &str) -> Reply {
        let address = |id: &str| format!("/v2/{repository}/blobs/uploads/{id}?{UPLOAD_QUERY}");
        if received.method == "POST" {
            if let (Some(digest), Some(from)) = (received.query("mount"), received.query("from"))
                && self.present.contains(&(from, digest.clone()))
            {
                self.present.insert((repository.to_owned(), digest));
                return Reply::new(201);
            }
            self.next_upload += 1;
            let id = self.next_upload.to_string();
            self.uploads.insert(id.clone(), Vec::new());
            // A second parameter without a value, as some registries have it.
            return Reply::new(202).header("Location", address(&id) + "&x=");
        }
        // Registries keep the state of an upload there.
        if received.query("state").as_deref() != Some("a%3Db") {
            return Reply::error(400, "BLOB_UPLOAD_INVALID");
        }
        let Some(upload) = self.uploads.get_mut(id) else { return Reply::error(404, "BLOB_UPLOAD_UNKNOWN") };
        if received.method == "GET" {
            return Reply::new(204).header("Range", format!("0-{}", upload.len().saturating_sub(1)));
        }
        let start = received.header("content-range").split('-').next().and_then(|start| start.parse().ok());
        if start.is_some_and(|start: usize| start != upload.len()) {
            return Reply::error(416, "RANGE_INVALID");
        }
        upload.extend(&received.body);
        if received.method == "PATCH" {
            return Reply::new(202).header("Location", address(id));
        }
        let bytes = self.uploads.remove(id).unwrap_or_default();
        if received.query("digest") != Some(Digest::of(&bytes).to_string()) {
            return Reply::error(400, "DIGEST_INVALID");
        }
        self.add_blob(repository, &bytes);
        Reply::new(201)
    }

    fn manifest(&mut self, received: &Received, repository: &str, version: &str) -> Reply {
        if received.method != "PUT" {
            let found = self.manifests.get(&(repository.to_owned(), version.to_owned()));
            let Some((bytes, kind)) = found else { return Reply::error(404, "MANIFEST_UNKNOWN") };
            let reply = Reply::new(200).header("Content-Type", kind);
            return reply.header("Docker-Content-Digest", Digest::of(bytes)).body(bytes.clone());
        }
        let value: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        if self.is_strict && !version.starts_with("sha256-") && !self.is_complete(repository, &value) {
            return Reply::error(404, "MANIFEST_BLOB_UNKNOWN");
        }
        let digest = Digest::of(&received.body).to_string();
        for version in [version, &digest] {
            self.add_manifest(repository, version, received.header("content-type"), &received.body);
        }
        let reply = Reply::new(201).header("Docker-Content-Digest", digest);
        match value["subject"]["digest"].as_str() {
            Some(subject) if self.has_referrers => reply.header("OCI-Subject", subject),
            _ => reply,
        }
    }

    fn is_complete(&self, repository: &str, document: &Value) -> bool {
        let key = |value: &Value| (repository.to_owned(), digest_of(value));
        let config = document.get("config").cloned();
        entries(document, "layers").iter().chain(&config).all(|blob| self.present.contains(&key(blob)))
            && entries(document, "manifests").iter().all(|entry| self.manifests.contains_key(&key(entry)))
    }

    /// Distribution spec 1.1, "Listing Referrers".
    fn referrers(&self, repository: &str, subject: &str, only: Option<&str>) -> Reply {
        if !self.has_referrers {
            return Reply::new(404);
        }
        let mut found = BTreeMap::new();
        for ((own, _), (bytes, kind)) in &self.manifests {
            let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
            if own == repository && value["subject"]["digest"] == subject {
                let digest = Digest::of(bytes).to_string();
                let mut entry = json!({ "mediaType": kind, "digest": digest, "size": bytes.len() });
                let config = &value["config"]["mediaType"];
                let artifact = value["artifactType"].as_str().filter(|text| !text.is_empty()).or(config.as_str());
                if only.is_some() && artifact != only {
                    continue;
                }
                for (key, value) in [("artifactType", json!(artifact)), ("annotations", value["annotations"].clone())] {
                    if !value.is_null() {
                        entry[key] = value;
                    }
                }
                found.insert(digest, entry);
            }
        }
        let index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX,
            "manifests": found.into_values().collect::<Vec<_>>() });
        let reply = Reply::new(200).header("Content-Type", media_type::INDEX).body(index.to_string());
        if only.is_some() { reply.header("OCI-Filters-Applied", "artifactType") } else { reply }
    }
}

fn entries(document: &Value, key: &str) -> Vec<Value> {
    document[key].as_array().cloned().unwrap_or_default()
}

fn digest_of(entry: &Value) -> String {
    entry["digest"].as_str().unwrap_or_default().to_owned()
}
