//! The other outputs, and a second implementation that reads and writes them.

use std::path::Path;

use ocipkg::image::{Image, ImageBuilder, OciArchive, OciDir, OciDirBuilder};
use shipwheel_tests::{Definition, Layout, Shipwheel, judge, scratch};
use xshell::{Shell, cmd};

/// Builds variosync only for amd64, into this output; gives what `--json` said.
fn amd64(output: &str) -> serde_json::Value {
    let arguments = ["--platform", "linux/amd64", "--tag", "1.0.0", "--json", "--output", output];
    Shipwheel::new().image(&arguments).succeeded().json()
}

#[test]
fn ocipkg_reads_our_single_platform_folder_and_archive() {
    let folder = scratch();
    let (layout, archive) = (folder.path().join("layout"), folder.path().join("image.tar"));
    let report = amd64(&format!("oci:{}", layout.display()));
    amd64(&format!("oci-archive:{}", archive.display()));
    let expected = report["platforms"][0]["layers"].as_array().unwrap().len();
    let mut from_folder = OciDir::new(&layout).unwrap();
    let mut from_archive = OciArchive::new(&archive).unwrap();
    let manifest = from_folder.get_manifest().unwrap();
    assert_eq!(manifest, from_archive.get_manifest().unwrap());
    assert_eq!(manifest.layers().len(), expected);
    for layer in manifest.layers() {
        let blob = from_archive.get_blob(layer.digest()).unwrap();
        assert_eq!(shipwheel_oci::Digest::of(&blob).to_string(), layer.digest().to_string());
    }
}

#[test]
fn a_layout_written_by_ocipkg_serves_as_a_base() {
    let folder = scratch();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    amd64(&format!("oci:{}", ours.display()));
    rewrite(&ours, &theirs);
    let definition = Definition::over_layout(&theirs);
    let output = format!("oci:{}", definition.output().display());
    Shipwheel::new().image(&[&definition.argument(), "--platform", "linux/amd64", "--output", &output]).succeeded();
    let (base, built) = (OciDir::new(&theirs).unwrap().get_manifest().unwrap(), Layout::new(&definition.output()));
    let layers = OciDir::new(built.path()).unwrap().get_manifest().unwrap().layers().clone();
    assert_eq!(layers[..base.layers().len()], base.layers()[..], "the base's layers, byte for byte, come first");
    assert!(layers.len() > base.layers().len(), "and the application on top");
}

/// Reads an image with ocipkg and writes it again with ocipkg.
fn rewrite(from: &Path, to: &Path) {
    let mut source = OciDir::new(from).unwrap();
    let manifest = source.get_manifest().unwrap();
    let mut target = OciDirBuilder::new_unnamed(to.to_path_buf()).unwrap();
    for descriptor in manifest.layers().iter().chain([manifest.config()]) {
        target.add_blob(&source.get_blob(descriptor.digest()).unwrap()).unwrap();
    }
    target.build(manifest).unwrap();
}

#[test]
fn skopeo_reads_both_kinds_of_archive() {
    let (folder, shell, skopeo) = (scratch(), Shell::new().unwrap(), judge("skopeo", "skopeo"));
    for kind in ["oci-archive", "docker-archive"] {
        let output = format!("{kind}:{}", folder.path().join(format!("{kind}.tar")).display());
        amd64(&output);
        let target = format!("dir:{}", folder.path().join(kind).display());
        cmd!(shell, "{skopeo} copy --quiet {output} {target}").quiet().run().unwrap();
    }
}
