//! The same inputs give the same digests, wherever, whenever and by whomever they are built.

use shipwheel_tests::{Definition, Layout, SampleBase, Shipwheel, listing, scratch, variosync, wheel_with, workspace};
use xshell::{Shell, cmd};

#[test]
fn another_folder_umask_time_zone_and_cache_give_the_same_index() {
    let (folder, shell) = (scratch(), Shell::new().unwrap());
    let (from, elsewhere) = (workspace().join("images/variosync"), folder.path().join("deeper/down"));
    std::fs::create_dir_all(&elsewhere).unwrap();
    // A plain copy: other file times, other modes.
    cmd!(shell, "sh -c 'umask 077 && cp -r \"$0\" \"$1\" && chmod -R go-rwx \"$1\"' {from} {elsewhere}")
        .quiet()
        .run()
        .unwrap();
    let output = format!("oci:{}", folder.path().join("layout").display());
    let report = Shipwheel::new()
        .in_folder(&elsewhere)
        .with_umask("077")
        .with("TZ", "Pacific/Auckland")
        .with("LC_ALL", "C")
        .with("SHIPWHEEL_CACHE_DIR", folder.path().join("cache").display())
        .with("RAYON_NUM_THREADS", "1")
        .image(&["variosync", "--platforms", "amd64,arm64", "--tag", "1.0.0", "--json", "--output", &output])
        .succeeded()
        .json();
    assert_eq!(report["digest"], variosync().report["digest"]);
    assert_eq!(Layout::new(&folder.path().join("layout")).entry(), variosync().layout().entry());
}

#[test]
fn a_platform_alone_has_the_manifest_that_it_has_with_others() {
    let folder = scratch();
    for platform in ["linux/amd64", "linux/arm64"] {
        let output = format!("oci:{}", folder.path().join(platform.replace('/', "-")).display());
        let report = Shipwheel::new().image(&["--platform", platform, "--tag", "1.0.0", "--json", "--output", &output]);
        let alone = report.succeeded().json()["platforms"][0].clone();
        assert_eq!(alone["digest"], variosync().platform(platform)["digest"], "{platform}");
        assert_eq!(alone["digest"], variosync().layout().descriptor(platform)["digest"], "{platform}");
    }
}

#[test]
fn unchanged_means_nothing_is_built_again() {
    variosync();
    let folder = scratch();
    let output = format!("oci:{}", folder.path().join("layout").display());
    let arguments = ["--platforms", "amd64,arm64", "--tag", "1.0.0", "--json", "--output", &output];
    let report = Shipwheel::new().image(&arguments).succeeded().json();
    for platform in report["platforms"].as_array().unwrap() {
        for layer in platform["layers"].as_array().unwrap() {
            assert_ne!(layer["status"], "built", "{layer}");
        }
    }
}

/// What each layer above a sample base holds, bottom to top: its digest and a line for each entry.
fn own_layers(layout: &Layout) -> Vec<(String, String)> {
    let manifest = layout.manifest("linux/amd64");
    let above_base = manifest["layers"].as_array().unwrap().iter().skip(2);
    let digests = above_base.map(|layer| layer["digest"].as_str().unwrap().to_owned());
    digests.map(|digest| (digest.clone(), listing(&layout.blob(&digest)))).collect()
}

#[test]
fn only_the_application_has_a_time_of_its_own_and_nothing_is_older_than_a_zip_archive_can_say() {
    let folder = scratch();
    SampleBase::FULL.write(&folder.path().join("base"));
    // Another one than other tests fail to fetch: this one gets into the cache.
    let (bytes, sha256) = wheel_with("py3-none-any", &[("dated.py", b"")]);
    let name = "thing-1.0-py3-none-any.whl";
    let definition = Definition::over_layout(&folder.path().join("base"));
    std::fs::write(definition.path().join(name), bytes).unwrap();
    let definition = definition.with_lock(&[(name, "http://127.0.0.1:1/a", &sha256)]).and("wheels = [\".\"]");
    let build = |epoch: Option<&str>| {
        let run = Shipwheel::new().in_folder(definition.path());
        let run = if let Some(epoch) = epoch { run.with("SOURCE_DATE_EPOCH", epoch) } else { run };
        run.image(&[".", "--no-bytecode", "--platform", "linux/amd64", "--output", "oci:output"]).succeeded();
        own_layers(&Layout::new(&definition.output()))
    };
    let unset = build(None);
    // `listing` says a time only where it is another than 1980-01-01.
    assert!(unset.iter().all(|(_, entries)| !entries.contains(" at ")), "{unset:?}");
    assert_eq!(build(Some("0")), unset);
    let commit = build(Some("1700000000"));
    let (moved, same): (Vec<_>, Vec<_>) = commit.iter().zip(&unset).partition(|(new, old)| new != old);
    assert_eq!(moved.len(), 1, "{commit:?}");
    assert!(moved[0].0.1.lines().all(|entry| entry.ends_with(" at 1700000000")), "{moved:?}");
    assert!(same.len() > 1, "the layers of dependencies are shared");
}
