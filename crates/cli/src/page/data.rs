//! A description as the page wants it: what is drawn and listed, with every text safe to show.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Value, json};
use shipwheel_builder::{Contents, Description, ImageDistribution, ImageFile, ImagePackage, Owner, Part, Weight};

use super::folders::Folders;
use super::profile::Profile;
use super::treemap::treemap;
use crate::described::{holds, image_json, image_text};
use crate::shown;

/// How many times as wide as high the two maps are: for screens, and for phones.
const ASPECTS: [(&str, f64); 2] = [("wide", 2.0), ("tall", 0.75)];

/// All that the page shows.
pub(super) fn data(image: &str, description: &Description, profile: Option<&Profile>) -> Value {
    let attached = description.attached.iter().map(image_json::attached);
    let page = json!({
        "image": image,
        "digest": description.root.digest,
        "problems": description.problems,
        "annotations": description.annotations,
        "attached": attached.collect::<Vec<_>>(),
        "platforms": description.platforms.iter().map(platform).collect::<Vec<_>>(),
        "profile": profile.map(Profile::to_json),
    });
    safe(page)
}

/// The same with every text made safe to show: nothing in a name turns a line around or hides in it.
fn safe(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(shown::line(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(safe).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (shown::line(&key), safe(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn platform(contents: &Contents) -> Value {
    let parts = holds::parts(contents);
    let owners = Owners::of(contents);
    let maps = ASPECTS.map(|(name, aspect)| (name.to_owned(), treemap(&parts, aspect)));
    let (folders, files) = files(contents, &owners);
    json!({
        "name": contents.platform.to_string(),
        "digest": contents.manifest.digest,
        "annotations": contents.annotations,
        "config": contents.config.to_value(),
        "command": contents.config.command(),
        "user": contents.config.user(),
        "folder": contents.config.working_dir(),
        "packed": contents.packed(),
        "bytes": contents.bytes(),
        "system": image_json::system(contents),
        "python": image_json::python(contents),
        "bytecode": image_text::bytecode(contents),
        "owners": owners.list,
        "layers": layers(contents, &parts, &owners),
        "maps": BTreeMap::from(maps),
        "packages": contents.packages.iter().map(|it| package(contents, it)).collect::<Vec<_>>(),
        "distributions": contents.distributions.iter().map(|it| distribution(contents, it)).collect::<Vec<_>>(),
        "folders": folders,
        "files": files,
    })
}

/// The owners of a platform's files, each written once as `[kind, name, version]`.
struct Owners {
    numbers: BTreeMap<Owner, usize>,
    list: Vec<Value>,
}

impl Owners {
    fn of(contents: &Contents) -> Self {
        let mut owners = Self { numbers: BTreeMap::new(), list: Vec::new() };
        for file in &contents.files {
            if let Entry::Vacant(entry) = owners.numbers.entry(file.owner) {
                let (name, version) = contents.name_of(file.owner);
                entry.insert(owners.list.len());
                owners.list.push(json!([holds::kind(file.owner), name, version]));
            }
        }
        owners
    }

    fn number(&self, owner: Owner) -> Option<usize> {
        self.numbers.get(&owner).copied()
    }
}

fn layers(contents: &Contents, parts: &[Vec<(Part, Weight)>], owners: &Owners) -> Vec<Value> {
    let layers = contents.layers.iter().zip(parts).enumerate();
    layers
        .map(|(number, (layer, parts))| {
            let part = |((_, owner, is_bytecode), weight): &(Part, Weight)| {
                json!([owners.number(*owner), u8::from(*is_bytecode), weight.bytes, weight.files])
            };
            json!({
                "digest": layer.blob.digest,
                "title": holds::title(contents, number, parts),
                "madeBy": layer.made_by,
                "packed": layer.blob.size,
                "bytes": layer.bytes,
                "hidden": layer.hidden,
                "files": layer.files,
                "shared": layer.shared.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "parts": parts.iter().map(part).collect::<Vec<_>>(),
            })
        })
        .collect()
}

/// `[name, version, bytes, files, architecture, source]`.
fn package(contents: &Contents, package: &ImagePackage) -> Value {
    let (about, weight) = (&package.about, contents.weight_of_files(&package.files));
    json!([about.name, about.version, weight.bytes, weight.files, about.architecture, about.source])
}

/// `[name, version, bytes, files, bytes of bytecode, license, vendored, package]`.
fn distribution(contents: &Contents, distribution: &ImageDistribution) -> Value {
    let (about, weight) = (&distribution.about, contents.weight_of_files(&distribution.files));
    let license = about.license_expression.as_deref().or(about.license.as_deref());
    let license = license.or_else(|| about.license_classifiers.first()?.rsplit(" :: ").next());
    json!([
        about.name,
        about.version,
        weight.bytes,
        weight.files,
        image_json::bytecode_bytes(contents, &distribution.files),
        license,
        distribution.is_vendored,
        distribution.package.and_then(|number| contents.packages.get(number)).map(|it| &it.about.name),
    ])
}

/// The folders, and `[folder, name, size, layer, owner, bytecode, target]` for each file; a target only for links.
fn files(contents: &Contents, owners: &Owners) -> (Vec<String>, Vec<Value>) {
    let mut folders = Folders::default();
    let file = |file: &ImageFile| {
        let (folder, name) = folders.split(file.path.as_str());
        let mut row = vec![
            json!(folder),
            json!(name),
            json!(file.size),
            json!(file.layer),
            json!(owners.number(file.owner)),
            json!(u8::from(file.is_bytecode)),
        ];
        row.extend(file.target.as_ref().map(|target| json!(target)));
        Value::Array(row)
    };
    let files = contents.files.iter().map(file).collect();
    (folders.list, files)
}
