//! How two images differ, platform by platform, and what a pull of the second one costs where the first one is.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use shipwheel_layer::{Content, ContentError};
use shipwheel_oci::{Digest, HashWriter, Platform};

use crate::contents::comparison::{
    Change, Comparison, FileChange, LayerChange, PlatformComparison, PullCost, VersionChange,
};
use crate::contents::contents::Contents;
use crate::contents::description::Description;
use crate::contents::layers::LayerContents;
use crate::contents::owner::ImageFile;
use crate::contents::settings;
use crate::error::BuildError;

/// Compares two images.
///
/// # Errors
/// When a layer's file cannot be read.
pub fn compare(before: &Description, after: &Description) -> Result<Comparison, BuildError> {
    let platforms = |image: &Description| image.platforms.iter().map(|it| it.platform.clone()).collect::<BTreeSet<_>>();
    let (old, new) = (platforms(before), platforms(after));
    let both = before.platforms.iter().filter_map(|one| {
        let other = after.platforms.iter().find(|other| other.platform == one.platform)?;
        Some(compare_platform(one, other))
    });
    let only = |one: &BTreeSet<Platform>, other: &BTreeSet<Platform>| one.difference(other).cloned().collect();
    Ok(Comparison {
        platforms: both.collect::<Result<_, BuildError>>()?,
        only_before: only(&old, &new),
        only_after: only(&new, &old),
    })
}

fn compare_platform(before: &Contents, after: &Contents) -> Result<PlatformComparison, BuildError> {
    Ok(PlatformComparison {
        platform: after.platform.clone(),
        pull: pull(before, after),
        layers: layers(before, after),
        packages: versions(&packages(before), &packages(after)),
        distributions: versions(&distributions(before), &distributions(after)),
        files: files(before, after)?,
        settings: settings::differences(&before.config.to_value(), &after.config.to_value()),
    })
}

/// What a registry's client fetches: blobs that it does not have, each once.
fn pull(before: &Contents, after: &Contents) -> PullCost {
    let has: BTreeSet<Digest> = before.layers.iter().map(|layer| layer.blob.digest).collect();
    let all: BTreeMap<Digest, u64> = after.layers.iter().map(|layer| (layer.blob.digest, layer.blob.size)).collect();
    let fetched = || all.iter().filter(|(digest, _)| !has.contains(digest));
    let documents = [(&before.manifest, &after.manifest), (&before.config_blob, &after.config_blob)];
    let documents = documents.iter().filter(|(one, other)| one.digest != other.digest);
    PullCost {
        layers: fetched().count(),
        bytes: fetched().map(|(_, size)| size).sum(),
        documents: documents.map(|(_, other)| other.size).sum(),
        all_layers: all.len(),
        all_bytes: all.values().sum(),
    }
}

fn layers(before: &Contents, after: &Contents) -> Vec<LayerChange> {
    let has = |layers: &[LayerContents], layer: &LayerContents| {
        layers.iter().any(|other| other.blob.digest == layer.blob.digest)
    };
    let change = |layer: &LayerContents, change| LayerChange {
        change,
        blob: layer.blob.clone(),
        made_by: layer.made_by.clone(),
        is_repacked: change == Change::Added && before.layers.iter().any(|other| other.diff_id == layer.diff_id),
    };
    let new = after.layers.iter().map(|layer| match has(&before.layers, layer) {
        true => change(layer, Change::Kept),
        false => change(layer, Change::Added),
    });
    let gone = before.layers.iter().filter(|layer| !has(&after.layers, layer));
    new.chain(gone.map(|layer| change(layer, Change::Removed))).collect()
}

/// Versions and bytes by name.
type Versions = BTreeMap<String, (BTreeSet<String>, u64)>;

fn packages(contents: &Contents) -> Versions {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    contents.packages.iter().for_each(|it| *names.entry(&it.about.name).or_default() += 1);
    let mut found = Versions::new();
    for package in &contents.packages {
        let about = &package.about;
        let name = match names.get(about.name.as_str()) {
            Some(1) | None => about.name.clone(),
            Some(_) => format!("{}:{}", about.name, about.architecture),
        };
        add(&mut found, name, &about.version, contents.weight_of_files(&package.files).bytes);
    }
    found
}

fn distributions(contents: &Contents) -> Versions {
    let mut found = Versions::new();
    for distribution in contents.distributions.iter().filter(|it| !it.is_vendored) {
        let bytes = contents.weight_of_files(&distribution.files).bytes;
        add(&mut found, distribution.about.name.clone(), &distribution.about.version, bytes);
    }
    found
}

fn add(found: &mut Versions, name: String, version: &str, bytes: u64) {
    let (versions, sum) = found.entry(name).or_default();
    versions.insert(version.to_owned());
    *sum += bytes;
}

