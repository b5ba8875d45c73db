//! Pushes that are killed: the next one completes, sends what was missing and nothing else.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use shipwheel_oci::{Digest, Reference};
use shipwheel_store::layout::LayoutSource;
use shipwheel_store::registry::RegistryDestination;
use shipwheel_store::{CopyOptions, ImageSource, NoProgress, copy_image};
use shipwheel_tests::{Registry, SampleImage, Shipwheel};

use crate::faults::Client;

/// How often a push is killed.
const KILLS: u64 = 20;

/// The program that the harness built.
fn program() -> PathBuf {
    Shipwheel::new().run(&["--version"]).succeeded();
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("shipwheel")
}

fn spawn_push(program: &Path, cache: &Path, sample: &SampleImage, target: &Reference) -> Child {
    Command::new(program)
        .arg("push")
        .arg(sample.path())
        .arg(target.to_string())
        .env("SHIPWHEEL_CACHE_DIR", cache)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The bytes of the sample's blobs that the repository has.
fn present(client: &Client, sample: &SampleImage, target: &Reference) -> u64 {
    let blobs = sample.content.iter().filter(|(kind, _)| !kind.contains("manifest") && !kind.contains("index"));
    let has = |bytes: &[u8]| client.registry.has_blob(target, &Digest::of(bytes)).unwrap();
    blobs.filter(|(_, bytes)| has(bytes)).map(|(_, bytes)| bytes.len() as u64).sum()
}

#[test]
fn a_push_killed_at_any_point_is_completed_by_the_next() {
    let (registry, program) = (Registry::start(), program());
    let sample = SampleImage::new(&[4 << 20, 3 << 20, 2 << 20, 1 << 20, 300_000]);
    let target = |name: &str| -> Reference { format!("{}/{name}:1", registry.host()).parse().unwrap() };

    // How long a push takes here says between which points to kill.
    let (begun, client) = (Instant::now(), Client::new());
    assert!(spawn_push(&program, client.cache.root(), &sample, &target("whole")).wait().unwrap().success());
    let whole = begun.elapsed();

    let (mut partial, mut state) = (0, 0x5eed_u64);
    for number in 0..KILLS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let after = whole.mul_f64((state >> 33) as f64 / (1u64 << 31) as f64);
        // A cache of its own: with the shared one, blobs would be mounted from the repository before.
        let (client, name) = (Client::new(), format!("killed/{number}"));
        let target = target(&name);
        let mut child = spawn_push(&program, client.cache.root(), &sample, &target);
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let there = present(&client, &sample, &target);
        partial += u32::from(there > 0 && there < sample.size);
        assert!(!registry.has(&name, "1") || there == sample.size, "a tag on something incomplete");

        let destination =
            RegistryDestination::of(&client.registry, std::slice::from_ref(&target), &client.cache, &NoProgress);
        let source = LayoutSource::open(sample.path(), None).unwrap();
        let options = CopyOptions { concurrency: 4, referrers: false };
        let report = copy_image(&source, &[&destination[0]], options).unwrap()[0];
        // A blob that had arrived whole may appear a moment later: then even less is sent.
        assert!(report.sent + there <= sample.size, "killed after {after:?}: {} sent, {there} were there", report.sent);
        assert_eq!(report.sent + report.skipped, sample.size, "killed after {after:?}");
        assert!(registry.has(&name, "1"));
        assert_eq!(present(&client, &sample, &target), sample.size);
        let pinned = client.registry.resolve(&target).unwrap();
        assert_eq!(pinned.digest, source.root().unwrap().digest);
    }
    assert!(partial > 2, "only {partial} of {KILLS} pushes were killed half-way: nothing was tried");
}
