//! Applications that are projects: built to wheels, installed beside their locked dependencies.

use shipwheel_tests::{Definition, Layout, Rootfs, Run, Shipwheel, uv};
use xshell::{Shell, cmd};

const ROOT: &str = "[project]\nname = \"root\"\nversion = \"0\"\nrequires-python = \">=3.11\"\n\
    [tool.uv.workspace]\nmembers = [\"packages/*\"]\n";

const API: &str = "[project]\nname = \"api\"\nversion = \"1.2\"\nrequires-python = \">=3.11\"\n\
    dependencies = [\"core\", \"six>=1.16\"]\n[project.scripts]\ngreet = \"api:main\"\n\
    [build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
    [tool.uv.sources]\ncore = { workspace = true }\n";

const CORE: &str = "[project]\nname = \"core\"\nversion = \"0.1\"\n\
    [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";

const MAIN: &str = "\"\"\"Greets.\"\"\"\nimport os\nimport core\nimport six\n\n\ndef main():\n    \
    print('hello', core.NAME, six.__name__, os.path.exists(__cached__), os.path.exists(core.__cached__))\n";

/// A workspace of two members, locked; the image is of one that needs the other.
fn workspace() -> Definition {
    let definition = Definition::over_debian(
        "[python]\nlock = \"pylock.toml\"\n[app]\nproject = \"packages/api\"\n[config]\ncmd = [\"greet\"]",
    );
    let definition = definition
        .with("pyproject.toml", ROOT)
        .with("packages/api/pyproject.toml", API)
        .with("packages/api/src/api/__init__.py", MAIN)
        .with("packages/core/pyproject.toml", CORE)
        .with("packages/core/core/__init__.py", "\"\"\"The core.\"\"\"\nNAME = 'core'\n");
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(definition.path());
    cmd!(shell, "{uv} lock --quiet").quiet().run().unwrap();
    cmd!(shell, "{uv} export --quiet --frozen --package api --format pylock.toml --output-file pylock.toml")
        .quiet()
        .ignore_stdout()
        .run()
        .unwrap();
    definition
}

fn build(definition: &Definition, umask: &'static str) -> Run {
    let output = format!("oci:{}", definition.output().display());
    Shipwheel::new().with_umask(umask).image(&[&definition.argument(), "--json", "--output", &output])
}

#[test]
fn a_workspace_member_is_built_and_installed_with_what_it_needs() {
    let definition = workspace();
    let report = build(&definition, "022").succeeded().json();
    let layers = |platform: usize| {
        let layers = report["platforms"][platform]["layers"].as_array().unwrap();
        let own = layers.iter().filter(|layer| layer["kind"].as_str().unwrap().starts_with("application"));
        own.map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((layers(0), layers(0).len()), (layers(1), 2), "both platforms share the application");

    let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
    let (said, _) = rootfs.run(&[], &["/opt/venv/bin/python3", "/opt/venv/bin/greet"]);
    assert_eq!(said.trim(), "hello core six True True");
    let site = "/opt/venv/lib/python3.11/site-packages";
    let files = rootfs.files(site);
    for name in ["direct_url.json", "uv_cache.json", "INSTALLER", "REQUESTED", ".pth"] {
        assert!(!files.iter().any(|file| file.ends_with(name)), "{name} tells of the machine that built it");
    }
    let check = "import importlib.metadata as m, pathlib\n\
        for name in ('api', 'core'):\n    for file in m.files(name):\n        assert file.locate().is_file(), file\n\
        \x20       if file.hash: assert file.size == file.locate().stat().st_size, file\n\
        print(m.version('api'), m.entry_points(name='greet')['greet'].value)\n";
    assert_eq!(rootfs.run(&[], &["/opt/venv/bin/python3", "-c", check]).0.trim(), "1.2 api:main");
}

#[test]
fn a_project_gives_the_same_layers_wherever_and_by_whomever_it_is_built() {
    let shell = Shell::new().unwrap();
    let digests: Vec<String> = ["022", "077"]
        .into_iter()
        .map(|umask| {
            let definition = workspace();
            let folder = definition.path();
            // A file that is in no wheel: the project is another one, and is built again.
            let definition = if umask == "022" {
                definition
            } else {
                cmd!(shell, "chmod -R go-rwx {folder}/packages").quiet().run().unwrap();
                let definition = definition.with("packages/api/notes.txt", umask);
                definition.with("packages/core/notes.txt", umask)
            };
            let run = build(&definition, umask).succeeded();
            run.json()["digest"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn an_unchanged_project_is_not_built_again() {
    let definition = workspace();
    build(&definition, "022").succeeded();
    std::fs::create_dir_all(definition.path().join("packages/api/build/lib")).unwrap();
    let definition = definition.with("packages/api/build/lib/left.py", "x = 1\n");
    let again = build(&definition, "022").succeeded();
    assert!(!again.stderr.contains("building a wheel"), "{}", again.stderr);
}

#[test]
fn a_lock_that_is_out_of_date_is_an_error_that_names_what_is_missing() {
    for (from, to, expected) in [
        ("\"six>=1.16\"", "\"six>=1.16\", \"requests; python_version >= '3'\"", "requests is not in the lock"),
        ("six>=1.16", "six>=999", "is in the lock, and `>=999` is asked for"),
    ] {
        let definition = workspace().with("packages/api/pyproject.toml", &API.replace(from, to));
        build(&definition, "022")
            .failed(3, &["pylock.toml is out of date", "pyproject.toml", expected, "hint: lock again"]);
        assert!(!definition.output().exists());
    }
    let elsewhere = API.replace("\"six>=1.16\"", "\"six>=1.16\", \"requests; sys_platform == 'win32'\"");
    build(&workspace().with("packages/api/pyproject.toml", &elsewhere), "022").succeeded();
}

#[test]
fn a_project_that_is_not_pure_is_refused() {
    let native =
        "from setuptools import Distribution, setup\nDistribution.has_ext_modules = lambda self: True\nsetup()\n";
    let project = "[project]\nname = \"api\"\nversion = \"1\"\n[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n";
    let one = || Definition::over_debian("[app]\nproject = \"p\"").with("p/api.py", "x = 1\n");
    build(&one(), "022").failed(3, &["/p is not a project", "no pyproject.toml"]);
    let broken = one().with("p/pyproject.toml", project).with("p/setup.py", "raise SystemExit('no build today')\n");
    build(&broken, "022").failed(3, &["cannot be built", "no build today"]);
    let native = one().with("p/pyproject.toml", project).with("p/setup.py", native);
    build(&native, "022").failed(3, &["linux_x86_64.whl", "a wheel for every platform"]);
    let unlocked = project.replace("version", "dependencies = [\"six\"]\nversion");
    build(&one().with("p/pyproject.toml", &unlocked), "022").failed(3, &["`python.lock` is not set", "uv lock"]);
}
