//! `bytecode`: a folder of this machine compiled in place, as CPython itself would have it.

use std::path::Path;

use shipwheel_tests::{Run, Shipwheel, scratch};
use xshell::{Shell, cmd};

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn application() -> tempfile::TempDir {
    let folder = scratch();
    write(
        folder.path(),
        "main.py",
        "\"\"\"Main.\"\"\"\nimport pkg.part\nassert False, 'level 0'\nprint(pkg.part.__file__)\n",
    );
    write(folder.path(), "pkg/__init__.py", "");
    write(folder.path(), "pkg/part.py", "NAMES = {'b', 'a'} | frozenset(('x', 'y'))\n");
    write(folder.path(), ".hidden/skipped.py", "x = 1\n");
    folder
}

fn bytecode(folder: &Path, arguments: &[&str]) -> Run {
    Shipwheel::new().run(&[&["bytecode", &folder.display().to_string()], arguments].concat())
}

fn python(folder: &Path, switches: &[&str], code: &str) -> String {
    let shell = Shell::new().unwrap();
    shell.change_dir(folder);
    cmd!(shell, "python3 {switches...} -c {code}").quiet().read().unwrap()
}

#[test]
fn cpython_loads_what_was_compiled_at_each_level() {
    for (level, switch, suffix) in [("0", "-s", ""), ("1", "-O", ".opt-1"), ("2", "-OO", ".opt-2")] {
        let folder = application();
        let run = bytecode(folder.path(), &["--optimize", level]).succeeded();
        assert!(run.stderr.contains("3 of 3 sources compiled"), "{}", run.stderr);
        let code = "import pkg.part; print(pkg.part.__cached__)";
        let loaded = python(folder.path(), &[switch, "-B"], code);
        assert!(loaded.ends_with(&format!("{suffix}.pyc")), "{loaded}");
        let again = bytecode(folder.path(), &["--optimize", level]).succeeded();
        assert!(again.stderr.contains("0 written, 3 unchanged"), "{}", again.stderr);
    }
}

#[test]
fn every_folder_job_count_and_umask_gives_the_same_bytes() {
    let (one, other) = (application(), application());
    bytecode(one.path(), &["--jobs", "1", "--prefix", "/app"]).succeeded();
    let argument = other.path().display().to_string();
    let run = Shipwheel::new().with_umask("077").with("PYTHONHASHSEED", "7");
    run.run(&["bytecode", &argument, "--jobs", "3", "--prefix", "/app/"]).succeeded();
    let tag = python(one.path(), &[], "import sys; print(sys.implementation.cache_tag)");
    for name in [format!("__pycache__/main.{tag}.pyc"), format!("pkg/__pycache__/part.{tag}.pyc")] {
        let read = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
        assert_eq!(read(one.path()), read(other.path()), "{name}");
        let text = read(one.path());
        assert!(text.windows(5).any(|window| window == b"/app/"), "{name} says where it will be");
        let host = argument.as_bytes();
        assert!(!read(other.path()).windows(host.len()).any(|window| window == host), "no path of this machine");
    }
}

#[test]
fn removed_sources_leave_what_runs_and_what_does_not_compile_stays() {
    let folder = application();
    write(folder.path(), "broken.py", "def (:\n");
    let run = bytecode(folder.path(), &["--optimize", "1", "--remove-source"]);
    run.failed(
        3,
        &["broken.py does not compile: SyntaxError in line 1: ", "1 source does not compile", "3 sources removed"],
    );
    assert!(folder.path().join("broken.py").is_file() && !folder.path().join("main.py").exists());
    let said = python(folder.path(), &["-O", "-B"], "import main; print(main.__file__)");
    assert!(said.ends_with("main.pyc") && said.contains("part.pyc"), "{said}");
}

#[test]
fn a_module_whose_pyc_could_have_no_name_is_a_warning() {
    let folder = application();
    let name = format!("{}.py", "a".repeat(252));
    write(folder.path(), &name, "x = 1\n");
    let run = bytecode(folder.path(), &["--remove-source"]).succeeded();
    assert!(run.stderr.contains(&format!("warning: {name} has no bytecode: ")), "{}", run.stderr);
    assert!(run.stderr.contains("3 of 4 sources compiled"), "{}", run.stderr);
    assert!(folder.path().join(&name).is_file() && !folder.path().join("main.py").exists());
}

#[test]
fn a_missing_folder_or_interpreter_is_said() {
    let folder = application();
    bytecode(&folder.path().join("nowhere"), &[]).failed(3, &["nowhere is not a folder"]);
    bytecode(folder.path(), &["--python", "no-such-python"])
        .failed(3, &["`no-such-python` is not a CPython", "--python"]);
    bytecode(folder.path(), &["--python", "/bin/true"]).failed(3, &["`/bin/true` is not a CPython"]);
    bytecode(folder.path(), &["--optimize", "3"]).failed(2, &["3 is not in 0..=2"]);
}
