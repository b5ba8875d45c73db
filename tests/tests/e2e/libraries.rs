//! Libraries that wheels leave to the system, and the Python that they have wheels for, decide the base.

use shipwheel_tests::{Answer, Definition, Layout, Rootfs, Run, SampleElf, Server, Shipwheel, wheel_with};

/// Two suites of Debian.
const TOML: &str = r#"# An application with one wheel.
base = [
    { debian = { suite = "trixie", packages = ["python3.13", "media-types", "libc-bin"], exclude = ["awk", "debconf", "dpkg", "openssl"], libraries = "auto" } },
    { debian = { suite = "bookworm", packages = ["python3.11", "media-types", "libc-bin"], exclude = ["awk", "debconf", "dpkg", "openssl"], libraries = "auto" } },
]
platforms = ["linux/amd64"]
"#;

/// Builds an image with a wheel of this tag that holds these files.
fn build(tag: &str, files: &[(&str, &[u8])]) -> (Run, Rootfs) {
    let (bytes, sha256) = wheel_with(tag, files);
    let server = Server::start([("/thing.whl".to_owned(), Answer::Whole(bytes))]);
    let definition = Definition::over("{}").with("image.toml", TOML);
    let name = format!("thing-1.0-{tag}");
    let definition = definition.with_lock(&[(&name, &server.url("/thing.whl"), &sha256)]);
    let output = format!("oci:{}", definition.output().display());
    let run = Shipwheel::new().image(&[&definition.argument(), "--no-bytecode", "--output", &output]).succeeded();
    let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
    (run, rootfs)
}

#[test]
fn libraries_that_a_wheel_needs_or_loads_by_name_come_into_the_base() {
    let native =
        SampleElf { bits: 64, machine: 62, needed: &["libgomp.so.1", "libc.so.6"], glibc: "GLIBC_2.17" }.bytes();
    let driver = SampleElf { bits: 64, machine: 62, needed: &["libcuda.so.1"], glibc: "GLIBC_2.17" }.bytes();
    let loads = b"from ctypes.util import find_library\n\nPATH = find_library('magic')\n";
    let files = [("thing/a.so", &native[..]), ("thing/b.so", &driver[..]), ("loads.py", &loads[..])];
    let (run, rootfs) = build("cp37-abi3-manylinux_2_17_x86_64.whl", &files);
    let added = "base: added libgomp1, libmagic1t64 (linux/amd64): thing needs libgomp.so.1, libmagic\n";
    assert!(run.stderr.contains(added), "{}", run.stderr);
    assert!(!run.stderr.contains("libcuda"), "a driver is no warning\n{}", run.stderr);
    assert!(run.stderr.contains("proof: 1 library is missing"), "{}", run.stderr);
    // There is no /dev/null in the folder, which find_library opens: what it reads is asked for in its place.
    let code = "import ctypes, subprocess\nctypes.CDLL('libgomp.so.1')\n\
        found = subprocess.run(['/sbin/ldconfig', '-p'], capture_output=True, text=True).stdout\n\
        print('libmagic.so.1 (libc6,x86-64) =>' in found, ctypes.CDLL('libmagic.so.1').magic_version() > 500)";
    assert_eq!(rootfs.run(&[], &["/opt/venv/bin/python3", "-c", code]).0.trim(), "True True");
}

#[test]
fn the_first_suite_for_whose_python_everything_has_a_wheel_is_the_base() {
    let (run, rootfs) = build("cp311-cp311-manylinux_2_17_x86_64.whl", &[]);
    let passed = "base: trixie is passed over: thing 1.0 has no wheel for Python 3.13.";
    assert!(run.stderr.contains(passed), "{}", run.stderr);
    let code = "import sys; print(sys.version_info[1])";
    assert_eq!(rootfs.run(&[], &["/opt/venv/bin/python3", "-c", code]).0.trim(), "11");
}
