//! Every form of lock, made by its own tool when the test runs, and what is said when one is stale or missing.

use std::path::{Path, PathBuf};

use shipwheel_tests::{Definition, Layout, Rootfs, Run, Shipwheel, judge, poetry, scratch, uv};
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// The exit code of docs/errors.md.
const CONFIGURATION: i32 = 3;

const SITE: &str = "/opt/venv/lib/python3.11/site-packages";

const PROJECT: &str = r#"# For one test.
[project]
name = "thing"
version = "1.0"
requires-python = ">=3.11,<4"
dependencies = ["iniconfig>=2", "colorama ; sys_platform == 'win32'"]

[project.optional-dependencies]
fast = ["six>=1.16 ; python_version < '3.13'"]
"#;

const GROUPS: &str = "\n[dependency-groups]\ndev = [\"pluggy\"]\ndocs = [\"toml\"]\n";

fn build(shipwheel: &Shipwheel, definition: &Definition) -> Run {
    let output = format!("oci:{}", definition.output().display());
    shipwheel.image(&[&definition.argument(), "--platform", "linux/amd64", "--output", &output])
}

/// A `PATH` with a shell and nothing else.
fn shell_alone() -> TempDir {
    let (folder, shell) = (scratch(), judge("sh", "dash"));
    std::os::unix::fs::symlink(shell, folder.path().join("sh")).unwrap();
    folder
}

fn bare(path: &TempDir) -> Shipwheel {
    Shipwheel::new().with("PATH", path.path().display())
}

/// Which of these modules the image has.
fn modules<'m>(definition: &Definition, names: &[&'m str]) -> Vec<&'m str> {
    let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
    let has = |name: &&str| {
        let place = rootfs.join(&format!("{SITE}/{name}"));
        place.is_dir() || place.with_extension("py").is_file()
    };
    names.iter().copied().filter(has).collect()
}

const MODULES: [&str; 5] = ["iniconfig", "colorama", "six", "pluggy", "toml"];

fn uv_lock(folder: &Path) {
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(folder);
    cmd!(shell, "{uv} lock --quiet").quiet().run().unwrap();
}

/// The entries of a folder, with their content.
fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_uv_lock_gives_what_is_wanted_of_it_and_a_stale_one_is_an_error() {
    let shell_alone = shell_alone();
    let definition = Definition::over_example()
        .with("pyproject.toml", &format!("{PROJECT}{GROUPS}"))
        .and("[python]\nlock = \"uv.lock\"");
    uv_lock(definition.path());
    let before = listing(definition.path());
    build(&Shipwheel::new(), &definition).succeeded();
    assert_eq!(modules(&definition, &MODULES), ["iniconfig"]);
    std::fs::remove_dir_all(definition.output()).unwrap();
    assert_eq!(listing(definition.path()), before, "nothing is written beside the lock");

    let definition = definition.and("extras = [\"fast\"]\ngroups = [\"docs\"]");
    // No tool reads it: there is none on this PATH.
    let run = build(&bare(&shell_alone), &definition).succeeded();
    assert!(!run.stderr.contains("converting"), "{}", run.stderr);
    assert_eq!(modules(&definition, &MODULES), ["iniconfig", "six", "toml"]);

    let changed = PROJECT.replace("iniconfig>=2", "iniconfig>=2.1").replace("six>=1.16 ;", "six ;");
    let definition = definition.with("pyproject.toml", &format!("{changed}{GROUPS}"));
    // No Python is asked: there is none on this PATH.
    let run = build(&bare(&shell_alone), &definition);
    run.failed(
        CONFIGURATION,
        &[
            "uv.lock is out of date",
            "dependencies: pyproject.toml has `iniconfig>=2.1`, the lock has `iniconfig>=2`",
            "optional-dependencies.fast: pyproject.toml has `six`, the lock has `six>=1.16`",
            "`uv lock`",
        ],
    );
    Shipwheel::new().run(&["lock", &definition.argument()]).succeeded();
    build(&Shipwheel::new(), &definition).succeeded();
}

#[test]
fn an_extra_that_is_not_there_is_named() {
    let definition = Definition::over_example()
        .with("pyproject.toml", PROJECT)
        .and("[python]\nlock = \"uv.lock\"\nextras = [\"slow\"]");
    uv_lock(definition.path());
    build(&Shipwheel::new(), &definition)
        .failed(CONFIGURATION, &["image.toml:", "uv.lock has no extra `slow`", "fast"]);
    let definition = Definition::over_example()
        .with("requirements.txt", "six\n")
        .and("[python]\nlock = \"requirements.txt\"\nextras = [\"a\"]");
    build(&Shipwheel::new(), &definition).failed(CONFIGURATION, &["image.toml:", "`a` cannot be selected"]);
}

