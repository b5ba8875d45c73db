//! Bad input: each kind has its exit code, its context and its hint, and leaves nothing half-written behind.

use shipwheel_tests::{Answer, Definition, Run, Server, Shipwheel, judge, scratch, variosync, wheel, wheel_with};
use xshell::{Shell, cmd};

/// The exit codes of docs/errors.md.
const USAGE: i32 = 2;
const CONFIGURATION: i32 = 3;
const OUTSIDE_WORLD: i32 = 4;
const VERIFICATION: i32 = 5;
const OUTPUT: i32 = 6;

const BOTH: [&str; 2] = ["--platforms", "amd64,arm64"];

/// Builds a definition that must not come out, and checks that nothing did.
#[track_caller]
fn refuse(definition: &Definition, arguments: &[&str]) -> Run {
    let output = format!("oci:{}", definition.output().display());
    let run = Shipwheel::new().image(&[&[definition.argument().as_str(), "--output", &output], arguments].concat());
    assert!(!definition.output().exists(), "half-written output");
    let here: Vec<_> = std::fs::read_dir(definition.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!here.iter().any(|name| name.to_string_lossy().contains("output")), "left behind: {here:?}");
    run
}

#[test]
fn an_unknown_platform_is_named_with_those_there_are() {
    refuse(&Definition::over_example(), &["--platforms", "amd64,sparc"])
        .failed(USAGE, &["sparc", "linux/amd64", "linux/arm64"]);
    let definition = Definition::over_example().replacing("linux/arm64", "linux/sparc");
    refuse(&definition, &[]).failed(CONFIGURATION, &["image.toml:3", "linux/sparc"]);
}

#[test]
fn a_base_without_the_platform_says_which_it_has() {
    let (folder, shell, skopeo) = (scratch(), Shell::new().unwrap(), judge("skopeo", "skopeo"));
    let (source, single) = (variosync().layout().transport(), folder.path().join("single"));
    let target = format!("oci:{}:single", single.display());
    cmd!(shell, "{skopeo} --override-arch amd64 copy --quiet {source} {target}").quiet().run().unwrap();
    let run = refuse(&Definition::over_layout(&single), &BOTH);
    run.failed(CONFIGURATION, &["no linux/arm64 in", "found linux/amd64", "hint"]);
}

#[test]
fn a_base_layout_with_several_images_is_not_taken_without_a_tag() {
    let folder = scratch();
    let entry = |tag: &str| {
        let digest = shipwheel_oci::Digest::of(tag.as_bytes());
        format!(
            r#"{{ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "{digest}", "size": 3,
                "annotations": {{ "org.opencontainers.image.ref.name": "{tag}" }} }}"#
        )
    };
    let index = format!(r#"{{ "schemaVersion": 2, "manifests": [{}, {}] }}"#, entry("1.0"), entry("2.0"));
    std::fs::write(folder.path().join("index.json"), index).unwrap();
    let run = refuse(&Definition::over_layout(folder.path()), &BOTH);
    run.failed(CONFIGURATION, &["contains 2 images; found 1.0, 2.0", "hint", "FOLDER:TAG"]);
    // With a tag, that one is looked for.
    let tagged = std::path::PathBuf::from(format!("{}:2.0", folder.path().display()));
    let missing = format!("blob {} is not in", shipwheel_oci::Digest::of(b"2.0"));
    refuse(&Definition::over_layout(&tagged), &BOTH).failed(CONFIGURATION, &[&missing]);
}

#[test]
fn a_lock_without_a_wheel_for_a_platform_says_which_tags_there_are() {
    let name = "thing-1.0-cp311-cp311-manylinux_2_17_x86_64.whl";
    let definition = Definition::over_example().with_lock(&[(name, "http://127.0.0.1:1/thing.whl", &"0".repeat(64))]);
    let fragments = ["thing", "1.0", "linux/arm64", "cp311-cp311-manylinux_2_17_x86_64", "hint"];
    refuse(&definition, &BOTH).failed(CONFIGURATION, &fragments);
}

#[test]
fn a_wheel_with_another_hash_is_never_used() {
    let (bytes, sha256) = wheel();
    let server = Server::start([("/thing.whl".to_owned(), Answer::Whole(bytes))]);
    let url = server.url("/thing.whl");
    let wrong = "0".repeat(64);
    let definition = Definition::over_example().with_lock(&[("thing-1.0-py3-none-any.whl", &url, &wrong)]);
    refuse(&definition, &BOTH).failed(VERIFICATION, &["thing", &wrong, &sha256]);
}

#[test]
fn a_truncated_download_is_no_download() {
    // One that no other test has: what is in the cache is not fetched.
    let (bytes, sha256) = wheel_with("py3-none-any", &[("truncated.py", b"")]);
    let server = Server::start([("/thing.whl".to_owned(), Answer::Half(bytes))]);
    let url = server.url("/thing.whl");
    let definition = Definition::over_example().with_lock(&[("thing-1.0-py3-none-any.whl", &url, &sha256)]);
    refuse(&definition, &BOTH).failed(OUTSIDE_WORLD, &["/thing.whl"]);
    assert!(server.requests() <= 8, "{} tries", server.requests());
}

