//! Whatever a wheel or a lock holds, reading it is an error or a value, never a panic.

#[path = "../../oci/tests/mutation/mod.rs"]
mod mutation;

use std::io::{Cursor, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mutation::{mutated, mutated_text};
use proptest::prelude::*;
use shipwheel_oci::Digest;
use shipwheel_python::DistributionName;
use shipwheel_python::lock::Lock;
use shipwheel_python::lock::{UvLock, differences};
use shipwheel_python::marker::Marker;
use shipwheel_python::pyproject::Pyproject;
use shipwheel_python::requirements::Requirements;
use shipwheel_python::wheel::{Record, Wheel, WheelMetadata, WheelName};

fn wheel() -> Vec<u8> {
    let files = [
        ("pkg.py", "print('hello')\n"),
        ("pkg-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n"),
        ("pkg-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        ("pkg-1.0.dist-info/entry_points.txt", "[console_scripts]\nrun = pkg:main [extra]\n"),
    ];
    let row = |(name, text): &(&str, &str)| {
        let hash = URL_SAFE_NO_PAD.encode(Digest::of(text.as_bytes()).as_bytes());
        format!("{name},sha256={hash},{}\n", text.len())
    };
    let record = files.iter().map(row).collect::<String>() + "pkg-1.0.dist-info/RECORD,,\n";
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files.into_iter().chain([("pkg-1.0.dist-info/RECORD", record.as_str())]) {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a name that zip takes");
        zip.write_all(text.as_bytes()).expect("memory takes all");
    }
    zip.finish().expect("memory takes all").into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_mutated_wheel_is_opened_or_refused(bytes in mutated(vec![wheel()])) {
        let name: WheelName = "pkg-1.0-py3-none-any.whl".parse().expect("a wheel's name");
        if let Ok(wheel) = Wheel::open(name, Arc::new(bytes)) {
            wheel.files().iter().for_each(|member| drop(wheel.content(member).to_vec()));
        }
    }

    #[test]
    fn mutated_metadata_of_a_wheel_is_parsed_or_refused(text in mutated_text(&[
        "pkg/a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\"a,b\",,\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_17_x86_64\n",
        "[console_scripts]\nrun = pkg.cli:main [extra]\n# x\n[gui_scripts]\na=b\n",
        "pkg_name-1.0.post1-1build-cp311.cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    ])) {
        let _ = (Record::parse(text.as_bytes()), WheelMetadata::parse(&text));
        let _ = (text.parse::<WheelName>(), text.parse::<DistributionName>());
    }

    #[test]
    fn a_mutated_lock_is_parsed_or_refused(text in mutated_text(&[
        "a[x,y]==1.0.* ; python_version >= '3.9' and (os_name == 'posix' or extra == 'x') \\\n    --hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n# x\n-r other.txt\n",
        "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\nmarker = \"os_name == 'posix'\"\n[[packages.wheels]]\nname = \"a-1.0-py3-none-any.whl\"\nurl = \"http://127.0.0.1/a\"\nsize = 1\nhashes = { sha256 = \"e3b0\" }\n",
        "[project]\nname = \"a\"\nrequires-python = \">=3.9\"\ndependencies = [\"b[x]>=1,<2; os_name == 'posix'\"]\n[dependency-groups]\ndev = [\"c\", { include-group = \"d\" }]\nd = []\n[tool.uv]\nindex = [{ url = \"x\" }]\n",
        "version = 1\nrequires-python = \">=3.9\"\n[[package]]\nname = \"a\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"b\" }]\n[package.metadata]\nrequires-dist = [{ name = \"b\", specifier = \">=1\", extras = [\"x\"] }]\n",
        "'x' in extras and platform_machine not in 'arm64 aarch64' or python_full_version ~= \"3.9.1\"",
    ])) {
        let _ = (Requirements::parse(&text, "x"), Lock::parse(&text, "x"), text.parse::<Marker>());
        let _ = Pyproject::parse(&text).map(|pyproject| pyproject.dependency_groups());
        if let Ok(lock) = UvLock::parse(&text, "x") {
            let empty = Pyproject::default();
            drop(differences(&lock, |_| Some(&empty)));
        }
    }
}

#[test]
fn the_samples_themselves_are_read() {
    let name = "pkg-1.0-py3-none-any.whl".parse().expect("a wheel's name");
    Wheel::open(name, Arc::new(wheel())).expect("it is sound");
}
