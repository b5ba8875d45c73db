//! What a limit removes, in which order, and what stays beside running processes and after kills.

use std::fs::{self, File};
use std::path::Path;

use shipwheel_oci::Digest;
use tempfile::TempDir;

use super::*;
use crate::testing::cache;

const HOUR: Duration = Duration::from_secs(3600);

fn blob(number: u8) -> Digest {
    Digest::of(&[number; 1000])
}

fn set_age(path: &Path, age: Duration) {
    File::open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

/// A cache with blobs of 1000 bytes, the first of which was used longest ago: n days for the nth from the end.
fn filled(count: u8) -> (TempDir, Cache) {
    let (folder, cache) = cache();
    for number in 0..count {
        cache.insert_bytes(&[number; 1000]).unwrap();
        age(&cache, number, 24 * HOUR * u32::from(count - number));
    }
    (folder, cache)
}

fn age(cache: &Cache, number: u8, age: Duration) {
    set_age(&cache.root().join("blobs/sha256").join(blob(number).hex()), age);
}

/// One file of so many bytes.
fn fill(path: &Path, size: usize) -> Result<()> {
    fs::write(path.join("x"), vec![0; size]).unwrap();
    Ok(())
}

fn left(cache: &Cache) -> Vec<u8> {
    (0..100).filter(|n| cache.root().join("blobs/sha256").join(blob(*n).hex()).exists()).collect()
}

#[test]
fn the_least_recently_used_goes_first_until_the_rest_fits() {
    for (keep_size, older_than, expected) in [
        (Some(10_000), None, &[0, 1, 2, 3, 4][..]),
        (Some(2_999), None, &[3, 4]),
        (Some(3_000), None, &[2, 3, 4]),
        (Some(0), None, &[]),
        (None, Some(72 * HOUR - HOUR), &[3, 4]),
        (Some(1_000), Some(720 * HOUR), &[4]),
        (Some(9_000), Some(HOUR), &[]),
    ] {
        let (_folder, cache) = filled(5);
        let pruned = cache.prune(Limits { keep_size, older_than }).unwrap();
        assert_eq!(left(&cache), expected, "{keep_size:?} {older_than:?}");
        let removed = 5 - expected.len() as u64;
        let expected = Pruned { count: removed, bytes: removed * 1000, left: 5000 - removed * 1000, in_use: 0 };
        assert_eq!(pruned, expected);
    }
}

#[test]
fn a_use_is_noted_once_an_hour_whatever_is_used() {
    let (_folder, cache) = filled(3);
    let (key, root) = (Digest::of(b"key"), cache.root());
    cache.put_record("layer", &key, &1).unwrap();
    cache.put_entry("code", &key, b"x").unwrap();
    cache.publish_folder("rootfs", &key, |path| fill(path, 1)).unwrap();
    let paths = [
        root.join("blobs/sha256").join(blob(0).hex()),
        root.join("records/layer").join(key.hex()),
        root.join("entries/code").join(key.hex()),
        root.join("folders/rootfs").join(key.hex()),
    ];
    let use_all = || {
        assert_eq!(cache.blob_size(&blob(0)), Some(1000));
        assert_eq!(cache.record("layer", &key), Some(1));
        assert_eq!(cache.entry("code", &key).unwrap(), b"x");
        assert!(cache.folder("rootfs", &key).is_some());
    };
    for (noted, is_fresh) in [(50 * HOUR, true), (HOUR / 2, false)] {
        paths.iter().for_each(|path| set_age(path, noted));
        use_all();
        for path in &paths {
            let age = fs::metadata(path).unwrap().modified().unwrap().elapsed().unwrap();
            assert_eq!(age < HOUR / 3, is_fresh, "{}: {age:?}", path.display());
        }
    }
}

#[test]
fn what_another_process_may_use_stays() {
    let (folder, cache) = filled(3);
    // Used half an hour ago: the build that began since then has not noted its use again.
    age(&cache, 1, HOUR / 2);
    let build = Cache::open(folder.path()).unwrap();
    assert!(build.has(&shipwheel_oci::Descriptor::new("x/y", blob(2), 1000)));
    let all = Limits { keep_size: Some(0), older_than: None };
    let pruned = cache.prune(all).unwrap();
    assert_eq!(left(&cache), [1, 2]);
    assert_eq!((pruned.count, pruned.in_use, pruned.left), (1, 2000, 2000));
    drop(build);
    assert_eq!(cache.prune(all).unwrap().count, 2);
    assert_eq!(fs::read_dir(folder.path().join("running")).unwrap().count(), 1, "this process alone");
}

#[test]
fn killed_processes_keep_nothing() {
    let (folder, cache) = filled(2);
    let mark = folder.path().join("running/.shipwheel-0123456789abcdef");
    fs::write(&mark, b"").unwrap();
    set_age(&mark, 500 * HOUR);
    cache.prune(Limits { keep_size: Some(0), older_than: None }).unwrap();
    assert!(left(&cache).is_empty());
    assert!(!mark.exists());
}

#[test]
fn builds_that_run_beside_a_prune_find_all_that_they_were_told_of() {
    let (folder, cache) = filled(60);
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let folder = folder.path();
            scope.spawn(move || {
                for number in (0..60).filter(|number| number % 4 == thread) {
                    let build = Cache::open(folder).unwrap();
                    if build.blob_size(&blob(number)).is_some() {
                        std::thread::yield_now();
                        assert!(build.open_blob(&blob(number)).is_ok(), "{number} was there");
                    }
                }
            });
        }
        for _ in 0..8 {
            cache.prune(Limits { keep_size: Some(0), older_than: None }).unwrap();
        }
    });
}

