//! A described image as tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use shipwheel_builder::{Contents, Description, LayerContents, counted};
use shipwheel_oci::Platform;

use super::holds;
use super::image_json::by;
use crate::shown;
use crate::table::{rows_of, size};

/// How many rows of a table are written out, unless all are asked for.
const MAX_ROWS: usize = 20;

/// How many characters of a value of the config are shown.
const MAX_VALUE: usize = 100;

/// The tables of an image; `all` writes out every row, and the files.
pub(crate) fn render(image: &str, description: &Description, all: bool) -> String {
    let most = if all { usize::MAX } else { MAX_ROWS };
    let mut text = format!("{}\n{}\n", shown::line(image), description.root.digest);
    section(&mut text, "platforms", &platforms(description), usize::MAX, |_| false);
    for contents in &description.platforms {
        let title = format!("layers of {}", contents.platform);
        section(&mut text, &title, &layers(contents), usize::MAX, |column| column < 4);
    }
    let is_size = |column| column == 1;
    section(&mut text, "distributions", &distributions(description), most, is_size);
    section(&mut text, "Debian packages", &packages(description), most, is_size);
    section(&mut text, "annotations", &pairs(&description.annotations), most, |_| false);
    section(&mut text, "attached", &attached(description), most, |_| false);
    if all {
        for contents in &description.platforms {
            section(&mut text, &format!("files of {}", contents.platform), &files(contents), most, |column| column < 2);
        }
    }
    text
}

