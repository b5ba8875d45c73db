//! Code of a folder or of a source distribution that nothing names: it does not run, whatever asks for it.

use std::path::Path;

use shipwheel_tests::{Definition, Run, Shipwheel, variosync};
use xshell::{Shell, cmd};

/// The exit code of docs/errors.md.
const CONFIGURATION: i32 = 3;

/// A base that is here already, and a lock to make.
fn over_base(lines: &str) -> Definition {
    Definition::over_layout(&variosync().path()).and("[bytecode]\nenabled = false").and(lines)
}

fn locking() -> Definition {
    over_base("[python]\nlock = \"requirements.txt\"")
}

/// The mark that any code of the folder leaves.
fn mark(definition: &Definition) -> std::path::PathBuf {
    definition.path().join("ran")
}

/// With a project in a folder of the definition, whose build backend leaves the mark.
fn with_backend(definition: Definition, folder: &str, metadata: &str) -> Definition {
    let project = format!(
        "[build-system]\nrequires = []\nbuild-backend = \"evil\"\nbackend-path = [\".\"]\n\
         [project]\nname = \"evilpkg\"\n{metadata}\n"
    );
    let mark = mark(&definition).display().to_string();
    let backend = format!(
        "import os\nopen({mark:?}, 'a').write('ran')\n\n\ndef metadata(folder, settings=None):\n    \
         os.makedirs(folder + '/evilpkg-1.dist-info', exist_ok=True)\n    \
         open(folder + '/evilpkg-1.dist-info/METADATA', 'w').write('Metadata-Version: 2.1\\nName: evilpkg\\nVersion: 1\\n')\n    \
         return 'evilpkg-1.dist-info'\n\n\nprepare_metadata_for_build_wheel = prepare_metadata_for_build_editable = metadata\n\
         get_requires_for_build_wheel = get_requires_for_build_editable = lambda settings=None: []\n"
    );
    let (pyproject, module) = (format!("{folder}/pyproject.toml"), format!("{folder}/evil.py"));
    definition.with(&pyproject, &project).with(&module, &backend)
}

const DYNAMIC: &str = "version = \"1\"\ndynamic = [\"dependencies\"]";

/// A build with a cache of its own for uv: metadata of an earlier run must not hide a build.
fn build(definition: &Definition, shipwheel: &Shipwheel, arguments: &[&str]) -> Run {
    let output = format!("oci:{}", definition.output().display());
    let uv_cache = definition.path().join("uv-cache");
    let shipwheel = shipwheel.clone().with("UV_CACHE_DIR", uv_cache.display());
    shipwheel.image(&[&[&definition.argument(), "--output", &output], arguments].concat())
}

#[track_caller]
fn refused(definition: &Definition, fragments: &[&str]) {
    build(definition, &Shipwheel::new(), &[]).failed(CONFIGURATION, fragments);
    assert!(!mark(definition).exists(), "code of the folder ran");
}

#[test]
fn a_line_that_would_run_code_is_an_error_that_names_it() {
    for line in [
        "./dep",
        "-e ./dep",
        "evilpkg @ file:./dep",
        "dep/",
        "evilpkg @ file://HERE/dep",
        "--editable=HERE/dep",
        "./dep # why\r./dep",
    ] {
        let definition = with_backend(locking(), "dep", DYNAMIC);
        let line = line.replace("HERE", &definition.argument());
        let definition = definition.with("requirements.txt", &format!("six\n{line}\n"));
        refused(&definition, &["requirements.txt:2: ", "`project` in `[app]`", "`allow-build`"]);
        let definition = definition.with("base.in", &format!("{line}\n")).with("requirements.txt", "six\n-r base.in\n");
        refused(&definition, &["base.in:1: ", "`project` in `[app]`"]);
    }
}

/// An archive of source code in `links`, which leaves the mark.
fn with_sdist(definition: Definition) -> Definition {
    let definition = with_backend(definition, "evilpkg-1", DYNAMIC).with("links/x", "");
    let shell = Shell::new().unwrap();
    shell.change_dir(definition.path());
    cmd!(shell, "tar czf links/evilpkg-1.tar.gz evilpkg-1").quiet().run().unwrap();
    definition
}

#[test]
fn a_source_distribution_that_nothing_allows_is_not_built_to_be_locked() {
    let lines = "--no-index\n--find-links ./links\nevilpkg\n";
    let hint = ["requirements.txt", "evilpkg", "source distribution but no wheel", "`allow-build = ["];
    refused(&with_sdist(locking()).with("requirements.txt", lines), &hint);
    for option in ["--no-binary evilpkg", "--no-binary=:all:"] {
        let definition = with_sdist(locking()).with("requirements.txt", &format!("{option}\n{lines}"));
        refused(&definition, &["requirements.txt:1: ", "`allow-build`"]);
    }
    let settings = "[tool.uv]\nno-binary-package = [\"evilpkg\"]\nno-build-isolation = true\n";
    let definition = with_sdist(locking()).with("requirements.txt", lines).with("pyproject.toml", settings);
    refused(&definition, &hint);
    let settings = "no-binary = true\n[pip]\nno-binary = [\"evilpkg\"]\nonly-binary = [\":none:\"]\n";
    refused(&with_sdist(locking()).with("requirements.txt", lines).with("uv.toml", settings), &hint);
    let definition = with_sdist(locking().and("allow-build = [\"evilpkg\"]")).with("requirements.txt", lines);
    let run = build(&definition, &Shipwheel::new(), &[]);
    assert!(mark(&definition).exists(), "what is named may run\n{}", run.stderr);
}

