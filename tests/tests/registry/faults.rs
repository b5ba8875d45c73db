//! Everything that a registry can do wrong: each ends well or in a clear error, in bounded time and memory.

use std::time::{Duration, Instant};

use shipwheel_oci::{Reference, media_type};
use shipwheel_store::auth::CredentialSources;
use shipwheel_store::http::{Http, HttpOptions};
use shipwheel_store::image::PushReport;
use shipwheel_store::layout::{LayoutDestination, LayoutSource};
use shipwheel_store::registry::RegistryDestination;
use shipwheel_store::{Cache, CopyOptions, Destination, NoProgress, Registry, RegistrySource, StoreError, copy_image};
use shipwheel_tests::{SampleImage, noise};
use tempfile::TempDir;

use crate::hostile::{Fault, Hostile};

/// No fault may take longer than this.
const PATIENCE: Duration = Duration::from_secs(15);

/// One blob at a time: what a fault does then is always the same.
const OPTIONS: CopyOptions = CopyOptions { concurrency: 1, referrers: false };

pub(crate) struct Client {
    pub(crate) folder: TempDir,
    pub(crate) cache: Cache,
    pub(crate) registry: Registry,
}

impl Client {
    pub(crate) fn new() -> Self {
        let folder = shipwheel_tests::scratch();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let http = Http::new(HttpOptions {
            connect_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(1),
            retry_delay: Duration::from_millis(5),
            ..HttpOptions::default()
        });
        Self { folder, cache, registry: Registry::new(http.unwrap(), CredentialSources::none()) }
    }

    fn push(&self, sample: &SampleImage, hostile: &Hostile) -> Result<PushReport, StoreError> {
        let target = [reference(hostile)];
        let destination = RegistryDestination::of(&self.registry, &target, &self.cache, &NoProgress).remove(0);
        let source = LayoutSource::open(sample.path(), None).unwrap();
        copy_image(&source, &[&destination as &dyn Destination], OPTIONS).map(|reports| reports[0])
    }

    fn pull(&self, hostile: &Hostile, options: CopyOptions) -> Result<(), StoreError> {
        let source = RegistrySource::new(&self.registry, reference(hostile), &self.cache, &NoProgress);
        let destination = LayoutDestination::create(&self.folder.path().join("out"), None)?;
        copy_image(&source, &[&destination], options).map(|_| ())
    }
}

fn reference(hostile: &Hostile) -> Reference {
    format!("{}/app:1", hostile.address).parse().unwrap()
}

fn full_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}

/// A registry that has the sample.
fn filled(fault: Fault, sample: &SampleImage) -> Hostile {
    let hostile = Hostile::start(fault);
    for (kind, bytes) in &sample.content {
        let version = shipwheel_oci::Digest::of(bytes).to_string();
        match kind.as_str() {
            media_type::INDEX => {
                hostile.add_manifest(&version, kind, bytes);
                hostile.add_manifest("1", kind, bytes);
            }
            media_type::MANIFEST => hostile.add_manifest(&version, kind, bytes),
            _ => hostile.add_blob(bytes),
        }
    }
    hostile
}

#[test]
fn a_push_arrives_at_a_registry_with_any_honest_fault() {
    let sample = SampleImage::new(&[6 << 20, 100_000]);
    for fault in [
        Fault::None,
        Fault::Caps(5 << 20, 1 << 20),
        Fault::MuteCap(4 << 20),
        Fault::NoChunks,
        Fault::StickyRange,
        Fault::HiddenBlobs,
        Fault::NoHead,
        Fault::ForgetsLogin,
        Fault::TooMany,
        Fault::Flaky,
        Fault::CutsUploads(2 << 20),
        Fault::SendsElsewhere,
        Fault::EndlessReferrers,
    ] {
        let (hostile, client, begun) = (Hostile::start(fault), Client::new(), Instant::now());
        client
            .push(&sample, &hostile)
            .unwrap_or_else(|error| panic!("{fault:?}: {} {:#?}", full_text(&error), hostile.log()));
        assert!(hostile.has("1"), "{fault:?}");
        hostile.assert_sound();
        assert!(begun.elapsed() < PATIENCE, "{fault:?} took {:?}", begun.elapsed());
        assert_eq!(hostile.leaked(), Vec::<String>::new(), "{fault:?}: credentials went to another host");
        // What is cut off and kept is not sent again.
        let (received, _) = hostile.traffic();
        let most = if matches!(fault, Fault::CutsUploads(_)) { sample.size + 20_000 } else { 4 * sample.size };
        assert!(received < most, "{fault:?}: {received} bytes for an image of {}", sample.size);
    }
}

