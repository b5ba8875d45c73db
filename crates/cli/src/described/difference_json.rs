//! The difference of two images as a JSON object.

use serde_json::{Value, json};
use shipwheel_builder::{
    Change, Comparison, Description, FileChange, LayerChange, PlatformComparison, SettingChange, VersionChange,
};
use shipwheel_store::redacted;

/// The name of a change in `--json`.
pub(crate) fn name(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Changed => "changed",
        Change::Removed => "removed",
        Change::Kept => "kept",
    }
}

/// The whole comparison.
pub(crate) fn to_json(names: &[String; 2], images: [&Description; 2], comparison: &Comparison) -> Value {
    let side = |number: usize| json!({ "image": names[number], "digest": images[number].root.digest });
    let texts = |all: &[shipwheel_oci::Platform]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "before": side(0),
        "after": side(1),
        "only_before": texts(&comparison.only_before),
        "only_after": texts(&comparison.only_after),
        "platforms": comparison.platforms.iter().map(platform).collect::<Vec<_>>(),
    })
}

fn platform(platform: &PlatformComparison) -> Value {
    let pull = platform.pull;
    json!({
        "platform": platform.platform.to_string(),
        "pull": {
            "layers": pull.layers,
            "bytes": pull.bytes,
            "document_bytes": pull.documents,
            "all_layers": pull.all_layers,
            "all_bytes": pull.all_bytes,
        },
        "layers": platform.layers.iter().map(layer).collect::<Vec<_>>(),
        "packages": platform.packages.iter().map(version).collect::<Vec<_>>(),
        "distributions": platform.distributions.iter().map(version).collect::<Vec<_>>(),
        "files": platform.files.iter().map(file).collect::<Vec<_>>(),
        "settings": platform.settings.iter().map(setting).collect::<Vec<_>>(),
    })
}

fn layer(layer: &LayerChange) -> Value {
    json!({
        "change": name(layer.change),
        "digest": layer.blob.digest,
        "packed_bytes": layer.blob.size,
        "made_by": layer.made_by,
        "repacked": layer.is_repacked,
    })
}

fn version(version: &VersionChange) -> Value {
    json!({
        "change": name(version.change),
        "name": version.name,
        "before": version.before,
        "after": version.after,
        "bytes_before": version.bytes_before,
        "bytes_after": version.bytes_after,
    })
}

fn file(file: &FileChange) -> Value {
    json!({
        "change": name(file.change),
        "path": file.path,
        "size_before": file.before,
        "size_after": file.after,
        "note": file.note,
    })
}

fn setting(setting: &SettingChange) -> Value {
    json!({
        "name": setting.name,
        "before": setting.before.as_deref().map(redacted),
        "after": setting.after.as_deref().map(redacted),
    })
}
