//! Half a gigabyte for two platforms, pushed to and pulled from Debian's registry on this machine, beside skopeo.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xshell::{Shell, cmd};

use crate::test::is_installed;
use crate::workspace::Outcome;

/// The layer that both platforms share, and how many others each of them has, in MiB.
const SHARED: u32 = 100;
const OWN: (u32, u32) = (8, 25);

/// Measures a fresh push, a push with nothing changed, and a fresh pull.
pub fn run(shell: &Shell, shipwheel: &Path) -> Outcome {
    for program in ["docker-registry", "skopeo"] {
        if !is_installed(program) {
            return Err(format!("{program} is not installed here: run `cargo xtask test` once as root").into());
        }
    }
    let scratch = tempfile::tempdir()?;
    let [layout, storage, cache, out] = ["layout", "storage", "cache", "out"].map(|name| scratch.path().join(name));
    write_layout(shell, &layout)?;
    let registry = Registry::start(scratch.path(), &storage)?;
    let name = format!("127.0.0.1:{}/bench:1", registry.port);
    let _cache = shell.push_env("SHIPWHEEL_CACHE_DIR", &cache);

    let (shipwheel, layout, out) = (shipwheel.display(), layout.display(), out.display());
    let push = format!("{shipwheel} push {layout} {name}");
    let pull = format!("{shipwheel} pull {name} --output {out}");
    let skopeo_push = format!("skopeo copy --quiet --all --dest-tls-verify=false oci:{layout}:1 docker://{name}");
    let skopeo_pull = format!("skopeo copy --quiet --all --src-tls-verify=false docker://{name} oci:{out}:1");
    let forget = format!("rm -rf {} {} {out}", storage.join("docker").display(), cache.display());
    let forget_ours = format!("rm -rf {} {out}", cache.display());

    measure(shell, "500 MB, pushed", Some(&forget), &push, &skopeo_push)?;
    measure(shell, "nothing changed, pushed", None, &push, &skopeo_push)?;
    measure(shell, "500 MB, pulled", Some(&forget_ours), &pull, &skopeo_pull)
}

/// Ours and skopeo's, in one run of hyperfine.
fn measure(shell: &Shell, name: &str, prepare: Option<&str>, ours: &str, skopeo: &str) -> Outcome {
    let prepare: Vec<&str> = prepare.map_or_else(Vec::new, |line| vec!["--prepare", line]);
    let (own, other) = (format!("{name} (shipwheel)"), format!("{name} (skopeo)"));
    let names = ["--command-name", &own, "--command-name", &other];
    cmd!(shell, "hyperfine --style basic --warmup 1 --runs 5 {names...} {prepare...} {ours} {skopeo}").run()?;
    Ok(())
}

/// An OCI layout of noise, written by hand: what is measured must not also make what it is measured with.
fn write_layout(shell: &Shell, layout: &Path) -> Outcome {
    let blobs = layout.join("blobs/sha256");
    shell.create_dir(&blobs)?;
    let shared = noise(shell, &blobs, SHARED)?;
    let mut manifests = Vec::new();
    for platform in ["amd64", "arm64"] {
        let mut layers = vec![shared.clone()];
        for _ in 0..OWN.0 {
            layers.push(noise(shell, &blobs, OWN.1)?);
        }
        // Nobody unpacks it: what the layers would be is made up.
        let diff_ids: Vec<String> = (0..layers.len()).map(|number| format!(r#""sha256:{number:064x}""#)).collect();
        let rootfs = format!(r#"{{"type":"layers","diff_ids":[{}]}}"#, diff_ids.join(","));
        let config = format!(r#"{{"architecture":"{platform}","os":"linux","rootfs":{rootfs}}}"#);
        let config = document(shell, &blobs, "application/vnd.oci.image.config.v1+json", &config)?;
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let text =
            format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","config":{config},"layers":[{}]}}"#, layers.join(","));
        let entry = document(shell, &blobs, kind, &text)?;
        let platform = format!(r#","platform":{{"os":"linux","architecture":"{platform}"}}}}"#);
        manifests.push(entry.trim_end_matches('}').to_owned() + &platform);
    }
    let kind = "application/vnd.oci.image.index.v1+json";
    let text = format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","manifests":[{}]}}"#, manifests.join(","));
    let entry = document(shell, &blobs, kind, &text)?;
    let named = r#","annotations":{"org.opencontainers.image.ref.name":"1"}}"#;
    let top = format!(r#"{{"schemaVersion":2,"manifests":[{}{named}]}}"#, entry.trim_end_matches('}'));
    shell.write_file(layout.join("index.json"), top)?;
    shell.write_file(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    Ok(())
}

/// A layer of so many MiB that nothing compresses; gives its descriptor.
fn noise(shell: &Shell, blobs: &Path, mib: u32) -> Result<String, Box<dyn std::error::Error>> {
    let (new, count) = (blobs.join("new"), format!("{mib}M"));
    let script = "head -c \"$1\" /dev/urandom > \"$0\"";
    cmd!(shell, "sh -c {script} {new} {count}").quiet().run()?;
    // skopeo compresses what is not: the media type says that it is.
    name_blob(shell, blobs, "application/vnd.oci.image.layer.v1.tar+gzip", u64::from(mib) << 20)
}

fn document(shell: &Shell, blobs: &Path, kind: &str, text: &str) -> Result<String, Box<dyn std::error::Error>> {
    shell.write_file(blobs.join("new"), text)?;
    name_blob(shell, blobs, kind, text.len() as u64)
}

/// Gives the file `new` its name, and its descriptor.
fn name_blob(shell: &Shell, blobs: &Path, kind: &str, size: u64) -> Result<String, Box<dyn std::error::Error>> {
    let new = blobs.join("new");
    let sum = cmd!(shell, "sha256sum {new}").quiet().read()?;
    let hex = sum.split_whitespace().next().unwrap_or_default();
    std::fs::rename(&new, blobs.join(hex))?;
    Ok(format!(r#"{{"mediaType":"{kind}","digest":"sha256:{hex}","size":{size}}}"#))
}

/// Debian's registry; it ends with the value.
struct Registry {
    process: Child,
    port: u16,
}

impl Registry {
    fn start(folder: &Path, storage: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config: PathBuf = folder.join("registry.yml");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            storage.display()
        );
        std::fs::write(&config, text)?;
        let mut command = Command::new("docker-registry");
        let process = command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let registry = Self { process, port };
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > patience {
                return Err("docker-registry does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
