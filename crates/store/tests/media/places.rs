//! Output folders with links, leftovers and other writers in them: nothing outside is written or removed, and a reader
//! finds a whole image at any time.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use shipwheel_oci::Digest;
use shipwheel_store::image::ImageGraph;
use shipwheel_store::layout::LayoutSource;
use shipwheel_store::{ErrorKind, ImageSource as _, PlaceError, StoreError};

use crate::setup::{Medium, Setup, blob_count, blob_path};

/// A folder of the user's, with files whose names are a layout's, too.
fn home(setup: &Setup) -> PathBuf {
    let home = setup.path("home");
    std::fs::create_dir_all(home.join("sha256")).unwrap();
    let hex = "a".repeat(64);
    for name in ["thesis", "index.json", "oci-layout", ".shipwheel-unfinished", ".shipwheel-left", &hex] {
        std::fs::write(home.join(name), format!("{hex}\n")).unwrap();
        std::fs::write(home.join("sha256").join(name), format!("{hex}\n")).unwrap();
    }
    home
}

fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => all.extend(content(&path)),
            path => drop(all.insert(path.clone(), std::fs::read(&path).unwrap())),
        }
    }
    all
}

/// Whether the folder holds an image with everything that belongs to it.
fn is_whole(folder: &Path) -> bool {
    let Ok(source) = LayoutSource::open(folder, None) else { return false };
    let graph = ImageGraph::read(&source, &source.root().unwrap());
    let has =
        |digest: &Digest| std::fs::read(blob_path(folder, digest)).is_ok_and(|bytes| Digest::of(&bytes) == *digest);
    graph
        .is_ok_and(|graph| graph.documents().iter().flat_map(|document| document.blobs()).all(|blob| has(&blob.digest)))
}

#[test]
fn a_blob_that_somebody_planted_is_written_anew() {
    let setup = Setup::new();
    let folder = setup.path("layout");
    let write = || setup.write(&setup.source(&setup.multi()), Medium::Layout, "layout").unwrap();
    write();
    let blobs = content(&folder.join("blobs"));
    for (path, bytes) in &blobs {
        let mut planted = bytes.clone();
        planted[0] ^= 1;
        std::fs::remove_file(path).unwrap();
        std::fs::write(path, planted).unwrap();
    }
    assert!(LayoutSource::open(&folder, None).is_ok(), "its index is as it was");
    write();
    assert_eq!(content(&folder.join("blobs")), blobs);
    assert!(is_whole(&folder));
}

#[test]
fn links_in_an_output_are_refused_and_nothing_changes_where_they_lead() {
    for own in [false, true] {
        for (link, target) in [
            ("blobs/sha256", "../../home"),
            ("blobs", "../home"),
            ("index.json", "../home/index.json"),
            ("oci-layout", "../home/oci-layout"),
            (".shipwheel-unfinished", "../home/.shipwheel-unfinished"),
            (".shipwheel-left", "../home/.shipwheel-left"),
        ] {
            let setup = Setup::new();
            let home = home(&setup);
            let before = content(&home);
            let folder = setup.path("layout");
            if own {
                setup.write(&setup.source(&setup.multi()), Medium::Layout, "layout").unwrap();
            }
            let path = folder.join(link);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
            symlink(target, &path).unwrap();
            let written = setup.write(&setup.source(&setup.single(b"x86")), Medium::Layout, "layout");
            let is_kept = own && !link.starts_with("blobs") && link != "index.json";
            assert_eq!(written.is_ok(), is_kept, "{link} of an own layout, {own}: {written:?}");
            if let Err(error) = written {
                assert_eq!((error.kind(), error.hint().is_some()), (ErrorKind::Output, true), "{link}: {error}");
            }
            assert_eq!(content(&home), before, "{link} of an own layout, {own}");
        }
    }
}

#[test]
fn a_blob_that_has_a_second_name_elsewhere_is_replaced_and_not_written_to() {
    let setup = Setup::new();
    let folder = setup.path("layout");
    setup.write(&setup.source(&setup.single(b"x86")), Medium::Layout, "layout").unwrap();
    let blob = blob_path(&folder, &Digest::of(b"x86"));
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(setup.path("own"), b"oxo").unwrap();
    std::fs::hard_link(setup.path("own"), &blob).unwrap();
    setup.write(&setup.source(&setup.single(b"x86")), Medium::Layout, "layout").unwrap();
    assert!(is_whole(&folder));
    assert_eq!(std::fs::read(setup.path("own")).unwrap(), b"oxo");
}

#[test]
fn an_output_that_is_a_link_to_a_folder_is_that_folder() {
    let setup = Setup::new();
    std::fs::create_dir(setup.path("disk")).unwrap();
    symlink(setup.path("disk"), setup.path("layout")).unwrap();
    for _ in 0..2 {
        setup.write(&setup.source(&setup.multi()), Medium::Layout, "layout").unwrap();
    }
    assert!(is_whole(&setup.path("disk")) && setup.path("layout").is_symlink());
}

