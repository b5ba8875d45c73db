//! Locks as text and back, what is refused, and what differs.

use proptest::prelude::*;
use shipwheel_oci::{Digest, Platform};

use super::difference::{Difference, Why};
use super::*;

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn layer(kind: LayerKind, title: &str, text: &str) -> LockedLayer {
    let inputs = (kind != LayerKind::Base).then(|| digest(&format!("inputs {text}")));
    LockedLayer { kind, title: title.to_owned(), digest: digest(text), inputs }
}

fn lock() -> ImageLock {
    let file = |name: &str, version: &str| LockedFile {
        name: name.to_owned(),
        version: version.to_owned(),
        digest: digest(&format!("{name} {version}")),
    };
    let platform = LockedPlatform {
        platform: Platform::linux_amd64(),
        manifest: Some(digest("manifest")),
        base: None,
        packages: vec![file("libc6", "2.36-9+deb12u9"), file("libpython3.11", "1:3.11.2-6")],
        wheels: vec![file("numpy", "2.4.6")],
        layers: vec![
            layer(LayerKind::Base, "Debian bookworm", "base"),
            layer(LayerKind::Dependencies, "numpy 2.4.6", "numpy"),
            layer(LayerKind::Application, "/app", "app"),
        ],
    };
    ImageLock {
        format: [("layer".to_owned(), 2), ("wheel".to_owned(), 3)].into(),
        base: LockedBase { kind: BaseKind::Debian, inputs: digest("base inputs") },
        platforms: vec![platform],
        root: digest("manifest"),
    }
}

#[test]
fn a_lock_is_the_same_text_and_reads_as_it_was_written() {
    let text = lock().to_string();
    assert_eq!(ImageLock::parse(&text, "image.lock").expect("valid"), lock());
    assert_eq!(ImageLock::parse(&text, "image.lock").expect("valid").to_string(), text);
    assert!(text.contains("{ name = \"libc6\", version = \"2.36-9+deb12u9\", digest = \"sha256:"), "{text}");
}

#[test]
fn what_is_no_lock_is_refused_with_its_line() {
    let good = lock().to_string();
    let hash = digest("manifest").to_string();
    for (from, to, expected) in [
        ("version = 1\n", "", "image.lock:1: not an image.lock: `version = 1` is missing"),
        ("version = 1\n", "version = 9\n", "image.lock:3: `version` is 9, and this version of shipwheel reads 1"),
        ("[base]", "[bass]", "image.lock:1: `base` is missing"),
        ("kind = \"debian\"", "kind = \"alpine\"", "image.lock:11: `base.kind` is `alpine`, expected one of debian,"),
        ("layer = 2", "layer = -2", "image.lock:7: expected the name and the version of a form"),
        (&hash, "sha256:12", "image.lock:4: `root` is no digest such as sha256:…"),
        (
            "\"libc6\"",
            "\"lib\\u001bc6\"",
            "image.lock:18: `platform.packages.name` is empty, too long, or has control characters",
        ),
        ("\"libc6\"", "6", "image.lock:18: `platform.packages.name` is an integer, expected a string"),
        ("name = \"libc6\", ", "", "image.lock:18: `platform.packages.name` is missing"),
        ("linux/amd64", "linux/a b", "image.lock:15: "),
        (
            "kind = \"base\"",
            "kind = \"basement\"",
            "image.lock:25: `platform.layers.kind` is `basement`, expected one of base,",
        ),
        ("[format]", "surprise = 1\n[format]", "image.lock:6: unknown key `surprise`"),
        ("[format]", "[format", "image.lock:6: not valid TOML: "),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        let error = ImageLock::parse(&text, "image.lock").expect_err(expected).to_string();
        assert!(error.lines().any(|line| line.starts_with(expected)), "{expected}\n{error}");
    }
}

#[test]
fn two_tables_of_a_platform_are_refused() {
    let mut twice = lock();
    twice.platforms.push(twice.platforms[0].clone());
    let error = ImageLock::parse(&twice.to_string(), "image.lock").expect_err("twice").to_string();
    assert!(error.contains("two tables `platform` are of linux/amd64"), "{error}");
}

/// What differs after a change, as it reads.
fn after(change: impl FnOnce(&mut ImageLock)) -> Vec<String> {
    let mut now = lock();
    change(&mut now);
    lock().differences(&now).iter().map(ToString::to_string).collect()
}