#[test]
fn a_second_push_sends_nothing_but_a_few_questions() {
    let sample = SampleImage::new(&[100_000, 1000, 1000, 1000]);
    let (hostile, client) = (Hostile::start(Fault::None), Client::new());
    client.push(&sample, &hostile).unwrap();
    let before = hostile.log().len();
    let report = client.push(&sample, &hostile).unwrap();
    assert_eq!(report, PushReport { skipped: sample.size, ..PushReport::default() });
    let log = hostile.log().split_off(before);
    assert_eq!(log.len(), 3, "the tag and two manifests: {log:?}");
    assert!(log.iter().all(|line| line.starts_with("HEAD /v2/app/manifests/")), "{log:?}");
}

#[test]
fn an_upload_goes_where_a_location_leads_and_takes_no_login_of_it() {
    let sample = SampleImage::new(&[100_000]);
    for (location, expected) in [
        ("http://HOSTPATH", None),
        ("http://user:s3cret@HOSTPATH", None),
        ("//user:s3cret@HOSTPATH", None),
        ("http://user:s3cret@HOSTPATH#fragment", None),
        ("file:///tmp/x", Some("has no `Location`")),
        ("ftp://HOSTPATH", Some("has no `Location`")),
        ("http://[", Some("has no `Location`")),
    ] {
        let (hostile, client, begun) = (Hostile::start(Fault::Locates(location)), Client::new(), Instant::now());
        match (client.push(&sample, &hostile), expected) {
            (Ok(_), None) => hostile.assert_sound(),
            (Err(error), Some(expected)) => {
                assert!(full_text(&error).contains(expected), "{location}: {}", full_text(&error));
                assert!(!hostile.has("1"), "{location}");
            }
            (result, _) => panic!("{location}: {:?}", result.map_err(|error| full_text(&error))),
        }
        assert_eq!(hostile.leaked(), Vec::<String>::new(), "{location}: a login that the registry wrote was used");
        assert!(begun.elapsed() < PATIENCE, "{location} took {:?}", begun.elapsed());
    }
}

#[test]
fn a_push_that_cannot_succeed_says_why_and_moves_no_tag() {
    let sample = SampleImage::new(&[2 << 20, 1000]);
    let attestations = SampleImage::with_platforms(&[1000], &["amd64", "unknown"]);
    for (fault, sample, expected) in [
        (Fault::KnownPlatformsOnly, &attestations, "MANIFEST_INVALID says the registry"),
        (Fault::WrongReceipt, &sample, "has digest"),
        (Fault::NoLocation, &sample, "has no `Location` to send the blob to"),
        (Fault::CutsUploads(0), &sample, "connection broke"),
        (Fault::Caps(1000, 1000), &sample, "status 413"),
    ] {
        let (hostile, client, begun) = (Hostile::start(fault), Client::new(), Instant::now());
        let error = client.push(sample, &hostile).expect_err("it cannot succeed");
        assert!(full_text(&error).contains(expected), "{fault:?}: {}", full_text(&error));
        assert!(!hostile.has("1"), "{fault:?}");
        hostile.assert_sound();
        assert!(begun.elapsed() < PATIENCE, "{fault:?} took {:?}", begun.elapsed());
        let (received, _) = hostile.traffic();
        assert!(received < 8 * sample.size, "{fault:?}: {received} bytes");
    }
}