#[test]
fn a_refused_download_names_its_status() {
    let server = Server::start([("/thing.whl".to_owned(), Answer::Status(403))]);
    let url = server.url("/thing.whl");
    let definition = Definition::over_example().with_lock(&[("thing-1.0-py3-none-any.whl", &url, &"0".repeat(64))]);
    refuse(&definition, &BOTH).failed(CONFIGURATION, &["/thing.whl", "403", "hint"]);
}

#[test]
fn an_unreachable_host_is_named() {
    let definition = Definition::over_example().with_lock(&[(
        "thing-1.0-py3-none-any.whl",
        "http://127.0.0.1:1/thing.whl",
        &"0".repeat(64),
    )]);
    refuse(&definition, &BOTH).failed(OUTSIDE_WORLD, &["127.0.0.1:1", "thing.whl"]);
    refuse(&Definition::over("{ image = \"127.0.0.1:1/no/such:image\" }"), &BOTH)
        .failed(OUTSIDE_WORLD, &["127.0.0.1:1"]);
}

#[test]
fn a_hash_that_the_index_does_not_know_is_refused() {
    let lock = format!("certifi==2026.10.18 \\\n    --hash=sha256:{}\n", "0".repeat(64));
    let definition =
        Definition::over_example().with("requirements.txt", &lock).and("[python]\nlock = \"requirements.txt\"");
    refuse(&definition, &BOTH).failed(VERIFICATION, &["certifi", "requirements.txt"]);
}

#[test]
fn a_lock_with_hashes_for_some_alone_is_refused() {
    let lock = format!("certifi==2026.10.18\nsix==1.17.0 --hash=sha256:{}\n", "0".repeat(64));
    let definition =
        Definition::over_example().with("requirements.txt", &lock).and("[python]\nlock = \"requirements.txt\"");
    refuse(&definition, &BOTH).failed(CONFIGURATION, &["hashes", "requirements.txt"]);
}

#[test]
fn an_unwritable_output_is_named() {
    let definition = Definition::over_example();
    std::fs::write(definition.path().join("file"), "").unwrap();
    let below_a_file = definition.path().join("file/layout").display().to_string();
    for kind in ["oci", "oci-archive", "docker-archive"] {
        let output = format!("{kind}:{below_a_file}");
        let run = Shipwheel::new().image(&[&definition.argument(), "--platform", "linux/amd64", "--output", &output]);
        run.failed(OUTPUT, &[&below_a_file]);
    }
}

#[test]
fn an_archive_for_docker_takes_one_platform() {
    let definition = Definition::over_example();
    let output = format!("docker-archive:{}", definition.output().display());
    let run = Shipwheel::new().image(&[&definition.argument(), BOTH[0], BOTH[1], "--output", &output]);
    run.failed(USAGE, &["docker-archive", "one platform"]);
}

#[test]
fn a_typo_in_a_key_shows_its_line_and_what_was_meant() {
    let definition = Definition::over_example().and("[profiles.dev]\nbytecode.enabeld = false");
    refuse(&definition, &[]).failed(CONFIGURATION, &["image.toml", "enabeld", "`enabled`"]);
    let definition = Definition::over_layout(&variosync().path()).and("[bytcode]\nenabled = true");
    refuse(&definition, &[]).failed(CONFIGURATION, &["image.toml:12", "bytcode", "`bytecode`"]);
}

#[test]
fn a_wrong_type_and_a_missing_file_show_their_line() {
    let definition = Definition::over_layout(&variosync().path()).and("[bytecode]\nenabled = \"yes\"");
    refuse(&definition, &[]).failed(CONFIGURATION, &["image.toml:13", "enabled"]);
    let definition = Definition::over_example().and("[python]\nlock = \"nowhere.txt\"");
    refuse(&definition, &BOTH).failed(CONFIGURATION, &["nowhere.txt", "image.toml"]);
}

#[test]
fn independent_mistakes_are_reported_together() {
    let definition = Definition::over_example().and("[profiles.dev]\ncolour = 1\nbytecode.level = 1");
    refuse(&definition, &[]).failed(CONFIGURATION, &["colour", "level"]);
}

#[test]
fn a_folder_without_image_toml_is_named() {
    let folder = scratch();
    let run = Shipwheel::new().image(&[&folder.path().display().to_string()]);
    run.failed(CONFIGURATION, &["image.toml", &folder.path().display().to_string()]);
    Shipwheel::new().image(&["nosuchimage"]).failed(CONFIGURATION, &["nosuchimage", "variosync"]);
}

#[test]
fn a_flag_that_does_not_exist_is_a_mistake_of_usage() {
    Shipwheel::new().image(&["--platfroms", "amd64"]).failed(USAGE, &["--platfroms", "--platforms"]);
    Shipwheel::new().image(&["--optimize", "3"]).failed(USAGE, &["3"]);
}
