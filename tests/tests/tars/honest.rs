//! Tars as other programs write them by default are read; sparse files and parts of backups are refused by name.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use shipwheel_tests::{judge, scratch, unpacked};
use tempfile::TempDir;

use crate::reading::{PERMISSIONS, Reading, of_folder, ours};

/// Python's tarfile writes a folder: the format, the tar and the folder are the arguments.
const TARFILE: &str = "import sys, tarfile
with tarfile.open(sys.argv[2], 'w', format=int(sys.argv[1])) as tar: tar.add(sys.argv[3], '.')";

/// What every format has room for, and with `long` also what needs an extended header.
fn sample(long: bool) -> TempDir {
    let folder = scratch();
    let at = |path: &str| folder.path().join(path);
    std::fs::create_dir_all(at("usr/lib/empty")).unwrap();
    for (path, mode, content) in [("usr/lib/file", 0o644, "file"), ("usr/run", 0o755, "run"), ("nothing", 0o600, "")] {
        std::fs::write(at(path), content.repeat(300)).unwrap();
        std::fs::set_permissions(at(path), PermissionsExt::from_mode(mode)).unwrap();
    }
    symlink("usr/lib", at("lib")).unwrap();
    std::fs::hard_link(at("usr/run"), at("usr/same")).unwrap();
    if long {
        let deep = format!("{0}/{0}/{0}", "d".repeat(90));
        std::fs::create_dir_all(at(&deep)).unwrap();
        std::fs::write(at(&format!("{deep}/{}", "f".repeat(200))), "deep").unwrap();
        std::fs::hard_link(at(&format!("{deep}/{}", "f".repeat(200))), at("hard")).unwrap();
        symlink("t".repeat(200), at("far")).unwrap();
        std::fs::write(at("naïve ✓"), "text").unwrap();
    }
    folder
}

fn run(command: &mut Command) {
    let output = command.env("LC_ALL", "C.UTF-8").env("PYTHONUTF8", "1").output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn written_by(program: &str, package: &str, arguments: &[&str], folder: &Path) -> Vec<u8> {
    let tar = scratch();
    let tar = tar.path().join("written.tar");
    run(Command::new(judge(program, package)).args(arguments).arg("-cf").arg(&tar).arg("-C").arg(folder).arg("."));
    std::fs::read(tar).unwrap()
}

fn check(what: &str, tar: Vec<u8>, expected: &Reading) {
    assert_eq!(ours(&[tar], PERMISSIONS).as_ref(), Ok(expected), "{what}");
}

#[test]
fn tars_of_other_programs_are_read() {
    for long in [false, true] {
        let folder = sample(long);
        // Reading a folder opens its modes.
        let expected = of_folder(sample(long).path());
        let with = |program, package, arguments: &[&str]| {
            check(
                &format!("{program} {arguments:?}"),
                written_by(program, package, arguments, folder.path()),
                &expected,
            );
        };
        for format in
            ["gnu", "oldgnu", "pax", "ustar", "v7"].iter().filter(|format| !long || !["ustar", "v7"].contains(format))
        {
            with("tar", "tar", &["--format", format]);
        }
        with("tar", "tar", &["--format=gnu", "--owner=:3000000", "--group=:4000000000"]);
        with("tar", "tar", &["--format=pax", "--owner=:3000000", "--group=:4000000000"]);
        with("tar", "tar", &["--format=pax", "--pax-option=SCHILY.xattr.user.a:=b,comment:=c"]);
        for format in
            ["pax", "gnutar", "ustar", "v7"].iter().filter(|format| !long || !["ustar", "v7"].contains(format))
        {
            with("bsdtar", "libarchive-tools", &["--format", format]);
        }
        for format in ["0", "1", "2"].iter().filter(|format| !long || **format != "0") {
            let tar = scratch();
            let tar = tar.path().join("written.tar");
            run(Command::new(judge("python3", "python3")).args(["-c", TARFILE, format]).arg(&tar).arg(folder.path()));
            check(&format!("tarfile {format}"), std::fs::read(tar).unwrap(), &expected);
        }
    }
}

#[test]
fn layers_of_umoci_are_read() {
    let (folder, expected) = (sample(true), of_folder(sample(true).path()));
    let image = scratch();
    let (layout, name) = (image.path().join("layout"), format!("{}:tars", image.path().join("layout").display()));
    let umoci = || Command::new(judge("umoci", "umoci"));
    run(umoci().args(["init", "--layout"]).arg(&layout));
    run(umoci().args(["new", "--image", &name]));
    run(umoci().args(["insert", "--rootless", "--image", &name]).arg(folder.path()).arg("/"));
    let blobs: Vec<PathBuf> =
        std::fs::read_dir(layout.join("blobs/sha256")).unwrap().map(|it| it.unwrap().path()).collect();
    let layer = blobs.iter().map(|blob| std::fs::read(blob).unwrap()).find(|blob| blob.starts_with(&[0x1f, 0x8b]));
    check("umoci", unpacked(&layer.expect("a layer")), &expected);
}

#[test]
fn the_files_of_a_deb_are_read() {
    let (folder, mut expected) = (sample(true), of_folder(sample(true).path()));
    let control = folder.path().join("DEBIAN");
    std::fs::create_dir(&control).unwrap();
    let text =
        "Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.invalid>\nDescription: x\n";
    std::fs::write(control.join("control"), text).unwrap();
    let written = scratch();
    let deb = written.path().join("sample.deb");
    run(Command::new(judge("dpkg-deb", "dpkg")).args(["--root-owner-group", "--build"]).arg(folder.path()).arg(&deb));
    let tar = Command::new(judge("dpkg-deb", "dpkg")).arg("--fsys-tarfile").arg(&deb).output().unwrap();
    expected.retain(|path, _| !path.starts_with("DEBIAN"));
    check("dpkg-deb", tar.stdout, &expected);
}

#[test]
fn sparse_files_and_parts_of_backups_are_refused_by_name() {
    let folder = scratch();
    let file = std::fs::File::create(folder.path().join("holes")).unwrap();
    file.set_len(1 << 20).unwrap();
    let snapshot = scratch();
    let incremental = format!("--listed-incremental={}", snapshot.path().join("snapshot").display());
    for (arguments, expected) in [
        (&["--sparse", "--format=gnu"][..], "`./holes` at byte 512 is a sparse file"),
        (&["--sparse", "--format=pax", "--sparse-version=0.0"], "is a sparse file"),
        (&["--sparse", "--format=pax", "--sparse-version=0.1"], "is a sparse file"),
        (&["--sparse", "--format=pax", "--sparse-version=1.0"], "is a sparse file"),
        (&["--label=backup"], "belongs to a backup of several volumes or levels"),
        (&[&incremental], "belongs to a backup of several volumes or levels"),
    ] {
        let refusal = ours(&[written_by("tar", "tar", arguments, folder.path())], PERMISSIONS);
        assert!(refusal.as_ref().is_err_and(|error| error.contains(expected)), "{arguments:?}: {refusal:?}");
    }
}
