//! A config on another base: what the image added to its base stays, and what it took from it is the new one's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{ConfigError, ImageConfig};
use crate::digest::DiffId;

/// Keys whose values are not a matter of base and image: they are about one of both, or made anew.
const OWN_KEYS: [&str; 8] = ["architecture", "os", "variant", "os.version", "created", "config", "rootfs", "history"];

/// Keys of `config` with a value for each of several names.
const NAMED: [&str; 3] = ["Labels", "ExposedPorts", "Volumes"];

/// What becomes of one of the image's own layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLayer {
    /// The diff ids in its place; none if it goes.
    pub diff_ids: Vec<DiffId>,
    /// The lines of history in its place; where there are none, it keeps its own.
    pub created_by: Vec<String>,
}

/// A config on its new base.
#[derive(Debug, Clone, PartialEq)]
pub struct RebasedConfig {
    /// The config.
    pub config: ImageConfig,
    /// What the runtime is told otherwise than before, a line for each.
    pub changes: Vec<String>,
}

impl ImageConfig {
    /// This config on the base `new` in place of `old`, whose layers are the first of this one's. `own` are the layers
    /// above them.
    ///
    /// A value that the image took from its base becomes the new base's, one of its own stays, and one that has the old
    /// base's inside, as `PATH` does, gets the new base's there.
    ///
    /// # Errors
    /// When one of the configs does not have the diff ids that the specification asks for.
    pub fn rebased(&self, old: &Self, new: &Self, own: &[OwnLayer]) -> Result<RebasedConfig, ConfigError> {
        let mut config = self.clone();
        for key in keys(&[&self.0, &old.0, &new.0]).filter(|key| !OWN_KEYS.contains(key)) {
            let merged = merged([&self.0, &old.0, &new.0].map(|map| map.get(key)));
            set(&mut config.0, key, merged);
        }
        let empty = Map::new();
        let [image, before, after] = [self, old, new].map(|config| config.runtime().unwrap_or(&empty));
        let mut runtime = image.clone();
        let mut changes = Vec::new();
        for key in keys(&[image, before, after]) {
            let values = [image, before, after].map(|map| map.get(key));
            let merged = match key {
                "Env" => merged_env(self, old, new),
                _ if NAMED.contains(&key) => merged_names(values),
                _ => merged(values),
            };
            changes.extend(change(key, values[0], merged.as_ref()));
            set(&mut runtime, key, merged);
        }
        config.0.insert("config".to_owned(), runtime.into());
        let diff_ids = new.diff_ids()?.into_iter().chain(own.iter().flat_map(|layer| layer.diff_ids.clone()));
        let diff_ids: Vec<Value> = diff_ids.map(|diff_id| diff_id.to_string().into()).collect();
        let count = old.diff_ids()?.len();
        if let Some(rootfs) = config.0.get_mut("rootfs").and_then(Value::as_object_mut) {
            rootfs.insert("diff_ids".to_owned(), diff_ids.into());
        }
        set(&mut config.0, "history", self.rebased_history(old, new, count, own));
        Ok(RebasedConfig { config, changes })
    }

    /// The lines of history, where both have one for each layer.
    fn rebased_history(&self, old: &Self, new: &Self, count: usize, own: &[OwnLayer]) -> Option<Value> {
        let [image, old, new] = [self, old, new].map(|config| config.0.get("history").and_then(Value::as_array));
        let (image, new) = (image?, new?);
        let is_of_old =
            |old: &&Vec<Value>| image.starts_with(old) && old.iter().filter(|line| !is_empty(line)).count() == count;
        // Lines without a layer may be the base's last ones; without the base's own list, nobody knows.
        let cut = old.filter(is_of_old).map_or_else(|| after_layers(image, count), Vec::len);
        let mut lines = new.clone();
        let mut next = own.iter();
        for line in image.get(cut..).unwrap_or_default() {
            if is_empty(line) {
                lines.push(line.clone());
                continue;
            }
            let layer = next.next()?;
            match layer.created_by.is_empty() {
                true if layer.diff_ids.is_empty() => {}
                true => lines.push(line.clone()),
                false => lines.extend(layer.created_by.iter().map(|text| {
                    let mut line = line.clone();
                    line["created_by"] = text.clone().into();
                    line
                })),
            }
        }
        next.next().is_none().then(|| lines.into())
    }

