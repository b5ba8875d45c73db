//! A real registry on the loopback interface: Debian's `docker-registry` with a storage folder of its own.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::{judge, scratch};

/// `captain` with the password `open sesame`, as htpasswd -B writes it.
const LOGIN: &str = "captain:$2b$05$shipwheelshipwheelshiedVs6gYLN6x23egqqnUj/IHE76/rZ3MW\n";

/// A running registry; it ends, and its storage goes, with the value.
#[derive(Debug)]
pub struct Registry {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Registry {
    /// A registry that anybody may push to.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start() -> Self {
        Self::started("")
    }

    /// A registry that asks for basic authentication, and accepts only [`Registry::login`].
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_with_login() -> Self {
        Self::started("auth:\n  htpasswd:\n    realm: harbour\n    path: {folder}/htpasswd\n")
    }

    /// A registry that anybody may push to and delete from.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_with_deletes() -> Self {
        Self::started("  delete:\n    enabled: true\n")
    }

    /// A registry that speaks TLS with a certificate of its own authority, and takes only [`Registry::login`].
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_with_tls_and_login() -> Self {
        let tls = "  tls:\n    certificate: {folder}/server.pem\n    key: {folder}/server.key\n";
        let login = "auth:\n  htpasswd:\n    realm: harbour\n    path: {folder}/htpasswd\n";
        Self::started_with(tls, login)
    }

    /// The certificate of the authority of a registry that speaks TLS.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Makes a registry that speaks TLS one of those that a home folder knows the authority of, as docker and podman do.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn trust_in(&self, home: &Path) {
        let folder = home.join(".config/containers/certs.d").join(self.host());
        std::fs::create_dir_all(&folder).expect("our own folder");
        std::fs::copy(self.authority(), folder.join("ca.crt")).expect("our own folder");
    }

    /// Host and port.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The user and the password that a registry with a login takes.
    pub fn login() -> (&'static str, &'static str) {
        ("captain", "open sesame")
    }

    /// Whether a manifest was ever tagged in this repository.
    pub fn has(&self, repository: &str, tag: &str) -> bool {
        let tags = format!("storage/docker/registry/v2/repositories/{repository}/_manifests/tags/{tag}");
        self.folder.path().join(tags).is_dir()
    }

    fn started(more: &str) -> Self {
        Self::started_with("", more)
    }

    fn started_with(tls: &str, more: &str) -> Self {
        let folder = scratch();
        let port = free_port();
        if !tls.is_empty() {
            certificate(folder.path());
        }
        let config = folder.path().join("config.yml");
        std::fs::write(&config, Self::config(&folder, port, tls, more)).expect("our own folder");
        std::fs::write(folder.path().join("htpasswd"), LOGIN).expect("our own folder");
        let process = Command::new(judge("docker-registry", "docker-registry"))
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).expect("our own folder"))
            .spawn()
            .expect("docker-registry starts");
        let mut registry = Self { process, port, folder };
        registry.wait();
        registry
    }

    fn config(folder: &TempDir, port: u16, tls: &str, more: &str) -> String {
        let folder = folder.path().display();
        let [tls, more] = [tls, more].map(|text| text.replace("{folder}", &folder.to_string()));
        format!(
            "version: 0.1\nlog:\n  level: warn\nhttp:\n  addr: 127.0.0.1:{port}\n{tls}\
             storage:\n  filesystem:\n    rootdirectory: {folder}/storage\n{more}"
        )
    }

    fn wait(&mut self) {
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            if let Some(status) = self.process.try_wait().expect("our own child") {
                panic!("docker-registry ended with {status}:\n{}", log());
            }
            assert!(Instant::now() < patience, "docker-registry does not answer:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself; nothing else is to be done about a process that is gone.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An authority, and the certificate for 127.0.0.1 that it signed.
fn certificate(folder: &Path) {
    let (shell, openssl) = (Shell::new().expect("a shell"), judge("openssl", "openssl"));
    shell.change_dir(folder);
    let run = |arguments: &str| {
        let words = arguments.split(' ');
        cmd!(shell, "{openssl} {words...}").quiet().ignore_stderr().run().expect("openssl makes a certificate");
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    std::fs::write(folder.join("extensions"), "subjectAltName=IP:127.0.0.1").expect("our own folder");
    run(&format!("req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"));
    run(&format!("req -new {key} -subj /CN=harbour -keyout server.key -out server.csr"));
    let signed = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2";
    run(&format!("{signed} -extfile extensions -out server.pem"));
}

/// A port that nobody listened on a moment ago.
///
/// It is below those that the kernel gives to servers that ask for any: one of them could take it before it is used.
///
/// # Panics
/// When the machine has none left.
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 20_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(131);
    let ports = (0..COUNT).map(|_| FIRST + start.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % COUNT);
    let mut ports = ports.filter_map(|port| u16::try_from(port).ok());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
