//! Sources that no compiler takes: templates, fixtures for other Pythons. The build goes on and says so.

use shipwheel_tests::{Definition, Layout, Rootfs, Shipwheel};

const TOML: &str = r#"# An application with a template in it.
base = { debian = { suite = "bookworm", packages = ["python3.11", "media-types"], exclude = ["awk", "debconf", "dpkg", "openssl", "mime-support"] } }
platforms = ["linux/amd64"]

[app]
sources = ["hello.py", "template.py", "old.py"]

[config]
cmd = ["python3", "/app/hello.py"]
"#;

fn definition() -> Definition {
    Definition::over("{}")
        .with("image.toml", TOML)
        .with("template.py", "print({{ name }})\n{% if x %}\n")
        .with("old.py", "print 'hello from Python 2'\n")
}

#[test]
fn a_source_that_does_not_compile_is_listed_and_the_build_goes_on() {
    let definition = definition();
    let output = definition.output().display().to_string();
    let arguments = [&definition.argument(), "--output", &output];
    // Said again when the layer is known: a warning that is seen once is missed.
    for _ in 0..2 {
        let run = Shipwheel::new().image(&arguments).succeeded();
        for file in ["/app/template.py does not compile: SyntaxError", "/app/old.py does not compile: SyntaxError"] {
            assert!(run.stderr.contains(&format!("warning: {file}")), "{file}\n{}", run.stderr);
        }
    }
    let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
    assert_eq!(
        rootfs.files("/app"),
        ["/app/__pycache__/hello.cpython-311.pyc", "/app/hello.py", "/app/old.py", "/app/template.py"]
    );
}

#[test]
fn a_source_that_does_not_compile_stays_where_sources_are_removed() {
    let definition = definition();
    let output = definition.output().display().to_string();
    Shipwheel::new().image(&[&definition.argument(), "--remove-source", "--output", &output]).succeeded();
    let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
    // The command names hello.py: a script keeps its source in any case.
    assert_eq!(
        rootfs.files("/app"),
        ["/app/__pycache__/hello.cpython-311.pyc", "/app/hello.py", "/app/old.py", "/app/template.py"]
    );
    let (said, _) =
        rootfs.run(&[], &["/usr/bin/python3.11", "-B", "-c", "import sys; sys.path.insert(0, '/app'); import hello"]);
    assert_eq!(said.trim(), "hello");
}

#[test]
fn a_source_that_kills_its_compiler_fails_alone() {
    // CPython 3.9 runs out of stack on deep nesting and dies; the next file gets a new interpreter.
    let toml = TOML.replace("bookworm", "bullseye").replace("python3.11", "python3.9").replace("old.py", "bomb.py");
    let bomb = format!("x = {}1\n", "-".repeat(100_000));
    let definition = definition().with("image.toml", &toml).with("bomb.py", &bomb);
    let output = definition.output().display().to_string();
    let run = Shipwheel::new().image(&[&definition.argument(), "--output", &output]).succeeded();
    assert!(
        run.stderr.contains("warning: /app/bomb.py does not compile: the interpreter died over it"),
        "{}",
        run.stderr
    );
    let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
    assert!(rootfs.files("/app").contains(&"/app/__pycache__/hello.cpython-39.pyc".to_owned()));
}
