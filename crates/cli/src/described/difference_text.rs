//! The difference of two images as tables.

use std::fmt::Write as _;

use shipwheel_builder::{
    Change, Comparison, Description, FileChange, LayerChange, PlatformComparison, VersionChange, counted,
};
use shipwheel_oci::Platform;

use crate::shown;
use crate::table::{rows_of, size};

/// How many files are written out, unless all are asked for.
const MAX_FILES: usize = 20;

/// How many characters of a value or a line of history are shown.
const MAX_VALUE: usize = 80;

/// The tables of a comparison; `all` lists every file.
pub(crate) fn render(names: &[String; 2], images: [&Description; 2], comparison: &Comparison, all: bool) -> String {
    let mut text = String::new();
    for (sign, (name, image)) in ["-", "+"].iter().zip(names.iter().zip(images)) {
        let _ = writeln!(text, "{sign} {} {}", shown::line(name), image.root.digest);
    }
    let listed = |platforms: &[Platform]| platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for (sign, platforms) in [("-", &comparison.only_before), ("+", &comparison.only_after)] {
        if !platforms.is_empty() {
            let _ = writeln!(text, "{sign} {}, which the other image does not have", shown::line(&listed(platforms)));
        }
    }
    for platform in &comparison.platforms {
        one(&mut text, platform, all);
    }
    text
}

fn one(text: &mut String, platform: &PlatformComparison, all: bool) {
    let pull = platform.pull;
    let _ = writeln!(text, "\n{}", shown::line(&platform.platform.to_string()));
    let _ = writeln!(
        text,
        "  a pull fetches {} of {}, {} of {}, and {} of documents",
        pull.layers,
        counted(pull.all_layers, "layer"),
        size(pull.bytes),
        size(pull.all_bytes),
        size(pull.documents),
    );
    let layers: Vec<Vec<String>> =
        platform.layers.iter().filter(|layer| layer.change != Change::Kept).map(layer).collect();
    table(text, "layers", &layers, usize::MAX, 1);
    let of = |versions: &[VersionChange]| versions.iter().map(version).collect::<Vec<_>>();
    table(text, "distributions", &of(&platform.distributions), usize::MAX, 1);
    table(text, "Debian packages", &of(&platform.packages), usize::MAX, 1);
    let settings = platform.settings.iter().map(|it| {
        let side = |side: &Option<String>| side.as_deref().map_or_else(|| "–".to_owned(), cut);
        vec![
            sign(side_change(&it.before, &it.after)),
            it.name.clone(),
            format!("{} → {}", side(&it.before), side(&it.after)),
        ]
    });
    table(text, "settings", &settings.collect::<Vec<_>>(), usize::MAX, usize::MAX);
    let count = |change| platform.files.iter().filter(|file| file.change == change).count();
    let title = format!(
        "files: {} added, {} changed, {} removed",
        count(Change::Added),
        count(Change::Changed),
        count(Change::Removed)
    );
    let files: Vec<Vec<String>> = platform.files.iter().map(file).collect();
    table(text, &title, &files, if all { usize::MAX } else { MAX_FILES }, 1);
}

fn side_change(before: &Option<String>, after: &Option<String>) -> Change {
    match (before, after) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    }
}

/// A heading and its rows, if there are any; the column of a number is to the right.
fn table(text: &mut String, title: &str, rows: &[Vec<String>], most: usize, number: usize) {
    if rows.is_empty() {
        return;
    }
    let shown: Vec<&[String]> = rows.iter().take(most).map(Vec::as_slice).collect();
    let _ = write!(text, "  {title}\n{}", indented(&rows_of(&shown, |column| column == number)));
    match rows.len() - shown.len() {
        0 => {}
        more => _ = writeln!(text, "    and {more} more; `--all` lists them"),
    }
}

fn indented(rows: &str) -> String {
    rows.lines().map(|line| format!("  {line}\n")).collect()
}

fn sign(change: Change) -> String {
    let sign = match change {
        Change::Added => "+",
        Change::Changed => "~",
        Change::Removed => "-",
        Change::Kept => " ",
    };
    sign.to_owned()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn layer(layer: &LayerChange) -> Vec<String> {
    let made_by = layer.made_by.as_deref().unwrap_or_default();
    let made_by = made_by.strip_prefix("shipwheel: ").unwrap_or(made_by);
    let note = if layer.is_repacked { " (the same files, packed in another way)" } else { "" };
    vec![sign(layer.change), size(layer.blob.size), layer.blob.digest.short(), format!("{}{note}", cut(made_by))]
}

fn version(version: &VersionChange) -> Vec<String> {
    let side = |versions: &[String]| if versions.is_empty() { "–".to_owned() } else { versions.join(", ") };
    let grown = |bytes: u64, less: u64, sign: &str| format!("{sign}{}", size(bytes - less));
    let (before, after) = (version.bytes_before, version.bytes_after);
    vec![
        sign(version.change),
        if after >= before { grown(after, before, "+") } else { grown(before, after, "-") },
        version.name.clone(),
        format!("{} → {}", side(&version.before), side(&version.after)),
    ]
}

fn file(file: &FileChange) -> Vec<String> {
    let bytes = match (file.before, file.after) {
        (Some(before), Some(after)) if before != after => format!("{} → {}", size(before), size(after)),
        (_, Some(bytes)) | (Some(bytes), None) => size(bytes),
        (None, None) => String::new(),
    };
    let note = file.note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
    vec![sign(file.change), bytes, format!("{}{note}", file.path)]
}
