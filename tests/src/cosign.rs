//! cosign of two ages, out of Debian's packages: shipwheel itself fetches and unpacks them, once below the target folder.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::program::target;
use crate::{Definition, Layout, Rootfs, Run, Shipwheel, scratch};

/// The password of the keys that it makes.
pub const KEY_PASSWORD: &str = "open sesame";

/// cosign, with a home and keys of its own.
#[derive(Debug)]
pub struct Cosign {
    program: PathBuf,
    /// What `sign` needs so that it asks nobody on the Internet.
    offline: &'static [&'static str],
    home: TempDir,
}

impl Cosign {
    /// Version 2, which knows signatures by their tags alone.
    ///
    /// # Panics
    /// When Debian's mirror does not give it.
    pub fn two() -> Self {
        Self::of("trixie", &["--tlog-upload=false"])
    }

    /// Version 3, which writes bundles and prefers them.
    ///
    /// # Panics
    /// When Debian's mirror does not give it.
    pub fn three() -> Self {
        Self::of("forky", &["--use-signing-config=false", "--tlog-upload=false"])
    }

    fn of(suite: &str, offline: &'static [&'static str]) -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _one = ONE_AT_A_TIME.lock().expect("no install panics");
        let program = target().join("tests").join(format!("cosign-{suite}"));
        if !program.is_file() {
            let base = format!("{{ debian = {{ suite = \"{suite}\", packages = [\"cosign\"] }} }}");
            let toml = format!(
                "# cosign, and what it needs.\nbase = {base}\nplatforms = [\"linux/amd64\"]\n\n\
                 [bytecode]\nenabled = false\n\n[config]\ncmd = [\"/usr/bin/cosign\"]\n"
            );
            let definition = Definition::empty().with("image.toml", &toml);
            let (folder, output) = (definition.argument(), definition.output());
            let target = format!("oci:{}", output.display());
            Shipwheel::new().image(&[&folder, "--output", &target]).succeeded();
            let rootfs = Rootfs::unpack(&Layout::new(&output), "amd64");
            let partial = program.with_extension("partial");
            std::fs::create_dir_all(program.parent().expect("a folder")).expect("our own folder");
            std::fs::copy(rootfs.join("/usr/bin/cosign"), &partial).expect("our own folder");
            std::fs::rename(partial, &program).expect("our own folder");
        }
        Self { program, offline, home: scratch() }
    }

    /// Makes a pair of keys in its own form, and gives the private one and the public one.
    ///
    /// # Panics
    /// When it does not.
    pub fn keys(&self, name: &str) -> (PathBuf, PathBuf) {
        self.run(&["generate-key-pair", "--output-key-prefix", name]).succeeded();
        (self.home.path().join(format!("{name}.key")), self.home.path().join(format!("{name}.pub")))
    }

    /// Signs an image in a registry of this machine.
    pub fn sign(&self, image: &str, key: &Path) -> Run {
        let key = key.display().to_string();
        self.run(&[&["sign", "--yes", "--allow-insecure-registry", "--key", &key], self.offline, &[image]].concat())
    }

    /// Attests something of an image: `kind` is one of cosign's names of predicates.
    pub fn attest(&self, image: &str, key: &Path, kind: &str, predicate: &Path) -> Run {
        let (key, predicate) = (key.display().to_string(), predicate.display().to_string());
        let fixed = ["attest", "--yes", "--allow-insecure-registry", "--key", &key, "--type", kind];
        self.run(&[&fixed[..], &["--predicate", &predicate], self.offline, &[image]].concat())
    }

    /// Whether an image is signed by a key, in its opinion.
    pub fn verify(&self, image: &str, key: &Path) -> Run {
        let key = key.display().to_string();
        self.run(&["verify", "--allow-insecure-registry", "--insecure-ignore-tlog", "--key", &key, image])
    }

    /// What a key attests of an image, in its opinion.
    pub fn verify_attestation(&self, image: &str, key: &Path, kind: &str) -> Run {
        let key = key.display().to_string();
        let fixed = ["verify-attestation", "--allow-insecure-registry", "--insecure-ignore-tlog", "--key", &key];
        self.run(&[&fixed[..], &["--type", kind, image]].concat())
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let shell = Shell::new().expect("a shell");
        shell.change_dir(self.home.path());
        let (program, home) = (&self.program, self.home.path());
        let command = cmd!(shell, "{program} {arguments...}").quiet().ignore_status();
        Run::of(&command.env("HOME", home).env("COSIGN_PASSWORD", KEY_PASSWORD).env("DOCKER_CONFIG", home))
    }
}