/// Those that are in one alone, or in another version.
fn versions(before: &Versions, after: &Versions) -> Vec<VersionChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |name: &String| {
        let (one, other) = (before.get(name), after.get(name));
        let change = match (one, other) {
            (Some((one, _)), Some((other, _))) if one == other => return None,
            (Some(_), Some(_)) => Change::Changed,
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
        };
        let side = |side: Option<&(BTreeSet<String>, u64)>| {
            side.map_or((Vec::new(), 0), |(versions, bytes)| (versions.iter().cloned().collect(), *bytes))
        };
        let ((before, bytes_before), (after, bytes_after)) = (side(one), side(other));
        Some(VersionChange { change, name: name.clone(), before, after, bytes_before, bytes_after })
    };
    names.into_iter().filter_map(change).collect()
}

fn files(before: &Contents, after: &Contents) -> Result<Vec<FileChange>, BuildError> {
    let by_path = |contents: &'_ Contents| -> BTreeMap<_, _> {
        contents.files.iter().enumerate().map(|(number, file)| (file.path.clone(), number)).collect()
    };
    let (one, other) = (by_path(before), by_path(after));
    let paths: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let changes: Vec<Option<FileChange>> = paths
        .into_par_iter()
        .map(|path| {
            let sides = [(&one, before), (&other, after)];
            let [old, new] = sides.map(|(numbers, contents)| Some(&contents.files[*numbers.get(path)?]));
            file_change(before, after, old, new)
        })
        .collect::<Result<_, BuildError>>()?;
    Ok(changes.into_iter().flatten().collect())
}

fn file_change(
    before: &Contents,
    after: &Contents,
    old: Option<&ImageFile>,
    new: Option<&ImageFile>,
) -> Result<Option<FileChange>, BuildError> {
    let Some(some) = new.or(old) else { return Ok(None) };
    let (change, note) = match (old, new) {
        (Some(old), Some(new)) => {
            let note = note(old, new);
            if note.is_none() && is_same(before, after, old, new)? {
                return Ok(None);
            }
            (Change::Changed, note)
        }
        (None, _) => (Change::Added, None),
        (_, None) => (Change::Removed, None),
    };
    let size = |side: Option<&ImageFile>| side.map(|file| file.size);
    Ok(Some(FileChange { change, path: some.path.to_string(), before: size(old), after: size(new), note }))
}

/// What differs besides the content.
fn note(old: &ImageFile, new: &ImageFile) -> Option<String> {
    match (&old.target, &new.target) {
        (Some(old), Some(new)) => (old != new).then(|| format!("link {old} → {new}")),
        (None, Some(new)) => Some(format!("a file → link {new}")),
        (Some(old), None) => Some(format!("link {old} → a file")),
        (None, None) => (old.mode != new.mode).then(|| format!("mode {:o} → {:o}", old.mode, new.mode)),
    }
}

/// Whether two files have the same bytes. Those at one place of the same layer are not read.
fn is_same(before: &Contents, after: &Contents, old: &ImageFile, new: &ImageFile) -> Result<bool, BuildError> {
    let (Some(one), Some(other)) = (&old.content, &new.content) else { return Ok(old.size == new.size) };
    if one.size() != other.size() {
        return Ok(false);
    }
    let place = |contents: &Contents, file: &ImageFile, content: &Content| {
        Some((contents.layers.get(file.layer?)?.diff_id, content.origin()?.1))
    };
    let (here, there) = (place(before, old, one), place(after, new, other));
    if here.is_some() && here == there {
        return Ok(true);
    }
    Ok(digest(one)? == digest(other)?)
}

fn digest(content: &Content) -> Result<Digest, BuildError> {
    let mut hasher = HashWriter::new(std::io::sink());
    let fail = |cause| ContentError::Read { source_name: content.source_name(), cause };
    content.copy_to(&mut hasher).map_err(fail)?;
    Ok(hasher.finish().1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[(&str, &str)]) -> Versions {
        let mut found = Versions::new();
        names.iter().for_each(|(name, version)| add(&mut found, (*name).to_owned(), version, 1));
        found
    }

    #[test]
    fn versions_are_added_changed_and_removed() {
        let before = of(&[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("d", "2")]);
        let after = of(&[("b", "1"), ("c", "2"), ("d", "2"), ("e", "1")]);
        let shown: Vec<_> =
            versions(&before, &after).into_iter().map(|it| (it.name, it.change, it.before, it.after)).collect();
        let list = |versions: &[&str]| versions.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let expected = [
            ("a", Change::Removed, list(&["1"]), list(&[])),
            ("c", Change::Changed, list(&["1"]), list(&["2"])),
            ("d", Change::Changed, list(&["1", "2"]), list(&["2"])),
            ("e", Change::Added, list(&[]), list(&["1"])),
        ];
        assert_eq!(shown, expected.map(|(name, change, one, other)| (name.to_owned(), change, one, other)));
    }
}
