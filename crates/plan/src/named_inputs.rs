//! The inputs of a layer by name: what a user can be told of when a layer has another key than before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shipwheel_bytecode::{CANONICAL_RECIPE, InvalidationMode};
use shipwheel_layer::{Compression, LAYER_RECIPE, ZSTD_VERSION};
use shipwheel_python::install::INSTALL_RECIPE;

use crate::layer::{LayerInputs, PlannedLayer};

/// What a named input is: two layers with the same inputs have the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedInput {
    /// What users know it by, such as a version; nothing for what only has a digest.
    pub shown: Option<String>,
    /// All that counts of it.
    pub value: String,
}

/// The inputs of a layer, by name.
pub type NamedInputs = BTreeMap<String, NamedInput>;

impl NamedInput {
    /// Something of which its version is all that counts.
    pub fn version(version: impl ToString) -> Self {
        let value = version.to_string();
        Self { shown: Some(value.clone()), value }
    }

    /// Something that nobody knows by its value.
    fn unseen(value: String) -> Self {
        Self { shown: None, value }
    }
}

impl PlannedLayer {
    /// Everything that the layer's key stands for.
    pub fn named_inputs(&self) -> NamedInputs {
        let mut named = NamedInputs::new();
        let mut add = |name: &str, input| drop(named.insert(name.to_owned(), input));
        add("shipwheel's format of layers", NamedInput::version(LAYER_RECIPE));
        add("compression", compression(self.compression));
        if !self.first.is_empty() {
            add("layers.first", NamedInput::unseen(self.first.digest().to_string()));
        }
        match &self.inputs {
            LayerInputs::Environment { python, executable } => {
                add("shipwheel's way to install", NamedInput::version(INSTALL_RECIPE));
                add("Python", NamedInput::version(python));
                add("interpreter", NamedInput::version(executable));
            }
            LayerInputs::Wheels { python, wheels } => {
                add("shipwheel's way to install", NamedInput::version(INSTALL_RECIPE));
                add("Python", NamedInput::version(format!("{}.{}", python.major, python.minor)));
                for (number, wheel) in wheels.iter().enumerate() {
                    // Members are the distributions of the wheels, in the same order.
                    let (name, shown) = match self.members.get(number).and_then(|member| member.split_once(' ')) {
                        Some((name, shown)) => (name.to_owned(), Some(shown.to_owned())),
                        None => (wheel.digest.to_string(), None),
                    };
                    add(&name, NamedInput { shown, value: format!("{} {:?}", wheel.digest, wheel.removed) });
                }
            }
            LayerInputs::Application { files, time } => {
                add("SOURCE_DATE_EPOCH", NamedInput::version(time.seconds()));
                for file in files {
                    let value = format!("{} {} {:?}", file.digest, file.executable, file.link);
                    add(file.path.as_str(), NamedInput::unseen(value));
                }
            }
            LayerInputs::Bytecode(inputs) => {
                add("shipwheel's form of bytecode", NamedInput::version(CANONICAL_RECIPE));
                add("Python", NamedInput::version(inputs.python));
                add("magic number", NamedInput::version(format!("{:02x?}", inputs.magic_number)));
                add("level", NamedInput::version(inputs.optimization.level()));
                for (source, treatment) in &inputs.sources {
                    let unchecked = treatment.invalidation == InvalidationMode::UncheckedHash;
                    let (level, replaces) = (treatment.optimization.level(), treatment.replaces_source);
                    let value = format!("{} {level} {unchecked} {replaces}", source.digest);
                    add(source.path.as_str(), NamedInput::unseen(value));
                }
            }
        }
        for (path, metadata) in &self.directories {
            let value = format!("{:o} {} {}", metadata.mode, metadata.uid, metadata.gid);
            add(&format!("mode and owner of {path}"), NamedInput::version(value));
        }
        if !self.writable.folders.is_empty() {
            let folders: Vec<&str> = self.writable.folders.iter().map(|folder| folder.as_str()).collect();
            add(
                "writable folders",
                NamedInput::version(format!("{} for user {}", folders.join(" "), self.writable.uid)),
            );
        }
        named
    }
}

/// How a layer is compressed, and by which release of zstd: another one may give other bytes.
fn compression(compression: Compression) -> NamedInput {
    match compression {
        Compression::Gzip | Compression::Estargz => NamedInput::version(compression),
        Compression::Zstd(_) => {
            let release = [ZSTD_VERSION / 10_000, ZSTD_VERSION / 100 % 100, ZSTD_VERSION % 100];
            let release = release.map(|number| number.to_string()).join(".");
            NamedInput::version(format!("{compression} by zstd {release}"))
        }
    }
}

/// What is another thing in the new inputs than in the old ones, one line for each, by name.
pub fn changes(old: &NamedInputs, new: &NamedInputs) -> Vec<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let with = |name: &str, input: &NamedInput| match &input.shown {
        Some(shown) => format!("{name} {shown}"),
        None => name.to_owned(),
    };
    let change = |name: &String| match (old.get(name), new.get(name)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => Some(match (&old.shown, &new.shown) {
            (Some(before), Some(after)) if before != after => format!("{name} {before} -> {after}"),
            _ => format!("{} changed", with(name, new)),
        }),
        (None, Some(new)) => Some(format!("{} is new", with(name, new))),
        (Some(old), None) => Some(format!("{} is gone", with(name, old))),
        (None, None) => None,
    };
    names.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_of_zstd_is_part_of_what_a_layer_of_zstd_is_made_from() {
        let shown = |text: &str| compression(text.parse().expect("a compression")).shown;
        assert_eq!(shown("gzip").as_deref(), Some("gzip"));
        assert_eq!(shown("zstd:3").as_deref(), Some("zstd:3 by zstd 1.5.7"));
    }

    #[test]
    fn changes_are_told_by_name_and_by_version_where_there_is_one() {
        let inputs = |rows: &[(&str, &str, &str)]| -> NamedInputs {
            let input = |(name, shown, value): &(&str, &str, &str)| {
                let shown = Some(*shown).filter(|shown| !shown.is_empty()).map(str::to_owned);
                ((*name).to_owned(), NamedInput { shown, value: (*value).to_owned() })
            };
            rows.iter().map(input).collect()
        };
        let old = inputs(&[
            ("/app/main.py", "", "1"),
            ("/app/old.py", "", "1"),
            ("Python", "3.11.2", "3.11.2"),
            ("httpx", "0.27.0", "a"),
            ("idna", "3.7", "b"),
            ("same", "1", "1"),
        ]);
        let new = inputs(&[
            ("/app/main.py", "", "2"),
            ("/app/new.py", "", "1"),
            ("Python", "3.11.2", "3.11.2"),
            ("httpx", "0.27.2", "c"),
            ("idna", "3.7", "d"),
            ("same", "1", "1"),
        ]);
        let expected = [
            "/app/main.py changed",
            "/app/new.py is new",
            "/app/old.py is gone",
            "httpx 0.27.0 -> 0.27.2",
            "idna 3.7 changed",
        ];
        assert_eq!(changes(&old, &new), expected);
        assert_eq!(changes(&old, &old), [""; 0]);
    }
}
