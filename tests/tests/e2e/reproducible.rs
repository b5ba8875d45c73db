//! The same inputs give the same digests, wherever, whenever and by whomever they are built.

use shipwheel_tests::{Layout, Shipwheel, scratch, variosync, workspace};
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
