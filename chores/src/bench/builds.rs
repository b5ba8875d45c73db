//! The example, built and pushed to a registry on this machine, beside buildah with the same wheels.

use std::path::Path;

use xshell::cmd;

use super::measurement::{Bench, Findings, cases};
use super::registry::Registry;
use super::sets::{install_line, uv};
use super::timing::{Timed, once, side_by_side};
use crate::test::is_installed;
use crate::workspace::Outcome;

/// The base that buildah is given: the example's, with the shell that `RUN` needs.
const BASE: &str = r#"base = { debian = { suite = "bookworm", packages = ["coreutils", "dash", "libgcc-s1", "libgomp1",
    "libstdc++6", "media-types", "python3.11"] } }
[app]
sources = ["main.py"]
"#;

/// What its users write: dependencies and their bytecode in a layer of their own, below the application.
const DOCKERFILE: &str = "WORKDIR /app
COPY requirements.txt .
RUN UV_CACHE_DIR=/wheels /uv/bin/uv pip install --quiet --offline --python python3.11 --target /opt/packages --no-deps \
--require-hashes -r requirements.txt && python3.11 -m compileall -q -j0 -o 1 /opt/packages
COPY variosync /app/variosync
ENV PYTHONPATH=/opt/packages
CMD [\"python3.11\", \"-m\", \"variosync\"]
";

/// Measures a build of fetched files, of one changed line, and of nothing new, each with its push.
pub fn run(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    bench.need(&["docker-registry"])?;
    let (shell, scratch) = (bench.shell, bench.scratch.path().join("builds"));
    shell.create_dir(&scratch)?;
    let [image, cache, kept, storage] = ["variosync", "cache", "kept", "storage"].map(|name| scratch.join(name));
    write_image(bench, &image)?;
    let registry = Registry::start(&scratch, &storage)?;
    let name = |tool: &str| format!("127.0.0.1:{}/{tool}:1", registry.port);
    let shipwheel = format!("SHIPWHEEL_CACHE_DIR={} {}", cache.display(), bench.shipwheel.display());
    let ours = |platforms: &str| {
        format!("{shipwheel} image {} --platforms {platforms} --push {}", image.display(), name("shipwheel"))
    };
    let through_cargo = format!(
        "SHIPWHEEL_CACHE_DIR={} cargo xtask image {} --platforms amd64,arm64 --push {}",
        cache.display(),
        image.display(),
        name("shipwheel")
    );
    let own = "shipwheel, both platforms";

    // The downloads are fetched once, outside of every measurement.
    once(&ours("amd64,arm64"))?;
    once(&format!("{shipwheel} cache clear --keep-downloads && mv {} {}", cache.display(), kept.display()))?;
    let forget =
        format!("rm -rf {c} {} && cp -a {} {c}", storage.join("docker").display(), kept.display(), c = cache.display());
    let change = format!("echo \"# $(date +%s%N)\" >> {}", image.join("variosync/settings.py").display());
    let buildah = if bench.smoke { None } else { Buildah::prepare(bench, &scratch, &image, &name("buildah"))? };
    let peer = |prepare: &dyn Fn(&Buildah) -> Option<String>| {
        buildah.as_ref().map(|it| Timed { prepare: prepare(it), ..Timed::new("buildah, amd64", &*it.line) })
    };

    let cold = [Timed::new(own, ours("amd64,arm64")), Timed::new("shipwheel, amd64", ours("amd64"))];
    let cold = cold.map(|it| it.prepared(&*forget)).into_iter().chain(peer(&|it| Some(it.forget.clone())));
    let cold = side_by_side(&cold.collect::<Vec<_>>(), bench.rounds(), false)?;
    // As docs/image-lock.md has it: what the base is made of is pinned.
    once(&format!("{shipwheel} lock --image {}", image.display()))?;
    let line =
        [Timed::new(own, ours("amd64,arm64")).prepared(&*change)].into_iter().chain(peer(&|_| Some(change.clone())));
    let line = side_by_side(&line.collect::<Vec<_>>(), 2 * bench.rounds(), true)?;
    let same = [Timed::new(own, ours("amd64,arm64")), Timed::new("the same, through cargo", through_cargo)];
    // A file that has just changed is not believed for two seconds.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let same = side_by_side(&same.into_iter().chain(peer(&|_| None)).collect::<Vec<_>>(), 2 * bench.rounds(), true)?;
    Ok(Findings {
        about: "The example of the README, pushed to Debian's registry on loopback. All downloads are there before. \
                shipwheel assembles the base from Debian's packages; buildah is given one with Python in it, and builds \
                for one platform, since the other would need an emulator. Its layers are cached (by its flag for layers)."
            .to_owned(),
        cases: cases([("from fetched files", cold), ("one line changed", line), ("nothing changed", same)]),
        table: String::new(),
    })
}

/// The example of the README; for a smoke test, one module on the same base.
fn write_image(bench: &Bench<'_>, folder: &Path) -> Outcome {
    let shell = bench.shell;
    if bench.smoke {
        shell.create_dir(folder.join("variosync"))?;
        shell.write_file(folder.join("variosync/settings.py"), "print()\n")?;
        shell.write_file(folder.join("image.toml"), BASE.replace("main.py", "variosync"))?;
    } else {
        cmd!(shell, "cp -r images/variosync {folder}").quiet().run()?;
    }
    Ok(())
}

/// buildah with a storage of its own.
struct Buildah {
    /// Builds and pushes.
    line: String,
    /// Forgets all but the base.
    forget: String,
}

impl Buildah {
    /// `None` where it is not installed, or may not run programs in what it builds.
    fn prepare(
        bench: &Bench<'_>,
        scratch: &Path,
        image: &Path,
        name: &str,
    ) -> Result<Option<Self>, Box<dyn std::error::Error>> {
        let shell = bench.shell;
        if !is_installed("buildah") || cmd!(shell, "id --user").quiet().read()? != "0" {
            return Ok(None);
        }
        let [base, layout, root, run, wheels, file] =
            ["base", "base-layout", "root", "run", "wheels", "Dockerfile"].map(|name| scratch.join(name));
        shell.create_dir(&base)?;
        shell.write_file(base.join("image.toml"), BASE)?;
        shell.write_file(base.join("main.py"), "print()\n")?;
        let shipwheel = &bench.shipwheel;
        let output = format!("oci:{}", layout.display());
        cmd!(shell, "{shipwheel} image {base} --platforms amd64 --no-bytecode --output {output}")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()?;
        let uv_folder = scratch.join("uv");
        let uv = uv(shell, &uv_folder)?;
        // Its cache is filled once, as ours is.
        let install = install_line(&uv, &image.join("requirements.txt"), &scratch.join("packages"), "x86_64");
        once(&format!("UV_CACHE_DIR={} {install}", wheels.display()))?;
        shell.write_file(&file, format!("FROM oci:{}\n{DOCKERFILE}", layout.display()))?;
        let buildah = format!("buildah --root {} --runroot {} --storage-driver overlay", root.display(), run.display());
        let bin = uv.parent().and_then(Path::parent).unwrap_or(&uv_folder);
        let line = format!(
            "{buildah} build --quiet --isolation chroot --layers -v {}:/uv:ro -v {}:/wheels -f {} -t {name} {} && \
             {buildah} push --quiet --tls-verify=false {name}",
            bin.display(),
            wheels.display(),
            file.display(),
            image.display()
        );
        let forget = format!(
            "{buildah} rmi --all --force > /dev/null && {buildah} pull --quiet oci:{} > /dev/null",
            layout.display()
        );
        Ok(Some(Self { line, forget }))
    }
}
