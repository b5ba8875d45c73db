//! A registry that behaves as badly as asked for. It checks nothing that it publishes:
//! [`Hostile::assert_sound`] does that afterwards.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use shipwheel_loopback::{Contents, Received, Reply, Script, Server};
use shipwheel_oci::Digest;

/// The one repository.
const REPOSITORY: &str = "app";

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    /// 413 to a body above this many bytes, and 416 to a chunk above the second number (GHCR behind a proxy).
    Caps(u64, u64),
    /// The same as the first, but the connection is closed without a word.
    MuteCap(u64),
    /// No chunks, and uploads that cannot be asked about (Google).
    NoChunks,
    /// The status of an upload always names its first bytes; continuing from there is refused (ECR).
    StickyRange,
    /// Blobs are there only for those who have a manifest of them (Artifactory), mounts are refused.
    HiddenBlobs,
    /// 405 to every HEAD.
    NoHead,
    /// An index with `unknown/unknown` in it is refused.
    KnownPlatformsOnly,
    /// 401 in the middle of the first upload; the earlier token no longer works.
    ForgetsLogin,
    /// 429 with `Retry-After` to the first request of each method.
    TooMany,
    /// Every third request fails.
    Flaky,
    /// Each upload request breaks off after this many bytes, which stay.
    CutsUploads(u64),
    /// Each download breaks off after this many bytes.
    CutsDownloads(usize),
    /// A byte of each blob is another.
    ChangesBlobs,
    /// Blobs are longer than their manifest says.
    LongBlobs,
    /// Blobs never end, and say nothing of their length.
    EndlessBlobs,
    /// Bodies come a byte at a time.
    SlowBlobs,
    /// Half of each manifest.
    TruncatedManifests,
    /// HEAD names another manifest than GET brings.
    MovingTag,
    /// Manifests that never end.
    EndlessManifests,
    /// Each page of referrers leads to another one.
    EndlessReferrers,
    /// Says that the manifest that was pushed has another digest.
    WrongReceipt,
    /// Uploads go to another host, downloads come from there.
    SendsElsewhere,
    /// No `Location` for an upload.
    NoLocation,
    /// Uploads continue at this address; `HOST` in it is the other host.
    Locates(&'static str),
    /// Blobs and manifests are at this address; `HOST` in it is the other host.
    Redirects(&'static str),
    /// Whatever is asked for leads to an address of this many bytes.
    LongAddresses(usize),
    /// 401 with a challenge that asks for this many scopes.
    ManyScopes(usize),
    /// Each download breaks off: 1.5 MiB of the whole, then none of it, and so on, never from where it broke.
    BeginsAgain,
    /// The first download breaks off; what follows comes from the right place and is something else.
    OtherParts,
    /// A part of each blob, though nobody asked for parts.
    UnaskedParts,
    /// Says that a manifest has another digest than its bytes.
    WrongDigests,
    /// Serves manifests with this media type.
    ServedAs(&'static str),
    /// Says that bodies are this many bytes longer than they are, or shorter.
    Announces(i64),
    /// Bodies in chunks that never end, or with a size that is none.
    Chunks(&'static str),
}

#[derive(Default)]
struct Notes {
    /// What happened once already.
    happened: BTreeSet<String>,
    logins: u64,
    downloads: u64,
    /// Authorization headers that arrived at the other host.
    leaked: Vec<String>,
}

/// What both hosts know.
struct Shared {
    fault: Fault,
    address: String,
    elsewhere: String,
    contents: Mutex<Contents>,
    notes: Mutex<Notes>,
}

/// The registry with a second host, which has its storage.
pub(crate) struct Hostile {
    pub(crate) address: String,
    own: Server,
    elsewhere: Server,
    shared: Arc<Shared>,
}

impl Hostile {
    pub(crate) fn start(fault: Fault) -> Self {
        let [own, elsewhere] = [Server::bind(), Server::bind()];
        let address = own.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            fault,
            address: address.clone(),
            elsewhere: elsewhere.local_addr().unwrap().to_string(),
            contents: Mutex::default(),
            notes: Mutex::default(),
        });
        let own = Server::listen(own, Host { shared: shared.clone(), is_own: true });
        let elsewhere = Server::listen(elsewhere, Host { shared: shared.clone(), is_own: false });
        Self { address, own, elsewhere, shared }
    }

    pub(crate) fn add_blob(&self, bytes: &[u8]) {
        self.shared.contents.lock().unwrap().add_blob(REPOSITORY, bytes);
    }

    pub(crate) fn add_manifest(&self, version: &str, kind: &str, bytes: &[u8]) {
        self.shared.contents.lock().unwrap().add_manifest(REPOSITORY, version, kind, bytes);
    }

    pub(crate) fn has(&self, version: &str) -> bool {
        self.shared.contents.lock().unwrap().has_manifest(version)
    }

    pub(crate) fn log(&self) -> Vec<String> {
        [self.own.lines(), self.elsewhere.lines()].concat()
    }

    /// Bytes of bodies that came in, and that went out.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        let [own, elsewhere] = [self.own.traffic(), self.elsewhere.traffic()];
        (own.0 + elsewhere.0, own.1 + elsewhere.1)
    }

    pub(crate) fn leaked(&self) -> Vec<String> {
        self.shared.notes.lock().unwrap().leaked.clone()
    }

    /// Open uploads are gone, as after a restart.
    pub(crate) fn forget_uploads(&self) {
        self.shared.contents.lock().unwrap().forget_uploads();
    }

    /// Every manifest under a tag is there with everything that hangs on it, in its very bytes.
    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        self.shared.contents.lock().unwrap().assert_sound();
    }
}

