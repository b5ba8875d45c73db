//! The cache, as kills, bad disks and other processes leave it.

use super::*;

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
    assert_eq!(cache.blob_path(&digest), None);
    assert_eq!(writer.finish().unwrap(), (digest, 5));
    assert_eq!(cache.read_blob(&digest).unwrap(), b"hello");
    drop(cache.blob_writer().unwrap());
    assert_eq!(fs::read_dir(cache.root().join("tmp")).unwrap().count(), 0, "a dropped writer leaves nothing");
}

#[test]
fn blobs_that_are_not_what_they_should_be_count_as_absent() {
    let (_folder, cache) = cache();
    let digest = cache.insert_bytes(b"hello").unwrap();
    fs::write(cache.blob_path(&digest).unwrap(), b"other").unwrap();
    assert!(matches!(cache.read_blob(&digest), Err(StoreError::Digest { .. })));
    assert_eq!(cache.blob_path(&digest), None, "the changed blob is removed");
    fs::write(cache.blob_file(&digest), b"").unwrap();
    assert_eq!(cache.blob_path(&digest), None, "a name without data is not a blob");
    let empty = cache.insert_bytes(b"").unwrap();
    assert_eq!(cache.blob_size(&empty), Some(0), "the empty blob is one");
    let mut writer = cache.blob_writer().unwrap();
    writer.write_all(b"other").unwrap();
    assert!(writer.finish_expected(&digest, None, "it").is_err());
    assert_eq!(cache.blob_path(&Digest::of(b"other")), None);
}

#[test]
fn a_record_that_does_not_parse_is_absent_and_can_be_written_again() {
    let (_folder, cache) = cache();
    let key = Digest::of(b"key");
    assert_eq!(cache.record::<Vec<u8>>("layer", &key), None);
    cache.put_record("layer", &key, &vec![1, 2]).unwrap();
    assert_eq!(cache.record("layer", &key), Some(vec![1, 2]));
    fs::write(cache.keyed("records", "layer", &key), b"[1,").unwrap();
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
