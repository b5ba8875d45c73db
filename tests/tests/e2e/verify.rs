//! `verify`: sound images pass, and each kind of fault that is planted is found and named.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;
use shipwheel_tests::{Definition, Layout, Member, Members, Registry, Run, Shipwheel, Tampered, scratch, variosync};

const VERIFICATION: i32 = 5;

/// An application of many modules, each there for one fault.
const TOML: &str = r#"# An application to plant faults in.
base = { debian = { suite = "bookworm", packages = ["python3.11", "media-types"], exclude = ["awk", "debconf", "dpkg", "openssl", "mime-support"] } }
platforms = ["linux/amd64", "linux/arm64"]

[app]
sources = ["."]
include = ["*.py"]
destination = "/app"

[bytecode]
optimize = 1

[config]
workdir = "/app"
cmd = ["python3.11", "-m", "sound"]
"#;

const MODULES: [&str; 12] =
    ["sound", "fresh", "one", "two", "magic", "stale", "level", "missing", "orphan", "flags", "broken", "time"];

/// The image of that application, built once.
pub(crate) fn sample() -> Layout {
    static SAMPLE: OnceLock<(Definition, PathBuf)> = OnceLock::new();
    let (_, path) = SAMPLE.get_or_init(|| {
        let mut definition = Definition::over("{}").with("image.toml", TOML);
        for module in MODULES {
            definition = definition.with(&format!("{module}.py"), &text(module));
        }
        let output = definition.output();
        Shipwheel::new().image(&[&definition.argument(), "--output", &output.display().to_string()]).succeeded();
        (definition, output)
    });
    Layout::new(path)
}

/// The source of a module.
fn text(module: &str) -> String {
    format!("\"\"\"It is {module}.\"\"\"\nNAME = '{module}'\n")
}

fn verify(layout: &Layout, arguments: &[&str]) -> Run {
    let path = layout.path().display().to_string();
    Shipwheel::new().run(&[&["verify", &path], arguments].concat())
}

fn pyc(module: &str) -> String {
    format!("/app/__pycache__/{module}.cpython-311.opt-1.pyc")
}

/// What a report found, as (severity, kind, platform, path).
fn findings(report: &Value) -> Vec<[String; 4]> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let list = report["findings"].as_array().unwrap();
    list.iter().map(|finding| ["severity", "kind", "platform", "path"].map(|key| text(finding, key))).collect()
}

