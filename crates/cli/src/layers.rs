//! The layers of a finished image as a table: platform, layer, what it holds, size, where it came from.

use shipwheel_builder::{Built, LayerStatus};

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

/// The table of a finished image, and a line on what its platforms share.
pub(crate) fn render(built: &Built) -> String {
    let mut rows = vec![["platform", "layer", "holds", "size", "status"].map(str::to_owned)];
    for platform in &built.platforms {
        for (number, layer) in platform.layers.iter().enumerate() {
            let bytes = layer.layer.blob.size;
            let name = if number == 0 { platform.platform.to_string() } else { String::new() };
            let holds = shown::line(&layer.title).chars().take(44).collect();
            rows.push([name, layer.kind.name().to_owned(), holds, size(bytes), status(layer.status).to_owned()]);
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
