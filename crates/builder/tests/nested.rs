//! `verify` follows indexes as far as every other command does.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on stops loudly, also in its helpers"
)]

use std::collections::BTreeMap;

use shipwheel_builder::{FindingKind, Report, Sandbox, VerifyOptions, verify};
use shipwheel_oci::{Descriptor, DiffId, ImageConfig, Index, Manifest, Platform, media_type};
use shipwheel_store::{Cache, LocalImage};

struct Silent;

impl Report for Silent {
    fn step(&self, _: &str) {}

    fn warning(&self, _: &str) {}
}

#[test]
fn an_image_below_four_indexes_is_verified_and_one_below_five_is_a_finding() {
    for (indexes, platforms) in [(4, 1), (5, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let blobs = folder.path().join("blobs/sha256");
        std::fs::create_dir_all(&blobs).unwrap();
        let add = |bytes: &[u8]| std::fs::write(blobs.join(shipwheel_oci::Digest::of(bytes).hex()), bytes).unwrap();
        let tar = vec![0; 1024];
        let mut config = ImageConfig::empty(&Platform::linux_amd64());
        config.push_layer(DiffId::of(&tar), "1970-01-01T00:00:00Z", "the test");
        let config = config.to_json();
        let layers = vec![Descriptor::of(media_type::LAYER, &tar)];
        let manifest = Manifest::assemble(Descriptor::of(media_type::CONFIG, &config), layers, &BTreeMap::new());
        [&tar[..], &config, manifest.raw()].into_iter().for_each(add);
        let mut below = manifest.descriptor().clone();
        for _ in 0..indexes {
            let index = Index::assemble(vec![below], &BTreeMap::new());
            add(index.raw());
            below = index.descriptor().clone();
        }
        let top = Index::assemble(vec![below], &BTreeMap::new());
        std::fs::write(folder.path().join("index.json"), top.raw()).unwrap();

        let source = folder.path().display().to_string().parse::<LocalImage>().unwrap().open().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let options = VerifyOptions {
            sandbox: Sandbox::new("shipwheel".into(), false),
            cache: &cache,
            report: &Silent,
            jobs: 1,
            platforms: Vec::new(),
            rebuild: false,
        };
        let report = verify(&*source, &options).unwrap();
        assert_eq!(report.platforms.len(), platforms, "{indexes} indexes");
        let is_too_deep = report.findings.iter().any(|finding| finding.kind == FindingKind::Document);
        assert_eq!(is_too_deep, platforms == 0, "{indexes} indexes: {:?}", report.findings);
    }
}
