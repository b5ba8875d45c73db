//! Native code of wheels is proved before anything is written: processor, glibc, ABI, libraries.

use shipwheel_tests::{Answer, Definition, Run, SampleElf, Server, Shipwheel, wheel_with};

const TOML: &str = r#"# An application with one wheel.
base = { debian = { suite = "bookworm", packages = ["python3.11", "media-types"], exclude = ["awk", "debconf", "dpkg", "openssl", "mime-support"] } }
platforms = ["linux/arm64"]
"#;

const ARM64: &str = "thing-1.0-cp311-cp311-manylinux_2_17_aarch64.whl";
const ANY: &str = "thing-1.0-py3-none-any.whl";

/// Builds an image with a wheel that holds these files.
fn build(name: &str, files: &[(&str, &[u8])]) -> Run {
    let tag = name.trim_start_matches("thing-1.0-").trim_end_matches(".whl");
    let (bytes, sha256) = wheel_with(tag, files);
    let server = Server::start([("/thing.whl".to_owned(), Answer::Whole(bytes))]);
    let definition = Definition::over("{}").with("image.toml", TOML);
    let definition = definition.with_lock(&[(name, &server.url("/thing.whl"), &sha256)]);
    let output = format!("oci:{}", definition.output().display());
    let run = Shipwheel::new().image(&[&definition.argument(), "--no-bytecode", "--output", &output]);
    assert_eq!(definition.output().exists(), run.code == 0, "written only where all is well");
    run
}

fn elf(machine: u16, needed: &'static [&'static str], glibc: &'static str) -> Vec<u8> {
    SampleElf { bits: 64, machine, needed, glibc }.bytes()
}

#[test]
fn code_for_another_processor_stops_the_build_of_a_platform_wheel_alone() {
    let x86 = elf(62, &["libc.so.6"], "GLIBC_2.17");
    let wrong = [("thing/one.so", x86.as_slice()), ("thing/two.so", x86.as_slice())];
    let run = build(ARM64, &wrong);
    run.failed(5, &[ARM64, "thing/one.so is for x86-64", "thing/two.so is for x86-64", "linux/arm64", "hint"]);
    let run = build(ANY, &wrong).succeeded();
    assert!(
        run.stderr.contains(&format!("warning: {ANY}: thing/one.so is for x86-64 (linux/arm64)")),
        "{}",
        run.stderr
    );
}

#[test]
fn a_missing_library_is_a_warning_that_names_wheel_file_and_library() {
    let lacking = elf(183, &["libdoesnotexist.so", "libgomp.so.1", "libc.so.6"], "GLIBC_2.99");
    let other = elf(183, &["libc.so.6"], "GLIBC_2.17");
    let files = [("thing/a.so", lacking.as_slice()), ("thing/b.cpython-312-aarch64-linux-gnu.so", other.as_slice())];
    let run = build(ARM64, &files).succeeded();
    for fragment in [
        "thing/a.so needs libdoesnotexist.so, which neither the wheels nor the base have (linux/arm64)",
        "thing/a.so needs libgomp.so.1, which neither the wheels nor the base have; Debian has it in libgomp1",
        "thing/a.so needs glibc 2.99, and the base has 2.36",
        "thing/b.cpython-312-aarch64-linux-gnu.so is for the ABI cpython-312, and the base has Python 3.11.2",
    ] {
        assert!(run.stderr.contains(&format!("warning: {ARM64}: {fragment}")), "{fragment}\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("libc.so.6"), "the base has it\n{}", run.stderr);
}

#[test]
fn a_broken_library_and_a_library_of_the_wheel_itself_are_no_reason_to_stop() {
    let mut broken = elf(183, &["libc.so.6"], "GLIBC_2.17");
    broken.truncate(70);
    let own = elf(183, &["libthing-1234.so"], "GLIBC_2.17");
    let files = [
        ("thing/broken.so", broken.as_slice()),
        ("thing/own.so", own.as_slice()),
        ("thing.libs/libthing-1234.so", own.as_slice()),
    ];
    let run = build(ARM64, &files).succeeded();
    assert!(run.stderr.contains("thing/broken.so cannot be read"), "{}", run.stderr);
    assert!(!run.stderr.contains("libthing-1234.so, which"), "{}", run.stderr);
}

#[test]
fn a_library_of_the_application_is_for_one_platform_alone() {
    let definition = Definition::over("{}").with("image.toml", TOML).and("[app]\nsources = [\"native.so\"]");
    std::fs::write(definition.path().join("native.so"), elf(62, &[], "GLIBC_2.17")).unwrap();
    let output = format!("oci:{}", definition.output().display());
    let arguments = [&definition.argument(), "--platforms", "amd64,arm64", "--no-bytecode", "--output", &output];
    let run = Shipwheel::new().image(&arguments).succeeded();
    assert!(run.stderr.contains("native.so is for x86-64 (linux/arm64)\n"), "{}", run.stderr);
}
