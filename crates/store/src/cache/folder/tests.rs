//! The cache, as kills, bad disks and other processes leave it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::PlaceError;

fn cache() -> (TempDir, Cache) {
    let folder = TempDir::new().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    (folder, cache)
}

#[test]
fn a_blob_is_there_when_it_is_finished_and_not_before() {
    let (_folder, cache) = cache();
    let digest = Digest::of(b"hello");
    let mut writer = cache.blob_writer().unwrap();
    writer.write_all(b"hello").unwrap();
    assert!(cache.require_blob(&digest).is_err());
    assert_eq!(writer.finish().unwrap(), (digest, 5));
    assert_eq!(cache.read_blob(&digest).unwrap(), b"hello");
    drop(cache.blob_writer().unwrap());
    assert_eq!(fs::read_dir(cache.root().join("tmp")).unwrap().count(), 0, "a dropped writer leaves nothing");
}

#[test]
fn blobs_that_are_not_what_they_should_be_count_as_absent() {
    let (_folder, cache) = cache();
    let digest = cache.insert_bytes(b"hello").unwrap();
    fs::write(cache.require_blob(&digest).unwrap(), b"other").unwrap();
    assert!(matches!(cache.read_blob(&digest), Err(StoreError::Digest { .. })));
    assert!(cache.require_blob(&digest).is_err(), "the changed blob is removed");
    fs::write(cache.blob_file(&digest), b"").unwrap();
    assert!(cache.require_blob(&digest).is_err(), "a name without data is not a blob");
    let empty = cache.insert_bytes(b"").unwrap();
    assert_eq!(cache.blob_size(&empty), Some(0), "the empty blob is one");
    let mut writer = cache.blob_writer().unwrap();
    writer.write_all(b"other").unwrap();
    assert!(writer.finish_expected(&digest, None, "it").is_err());
    assert!(cache.require_blob(&Digest::of(b"other")).is_err());
}

#[test]
fn a_record_that_does_not_parse_is_absent_and_can_be_written_again() {
    let (_folder, cache) = cache();
    let key = Digest::of(b"key");
    assert_eq!(cache.record::<Vec<u8>>("layer", &key), None);
    cache.put_record("layer", &key, &vec![1, 2]).unwrap();
    assert_eq!(cache.record("layer", &key), Some(vec![1, 2]));
    fs::write(cache.root().join("records/layer").join(key.hex()), b"[1,").unwrap();
    assert_eq!(cache.record::<Vec<u8>>("layer", &key), None);
    cache.put_record("layer", &key, &vec![3]).unwrap();
    assert_eq!(cache.record("layer", &key), Some(vec![3]));
}

#[test]
fn a_folder_is_made_once_and_only_whole() {
    let (_folder, cache) = cache();
    let key = Digest::of(b"key");
    let failed: Result<PathBuf> = cache.publish_folder("python", &key, |path| {
        fs::write(path.join("half"), b"").unwrap();
        Err(StoreError::missing(key, "the test"))
    });
    assert!(failed.is_err());
    assert_eq!(cache.folder("python", &key), None);
    let made = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                cache
                    .publish_folder::<StoreError>("python", &key, |path| {
                        made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        fs::write(path.join("whole"), b"").unwrap();
                        Ok(())
                    })
                    .unwrap();
            });
        }
    });
    assert_eq!(made.into_inner(), 1);
    assert!(cache.folder("python", &key).unwrap().join("whole").is_file());
}

