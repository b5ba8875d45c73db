//! A large image for two platforms, pushed to and pulled from Debian's registry on this machine, beside skopeo and crane.

use std::path::Path;

use xshell::{Shell, cmd};

use super::measurement::{Bench, Findings, cases};
use super::registry::Registry;
use super::timing::{Timed, once, side_by_side};
use crate::test::is_installed;
use crate::workspace::Outcome;

/// The layer that both platforms share, and how many others each of them has, in MiB.
const SHARED: u32 = 100;
const OWN: (u32, u32) = (8, 25);

/// Measures a fresh push, a push with nothing changed, and a fresh pull.
pub fn run(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    bench.need(&["docker-registry", "skopeo"])?;
    let (shell, scratch) = (bench.shell, bench.scratch.path().join("push"));
    shell.create_dir(&scratch)?;
    let [layout, storage, cache, out] = ["layout", "storage", "cache", "out"].map(|name| scratch.join(name));
    write_layout(shell, &layout, bench.pick(1, 25))?;
    let registry = Registry::start(&scratch, &storage)?;
    let name = format!("127.0.0.1:{}/bench:1", registry.port);

    let (layout, out) = (layout.display(), out.display());
    let (storage, kept) = (storage.join("docker"), cache.display());
    let forget = format!("rm -rf {} {kept} {out}", storage.display());
    let ours = format!("SHIPWHEEL_CACHE_DIR={kept} {}", bench.shipwheel.display());
    let skopeo = "skopeo copy --quiet --all";
    let mut pushes = vec![
        Timed::new("shipwheel", format!("{ours} push {layout} {name}")),
        Timed::new("skopeo", format!("{skopeo} --dest-tls-verify=false oci:{layout}:1 docker://{name}")),
    ];
    let mut pulls = vec![
        Timed::new("shipwheel", format!("{ours} pull {name} --output {out}")),
        Timed::new("skopeo", format!("{skopeo} --src-tls-verify=false docker://{name} oci:{out}:1")),
    ];
    if is_installed("crane") {
        pushes.push(Timed::new("crane", format!("crane push --insecure --index {layout} {name}")));
        pulls.push(Timed::new("crane", format!("crane pull --insecure --format oci {name} {out}")));
    }
    let fresh: Vec<Timed> = pushes.iter().map(|it| Timed::new(&it.tool, &*it.line).prepared(&*forget)).collect();
    let fresh = side_by_side(&fresh, bench.rounds(), false)?;
    once(&pushes[0].line)?;
    let again = side_by_side(&pushes, bench.rounds(), true)?;
    let forget = format!("rm -rf {kept} {out}");
    let pulls: Vec<Timed> = pulls.into_iter().map(|it| it.prepared(&*forget)).collect();
    let pulls = side_by_side(&pulls, bench.rounds(), false)?;
    Ok(Findings {
        about: format!(
            "An index of two platforms with {} MiB that nothing compresses, a layer of which both share. The registry is \
             Debian's, on loopback, so what is compared is work and not a network.",
            bench.pick(1, 25) * (SHARED / 25 + 2 * OWN.0)
        ),
        cases: cases([
            ("pushed anew", fresh),
            ("pushed again, nothing changed", again),
            ("pulled into a layout", pulls),
        ]),
        table: String::new(),
    })
}

/// An OCI layout of noise, written by hand: what is measured must not also make what it is measured with.
fn write_layout(shell: &Shell, layout: &Path, mib: u32) -> Outcome {
    let blobs = layout.join("blobs/sha256");
    shell.create_dir(&blobs)?;
    let shared = noise(shell, &blobs, SHARED / OWN.1 * mib)?;
    let mut manifests = Vec::new();
    for platform in ["amd64", "arm64"] {
        let mut layers = vec![shared.clone()];
        for _ in 0..OWN.0 {
            layers.push(noise(shell, &blobs, mib)?);
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