/// A heading and the rows below it; the first row names the columns.
fn section(text: &mut String, title: &str, rows: &[Vec<String>], most: usize, is_number: impl Fn(usize) -> bool) {
    if rows.len() < 2 {
        return;
    }
    let shown: Vec<&[String]> = rows.iter().take(most.saturating_add(1)).map(Vec::as_slice).collect();
    let _ = write!(text, "\n{}\n{}", shown::line(title), rows_of(&shown, is_number));
    match rows.len() - shown.len() {
        0 => {}
        more => _ = writeln!(text, "  and {more} more; `--all` lists them"),
    }
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// What a fact is called, and how a platform says it.
type Fact = (&'static str, fn(&Contents) -> String);

/// The platforms side by side.
const FACTS: [Fact; 13] = [
    ("manifest", |it| format!("sha256:{}", it.manifest.digest.short())),
    ("system", |it| {
        it.system.as_ref().map_or_else(none, |it| format!("{} {}", it.id, it.version.as_deref().unwrap_or_default()))
    }),
    ("python", |it| it.python.as_ref().map_or_else(none, |it| format!("{}, level {}", it.version, it.level))),
    ("to pull", |it| size(it.packed())),
    ("files", |it| size(it.bytes())),
    ("hidden", |it| size(it.layers.iter().map(|layer| layer.hidden).sum())),
    ("layers", |it| shared(&it.layers)),
    ("entries", |it| it.files.len().to_string()),
    ("distributions", |it| it.distributions.iter().filter(|it| !it.is_vendored).count().to_string()),
    ("Debian packages", |it| it.packages.len().to_string()),
    ("bytecode", bytecode),
    ("command", |it| cut(&it.config.command().join(" "))),
    ("user, folder", |it| format!("{}, {}", it.config.user().unwrap_or("root"), it.config.working_dir())),
];

fn none() -> String {
    "–".to_owned()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn shared(layers: &[LayerContents]) -> String {
    match layers.iter().filter(|layer| !layer.shared.is_empty()).count() {
        0 => layers.len().to_string(),
        shared => format!("{}, {shared} shared", layers.len()),
    }
}

/// How many modules come from bytecode.
pub(crate) fn bytecode(contents: &Contents) -> String {
    let (sources, loaded) = (contents.coverage.sources(), contents.coverage.loaded());
    match sources {
        0 => none(),
        _ => format!("{loaded} of {sources} modules ({:.1} %)", loaded as f64 * 100.0 / sources as f64),
    }
}

fn platforms(description: &Description) -> Vec<Vec<String>> {
    let heads = description.platforms.iter().map(|it| it.platform.to_string());
    let mut rows = vec![std::iter::once(String::new()).chain(heads).collect::<Vec<_>>()];
    for (name, say) in FACTS {
        rows.push(std::iter::once(name.to_owned()).chain(description.platforms.iter().map(say)).collect());
    }
    if description.platforms.is_empty() { Vec::new() } else { rows }
}

fn layers(contents: &Contents) -> Vec<Vec<String>> {
    let mut rows = vec![row(["", "packed", "files", "hidden", "digest", "shared with", "holds"])];
    for (number, (layer, parts)) in contents.layers.iter().zip(holds::parts(contents)).enumerate() {
        let hidden = if layer.hidden == 0 { String::new() } else { size(layer.hidden) };
        rows.push(vec![
            (number + 1).to_string(),
            size(layer.blob.size),
            size(layer.bytes),
            hidden,
            layer.blob.digest.short(),
            names(&layer.shared),
            cut(&holds::title(contents, number, &parts)),
        ]);
    }
    rows
}

fn names(platforms: &[Platform]) -> String {
    platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What all platforms have under one name: the versions, with their platforms where they differ, and the most bytes.
#[derive(Default)]
struct Listed {
    versions: BTreeMap<String, Vec<Platform>>,
    bytes: u64,
    note: String,
}

fn listed(rows: BTreeMap<String, Listed>, description: &Description, heads: [&str; 4]) -> Vec<Vec<String>> {
    let mut sorted: Vec<(String, Listed)> = rows.into_iter().collect();
    sorted.sort_by(|(one, a), (other, b)| b.bytes.cmp(&a.bytes).then_with(|| one.cmp(other)));
    let everywhere = description.platforms.len();
    let version = |(version, platforms): (&String, &Vec<Platform>)| match platforms.len() == everywhere {
        true => version.clone(),
        false => format!("{version} ({})", names(platforms)),
    };
    let line = |(name, listed): (String, Listed)| {
        let versions: Vec<String> = listed.versions.iter().map(version).collect();
        vec![name, size(listed.bytes), versions.join(", "), listed.note]
    };
    std::iter::once(row(heads)).chain(sorted.into_iter().map(line)).collect()
}

fn distributions(description: &Description) -> Vec<Vec<String>> {
    let mut rows: BTreeMap<String, Listed> = BTreeMap::new();
    for contents in &description.platforms {
        for distribution in contents.distributions.iter().filter(|it| !it.is_vendored) {
            let about = &distribution.about;
            let listed = rows.entry(about.name.clone()).or_default();
            listed.bytes = listed.bytes.max(contents.weight_of_files(&distribution.files).bytes);
            note_version(listed, &about.version, &contents.platform);
            let license = about.license_expression.as_deref().or(about.license.as_deref());
            let license = license.or_else(|| about.license_classifiers.first()?.rsplit(" :: ").next());
            listed.note = cut(license.unwrap_or_default());
        }
    }
    listed(rows, description, ["name", "files", "version", "license"])
}

fn packages(description: &Description) -> Vec<Vec<String>> {
    let mut rows: BTreeMap<String, Listed> = BTreeMap::new();
    for contents in &description.platforms {
        for package in &contents.packages {
            let about = &package.about;
            let listed = rows.entry(about.name.clone()).or_default();
            listed.bytes = listed.bytes.max(contents.weight_of_files(&package.files).bytes);
            note_version(listed, &about.version, &contents.platform);
            listed.note = if about.source == about.name { String::new() } else { about.source.clone() };
        }
    }
    listed(rows, description, ["name", "files", "version", "source"])
}

fn note_version(listed: &mut Listed, version: &str, platform: &Platform) {
    let platforms = listed.versions.entry(version.to_owned()).or_default();
    if !platforms.contains(platform) {
        platforms.push(platform.clone());
    }
}

fn pairs(annotations: &BTreeMap<String, String>) -> Vec<Vec<String>> {
    let rows = annotations.iter().map(|(key, value)| vec![key.clone(), cut(value)]);
    std::iter::once(row(["key", "value"])).chain(rows).collect()
}

fn attached(description: &Description) -> Vec<Vec<String>> {
    let manifests: BTreeMap<_, _> =
        description.platforms.iter().map(|it| (it.manifest.digest, it.platform.to_string())).collect();
    let mut rows = vec![row(["to", "by", "type", "size", "digest"])];
    for attached in &description.attached {
        let subject = attached.subject.map_or_else(none, |subject| match manifests.get(&subject) {
            Some(platform) => platform.clone(),
            None if subject == description.root.digest => "the image".to_owned(),
            None => subject.short(),
        });
        rows.push(vec![
            subject,
            by(attached.by).to_owned(),
            attached.artifact_type.clone().unwrap_or_else(|| attached.document.media_type.clone()),
            size(attached.document.size),
            attached.document.digest.short(),
        ]);
    }
    rows
}

fn files(contents: &Contents) -> Vec<Vec<String>> {
    let mut rows = vec![row(["size", "layer", "of", "path"])];
    for file in &contents.files {
        let target = file.target.as_ref().map_or_else(String::new, |target| format!(" → {target}"));
        rows.push(vec![
            if file.target.is_some() { String::new() } else { size(file.size) },
            file.layer.map_or_else(String::new, |layer| (layer + 1).to_string()),
            contents.name_of(file.owner).0.to_owned(),
            format!("{}{target}", file.path),
        ]);
    }
    rows
}

/// The platforms that a command asked for and those that were read, for a person.
pub(crate) fn problems(description: &Description) -> String {
    let mut text = String::new();
    let kinds: BTreeSet<&str> = description.findings.iter().map(|finding| finding.kind.name()).collect();
    for finding in description.findings.iter().take(MAX_ROWS) {
        let place = finding.path.as_deref().or(finding.blob.as_deref()).unwrap_or("the image");
        let [kind, place, expected, found] =
            [finding.kind.name(), place, &finding.expected, &finding.found].map(shown::line);
        let _ = writeln!(text, "problem: {kind}: {place}: expected {expected}, found {found}");
    }
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "  {} ({kinds})", counted(description.problems, "problem"));
    text
}