/// One of the two hosts.
struct Host {
    shared: Arc<Shared>,
    is_own: bool,
}

fn is_upload(received: &Received) -> bool {
    received.path().contains("/uploads/")
}

impl Script for Host {
    fn limit(&self, head: &Received) -> u64 {
        match self.shared.fault {
            Fault::CutsUploads(limit) if is_upload(head) => limit,
            Fault::MuteCap(limit) if is_upload(head) && head.announced > limit => 1000,
            Fault::ForgetsLogin if is_upload(head) && head.announced > 0 && self.is_first("mid-upload") => {
                head.announced / 2
            }
            _ => u64::MAX,
        }
    }

    fn answer(&self, received: &Received, number: usize) -> Option<Reply> {
        if !self.is_own && !received.header("authorization").is_empty() {
            self.shared.notes.lock().unwrap().leaked.push(received.header("authorization").to_owned());
        }
        if !received.is_whole() {
            return self.break_off(received);
        }
        let reply = self.refusal(received, number).unwrap_or_else(|| self.registry(received));
        Some(self.distorted(received, reply))
    }
}

impl Host {
    /// Whether this happens for the first time.
    fn is_first(&self, what: &str) -> bool {
        self.shared.notes.lock().unwrap().happened.insert(what.to_owned())
    }

    fn challenge(&self) -> Reply {
        let realm = format!("Bearer realm=\"http://{}/token\",service=\"hostile\"", self.shared.address);
        Reply::error(401, "UNAUTHORIZED").header("WWW-Authenticate", realm)
    }

    fn break_off(&self, received: &Received) -> Option<Reply> {
        let append = || self.shared.contents.lock().unwrap().append(received.last_segment(), &received.body);
        match self.shared.fault {
            Fault::CutsUploads(_) => append(),
            Fault::ForgetsLogin => {
                append();
                self.shared.notes.lock().unwrap().logins += 1;
                return Some(self.challenge());
            }
            _ => {}
        }
        None
    }

