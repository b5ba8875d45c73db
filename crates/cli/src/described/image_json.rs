//! A described image as a JSON object.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shipwheel_builder::{
    Attached, AttachedBy, Contents, Coverage, Description, Finding, ImageDistribution, ImageFile, ImagePackage, Owner,
    Part, Weight,
};
use shipwheel_store::redacted;

use super::holds;

/// The whole description.
pub(crate) fn to_json(image: &str, description: &Description) -> Value {
    json!({
        "image": image,
        "digest": description.root.digest,
        "media_type": description.root.media_type,
        "annotations": description.annotations,
        "problems": description.problems,
        "findings": description.findings.iter().map(finding).collect::<Vec<_>>(),
        "attached": description.attached.iter().map(attached).collect::<Vec<_>>(),
        "platforms": description.platforms.iter().map(platform).collect::<Vec<_>>(),
    })
}

/// A finding, without how bad it is.
pub(crate) fn finding(finding: &Finding) -> Value {
    json!({
        "kind": finding.kind.name(),
        "platform": finding.platform.as_ref().map(ToString::to_string),
        "blob": finding.blob,
        "path": finding.path,
        "expected": redacted(&finding.expected),
        "found": redacted(&finding.found),
    })
}

/// A document that is attached to one of the image's.
pub(crate) fn attached(attached: &Attached) -> Value {
    json!({
        "subject": attached.subject,
        "by": by(attached.by),
        "tag": attached.tag,
        "digest": attached.document.digest,
        "media_type": attached.document.media_type,
        "artifact_type": attached.artifact_type,
        "size": attached.document.size,
        "annotations": attached.document.annotations,
    })
}

/// How something is attached.
pub(crate) fn by(by: AttachedBy) -> &'static str {
    match by {
        AttachedBy::Referrer => "referrer",
        AttachedBy::Tag => "tag",
        AttachedBy::Index => "index",
    }
}

fn platform(contents: &Contents) -> Value {
    json!({
        "platform": contents.platform.to_string(),
        "digest": contents.manifest.digest,
        "annotations": contents.annotations,
        "config_digest": contents.config_blob.digest,
        "config": contents.config.to_value(),
        "packed_bytes": contents.packed(),
        "file_bytes": contents.bytes(),
        "system": system(contents),
        "python": python(contents),
        "bytecode": coverage(&contents.coverage),
        "layers": layers(contents),
        "packages": contents.packages.iter().map(|it| package(contents, it)).collect::<Vec<_>>(),
        "distributions": contents.distributions.iter().map(|it| distribution(contents, it)).collect::<Vec<_>>(),
        "files": contents.files.iter().map(|it| file(contents, it)).collect::<Vec<_>>(),
    })
}

/// What `os-release` says.
pub(crate) fn system(contents: &Contents) -> Value {
    contents.system.as_ref().map_or(Value::Null, |system| {
        json!({ "id": system.id, "version": system.version, "codename": system.codename, "name": system.name })
    })
}

/// The interpreter.
pub(crate) fn python(contents: &Contents) -> Value {
    contents.python.as_ref().map_or(Value::Null, |python| {
        json!({
            "version": python.version.to_string(),
            "executable": python.executable,
            "stdlib": python.stdlib,
            "level": python.level,
        })
    })
}

fn coverage(coverage: &Coverage) -> Value {
    let folders =
        coverage.folders.iter().map(|it| json!({ "folder": it.folder, "sources": it.sources, "loaded": it.loaded }));
    json!({
        "sources": coverage.sources(),
        "loaded": coverage.loaded(),
        "folders": folders.collect::<Vec<_>>(),
    })
}

fn layers(contents: &Contents) -> Vec<Value> {
    let layers = contents.layers.iter().zip(holds::parts(contents)).enumerate();
    layers
        .map(|(number, (layer, parts))| {
            json!({
                "digest": layer.blob.digest,
                "diff_id": layer.diff_id.to_string(),
                "media_type": layer.blob.media_type,
                "annotations": layer.blob.annotations,
                "packed_bytes": layer.blob.size,
                "unpacked_bytes": layer.unpacked,
                "entries": layer.entries,
                "whiteouts": layer.whiteouts,
                "files": layer.files,
                "file_bytes": layer.bytes,
                "hidden_bytes": layer.hidden,
                "made_by": layer.made_by,
                "title": holds::title(contents, number, &parts),
                "shared_with": layer.shared.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "holds": parts.iter().map(|part| held(contents, part)).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn held(contents: &Contents, ((_, owner, is_bytecode), weight): &(Part, Weight)) -> Value {
    let (name, version) = contents.name_of(*owner);
    json!({
        "kind": holds::kind(*owner),
        "name": name,
        "version": version,
        "bytecode": is_bytecode,
        "files": weight.files,
        "bytes": weight.bytes,
    })
}

fn package(contents: &Contents, package: &ImagePackage) -> Value {
    let (about, weight) = (&package.about, contents.weight_of_files(&package.files));
    json!({
        "name": about.name,
        "version": about.version,
        "architecture": about.architecture,
        "source": about.source,
        "source_version": about.source_version,
        "noted_in": package.noted_in.as_str(),
        "files": weight.files,
        "bytes": weight.bytes,
    })
}

fn distribution(contents: &Contents, distribution: &ImageDistribution) -> Value {
    let (about, weight) = (&distribution.about, contents.weight_of_files(&distribution.files));
    let sboms = distribution.sboms.iter().filter_map(|number| contents.files.get(*number));
    let package = distribution.package.and_then(|number| contents.packages.get(number));
    json!({
        "name": about.name,
        "written_name": about.written_name,
        "version": about.version,
        "summary": about.summary,
        "license_expression": about.license_expression,
        "license": about.license,
        "license_classifiers": about.license_classifiers,
        "info": distribution.info.as_str(),
        "vendored": distribution.is_vendored,
        "package": package.map(|it| it.about.name.clone()),
        "sboms": sboms.map(|file| file.path.as_str()).collect::<Vec<_>>(),
        "files": weight.files,
        "bytes": weight.bytes,
        "bytecode_bytes": bytecode_bytes(contents, &distribution.files),
    })
}

/// What the bytecode among files takes.
pub(crate) fn bytecode_bytes(contents: &Contents, files: &[usize]) -> u64 {
    let files = files.iter().filter_map(|number| contents.files.get(*number));
    files.filter(|file| file.is_bytecode).map(ImageFile::bytes).sum()
}

fn file(contents: &Contents, file: &ImageFile) -> Value {
    let owner = match file.owner {
        Owner::Package(_) | Owner::Distribution(_) => Some(contents.name_of(file.owner).0),
        Owner::Interpreter | Owner::System | Owner::Application => None,
    };
    let mut entry = BTreeMap::from([
        ("path", json!(file.path.as_str())),
        ("size", json!(file.size)),
        ("layer", json!(file.layer)),
        ("kind", json!(holds::kind(file.owner))),
        ("owner", json!(owner)),
        ("bytecode", json!(file.is_bytecode)),
    ]);
    match &file.target {
        Some(target) => entry.insert("target", json!(target)),
        None => entry.insert("mode", json!(format!("{:04o}", file.mode))),
    };
    json!(entry)
}
