//! The wheel, and an archive of its program for `cargo binstall` and for those without Python.
//!
//! The program is linked by zig against glibc 2.17, which every Linux has that is still cared for. A smoke test links as
//! cargo does: its wheel is for machines like this one.

use std::fs::File;
use std::path::{Path, PathBuf};

use xshell::cmd;
use zip::ZipArchive;

use super::release::Release;
use super::tools::tool;
use crate::workspace::Outcome;

/// The name of wheels for glibc 2.17.
const OLDEST: &str = "manylinux2014";

/// Builds the wheel, and takes the others out of it.
pub(super) fn make(release: &Release<'_>) -> Outcome {
    let (shell, output) = (release.shell, &release.output);
    let words = match release.smoke {
        true => vec!["--profile", "dev"],
        false => vec!["--release", "--zig", "--compatibility", OLDEST],
    };
    let target = release.program.ancestors().nth(2).ok_or("the program is in a target folder")?;
    tool(shell, "maturin")?
        .args(["build", "--quiet"])
        .args(words)
        .arg("--out")
        .arg(output)
        .env("CARGO_TARGET_DIR", target)
        .run()?;
    let files = shell.read_dir(output)?;
    let wheel = files.iter().find(|path| path.extension().is_some_and(|it| it == "whl"));
    let wheel = wheel.ok_or("maturin wrote no wheel")?;
    let name = archive_name(&cmd!(shell, "rustc --print host-tuple").quiet().read()?);
    let folder = output.join(&name);
    shell.create_dir(&folder)?;
    take(wheel, ".data/scripts/shipwheel", &folder.join("shipwheel"))?;
    cmd!(shell, "chmod 755 {folder}/shipwheel").quiet().run()?;
    for file in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        shell.copy_file(file, &folder)?;
    }
    for made in ["completions", "man"] {
        let from = output.join(made);
        cmd!(shell, "cp -r {from} {folder}").quiet().run()?;
    }
    pack(release, &name)
}

/// What the archive and its folder are called; `crates/cli/Cargo.toml` tells cargo-binstall the same.
fn archive_name(target: &str) -> String {
    format!("shipwheel-{}-{target}", env!("CARGO_PKG_VERSION"))
}

/// Takes the one file out of a wheel whose name ends like this.
fn take(wheel: &Path, end: &str, to: &Path) -> Outcome {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        if member.name()?.ends_with(end) {
            std::io::copy(&mut member, &mut File::create(to)?)?;
            return Ok(());
        }
    }
    Err(format!("{} has no file `…{end}`", wheel.display()).into())
}

/// The folder as a tar that says nothing of this machine or of the time, and without the folder.
fn pack(release: &Release<'_>, name: &str) -> Outcome {
    let (shell, output) = (release.shell, &release.output);
    let archive: PathBuf = output.join(format!("{name}.tar.gz"));
    let fixed = "--sort name --owner 0 --group 0 --numeric-owner --mode go=rX,u+w --mtime @0 --format gnu".split(' ');
    cmd!(shell, "tar --create --directory {output} {fixed...} --use-compress-program")
        .arg("gzip --no-name -9")
        .arg("--file")
        .arg(archive)
        .arg(name)
        .quiet()
        .run()?;
    Ok(shell.remove_path(output.join(name))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::workspace;

    #[test]
    fn binstall_looks_for_the_archive_that_is_made() {
        let manifest = std::fs::read_to_string(workspace().join("crates/cli/Cargo.toml")).unwrap();
        let manifest: toml::Table = toml::from_str(&manifest).unwrap();
        let metadata = &manifest["package"]["metadata"]["binstall"];
        let filled = |key: &str| {
            let text = metadata[key].as_str().unwrap().replace("{ version }", env!("CARGO_PKG_VERSION"));
            text.replace("{ target }", "x86_64-unknown-linux-gnu").replace("{ bin }", "shipwheel")
        };
        let name = archive_name("x86_64-unknown-linux-gnu");
        assert!(filled("pkg-url").ends_with(&format!("/{name}.tar.gz")), "{}", filled("pkg-url"));
        assert_eq!(filled("bin-dir"), format!("{name}/shipwheel"));
        assert_eq!(metadata["pkg-fmt"].as_str(), Some("tgz"));
    }
}