#[test]
fn a_pull_arrives_or_fails_clearly_and_leaves_no_half_image() {
    let sample = SampleImage::new(&[3 << 20, 1000]);
    let rows = [
        (Fault::None, None),
        (Fault::Flaky, None),
        (Fault::TooMany, None),
        (Fault::NoHead, None),
        (Fault::MovingTag, None),
        (Fault::SendsElsewhere, None),
        (Fault::CutsDownloads(2 << 20), None),
        (Fault::CutsDownloads(0), Some("connection broke")),
        (Fault::ChangesBlobs, Some("has digest")),
        (Fault::LongBlobs, Some("bytes, expected")),
        (Fault::EndlessBlobs, Some("bytes, expected")),
        (Fault::SlowBlobs, Some("did not arrive within")),
        (Fault::TruncatedManifests, Some("connection broke")),
        (Fault::EndlessManifests, Some("is larger than")),
    ];
    pulls(&sample, &rows);
}

#[test]
fn what_a_registry_says_of_its_answers_is_not_believed() {
    let sample = SampleImage::new(&[4 << 20, 1000]);
    pulls(
        &sample,
        &[
            (Fault::BeginsAgain, Some("connection broke")),
            (Fault::OtherParts, Some("has digest")),
            (Fault::UnaskedParts, Some("status 206")),
            (Fault::WrongDigests, Some("has digest")),
            (Fault::ServedAs(media_type::MANIFEST), None),
            (Fault::ServedAs("text/html"), None),
            (Fault::Announces(9), Some("connection broke")),
            (Fault::Announces(-9), Some("has digest")),
            (Fault::Announces(1 << 40), Some("is larger than")),
            (Fault::Chunks("zz\r\n"), Some("connection broke")),
            (Fault::Chunks("-1\r\n"), Some("connection broke")),
            (Fault::Chunks("ffffffffffffffff\r\nx"), Some("connection broke")),
            (Fault::Chunks("5\r\nshort"), Some("connection broke")),
        ],
    );
}

#[test]
fn redirects_lead_to_http_alone_and_end() {
    let sample = SampleImage::new(&[1000]);
    pulls(
        &sample,
        &[
            (Fault::Redirects("http://HOSTPATH"), None),
            (Fault::Redirects("http://user:s3cret@HOSTPATH"), None),
            (Fault::Redirects("//user@HOSTPATH"), None),
            (Fault::Redirects("file:///etc/passwd"), Some("not one of http or https")),
            (Fault::Redirects("ftp://HOSTPATH"), Some("not one of http or https")),
            (Fault::Redirects("data:application/json,{}"), Some("not one of http or https")),
            (Fault::Redirects("unix:/run/docker.sock"), Some("not one of http or https")),
            (Fault::Redirects("PATH"), Some("too many redirects")),
            (Fault::Redirects("?"), Some("too many redirects")),
            (Fault::Redirects("http://"), Some("status 307")),
            (Fault::Redirects(""), Some("too many redirects")),
            (Fault::LongAddresses(60_000), Some("too many redirects")),
            (Fault::LongAddresses(70_000), Some("is not a valid Uri")),
            (Fault::LongAddresses(600_000), Some("head is too large")),
            (Fault::ManyScopes(10), None),
            (Fault::ManyScopes(5000), None),
            (Fault::ManyScopes(30_000), Some("head is too large")),
        ],
    );
}

