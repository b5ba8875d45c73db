//! Layers that last: what a new version of one small wheel moves.

use std::collections::BTreeSet;

use serde_json::Value;
use shipwheel_tests::{Definition, Registry, Shipwheel, Suite, uv};
use xshell::{Shell, cmd};

/// A set of pure wheels over a small base, locked with one of them held back or not.
fn locked(definition: Definition, constraint: &str) -> Definition {
    let requirements = format!("requests\nrich\npyyaml\nclick\njinja2\n{constraint}\n");
    let definition = definition.with("requirements.in", &requirements);
    let (shell, uv, folder) = (Shell::new().unwrap(), uv(), definition.path().to_path_buf());
    shell.change_dir(&folder);
    let words = "pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11.2 \
                 --format pylock.toml --output-file pylock.toml requirements.in";
    cmd!(shell, "{uv}").args(words.split_whitespace()).quiet().ignore_stdout().run().unwrap();
    definition
}

fn build(definition: &Definition, target: &str) -> Value {
    let arguments = [&definition.argument(), "--platforms", "amd64,arm64", "--json", "--push", target];
    let run = Shipwheel::new().image(&arguments);
    run.succeeded().json()
}

/// The layers of all platforms: digest, size, status and the distributions in each.
fn layers(report: &Value) -> Vec<(String, u64, String, Vec<String>)> {
    let platforms = report["platforms"].as_array().unwrap().iter();
    let layers = platforms.flat_map(|platform| platform["layers"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    layers
        .map(|layer| {
            let members = layer["members"].as_array().unwrap().iter().map(text).collect();
            (text(&layer["digest"]), layer["size"].as_u64().unwrap(), text(&layer["status"]), members)
        })
        .collect()
}

#[test]
fn a_new_version_of_one_small_wheel_moves_its_group_and_nothing_else() {
    let registry = Registry::start();
    let target = format!("{}/app:1", registry.host());
    let definition = Suite::of_python(11).definition("print('hello')\n").and("[python]\nlock = \"pylock.toml\"");
    let definition = locked(definition, "idna<3.10");
    let before: BTreeSet<String> = layers(&build(&definition, &target)).into_iter().map(|layer| layer.0).collect();
    let definition = locked(definition, "");
    let report = build(&definition, &target);
    let after = layers(&report);
    let moved: Vec<_> = after.iter().filter(|(digest, ..)| !before.contains(digest)).collect();
    assert!(!moved.is_empty(), "{report:#}");
    for (digest, _, _, members) in &moved {
        assert!(members.iter().any(|member| member.starts_with("idna ")), "{digest} holds {members:?}");
    }
    // Its wheel's group and its bytecode's, one blob each for both platforms.
    let blobs: BTreeSet<&String> = moved.iter().map(|(digest, ..)| digest).collect();
    assert_eq!(blobs.len(), 2, "{moved:#?}");
    let (all, again): (u64, u64) = (after.iter().map(|layer| layer.1).sum(), moved.iter().map(|layer| layer.1).sum());
    assert!(again * 10 < all, "{again} of {all} bytes moved");
    assert!(after.iter().all(|(digest, _, status, _)| status != "built" || blobs.contains(digest)), "{after:#?}");
}
