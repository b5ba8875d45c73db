//! A registry that behaves as badly as asked for, and notes what it was sent. It checks nothing that it publishes:
//! [`Hostile::assert_sound`] does that afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use shipwheel_oci::Digest;

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    /// 413 to a body above so many bytes, and 416 to a chunk above the second number (GHCR behind a proxy).
    Caps(u64, u64),
    /// The same as the first, but the connection is closed without a word.
    MuteCap(u64),
    /// No chunks, and uploads that cannot be asked about (Google).
    NoChunks,
    /// The status of an upload always names its first bytes; to go on from there is refused (ECR).
    StickyRange,
    /// Blobs are there only for those who have a manifest of them (Artifactory), mounts are refused.
    HiddenBlobs,
    /// 405 to every HEAD.
    NoHead,
    /// An index with `unknown/unknown` in it is refused.
    KnownPlatformsOnly,
    /// 401 in the middle of the first upload; the token of before is no good any more.
    ForgetsLogin,
    /// 429 with `Retry-After` to the first request of each method.
    TooMany,
    /// Every third request fails.
    Flaky,
    /// Each upload request breaks off after so many bytes, which stay.
    CutsUploads(u64),
    /// Each download breaks off after so many bytes.
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
    /// What was pushed has another digest, it says.
    WrongReceipt,
    /// Uploads go to another host, downloads come from there.
    SendsElsewhere,
    /// No `Location` to an upload.
    NoLocation,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: BTreeMap<String, (Vec<u8>, String)>,
    uploads: BTreeMap<String, Vec<u8>>,
    log: Vec<String>,
    /// Methods that were refused once.
    refused: BTreeSet<String>,
    received: u64,
    served: u64,
    logins: u64,
    /// Authorization headers that arrived at the other host.
    leaked: Vec<String>,
    elsewhere: String,
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Hostile {
    pub(crate) address: String,
    fault: Fault,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    fn error(status: u16, code: &str) -> Self {
        let body = json!({ "errors": [{ "code": code, "message": "says the registry" }] }).to_string();
        Self { status, headers: Vec::new(), body: body.into_bytes() }
    }
}

