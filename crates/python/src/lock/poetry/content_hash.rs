//! The digest that Poetry writes into a lock of what it was made from: of a part of pyproject.toml, as Python's JSON.

use serde_json::{Map, Value};
use shipwheel_oci::Digest;

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
    let mut digests = ways.into_iter().map(|(project, groups)| {
        let mut text = String::new();
        write(&relevant(&file, project, groups), &mut text);
        Digest::of(text.as_bytes()).hex()
    });
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

/// Writes a value as `json.dumps(value, sort_keys=True)` does.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            list(out, ('{', '}'), &entries, |(key, value), out| {
                text(key, out);
                out.push_str(": ");
                write(value, out);
            });
        }
        Value::Array(values) => list(out, ('[', ']'), values, write),
        Value::String(value) => text(value, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn list<T>(out: &mut String, (open, close): (char, char), items: &[T], write: impl Fn(&T, &mut String)) {
    out.push(open);
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.push_str(", ");
        }
        write(item, out);
    }
    out.push(close);
}

/// A string with everything escaped that is not ASCII.
fn text(value: &str, out: &mut String) {
    for character in Value::from(value).to_string().chars() {
        match character {
            '\u{7f}' => out.push(character),
            character if character.is_ascii() => out.push(character),
            character => {
                let mut units = [0; 2];
                character.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_python_writes_them() {
        let value = serde_json::json!({"b": ["é\u{1f600}", null, true, 1], "a": {}, "c": "x\"\n\u{7f}"});
        let mut out = String::new();
        write(&value, &mut out);
        assert_eq!(out, "{\"a\": {}, \"b\": [\"\\u00e9\\ud83d\\ude00\", null, true, 1], \"c\": \"x\\\"\\n\u{7f}\"}");
    }

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
