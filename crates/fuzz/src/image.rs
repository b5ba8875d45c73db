//! An image's documents, its names, and its definition.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use shipwheel_oci::{Digest, ImageConfig, Index, Manifest, Platform, Reference};
use shipwheel_plan::dockerfile::{Command, Dockerfile};
use shipwheel_plan::image_lock::ImageLock;
use shipwheel_plan::shell::plain_words;
use shipwheel_plan::spec::ImageSpec;

/// A manifest, an index, or a config.
pub(crate) fn documents(input: &[u8]) {
    if let Ok(manifest) = Manifest::parse(input.to_vec()) {
        assert_eq!(manifest.raw(), input);
        let own = manifest.descriptor();
        assert_eq!((own.digest, own.size), (Digest::of(input), input.len() as u64));
        assert_eq!(manifest.blobs().count(), manifest.layers().len() + 1);
        let made = Manifest::assemble(manifest.config().clone(), manifest.layers().to_vec(), &BTreeMap::new());
        let again = Manifest::parse(made.raw().to_vec()).expect("what is assembled is a manifest");
        assert_eq!((again.config(), again.layers()), (made.config(), made.layers()));
    }
    if let Ok(index) = Index::parse(input.to_vec()) {
        assert_eq!((index.raw(), index.descriptor().digest), (input, Digest::of(input)));
        for platform in index.platforms() {
            let entry = index.for_platform(&platform, "x").expect("it has what it lists");
            assert!(index.entries().contains(entry));
        }
        let made = Index::assemble(index.entries().to_vec(), &BTreeMap::new());
        Index::parse(made.raw().to_vec()).expect("what is assembled is an index");
    }
    if let Ok(config) = ImageConfig::parse(input) {
        let written = config.to_json();
        let again = ImageConfig::parse(&written).expect("what is written is a config");
        assert_eq!(again.to_json(), written, "the canonical form of the canonical form is itself");
        assert_eq!((again.env(), again.command()), (config.env(), config.command()));
        assert_eq!(again.diff_ids().ok(), config.diff_ids().ok());
        assert!(config.working_dir().starts_with('/'), "{}", config.working_dir());
        let _ = config.platform();
    }
}

/// An image.lock: what it says means the same when it is written and read again, and does not differ from itself.
pub(crate) fn image_lock(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match ImageLock::parse(&text, "image.lock") {
        Ok(lock) => {
            let written = lock.to_string();
            let again = ImageLock::parse(&written, "image.lock").expect("what is written is a lock");
            assert_eq!(again, lock);
            assert!(lock.differences(&again).is_empty());
            assert!(!written.contains(|c: char| c.is_control() && c != '\n'), "a terminal may be shown it");
        }
        Err(error) => assert!(error.problems.iter().all(|problem| problem.span.end <= text.len())),
    }
}

/// A reference, a digest or a platform, as users write them.
pub(crate) fn reference(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let digest = Digest::of(input);
    if let Some(reference) = stable::<Reference>(&text) {
        assert!(reference.to_string().starts_with(reference.registry()), "{reference}");
        assert_eq!(reference.pinned(digest).digest(), Some(digest));
        let tagged = reference.with_tag("1.0").expect("a tag");
        assert_eq!((tagged.tag(), tagged.repository()), (Some("1.0"), reference.repository()));
        assert!(!reference.repository().split('/').any(|part| matches!(part, "" | "." | "..")), "{reference}");
    }
    stable::<Digest>(&text);
    stable::<Platform>(&text);
}

/// Parses a text; what it becomes means the same when it is written and parsed again.
pub(crate) fn stable<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    let shown = value.to_string();
    let again: T = shown.parse().unwrap_or_else(|error| panic!("`{text}` is shown as `{shown}`: {error:?}"));
    assert_eq!(again, value, "`{text}` is shown as `{shown}`");
    assert_eq!(again.to_string(), shown);
    Some(value)
}

/// An image.toml, with a profile that it may have.
pub(crate) fn image_toml(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for profile in [None, Some("dev")] {
        match ImageSpec::parse(&text, "image.toml", profile) {
            Ok(spec) => {
                assert!(!spec.platforms.is_empty(), "an image has a platform");
                let is_up = |path: &str| path.split('/').any(|part| part == "..");
                assert!(!spec.app.is_some_and(|app| is_up(&app.destination.value)), "no file is outside of the image");
            }
            Err(error) => {
                assert!(!error.problems.is_empty() && !error.to_string().is_empty());
                for problem in &error.problems {
                    assert!(text.get(problem.span.clone()).is_some(), "{:?} of {} bytes", problem.span, text.len());
                }
            }
        }
    }
}

/// A Dockerfile, or a text for a shell.
pub(crate) fn dockerfile(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    assert!(plain_words(&text).is_none_or(|words| !words.is_empty()), "a command has a name");
    let Ok(file) = Dockerfile::parse(&text) else { return };
    let lines = text.lines().count();
    for place in 0..=file.last() {
        let image = file.image(place);
        assert!(file.chain(place).len() <= place + 1, "a stage follows from those before it");
        assert!(image.workdir.is_none_or(|at| at.value.starts_with('/') && at.line <= lines));
        let commands = [&image.entrypoint, &image.cmd].into_iter().flatten();
        let is_list = |command: &Command| matches!(command, Command::Exec(_));
        commands.for_each(|at| assert!(is_list(&at.value) || !at.value.argv().is_empty()));
        for instruction in &file.stages()[place].instructions {
            assert!((1..=lines).contains(&instruction.line), "line {} of {lines}", instruction.line);
        }
    }
}