#[test]
fn extras_and_groups_of_a_pylock_are_chosen_by_its_markers() {
    let definition = Definition::over_example().with("pyproject.toml", &format!("{PROJECT}{GROUPS}"));
    uv_lock(definition.path());
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(definition.path());
    let options = "--frozen --offline --no-emit-local --format pylock.toml --all-extras --all-groups";
    let options = options.split(' ');
    let text = cmd!(shell, "{uv} export --quiet {options...}").quiet().read().unwrap();
    // uv writes no such markers yet; the standard has them.
    let mark = |text: &str, name: &str, marker: &str| {
        let head = format!("name = \"{name}\"\n");
        let (before, rest) = text.split_once(&head).unwrap();
        let rest: String = rest
            .lines()
            .filter(|line| {
                !line.starts_with("marker") || rest.find("[[").is_some_and(|end| rest.find(line).unwrap() > end)
            })
            .map(|line| format!("{line}\n"))
            .collect();
        format!("{before}{head}marker = \"{marker}\"\n{rest}")
    };
    let text = mark(&text, "six", "'fast' in extras and python_version < '3.13'");
    let text = mark(&text, "toml", "'docs' in dependency_groups");
    let text = mark(&text, "pluggy", "'dev' in dependency_groups");
    let text = text.replacen("lock-version", "default-groups = [\"dev\"]\nlock-version", 1);
    let definition = definition.with("pylock.toml", &text).and("[python]\nlock = \"pylock.toml\"");
    build(&Shipwheel::new(), &definition).succeeded();
    assert_eq!(modules(&definition, &MODULES), ["iniconfig", "pluggy"]);
    let definition = definition.and("extras = [\"Fast\"]\ngroups = [\"docs\"]");
    build(&Shipwheel::new(), &definition).succeeded();
    assert_eq!(modules(&definition, &MODULES), ["iniconfig", "six", "toml"]);
}

#[test]
fn requirements_without_hashes_are_locked_once_and_the_lock_is_kept() {
    let shell_alone = shell_alone();
    let definition = Definition::over_example()
        .with("base.in", "iniconfig\n")
        .with("requirements.in", "# What it needs.\n-r base.in\nsix>=1.16\n")
        .and("[python]\nlock = \"requirements.in\"");
    let kept = definition.path().join("requirements.lock.txt");
    let run = build(&Shipwheel::new(), &definition).succeeded();
    assert!(run.stderr.contains("requirements.lock.txt has 2 distributions"), "{}", run.stderr);
    assert_eq!(modules(&definition, &MODULES), ["iniconfig", "six"]);
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.contains("six==") && text.contains("--hash=sha256:") && !text.contains("://"), "{text}");

    let run = build(&bare(&shell_alone), &definition).succeeded();
    assert!(!run.stderr.contains("locking"), "an unchanged input is not locked again\n{}", run.stderr);

    // A version that is in the lock stays, unless it is asked for.
    let older =
        text.lines().filter(|line| !line.contains("--hash")).map(|line| format!("{}\n", line.trim_end_matches(" \\")));
    let older = older
        .collect::<String>()
        .replace(text.lines().find(|line| line.starts_with("six==")).unwrap().trim_end_matches(" \\"), "six==1.16.0");
    std::fs::write(&kept, &older).unwrap();
    let definition = definition.with("base.in", "iniconfig\ntoml\n");
    let run = Shipwheel::new().run(&["lock", &definition.argument()]).succeeded();
    assert_eq!(run.line(), kept.display().to_string());
    let locked = std::fs::read_to_string(&kept).unwrap();
    assert!(locked.contains("six==1.16.0") && locked.contains("toml=="), "{locked}");
    Shipwheel::new().run(&["lock", &definition.argument(), "--upgrade-package", "six"]).succeeded();
    assert!(!std::fs::read_to_string(&kept).unwrap().contains("six==1.16.0"));
}

