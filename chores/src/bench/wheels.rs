//! From fetched wheels to finished layers for both platforms, beside uv, tar and pigz for each.

use std::path::Path;

use xshell::cmd;

use super::measurement::{Bench, Findings, cases};
use super::sets::{SETS, install_line, uv, write_base, write_set};
use super::timing::{Timed, side_by_side};

/// Measures each set; whatever either side fetches is fetched before.
pub fn run(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    bench.need(&["pigz"])?;
    let (shell, shipwheel, scratch) = (bench.shell, &bench.shipwheel, bench.scratch.path().join("wheels"));
    let uv = uv(shell, &scratch.join("uv"))?;
    let mut found = Vec::new();
    for (number, set) in SETS.iter().enumerate() {
        let folder = scratch.join(number.to_string());
        let [set_folder, base_folder, kept, cache, theirs] =
            ["set", "base", "kept", "cache", "theirs"].map(|name| folder.join(name));
        write_set(shell, &uv, set, &set_folder, false)?;
        write_base(shell, &base_folder)?;
        let _cache = shell.push_env("SHIPWHEEL_CACHE_DIR", &cache);
        let _uv = shell.push_env("UV_CACHE_DIR", folder.join("uv"));

        let out = folder.join("out");
        let image = format!(
            "{} image --no-bytecode --platforms amd64,arm64 --output oci:{}",
            shipwheel.display(),
            out.display()
        );
        let ours = format!("{image} {}", set_folder.display());
        let base = format!("{image} {}", base_folder.display());
        // All is fetched, and then all forgotten but downloads and the base.
        let forget = format!("{} cache clear --keep-downloads", shipwheel.display());
        cmd!(shell, "sh -c {ours}").quiet().ignore_stdout().ignore_stderr().run()?;
        cmd!(shell, "sh -c {forget}").quiet().ignore_stdout().ignore_stderr().run()?;
        cmd!(shell, "sh -c {base}").quiet().ignore_stdout().ignore_stderr().run()?;
        cmd!(shell, "mv {cache} {kept}").quiet().run()?;

        let platform = |machine: &str| one_platform(&uv, &set_folder, &theirs.join(machine), machine);
        let (amd64, arm64) = (platform("x86_64"), platform("aarch64"));
        let both = format!("{amd64} && {arm64}");
        cmd!(shell, "sh -c {both}").quiet().ignore_stdout().ignore_stderr().run()?;
        let show = |path: &Path| path.display().to_string();
        let prepare = format!(
            "rm -rf {c} {o} {t} && cp -a {k} {c}",
            c = show(&cache),
            o = show(&out),
            t = show(&theirs),
            k = show(&kept)
        );
        let commands = [
            ("shipwheel, both platforms", ours),
            ("uv, tar and pigz, amd64", amd64),
            ("the same, both platforms", both),
        ];
        let commands = commands.map(|(tool, line)| Timed::new(tool, line).prepared(&*prepare));
        found.push((set.name, side_by_side(&commands, bench.rounds(), true)?));
    }
    Ok(Findings {
        about:
            "From fetched wheels to compressed and hashed layers, without bytecode; uv installs from its warm cache."
                .to_owned(),
        cases: cases(found),
        table: String::new(),
    })
}

/// The shell line of a usual way: installed from uv's warm cache, packed and compressed by all processors.
fn one_platform(uv: &Path, set: &Path, target: &Path, machine: &str) -> String {
    let install = install_line(uv, &set.join("requirements.txt"), target, machine);
    format!("{install} && tar -C {t} -c . | pigz -6 > {t}.tar.gz", t = target.display())
}
