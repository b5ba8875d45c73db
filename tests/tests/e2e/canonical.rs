//! Canonical bytecode of several Python versions, judged by those versions themselves.

use shipwheel_tests::{Definition, Layout, Rootfs, Shipwheel};

const COMPARE: &str = include_str!("canonical.py");

/// Builds an image with nothing but a suite's Python, and has it compare every pyc of its standard
/// library with what it compiles itself: code, constants and nested code objects, all the way down.
fn check(suite: &str, minor: u32, level: &str, flag: &str) {
    let base = format!(
        "{{ debian = {{ suite = \"{suite}\", packages = [\"python3.{minor}\", \"media-types\"], \
         exclude = [\"awk\", \"debconf\", \"dpkg\", \"openssl\", \"mime-support\"] }} }}"
    );
    let definition = Definition::over(&base);
    let output = definition.output();
    let arguments =
        [definition.argument(), "--optimize".into(), level.into(), "--output".into(), output.display().to_string()];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--platform", "amd64"]).collect();
    Shipwheel::new().image(&arguments).succeeded();
    let rootfs = Rootfs::unpack(&Layout::new(&output), "amd64");
    let python = format!("/usr/bin/python3.{minor}");
    let stdlib = format!("/usr/lib/python3.{minor}");
    let mut command = vec![python.as_str(), "-B"];
    command.extend((!flag.is_empty()).then_some(flag));
    command.extend(["-c", COMPARE, &stdlib]);
    let (said, _) = rootfs.run(&["LANG=C.UTF-8".to_owned()], &command);
    let compared = said.lines().find_map(|line| line.strip_prefix("compared: ")?.parse::<u32>().ok());
    assert!(!said.contains("differs:"), "{said}");
    assert!(compared.is_some_and(|compared| compared > 400), "{said}");
}

#[test]
fn python_3_9_loads_what_it_would_have_compiled() {
    check("bullseye", 9, "1", "-O");
}

#[test]
fn python_3_11_loads_what_it_would_have_compiled() {
    check("bookworm", 11, "2", "-OO");
}

#[test]
fn python_3_13_loads_what_it_would_have_compiled() {
    check("trixie", 13, "0", "");
}

#[test]
fn python_3_14_loads_what_it_would_have_compiled() {
    check("forky", 14, "1", "-O");
}