#[test]
fn a_poetry_lock_is_read_without_poetry() {
    let definition = Definition::over_example().with("pyproject.toml", PROJECT);
    // The index that uv asks is the one that Poetry is told of.
    uv_lock(definition.path());
    let lock = std::fs::read_to_string(definition.path().join("uv.lock")).unwrap();
    let index = lock.split_once("registry = \"").unwrap().1.split('"').next().unwrap().to_owned();
    std::fs::remove_file(definition.path().join("uv.lock")).unwrap();
    let poetry_table = format!(
        "\n[tool.poetry]\npackage-mode = false\n[tool.poetry.group.docs.dependencies]\ntoml = \"*\"\n\
         [[tool.poetry.source]]\nname = \"here\"\nurl = \"{index}\"\n"
    );
    let project = format!("{PROJECT}{poetry_table}");
    let definition = definition.with("pyproject.toml", &project).and("[python]\nlock = \"poetry.lock\"");
    let (shell, program) = (Shell::new().unwrap(), poetry());
    shell.change_dir(definition.path());
    cmd!(shell, "{program} lock --no-interaction --quiet").quiet().run().unwrap();
    let lock_path = definition.path().join("poetry.lock");

    // No Poetry reads it: there is none on PATH.
    let shipwheel = Shipwheel::new();
    build(&shipwheel, &definition).succeeded();
    assert_eq!(modules(&definition, &MODULES), ["iniconfig"]);
    let definition = definition.and("extras = [\"fast\"]\ngroups = [\"docs\"]");
    build(&shipwheel, &definition).succeeded();
    assert_eq!(modules(&definition, &MODULES), ["iniconfig", "six", "toml"]);

    let toml = std::fs::read_to_string(definition.path().join("image.toml")).unwrap();
    for (from, to, expected) in
        [("fast", "slow", "poetry.lock has no extra `slow`"), ("docs", "dosc", "poetry.lock has no group `dosc`")]
    {
        let definition =
            Definition::over_example().with("pyproject.toml", &project).with("image.toml", &toml.replace(from, to));
        std::fs::copy(lock_path.clone(), definition.path().join("poetry.lock")).unwrap();
        build(&shipwheel, &definition).failed(CONFIGURATION, &[expected]);
    }

    // A name that means nothing to Poetry is no change.
    let definition = definition.with("pyproject.toml", &project.replace("\"1.0\"", "\"1.1\""));
    build(&shipwheel, &definition).succeeded();
    let definition = definition.with("pyproject.toml", &project.replace("iniconfig>=2", "iniconfig>=2.1"));
    build(&shipwheel, &definition).failed(CONFIGURATION, &["poetry.lock is out of date", "`poetry lock`"]);

    // An older form does not say which groups need what: that is followed from the project.
    let lock = std::fs::read_to_string(&lock_path).unwrap();
    let older = lock.replace("lock-version = \"2.1\"", "lock-version = \"2.0\"");
    let definition = definition.with("poetry.lock", &older).with("pyproject.toml", &project);
    std::fs::remove_dir_all(definition.output()).unwrap();
    build(&shipwheel, &definition).succeeded();
    assert_eq!(modules(&definition, &MODULES), ["iniconfig", "six", "toml"]);
    let definition = definition.with("image.toml", &toml.replace("\"fast\"", "").replace("\"docs\"", ""));
    std::fs::remove_dir_all(definition.output()).unwrap();
    build(&shipwheel, &definition).succeeded();
    assert_eq!(modules(&definition, &MODULES), ["iniconfig"]);
    std::fs::remove_file(definition.path().join("pyproject.toml")).unwrap();
    build(&shipwheel, &definition).failed(CONFIGURATION, &["needs the pyproject.toml that it was made from"]);
}

#[test]
fn a_folder_of_a_poetry_lock_is_installed_from_its_sources() {
    let near = "[project]\nname = \"near\"\nversion = \"1.0\"\n\
        [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
    let project = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.11,<4\"\n[tool.poetry]\n\
        package-mode = false\n[tool.poetry.dependencies]\nnear = { path = \"libs/near\", develop = true }\n";
    let definition = Definition::over_example()
        .with("libs/near/pyproject.toml", near)
        .with("libs/near/near/__init__.py", "NAME = 'near'\n")
        .with("pyproject.toml", project)
        .and("[python]\nlock = \"poetry.lock\"");
    let (shell, program) = (Shell::new().unwrap(), poetry());
    shell.change_dir(definition.path());
    cmd!(shell, "{program} lock --no-interaction --quiet").quiet().run().unwrap();
    let shipwheel = Shipwheel::new();
    build(&shipwheel, &definition).succeeded();
    assert_eq!(modules(&definition, &["near"]), ["near"]);
    // The form of the version before.
    let lock = std::fs::read_to_string(definition.path().join("poetry.lock")).unwrap();
    let definition = definition.with("poetry.lock", &lock.replace("lock-version = \"2.1\"", "lock-version = \"2.0\""));
    std::fs::remove_dir_all(definition.output()).unwrap();
    build(&shipwheel, &definition).succeeded();
    assert_eq!(modules(&definition, &["near"]), ["near"]);
}

#[test]
fn a_missing_tool_or_lock_is_said_with_the_way_out() {
    let shell_alone = shell_alone();
    let definition = Definition::over_example()
        .with("pyproject.toml", PROJECT)
        .with("pdm.lock", "[metadata]\nlock_version = \"4.5.0\"\n")
        .and("[python]\nlock = \"pdm.lock\"");
    let shipwheel = bare(&shell_alone);
    let run = shipwheel.run(&["lock", &definition.argument()]);
    run.failed(CONFIGURATION, &["pdm.lock again needs pdm on PATH", "`pipx install pdm`", "`pdm lock`"]);
    let definition = definition.replacing("\"pdm.lock\"", "\"uv.lock\"");
    build(&shipwheel, &definition).failed(CONFIGURATION, &["`uv.lock` does not exist", "pdm.lock, pyproject.toml"]);
    let definition = definition.replacing("\"uv.lock\"", "\"pylock.toml\"");
    let definition = definition.with("pylock.toml", "lock-version = \"1.0\"\n");
    let run = Shipwheel::new().run(&["lock", &definition.argument()]);
    run.failed(CONFIGURATION, &["pylock.toml does not record", "requirements.in"]);
}