#[test]
fn folders_go_as_a_whole_and_memory_stays() {
    let (folder, cache) = cache();
    let key = Digest::of(b"key");
    cache.publish_folder("rootfs", &key, |path| fill(path, 500)).unwrap();
    cache.put_record("newest-release", &key, &1).unwrap();
    drop(cache.hold("layer", &key).unwrap());
    fs::create_dir_all(folder.path().join("uv/simple")).unwrap();
    fs::write(folder.path().join("uv/simple/page"), vec![0; 300]).unwrap();
    let usage = cache.usage().unwrap();
    let row = |kind: &str| usage.iter().find(|it| it.kind == kind).map(|it| (it.count, it.bytes));
    assert_eq!((row("folders: rootfs"), row("uv's own cache")), (Some((1, 500)), Some((1, 300))), "{usage:?}");
    let pruned = cache.prune(Limits { keep_size: Some(0), older_than: None }).unwrap();
    assert_eq!((pruned.count, pruned.bytes, pruned.left), (2, 800, 0));
    assert!(!folder.path().join("uv").exists());
    assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(folder.path().join("locks/layer")).unwrap().count(), 0);
    assert_eq!(cache.record("newest-release", &key), Some(1), "a mirror that goes back in time is still seen");
}

#[test]
fn a_build_holds_the_cache_against_its_limit_once_a_day_and_keeps_what_it_used() {
    let (folder, cache) = filled(4);
    assert!(cache.blob_size(&blob(0)).is_some(), "this build used it");
    let pruned = cache.sweep(2_500).unwrap().unwrap();
    assert_eq!(left(&cache), [0, 3]);
    assert_eq!((pruned.count, pruned.left), (2, 2000));
    assert_eq!(cache.sweep(0).unwrap(), None, "not twice a day");
    set_age(&folder.path().join("swept"), 25 * HOUR);
    assert_eq!(cache.sweep(1_000_000).unwrap(), None, "it is within the limit");
    set_age(&folder.path().join("swept"), 25 * HOUR);
    let kept = cache.sweep(0).unwrap().unwrap();
    assert_eq!((left(&cache), kept.in_use), (vec![0], 1000));
}

#[test]
fn what_is_in_blobs_is_told_by_their_first_bytes() {
    let (_folder, cache) = cache();
    for bytes in [&b"\x1f\x8blayer"[..], b"PK\x03\x04wheel", b"!<arch>\ndeb", b"{}", b"?", b""] {
        cache.insert_bytes(bytes).unwrap();
    }
    let mut kinds: Vec<String> = cache.usage().unwrap().into_iter().map(|kind| kind.kind).collect();
    kinds.sort();
    let expected = [
        "Debian packages",
        "layers and other gzip files",
        "manifests, configs and other JSON",
        "sources and other blobs",
        "wheels and other zip files",
    ];
    assert_eq!(kinds, expected);
}
