//! Images of single platforms under one new index, from every medium into every other.

use std::collections::BTreeMap;

use shipwheel_oci::{Descriptor, DiffId, ImageConfig, Index, Manifest, Platform, media_type};
use shipwheel_store::{
    ImageSource, JoinError, JoinedSource, NoProgress, PlatformImage, StoreError, StoredImage, StoredSource,
};

use crate::setup::{Medium, Setup, entry};

/// Media that keep a manifest as it is; a docker-archive holds none.
const KEEPING: [Medium; 3] = [Medium::Registry, Medium::Layout, Medium::OciArchive];

fn annotations(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An image as a build makes it: its manifest says what its index says, and which base it has.
fn annotated(setup: &Setup, platform: Platform, pairs: &[(&str, &str)]) -> PlatformImage {
    let layer = platform.to_string().into_bytes();
    let plain = setup.platform_image(platform.clone(), &layer);
    let mut all = annotations(pairs);
    all.insert("org.opencontainers.image.base.digest".to_owned(), platform.to_string());
    let manifest = Manifest::assemble(plain.manifest.config().clone(), plain.manifest.layers().to_vec(), &all);
    PlatformImage { manifest, ..plain }
}

const CREATED: (&str, &str) = ("org.opencontainers.image.created", "1970-01-01T00:00:00Z");

/// Joins images that were written to media under these names.
fn join<'a>(setup: &'a Setup, from: &[(Medium, &str)]) -> Result<JoinedSource<'a>, StoreError> {
    let sources = from.iter().map(|(medium, name)| setup.open(*medium, name, None, &setup.cache));
    JoinedSource::join(sources.collect::<Result<_, _>>()?, &setup.cache)
}

#[test]
fn the_parts_make_the_index_that_one_machine_makes_in_any_order_and_medium() {
    let setup = Setup::new();
    let images = [Platform::linux_amd64(), Platform::linux_arm64()].map(|p| annotated(&setup, p, &[CREATED]));
    let index = Index::assemble(images.iter().map(entry).collect(), &annotations(&[CREATED]));
    for (number, medium) in KEEPING.into_iter().enumerate() {
        let names = images.clone().map(|image| {
            let name = format!("{}-{number}", image.platform.architecture);
            setup.write(&setup.source(&StoredImage::single(image)), medium, &name).unwrap();
            name
        });
        let mut from = names.each_ref().map(|name| (medium, name.as_str()));
        for _ in 0..2 {
            from.reverse();
            let joined = join(&setup, &from).unwrap();
            assert_eq!(joined.root().unwrap(), *index.descriptor(), "{medium:?}");
            assert_eq!(joined.document(index.descriptor()).unwrap(), index.raw());
        }
        for (other, target) in KEEPING.into_iter().enumerate() {
            let name = format!("joined-{number}-{other}");
            setup.write(&join(&setup, &from).unwrap(), target, &name).unwrap();
            let (_folder, cache) = setup.other_cache();
            let back = setup.open(target, &name, None, &cache).unwrap();
            assert_eq!(back.root().unwrap().digest, index.descriptor().digest, "{medium:?} to {target:?}");
            for image in &images {
                let read = PlatformImage::of(&*back, &image.platform, &cache).unwrap();
                assert_eq!(read.manifest.raw(), image.manifest.raw());
                back.import(&read.manifest.layers()[0], &cache).unwrap();
            }
        }
    }
}

#[test]
fn indexes_are_joined_like_manifests() {
    let setup = Setup::new();
    let images = [Platform::linux_amd64(), Platform::linux_arm64()].map(|p| annotated(&setup, p, &[CREATED]));
    let index = Index::assemble(images.iter().map(entry).collect(), &annotations(&[CREATED]));
    let [amd64, arm64] = images;
    let single = Index::assemble(vec![entry(&amd64)], &annotations(&[CREATED]));
    setup.write(&setup.source(&StoredImage::with_index(single, vec![amd64])), Medium::Layout, "amd64").unwrap();
    setup.write(&setup.source(&StoredImage::single(arm64)), Medium::OciArchive, "arm64").unwrap();
    let joined = join(&setup, &[(Medium::Layout, "amd64"), (Medium::OciArchive, "arm64")]).unwrap();
    assert_eq!(joined.root().unwrap(), *index.descriptor());
}

