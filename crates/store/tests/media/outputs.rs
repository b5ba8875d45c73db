//! Writing: what a medium holds afterwards, for images that were built and that were copied.

use shipwheel_oci::Reference;
use shipwheel_store::image::PushReport;
use shipwheel_store::{ErrorKind, StoreError};

use crate::setup::{Medium, Setup, blob_count, index_json, members};

#[test]
fn an_image_for_one_platform_names_it_in_index_json_however_it_got_there() {
    let setup = Setup::new();
    let image = setup.single(b"layer");
    setup.write(&setup.source(&image), Medium::Layout, "built").unwrap();
    setup.write(&setup.source(&image), Medium::OciArchive, "built.tar").unwrap();
    setup.write(&setup.source(&image), Medium::Registry, "app").unwrap();
    let pulled = setup.open(Medium::Registry, "app", None, &setup.cache).unwrap();
    setup.write(&*pulled, Medium::Layout, "pulled").unwrap();
    setup.write(&*pulled, Medium::OciArchive, "pulled.tar").unwrap();
    let built = index_json(&setup.path("built"));
    assert_eq!(built["manifests"][0]["platform"]["architecture"], "amd64");
    assert_eq!(built["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], "1");
    assert_eq!(built["manifests"][0]["annotations"]["io.containerd.image.name"], "registry.example/app:1");
    assert_eq!(index_json(&setup.path("pulled")), built);
    let [built, pulled] = ["built.tar", "pulled.tar"].map(|name| std::fs::read(setup.path(name)).unwrap());
    assert!(built == pulled, "the archives differ");
    // An index names its platforms itself.
    setup.write(&setup.source(&setup.multi()), Medium::Layout, "multi").unwrap();
    assert!(index_json(&setup.path("multi"))["manifests"][0].get("platform").is_none());
}

#[test]
fn an_image_replaces_the_one_before_and_leaves_none_of_its_blobs() {
    let setup = Setup::new();
    let folder = setup.path("layout");
    setup.write(&setup.source(&setup.multi()), Medium::Layout, "layout").unwrap();
    std::fs::write(folder.join(".shipwheel-left"), b"by a kill").unwrap();
    std::fs::write(folder.join("blobs/sha256/notes.txt"), b"of the user").unwrap();
    std::fs::write(folder.join("blobs/sha256").join("0".repeat(64)), b"of nobody knows").unwrap();
    assert_eq!(blob_count(&folder), 9);
    setup.write(&setup.source(&setup.single(b"x86")), Medium::Layout, "layout").unwrap();
    assert_eq!(blob_count(&folder), 5, "only what the index before named is removed");
    assert!(!folder.join(".shipwheel-left").exists());
    assert!(!folder.join(".shipwheel-unfinished").exists());
}

#[test]
fn a_folder_in_which_a_kill_left_nothing_but_an_unfinished_file_is_as_good_as_empty() {
    let setup = Setup::new();
    let image = setup.single(b"layer");
    for (name, is_taken) in [(".shipwheel-0123456789abcdef", true), (".shipwheel-mine", false), ("notes", false)] {
        let folder = setup.path(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(name), b"").unwrap();
        assert_eq!(setup.write(&setup.source(&image), Medium::Layout, name).is_ok(), is_taken, "{name}");
        assert_ne!(folder.join(name).exists(), is_taken, "{name}");
    }
}

#[test]
fn blobs_that_are_there_are_not_written_again() {
    let setup = Setup::new();
    let image = setup.multi();
    let first = setup.write(&setup.source(&image), Medium::Layout, "layout").unwrap();
    let blob = crate::setup::blob_path(&setup.path("layout"), &shipwheel_oci::Digest::of(b"x86"));
    let old = std::time::SystemTime::UNIX_EPOCH;
    std::fs::File::options().write(true).open(&blob).unwrap().set_modified(old).unwrap();
    let second = setup.write(&setup.source(&image), Medium::Layout, "layout").unwrap();
    assert_eq!((second.sent, second.skipped), (0, first.sent));
    assert_eq!(std::fs::metadata(&blob).unwrap().modified().unwrap(), old);
}

#[test]
fn folders_of_others_are_not_changed() {
    let setup = Setup::new();
    std::fs::create_dir(setup.path("home")).unwrap();
    std::fs::write(setup.path("home").join("thesis.txt"), b"").unwrap();
    setup.write(&setup.source(&setup.single(b"layer")), Medium::Layout, "foreign").unwrap();
    let index = setup.path("foreign").join("index.json");
    let text = std::fs::read_to_string(&index).unwrap().replace("shipwheel.layout", "other.tool");
    std::fs::write(&index, text).unwrap();
    std::fs::write(setup.path("file"), b"").unwrap();
    for (name, occupied) in [("home", true), ("foreign", true), ("file", false)] {
        let error = setup.write(&setup.source(&setup.single(b"layer")), Medium::Layout, name).unwrap_err();
        assert_eq!(
            (matches!(error, StoreError::Occupied { .. }), error.kind()),
            (occupied, ErrorKind::Output),
            "{error}"
        );
    }
}

#[test]
fn an_archive_is_the_same_bytes_wherever_it_is_made() {
    for (medium, image) in [(Medium::OciArchive, true), (Medium::OciArchive, false), (Medium::DockerArchive, false)] {
        let archives = [1, 2].map(|_| {
            let setup = Setup::new();
            let image = if image { setup.multi() } else { setup.single(b"layer") };
            setup.write(&setup.source(&image), medium, "image.tar").unwrap();
            std::fs::read(setup.path("image.tar")).unwrap()
        });
        assert!(archives[0] == archives[1], "{medium:?}");
        let mut archive = tar::Archive::new(&archives[0][..]);
        let headers: Vec<_> = archive.entries().unwrap().map(|entry| entry.unwrap().header().clone()).collect();
        assert!(headers.iter().all(|header| header.mtime().unwrap() == 0 && header.uid().unwrap() == 0), "{medium:?}");
    }
}

#[test]
fn an_archive_holds_layers_then_configs_then_documents_in_the_order_of_the_image() {
    let setup = Setup::new();
    let image = setup.multi();
    setup.write(&setup.source(&image), Medium::OciArchive, "image.tar").unwrap();
    let bytes = std::fs::read(setup.path("image.tar")).unwrap();
    let names: Vec<String> = tar::Archive::new(&bytes[..])
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .filter(|name| name.len() > 20)
        .collect();
    let images = image.images();
    let layers = images.iter().map(|image| image.manifest.layers()[0].digest);
    let configs = images.iter().map(|image| image.manifest.config().digest);
    let manifests = images.iter().map(|image| image.manifest.descriptor().digest);
    let expected = layers.chain(configs).chain(manifests).chain([image.root().digest]);
    assert_eq!(names, expected.map(|digest| format!("blobs/sha256/{}", digest.hex())).collect::<Vec<_>>());
}

#[test]
fn a_docker_archive_names_its_parts_and_holds_one_platform() {
    let setup = Setup::new();
    let image = setup.single(b"layer");
    setup.write(&setup.source(&image), Medium::DockerArchive, "image.tar").unwrap();
    let entries = members(&setup.path("image.tar"));
    let manifest: serde_json::Value = serde_json::from_slice(&entries["manifest.json"]).unwrap();
    assert_eq!(manifest[0]["RepoTags"][0], "registry.example/app:1");
    assert_eq!(entries[manifest[0]["Config"].as_str().unwrap()], image.images()[0].config);
    assert_eq!(entries[manifest[0]["Layers"][0].as_str().unwrap()], b"layer");
    let error = setup.write(&setup.source(&setup.multi()), Medium::DockerArchive, "multi.tar").unwrap_err();
    assert!(matches!(error, StoreError::OnePlatformOnly { count: 2 }) && error.hint().is_some(), "{error}");
    assert!(!setup.path("multi.tar").exists());
    // An index over one platform is an image for one platform.
    setup.write(&setup.source(&setup.nested(1)), Medium::DockerArchive, "nested.tar").unwrap();
}

#[test]
fn a_layer_of_the_base_is_fetched_only_for_a_destination_that_lacks_it() {
    let setup = Setup::new();
    setup.write(&setup.source(&setup.single(b"base layer")), Medium::Registry, "base").unwrap();
    let base: Reference = format!("{}/base:1", setup.server.address()).parse().unwrap();
    let mut image = setup.platform_image(shipwheel_oci::Platform::linux_amd64(), b"base layer");
    image.origin = Some(base);
    let image = shipwheel_store::StoredImage::single(image);
    let blob = setup.cache.require_blob(&shipwheel_oci::Digest::of(b"base layer")).unwrap();
    std::fs::remove_file(blob).unwrap();
    let before = setup.server.lines().len();
    let report = setup.write(&setup.source(&image), Medium::Registry, "app").unwrap();
    assert_eq!(report.mounted, 10, "the registry takes it from the base's repository: {report:?}");
    let lines = setup.server.lines().split_off(before);
    assert!(!lines.iter().any(|line| line.starts_with("GET") && line.contains("/blobs/")), "{lines:?}");
    let report = setup.write(&setup.source(&image), Medium::Layout, "layout").unwrap();
    assert!(report.sent > 0 && report != PushReport::default());
    assert!(setup.server.lines().iter().any(|line| line.starts_with("GET") && line.contains("/blobs/")));
}

#[test]
fn a_layer_of_a_base_in_another_registry_is_fetched_and_not_mounted() {
    let (setup, other) = (Setup::new(), Setup::new());
    other.write(&other.source(&other.single(b"base layer")), Medium::Registry, "base").unwrap();
    let mut image = setup.platform_image(shipwheel_oci::Platform::linux_amd64(), b"base layer");
    image.origin = Some(format!("{}/base:1", other.server.address()).parse().unwrap());
    let image = shipwheel_store::StoredImage::single(image);
    let digest = shipwheel_oci::Digest::of(b"base layer");
    std::fs::remove_file(setup.cache.require_blob(&digest).unwrap()).unwrap();
    let report = setup.write(&setup.source(&image), Medium::Registry, "app").unwrap();
    assert_eq!((report.mounted, report.skipped), (0, 0));
    assert_eq!(setup.server.contents().blob(&digest.to_string()), Some(&b"base layer"[..]));
}

#[test]
fn an_image_is_complete_in_a_registry_before_its_tag_is_there() {
    let setup = Setup::new();
    let image = setup.multi();
    let report = setup.write(&setup.source(&image), Medium::Registry, "app").unwrap();
    let configs: u64 = image.images().iter().map(|image| image.config.len() as u64).sum();
    assert_eq!(report, PushReport { sent: configs + 6, mounted: 0, skipped: 0, documents: 3 });
    let puts: Vec<String> = setup.server.lines().into_iter().filter(|line| line.starts_with("PUT")).collect();
    let tails: Vec<&str> = puts.iter().rev().map(|line| line.rsplit('/').next().unwrap_or_default()).collect();
    assert_eq!(tails[..2], ["1", &image.root().digest.to_string()]);
    assert!(puts[..4].iter().all(|line| line.contains("/uploads/")), "blobs come first: {puts:?}");
    assert_eq!(puts.len(), 4 + 2 + 2);
    let again = setup.write(&setup.source(&image), Medium::Registry, "app").unwrap();
    assert_eq!(again, PushReport { skipped: report.sent, ..PushReport::default() });
    assert_eq!(setup.server.lines().iter().filter(|line| line.starts_with("PUT")).count(), puts.len());
}

#[test]
fn a_pull_checks_blobs_that_an_earlier_run_left_in_the_cache() {
    let setup = Setup::new();
    setup.write(&setup.source(&setup.single(b"layer")), Medium::Registry, "app").unwrap();
    let blob = setup.cache.require_blob(&shipwheel_oci::Digest::of(b"layer")).unwrap();
    let pulled = setup.open(Medium::Registry, "app", None, &setup.cache).unwrap();
    for (medium, name) in
        [(Medium::Layout, "layout"), (Medium::OciArchive, "oci.tar"), (Medium::DockerArchive, "docker.tar")]
    {
        std::fs::remove_file(&blob).unwrap();
        std::fs::write(&blob, b"lay3r").unwrap();
        let error = setup.write(&*pulled, medium, name).unwrap_err();
        assert!(matches!(error, StoreError::Digest { .. }), "{medium:?}: {error}");
        setup.write(&*pulled, medium, name).expect("the next run fetches it anew");
    }
}
