//! What a run that succeeds says: the tables on standard error, the line or the JSON on standard output.

use shipwheel_tests::{Redactor, Registry, Run};

use crate::sample::{Sample, built};
use crate::snapshot::{check, check_all};

const FOLDER: &str = "tables";

/// Both outputs of a run, without the folder and the hosts in them.
fn said(sample: &Sample, run: Run, registry: Option<&Registry>) -> String {
    let run = run.succeeded();
    let redactor = Redactor::new().text(sample.path().display().to_string(), "folder");
    let redactor = registry.map_or(redactor.clone(), |registry| redactor.text(registry.host(), "host"));
    let errors = sorted_steps(&run.stderr);
    redactor.redact(&format!("standard error:\n{errors}standard output:\n{}", run.stdout))
}

/// Layers are made side by side: which is told of first differs. Everything before the table is in order.
fn sorted_steps(text: &str) -> String {
    let table = text.find("  platform ").unwrap_or(0);
    let mut steps: Vec<&str> = text[..table].lines().collect();
    steps.sort_unstable();
    steps.iter().map(|step| format!("{step}\n")).collect::<String>() + &text[table..]
}

#[test]
fn a_build_ends_with_a_table_of_its_layers() {
    let sample = Sample::new();
    let image = |arguments: &[&str]| {
        let run = sample.shipwheel().image(&[&["fixed", "--profile", "plain"], arguments].concat());
        said(&sample, run, None)
    };
    check_all(
        FOLDER,
        [
            ("image".to_owned(), image(&[])),
            ("image-again".to_owned(), image(&["--output", "oci-archive:again.tar"])),
            ("image-of-one-platform".to_owned(), image(&["--platform", "linux/arm64", "--output", "one"])),
            ("image-json".to_owned(), image(&["--json"])),
        ],
    );
}

#[test]
fn transfers_say_what_they_sent_and_what_was_there() {
    let (sample, _) = built();
    let registry = Registry::start();
    let (first, second) = (format!("{}/team/one:1.0", registry.host()), format!("{}/team/two:1.0", registry.host()));
    let lines: [(&str, &[&str]); 6] = [
        ("push-dry-run", &["push", "layout", &first, "--dry-run"]),
        ("push", &["push", "layout", &first]),
        ("push-again", &["push", "layout", &first]),
        ("copy", &["copy", &first, &second]),
        ("pull", &["pull", &first, "--output", "again"]),
        ("image-pushed", &["image", "fixed", "--profile", "plain", "--push", &second]),
    ];
    let texts =
        lines.map(|(name, line)| (name.to_owned(), said(sample, sample.shipwheel().run(line), Some(&registry))));
    check_all(FOLDER, texts);
}

#[test]
fn a_probe_lists_what_a_registry_supports() {
    let (sample, _) = built();
    let registry = Registry::start();
    let run = sample.shipwheel().run(&["registry", "probe", &format!("{}/probe", registry.host())]);
    // What is left behind is named by digests of random bytes.
    let text = said(sample, run, Some(&registry));
    let text = Redactor::new().word("sha256:", "random").redact(&text);
    check(FOLDER, "registry-probe", &text);
}

#[test]
fn a_sound_image_is_reported_as_one() {
    let (sample, _) = built();
    let verify = |arguments: &[&str]| said(sample, sample.shipwheel().run(&[&["verify"], arguments].concat()), None);
    let texts = [("verify", verify(&["layout"])), ("verify-json", verify(&["layout", "--json"]))];
    check_all(FOLDER, texts.map(|(name, text)| (name.to_owned(), text)));
}

#[test]
fn a_derived_image_toml_is_shown_and_written() {
    let (sample, _) = built();
    let folder = sample.path().join("web");
    std::fs::create_dir_all(&folder).unwrap();
    let project = "[project]\nname = \"web\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n";
    std::fs::write(folder.join("pyproject.toml"), project).unwrap();
    std::fs::write(folder.join("main.py"), "print(\"hello\")\n").unwrap();
    let said = said(sample, sample.shipwheel().run(&["init", "web"]), None);
    let written = std::fs::read_to_string(folder.join("image.toml")).unwrap();
    check(FOLDER, "init", &format!("{said}image.toml:\n{written}"));
}
