//! Reading: the same rules for every medium.

use std::collections::BTreeMap;

use shipwheel_oci::{Descriptor, Digest, ImageConfig, Index, Manifest, Platform, media_type};
use shipwheel_store::image::ImageGraph;
use shipwheel_store::limits::MAX_CONFIG;
use shipwheel_store::{ErrorKind, PlatformImage, StoreError, StoredImage};

use crate::setup::{ALL, Medium, Setup, blob_path, index_json, local, members, tar_of};

#[test]
fn an_image_on_any_medium_reads_back_for_every_platform() {
    let setup = Setup::new();
    for (name, image) in [("single", setup.single(b"layer")), ("multi", setup.multi())] {
        for medium in ALL {
            if medium == Medium::DockerArchive && name == "multi" {
                continue;
            }
            let file = format!("{name}-{medium:?}").to_lowercase();
            setup.write(&setup.source(&image), medium, &file).unwrap();
            for expected in image.images() {
                let (_folder, cache) = setup.other_cache();
                let tags: &[Option<&str>] = if medium == Medium::Registry { &[None] } else { &[None, Some("1")] };
                for tag in tags {
                    let source = setup.open(medium, &file, *tag, &cache).unwrap();
                    let found = PlatformImage::of(&*source, &expected.platform, &cache).unwrap();
                    assert_eq!(found.config, expected.config, "{file}");
                    assert_eq!(found.manifest.raw(), expected.manifest.raw(), "{file}");
                    let is_local = found.manifest.layers().iter().all(|layer| cache.has(layer));
                    assert_eq!(is_local, medium != Medium::Registry, "{file}: a registry keeps the layers");
                }
            }
            if medium != Medium::Registry {
                let error = local(&setup.path(&file), Some("2")).err().unwrap();
                assert!(matches!(error, StoreError::NoTag { .. }), "{error}");
            }
        }
    }
}