#[track_caller]
fn check(tampered: &Tampered, arguments: &[&str], expected: &[(&str, &str, &str, &str)]) -> Value {
    let run = verify(&tampered.layout(), &[arguments, &["--json"]].concat());
    let problems = expected.iter().filter(|finding| finding.0 == "problem").count();
    assert_eq!(run.code, if problems > 0 { VERIFICATION } else { 0 }, "{}", run.stderr);
    let report = run.json();
    let mut expected: Vec<[String; 4]> =
        expected.iter().map(|(a, b, c, d)| [*a, *b, *c, *d].map(str::to_owned)).collect();
    let mut found = findings(&report);
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{report:#}");
    assert_eq!(report["problems"], problems);
    report
}

#[test]
fn the_example_is_sound_and_every_pyc_is_what_its_source_compiles_to() {
    let image = variosync();
    let run = verify(&image.layout(), &["--rebuild", "--strict", "--json"]).succeeded();
    let report = run.json();
    assert_eq!(report["digest"], image.digest());
    for platform in report["platforms"].as_array().unwrap() {
        assert_eq!(platform["pycs"], platform["rebuilt"], "{platform}");
        assert!(platform["pycs"].as_u64().unwrap() > 2000, "{platform}");
        assert!(platform["native"].as_u64().unwrap() > 100, "{platform}");
    }
    assert_eq!(verify(&image.layout(), &["--platforms", "arm64"]).succeeded().line(), image.digest());
}

#[test]
fn every_fault_of_bytecode_is_found_and_nothing_else() {
    let tampered = Tampered::copy(&sample());
    tampered.layer("linux/amd64", &pyc("one"), |files| {
        let other = files.file(&pyc("two")).data[16..].to_vec();
        files.file(&pyc("one")).data.splice(16.., other);
        files.file(&pyc("magic")).data[0] ^= 1;
        files.file(&pyc("level")).path = "app/__pycache__/level.cpython-311.opt-2.pyc".to_owned();
        files.remove(&pyc("missing"));
        files.file(&pyc("flags")).data[4] = 2;
        files.file(&pyc("broken")).data.truncate(40);
        // Timestamp pycs: flags 0, the time and the size of the source. Layers of ours are dated 1980.
        for (module, time) in [("time", 1_000_000u32), ("fresh", 315_532_800)] {
            let size = u32::try_from(text(module).len()).unwrap();
            files.file(&pyc(module)).data.splice(4..16, [0, time, size].map(u32::to_le_bytes).concat());
        }
        files.add(Member::file("app/sound.pyc", b"never loaded", 0));
    });
    tampered.layer("linux/amd64", "/app/stale.py", |files| {
        files.file("/app/stale.py").data.extend_from_slice(b"NAME = 'edited'\n");
        files.remove("/app/orphan.py");
    });
    let mut expected = vec![
        ("problem", "magic-number", "linux/amd64", pyc("magic")),
        ("problem", "stale", "linux/amd64", pyc("stale")),
        ("problem", "level", "linux/amd64", "/app/__pycache__/level.cpython-311.opt-2.pyc".to_owned()),
        ("problem", "header", "linux/amd64", pyc("flags")),
        ("problem", "code", "linux/amd64", pyc("broken")),
        ("problem", "stale", "linux/amd64", pyc("time")),
        ("warning", "orphan", "linux/amd64", pyc("orphan")),
        ("warning", "unused", "linux/amd64", "/app/sound.pyc".to_owned()),
        ("warning", "missing-bytecode", "linux/amd64", "/app".to_owned()),
    ];
    let borrowed: Vec<_> = expected.iter().map(|(a, b, c, d)| (*a, *b, *c, d.as_str())).collect();
    let report = check(&tampered, &[], &borrowed);
    let missing = report["findings"].as_array().unwrap().iter().find(|f| f["kind"] == "missing-bytecode").unwrap();
    assert_eq!(missing["found"], "none for 2 of 12 modules: level.py, missing.py", "{missing}");
    // Other code under a right header is only seen by a fresh compile.
    expected.push(("problem", "other-code", "linux/amd64", pyc("one")));
    let borrowed: Vec<_> = expected.iter().map(|(a, b, c, d)| (*a, *b, *c, d.as_str())).collect();
    check(&tampered, &["--rebuild"], &borrowed);
}

#[test]
fn code_that_is_hidden_from_a_look_at_pycs_is_found() {
    let tampered = Tampered::copy(&sample());
    let amd64 = "linux/amd64";
    tampered.layer(amd64, &pyc("one"), |files| {
        let other = files.file(&pyc("two")).data[16..].to_vec();
        let evil = |files: &mut Members, module: &str| [&files.file(&pyc(module)).data[..16], &other].concat();
        // The interpreter follows a link; below a name of another level it may be told to look.
        let (linked, level) = (evil(files, "fresh"), evil(files, "one"));
        files.remove(&pyc("fresh"));
        files.add(Member::link(&pyc("fresh")[1..], "/var/lib/data.bin"));
        files.add(Member::file("var/lib/data.bin", &linked, 0));
        files.add(Member::file("app/__pycache__/one.cpython-311.opt-2.pyc", &level, 0));
        // It goes before the module that has a source.
        files.add(Member::file("app/missing/__init__.pyc", &linked, 0));
        files.add(Member::file("app/run", &linked, 0));
        files.add(Member::file("usr/lib/python311.zip", &zip("json.pyc", &linked), 0));
    });
    tampered.config(amd64, |config| {
        let command = "exec python3.11 /app/run --port \"$PORT\"";
        config["config"]["Cmd"] = Value::from(vec!["/bin/sh", "-ec", command]);
        config["config"]["Env"].as_array_mut().unwrap().push(Value::from("LD_PRELOAD=/var/lib/x.so"));
    });
    let mut expected = vec![
        ("problem", "script", amd64, "/app/run"),
        ("problem", "sourceless", amd64, "/usr/lib/python311.zip/json.pyc"),
        ("problem", "two-forms", amd64, "/app/missing/__init__.pyc"),
        ("warning", "loader", amd64, ""),
        ("warning", "search-path", amd64, "/usr/lib/python311.zip"),
        ("warning", "sourceless", amd64, "/app/missing/__init__.pyc"),
        ("warning", "unused", amd64, "/app/__pycache__/one.cpython-311.opt-2.pyc"),
    ];
    check(&tampered, &[], &expected);
    let linked = pyc("fresh");
    expected.push(("problem", "other-code", amd64, &linked));
    expected.push(("problem", "other-code", amd64, "/app/__pycache__/one.cpython-311.opt-2.pyc"));
    check(&tampered, &["--rebuild"], &expected);
}

/// An archive with one member, stored.
fn zip(name: &str, data: &[u8]) -> Vec<u8> {
    let half = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    // Version, flags, method, time, date; the CRC, which Python does not look at; both sizes, the name's and the rest's.
    let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &word(data.len()), &word(data.len())].concat();
    let common = [&common[..], &half(name.len()), &half(0)].concat();
    let local = [b"PK\x03\x04", &common[..], name.as_bytes(), data].concat();
    let entry = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], name.as_bytes()].concat();
    let end = [&[0; 4][..], &half(1), &half(1), &word(entry.len()), &word(local.len()), &half(0)].concat();
    [local, entry, b"PK\x05\x06".to_vec(), end].concat()
}

