//! Bytecode: the example's three kinds of it for one platform and for both, beside `compileall`; and only the canonical form.

use std::path::{Path, PathBuf};
use std::time::Instant;

use xshell::{Shell, cmd};

use crate::ci;
use crate::test::is_installed;
use crate::workspace::Outcome;

/// What is compiled, in the example's image: standard library, dependencies, application.
const FOLDERS: &str = "/usr/lib/python3.11 /opt/venv/lib/python3.11/site-packages /app";

/// The minor version of the example's Python.
const MINOR: u8 = 11;

/// The emulator's place in the unpacked image.
const EMULATOR: &str = "/qemu-aarch64";

/// Measures both sides in one run each: natively thrice, under the emulator once.
pub fn run(shell: &Shell, shipwheel: &Path) -> Outcome {
    for program in ["skopeo", "umoci", "qemu-aarch64-static"] {
        if !is_installed(program) {
            return Err(format!("{program} is not installed here: run `cargo xtask test` once as root").into());
        }
    }
    let scratch = tempfile::tempdir()?;
    let [cache, kept, layout] = ["cache", "kept", "layout"].map(|name| scratch.path().join(name));
    let _cache = shell.push_env("SHIPWHEEL_CACHE_DIR", &cache);
    let output = format!("oci:{}", layout.display());
    let words: Vec<&str> = ci::FIRST_COMMAND.trim_start_matches("xtask ").split(' ').collect();
    // Everything but bytecode is made outside of what is measured.
    cmd!(shell, "{shipwheel} {words...} --no-bytecode --output {output}")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()?;
    let [amd64, arm64] = ["amd64", "arm64"].map(|platform| unpack(shell, scratch.path(), &layout, platform));
    let (amd64, arm64) = (amd64?, arm64?);
    for rootfs in [&amd64, &arm64] {
        // Where `-j0` makes its semaphores.
        shell.create_dir(rootfs.join("dev/shm"))?;
    }
    cmd!(shell, "cp /usr/bin/qemu-aarch64-static {arm64}{EMULATOR}").quiet().run()?;
    cmd!(shell, "mv {cache} {kept}").quiet().run()?;

    let image = |platforms: &str| format!("{} image --platforms {platforms} --output {output}", shipwheel.display());
    let compileall = |rootfs: &Path, emulator: &str| {
        let python = format!("{emulator} /usr/bin/python3.{MINOR} -m compileall -q -j0 -f -o 1 {FOLDERS}");
        format!("unshare --map-root-user --root={} {python}", rootfs.display())
    };
    let native = [image("amd64"), image("amd64,arm64"), compileall(&amd64, "")];
    let names = ["shipwheel, one platform", "shipwheel, both platforms", "compileall, one platform"];
    let forget =
        format!("rm -rf {c} {l} && cp -a {k} {c}", c = cache.display(), l = layout.display(), k = kept.display());
    let ours = measure(shell, scratch.path(), "3", &forget, &names, &native)?;
    let emulated = [compileall(&arm64, EMULATOR)];
    let theirs = measure(shell, scratch.path(), "2", "true", &["compileall, emulated"], &emulated)?;

    let ratio = |name: &str, one: &Times, other: f64| println!("{name}: {:.2} of the wall time", one.wall / other);
    ratio("one platform, beside compileall", &ours[0], ours[2].wall);
    println!("one platform, beside compileall: {:.2} of the CPU time", ours[0].cpu / ours[2].cpu);
    ratio("both platforms, beside one", &ours[1], ours[0].wall);
    ratio("both platforms, beside compileall and compileall emulated", &ours[1], ours[2].wall + theirs[0].wall);
    canonicalize(&amd64)
}

/// Seconds, on average.
struct Times {
    wall: f64,
    cpu: f64,
}

/// Commands in one run of hyperfine; what does not compile makes `compileall` fail, and is the same for both sides.
fn measure(
    shell: &Shell,
    scratch: &Path,
    runs: &str,
    prepare: &str,
    names: &[&str],
    commands: &[String],
) -> Result<Vec<Times>, Box<dyn std::error::Error>> {
    let json = scratch.join("hyperfine.json");
    let names = names.iter().flat_map(|name| ["--command-name", name]);
    // A core without pointer authentication: emulating its cipher takes six times as long as all else.
    let _cpu = shell.push_env("QEMU_CPU", "cortex-a72");
    cmd!(shell, "hyperfine --style basic --ignore-failure --runs {runs} --prepare {prepare} --export-json {json}")
        .args(names)
        .args(commands)
        .run()?;
    let results: serde_json::Value = serde_json::from_str(&shell.read_file(&json)?)?;
    let number = |result: &serde_json::Value, name: &str| result[name].as_f64().unwrap_or(f64::NAN);
    let times =
        |it: &serde_json::Value| Times { wall: number(it, "mean"), cpu: number(it, "user") + number(it, "system") };
    Ok(results["results"].as_array().map(|all| all.iter().map(times).collect()).unwrap_or_default())
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
fn canonicalize(rootfs: &Path) -> Outcome {
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
    println!("canonical form of {} pycs, {megabytes:.0} MB: {:.0} MB/s on one core", pycs.len(), megabytes / best);
    Ok(())
}
