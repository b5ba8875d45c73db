//! Reads an image.lock: every problem with its line; what it says is bounded and free of control characters.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_oci::{Digest, Platform};
use toml::de::DeTable;

use super::{BaseKind, ImageLock, LockedBase, LockedFile, LockedLayer, LockedPlatform, VERSION};
use crate::layer::LayerKind;
use crate::spec::{Located, Problem, Problems, Section, SpecError, as_integer};

/// The most characters of a name, a version or a title.
const MAX_TEXT: usize = 1000;

const KEYS: &[&str] = &["version", "root", "format", "base", "platform"];
const PLATFORM_KEYS: &[&str] = &["name", "manifest", "base", "packages", "wheels", "layers"];
const FILE_KEYS: &[&str] = &["name", "version", "digest"];
/// What helps where the text is broken.
const ANEW: &str = "`shipwheel lock --image --upgrade` writes the file anew";

const LAYER_KEYS: &[&str] = &["kind", "title", "digest", "inputs"];

impl ImageLock {
    /// Reads the text of a lock; `file` is its name for errors.
    ///
    /// # Errors
    /// All problems of the file together, each with its place; that it is of another version before any of them.
    pub fn parse(text: &str, file: &str) -> Result<Self, SpecError> {
        let fail = |problems| SpecError { file: file.to_owned(), text: text.to_owned(), problems };
        let root = DeTable::parse(text).map_err(|error| {
            let message = format!("not valid TOML: {}", error.message());
            fail(vec![Problem::new(error.span().unwrap_or(0..0), message).with_hint(ANEW)])
        })?;
        check_version(root.get_ref()).map_err(|problem| fail(vec![problem]))?;
        let problems = Problems::default();
        let lock = read(&Section::open("", vec![root.get_ref()], KEYS, &problems));
        let mut problems = problems.into_inner();
        problems.sort_by(|a, b| (a.span.start, &a.message).cmp(&(b.span.start, &b.message)));
        match lock {
            Some(lock) if problems.is_empty() => Ok(lock),
            _ if problems.is_empty() => Err(fail(vec![Problem::new(0..0, "the lock is not complete").with_hint(ANEW)])),
            _ => Err(fail(problems)),
        }
    }
}

/// Another version has other keys: nothing else is to be said of it.
fn check_version(root: &DeTable<'_>) -> Result<(), Problem> {
    let found = root.get("version");
    match found.and_then(|value| as_integer(value.get_ref())) {
        Some(VERSION) => Ok(()),
        Some(other) => {
            let span = found.map_or(0..0, |value| value.span());
            let message = format!("`version` is {other}, and this version of shipwheel reads {VERSION}");
            Err(Problem::new(span, message)
                .with_hint("use the version of shipwheel that wrote it, or `shipwheel lock --image --upgrade`"))
        }
        None => {
            let hint = "`shipwheel lock --image --upgrade` writes one";
            Err(Problem::new(0..0, format!("not an image.lock: `version = {VERSION}` is missing")).with_hint(hint))
        }
    }
}

fn read(top: &Section<'_>) -> Option<ImageLock> {
    let (format, root) = (read_format(top), digest(top, "root"));
    let base = top.section("base", &["kind", "inputs"]).and_then(|base| {
        let kind = choice(&base, "kind", BaseKind::of, &BaseKind::ALL.map(BaseKind::name));
        Some(LockedBase { kind: kind?, inputs: digest(&base, "inputs")? })
    });
    if base.is_none() && top.value("base").is_none() {
        top.report_at(0..0, "`base` is missing".to_owned());
    }
    let platforms = tables(top, "platform", PLATFORM_KEYS, read_platform);
    let mut seen = BTreeSet::new();
    if let Some(twice) = platforms.iter().find(|platform| !seen.insert(platform.platform.clone())) {
        top.report_at(0..0, format!("two tables `platform` are of {}", twice.platform));
    }
    Some(ImageLock { format, base: base?, platforms, root: root? })
}