    /// How many layers at the bottom have a line of history that begins like this.
    pub fn layers_created_by(&self, start: &str) -> usize {
        let lines = self.0.get("history").and_then(Value::as_array).into_iter().flatten();
        let layers = lines.filter(|line| !is_empty(line));
        let texts = layers.map(|line| line.get("created_by").and_then(Value::as_str).unwrap_or_default());
        texts.take_while(|text| text.starts_with(start)).count()
    }
}

fn is_empty(line: &Value) -> bool {
    line.get("empty_layer").and_then(Value::as_bool) == Some(true)
}

/// Where the lines of so many layers end.
fn after_layers(history: &[Value], count: usize) -> usize {
    let layers = history.iter().enumerate().filter(|(_, line)| !is_empty(line));
    layers.take(count).last().map_or(0, |(number, _)| number + 1)
}

fn keys<'m>(maps: &[&'m Map<String, Value>; 3]) -> impl Iterator<Item = &'m str> {
    let all: std::collections::BTreeSet<&str> = maps.iter().flat_map(|map| map.keys()).map(String::as_str).collect();
    all.into_iter()
}

fn set(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => map.insert(key.to_owned(), value),
        None => map.remove(key),
    };
}

/// One value of the image, its old base and its new one.
fn merged([image, old, new]: [Option<&Value>; 3]) -> Option<Value> {
    if image == old { new.cloned() } else { image.cloned() }
}

/// Values by name.
fn merged_names(values: [Option<&Value>; 3]) -> Option<Value> {
    let empty = Map::new();
    let maps = values.map(|value| value.and_then(Value::as_object).unwrap_or(&empty));
    let mut all = Map::new();
    for key in keys(&maps) {
        set(&mut all, key, merged(maps.map(|map| map.get(key))));
    }
    (!all.is_empty()).then(|| all.into())
}

/// The environment, in the image's order; in that of the names where the image has that.
fn merged_env(image: &ImageConfig, old: &ImageConfig, new: &ImageConfig) -> Option<Value> {
    let listed = |config: &ImageConfig| -> Vec<String> {
        let list = config.runtime().and_then(|it| it.get("Env")).and_then(Value::as_array);
        let names = list.into_iter().flatten().filter_map(Value::as_str);
        names.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name).to_owned()).collect()
    };
    let (mine, theirs) = (listed(image), listed(new));
    let is_sorted = mine.is_sorted();
    let mut names = mine.clone();
    names.extend(theirs.into_iter().filter(|name| !mine.contains(name)));
    if is_sorted {
        names.sort();
    }
    names.dedup();
    let maps: [BTreeMap<String, String>; 3] = [image.env(), old.env(), new.env()];
    let value = |name: &String| {
        let [own, before, after] = maps.each_ref().map(|env| env.get(name));
        match (own, before, after) {
            _ if own == before => after.cloned(),
            // `/opt/venv/bin:` before what the base says.
            (Some(own), Some(before), Some(after)) if !before.is_empty() => {
                Some(own.strip_suffix(before.as_str()).map_or_else(|| own.clone(), |start| format!("{start}{after}")))
            }
            _ => own.cloned(),
        }
    };
    let pairs: Vec<Value> = names.iter().filter_map(|name| Some(format!("{name}={}", value(name)?).into())).collect();
    (!pairs.is_empty()).then(|| pairs.into())
}