#[test]
fn a_project_is_not_built_to_learn_its_dependencies() {
    let definition = with_backend(over_base("[python]\nlock = \"pyproject.toml\""), ".", DYNAMIC);
    refused(&definition, &["pyproject.toml cannot be locked", "dynamic dependencies"]);
    let text = std::fs::read_to_string(definition.path().join("pyproject.toml")).unwrap();
    let text = format!("{text}[tool.uv]\nno-binary-package = [\"evilpkg\"]\n");
    refused(&definition.with("pyproject.toml", &text), &["pyproject.toml cannot be locked"]);
}

/// With interpreters in an environment that leave the mark.
fn with_environment(definition: Definition, folder: &str) -> Definition {
    use std::os::unix::fs::PermissionsExt as _;
    let script = format!("#!/bin/sh\necho ran >> '{}'\nexec python3 \"$@\"\n", mark(&definition).display());
    let mut definition = definition.with(&format!("{folder}/pyvenv.cfg"), "home = /usr/bin\nversion = 3.11.2\n");
    for name in ["python", "python3", "python3.11", "uv"] {
        let path = format!("{folder}/bin/{name}");
        definition = definition.with(&path, &script);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(definition.path().join(path), mode).unwrap();
    }
    definition
}

#[test]
fn no_python_of_the_folder_runs_wherever_the_command_is_started() {
    let zeros = "0".repeat(64);
    for requirements in ["# nothing\n".to_owned(), format!("six==1.16.0 --hash=sha256:{zeros}\n")] {
        let definition = with_environment(locking(), ".venv").with("requirements.txt", &requirements);
        let path = std::env::var("PATH").unwrap();
        let shipwheels = [
            Shipwheel::new(),
            Shipwheel::new().in_folder(definition.path()),
            Shipwheel::new().in_folder(definition.path()).with("PATH", format!(".venv/bin:{path}")),
            Shipwheel::new().with("VIRTUAL_ENV", definition.path().join(".venv").display()),
            Shipwheel::new().with("UV_PYTHON", definition.path().join(".venv/bin/python").display()),
        ];
        for shipwheel in shipwheels {
            build(&definition, &shipwheel, &[]);
            assert!(!mark(&definition).exists(), "a program of the folder ran");
        }
    }
    let definition = over_base("[python]\nlock = \"uv.lock\"")
        .with("pyproject.toml", "[project]\nname = \"thing\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n");
    let definition = with_environment(definition, ".venv");
    Shipwheel::new().in_folder(definition.path()).run(&["lock", &definition.argument()]).succeeded();
    assert!(!mark(&definition).exists() && definition.path().join("uv.lock").exists());
    build(&definition, &Shipwheel::new().in_folder(definition.path()), &[]).succeeded();
    assert!(!mark(&definition).exists());
}

#[test]
fn a_folder_without_image_toml_builds_its_project_only_where_that_is_allowed() {
    let project = |definition| with_backend(definition, ".", "version = \"1\"\n[project.scripts]\nx = \"evil:x\"");
    let definition = project(Definition::empty());
    refused(&definition, &["build backend `evil` would run", "`--allow-project-build`", "init"]);
    build(&definition, &Shipwheel::new(), &["--dry-run"]).failed(CONFIGURATION, &["--allow-project-build"]);
    assert!(!mark(&definition).exists());
    build(&definition, &Shipwheel::new(), &["--allow-project-build"]);
    assert!(mark(&definition).exists(), "what is allowed runs");
}

#[test]
fn a_project_that_only_a_lock_names_is_not_built() {
    let lock = "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"evilpkg\"\n\
        [packages.directory]\npath = \"dep\"\n";
    let definition = with_backend(over_base("[python]\nlock = \"pylock.toml\""), "dep", DYNAMIC);
    refused(&definition.with("pylock.toml", lock), &["the lock names the project", "`project` in `[app]`"]);
    let derived = with_backend(Definition::empty().with("main.py", ""), "dep", DYNAMIC).with("pylock.toml", lock);
    refused(&derived, &["the lock names the project"]);
}

#[test]
fn requirements_with_only_a_folder_are_not_passed_over() {
    for line in ["./dep", "-e ./dep", "-r base.in"] {
        let definition = Definition::empty().with("main.py", "").with("base.in", "./dep\n");
        let definition = with_backend(definition, "dep", DYNAMIC).with("requirements.txt", &format!("{line}\n"));
        refused(&definition, &["`./dep` cannot be installed", ".in:1: "][..1 + usize::from(line == "-r base.in")]);
    }
}

