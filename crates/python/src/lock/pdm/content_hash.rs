//! The digest that PDM writes into a lock of what it was made from (`PyProject.content_hash`): of a part of pyproject.toml,
//! as Python's JSON.

use serde_json::{Map, Value, json};
use shipwheel_oci::Digest;

use crate::lock::python_json;
use crate::name::normalized;

/// Whether a digest (`sha256:…`) is that of a pyproject.toml, by the rules of any version of PDM: the older ones knew
/// no `[dependency-groups]`, and had the overrides alone in place of the whole `[tool.pdm.resolution]`.
///
/// `None` where the text cannot be read, or the digest is of another kind.
pub(super) fn is_of(content_hash: &str, pyproject: &str) -> Option<bool> {
    let digits = content_hash.strip_prefix("sha256:")?;
    let file: Value = serde_json::to_value(pyproject.parse::<toml::Table>().ok()?).ok()?;
    // Without `[project]` it converts what other tools have.
    file.get("project")?;
    let ways = [(true, true), (true, false), (false, true), (false, false)];
    let mut digests = ways.into_iter().map(|(groups, resolution)| {
        Digest::of(python_json::text(&relevant(&file, groups, resolution)).as_bytes()).hex()
    });
    Some(digests.any(|digest| digest == digits))
}

/// What PDM looks at.
fn relevant(file: &Value, with_groups: bool, with_resolution: bool) -> Value {
    let below = |path: &[&str]| path.iter().try_fold(file, |value, key| value.get(key)).cloned();
    let empty = || json!({});
    let resolution = below(&["tool", "pdm", "resolution"]).unwrap_or_else(empty);
    let (key, resolution) = match with_resolution {
        true => ("resolution", resolution),
        false => ("overrides", resolution.get("overrides").cloned().unwrap_or_else(empty)),
    };
    let mut groups: Map<String, Value> = Map::new();
    let standard = below(&["dependency-groups"]).filter(|_| with_groups);
    for section in [standard, below(&["tool", "pdm", "dev-dependencies"])].into_iter().flatten() {
        for (name, members) in section.as_object().into_iter().flatten() {
            // Before there were the standard ones, their names were left as they are.
            let name = if with_groups { normalized(name) } else { name.clone() };
            let group = groups.entry(name).or_insert_with(|| json!([]));
            if let (Value::Array(group), Value::Array(members)) = (group, members) {
                group.extend(members.iter().cloned());
            }
        }
    }
    json!({
        "sources": below(&["tool", "pdm", "source"]).unwrap_or_else(|| json!([])),
        "dependencies": below(&["project", "dependencies"]).unwrap_or_else(|| json!([])),
        "dev-dependencies": groups,
        "optional-dependencies": below(&["project", "optional-dependencies"]).unwrap_or_else(empty),
        "requires-python": below(&["project", "requires-python"]).unwrap_or_else(|| json!("")),
        key: resolution,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests as PDM 2.29 wrote them.
    #[test]
    fn the_digest_is_that_of_pdm() {
        let project = "[project]\nname = \"top\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n\
            dependencies = [\"requests[socks]\", \"click ; sys_platform == 'win32'\", \"attrs>=23\"]\n\
            [project.optional-dependencies]\nfast = [\"httpx ; python_version < '3.13'\"]\n\
            [dependency-groups]\ndev = [\"idna\"]\ndocs = [\"six\", {include-group = \"dev\"}]\n";
        let digest = "sha256:fbc3d56d760cafd513167f998474f29e29b27c8c917e8ea66030e5e7c56c9aa4";
        assert_eq!(is_of(digest, project), Some(true));
        for (from, to, expected) in [
            ("version = \"1\"", "version = \"2\"", true),
            ("[dependency-groups]", "# why\n[dependency-groups]", true),
            ("attrs>=23", "attrs >=23", false),
            ("Dev", "dev", true),
            ("dev = [\"idna\"]", "dev = []", false),
            (">=3.11", ">=3.12", false),
        ] {
            assert_eq!(is_of(digest, &project.replacen(from, to, 1)), Some(expected), "{from} -> {to}");
        }
        assert_eq!(is_of(digest, "no toml ["), None);
        assert_eq!(is_of("md5:00", project), None);
        assert_eq!(is_of(digest, "[tool.poetry]\n"), None);
    }
}
