//! Bases that are not the default: a layout, and an image from a registry.

use shipwheel_tests::{Definition, Layout, Registry, Shipwheel, variosync};

/// The digests of the amd64 layers in a layout.
fn layers(layout: &Layout) -> Vec<String> {
    let manifest = layout.manifest("linux/amd64");
    manifest["layers"].as_array().unwrap().iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}

/// Builds a definition for both platforms; gives the layout.
fn build(definition: &Definition) -> Layout {
    let output = format!("oci:{}", definition.output().display());
    Shipwheel::new().image(&[&definition.argument(), "--platforms", "amd64,arm64", "--output", &output]).succeeded();
    Layout::new(&definition.output())
}

#[test]
fn a_layout_and_a_registry_give_the_same_layers() {
    let registry = Registry::start();
    let name = format!("{}/base/python:3.11", registry.host());
    let pushed = Shipwheel::new().image(&["--platforms", "amd64,arm64", "--push", &name]).succeeded();
    assert!(pushed.line().ends_with(&variosync().digest()));

    let definitions =
        [Definition::over_layout(&variosync().path()), Definition::over(&format!("{{ image = \"{name}\" }}"))];
    let [over_layout, over_image] = definitions.each_ref().map(build);
    assert_eq!(layers(&over_layout), layers(&over_image), "where a base comes from changes no layer");
    let base = layers(&variosync().layout());
    assert_eq!(layers(&over_image)[..base.len()], base[..], "the base's layers come first");
}

#[test]
fn history_and_environment_of_the_base_are_kept() {
    let definition = Definition::over_layout(&variosync().path());
    let built = build(&definition);
    let (base, config) = (variosync().layout().config("linux/arm64"), built.config("linux/arm64"));
    let steps = base["history"].as_array().unwrap();
    assert_eq!(config["history"].as_array().unwrap()[..steps.len()], steps[..]);
    assert_eq!(config["config"]["WorkingDir"], base["config"]["WorkingDir"]);
    assert_eq!(config["config"]["Cmd"], serde_json::json!(["python3", "/app/hello.py"]));
}

#[test]
fn the_next_base_is_taken_only_where_the_first_cannot_be_tried() {
    let layout = variosync().path();
    let bases = |first: &str| Definition::over(&format!("[{first}, {{ layout = \"{}\" }}]", layout.display()));
    // A base that was tried and failed is a failure, whatever stands behind it.
    let broken = bases("{ image = \"127.0.0.1:1/no/such:image\" }");
    let output = format!("oci:{}", broken.output().display());
    let run = Shipwheel::new().image(&[&broken.argument(), "--platform", "linux/amd64", "--output", &output]);
    run.failed(4, &["127.0.0.1:1"]);
    assert!(!broken.output().exists());
}
