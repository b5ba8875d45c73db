//! Debian's registry with a token server: scopes, identity tokens, one token for many blobs.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use shipwheel_loopback::{Received, Reply, Server};
use shipwheel_tests::{SampleImage, Shipwheel, judge, scratch};
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// The password and the identity token that the server takes.
const PASSWORD: &str = "open sesame";
const IDENTITY: &str = "identity-token-of-the-captain";

/// A registry and the token server that it believes.
struct Harbour {
    process: Child,
    port: u16,
    /// The address of the token server, which is at a port of its own.
    tokens: String,
    folder: TempDir,
    /// Each request for a token: its method and the scopes asked for.
    log: Arc<Mutex<Vec<String>>>,
}

impl Harbour {
    fn start() -> Self {
        let (folder, shell) = (scratch(), Shell::new().unwrap());
        shell.change_dir(folder.path());
        let openssl = judge("openssl", "openssl");
        let subject = "/CN=harbour";
        cmd!(
            shell,
            "{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj {subject} -keyout key.pem -out cert.pem"
        )
        .quiet()
        .ignore_stderr()
        .run()
        .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (own, root) = (log.clone(), folder.path().to_owned());
        let tokens = Server::start(move |received, _| answer(received, &own, &root));
        let (realm, tokens) = (tokens.url("/token"), tokens.address.clone());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let here = folder.path().display();
        let config = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {here}/storage\nhttp:\n  addr: 127.0.0.1:{port}\n\
             auth:\n  token:\n    realm: {realm}\n    service: harbour\n    issuer: harbour\n    rootcertbundle: {here}/cert.pem\n"
        );
        std::fs::write(folder.path().join("config.yml"), config).unwrap();
        let process = Command::new(judge("docker-registry", "docker-registry"))
            .arg("serve")
            .arg(folder.path().join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "docker-registry does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, port, tokens, folder, log }
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Writes docker's file with this entry for the registry.
    fn login(&self, entry: &Value) {
        let config = json!({ "auths": { self.host(): entry } });
        std::fs::write(self.folder.path().join("config.json"), config.to_string()).unwrap();
    }

    fn push(&self, sample: &SampleImage, name: &str) -> shipwheel_tests::Run {
        let target = format!("{}/{name}:1", self.host());
        let shipwheel = Shipwheel::new().with("DOCKER_CONFIG", self.folder.path().display());
        let sample = sample.path().display().to_string();
        shipwheel.run(&["push", &sample, &target, "--insecure-registry", &self.tokens])
    }
}

impl Drop for Harbour {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The answer of the token server: a token for the scopes asked for, if it knows who asks.
fn answer(received: &Received, log: &Mutex<Vec<String>>, folder: &Path) -> Reply {
    let form = match received.method.as_str() {
        "POST" => String::from_utf8_lossy(&received.body).into_owned(),
        _ => received.target.split_once('?').map_or(String::new(), |(_, query)| query.to_owned()),
    };
    let decoded = form.replace("%3A", ":").replace("%2C", ",").replace('+', " ").replace("%2F", "/");
    let values = |wanted: &str| -> Vec<String> {
        let pairs = decoded.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == wanted).flat_map(|(_, value)| value.split(' ').map(str::to_owned)).collect()
    };
    log.lock().unwrap().push(format!("{} {}", received.method, values("scope").join(" ")));
    let basic = format!("Basic {}", STANDARD.encode(format!("captain:{PASSWORD}")));
    let is_known = received.header("authorization") == basic || values("refresh_token") == [IDENTITY];
    match is_known {
        true => {
            let token = json!({ "access_token": token(folder, &values("scope")), "expires_in": 300 });
            Reply::new(200).body(token.to_string())
        }
        false => Reply::error(401, "UNAUTHORIZED"),
    }
}

/// A signed token (distribution's `spec/auth/jwt.md`); openssl signs.
fn token(folder: &Path, scopes: &[String]) -> String {
    let pem = std::fs::read_to_string(folder.join("cert.pem")).unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let access: Vec<Value> = scopes
        .iter()
        .map(|scope| {
            let parts: Vec<&str> = scope.split(':').collect();
            json!({ "type": parts[0], "name": parts[1], "actions": parts[2].split(',').collect::<Vec<_>>() })
        })
        .collect();
    let claims = json!({ "iss": "harbour", "sub": "captain", "aud": "harbour", "exp": now + 300, "nbf": now - 10,
        "iat": now, "jti": now.to_string(), "access": access });
    let header = json!({ "typ": "JWT", "alg": "RS256", "x5c": [der] });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(&header), encode(&claims));
    let mut openssl = Command::new(judge("openssl", "openssl"))
        .args(["dgst", "-sha256", "-sign"])
        .arg(folder.join("key.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let signature = openssl.wait_with_output().unwrap().stdout;
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn one_token_serves_all_blobs_by_password_and_by_identity_token() {
    let (harbour, sample) = (Harbour::start(), SampleImage::new(&[50_000, 1000, 2000, 3000]));
    harbour.push(&sample, "app").failed(3, &["credentials for", "found none"]);
    let output = harbour.folder.path().join("pulled").display().to_string();
    let unnamed = Shipwheel::new().run(&["pull", &format!("{}/app:1", harbour.host()), "--output", &output]);
    unnamed.failed(3, &["at another host or port", "--insecure-registry 127.0.0.1:"]);
    harbour.login(&json!({ "auth": STANDARD.encode("captain:wrong") }));
    let run = harbour.push(&sample, "app");
    run.failed(3, &["refused by the registry's token server"]);
    assert!(!run.stderr.contains("wrong"), "{}", run.stderr);

    for (entry, name, method) in [
        (json!({ "auth": STANDARD.encode(format!("captain:{PASSWORD}")) }), "by-password", "GET"),
        (json!({ "auth": STANDARD.encode("<token>:"), "identitytoken": IDENTITY }), "by-identity", "POST"),
    ] {
        harbour.login(&entry);
        harbour.log.lock().unwrap().clear();
        let run = harbour.push(&sample, name).succeeded();
        assert!(!run.stderr.contains(PASSWORD) && !run.stderr.contains(IDENTITY), "{}", run.stderr);
        let log = harbour.log.lock().unwrap().clone();
        assert_eq!(
            log,
            [format!("{method} repository:{name}:pull,push")],
            "one token for {} requests",
            sample.content.len()
        );
    }
}

#[test]
fn a_mount_asks_for_the_right_to_read_where_it_comes_from() {
    let (harbour, sample) = (Harbour::start(), SampleImage::new(&[50_000]));
    harbour.login(&json!({ "auth": STANDARD.encode(format!("captain:{PASSWORD}")) }));
    harbour.push(&sample, "first").succeeded();
    harbour.log.lock().unwrap().clear();
    let (from, to) = (format!("{}/first:1", harbour.host()), format!("{}/second:1", harbour.host()));
    let shipwheel = Shipwheel::new().with("DOCKER_CONFIG", harbour.folder.path().display());
    let run = shipwheel.run(&["copy", &from, &to, "--insecure-registry", &harbour.tokens]).succeeded();
    assert!(run.stderr.contains(": 0 B sent"), "{}", run.stderr);
    let log = harbour.log.lock().unwrap().clone();
    assert!(log.contains(&"GET repository:second:pull,push repository:first:pull".to_owned()), "{log:?}");
}