#[test]
fn bytecode_of_a_foreign_platform_is_compared_as_well() {
    let tampered = Tampered::copy(&sample());
    let foreign = if cfg!(target_arch = "x86_64") { "linux/arm64" } else { "linux/amd64" };
    tampered.layer(foreign, &pyc("one"), |files| {
        let other = files.file(&pyc("two")).data[16..].to_vec();
        files.file(&pyc("one")).data.splice(16.., other);
    });
    check(&tampered, &[], &[]);
    check(&tampered, &["--rebuild"], &[("problem", "other-code", foreign, &pyc("one"))]);
    // Without the platform that this machine runs, nothing is compared, and that is said.
    check(&tampered, &["--rebuild", "--platforms", foreign], &[("warning", "not-rebuilt", foreign, "")]);
}

#[test]
fn a_library_for_another_processor_is_found() {
    let tampered = Tampered::copy(&sample());
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0and so on".as_slice();
    tampered.layer("linux/arm64", "/app/sound.py", |files| files.add(Member::file("app/native.so", elf, 0)));
    let report = check(&tampered, &[], &[("problem", "machine", "linux/arm64", "/app/native.so")]);
    let finding = &report["findings"][0];
    assert_eq!((&finding["expected"], &finding["found"]), (&Value::from("AArch64"), &Value::from("x86-64")));
}

#[test]
fn a_flipped_bit_is_found_in_a_layer_a_config_and_a_manifest() {
    let layer = |tampered: &Tampered| {
        let layers = tampered.layout().manifest("linux/arm64")["layers"].as_array().unwrap().clone();
        layers.last().unwrap()["digest"].as_str().unwrap().to_owned()
    };
    let tampered = Tampered::copy(&sample());
    let digest = layer(&tampered);
    tampered.flip_bit(&digest);
    let run = verify(&tampered.layout(), &[]);
    run.failed(VERIFICATION, &["blob-digest", &digest[..19], "docs/verify.md"]);
    for path in [
        tampered.layout().manifest("linux/amd64")["config"]["digest"].clone(),
        tampered.layout().descriptor("linux/arm64")["digest"].clone(),
    ] {
        let tampered = Tampered::copy(&sample());
        let digest = path.as_str().unwrap();
        tampered.flip_bit(digest);
        verify(&tampered.layout(), &[]).failed(VERIFICATION, &["problem: "]);
    }
}

#[test]
fn sizes_diff_ids_and_platforms_that_do_not_agree_are_found_together() {
    let tampered = Tampered::copy(&sample());
    tampered.manifest("linux/amd64", |manifest| manifest["layers"][0]["size"] = Value::from(7));
    tampered.config("linux/arm64", |config| {
        config["rootfs"]["diff_ids"][1] = Value::from(format!("sha256:{}", "0".repeat(64)));
    });
    let expected = [("problem", "blob-size", "", ""), ("problem", "diff-id", "linux/arm64", "")];
    check(&tampered, &[], &expected);
    let tampered = Tampered::copy(&sample());
    tampered.config("linux/arm64", |config| config["architecture"] = Value::from("s390x"));
    let run = verify(&tampered.layout(), &[]);
    run.failed(VERIFICATION, &["document", "the index says linux/arm64", "the config says linux/s390x"]);
}

#[test]
fn archives_and_registries_are_verified_like_layouts() {
    let (registry, folder) = (Registry::start(), scratch());
    let name = format!("{}/sample:1.0", registry.host());
    let archive = format!("oci-archive:{}", folder.path().join("sample.tar").display());
    let layout = sample().path().display().to_string();
    let digest = sample().entry()["digest"].as_str().unwrap().to_owned();
    Shipwheel::new().run(&["push", &layout, &name]).succeeded();
    Shipwheel::new().run(&["pull", &name, "--output", &archive]).succeeded();
    for image in [name.as_str(), archive.as_str()] {
        assert_eq!(Shipwheel::new().run(&["verify", image]).succeeded().line(), digest, "{image}");
    }
    // One bit in the middle of the archive is in the middle of some blob.
    let path = folder.path().join("sample.tar");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    Shipwheel::new().run(&["verify", &archive]).failed(VERIFICATION, &["blob-digest"]);
}

#[test]
fn warnings_fail_where_they_are_asked_to() {
    let tampered = Tampered::copy(&sample());
    tampered.layer("linux/amd64", &pyc("missing"), |files| files.remove(&pyc("missing")));
    verify(&tampered.layout(), &[]).succeeded();
    verify(&tampered.layout(), &["--strict"]).failed(VERIFICATION, &["missing-bytecode", "1 warning"]);
}
