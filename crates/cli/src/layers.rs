//! The layers of a finished image as a table: platform, layer, what it holds, size, where it came from.

use std::collections::BTreeSet;

use shipwheel_builder::{Built, LayerReport, LayerStatus};

use crate::shown;
use crate::table::{aligned, size};

/// How a status is written.
pub(crate) fn status(status: LayerStatus) -> &'static str {
    match status {
        LayerStatus::Built => "built",
        LayerStatus::Cached => "cached",
        LayerStatus::Shared => "shared",
    }
}

/// How much of an image is stored and pushed, and how much of that once for several platforms.
pub(crate) struct Share {
    /// Bytes of all platforms' layers, each platform's counted.
    pub(crate) total: u64,
    /// Bytes of layers that a platform above had already.
    pub(crate) shared: u64,
}

impl Share {
    pub(crate) fn of(built: &Built) -> Self {
        let layers = built.platforms.iter().flat_map(|platform| &platform.layers);
        layers.fold(Self { total: 0, shared: 0 }, |sum, layer| {
            let bytes = layer.layer.blob.size;
            let again = if layer.status == LayerStatus::Shared { bytes } else { 0 };
            // The base's manifest says what it likes.
            Self { total: sum.total.saturating_add(bytes), shared: sum.shared.saturating_add(again) }
        })
    }
}

/// The most characters of what a layer holds.
const MAX_HOLDS: usize = 52;

/// How many distributions of several layers are named.
const MAX_NAMED: usize = 2;

/// The table of a finished image, and a line on what its platforms share: a row for each kind of layer, or for each layer.
pub(crate) fn render(built: &Built, each: bool) -> String {
    let mut rows = vec![["platform", "layer", "holds", "size", "status"].map(str::to_owned)];
    for platform in &built.platforms {
        let (first, layers) = (rows.len(), &platform.layers);
        match each {
            true => rows.extend(layers.iter().map(|layer| row(&[layer]))),
            false => rows.extend(grouped(layers)),
        }
        if let Some(row) = rows.get_mut(first) {
            row[0] = platform.platform.to_string();
        }
    }
    let mut text = aligned(&rows, 3..4);
    let Share { total, shared } = Share::of(built);
    text += &format!("  {} in all", size(total));
    if built.platforms.len() > 1 {
        text += &format!(", of which {} are stored and pushed once for all platforms", size(shared));
    }
    text + "\n"
}

type Row = [String; 5];

/// A row for each kind of layer, and one for all kinds that are only those of a platform above.
fn grouped(layers: &[LayerReport]) -> Vec<Row> {
    let kinds = layers.chunk_by(|a, b| a.kind == b.kind);
    let is_shared = |kind: &&[LayerReport]| kind.iter().all(|layer| layer.status == LayerStatus::Shared);
    let (shared, own): (Vec<_>, Vec<_>) = kinds.partition(is_shared);
    let mut rows: Vec<Row> = own.into_iter().map(|kind| row(&kind.iter().collect::<Vec<_>>())).collect();
    let shared: Vec<&LayerReport> = shared.into_iter().flatten().collect();
    match &shared[..] {
        [] => {}
        [layer] => rows.push(row(&[layer])),
        layers => {
            let mut all = row(layers);
            all[1] = "all others".to_owned();
            all[2] = format!("{} layers, the same as above", layers.len());
            rows.push(all);
        }
    }
    rows
}

/// The row of some layers; its platform is left open.
fn row(layers: &[&LayerReport]) -> Row {
    let bytes = layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.layer.blob.size));
    let kind = layers.first().map_or("", |layer| layer.kind.name());
    [String::new(), kind.to_owned(), holds(layers), size(bytes), statuses(layers)]
}

