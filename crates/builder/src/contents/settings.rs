//! The settings of two configs that differ, each by its place in the document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::comparison::SettingChange;

/// Parts of a config that say how the image was made: the layers are compared by themselves.
const MADE: [&str; 2] = ["rootfs", "history"];

/// The settings that differ, sorted by their places.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<SettingChange> {
    let (mut one, mut other) = (BTreeMap::new(), BTreeMap::new());
    flatten(before, "", &mut one);
    flatten(after, "", &mut other);
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differing = names.into_iter().filter(|name| one.get(*name) != other.get(*name));
    differing
        .map(|name| SettingChange {
            name: name.clone(),
            before: one.get(name).cloned(),
            after: other.get(name).cloned(),
        })
        .collect()
}

/// Objects and the environment by their keys; everything else is one text.
fn flatten(value: &Value, name: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map.iter().filter(|(key, _)| !(name.is_empty() && MADE.contains(&key.as_str()))) {
                flatten(value, &joined(name, key), found);
            }
        }
        Value::Array(list) if name == "config.Env" => {
            for (key, value) in list.iter().filter_map(Value::as_str).filter_map(|pair| pair.split_once('=')) {
                found.insert(joined(name, key), value.to_owned());
            }
        }
        Value::String(text) => _ = found.insert(name.to_owned(), text.clone()),
        value => _ = found.insert(name.to_owned(), value.to_string()),
    }
}

fn joined(name: &str, key: &str) -> String {
    if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_compared_by_their_places() {
        let before =
            json!({ "config": { "Env": ["A=1", "B=2"], "Cmd": ["x"], "Labels": { "a": "1" } }, "history": [1] });
        let after = json!({ "config": { "Env": ["B=3", "A=1"], "Cmd": ["x", "y"], "Labels": {} }, "history": [2] });
        let shown = |it: &SettingChange| {
            let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
            format!("{}: {} → {}", it.name, text(&it.before), text(&it.after))
        };
        let expected = [
            "config.Cmd: [\"x\"] → [\"x\",\"y\"]",
            "config.Env.B: 2 → 3",
            "config.Labels: - → {}",
            "config.Labels.a: 1 → -",
        ];
        assert_eq!(differences(&before, &after).iter().map(shown).collect::<Vec<_>>(), expected);
        assert!(differences(&before, &before).is_empty());
    }
}