impl Hostile {
    pub(crate) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = State { elsewhere: elsewhere.local_addr().unwrap().to_string(), ..State::default() };
        let address = listener.local_addr().unwrap().to_string();
        let hostile = Self { address, fault, state: Arc::new(Mutex::new(state)) };
        for (listener, is_own) in [(listener, true), (elsewhere, false)] {
            let hostile = hostile.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let hostile = hostile.clone();
                    // A client that goes away is one of the things under test.
                    std::thread::spawn(move || hostile.serve(stream, is_own));
                }
            });
        }
        hostile
    }

    pub(crate) fn add_blob(&self, bytes: &[u8]) {
        self.state.lock().unwrap().blobs.insert(Digest::of(bytes).to_string(), bytes.to_vec());
    }

    pub(crate) fn add_manifest(&self, version: &str, kind: &str, bytes: &[u8]) {
        self.state.lock().unwrap().manifests.insert(version.to_owned(), (bytes.to_vec(), kind.to_owned()));
    }

    pub(crate) fn has(&self, version: &str) -> bool {
        self.state.lock().unwrap().manifests.contains_key(version)
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    /// Bytes of bodies that came in, and that went out.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        let state = self.state.lock().unwrap();
        (state.received, state.served)
    }

    pub(crate) fn leaked(&self) -> Vec<String> {
        self.state.lock().unwrap().leaked.clone()
    }

    /// Open uploads are gone, as after a restart.
    pub(crate) fn forget_uploads(&self) {
        self.state.lock().unwrap().uploads.clear();
    }

    /// Every manifest under a tag is there with all that hangs on it, in its very bytes.
    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        let state = self.state.lock().unwrap();
        let mut open: Vec<String> = state
            .manifests
            .iter()
            .filter(|(v, _)| !v.contains(':'))
            .map(|(_, (b, _))| Digest::of(b).to_string())
            .collect();
        while let Some(digest) = open.pop() {
            let (bytes, _) = state.manifests.get(&digest).unwrap_or_else(|| panic!("{digest} is missing"));
            assert_eq!(Digest::of(bytes).to_string(), digest);
            let value: Value = serde_json::from_slice(bytes).unwrap();
            let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
            for blob in list("layers").iter().chain(value.get("config")) {
                let digest = blob["digest"].as_str().unwrap();
                let bytes = state.blobs.get(digest).unwrap_or_else(|| panic!("{digest} is missing"));
                assert_eq!(Digest::of(bytes).to_string(), digest);
            }
            open.extend(list("manifests").iter().map(|entry| entry["digest"].as_str().unwrap().to_owned()));
        }
    }

    fn serve(&self, mut stream: TcpStream, is_own: bool) -> Option<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let request = read_request(&mut reader)?;
        self.state.lock().unwrap().log.push(format!("{} {}", request.method, request.path));
        let length: u64 = request.headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if !is_own && let Some(header) = request.headers.get("authorization") {
            self.state.lock().unwrap().leaked.push(header.clone());
        }
        let is_upload = request.path.contains("/uploads/");
        let limit = match self.fault {
            Fault::CutsUploads(limit) if is_upload => limit,
            Fault::MuteCap(limit) if is_upload && length > limit => 1000,
            Fault::ForgetsLogin if self.is_first("mid-upload", is_upload && length > 0) => length / 2,
            _ => u64::MAX,
        };
        let mut body = Vec::new();
        let whole = length <= limit;
        reader.take(length.min(limit)).read_to_end(&mut body).ok()?;
        self.state.lock().unwrap().received += body.len() as u64;
        if !whole {
            return self.break_off(&request, body, stream);
        }
        let reply = self.answer(&request, body, is_own);
        self.write(&mut stream, &request, reply)
    }

    /// Whether this happens for the first time.
    fn is_first(&self, what: &str, happens: bool) -> bool {
        happens && self.state.lock().unwrap().refused.insert(what.to_owned())
    }

    fn break_off(&self, request: &Request, body: Vec<u8>, mut stream: TcpStream) -> Option<()> {
        match self.fault {
            Fault::CutsUploads(_) => self.append(request, &body),
            Fault::ForgetsLogin => {
                self.append(request, &body);
                self.state.lock().unwrap().logins += 1;
                self.write(&mut stream, request, self.challenge())?;
            }
            _ => {}
        }
        Some(())
    }

    fn append(&self, request: &Request, body: &[u8]) {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        self.state.lock().unwrap().uploads.entry(id.to_owned()).or_default().extend(body);
    }

    fn challenge(&self) -> Reply {
        let realm = format!("Bearer realm=\"http://{}/token\",service=\"hostile\"", self.address);
        Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", realm)
    }

    fn answer(&self, request: &Request, body: Vec<u8>, is_own: bool) -> Reply {
        let method = request.method.as_str();
        let count = self.log().len();
        if request.path == "/token" {
            let token = format!("t{}", self.state.lock().unwrap().logins);
            return Reply { body: json!({ "token": token }).to_string().into_bytes(), ..Reply::new(200) };
        }
        let expected = format!("Bearer t{}", self.state.lock().unwrap().logins);
        match self.fault {
            Fault::TooMany if self.is_first(method, true) => {
                return Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", 1);
            }
            Fault::Flaky if count.is_multiple_of(3) => return Reply::new([500, 502, 503, 504][count / 3 % 4]),
            Fault::NoHead if method == "HEAD" => return Reply::new(405),
            Fault::ForgetsLogin | Fault::SendsElsewhere
                if is_own && request.headers.get("authorization") != Some(&expected) =>
            {
                return self.challenge();
            }
            _ => {}
        }
        let last = request.path.rsplit('/').next().unwrap_or_default();
        if request.path.contains("/manifests/") {
            return self.manifest(request, last, body);
        }
        if request.path.contains("/referrers/") {
            return self.referrers(request);
        }
        if request.path.contains("/uploads/") {
            return self.upload(request, last, body, is_own);
        }
        self.blob(last, is_own)
    }

    fn manifest(&self, request: &Request, version: &str, body: Vec<u8>) -> Reply {
        let mut state = self.state.lock().unwrap();
        if request.method == "PUT" {
            let text = String::from_utf8_lossy(&body);
            if self.fault == Fault::KnownPlatformsOnly && text.contains(r#""unknown""#) {
                return Reply::error(400, "MANIFEST_INVALID");
            }
            let digest = Digest::of(&body).to_string();
            let kind = request.headers.get("content-type").cloned().unwrap_or_default();
            let receipt = if self.fault == Fault::WrongReceipt { Digest::of(b"").to_string() } else { digest.clone() };
            // Published by digest alone when in doubt: a tag that was refused must not be there.
            if self.fault != Fault::WrongReceipt {
                state.manifests.insert(version.to_owned(), (body.clone(), kind.clone()));
            }
            state.manifests.insert(digest, (body, kind));
            return Reply::new(201).with("Docker-Content-Digest", receipt);
        }
        let Some((bytes, kind)) = state.manifests.get(version).cloned() else {
            return Reply::error(404, "MANIFEST_UNKNOWN");
        };
        let digest = Digest::of(if self.fault == Fault::MovingTag && request.method == "HEAD" { b"" } else { &bytes });
        let reply = Reply { body: bytes, ..Reply::new(200) };
        reply.with("Content-Type", kind).with("Docker-Content-Digest", digest)
    }

    fn referrers(&self, request: &Request) -> Reply {
        if self.fault != Fault::EndlessReferrers {
            return Reply::new(404);
        }
        let page = request.query.get("page").and_then(|page| page.parse::<u64>().ok()).unwrap_or(0) + 1;
        let index = json!({ "schemaVersion": 2, "manifests": [] }).to_string().into_bytes();
        let reply = Reply { body: index, ..Reply::new(200) };
        let next = format!("<{}?page={page}>; rel=\"next\"", request.path);
        reply.with("Content-Type", "application/vnd.oci.image.index.v1+json").with("Link", next)
    }

    fn upload(&self, request: &Request, id: &str, body: Vec<u8>, is_own: bool) -> Reply {
        let size = body.len() as u64;
        let ranged = request.headers.get("content-range");
        match (request.method.as_str(), self.fault) {
            ("POST", Fault::NoLocation) => return Reply::new(202),
            ("POST", Fault::HiddenBlobs) if request.query.contains_key("mount") => return Reply::new(405),
            ("POST", _) => {
                let mut state = self.state.lock().unwrap();
                let id = state.log.len().to_string();
                state.uploads.insert(id.clone(), Vec::new());
                let base = match self.fault {
                    Fault::SendsElsewhere => format!("http://{}", state.elsewhere),
                    _ => String::new(),
                };
                // Relative, and with a query of its own.
                return Reply::new(202).with("Location", format!("{base}/v2/app/blobs/uploads/{id}?state=a%3Db&x="));
            }
            ("PATCH" | "GET", Fault::NoChunks) => return Reply::error(404, "UNSUPPORTED"),
            ("GET", Fault::StickyRange) => return Reply::new(204).with("Range", "0-1048575"),
            (_, Fault::StickyRange) if ranged.is_some() => return Reply::error(416, "RANGE_INVALID"),
            (_, Fault::Caps(cap, _)) if size > cap => return Reply::new(413),
            ("PATCH", Fault::Caps(_, chunk)) if size > chunk => return Reply::new(416),
            _ => {}
        }
        assert_eq!(request.query.get("state").map(String::as_str), Some("a%3Db"), "the query of Location is kept");
        // The other host sends on once more.
        if self.fault == Fault::SendsElsewhere && !is_own && !request.query.contains_key("moved") {
            let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            return Reply::new(307).with("Location", format!("{}?{}&moved=1", request.path, query.join("&")));
        }
        let mut state = self.state.lock().unwrap();
        if !state.uploads.contains_key(id) {
            return Reply::error(404, "BLOB_UPLOAD_UNKNOWN");
        }
        if request.method == "GET" {
            let got = state.uploads[id].len();
            return Reply::new(204).with("Range", format!("0-{}", got.saturating_sub(1)));
        }
        let start = ranged.and_then(|range| range.split('-').next()?.parse::<usize>().ok());
        if start.is_some_and(|start| start != state.uploads[id].len()) {
            return Reply::error(416, "RANGE_INVALID");
        }
        let upload = state.uploads.entry(id.to_owned()).or_default();
        upload.extend(body);
        if request.method == "PATCH" {
            return Reply::new(202).with("Location", format!("{}?state=a%3Db", request.path));
        }
        let bytes = state.uploads.remove(id).unwrap_or_default();
        let digest = Digest::of(&bytes).to_string();
        if request.query.get("digest") != Some(&digest) {
            return Reply::error(400, "DIGEST_INVALID");
        }
        state.blobs.insert(digest, bytes);
        Reply::new(201)
    }

    fn blob(&self, digest: &str, is_own: bool) -> Reply {
        let state = self.state.lock().unwrap();
        let Some(bytes) = state.blobs.get(digest).cloned() else { return Reply::error(404, "BLOB_UNKNOWN") };
        if self.fault == Fault::SendsElsewhere && is_own {
            return Reply::new(307)
                .with("Location", format!("http://{}/blobs/{digest}?signature=s3cret", state.elsewhere));
        }
        let is_named = || state.manifests.values().any(|(bytes, _)| String::from_utf8_lossy(bytes).contains(digest));
        if self.fault == Fault::HiddenBlobs && !is_named() {
            return Reply::error(404, "BLOB_UNKNOWN");
        }
        Reply { body: bytes, ..Reply::new(200) }
    }

    fn write(&self, stream: &mut TcpStream, request: &Request, mut reply: Reply) -> Option<()> {
        let is_manifest = request.method == "GET" && request.path.contains("/manifests/") && reply.status == 200;
        let is_blob = request.method == "GET" && request.path.contains("/blobs/sha256:") && reply.status == 200;
        if let Some(range) = request.headers.get("range").filter(|_| is_blob) {
            let start: usize = range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()?;
            reply = reply.with("Content-Range", format!("bytes {start}-*/*"));
            reply.body.drain(..start);
            reply.status = 206;
        }
        let mut length = Some(reply.body.len());
        let mut endless = false;
        match self.fault {
            Fault::ChangesBlobs if is_blob => reply.body[0] ^= 1,
            Fault::LongBlobs if is_blob => {
                (length, reply.body) = (Some(reply.body.len() + 9), [&reply.body[..], &[0; 9]].concat())
            }
            Fault::EndlessBlobs if is_blob => (length, endless) = (None, true),
            Fault::EndlessManifests if is_manifest => (length, endless) = (None, true),
            Fault::TruncatedManifests if is_manifest => reply.body.truncate(length.unwrap_or_default() / 2),
            Fault::CutsDownloads(limit) if is_blob => reply.body.truncate(limit),
            _ => {}
        }
        let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = length.filter(|_| reply.status != 204) {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
        if request.method == "HEAD" {
            return Some(());
        }
        if self.fault == Fault::SlowBlobs && is_blob {
            for byte in reply.body {
                stream.write_all(&[byte]).ok()?;
                std::thread::sleep(Duration::from_millis(50));
            }
            return Some(());
        }
        loop {
            stream.write_all(&reply.body).ok()?;
            self.state.lock().unwrap().served += reply.body.len() as u64;
            if !endless {
                return Some(());
            }
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Request { method, path: path.to_owned(), query, headers })
}