/// What layers hold: the largest first, and how many others.
fn holds(layers: &[&LayerReport]) -> String {
    let text = match layers {
        [layer] => layer.title.clone(),
        layers => {
            let mut sorted = layers.to_vec();
            sorted.sort_by_key(|layer| (std::cmp::Reverse(layer.layer.blob.size), &layer.title));
            let named = |layer: &&LayerReport| match &layer.members[..] {
                [] => vec![layer.title.clone()],
                members => members.to_vec(),
            };
            // A base's layers have one title.
            let mut seen = BTreeSet::new();
            let names = sorted.iter().flat_map(named).filter(|name| seen.insert(name.clone()));
            let names: Vec<String> = names.collect();
            let more = match names.len().saturating_sub(MAX_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let more = format!("{more}, in {} layers", layers.len());
            let names = shown::line(&names[..MAX_NAMED.min(names.len())].join(", "));
            return cut(&names, MAX_HOLDS.saturating_sub(more.chars().count())) + &more;
        }
    };
    cut(&shown::line(&text), MAX_HOLDS)
}

/// A text with a sign in place of what is too much.
fn cut(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// `built`, or `3 built, 2 cached` where they differ.
fn statuses(layers: &[&LayerReport]) -> String {
    let count = |wanted: LayerStatus| layers.iter().filter(|layer| layer.status == wanted).count();
    let counts = [LayerStatus::Built, LayerStatus::Cached, LayerStatus::Shared].map(|it| (count(it), status(it)));
    let found: Vec<_> = counts.into_iter().filter(|(count, _)| *count > 0).collect();
    match &found[..] {
        [(_, name)] => (*name).to_owned(),
        several => several.iter().map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use shipwheel_oci::{Descriptor, DiffId, Digest, LayerDescriptor};
    use shipwheel_plan::layer::LayerKind;

    use super::*;

    fn layer(kind: LayerKind, title: &str, members: &[&str], size: u64, status: LayerStatus) -> LayerReport {
        let blob = Descriptor::new("application/vnd.oci.image.layer.v1.tar+gzip", Digest::of(title.as_bytes()), size);
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        let layer = LayerDescriptor { blob, diff_id: DiffId::of(b"") };
        LayerReport { kind, title: title.to_owned(), members, layer, inputs: None, status }
    }

    fn rows(layers: &[LayerReport]) -> Vec<String> {
        grouped(layers).into_iter().map(|row| row[1..].join("|")).collect()
    }

    #[test]
    fn layers_of_one_kind_are_one_row_with_the_largest_named() {
        use LayerKind::{Application, Base, Dependencies};
        use LayerStatus::{Built, Cached, Shared};
        let layers = [
            layer(Base, "Debian bookworm", &[], 1 << 20, Cached),
            layer(Dependencies, "idna 3.4", &["idna 3.4"], 1 << 10, Built),
            layer(Dependencies, "numpy 2.4.6", &["numpy 2.4.6"], 1 << 24, Built),
            layer(Dependencies, "pure bucket 1 (a and 1 more)", &["a 1", "b 2"], 1 << 11, Cached),
            layer(Application, "/app", &[], 10, Built),
        ];
        let expected = [
            "base|Debian bookworm|1.0 MiB|cached",
            "dependencies|numpy 2.4.6, a 1 and 2 more, in 3 layers|16.0 MiB|2 built, 1 cached",
            "application|/app|10 B|built",
        ];
        assert_eq!(rows(&layers), expected);
        let twice = [layers[0].clone(), layers[0].clone()];
        assert_eq!(rows(&twice), ["base|Debian bookworm, in 2 layers|2.0 MiB|cached"]);
        let shared = layers.map(|layer| LayerReport { status: Shared, ..layer });
        assert_eq!(rows(&shared), ["all others|5 layers, the same as above|17.0 MiB|shared"]);
        assert_eq!(rows(&shared[..1]), ["base|Debian bookworm|1.0 MiB|shared"]);
    }

    #[test]
    fn what_is_too_long_says_so() {
        let long = "x".repeat(MAX_HOLDS + 1);
        assert_eq!(cut(&long, MAX_HOLDS).chars().count(), MAX_HOLDS);
        assert!(cut(&long, MAX_HOLDS).ends_with("x…"));
        assert_eq!(cut(&long[1..], MAX_HOLDS), long[1..]);
        let member = |name: &str| layer(LayerKind::Dependencies, name, &[], 1, LayerStatus::Built);
        let (one, other) = (member(&long), member("other"));
        let holds = holds(&[&one, &other]);
        assert!(holds.ends_with("x…, in 2 layers") && holds.chars().count() == MAX_HOLDS, "{holds}");
    }
}
