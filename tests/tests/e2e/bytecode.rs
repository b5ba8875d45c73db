//! Bytecode: every module of the application's start comes from a pyc that shipwheel compiled.

use shipwheel_tests::{Layout, Rootfs, Shipwheel, scratch, variosync};

/// The variables that the image sets.
fn environment(layout: &Layout) -> Vec<String> {
    let config = layout.config("linux/amd64");
    let variables = config["config"]["Env"].as_array().unwrap().iter();
    variables.map(|variable| variable.as_str().unwrap().to_owned()).collect()
}

#[test]
fn nothing_is_compiled_when_the_application_starts() {
    let layout = variosync().layout();
    let rootfs = Rootfs::unpack(&layout, "amd64");
    // All that the application imports before it serves, said on standard error by CPython itself.
    let code = "import os; os.chdir('/app'); import sys; sys.path.insert(0, '/app'); import variosync.__main__";
    let (_, said) = rootfs.run(&environment(&layout), &["python", "-v", "-c", code]);
    let compiled: Vec<&str> = said.lines().filter(|line| is_compiled(line)).collect();
    assert!(compiled.is_empty(), "{} modules were compiled:\n{}", compiled.len(), compiled.join("\n"));
    let from_pyc = said.lines().filter(|line| line.contains(".opt-1.pyc matches ")).count();
    assert!(from_pyc > 500, "{from_pyc} modules came from a pyc");
    for module in ["/usr/lib/python3.11/json/", "/opt/venv/lib/python3.11/site-packages/pandas/", "/app/variosync/"] {
        assert!(said.contains(&format!("matches {module}")), "{module}");
    }
}

/// CPython's own words for a module that it had to compile.
fn is_compiled(line: &str) -> bool {
    line.strip_prefix("# code object from ").is_some_and(|path| path.trim_matches('\'').ends_with(".py"))
        || line.starts_with("# wrote ")
}

#[test]
fn numpy_and_pandas_agree_with_the_levels_of_the_flags() {
    for (level, suffix) in [("0", ".pyc"), ("2", ".opt-2.pyc")] {
        let folder = scratch();
        let output = format!("oci:{}", folder.path().join("layout").display());
        Shipwheel::new().image(&["--platform", "linux/amd64", "--optimize", level, "--output", &output]).succeeded();
        let layout = Layout::new(&folder.path().join("layout"));
        let rootfs = Rootfs::unpack(&layout, "amd64");
        let code = "import sys, numpy, pandas; print(sys.flags.optimize, numpy.__cached__)";
        let (said, _) = rootfs.run(&environment(&layout), &["python", "-c", code]);
        assert!(said.starts_with(level) && said.trim().ends_with(&format!("cpython-311{suffix}")), "{said}");
    }
}

#[test]
fn without_bytecode_every_other_layer_stays_the_same() {
    let folder = scratch();
    let output = format!("oci:{}", folder.path().join("layout").display());
    Shipwheel::new().image(&["--platforms", "amd64,arm64", "--no-bytecode", "--output", &output]).succeeded();
    let layout = Layout::new(&folder.path().join("layout"));
    let digests = |layout: &Layout| -> Vec<String> {
        let layers = layout.manifest("linux/amd64")["layers"].as_array().unwrap().clone();
        layers.iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
    };
    let (without, with) = (digests(&layout), digests(&variosync().layout()));
    assert!(without.iter().all(|digest| with.contains(digest)), "{without:#?}\n{with:#?}");
    assert!(without.len() < with.len());
    assert!(!Rootfs::unpack(&layout, "amd64").files("/app").iter().any(|path| path.ends_with(".pyc")));
}

#[test]
fn removed_sources_leave_modules_that_still_import() {
    let folder = scratch();
    let output = format!("oci:{}", folder.path().join("layout").display());
    Shipwheel::new().image(&["--platform", "linux/amd64", "--remove-source", "--output", &output]).succeeded();
    let layout = Layout::new(&folder.path().join("layout"));
    let rootfs = Rootfs::unpack(&layout, "amd64");
    let files = rootfs.files("/app");
    assert!(!files.iter().any(|path| path.ends_with(".py")), "{files:#?}");
    assert!(files.contains(&"/app/variosync/api.pyc".to_owned()), "{files:#?}");
    let code = "import sys; sys.path.insert(0, '/app'); import variosync.api as it; print(it.__file__)";
    let (said, _) = rootfs.run(&environment(&layout), &["python", "-c", code]);
    assert_eq!(said.trim(), "/app/variosync/api.pyc");
}
