//! The SBOM of the program in CycloneDX: every crate that is linked into it, with its license.
//!
//! maturin has one, too, which says when and in which folder it was made, and gets another number each time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xshell::cmd;

use super::release::Release;
use crate::workspace::Outcome;

/// The crate whose program is released.
const ROOT: &str = "shipwheel-cli";

/// Asks cargo what the program is made of.
pub(super) fn make(release: &Release<'_>) -> Outcome {
    let shell = release.shell;
    let target = cmd!(shell, "rustc --print host-tuple").quiet().read()?;
    let metadata =
        cmd!(shell, "cargo metadata --format-version 1 --locked --filter-platform {target}").quiet().read()?;
    let bill = bill(&serde_json::from_str(&metadata)?).ok_or("cargo's metadata has another form than expected")?;
    let name = format!("shipwheel-{}-{target}.cdx.json", env!("CARGO_PKG_VERSION"));
    Ok(std::fs::write(release.output.join(name), serde_json::to_string_pretty(&bill)? + "\n")?)
}

/// The bill of what cargo's metadata says.
fn bill(metadata: &Value) -> Option<Value> {
    let by_id = |list: &'_ Value| -> Option<BTreeMap<String, Value>> {
        list.as_array()?.iter().map(|it| Some((it["id"].as_str()?.to_owned(), it.clone()))).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"])?, by_id(&metadata["resolve"]["nodes"])?);
    let root = packages.iter().find(|(_, package)| package["name"] == ROOT)?.0;
    let (mut open, mut linked) = (vec![root.clone()], BTreeSet::new());
    while let Some(id) = open.pop() {
        if !linked.insert(id.clone()) {
            continue;
        }
        for dependency in nodes.get(&id)?["deps"].as_array()? {
            // A kind that is null is neither for tests nor for building alone.
            if dependency["dep_kinds"].as_array()?.iter().any(|kind| kind["kind"].is_null()) {
                open.push(dependency["pkg"].as_str()?.to_owned());
            }
        }
    }
    let mut components: Vec<Value> =
        linked.iter().filter(|id| *id != root).map(|id| component(&packages[id], "library")).collect();
    components.sort_by_key(|component| component["purl"].to_string());
    Some(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(&packages[root], "application") },
        "components": components,
    }))
}

/// A crate as a component.
fn component(package: &Value, kind: &str) -> Value {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let purl = format!("pkg:cargo/{}@{}", text("name"), text("version"));
    let mut component =
        json!({ "type": kind, "name": text("name"), "version": text("version"), "purl": purl, "bom-ref": purl });
    if let Some(license) = package["license"].as_str() {
        // Old crates separate alternatives by a slash.
        component["licenses"] = json!([{ "expression": license.replace(" / ", " OR ").replace('/', " OR ") }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_linked_is_in_the_bill() {
        let package = |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0" });
        let dependency = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let node = |name: &str, deps: Vec<Value>| json!({ "id": name, "deps": deps });
        let metadata = json!({
            "packages": [package(ROOT), package("linked"), package("below"), package("cc"), package("insta")],
            "resolve": { "nodes": [
                node(ROOT, vec![dependency("linked", Value::Null), dependency("insta", "dev".into())]),
                node("linked", vec![dependency("below", Value::Null), dependency("cc", "build".into())]),
                node("below", vec![]), node("cc", vec![]), node("insta", vec![]),
            ] },
        });
        let bill = bill(&metadata).unwrap();
        let names: Vec<&str> =
            bill["components"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["below", "linked"]);
        assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bill["metadata"]["component"]["purl"], "pkg:cargo/shipwheel-cli@1.0.0");
    }
}
