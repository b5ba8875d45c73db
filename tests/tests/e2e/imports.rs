//! What the image starts finds its imports, or nothing is built: errors, warnings, exceptions, and that nothing runs.

use shipwheel_tests::{Answer, Definition, Run, Server, Shipwheel, wheel_with};

/// An application over a small Debian with these files, and a wheel with the package `thing`.
struct Application {
    definition: Definition,
    _server: Server,
}

impl Application {
    fn new(cmd: &str, files: &[(&str, &str)]) -> Self {
        let (bytes, sha256) = wheel_with("py3-none-any", &[("package/part.py", b"".as_slice())]);
        let server = Server::start([("/thing.whl".to_owned(), Answer::Whole(bytes))]);
        let sources: Vec<String> = files.iter().map(|(name, _)| format!("\"{}\"", top(name))).collect();
        let toml = format!(
            "[app]\nsources = [{}]\n[config]\ncmd = {cmd}\nworkdir = \"/app\"\n[profiles.lenient]\napp.optional-imports = [\"gone\"]",
            sources.join(", ")
        );
        let definition = Definition::over_debian(&toml);
        let wheel = ("thing-1.0-py3-none-any.whl", server.url("/thing.whl"));
        let definition = definition.with_lock(&[(wheel.0, &wheel.1, &sha256)]);
        let definition = files.iter().fold(definition, |definition, (name, text)| definition.with(name, text));
        Self { definition, _server: server }
    }

    fn build(&self, more: &[&str]) -> Run {
        let output = format!("oci:{}", self.definition.output().display());
        let folder = self.definition.argument();
        let arguments: Vec<&str> = [folder.as_str(), "--no-bytecode", "--output", output.as_str()]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let run = Shipwheel::new().image(&arguments);
        assert_eq!(self.definition.output().exists(), run.code == 0, "written only where all is well");
        run
    }
}

fn top(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

const MODULE: &str = r#"["python3", "-m", "shop"]"#;

#[test]
fn an_import_that_is_bound_to_fail_is_an_error_with_its_line_and_what_brings_it() {
    let app = Application::new(
        MODULE,
        &[
            ("shop/__init__.py", ""),
            ("shop/__main__.py", "import thing, package.part, json, math\nfrom shop import tasks\n"),
            ("shop/tasks.py", "import sys\n\nimport yaml\nif sys.version_info < (3, 0):\n    import urllib2\n"),
        ],
    );
    let cause = "the image would not start: /app/shop/tasks.py:3 imports `yaml`, which nothing in the image provides (linux/amd64, linux/arm64)";
    app.build(&[]).failed(3, &[cause, "`pyyaml` (probably, for `yaml`)", "--optional-import"]);
    app.build(&["--optional-import", "yam"]).failed(3, &[cause]);
    app.build(&["--optional-import", "yaml"]).succeeded();
}

#[test]
fn what_may_not_happen_is_a_warning_and_what_is_guarded_is_nothing() {
    let app = Application::new(
        r#"["python3", "main.py"]"#,
        &[(
            "main.py",
            "try:\n    import ujson\nexcept ImportError:\n    ujson = None\n\n\ndef later():\n    import celery\n",
        )],
    );
    let run = app.build(&[]).succeeded();
    let warning = "warning: /app/main.py:8 imports `celery`, which nothing in the image provides (linux/amd64, linux/arm64): this fails if it is run";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    assert!(!run.stderr.contains("ujson"), "{}", run.stderr);
}

#[test]
fn what_is_started_must_be_there() {
    let cases = [
        (r#"["python3", "gone.py"]"#, "the command starts `/app/gone.py`, which is not in the image"),
        (r#"["python3", "-m", "gone"]"#, "the command starts `gone`, which nothing in the image provides"),
        (r#"["uvicorn", "main:gone"]"#, "the command takes `gone` from `main`, which does not have it"),
    ];
    for (cmd, cause) in cases {
        Application::new(cmd, &[("main.py", "app = 1\n")]).build(&[]).failed(3, &[cause]);
    }
    let relative =
        Application::new(r#"["python3", "shop/run.py"]"#, &[("shop/run.py", "from . import x\n"), ("shop/x.py", "")]);
    relative
        .build(&[])
        .failed(3, &["/app/shop/run.py:1 imports from `.`, but a file that is run as a script has no package"]);
}

#[test]
fn a_key_and_a_profile_except_modules() {
    let app = Application::new(r#"["python3", "main.py"]"#, &[("main.py", "import gone.deep\n")]);
    app.build(&[]).failed(3, &["/app/main.py:1 imports `gone`"]);
    app.build(&["--profile", "lenient"]).succeeded();
    app.build(&["--optional-import", "*"]).succeeded();
}

#[test]
fn nothing_is_run_to_learn_what_is_imported() {
    let mark = shipwheel_tests::scratch();
    let path = mark.path().join("ran");
    let source = format!("open({:?}, 'w')\nimport gone\n", path.display().to_string());
    let app = Application::new(r#"["python3", "main.py"]"#, &[("main.py", &source)]);
    app.build(&[]).failed(3, &["/app/main.py:2 imports `gone`"]);
    assert!(!path.exists(), "the application ran");
}

#[test]
fn wrappers_and_shells_are_followed_where_all_is_sure_to_run() {
    for (cmd, is_refused) in [
        (r#"["env", "A=1", "python3", "main.py"]"#, true),
        (r#"["/bin/sh", "-c", "python3 first.py && exec python3 main.py"]"#, true),
        (r#"["/bin/sh", "-c", "cd shop && exec python3 ../main.py"]"#, true),
        (r#"["/bin/sh", "-c", "if test -e x; then python3 main.py; fi"]"#, false),
        (r#"["/bin/sh", "-c", "python3 first.py || python3 main.py"]"#, false),
    ] {
        let files = [("main.py", "import gone\n"), ("first.py", "import json\n"), ("shop/a.txt", "")];
        let app = Application::new(cmd, &files);
        match is_refused {
            true => app.build(&[]).failed(3, &["/app/main.py:1 imports `gone`"]),
            false => drop(app.build(&[]).succeeded()),
        }
    }
}
