//! `startup`: an image's interpreter runs on this machine, with and without bytecode; no time is judged.

use serde_json::Value;
use shipwheel_tests::{Definition, Run, Shipwheel, Tampered, judge};
use xshell::{Shell, cmd};

use crate::verify::sample;

fn startup(arguments: &[&str]) -> Run {
    let path = sample().path().display().to_string();
    Shipwheel::new().run(&[&["startup", &path, "--runs", "1"], arguments].concat())
}

/// Checks that there are numbers, that every module came from a pyc, and without bytecode none did.
#[track_caller]
fn check(module: &Value, name: &str) {
    assert_eq!(module["module"], name);
    for kind in ["with", "without"] {
        for number in ["wall_seconds", "cpu_seconds", "peak_bytes"] {
            assert!(module[kind][number].as_f64().unwrap() > 0.0, "{number} {kind} in {module}");
        }
    }
    let count = |kind: &str, key: &str| module[kind][key].as_u64().unwrap();
    assert_eq!((count("with", "compiled"), count("without", "from_pycs")), (0, 0), "{module}");
    assert!(count("with", "from_pycs") > 0, "{module}");
    assert_eq!(count("with", "from_pycs"), count("without", "compiled"), "{module}");
}

#[test]
fn every_module_comes_from_bytecode_with_it_and_none_without() {
    let report = startup(&["--json"]).succeeded().json();
    check(&report["modules"][0], "sound");
    let run = startup(&["--module", "json", "--module", "sound"]).succeeded();
    assert!(run.line().starts_with("json: wall "), "{}", run.stdout);
    for word in ["json", "sound", "without", "with", "ratio", "peak memory", "medians of 1 starts"] {
        assert!(run.stderr.contains(word), "{word}\n{}", run.stderr);
    }
}

#[test]
fn a_profile_has_every_import_below_the_one_that_made_it() {
    let report = startup(&["--profile", "--module", "json", "--json"]).succeeded().json();
    let profile = &report["modules"][0]["profile"];
    let imports = profile["imports"].as_array().unwrap();
    let place = |name: &str| imports.iter().position(|import| import["module"] == name).unwrap();
    let depth = |name: &str| imports[place(name)]["depth"].as_u64().unwrap();
    assert!(place("json") < place("json.decoder") && depth("json.decoder") == depth("json") + 1, "{imports:?}");
    assert_eq!(profile["compiled"].as_array().unwrap().len(), 0);
    let run = startup(&["--profile", "--module", "json"]).succeeded();
    for part in ["slowest imports", "with its imports", " imports, measured in a start of their own"] {
        assert!(run.stderr.contains(part), "{part}\n{}", run.stderr);
    }
    assert!(startup(&["--json"]).succeeded().json()["modules"][0]["profile"].is_null());
}

#[test]
fn verify_holds_the_budget_of_a_definition() {
    let path = sample().path().display().to_string();
    let verify = |lines: &str| {
        let definition = Definition::over_debian(lines);
        Shipwheel::new().run(&["verify", &path, "--runs", "1", "--budget", &definition.argument()])
    };
    verify("[startup]\nmax-modules = 1000\nmax-seconds-ratio = 1000\nno-compile = true").succeeded();
    let over = verify("[startup]\nmax-modules = 1\nmax-seconds-ratio = 0.0001");
    over.failed(5, &["startup", "at most 1 modules", "startup.max-seconds-ratio", "to import sound"]);
    verify("").failed(2, &["has no budget of a start", "no-compile"]);
}

#[test]
fn where_no_namespace_may_be_made_the_images_own_loader_does_and_what_is_missing_is_said() {
    startup(&["--json"]).succeeded();
    let (shell, unshare) = (Shell::new().unwrap(), judge("unshare", "util-linux"));
    // A user namespace in which no other one may be made.
    let path = sample().path().display().to_string();
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"";
    let run = |more: &[&str]| {
        let program = Shipwheel::new().command(&[&["startup", &path, "--runs", "1", "--json"], more].concat());
        cmd!(shell, "{unshare} --map-root-user sh -c {script} sh")
            .args(&program.arguments)
            .envs(program.environment)
            .quiet()
            .ignore_status()
            .output()
            .unwrap()
    };
    let output = run(&[]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["way"], "dynamic loader");
    check(&report["modules"][0], "sound");
    let missing = "this machine offers no user namespaces and no user other than root";
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches(missing).count(), 1, "{said}");
    let output = run(&["--require-sandbox"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains(missing) && said.contains("user.max_user_namespaces"), "{said}");
}

#[test]
fn an_image_that_cannot_start_is_an_error_that_says_why() {
    startup(&["--module", "nowhere"]).failed(3, &["nowhere", "ModuleNotFoundError"]);
    startup(&["--module", "os;x"]).failed(3, &["os;x", "not the name of a module"]);
    let foreign = if cfg!(target_arch = "x86_64") { "linux/arm64" } else { "linux/amd64" };
    startup(&["--platform", foreign]).failed(3, &[foreign, "this machine"]);
    let tampered = Tampered::copy(&sample());
    let native = if cfg!(target_arch = "x86_64") { "linux/amd64" } else { "linux/arm64" };
    let layers = tampered.layout().manifest(native)["layers"].clone();
    tampered.flip_bit(layers[0]["digest"].as_str().unwrap());
    let run = Shipwheel::new().run(&["startup", &tampered.path().display().to_string()]);
    run.failed(5, &["problems", "docs/verify.md"]);
}
