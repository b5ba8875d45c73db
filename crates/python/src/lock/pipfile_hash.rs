//! The hash of a Pipfile by which Pipenv tells whether its lock was made from it.
//!
//! It is the sha256 of a JSON text of what the Pipfile asks for, with sorted keys and without blanks
//! (`Pipfile.get_hash` of plette, which Pipenv uses).

use serde_json::{Map, Value};
use shipwheel_oci::Digest;

use crate::lock::python_json;

/// The sections of a Pipfile that hold no packages.
const OTHER_SECTIONS: [&str; 9] =
    ["source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv", "default", "develop"];

/// The hash of the text of a Pipfile; `sources` are those of the lock, for a Pipfile that leaves them to Pipenv.
///
/// `None` if the text is not TOML.
pub(super) fn pipfile_hash(text: &str, sources: &Value) -> Option<Digest> {
    let file: Value = serde_json::to_value(text.parse::<toml::Table>().ok()?).ok()?;
    let section = |key: &str| file.get(key).cloned();
    let empty = || Value::Object(Map::new());
    let meta = [
        ("sources".to_owned(), section("source").unwrap_or_else(|| sources.clone())),
        ("requires".to_owned(), section("requires").unwrap_or_else(empty)),
    ];
    let mut hashed = Map::from_iter([
        ("_meta".to_owned(), Value::Object(Map::from_iter(meta))),
        ("default".to_owned(), section("packages").unwrap_or_else(empty)),
        ("develop".to_owned(), section("dev-packages").unwrap_or_else(empty)),
    ]);
    let others = file.as_object()?.iter().filter(|(key, _)| !OTHER_SECTIONS.contains(&key.as_str()));
    hashed.extend(others.map(|(key, value)| (key.clone(), value.clone())));
    Some(Digest::of(python_json::compact(&Value::Object(hashed)).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes as Pipenv 2026 wrote them.
    #[test]
    fn the_hash_is_that_of_pipenv() {
        let full = "[[source]]\nurl = \"https://index.example/simple\"\nverify_ssl = true\nname = \"own\"\n\n[packages]\n\
            idna = \"==3.7\"\nrequests = {extras = [\"socks\"], version = \"*\"}\nnear = {path = \"./libs/near\", editable = true}\n\n\
            [dev-packages]\npytest = \"*\"\n\n[requires]\npython_version = \"3.11\"\n\n[scripts]\nrun = \"python main.py\"\n\n\
            [pipenv]\nallow_prereleases = true\n";
        let category = "# only this\n[[source]]\nname = \"own\"\nurl = \"https://index.example/s\u{fc}mple\"\nverify_ssl = false\n\
            [packages]\n[docs]\nsphinx = \">=7 \\\"\u{1f600}\"\n";
        for (text, expected) in [
            (full, Some("54068225c961413146af088db3c10018d78022a7caa82f9ef54110b7c65c317c")),
            (category, Some("3818a6d574f508e6b23e50a3a4090aa7cb6e6b44ca1508a4ffb259cd8e05928d")),
            ("no toml [", None),
        ] {
            let found = pipfile_hash(text, &Value::Array(Vec::new())).map(|digest| digest.hex());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let source = serde_json::json!([{"url": "https://index.example/simple", "verify_ssl": true, "name": "own"}]);
        let without = full.split_once("\n\n").map(|(_, rest)| rest).expect("a source");
        assert_eq!(pipfile_hash(without, &source), pipfile_hash(full, &Value::Null), "Pipenv adds the usual index");
    }
}