    /// Refusals that do not depend on what is asked for.
    fn refusal(&self, received: &Received, number: usize) -> Option<Reply> {
        let method = received.method.as_str();
        let token = format!("t{}", self.shared.notes.lock().unwrap().logins);
        if received.path() == "/token" {
            return Some(Reply::new(200).body(json!({ "token": token }).to_string()));
        }
        let is_known = received.header("authorization") == format!("Bearer {token}");
        match self.shared.fault {
            Fault::TooMany if self.is_first(method) => {
                Some(Reply::error(429, "TOOMANYREQUESTS").header("Retry-After", 1))
            }
            Fault::Flaky if (number + 1).is_multiple_of(3) => {
                Some(Reply::new([500, 502, 503, 504][(number + 1) / 3 % 4]))
            }
            Fault::NoHead if method == "HEAD" => Some(Reply::new(405)),
            Fault::ManyScopes(count) if !is_known => {
                let scopes: String = (0..count).map(|number| format!("repository:{number}:pull ")).collect();
                let challenge = self.challenge();
                let header = format!("{},scope=\"{scopes}\"", challenge.value("WWW-Authenticate"));
                Some(challenge.header("WWW-Authenticate", header))
            }
            Fault::LongAddresses(length) if self.is_own => {
                let location = format!("/v2/app/{}", "a".repeat(length));
                Some(Reply::new(307).header("Location", location))
            }
            Fault::Redirects(to) if self.is_own && received.path() != "/v2/" => {
                Some(Reply::new(307).header("Location", self.there(to, received)))
            }
            Fault::ForgetsLogin | Fault::SendsElsewhere if self.is_own && !is_known => Some(self.challenge()),
            _ => None,
        }
    }

    /// An address in which `HOST` is the other host and `PATH` what was asked for.
    fn there(&self, to: &str, received: &Received) -> String {
        to.replace("HOST", &self.shared.elsewhere).replace("PATH", &received.target)
    }

    fn registry(&self, received: &Received) -> Reply {
        let path = received.path();
        let answer = || self.shared.contents.lock().unwrap().answer(received);
        if path.contains("/manifests/") {
            return self.manifest(received).unwrap_or_else(answer);
        }
        if path.contains("/referrers/") {
            return self.referrers(received).unwrap_or_else(answer);
        }
        if is_upload(received) {
            return self.upload(received).unwrap_or_else(answer);
        }
        self.blob(received).unwrap_or_else(answer)
    }