#[test]
fn one_of_several_images_is_never_taken_without_its_tag() {
    let setup = Setup::new();
    // Two images in one layout, the first of which a platform would be found in.
    let (one, two) = (setup.single(b"one"), setup.single(b"two"));
    setup.write(&setup.source(&one), Medium::Layout, "one").unwrap();
    setup.write(&setup.source(&two), Medium::Layout, "two").unwrap();
    let folder = setup.path("one");
    for blob in std::fs::read_dir(setup.path("two").join("blobs/sha256")).unwrap().flatten() {
        std::fs::copy(blob.path(), folder.join("blobs/sha256").join(blob.file_name())).unwrap();
    }
    let mut index = index_json(&folder);
    let mut other = index_json(&setup.path("two"))["manifests"][0].clone();
    other["annotations"]["org.opencontainers.image.ref.name"] = "2".into();
    index["manifests"].as_array_mut().unwrap().push(other);
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
    // The same as an archive.
    let mut files = BTreeMap::from([("index.json".to_owned(), index.to_string().into_bytes())]);
    for blob in std::fs::read_dir(folder.join("blobs/sha256")).unwrap().flatten() {
        let name = format!("blobs/sha256/{}", blob.file_name().display());
        files.insert(name, std::fs::read(blob.path()).unwrap());
    }
    std::fs::write(setup.path("both.tar"), tar_of(&files)).unwrap();

    for name in ["one", "both.tar"] {
        let error = local(&setup.path(name), None).err().unwrap();
        assert!(error.to_string().ends_with("contains 2 images; found 1, 2"), "{error}");
        assert!(error.hint().unwrap().contains("oci:FOLDER:TAG"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Configuration);
        for (tag, image) in [("1", &one), ("2", &two)] {
            let source = local(&setup.path(name), Some(tag)).unwrap();
            let found = PlatformImage::of(&*source, &Platform::linux_amd64(), &setup.cache).unwrap();
            assert_eq!(found.manifest.descriptor().digest, image.root().digest, "{name}:{tag}");
        }
    }
}

#[test]
fn indexes_are_followed_to_one_depth_in_every_medium_and_for_every_use() {
    let setup = Setup::new();
    for (indexes, is_read) in [(1, true), (4, true), (5, false)] {
        let image = setup.nested(indexes);
        for medium in [Medium::Registry, Medium::Layout, Medium::OciArchive] {
            let name = format!("{medium:?}-{indexes}").to_lowercase();
            let written = setup.write(&setup.source(&image), medium, &name);
            assert_eq!(written.is_ok(), is_read, "{name}: copied");
            if let Err(error) = &written {
                assert!(matches!(error, StoreError::TooDeep { limit: 4, .. }), "{name}");
                continue;
            }
            let (_folder, cache) = setup.other_cache();
            let source = setup.open(medium, &name, None, &cache).unwrap();
            let found = PlatformImage::of(&*source, &Platform::linux_amd64(), &cache).unwrap();
            assert_eq!(found.config, image.images()[0].config, "{name}: as a base");
            let graph = ImageGraph::read(&*source, &source.root().unwrap()).unwrap();
            assert_eq!((graph.documents().len(), graph.manifests().count()), (indexes + 1, 1), "{name}: verified");
        }
    }
    // What was too deep to be written is too deep to be read.
    let image = setup.nested(5);
    let source = setup.source(&image);
    let error = PlatformImage::of(&source, &Platform::linux_amd64(), &setup.cache).unwrap_err();
    assert!(matches!(error, StoreError::TooDeep { .. }), "{error}");
}

#[test]
fn a_config_may_be_as_long_from_every_medium() {
    let setup = Setup::new();
    for (size, is_read) in [(6 << 20, true), (MAX_CONFIG as usize + 1, false)] {
        let mut image = setup.platform_image(Platform::linux_amd64(), b"layer");
        image.config.splice(1..1, format!("\"x-padding\":\"{}\",", "x".repeat(size)).into_bytes());
        let descriptor = Descriptor::of(media_type::CONFIG, &image.config);
        image.manifest = Manifest::assemble(descriptor, image.manifest.layers().to_vec(), &BTreeMap::new());
        let image = StoredImage::single(image);
        for medium in ALL {
            let name = format!("{medium:?}-{size}").to_lowercase();
            setup.write(&setup.source(&image), medium, &name).unwrap();
            let (_folder, cache) = setup.other_cache();
            let found = setup
                .open(medium, &name, None, &cache)
                .and_then(|source| PlatformImage::of(&*source, &Platform::linux_amd64(), &cache));
            match found {
                Ok(found) => assert!(is_read && found.config == image.images()[0].config, "{name}"),
                Err(error) => {
                    assert!(
                        !is_read && matches!(error, StoreError::TooLarge { limit: MAX_CONFIG, .. }),
                        "{name}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn only_the_manifest_of_the_platform_is_fetched_and_what_is_pinned_only_once() {
    let setup = Setup::new();
    let image = setup.multi();
    setup.write(&setup.source(&image), Medium::Registry, "app").unwrap();
    let (_folder, cache) = setup.other_cache();
    let before = setup.server.lines().len();
    let source = setup.open(Medium::Registry, "app", None, &cache).unwrap();
    PlatformImage::of(&*source, &Platform::linux_arm64(), &cache).unwrap();
    let lines = setup.server.lines().split_off(before);
    assert_eq!(lines.len(), 3, "index, manifest and config: {lines:?}");
    let root = image.root().digest;
    let pinned = format!("{}/app@{root}", setup.server.address()).parse().unwrap();
    let pinned = shipwheel_store::RegistrySource::new(&setup.registry, pinned, &cache, &shipwheel_store::NoProgress);
    PlatformImage::of(&pinned, &Platform::linux_arm64(), &cache).unwrap();
    assert_eq!(setup.server.lines().len(), before + 3, "what is pinned and cached needs no network");
}

#[test]
fn a_platform_that_is_missing_is_an_error_that_lists_the_others() {
    let setup = Setup::new();
    let image = setup.single(b"layer");
    for medium in ALL {
        let name = format!("{medium:?}").to_lowercase();
        setup.write(&setup.source(&image), medium, &name).unwrap();
        let source = setup.open(medium, &name, None, &setup.cache).unwrap();
        let error = PlatformImage::of(&*source, &Platform::linux_arm64(), &setup.cache).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("no linux/arm64 in ") && text.ends_with("; found linux/amd64"), "{text}");
    }
}

#[test]
fn layouts_without_platforms_are_read_by_their_configs() {
    let setup = Setup::new();
    setup.write(&setup.source(&setup.single(b"layer")), Medium::Layout, "layout").unwrap();
    let folder = setup.path("layout");
    let mut index = index_json(&folder);
    index["manifests"][0].as_object_mut().unwrap().remove("platform");
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
    std::fs::remove_file(folder.join("oci-layout")).unwrap();
    let source = local(&folder, None).unwrap();
    PlatformImage::of(&*source, &Platform::linux_amd64(), &setup.cache).unwrap();
    let error = PlatformImage::of(&*source, &Platform::linux_arm64(), &setup.cache).unwrap_err();
    assert!(error.to_string().contains("found linux/amd64"), "{error}");
}

#[test]
fn a_blob_that_was_changed_is_not_accepted() {
    let setup = Setup::new();
    let image = setup.single(b"layer");
    setup.write(&setup.source(&image), Medium::Layout, "layout").unwrap();
    let folder = setup.path("layout");
    let read = || {
        let (_folder, cache) = setup.other_cache();
        PlatformImage::of(&*local(&folder, None)?, &Platform::linux_amd64(), &cache).map(|_| ())
    };
    for digest in [image.root().digest, image.images()[0].manifest.config().digest, Digest::of(b"layer")] {
        let path = blob_path(&folder, &digest);
        let good = std::fs::read(&path).unwrap();
        let mut changed = good.clone();
        changed[0] ^= 1;
        for bad in [changed, good[1..].to_vec(), [&good[..], b"more"].concat()] {
            std::fs::write(&path, &bad).unwrap();
            let error = read().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(read().unwrap_err(), StoreError::Missing { .. }));
        std::fs::write(&path, &good).unwrap();
    }
    read().unwrap();
}

#[test]
fn a_docker_archive_of_docker_25_is_read_as_the_oci_archive_that_it_is() {
    let setup = Setup::new();
    let image = setup.multi();
    setup.write(&setup.source(&image), Medium::OciArchive, "oci.tar").unwrap();
    let mut files = members(&setup.path("oci.tar"));
    files.insert("manifest.json".to_owned(), br#"[{"Config":"x","RepoTags":["app:1"],"Layers":[]}]"#.to_vec());
    std::fs::write(setup.path("both.tar"), tar_of(&files)).unwrap();
    for kind in ["", "oci-archive:", "docker-archive:"] {
        let text = format!("{kind}{}", setup.path("both.tar").display());
        let source = text.parse::<shipwheel_store::LocalImage>().unwrap().open().unwrap();
        assert_eq!(source.root().unwrap().digest, image.root().digest, "{text}");
    }
}

#[test]
fn a_docker_archive_of_older_versions_has_its_layers_behind_links() {
    let setup = Setup::new();
    let layer = b"not compressed".to_vec();
    let mut config = ImageConfig::empty(&Platform::linux_amd64());
    for _ in 0..2 {
        config.push_layer(shipwheel_oci::DiffId::of(&layer), "1970-01-01T00:00:00Z", "the test");
    }
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    add("a/layer.tar", &layer);
    add("config.json", &config.to_json());
    let manifest = r#"[{"Config":"config.json","RepoTags":["app:1","app:2"],"Layers":["a/layer.tar","b/layer.tar"]}]"#;
    add("manifest.json", manifest.as_bytes());
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "b/layer.tar", "../a/layer.tar").unwrap();
    std::fs::write(setup.path("old.tar"), builder.into_inner().unwrap()).unwrap();
    let source = local(&setup.path("old.tar"), Some("2")).unwrap();
    let image = PlatformImage::of(&*source, &Platform::linux_amd64(), &setup.cache).unwrap();
    assert_eq!(image.config, config.to_json());
    assert_eq!(image.manifest.layers(), vec![Descriptor::of(media_type::LAYER, &layer); 2]);
    setup.write(&*source, Medium::Layout, "layout").unwrap();
}

#[test]
fn a_nameless_index_json_of_platforms_is_one_image() {
    let setup = Setup::new();
    let image = setup.multi();
    setup.write(&setup.source(&image), Medium::Layout, "layout").unwrap();
    let folder = setup.path("layout");
    let index = std::fs::read(blob_path(&folder, &image.root().digest)).unwrap();
    assert_eq!(Index::parse(index.clone()).unwrap().entries().len(), 2);
    std::fs::write(folder.join("index.json"), index).unwrap();
    let source = local(&folder, None).unwrap();
    for expected in image.images() {
        let found = PlatformImage::of(&*source, &expected.platform, &setup.cache).unwrap();
        assert_eq!(found.config, expected.config);
    }
}
