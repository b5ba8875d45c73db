//! What a lock lacks is said once for all platforms, and source distributions are built where that is allowed.

use std::path::Path;

use serde_json::Value;
use shipwheel_oci::Digest;
use shipwheel_tests::{Answer, Definition, Run, Server, Shipwheel, scratch};
use xshell::{Shell, cmd};

/// The exit code of docs/errors.md.
const CONFIGURATION: i32 = 3;

fn build(shipwheel: &Shipwheel, definition: &Definition) -> Run {
    let output = format!("oci:{}", definition.output().display());
    shipwheel.image(&[&definition.argument(), "--output", &output])
}

fn lock(packages: &str) -> String {
    format!("# For one test.\nlock-version = \"1.0\"\n{packages}")
}

#[test]
fn one_report_names_every_distribution_on_every_platform_before_anything_is_fetched() {
    let server = Server::start([]);
    let package = |name: &str, tags: &str| {
        let (url, hash) = (server.url(&format!("/{name}-1-{tags}.whl")), "0".repeat(64));
        format!(
            "[[packages]]\nname = \"{name}\"\nversion = \"1\"\n\
             wheels = [{{ url = \"{url}\", hashes = {{ sha256 = \"{hash}\" }} }}]\n"
        )
    };
    let packages = [
        package("fits", "py3-none-any"),
        package("modern", "cp311-cp311-manylinux_2_99_x86_64.manylinux_2_99_aarch64"),
        package("intel", "cp311-cp311-manylinux_2_17_x86_64"),
        package("alpine", "cp312-cp312-musllinux_1_2_aarch64"),
    ];
    let definition = Definition::over_example()
        .with("pylock.toml", &lock(&packages.concat()))
        .and("[python]\nlock = \"pylock.toml\"");
    let run = build(&Shipwheel::new(), &definition);
    run.failed(
        CONFIGURATION,
        &[
            "3 distributions without a usable wheel",
            "modern 1",
            "needs glibc 2.99, and the base has glibc 2.36",
            "intel 1",
            "linux/arm64 with CPython 3.11.2 and glibc 2.36",
            "is for the architecture x86_64",
            "alpine 1",
            "is built with musl 1.2, and the base has glibc 2.36",
            "hint: use a base image with glibc 2.99 or newer",
            "lock versions of alpine, intel with wheels for this target",
        ],
    );
    let said = |text: &str| run.stderr.matches(text).count();
    assert_eq!((said("modern 1"), said("intel 1"), said("alpine 1"), said("fits 1")), (1, 1, 1, 0), "{}", run.stderr);
    assert_eq!(server.requests(), 0);
}

/// A backend that needs nothing, and writes the clock and odd modes into its wheel; `{tag}` is the wheel's.
const BACKEND: &str = r#"
"""A build backend for one test."""
import base64, hashlib, os, time, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "thing-1.0-{tag}.whl"
    files = {
        "thing.py": "VALUE = 42\n",
        "thing-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        "thing-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files["thing-1.0.dist-info/RECORD"] = record + "thing-1.0.dist-info/RECORD,,\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in sorted(files.items(), key=lambda item: time.time_ns() % 7):
            info = zipfile.ZipInfo(path, time.localtime()[:6])
            info.external_attr = (0o600 | time.time_ns() % 2 * 0o044) << 16
            archive.writestr(info, text)
    return name
"#;

/// A source distribution of `thing` 1.0 whose build gives a wheel with this tag; its bytes.
fn sdist(tag: &str) -> Vec<u8> {
    let folder = scratch();
    let source = folder.path().join("thing-1.0");
    std::fs::create_dir(&source).unwrap();
    let project = "# For one test.\n[project]\nname = \"thing\"\nversion = \"1.0\"\n[build-system]\nrequires = []\n\
                   build-backend = \"backend\"\nbackend-path = [\".\"]\n";
    std::fs::write(source.join("pyproject.toml"), project).unwrap();
    std::fs::write(source.join("PKG-INFO"), "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n").unwrap();
    std::fs::write(source.join("backend.py"), BACKEND.replace("{tag}", tag)).unwrap();
    let shell = Shell::new().unwrap();
    shell.change_dir(folder.path());
    cmd!(shell, "tar --sort=name --mtime=@0 -czf thing-1.0.tar.gz thing-1.0").quiet().run().unwrap();
    std::fs::read(folder.path().join("thing-1.0.tar.gz")).unwrap()
}

/// A definition that locks such a source distribution, and the server that has it.
fn with_sdist(tag: &str) -> (Definition, Server) {
    let bytes = sdist(tag);
    let sha256 = Digest::of(&bytes).hex();
    let server = Server::start([("/thing-1.0.tar.gz".to_owned(), Answer::Whole(bytes))]);
    let url = server.url("/thing-1.0.tar.gz");
    let package = format!(
        "[[packages]]\nname = \"thing\"\nversion = \"1.0\"\n\
         sdist = {{ url = \"{url}\", hashes = {{ sha256 = \"{sha256}\" }} }}\n"
    );
    let definition =
        Definition::over_example().with("pylock.toml", &lock(&package)).and("[python]\nlock = \"pylock.toml\"");
    (definition, server)
}

#[test]
fn a_pure_source_distribution_is_built_where_it_is_allowed_and_is_the_same_each_time() {
    let (definition, server) = with_sdist("py3-none-any");
    build(&Shipwheel::new(), &definition)
        .failed(CONFIGURATION, &["thing 1.0", "source distribution", "`allow-build = [\"thing\"]`"]);
    assert_eq!(server.requests(), 0, "nothing is built that is not allowed, nor fetched");
    let definition = definition.and("allow-build = [\"thing\"]");
    let mut seen = Vec::new();
    for umask in ["022", "077"] {
        let cache = scratch();
        let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.path().display()).with_umask(umask);
        let run = build(&shipwheel, &definition).succeeded();
        assert!(run.stderr.contains("building a wheel of thing-1.0.tar.gz"), "{}", run.stderr);
        let again = build(&shipwheel, &definition).succeeded();
        assert!(!again.stderr.contains("building a wheel"), "{}", again.stderr);
        seen.push((run.line().to_owned(), built_wheel(cache.path())));
    }
    assert_eq!(seen[0], seen[1], "image and wheel are the same from empty caches");
}

/// What the cache remembers of the one source distribution that was built.
fn built_wheel(cache: &Path) -> Value {
    let records: Vec<_> =
        std::fs::read_dir(cache.join("records/sdist")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [record] = &records[..] else { panic!("one was built: {records:?}") };
    serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap()
}

#[test]
fn a_native_source_distribution_is_refused() {
    let (definition, _server) = with_sdist("cp311-cp311-linux_x86_64");
    let run = build(&Shipwheel::new(), &definition.and("allow-build = [\"thing\"]"));
    run.failed(CONFIGURATION, &["thing is native", "thing-1.0-cp311-cp311-linux_x86_64.whl", "hint"]);
}

#[test]
fn a_source_distribution_with_another_hash_is_never_built() {
    let (definition, server) = with_sdist("py3-none-any");
    let path = definition.path().join("pylock.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let at = text.find("sha256 = \"").unwrap() + 10;
    let other = format!("{}{}{}", &text[..at], "0".repeat(64), &text[at + 64..]);
    let definition = definition.with("pylock.toml", &other).and("allow-build = [\"thing\"]");
    let run = build(&Shipwheel::new(), &definition);
    run.failed(5, &["thing-1.0.tar.gz"]);
    assert!(!run.stderr.contains("building"), "{}", run.stderr);
    assert_eq!(server.requests(), 1);
}
