//! Bytecode: every module of the application's start comes from a pyc that shipwheel compiled.

use shipwheel_tests::{Definition, Layout, Rootfs, Shipwheel, Suite, scratch, variosync};

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
    let run = Shipwheel::new().image(&["--platform", "linux/amd64", "--remove-source", "--output", &output]);
    // fastapi looks up the lines of its routes; what may read its own sources is said.
    assert!(run.stderr.contains("`fastapi` may read its own sources"), "{}", run.stderr);
    run.succeeded();
    let layout = Layout::new(&folder.path().join("layout"));
    let rootfs = Rootfs::unpack(&layout, "amd64");
    let files = rootfs.files("/app");
    assert!(!files.iter().any(|path| path.ends_with(".py")), "{files:#?}");
    assert!(files.contains(&"/app/variosync/api.pyc".to_owned()), "{files:#?}");
    let site = "/opt/venv/lib/python3.11/site-packages";
    let sources =
        |package: &str| rootfs.files(&format!("{site}/{package}")).iter().filter(|p| p.ends_with(".py")).count();
    assert_eq!((sources("pandas"), sources("sqlalchemy")), (0, 0));
    // pydantic reads attribute docstrings out of sources, and is silent without them.
    assert!(sources("pydantic") > 50);
    let code = "import os; os.chdir('/app'); import sys; sys.path.insert(0, '/app'); \
                import variosync.__main__, variosync.api as it, pandas; print(it.__file__, pandas.__file__)";
    let (said, _) = rootfs.run(&environment(&layout), &["python", "-c", code]);
    assert_eq!(said.trim(), format!("/app/variosync/api.pyc {site}/pandas/__init__.pyc"));
}

/// A definition over a small Debian base with one module of two asserts and a docstring.
fn small(lines: &str) -> (Definition, Rootfs, Vec<String>) {
    let definition =
        Suite::of_python(11).definition("print('hello')\n").with("kept.py", "\"\"\"Kept.\"\"\"\n").and(lines);
    let definition = definition.replacing("[\"hello.py\"]", "[\"hello.py\", \"kept.py\"]");
    let output = definition.output().display().to_string();
    Shipwheel::new().image(&[&definition.argument(), "--platform", "amd64", "--output", &output]).succeeded();
    let layout = Layout::new(&definition.output());
    let rootfs = Rootfs::unpack(&layout, "amd64");
    let environment = environment(&layout);
    (definition, rootfs, environment)
}

#[test]
fn a_package_keeps_its_docstrings_at_a_level_that_drops_them() {
    let lines = "[bytecode]\noptimize = 2\n[[bytecode.override]]\npaths = [\"kept.py\"]\noptimize = 1";
    let (_definition, rootfs, environment) = small(lines);
    let code =
        "import sys; sys.path.insert(0, '/app'); import kept, json; print(kept.__doc__, json.__doc__, kept.__cached__)";
    let (said, _) = rootfs.run(&environment, &["python3.11", "-c", code]);
    assert_eq!(said.trim(), "Kept. None /app/__pycache__/kept.cpython-311.opt-2.pyc");
}

#[test]
fn a_script_that_the_command_names_keeps_its_source() {
    let (_definition, rootfs, _) = small("[bytecode]\nremove-source = true");
    // The definition's command is `python3 /app/hello.py`.
    assert_eq!(rootfs.files("/app"), ["/app/__pycache__/hello.cpython-311.pyc", "/app/hello.py", "/app/kept.pyc"]);
}

#[test]
fn a_prefix_that_would_lose_all_bytecode_is_refused() {
    let layout = variosync().layout();
    let definition = Definition::over_layout(layout.path()).and("env = { PYTHONPYCACHEPREFIX = \"/tmp\" }");
    let run = Shipwheel::new().image(&[&definition.argument(), "--platform", "amd64"]);
    run.failed(
        3,
        &["PYTHONPYCACHEPREFIX", "keeps CPython from loading the bytecode", "hint: remove PYTHONPYCACHEPREFIX"],
    );
}

#[test]
fn every_interpreter_of_one_version_gives_the_same_layers() {
    let digest = |interpreter: &str| {
        let definition = Suite::of_python(11).definition("print('hello')\n");
        let output = definition.output().display().to_string();
        let cache = scratch();
        // What was compiled before must not answer for what is compiled now.
        let run = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.path().display()).image(&[
            &definition.argument(),
            "--platform",
            "arm64",
            "--bytecode-interpreter",
            interpreter,
            "--json",
            "--output",
            &output,
        ]);
        run.succeeded().json()["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(digest("base"), digest("qemu"));
}

#[test]
fn an_interpreter_of_another_version_is_refused() {
    let definition = Definition::over_layout(variosync().layout().path());
    // A module of this test's own: what another run compiled would ask for no interpreter.
    let definition = definition.with("hello.py", &format!("print({})\n", std::process::id()));
    let wrong = scratch();
    let script = wrong.path().join("python3");
    std::fs::write(&script, "#!/bin/sh\necho cpython 3.11.99 $0\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let interpreter = script.display().to_string();
    let arguments = [&definition.argument(), "--platform", "amd64", "--bytecode-interpreter", &interpreter];
    let run = Shipwheel::new().image(&arguments);
    run.failed(3, &["bytecode for Python 3.11.2 cannot be compiled by Python 3.11.99"]);
}

#[test]
fn without_any_interpreter_of_the_version_it_is_said_what_to_install() {
    let base = Suite::of_python(13).definition("print('hello')\n");
    let output = base.output().display().to_string();
    // A base only for another processor: none of it runs here.
    let foreign = if cfg!(target_arch = "aarch64") { "amd64" } else { "arm64" };
    let arguments = [&base.argument(), "--platform", foreign, "--no-bytecode", "--output", &output];
    Shipwheel::new().image(&arguments).succeeded();
    let definition = Definition::over_layout(&base.output());
    let (folder, target) = (definition.argument(), definition.output().display().to_string());
    let arguments = [&folder, "--platform", foreign, "--output", &target];
    // What was compiled before needs no interpreter: this source is another one in every run.
    let _definition = definition.with("hello.py", &format!("WHERE = {target:?}\n"));
    let run = Shipwheel::new()
        .with("PATH", "/usr/bin:/bin")
        .image(&[&arguments[..], &["--bytecode-interpreter", "base"]].concat());
    run.failed(
        4,
        &[
            "no Python 3.13",
            "the base has no variant for linux/",
            "uv python install 3.13",
            "--bytecode-interpreter qemu",
        ],
    );
    let run = Shipwheel::new().image(&[&arguments[..], &["--bytecode-interpreter", "qemu"]].concat()).succeeded();
    assert!(run.stderr.contains("under qemu"), "{}", run.stderr);
}
