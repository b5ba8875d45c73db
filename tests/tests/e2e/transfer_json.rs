//! `--json` of the commands that bring whole images from one place to another, and of `registry probe`.

use serde_json::{Value, json};
use shipwheel_tests::{Registry, SampleImage, Shipwheel, scratch};

#[test]
fn transfers_print_an_object_with_the_digest_and_the_references() {
    let (registry, folder, image) = (Registry::start(), scratch(), SampleImage::new(&[1_000]));
    let shipwheel = Shipwheel::apart(folder.path());
    let layout = image.path().display().to_string();
    let name = |name: &str| format!("{}/{name}", registry.host());
    let [first, second, third] = ["a/one:1", "b/two:1", "c/three:1"].map(name);
    let pushed = shipwheel.run(&["push", &layout, &first, &second, "--json"]).succeeded().json();
    let digest = pushed["digest"].as_str().unwrap().to_owned();
    let of = |names: &[&str]| names.iter().map(|name| format!("{name}@{digest}")).collect::<Vec<_>>();
    let expected = |names: &[&str]| json!({ "digest": digest, "references": of(names) });
    assert_eq!(pushed, expected(&[&first, &second]));
    let lines: [(&[&str], Value); 4] = [
        (&["push", &layout, &third, "--dry-run", "--json"], expected(&[])),
        (&["copy", &first, &third, "--json"], expected(&[&third])),
        (&["pull", &first, "--output", "pulled", "--json"], expected(&[&first])),
        (&["pull", &third, "--output", "oci-archive:pulled.tar", "--json", "--quiet"], expected(&[&third])),
    ];
    for (line, expected) in lines {
        assert_eq!(shipwheel.run(line).succeeded().json(), expected, "{line:?}");
    }
    let plain = shipwheel.run(&["push", &layout, &first, &second]).succeeded().stdout;
    assert_eq!(plain.lines().collect::<Vec<_>>(), of(&[&first, &second]));
}

#[test]
fn a_probe_prints_an_object_with_what_its_table_has() {
    let (registry, folder) = (Registry::start_with_deletes(), scratch());
    let shipwheel = Shipwheel::apart(folder.path());
    let repository = format!("{}/probe", registry.host());
    let found = shipwheel.run(&["registry", "probe", &repository, "--json"]).succeeded().json();
    let table = shipwheel.run(&["registry", "probe", &repository]).succeeded().stdout;
    let findings = found["findings"].as_array().unwrap();
    assert_eq!(findings.len(), table.lines().count());
    for (finding, line) in findings.iter().zip(table.lines()) {
        let rest = line.strip_prefix(finding["name"].as_str().unwrap()).unwrap_or_else(|| panic!("{finding}: {line}"));
        let works = rest.split_whitespace().next();
        assert_eq!(finding["works"].as_bool(), works.map(|word| word == "yes"), "{line}");
    }
    assert!(found["left_behind"].is_array());
}