/// Pulls the sample from a registry with each fault: it arrives, or fails with the text.
#[track_caller]
fn pulls(sample: &SampleImage, rows: &[(Fault, Option<&str>)]) {
    for (fault, expected) in rows.iter().copied() {
        let (hostile, client, begun) = (filled(fault, sample), Client::new(), Instant::now());
        let result = client.pull(&hostile, OPTIONS);
        let index = client.folder.path().join("out/index.json");
        match (expected, result) {
            (None, result) => {
                result.unwrap_or_else(|error| panic!("{fault:?}: {}", full_text(&error)));
                assert!(std::fs::read_to_string(index).unwrap().contains(&sample.root.to_string()), "{fault:?}");
            }
            (Some(expected), Ok(())) => panic!("{fault:?}: a success in place of `{expected}`"),
            (Some(expected), Err(error)) => {
                let text = full_text(&error);
                assert!(text.contains(expected) && !text.contains("s3cret"), "{fault:?}: {text}");
                assert!(!index.exists(), "{fault:?}");
            }
        }
        assert!(begun.elapsed() < PATIENCE, "{fault:?} took {:?}", begun.elapsed());
        assert_eq!(hostile.leaked(), Vec::<String>::new(), "{fault:?}: credentials went to another host");
        let (_, served) = hostile.traffic();
        assert!(served < 40 << 20, "{fault:?}: {served} bytes were taken");
    }
}

#[test]
fn an_endless_list_of_referrers_is_given_up() {
    let sample = SampleImage::new(&[1000]);
    let (hostile, client) = (filled(Fault::EndlessReferrers, &sample), Client::new());
    client.pull(&hostile, CopyOptions { referrers: true, ..OPTIONS }).unwrap();
    assert!(hostile.log().len() < 100, "{}", hostile.log().len());
}

#[test]
fn an_upload_is_continued_by_the_next_process() {
    let sample = SampleImage::new(&[8 << 20]);
    // Takes 3 MiB of each upload and breaks off: the first client gives up at once, as a killed one does.
    let (hostile, client) = (Hostile::start(Fault::CutsUploads(3 << 20)), Client::new());
    let impatient = Http::new(HttpOptions { retries: 0, ..HttpOptions::default() }).unwrap();
    let first = Client {
        registry: Registry::new(impatient, CredentialSources::none()),
        folder: shipwheel_tests::scratch(),
        cache: client.cache.clone(),
    };
    first.push(&sample, &hostile).expect_err("it is cut off");
    let report = client.push(&sample, &hostile).unwrap();
    hostile.assert_sound();
    assert_eq!(report.sent, sample.size - (3 << 20), "three MiB were there");
    let (received, _) = hostile.traffic();
    assert!(received < sample.size + 20_000, "{received} bytes for {}", sample.size);
}

#[test]
fn an_upload_that_the_registry_forgot_begins_anew() {
    let sample = SampleImage::new(&[8 << 20]);
    let (first, client) = (Hostile::start(Fault::CutsUploads(3 << 20)), Client::new());
    let impatient = Http::new(HttpOptions { retries: 0, ..HttpOptions::default() }).unwrap();
    let once = Client {
        registry: Registry::new(impatient, CredentialSources::none()),
        folder: shipwheel_tests::scratch(),
        cache: client.cache.clone(),
    };
    once.push(&sample, &first).expect_err("it is cut off");
    first.forget_uploads();
    client.push(&sample, &first).unwrap();
    first.assert_sound();
}

#[test]
fn a_member_of_an_archive_is_sent_from_within_it() {
    let sample = SampleImage::new(&[100_000, 5000]);
    let (hostile, client) = (Hostile::start(Fault::None), Client::new());
    let archive = client.folder.path().join("image.tar");
    let source = LayoutSource::open(sample.path(), None).unwrap();
    copy_image(&source, &[&shipwheel_store::archive::ArchiveDestination::new(&archive, None)], OPTIONS).unwrap();
    let source = shipwheel_store::archive::ArchiveSource::open(&archive, None).unwrap();
    let target = [reference(&hostile)];
    let destination = RegistryDestination::of(&client.registry, &target, &client.cache, &NoProgress).remove(0);
    copy_image(&source, &[&destination], OPTIONS).unwrap();
    hostile.assert_sound();
    assert!(hostile.has(&sample.root.to_string()));
}

#[test]
fn noise_is_the_same_for_a_seed() {
    assert_eq!(noise(1000, 7), noise(1000, 7));
    assert_ne!(noise(1000, 7), noise(1000, 8));
}