#[test]
fn a_first_write_that_was_killed_is_known_by_its_mark_and_not_by_what_is_missing() {
    let setup = Setup::new();
    let folder = setup.path("layout");
    let write = || setup.write(&setup.source(&setup.single(b"x86")), Medium::Layout, "layout");
    let (left, other) = ("b".repeat(64), "c".repeat(64));
    std::fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
    for name in [&left, &other] {
        std::fs::write(folder.join("blobs/sha256").join(name), b"x").unwrap();
    }
    assert!(matches!(write(), Err(StoreError::Occupied { .. })), "anyone can make a folder `blobs`");
    let mark = format!("{left}\n../../../thesis\nthesis\n{}", "b".repeat(63));
    std::fs::write(folder.join(".shipwheel-unfinished"), mark).unwrap();
    std::fs::write(setup.path("thesis"), b"").unwrap();
    write().unwrap();
    assert!(setup.path("thesis").exists());
    assert!(!folder.join("blobs/sha256").join(&left).exists(), "the mark names it");
    assert!(folder.join("blobs/sha256").join(&other).exists(), "nobody names it");
    std::fs::write(folder.join("notes"), b"").unwrap();
    std::fs::remove_file(folder.join("index.json")).unwrap();
    std::fs::write(folder.join(".shipwheel-unfinished"), &left).unwrap();
    assert!(matches!(write(), Err(StoreError::Occupied { .. })), "the user put something beside it");
}

#[test]
fn many_writers_of_one_folder_leave_a_whole_image_and_readers_see_one_all_the_time() {
    let setup = Setup::new();
    let folder = setup.path("layout");
    setup.write(&setup.source(&setup.single(b"first")), Medium::Layout, "layout").unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // What its index names may be replaced after it was opened, but an index is there at any time.
                LayoutSource::open(&folder, None).unwrap();
            }
        });
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let setup = &setup;
                scope.spawn(move || {
                    for round in 0..10 {
                        let text = format!("{}", (writer + round) % 3);
                        setup.write(&setup.source(&setup.single(text.as_bytes())), Medium::Layout, "layout").unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert!(is_whole(&folder));
    assert_eq!(blob_count(&folder), 3, "nothing of the others is left");
}

#[test]
fn links_where_folders_are_expected_say_so() {
    let setup = Setup::new();
    setup.write(&setup.source(&setup.multi()), Medium::Layout, "layout").unwrap();
    let blobs = setup.path("layout").join("blobs");
    std::fs::rename(&blobs, setup.path("moved")).unwrap();
    symlink("../moved", &blobs).unwrap();
    let error = setup.write(&setup.source(&setup.multi()), Medium::Layout, "layout").unwrap_err();
    assert!(
        matches!(&error, StoreError::Place(PlaceError::Link { path, target }) if *path == blobs && target == Path::new("../moved")),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(setup.path("moved/sha256")).unwrap().count(), 7);
}

#[test]
fn what_is_not_a_file_is_refused_and_never_waited_for() {
    for (name, is_blob) in [("index.json", false), ("blob", true)] {
        for device in [false, true] {
            let setup = Setup::new();
            setup.write(&setup.source(&setup.single(b"x86")), Medium::Layout, "layout").unwrap();
            let folder = setup.path("layout");
            let path = if is_blob { blob_path(&folder, &Digest::of(b"x86")) } else { folder.join(name) };
            std::fs::remove_file(&path).unwrap();
            match device {
                true => symlink("/dev/zero", &path).unwrap(),
                false => rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap(),
            }
            let read = LayoutSource::open(&folder, None).map_err(|error| (error.kind(), error));
            match read {
                Ok(source) => {
                    let error = setup.write(&source, Medium::Layout, "copy").unwrap_err();
                    assert!(is_blob && matches!(error, StoreError::Missing { .. }), "{name}: {error}");
                }
                Err((kind, error)) => assert!(!is_blob && kind == ErrorKind::Configuration, "{name}: {error}"),
            }
            // Written anew, whatever was there; but a folder without an index is not an own one.
            let again = setup.write(&setup.source(&setup.single(b"x86")), Medium::Layout, "layout");
            assert_eq!(again.is_ok(), is_blob, "{name}: {again:?}");
        }
    }
    for medium in [Medium::OciArchive, Medium::DockerArchive] {
        let setup = Setup::new();
        rustix::fs::mkfifoat(rustix::fs::CWD, setup.path("image.tar"), 0o600.into()).unwrap();
        let error = setup.open(medium, "image.tar", None, &setup.cache).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    }
}
