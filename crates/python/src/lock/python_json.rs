//! JSON as Python's `json.dumps(value, sort_keys=True)` writes it: the digests of other tools' locks are of that.

use serde_json::Value;

/// What stands between the parts of a text.
struct Separators {
    item: &'static str,
    key: &'static str,
}

/// The text of a value as Python has it by default: the digests of Poetry and PDM.
pub(super) fn text(value: &Value) -> String {
    written(value, &Separators { item: ", ", key: ": " })
}

/// The text of a value with `separators=(",", ":")`: the digest of Pipenv.
pub(super) fn compact(value: &Value) -> String {
    written(value, &Separators { item: ",", key: ":" })
}

fn written(value: &Value, between: &Separators) -> String {
    let mut out = String::new();
    write(value, between, &mut out);
    out
}

fn write(value: &Value, between: &Separators, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            list(out, ('{', '}'), between, &entries, |(key, value), out| {
                write_text(key, out);
                out.push_str(between.key);
                write(value, between, out);
            });
        }
        Value::Array(values) => list(out, ('[', ']'), between, values, |value, out| write(value, between, out)),
        Value::String(value) => write_text(value, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn list<T>(
    out: &mut String,
    (open, close): (char, char),
    between: &Separators,
    items: &[T],
    write: impl Fn(&T, &mut String),
) {
    out.push(open);
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.push_str(between.item);
        }
        write(item, out);
    }
    out.push(close);
}

/// A string with everything escaped that is not ASCII.
fn write_text(value: &str, out: &mut String) {
    for character in Value::from(value).to_string().chars() {
        match character {
            // The escapes of serde_json are Python's, but for this one.
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
        assert_eq!(
            text(&value),
            "{\"a\": {}, \"b\": [\"\\u00e9\\ud83d\\ude00\", null, true, 1], \"c\": \"x\\\"\\n\u{7f}\"}"
        );
        assert_eq!(
            compact(&value),
            "{\"a\":{},\"b\":[\"\\u00e9\\ud83d\\ude00\",null,true,1],\"c\":\"x\\\"\\n\u{7f}\"}"
        );
    }
}
