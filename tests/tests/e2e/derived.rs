//! Folders without an image.toml: one is derived, shown, and written by `init`.

use shipwheel_tests::{Definition, Layout, Podman, Rootfs, Run, Served, Shipwheel, uv};
use xshell::{Shell, cmd};

const FASTAPI: &str = "\"\"\"Says hello.\"\"\"\nfrom fastapi import FastAPI\n\napp = FastAPI(title='hello')\n";

const PROJECT: &str = "[project]\nname = \"thing\"\nversion = \"1.2\"\nrequires-python = \">=3.11\"\ndependencies = [\"six\"]\n\
    [project.scripts]\nthing = \"thing:main\"\nother = \"thing:other\"\n\
    [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";

fn build(definition: &Definition, name: &str) -> Run {
    build_with(definition, name, &[])
}

fn build_with(definition: &Definition, name: &str, arguments: &[&str]) -> Run {
    let output = format!("oci:{}", definition.output().join(name).display());
    Shipwheel::new().image(&[&[&definition.argument(), "--json", "--output", &output], arguments].concat())
}

/// Builds without and with a written image.toml; both give one image, unpacked here.
fn build_twice(definition: &Definition) -> (Run, Rootfs) {
    let derived = build_with(definition, "derived", &["--allow-project-build"]).succeeded();
    assert!(!definition.path().join("image.toml").exists(), "nothing is written unless asked");
    let written = Shipwheel::new().run(&["init", &definition.argument()]).succeeded();
    assert!(written.line().ends_with("image.toml"), "{}", written.stdout);
    let explicit = build(definition, "written").succeeded();
    assert_eq!(derived.json()["digest"], explicit.json()["digest"]);
    for line in std::fs::read_to_string(definition.path().join("image.toml")).unwrap().lines() {
        assert!(derived.stderr.contains(line), "not shown: {line}\n{}", derived.stderr);
    }
    let rootfs = Rootfs::unpack(&Layout::new(&definition.output().join("derived")), "amd64");
    (derived, rootfs)
}

/// Runs uv in a definition's folder.
fn locked(definition: &Definition, arguments: &str) {
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(definition.path());
    let words = arguments.split(' ');
    cmd!(shell, "{uv} --quiet {words...}").quiet().ignore_stdout().run().unwrap();
}

#[test]
fn a_fastapi_application_is_put_behind_the_server_that_is_locked() {
    let definition = Definition::empty()
        .with("main.py", FASTAPI)
        .with("requirements.in", "fastapi\nuvicorn\n")
        .with("tests/test_main.py", "import main\n");
    let compile = "pip compile --universal --generate-hashes --python-version 3.11 -o requirements.txt requirements.in";
    locked(&definition, compile);
    let (run, rootfs) = build_twice(&definition);
    for line in ["suite = \"bookworm\"", "cmd = [\"uvicorn\", \"main:app\", ", "exposed-ports = [8000]"] {
        assert!(run.stderr.contains(line), "{line}\n{}", run.stderr);
    }
    let code = "import sys; sys.path.insert(0, '/app')\nfrom uvicorn.importer import import_from_string\n\
        print(import_from_string('main:app').title)";
    assert_eq!(rootfs.run(&[], &["/opt/venv/bin/python3", "-c", code]).0.trim(), "hello");
    assert!(!rootfs.files("/app").iter().any(|file| file.contains("test")));
}

#[test]
fn a_flask_application_answers_from_a_container_that_nobody_configured() {
    let shop = "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    \
        app.add_url_rule('/healthz', 'health', lambda: 'well')\n    \
        app.add_url_rule('/', 'page', lambda: 'shop ' + __file__)\n    return app\n";
    let definition = Definition::empty().with("shop/__init__.py", shop).with("requirements.in", "flask\ngunicorn\n");
    locked(&definition, "pip compile --universal --generate-hashes -p 3.11 -o requirements.txt requirements.in");
    let archive = definition.output();
    let output = format!("docker-archive:{}", archive.display());
    let run = Shipwheel::new().image(&[&definition.argument(), "--output", &output]).succeeded();
    assert!(run.stderr.contains("cmd = [\"gunicorn\", \"shop:create_app()\"]"), "{}", run.stderr);
    let podman = Podman::new();
    let container = Served::start(&podman, &podman.load(&archive));
    assert_eq!(container.body("/"), "shop /app/shop/__init__.py");
    assert_eq!(container.stop(), "0", "SIGTERM ends it in order");
}

