//! Three real lock sets: installed as uv installs them, file by file, and imported on both platforms.

use shipwheel_tests::{Arm64, Definition, Installed, Layout, Rootfs, Shipwheel, uv};
use xshell::{Shell, cmd};

/// Imports every distribution's modules; what wants a display or an optional part says so by an ImportError.
const IMPORT: &str = "import importlib, importlib.metadata as m, platform\n\
    names = sorted(n for n in m.packages_distributions() if n.isidentifier() and not n.startswith('_'))\n\
    for name in names: importlib.import_module(name)\n\
    print(platform.machine(), len(names))\n";

/// Locks, builds for both platforms, compares and imports.
#[track_caller]
fn check(requirements: &str, imported: &str) {
    let definition = Definition::empty()
        .with("requirements.in", requirements)
        .with(".python-version", "3.11")
        .with("main.py", "\"\"\"Nothing.\"\"\"\n");
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(definition.path());
    let compile = "pip compile --quiet --universal --generate-hashes --python-version 3.11.2 --no-header";
    let words = compile.split(' ');
    cmd!(shell, "{uv} {words...} -o requirements.txt requirements.in").quiet().ignore_stdout().run().unwrap();

    let output = format!("oci:{}", definition.output().display());
    let arguments = ["--platforms", "amd64,arm64", "--no-bytecode", "--output", &output];
    Shipwheel::new().image(&[&[definition.argument().as_str()], &arguments[..]].concat()).succeeded();
    let layout = Layout::new(&definition.output());
    let requirements = definition.path().join("requirements.txt");

    let amd64 = Rootfs::unpack(&layout, "amd64");
    compare(&amd64, &Installed::by_uv(&requirements, "linux/amd64"));
    let (said, _) = amd64.run(&[], &["/opt/venv/bin/python3", "-B", "-c", &format!("{IMPORT}import {imported}\n")]);
    assert!(said.starts_with("x86_64 "), "{said}");

    let arm64 = Arm64::unpack(&layout);
    compare(arm64.rootfs(), &Installed::by_uv(&requirements, "linux/arm64"));
    let said = arm64.python(&format!(
        "import sys; sys.dont_write_bytecode = True\nimport {imported}, platform\nprint(platform.machine())"
    ));
    assert_eq!(said.trim(), "aarch64");
}

#[track_caller]
fn compare(ours: &Rootfs, uvs: &Installed) {
    let ours = Installed::below(&ours.join("/opt/venv"));
    let differences = ours.differences(uvs);
    assert!(differences.is_empty(), "{} of {} files differ\n{}", differences.len(), uvs.len(), differences.join("\n"));
}

#[test]
fn nicegui_is_installed_as_uv_does_and_imports() {
    check("nicegui\nsqlalchemy\nrequests\n", "nicegui, sqlalchemy, requests, uvloop, orjson, aiohttp");
}

#[test]
fn fastapi_with_pandas_is_installed_as_uv_does_and_imports() {
    check(
        "fastapi\nuvicorn[standard]\npydantic\nnumpy\npandas\n",
        "fastapi, uvicorn, httptools, pydantic, numpy, pandas",
    );
}

#[test]
fn scikit_learn_is_installed_as_uv_does_and_imports() {
    check("scikit-learn\nscipy\n", "scipy.linalg, sklearn.linear_model");
}