fn read_format(top: &Section<'_>) -> BTreeMap<String, u32> {
    let mut format = BTreeMap::new();
    for (name, value) in top.tables("format").into_iter().flatten() {
        match as_integer(value.get_ref()).and_then(|number| u32::try_from(number).ok()) {
            Some(version) if is_plain(name.get_ref()) => drop(format.insert(name.get_ref().to_string(), version)),
            _ => top.report_at(value.span(), "expected the name and the version of a form".to_owned()),
        }
    }
    format
}

fn read_platform(section: &Section<'_>) -> Option<LockedPlatform> {
    let name = required(section, "name")?;
    let platform: Platform = match name.value.parse() {
        Ok(platform) => platform,
        Err(error) => {
            section.report_at(name.span, format!("{error}"));
            return None;
        }
    };
    Some(LockedPlatform {
        platform,
        manifest: optional_digest(section, "manifest"),
        base: optional_digest(section, "base"),
        packages: tables(section, "packages", FILE_KEYS, read_file),
        wheels: tables(section, "wheels", FILE_KEYS, read_file),
        layers: tables(section, "layers", LAYER_KEYS, read_layer),
    })
}

fn read_file(section: &Section<'_>) -> Option<LockedFile> {
    let (name, version) = (required(section, "name"), required(section, "version"));
    let digest = digest(section, "digest");
    Some(LockedFile { name: name?.value, version: version?.value, digest: digest? })
}

fn read_layer(section: &Section<'_>) -> Option<LockedLayer> {
    let kind = choice(section, "kind", LayerKind::of, &LayerKind::ALL.map(LayerKind::name));
    let inputs = optional_digest(section, "inputs");
    let title = required(section, "title");
    Some(LockedLayer { kind: kind?, title: title?.value, digest: digest(section, "digest")?, inputs })
}

/// The tables of a list; what cannot be read is a problem.
fn tables<T>(section: &Section<'_>, key: &str, known: &[&str], read: impl Fn(&Section<'_>) -> Option<T>) -> Vec<T> {
    let Some(value) = section.value(key) else { return Vec::new() };
    let Some(list) = value.get_ref().as_array() else {
        section.report(value, format!("`{}` is not a list of tables", section.path(key)));
        return Vec::new();
    };
    list.iter().filter_map(|item| read(&section.of_value(key, item, known)?)).collect()
}

fn required(section: &Section<'_>, key: &str) -> Option<Located<String>> {
    let text = present(section, key)?;
    if !is_plain(&text.value) {
        let message = format!("`{}` is empty, too long, or has control characters", section.path(key));
        section.report_at(text.span, message);
        return None;
    }
    Some(text)
}

fn digest(section: &Section<'_>, key: &str) -> Option<Digest> {
    let text = present(section, key)?;
    let parsed = text.value.parse();
    if parsed.is_err() {
        section.report_at(text.span, format!("`{}` is no digest such as sha256:…", section.path(key)));
    }
    parsed.ok()
}

fn optional_digest(section: &Section<'_>, key: &str) -> Option<Digest> {
    section.value(key).and_then(|_| digest(section, key))
}

fn choice<T>(section: &Section<'_>, key: &str, of: impl Fn(&str) -> Option<T>, names: &[&str]) -> Option<T> {
    let text = required(section, key)?;
    let found = of(&text.value);
    if found.is_none() {
        let message = format!("`{}` is `{}`, expected one of {}", section.path(key), text.value, names.join(", "));
        section.report_at(text.span, message);
    }
    found
}

/// The text of a key; one that is not there is reported, and one of the wrong type is already.
fn present(section: &Section<'_>, key: &str) -> Option<Located<String>> {
    let text = section.text(key);
    if text.is_none() && section.value(key).is_none() {
        section.report_at(section.start(), format!("`{}` is missing", section.path(key)));
    }
    text
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_TEXT && !text.contains(char::is_control)
}
