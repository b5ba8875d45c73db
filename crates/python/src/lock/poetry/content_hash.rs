//! The digest that Poetry writes into a lock of what it was made from: of a part of pyproject.toml, as Python's JSON.

use serde_json::{Map, Value};
use shipwheel_oci::Digest;

use crate::lock::python_json;

/// Keys of `[tool.poetry]` that Poetry has always looked at.
const LEGACY: [&str; 4] = ["dependencies", "source", "extras", "dev-dependencies"];

/// Keys of `[project]`.
const PROJECT: [&str; 3] = ["requires-python", "dependencies", "optional-dependencies"];

/// Whether a digest is that of a pyproject.toml, by the rules of any version of Poetry: before 2.3 it passed over
/// `[dependency-groups]`, and before 2.0 over `[project]`.
///
/// `None` where the text cannot be read.
pub(super) fn is_of(content_hash: &str, pyproject: &str) -> Option<bool> {
    let file: Value = serde_json::to_value(pyproject.parse::<toml::Table>().ok()?).ok()?;
    let ways = [(true, true), (true, false), (false, false)];
    let mut digests = ways
        .into_iter()
        .map(|(project, groups)| Digest::of(python_json::text(&relevant(&file, project, groups)).as_bytes()).hex());
    Some(digests.any(|digest| digest == content_hash))
}

/// What Poetry looks at.
fn relevant(file: &Value, with_project: bool, with_groups: bool) -> Value {
    let below = |path: &[&str]| path.iter().try_fold(file, |value, key| value.get(key)).cloned().unwrap_or(Value::Null);
    let of = |table: &Value, keys: &[&str]| -> Map<String, Value> {
        keys.iter().filter_map(|key| Some(((*key).to_owned(), table.get(key)?.clone()))).collect()
    };
    let project = if with_project { of(&below(&["project"]), &PROJECT) } else { Map::new() };
    let groups = if with_groups { below(&["dependency-groups"]) } else { Value::Null };
    let has_groups = groups.as_object().is_some_and(|groups| !groups.is_empty());
    let table = below(&["tool", "poetry"]);
    let mut poetry = of(&table, &LEGACY);
    poetry.extend(of(&table, &["group"]));
    if project.is_empty() && !has_groups {
        for key in LEGACY {
            poetry.entry(key).or_insert(Value::Null);
        }
        return poetry.into();
    }
    let mut all = Map::new();
    if !project.is_empty() {
        all.insert("project".to_owned(), project.into());
    }
    if has_groups {
        all.insert("dependency-groups".to_owned(), groups);
    }
    if !poetry.is_empty() {
        all.insert("tool".to_owned(), serde_json::json!({ "poetry": poetry }));
    }
    all.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_poetry_does_not_look_at_changes_nothing() {
        let file = |text: &str| serde_json::to_value(text.parse::<toml::Table>().expect("TOML")).expect("JSON");
        let shown = |text: &str, project, groups| relevant(&file(text), project, groups).to_string();
        let text = "[project]\nname = 'x'\ndependencies = ['a']\n[dependency-groups]\ndev = ['b']\n\
            [tool.poetry.group.d.dependencies]\nc = '*'\n";
        assert!(!shown(text, true, true).contains("\"x\"") && shown(text, true, true).contains("dependency-groups"));
        assert!(!shown(text, true, false).contains("dependency-groups"));
        let legacy = shown(text, false, false);
        assert!(legacy.contains("\"dev-dependencies\":null") && legacy.contains("\"group\""), "{legacy}");
    }
}