#[test]
fn a_registry_that_has_the_parts_gets_the_index_alone() {
    let setup = Setup::new();
    let images = [Platform::linux_amd64(), Platform::linux_arm64()].map(|p| annotated(&setup, p, &[]));
    let names = images.map(|image| {
        let name = image.platform.architecture.clone();
        setup.write(&setup.source(&StoredImage::single(image)), Medium::Registry, &name).unwrap();
        name
    });
    let from = names.each_ref().map(|name| (Medium::Registry, name.as_str()));
    let first = setup.write(&join(&setup, &from).unwrap(), Medium::Registry, "joined").unwrap();
    assert_eq!((first.sent, first.documents), (0, 3), "another repository mounts all blobs");
    let again = setup.write(&join(&setup, &from).unwrap(), Medium::Registry, "joined").unwrap();
    assert_eq!((again.sent, again.mounted, again.documents), (0, 0, 0));
}

#[test]
fn images_that_do_not_fit_together_are_refused_with_their_names() {
    let setup = Setup::new();
    let write = |name: &str, image: PlatformImage| {
        setup.write(&setup.source(&StoredImage::single(image)), Medium::Layout, name).unwrap();
    };
    let (amd64, arm64) = (Platform::linux_amd64(), Platform::linux_arm64());
    write("amd64", annotated(&setup, amd64.clone(), &[CREATED]));
    write("again", annotated(&setup, amd64.clone(), &[CREATED, ("a", "1")]));
    write("late", annotated(&setup, arm64.clone(), &[("org.opencontainers.image.created", "2026-01-01T00:00:00Z")]));
    write("titled", annotated(&setup, arm64.clone(), &[CREATED, ("title", "x")]));
    // An index that says arm64 of an image for amd64.
    let image = annotated(&setup, amd64.clone(), &[CREATED]);
    let wrong = Descriptor { platform: Some(arm64.clone()), ..entry(&image) };
    let index = Index::assemble(vec![wrong], &annotations(&[CREATED]));
    setup.write(&setup.source(&StoredImage::with_index(index, vec![image])), Medium::Layout, "wrong").unwrap();
    for (names, expected) in [
        (vec!["amd64"], "an index joins at least two platforms, and all images together have 1"),
        (vec!["amd64", "again"], "linux/amd64 is in FOLDER/amd64 and in FOLDER/again"),
        (
            vec!["amd64", "late"],
            "`org.opencontainers.image.created` is `1970-01-01T00:00:00Z` in FOLDER/amd64 and `2026-01-01T00:00:00Z` in \
             FOLDER/late",
        ),
        (vec!["amd64", "titled"], "`title` is missing in FOLDER/amd64 and `x` in FOLDER/titled"),
        (vec!["amd64", "wrong"], "FOLDER/wrong lists a manifest for linux/arm64, and its config says linux/amd64"),
    ] {
        let from: Vec<_> = names.iter().map(|name| (Medium::Layout, *name)).collect();
        let error = join(&setup, &from).err().unwrap_or_else(|| panic!("{names:?} were joined"));
        assert!(matches!(error, StoreError::Join(_)) && error.hint().is_some(), "{error:?}");
        let folder = setup.folder.path().display().to_string();
        assert_eq!(error.to_string().replace(&folder, "FOLDER"), expected);
    }
}

#[test]
fn a_missing_manifest_or_config_is_an_error_before_anything_is_written() {
    let setup = Setup::new();
    let image = annotated(&setup, Platform::linux_amd64(), &[]);
    setup.write(&setup.source(&StoredImage::single(image)), Medium::Layout, "amd64").unwrap();
    for gone in ["manifest", "config"] {
        let mut config = ImageConfig::empty(&Platform::linux_arm64());
        config.push_layer(DiffId::of(gone.as_bytes()), "1970-01-01T00:00:00Z", "the test");
        let config = config.to_json();
        let manifest = Manifest::assemble(Descriptor::of(media_type::CONFIG, &config), Vec::new(), &BTreeMap::new());
        let platform = Platform::linux_arm64();
        let missing = if gone == "config" { manifest.config() } else { manifest.descriptor() }.digest;
        let image = PlatformImage { platform, manifest, config, origin: None };
        let index = Index::assemble(vec![entry(&image)], &BTreeMap::new());
        let stored = StoredImage::with_index(index, vec![image]);
        let source = StoredSource::new(&stored, &setup.cache, &setup.registry, &NoProgress).unwrap();
        setup.write(&source, Medium::Layout, gone).unwrap();
        std::fs::remove_file(crate::setup::blob_path(&setup.path(gone), &missing)).unwrap();
        let (_folder, cache) = setup.other_cache();
        let sources = ["amd64", gone].map(|name| setup.open(Medium::Layout, name, None, &cache).unwrap());
        let error = JoinedSource::join(sources.into(), &cache).err().expect("a blob is missing");
        assert!(matches!(error, StoreError::Missing { digest, .. } if digest == missing), "{gone}: {error:?}");
    }
    assert!(JoinError::TooFew { count: 1 }.hint().contains("--from"));
}