#[test]
fn what_differs_is_named_with_its_cause() {
    assert_eq!(after(|_| {}), Vec::<String>::new());
    assert_eq!(
        after(|now| now.format = [("layer".to_owned(), 3), ("wheel".to_owned(), 3)].into()),
        ["the form `layer`: version 2 is locked, and this version of shipwheel writes 3"]
    );
    assert_eq!(
        after(|now| now.platforms[0].packages[0].version = "2.36-9+deb12u10".to_owned()),
        ["linux/amd64: Debian's package libc6 is 2.36-9+deb12u10, and 2.36-9+deb12u9 is locked"]
    );
    let wheel = after(|now| now.platforms[0].wheels[0].digest = digest("other"));
    let (was, is) = (digest("numpy 2.4.6"), digest("other"));
    assert_eq!(wheel, [format!("linux/amd64: the wheel of numpy 2.4.6 is {is}, and {was} is locked")]);
    assert_eq!(
        after(|now| now.platforms[0].layers[2] = layer(LayerKind::Application, "/app", "changed")),
        ["linux/amd64: the layer application (/app) differs: the application's files, their modes, or the folders to \
          write to are others"]
    );
    assert_eq!(
        after(|now| now.platforms[0].layers[1].digest = digest("written otherwise")),
        [
            "linux/amd64: the layer dependencies (numpy 2.4.6) is made from the same, and written in another way by this \
          version of shipwheel"
        ]
    );
    assert_eq!(after(|now| now.root = digest("index")).len(), 1);
    assert_eq!(after(|now| now.platforms[0].manifest = Some(digest("other"))).len(), 1);
    assert_eq!(after(|now| now.platforms[0].layers.swap(1, 2)).len(), 1, "the order counts");
}

#[test]
fn what_is_new_and_what_is_gone_differ() {
    let mut now = lock();
    now.platforms[0].wheels.clear();
    now.platforms[0].packages.clear();
    now.platforms[0].layers.remove(1);
    now.platforms[0].layers.push(layer(LayerKind::PlatformBytecode, "sources", "sources"));
    let whys: Vec<Why> = lock()
        .differences(&now)
        .iter()
        .filter_map(|difference| match difference {
            Difference::Layer { why, .. } => Some(*why),
            _ => None,
        })
        .collect();
    assert_eq!(whys, [Why::New, Why::Gone]);
    assert_eq!(lock().differences(&now).len(), 2 + 3, "two layers, two packages and a wheel");
    // Seen from the other side, the same things differ.
    assert_eq!(now.differences(&lock()).len(), 2 + 3);
}

#[test]
fn a_platform_that_is_not_built_is_not_missed_and_one_that_is_not_locked_is() {
    let mut both = lock();
    both.platforms.push(LockedPlatform { platform: Platform::linux_arm64(), ..both.platforms[0].clone() });
    both.root = digest("index");
    assert_eq!(both.differences(&lock()), []);
    let platform = Platform::linux_arm64();
    assert_eq!(lock().differences(&both), [Difference::Platform { platform }]);
    // One that only compiles is no part of the image.
    both.platforms[1].manifest = None;
    both.root = lock().root;
    assert_eq!(lock().differences(&both), []);
}

prop_compose! {
    fn any_file()(name in "[ -~\u{e4}]{1,12}", version in "\\PC{1,12}", of in any::<u64>()) -> LockedFile {
        LockedFile { name, version, digest: digest(&of.to_string()) }
    }
}

prop_compose! {
    fn any_lock()(
        format in proptest::collection::btree_map("[a-z]{1,8}", any::<u32>(), 0..4),
        packages in proptest::collection::vec(any_file(), 0..5),
        wheels in proptest::collection::vec(any_file(), 0..5),
        layers in proptest::collection::vec((0..8usize, any_file(), any::<bool>()), 0..5),
        kind in 0..3usize,
        built in any::<bool>(),
    ) -> ImageLock {
        let layer = |(kind, LockedFile { name: title, digest, .. }, has): (usize, LockedFile, bool)| {
            LockedLayer { kind: LayerKind::ALL[kind], title, digest, inputs: has.then_some(digest) }
        };
        let platform = LockedPlatform {
            platform: Platform::linux_arm64(),
            manifest: built.then(|| digest("manifest")),
            base: (!built).then(|| digest("base")),
            packages,
            wheels,
            layers: layers.into_iter().map(layer).collect(),
        };
        let kind = BaseKind::ALL[kind];
        let base = LockedBase { kind, inputs: digest("inputs") };
        ImageLock { format, base, platforms: vec![platform], root: digest("root") }
    }
}

proptest! {
    #[test]
    fn any_lock_reads_as_it_was_written(lock in any_lock()) {
        let text = lock.to_string();
        prop_assert_eq!(&ImageLock::parse(&text, "image.lock").unwrap(), &lock, "{}", text);
        prop_assert_eq!(lock.differences(&lock), []);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", good in any_lock(), cut in any::<proptest::sample::Index>()) {
        let _ = ImageLock::parse(&text, "image.lock");
        let written = good.to_string();
        let mut end = cut.index(written.len());
        while !written.is_char_boundary(end) {
            end -= 1;
        }
        let _ = ImageLock::parse(&written[..end], "image.lock");
    }
}