#[test]
fn pip_is_not_looked_up_in_the_folder_that_is_built() {
    let definition = locking().with("requirements.txt", "six\n");
    let ran = format!("open({:?}, 'a').write('ran')\n", Path::new(&mark(&definition)).display().to_string());
    let definition = definition.with("pip.py", &ran).with("encodings/__init__.py", &ran);
    let path = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .filter(|folder| !folder.join("uv").is_file())
        .collect::<Vec<_>>();
    let cache = definition.path().join("cache");
    let shipwheel = Shipwheel::new()
        .in_folder(definition.path())
        .with("PATH", std::env::join_paths(path).unwrap().to_string_lossy())
        .with("PYTHONPATH", ".")
        .with("SHIPWHEEL_CACHE_DIR", cache.display());
    build(&definition, &shipwheel, &[]);
    assert!(!mark(&definition).exists(), "a module of the folder ran");
}

/// A Poetry or a PDM that says what it sees, and locks.
const TOOL: &str = "#!/bin/sh\ntool=${0##*/}\n{ pwd; ls -A; cat pyproject.toml $tool.toml; env; } > \"$0.saw\"\n\
     echo \"new, after $(cat $tool.lock)\" > $tool.lock\n";

#[test]
fn poetry_and_pdm_lock_a_copy_without_pythons_plugins_and_hooks_of_the_folder() {
    for (tool, hooks) in [
        ("poetry", "[tool.poetry.requires-plugins]\nevil = \"*\""),
        ("pdm", "[tool.pdm]\nplugins = [\"evil\"]\n[tool.pdm.scripts]\npre_lock = \"evil\""),
    ] {
        let (lock, settings, program) = (format!("{tool}.lock"), format!("{tool}.toml"), format!("bin/{tool}"));
        let definition = Definition::over_layout(Path::new("none"))
            .and(&format!("[python]\nlock = \"{lock}\""))
            .with("pyproject.toml", &format!("[project]\nname = \"a\"\nversion = \"1\"\n{hooks}\n"))
            .with(&settings, "[virtualenvs]\npath = \"evil\"\n[pypi]\nurl = \"https://index.example\"\n")
            .with(&lock, "old\n")
            .with(".venv/bin/python", "evil")
            .with(".pdm-python", "evil")
            .with(".pdm-plugins/evil.pth", "evil")
            .with(&program, TOOL);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(definition.path().join(&program), mode).unwrap();
        let path = format!("{}:/usr/bin:/bin", definition.path().join("bin").display());
        let shipwheel = Shipwheel::new().with("PATH", path).with("VIRTUAL_ENV", "/evil");
        shipwheel.run(&["lock", &definition.argument()]).succeeded();
        let read = |name: &str| std::fs::read_to_string(definition.path().join(name)).unwrap();
        assert_eq!(read(&lock), "new, after old\n");
        let saw = read(&format!("{program}.saw"));
        assert!(saw.contains("https://index.example") && saw.contains("name = \"a\""), "{saw}");
        assert!(!saw.contains("evil") && !saw.contains(".venv"), "{saw}");
    }
}

#[test]
fn no_program_that_a_repository_names_runs_for_its_version() {
    let project = "[project]\nname = \"thing\"\ndynamic = [\"version\"]\n[build-system]\nrequires = [\"hatch-vcs\"]\n\
                   build-backend = \"hatchling.build\"\n[tool.hatch.version]\nsource = \"vcs\"\n";
    let definition = over_base("").with("pyproject.toml", project).with("thing.py", "X = 1\n");
    let definition = definition.replacing("[app]\n", "[app]\nproject = \".\"\n");
    let script = format!("#!/bin/sh\necho ran >> '{}'\n", mark(&definition).display());
    let definition = definition.with("evil.sh", &script).with(".gitattributes", "* filter=evil diff=evil\n");
    let shell = Shell::new().unwrap();
    shell.change_dir(definition.path());
    let evil = definition.path().join("evil.sh").display().to_string();
    cmd!(shell, "chmod 755 evil.sh").quiet().run().unwrap();
    cmd!(shell, "git init --quiet").quiet().run().unwrap();
    cmd!(shell, "git -c user.name=a -c user.email=a@example.org commit --quiet --allow-empty --message x")
        .quiet()
        .run()
        .unwrap();
    cmd!(shell, "git tag v3.1").quiet().run().unwrap();
    for key in
        ["core.fsmonitor", "core.sshCommand", "core.pager", "filter.evil.clean", "diff.evil.textconv", "core.askPass"]
    {
        cmd!(shell, "git config {key} {evil}").quiet().run().unwrap();
    }
    cmd!(shell, "git config remote.origin.url ext::{evil}").quiet().run().unwrap();
    cmd!(shell, "git config remote.origin.promisor true").quiet().run().unwrap();
    // Objects that are missing are not fetched either.
    let hooks = definition.with(".git/hooks/post-index-change", &script);
    build(&hooks, &Shipwheel::new(), &[]).succeeded();
    assert!(!mark(&hooks).exists(), "a program of the repository ran");
}
