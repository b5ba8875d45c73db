//! The switches of the command line, and the profiles of image.toml.

use serde_json::Value;
use shipwheel_tests::{Definition, Layout, Shipwheel, scratch, variosync};

/// Builds variosync with these arguments, and gives its layout.
fn build(folder: &std::path::Path, arguments: &[&str]) -> (Layout, Value) {
    let output = format!("oci:{}", folder.join("layout").display());
    let run = Shipwheel::new().image(&[arguments, &["--json", "--output", &output]].concat()).succeeded();
    (Layout::new(&folder.join("layout")), run.json())
}

#[test]
fn multi_platform_means_amd64_and_arm64() {
    let folder = scratch();
    let (_, report) = build(folder.path(), &["--multi-platform", "--tag", "1.0.0"]);
    assert_eq!(report["digest"], variosync().report["digest"]);
}

#[test]
fn profiles_override_what_they_name() {
    let folder = scratch();
    let (dev, _) = build(folder.path(), &["--profile", "dev", "--platform", "linux/amd64"]);
    let environment = dev.config("linux/amd64")["config"]["Env"].clone();
    assert!(!environment.as_array().unwrap().contains(&Value::from("PYTHONOPTIMIZE=1")), "{environment}");
    let folder = scratch();
    let (_, report) = build(folder.path(), &["--profile", "production", "--tag", "1.0.0"]);
    assert_eq!(report["digest"], variosync().report["digest"]);
}

#[test]
fn standard_output_is_the_reference_with_its_digest() {
    let folder = scratch();
    let output = format!("oci:{}", folder.path().join("layout").display());
    let run =
        Shipwheel::new().image(&["--platforms", "amd64,arm64", "--tag", "1.0.0", "--output", &output]).succeeded();
    assert_eq!(run.line(), format!("variosync:1.0.0@{}", variosync().digest()));
    for word in ["linux/amd64", "linux/arm64", &folder.path().join("layout").display().to_string()] {
        assert!(run.stderr.contains(word), "the table names {word}\n{}", run.stderr);
    }
}

#[test]
fn a_dry_run_prints_the_same_plan_everywhere_and_builds_nothing() {
    variosync();
    let folder = scratch();
    let output = format!("oci:{}", folder.path().join("layout").display());
    let arguments = ["--platforms", "amd64,arm64", "--tag", "1.0.0", "--dry-run", "--output", &output];
    let [first, second] =
        ["UTC", "Asia/Tokyo"].map(|zone| Shipwheel::new().with("TZ", zone).image(&arguments).succeeded());
    assert_eq!(first.stdout, second.stdout);
    assert!(first.stdout.contains("linux/arm64"), "{}", first.stdout);
    assert!(!folder.path().join("layout").exists());
}

#[test]
fn offline_builds_what_the_cache_holds_and_refuses_what_it_lacks() {
    variosync();
    let folder = scratch();
    let (_, report) = build(folder.path(), &["--platforms", "amd64,arm64", "--tag", "1.0.0", "--offline"]);
    assert_eq!(report["digest"], variosync().report["digest"]);

    let definition = Definition::over("{ image = \"registry.example/python:3.11\" }");
    let output = format!("oci:{}", definition.output().display());
    let run = Shipwheel::new().image(&[
        &definition.argument(),
        "--platform",
        "linux/amd64",
        "--offline",
        "--output",
        &output,
    ]);
    run.failed(3, &["offline", "registry.example"]);
}