/// The links and folders that another user may have made before: each is refused, and nothing is removed.
#[test]
fn a_cache_with_links_or_that_others_can_write_to_is_refused() {
    let outside = TempDir::new().unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH;
    for name in ["thesis", ".shipwheel-1", "records"] {
        fs::write(outside.path().join(name), b"").unwrap();
        File::options().write(true).open(outside.path().join(name)).unwrap().set_modified(old).unwrap();
    }
    let links = [
        "tmp",
        "blobs",
        "blobs/sha256",
        "records",
        "records/layer",
        "folders/rootfs",
        "locks",
        "entries/code-packs",
        "uv",
    ];
    for link in links {
        let (folder, _) = cache();
        let path = folder.path().join(link);
        let _ = fs::remove_dir_all(&path);
        symlink(outside.path(), &path).unwrap();
        let refused = |error: StoreError| matches!(error, StoreError::Place(PlaceError::Link { path: found, .. }) if found == path);
        assert!(Cache::open(folder.path()).is_err_and(refused), "{link}");
        Cache::clear(folder.path(), false).unwrap();
    }
    for open in ["", "records", "records/layer"] {
        let (folder, cache) = cache();
        cache.put_record("layer", &Digest::of(b""), &1).unwrap();
        fs::set_permissions(folder.path().join(open), Permissions::from_mode(0o777)).unwrap();
        let refused = |error: StoreError| matches!(error, StoreError::Place(PlaceError::Writable { mode: 0o777, .. }));
        assert!(Cache::open(folder.path()).is_err_and(refused), "{open}");
    }
    let folder = TempDir::new().unwrap();
    symlink(outside.path(), folder.path().join("cache")).unwrap();
    for name in ["cache", "cache/", "cache/."] {
        let refused = |error: StoreError| matches!(error, StoreError::Place(PlaceError::Link { .. }));
        assert!(Cache::open(&folder.path().join(name)).is_err_and(refused), "{name}");
        assert!(Cache::clear(&folder.path().join(name), false).is_err_and(refused), "{name}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 3);
}

#[test]
fn a_cache_that_others_could_read_is_closed_to_them() {
    let (folder, cache) = cache();
    cache.put_record("layer", &Digest::of(b""), &1).unwrap();
    for name in ["", "records", "records/layer", "tmp", "blobs", "blobs/sha256"] {
        fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o755)).unwrap();
    }
    let again = Cache::open(folder.path()).unwrap();
    assert_eq!(again.record("layer", &Digest::of(b"")), Some(1));
    for name in ["", "records", "records/layer", "tmp", "blobs", "blobs/sha256"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{name}");
    }
}

#[test]
fn leftovers_are_known_by_their_names_and_their_age() {
    let (folder, user) = cache();
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("thesis"), b"").unwrap();
    let tmp = folder.path().join("tmp");
    let old = rustix::fs::Timestamps {
        last_access: rustix::fs::Timespec { tv_sec: 1, tv_nsec: 0 },
        last_modification: rustix::fs::Timespec { tv_sec: 1, tv_nsec: 0 },
    };
    for name in [".shipwheel-file", "other", ".shipwheel-new"] {
        fs::write(tmp.join(name), b"").unwrap();
    }
    fs::create_dir(tmp.join(".shipwheel-folder")).unwrap();
    symlink(outside.path(), tmp.join(".shipwheel-folder/link")).unwrap();
    symlink(outside.path(), tmp.join(".shipwheel-link")).unwrap();
    for name in [".shipwheel-file", "other", ".shipwheel-folder", ".shipwheel-link"] {
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::utimensat(rustix::fs::CWD, tmp.join(name), &old, flags).unwrap();
    }
    let names = || {
        Cache::open(folder.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(&tmp).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), [".shipwheel-new", "other"], "another process may be writing it");
    drop(user);
    assert_eq!(names(), ["other"], "nobody else uses the cache");
    assert!(outside.path().join("thesis").exists());
}

#[test]
fn a_cache_whose_path_was_given_to_another_folder_is_still_the_one_that_was_opened() {
    let (folder, cache) = cache();
    let outside = TempDir::new().unwrap();
    let moved = folder.path().with_extension("moved");
    fs::rename(folder.path(), &moved).unwrap();
    symlink(outside.path(), folder.path()).unwrap();
    let digest = cache.insert_bytes(b"hello").unwrap();
    cache.put_record("layer", &digest, &1).unwrap();
    let _held = cache.hold("layer", &digest).unwrap();
    assert_eq!(cache.record("layer", &digest), Some(1));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    fs::remove_file(folder.path()).unwrap();
    fs::rename(&moved, folder.path()).unwrap();
}