#[test]
fn a_project_is_installed_and_its_own_command_started() {
    let definition = Definition::empty()
        .with("pyproject.toml", PROJECT)
        .with(".python-version", "3.11\n")
        .with("src/thing/__init__.py", "import six\n\n\ndef main():\n    print('thing', six.__name__)\n");
    locked(&definition, "lock");
    locked(&definition, "export --frozen --no-emit-project --format pylock.toml --output-file pylock.toml");
    let (run, rootfs) = build_twice(&definition);
    assert!(run.stderr.contains("cmd = [\"thing\"]") && run.stderr.contains("tag = \"1.2\""), "{}", run.stderr);
    assert_eq!(rootfs.run(&[], &["/opt/venv/bin/python3", "/opt/venv/bin/thing"]).0.trim(), "thing six");
}

#[test]
fn a_project_of_a_plain_setup_py_is_installed_and_nothing_of_it_runs() {
    let setup = "from setuptools import find_packages, setup\n\nsetup(\n    name=\"thing\",\n    version=\"1.2\",\n    \
        packages=find_packages(exclude=[\"tests\"]),\n    python_requires=\">=3.9\",\n    \
        entry_points={\"console_scripts\": [\"thing = thing:main\"]},\n)\n";
    let module = "from importlib.metadata import version\n\n\ndef main():\n    print('thing', version('thing'))\n";
    let project = |setup: &str| {
        let definition = Definition::empty().with("setup.py", setup).with(".python-version", "3.11\n");
        definition.with("thing/__init__.py", module).with("tests/__init__.py", "")
    };
    let definition = project(setup);
    let free = build(&definition, "free").succeeded();
    assert!(!free.stderr.contains("building a wheel"), "{}", free.stderr);
    let (run, rootfs) = build_twice(&definition);
    assert_eq!(run.json()["digest"], free.json()["digest"], "no permission is needed");
    assert_eq!(rootfs.run(&[], &["/opt/venv/bin/python3", "/opt/venv/bin/thing"]).0.trim(), "thing 1.2");
    // What computes anything is a program, and nobody allowed it to run.
    let computed = project(&setup.replace("\"1.2\"", "open(\"VERSION\").read()"));
    build(&computed, "no").failed(3, &["setup.py computes `version`", "--allow-project-build"]);
}

#[test]
fn a_plain_script_needs_nothing_else() {
    let definition = Definition::empty()
        .with("job.py", "import helper\nprint('job', helper.NAME)\n")
        .with("helper/__init__.py", "NAME = 'helped'\n")
        .with(".python-version", "3.11");
    let (_, rootfs) = build_twice(&definition);
    let config = Layout::new(&definition.output().join("written")).config("linux/amd64");
    assert_eq!(config["config"]["Cmd"], serde_json::json!(["python3", "/app/job.py"]));
    assert_eq!(rootfs.run(&[], &["/usr/bin/python3", "/app/job.py"]).0.trim(), "job helped");
}

#[test]
fn an_image_toml_that_cannot_be_derived_is_an_error_that_lists_the_places_searched() {
    let refused = |definition: &Definition, fragments: &[&str]| build(definition, "no").failed(3, fragments);
    refused(&Definition::empty().with("README", ""), &["no image.toml", "pyproject.toml", "hint"]);
    let two = Definition::empty().with("a.py", "").with("b.py", "");
    refused(&two, &["found nothing for the image to start", "main.py, app.py", "[project.scripts]", "config.cmd"]);
    let unlocked = Definition::empty()
        .with("main.py", "")
        .with("pyproject.toml", "[project]\nname = \"x\"\ndependencies = [\"six\"]");
    refused(&unlocked, &["there is no lock", "uv.lock", "hint: lock the dependencies"]);
}

#[test]
fn init_writes_over_nothing_unless_told_to() {
    let definition = Definition::empty().with("main.py", "").with("image.toml", "# mine\n");
    let argument = definition.argument();
    Shipwheel::new().run(&["init", &argument]).failed(3, &["image.toml already exists", "--force"]);
    let path = definition.path().join("image.toml");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "# mine\n");
    Shipwheel::new().run(&["init", &argument, "--force"]).succeeded();
    assert!(std::fs::read_to_string(&path).unwrap().contains("main.py"));
}
