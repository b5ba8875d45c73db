//! The inputs of a layer by name: what a user can be told of when a layer has another key than before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shipwheel_bytecode::{CANONICAL_RECIPE, InvalidationMode};
use shipwheel_layer::LAYER_RECIPE;
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

impl PlannedLayer {
    /// Everything that the layer's key stands for.
    pub fn named_inputs(&self) -> NamedInputs {
        let mut named = NamedInputs::new();
        let mut add = |name: String, shown: Option<String>, value: String| {
            named.insert(name, NamedInput { shown, value });
        };
        let version = |add: &mut dyn FnMut(String, Option<String>, String), name: &str, value: String| {
            add(name.to_owned(), Some(value.clone()), value);
        };
        version(&mut add, "shipwheel's format of layers", LAYER_RECIPE.to_string());
        version(&mut add, "compression", self.compression.to_string());
        match &self.inputs {
            LayerInputs::Environment { python, executable } => {
                version(&mut add, "shipwheel's way to install", INSTALL_RECIPE.to_string());
                version(&mut add, "Python", python.to_string());
                version(&mut add, "interpreter", executable.clone());
            }
            LayerInputs::Wheels { python, wheels } => {
                version(&mut add, "shipwheel's way to install", INSTALL_RECIPE.to_string());
                version(&mut add, "Python", format!("{}.{}", python.major, python.minor));
                for (number, wheel) in wheels.iter().enumerate() {
                    // Members are the distributions of the wheels, in the same order.
                    let (name, shown) = match self.members.get(number).and_then(|member| member.split_once(' ')) {
                        Some((name, shown)) => (name.to_owned(), Some(shown.to_owned())),
                        None => (wheel.digest.to_string(), None),
                    };
                    add(name, shown, format!("{} {:?}", wheel.digest, wheel.removed));
                }
            }
            LayerInputs::Application { files, time } => {
                version(&mut add, "SOURCE_DATE_EPOCH", time.seconds().to_string());
                for file in files {
                    let value = format!("{} {} {:?}", file.digest, file.executable, file.link);
                    add(file.path.to_string(), None, value);
                }
            }
            LayerInputs::Bytecode(inputs) => {
                version(&mut add, "shipwheel's form of bytecode", CANONICAL_RECIPE.to_string());
                version(&mut add, "Python", inputs.python.to_string());
                version(&mut add, "magic number", format!("{:02x?}", inputs.magic_number));
                version(&mut add, "level", inputs.optimization.level().to_string());
                for (source, treatment) in &inputs.sources {
                    let unchecked = treatment.invalidation == InvalidationMode::UncheckedHash;
                    let (level, replaces) = (treatment.optimization.level(), treatment.replaces_source);
                    add(source.path.to_string(), None, format!("{} {level} {unchecked} {replaces}", source.digest));
                }
            }
        }
        for (path, metadata) in &self.directories {
            let value = format!("{:o} {} {}", metadata.mode, metadata.uid, metadata.gid);
            version(&mut add, &format!("mode and owner of {path}"), value);
        }
        if !self.writable.folders.is_empty() {
            let folders: Vec<&str> = self.writable.folders.iter().map(|folder| folder.as_str()).collect();
            version(&mut add, "writable folders", format!("{} for user {}", folders.join(" "), self.writable.uid));
        }
        named
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
