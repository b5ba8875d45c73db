//! Bytecode: the example's three kinds of it for one platform and for both, beside `compileall`; and only the canonical form.

use std::path::{Path, PathBuf};
use std::time::Instant;

use xshell::{Shell, cmd};

use super::measurement::{Bench, Findings, cases};
use super::timing::{Timed, side_by_side};
use crate::ci;

/// What is compiled, in the example's image: standard library, dependencies, application.
const FOLDERS: &str = "/usr/lib/python3.11 /opt/venv/lib/python3.11/site-packages /app";

/// The minor version of the example's Python.
const MINOR: u8 = 11;

/// The emulator's place in the unpacked image.
const EMULATOR: &str = "/qemu-aarch64";

/// Measures both sides in one run each: natively in every round, under the emulator twice.
pub fn run(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    bench.need(&["skopeo", "umoci", "qemu-aarch64-static"])?;
    let (shell, shipwheel, scratch) = (bench.shell, &bench.shipwheel, bench.scratch.path().join("bytecode"));
    shell.create_dir(&scratch)?;
    let [cache, kept, layout] = ["cache", "kept", "layout"].map(|name| scratch.join(name));
    let _cache = shell.push_env("SHIPWHEEL_CACHE_DIR", &cache);
    let output = format!("oci:{}", layout.display());
    let words: Vec<&str> = ci::FIRST_COMMAND.trim_start_matches("xtask ").split(' ').collect();
    // Everything but bytecode is made outside of what is measured.
    cmd!(shell, "{shipwheel} {words...} --no-bytecode --output {output}")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()?;
    let [amd64, arm64] = ["amd64", "arm64"].map(|platform| unpack(shell, &scratch, &layout, platform));
    let (amd64, arm64) = (amd64?, arm64?);
    for rootfs in [&amd64, &arm64] {
        // Where `-j0` makes its semaphores.
        shell.create_dir(rootfs.join("dev/shm"))?;
    }
    cmd!(shell, "cp /usr/bin/qemu-aarch64-static {arm64}{EMULATOR}").quiet().run()?;
    cmd!(shell, "mv {cache} {kept}").quiet().run()?;

    let image = |platforms: &str| format!("{} image --platforms {platforms} --output {output}", shipwheel.display());
    let compileall = |rootfs: &Path, emulator: &str| {
        // What does not compile makes it fail, and is the same for both sides.
        let python = format!("{emulator} /usr/bin/python3.{MINOR} -m compileall -q -j0 -f -o 1 {FOLDERS} || true");
        format!("unshare --map-root-user --root={} {python}", rootfs.display())
    };
    let forget =
        format!("rm -rf {c} {l} && cp -a {k} {c}", c = cache.display(), l = layout.display(), k = kept.display());
    let native = [
        Timed::new("shipwheel, one platform", image("amd64")).prepared(&*forget),
        Timed::new("shipwheel, both platforms", image("amd64,arm64")).prepared(&*forget),
        Timed::new("compileall, one platform", compileall(&amd64, "")),
    ];
    let native = side_by_side(&native, bench.rounds(), false)?;
    // A core without pointer authentication: emulating its cipher takes six times as long as all else.
    let emulated = format!("QEMU_CPU=cortex-a72 {}", compileall(&arm64, EMULATOR));
    let emulated = side_by_side(&[Timed::new("compileall, emulated", emulated)], 2, false)?;
    Ok(Findings {
        about: "The example's three kinds of bytecode, the interpreter started, pycs made canonical and packed into \
                layers; `compileall` only writes files, and for the other platform needs an emulator."
            .to_owned(),
        cases: cases([("4,326 pycs for both platforms", native.into_iter().chain(emulated).collect())]),
        table: canonicalize(&amd64)?,
    })
}

/// The files of one platform's image.
fn unpack(shell: &Shell, scratch: &Path, layout: &Path, platform: &str) -> Result<PathBuf, xshell::Error> {
    let [single, bundle] = ["single", "bundle"].map(|name| scratch.join(format!("{name}-{platform}")));
    let (layout, single) = (format!("oci:{}", layout.display()), format!("{}:image", single.display()));
    cmd!(shell, "skopeo --override-arch {platform} copy --quiet {layout} oci:{single}").quiet().run()?;
    cmd!(shell, "umoci --log error unpack --rootless --image {single} {bundle}").quiet().run()?;
    Ok(bundle.join("rootfs"))
}

/// Makes all pycs below a folder canonical, on one core, and says how fast.
fn canonicalize(rootfs: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let mut pycs = Vec::new();
    for entry in ignore::WalkBuilder::new(rootfs).standard_filters(false).build() {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "pyc") {
            pycs.push(std::fs::read(entry.path())?);
        }
    }
    if pycs.len() < 1_000 {
        return Err(format!("compileall wrote only {} files", pycs.len()).into());
    }
    let size: usize = pycs.iter().map(|pyc| pyc.len().saturating_sub(16)).sum();
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for pyc in &pycs {
            shipwheel_bytecode::canonical(pyc.get(16..).unwrap_or_default(), MINOR, Some("/app/module.py"))?;
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    #[allow(clippy::cast_precision_loss, reason = "far below 2⁵³")]
    let megabytes = size as f64 / 1e6;
    Ok(format!(
        "The canonical form of {} pycs, {megabytes:.0} MB: {:.0} MB/s on one core.\n",
        pycs.len(),
        megabytes / best
    ))
}