/// A line about a value that is another one now.
fn change(key: &str, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
    let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    (before != after).then(|| format!("{key}: {} was {}", shown(after), shown(before)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(runtime: Value, layers: &[&str], history: &[(&str, bool)]) -> ImageConfig {
        let diff_ids: Vec<String> = layers.iter().map(|text| DiffId::of(text.as_bytes()).to_string()).collect();
        let history: Vec<Value> =
            history
                .iter()
                .map(|(by, empty)| {
                    if *empty { json!({ "created_by": by, "empty_layer": true }) } else { json!({ "created_by": by }) }
                })
                .collect();
        let value = json!({
            "architecture": "amd64", "os": "linux", "config": runtime,
            "rootfs": { "type": "layers", "diff_ids": diff_ids }, "history": history,
        });
        ImageConfig::parse(value.to_string().as_bytes()).expect("valid")
    }

    fn value(config: &ImageConfig) -> Value {
        serde_json::from_slice(&config.to_json()).expect("JSON")
    }

    #[test]
    fn what_the_image_took_from_its_base_is_the_new_one_s_and_its_own_stays() {
        for (key, image, old, new, expected) in [
            ("User", json!("a"), json!("a"), json!("b"), json!("b")),
            ("User", json!("own"), json!("a"), json!("b"), json!("own")),
            ("Cmd", Value::Null, json!(["x"]), json!(["y"]), Value::Null),
            ("Cmd", json!(["x"]), json!(["x"]), Value::Null, Value::Null),
            ("New", Value::Null, Value::Null, json!(1), json!(1)),
            (
                "Labels",
                json!({"a": "1", "b": "2"}),
                json!({"a": "1"}),
                json!({"a": "3", "c": "4"}),
                json!({"a": "3", "b": "2", "c": "4"}),
            ),
            ("ExposedPorts", json!({"1": {}}), json!({"1": {}}), Value::Null, Value::Null),
            (
                "Env",
                json!(["A=1", "PATH=/opt/bin:/bin"]),
                json!(["PATH=/bin"]),
                json!(["PATH=/sbin:/bin", "B=2"]),
                json!(["A=1", "B=2", "PATH=/opt/bin:/sbin:/bin"]),
            ),
            ("Env", json!(["Z=1", "A=1"]), json!(["Z=1"]), json!(["Z=2", "B=1"]), json!(["Z=2", "A=1", "B=1"])),
            ("Env", json!(["PATH=/own"]), json!(["PATH=/bin"]), json!(["PATH=/sbin"]), json!(["PATH=/own"])),
        ] {
            let with = |it: &Value| if it.is_null() { json!({}) } else { json!({ key: it }) };
            let [image, old, new] = [&image, &old, &new].map(|it| config(with(it), &[], &[]));
            let rebased = image.rebased(&old, &new, &[]).expect("valid");
            let found = value(&rebased.config)["config"].get(key).cloned().unwrap_or_default();
            assert_eq!(found, expected, "{key} {image:?} {old:?} {new:?}");
            assert_eq!(rebased.changes.is_empty(), value(&image)["config"] == value(&rebased.config)["config"]);
        }
    }

    #[test]
    fn layers_and_their_lines_are_those_of_the_new_base_and_the_image_s_own() {
        let base = [("b1", false), ("CMD", true)];
        let image = config(
            json!({}),
            &["b1", "std", "app"],
            &[("b1", false), ("CMD", true), ("std", false), ("ENV", true), ("app", false)],
        );
        let (old, new) =
            (config(json!({}), &["b1"], &base), config(json!({}), &["n1", "n2"], &[("n1", false), ("n2", false)]));
        let layer = |ids: &[&str], by: &[&str]| OwnLayer {
            diff_ids: ids.iter().map(|text| DiffId::of(text.as_bytes())).collect(),
            created_by: by.iter().map(|text| (*text).to_owned()).collect(),
        };
        let own = [layer(&["s1", "s2"], &["made 1", "made 2"]), layer(&["app"], &[])];
        let rebased = image.rebased(&old, &new, &own).expect("valid").config;
        let expected = config(
            json!({}),
            &["n1", "n2", "s1", "s2", "app"],
            &[("n1", false), ("n2", false), ("made 1", false), ("made 2", false), ("ENV", true), ("app", false)],
        );
        assert_eq!(value(&rebased), value(&expected));
        assert_eq!((image.layers_created_by("b"), image.layers_created_by("x")), (1, 0));
        // A history that has lines for other layers is left out: no line belongs to a wrong one.
        let short = config(json!({}), &["b1", "std", "app"], &[("b1", false), ("CMD", true), ("std", false)]);
        let rebased = short.rebased(&old, &new, &own).expect("valid").config;
        assert_eq!(value(&rebased).get("history"), None);
    }
}
