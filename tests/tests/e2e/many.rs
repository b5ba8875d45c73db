//! An application of more modules than a process may have files open.

use shipwheel_tests::{Definition, Layout, Rootfs, Shipwheel};

const TOML: &str = r#"# An application of many modules.
base = { debian = { suite = "bookworm", packages = ["python3.11", "media-types"], exclude = ["awk", "debconf", "dpkg", "openssl", "mime-support"] } }
platforms = ["linux/amd64"]

[app]
sources = ["."]
include = ["module*.py"]
"#;

#[test]
fn an_application_may_have_more_modules_than_files_may_be_open() {
    let mut definition = Definition::over("{}").with("image.toml", TOML);
    for number in 0..600 {
        definition = definition.with(&format!("module{number}.py"), &format!("NUMBER = {number}\n"));
    }
    let output = definition.output();
    Shipwheel::new().image(&[&definition.argument(), "--output", &output.display().to_string()]).succeeded();
    let files = Rootfs::unpack(&Layout::new(&output), "amd64").files("/app");
    assert_eq!(files.iter().filter(|file| file.ends_with(".cpython-311.pyc")).count(), 600);
    assert_eq!(files.len(), 1200);
}
