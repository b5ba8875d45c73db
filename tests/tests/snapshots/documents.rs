//! The documents of an image of fixed inputs, as a person reads them: plan, layers, config, manifest, index.

use std::path::Path;

use shipwheel_tests::listing;

use crate::sample::{PLATFORMS, built};
use crate::snapshot::{check, check_all};

const FOLDER: &str = "golden";

#[test]
fn a_plan_names_every_layer_with_its_key() {
    let (sample, _) = built();
    let plan = |arguments: &[&str]| {
        let run = sample.shipwheel().image(&[&["fixed", "--dry-run"], arguments].concat()).succeeded();
        run.stdout
    };
    let plans = [
        ("plan-plain", &["--profile", "plain"][..]),
        ("plan-with-bytecode", &[]),
        ("plan-optimized", &["--optimize", "2"]),
    ];
    check_all(FOLDER, plans.map(|(name, arguments)| (name.to_owned(), plan(arguments))));
}

#[test]
fn a_definition_is_the_same_by_whatever_path_it_is_named() {
    let (sample, _) = built();
    let image = sample.path().join("images/fixed");
    let plan = |folder: &Path, name: &str| {
        let shipwheel = sample.shipwheel().in_folder(folder);
        shipwheel.image(&[name, "--profile", "plain", "--dry-run"]).succeeded().stdout
    };
    let expected = plan(sample.path(), "fixed");
    for (folder, name) in [
        (sample.path(), "images/fixed"),
        (sample.path(), "images/fixed/image.toml"),
        (&image, "."),
        (&image, "image.toml"),
        (&image, "./image.toml"),
        (&image, "../fixed"),
    ] {
        assert_eq!(plan(folder, name), expected, "{name} in {}", folder.display());
    }
}

#[test]
fn layers_hold_what_they_held() {
    let (_, layout) = built();
    for platform in PLATFORMS {
        let (manifest, config) = (layout.manifest(platform), layout.config(platform));
        let steps: Vec<_> =
            config["history"].as_array().unwrap().iter().filter(|step| step["empty_layer"] != true).collect();
        let mut text = String::new();
        for (layer, step) in manifest["layers"].as_array().unwrap().iter().zip(steps) {
            let title = step["created_by"].as_str().unwrap();
            text += &format!("# {title}\n{}\n", listing(&layout.blob(layer["digest"].as_str().unwrap())));
        }
        check(FOLDER, &format!("layers-{}", architecture(platform)), &text);
    }
}

#[test]
fn config_manifest_and_index_say_what_they_said() {
    let (_, layout) = built();
    let mut texts = Vec::new();
    for platform in PLATFORMS {
        let architecture = architecture(platform);
        texts.push((format!("config-{architecture}"), format!("{:#}", layout.config(platform))));
        texts.push((format!("manifest-{architecture}"), format!("{:#}", layout.manifest(platform))));
    }
    texts.push(("index".to_owned(), format!("{:#}", layout.json(&layout.entry()["digest"]))));
    let top = std::fs::read_to_string(layout.path().join("index.json")).unwrap();
    texts.push(("index-json-of-the-layout".to_owned(), top));
    check_all(FOLDER, texts);
}

fn architecture(platform: &str) -> &str {
    platform.rsplit('/').next().unwrap()
}