    fn manifest(&self, received: &Received) -> Option<Reply> {
        if received.method != "PUT" {
            return None;
        }
        let text = String::from_utf8_lossy(&received.body);
        match self.shared.fault {
            Fault::KnownPlatformsOnly if text.contains(r#""unknown""#) => Some(Reply::error(400, "MANIFEST_INVALID")),
            // Published only by its digest: a tag that was refused must not be there.
            Fault::WrongReceipt => {
                let (digest, kind) = (Digest::of(&received.body).to_string(), received.header("content-type"));
                self.shared.contents.lock().unwrap().add_manifest(REPOSITORY, &digest, kind, &received.body);
                Some(Reply::new(201).header("Docker-Content-Digest", Digest::of(b"")))
            }
            _ => None,
        }
    }

    fn referrers(&self, received: &Received) -> Option<Reply> {
        if self.shared.fault != Fault::EndlessReferrers {
            return None;
        }
        let page = received.query("page").and_then(|page| page.parse::<u64>().ok()).unwrap_or(0) + 1;
        let next = format!("<{}?page={page}>; rel=\"next\"", received.path());
        let reply = Reply::new(200).body(json!({ "schemaVersion": 2, "manifests": [] }).to_string());
        Some(reply.header("Content-Type", "application/vnd.oci.image.index.v1+json").header("Link", next))
    }

    fn upload(&self, received: &Received) -> Option<Reply> {
        let size = received.body.len() as u64;
        match (received.method.as_str(), self.shared.fault) {
            ("POST", Fault::NoLocation) => Some(Reply::new(202)),
            ("POST", Fault::Locates(to)) => {
                let reply = self.shared.contents.lock().unwrap().answer(received);
                let path = reply.value("Location").to_owned();
                Some(reply.header("Location", to.replace("HOST", &self.shared.elsewhere).replace("PATH", &path)))
            }
            ("POST", Fault::HiddenBlobs) if received.query("mount").is_some() => Some(Reply::new(405)),
            ("POST", Fault::SendsElsewhere) => {
                let reply = self.shared.contents.lock().unwrap().answer(received);
                let location = format!("http://{}{}", self.shared.elsewhere, reply.value("Location"));
                Some(reply.header("Location", location))
            }
            ("PATCH" | "GET", Fault::NoChunks) => Some(Reply::error(404, "UNSUPPORTED")),
            ("GET", Fault::StickyRange) => Some(Reply::new(204).header("Range", "0-1048575")),
            (_, Fault::StickyRange) if !received.header("content-range").is_empty() => {
                Some(Reply::error(416, "RANGE_INVALID"))
            }
            (_, Fault::Caps(cap, _)) if size > cap => Some(Reply::new(413)),
            ("PATCH", Fault::Caps(_, chunk)) if size > chunk => Some(Reply::new(416)),
            // The other host redirects once more.
            (_, Fault::SendsElsewhere) if !self.is_own && received.query("moved").is_none() => {
                Some(Reply::new(307).header("Location", format!("{}&moved=1", received.target)))
            }
            _ => None,
        }
    }

    fn blob(&self, received: &Received) -> Option<Reply> {
        let digest = received.last_segment();
        match self.shared.fault {
            Fault::SendsElsewhere if self.is_own => {
                self.shared.contents.lock().unwrap().blob(digest)?;
                let location = format!("http://{}{}?signature=s3cret", self.shared.elsewhere, received.path());
                Some(Reply::new(307).header("Location", location))
            }
            Fault::HiddenBlobs if !self.shared.contents.lock().unwrap().names(digest) => {
                Some(Reply::error(404, "BLOB_UNKNOWN"))
            }
            _ => None,
        }
    }

    /// The whole blob again, whatever was asked for: more of it than can be one, or nothing.
    fn begins_again(&self, received: &Received) -> Reply {
        let blob = self.shared.contents.lock().unwrap().blob(received.last_segment()).unwrap_or_default().to_vec();
        let mut notes = self.shared.notes.lock().unwrap();
        notes.downloads += 1;
        Reply::new(200).body(blob).cut(if notes.downloads % 2 == 1 { 3 << 19 } else { 0 })
    }

    /// The answer, wrong where it should be.
    fn distorted(&self, received: &Received, reply: Reply) -> Reply {
        let is_good = matches!(reply.status(), 200 | 206);
        let is_manifest = is_good && received.path().contains("/manifests/");
        let is_blob = is_good && received.method == "GET" && received.path().contains("/blobs/sha256:");
        let length = reply.body_length();
        match self.shared.fault {
            Fault::MovingTag if is_manifest && received.method == "HEAD" => {
                reply.header("Docker-Content-Digest", Digest::of(b""))
            }
            Fault::EndlessManifests if is_manifest => reply.endless(),
            Fault::TruncatedManifests if is_manifest => reply.cut(length / 2),
            Fault::ChangesBlobs if is_blob => reply.map_body(|body| body[0] ^= 1),
            Fault::LongBlobs if is_blob => reply.map_body(|body| body.extend([0; 9])),
            Fault::EndlessBlobs if is_blob => reply.endless(),
            Fault::SlowBlobs if is_blob => reply.slowly(Duration::from_millis(50)),
            Fault::CutsDownloads(limit) if is_blob => reply.cut(limit),
            Fault::BeginsAgain if is_blob => self.begins_again(received),
            Fault::OtherParts if is_blob && reply.status() == 206 => reply.map_body(|body| body.fill(7)),
            Fault::OtherParts if is_blob => reply.cut(length / 2),
            Fault::UnaskedParts if is_blob => {
                let range = format!("bytes 0-{}/{length}", length / 2 - 1);
                reply.map_body(|body| body.truncate(length / 2)).with_status(206).header("Content-Range", range)
            }
            Fault::WrongDigests if is_manifest => reply.header("Docker-Content-Digest", Digest::of(b"another")),
            Fault::ServedAs(kind) if is_manifest => reply.header("Content-Type", kind),
            Fault::Announces(more) if is_blob || is_manifest => reply.header("Content-Length", length as i64 + more),
            Fault::Chunks(body) if is_blob || is_manifest => {
                Reply::new(200).raw(format!("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n{body}"))
            }
            _ => reply,
        }
    }
}
