//! The examples of docs/prepare.md, as they stand there: built with real Django and Vite, and asked over HTTP.

use shipwheel_tests::{Definition, Podman, Run, Served, Shipwheel, uv, workspace};
use xshell::{Shell, cmd};

/// The files below a heading of the page: each is a code block behind a line with its path.
fn example(heading: &str) -> Definition {
    let page = std::fs::read_to_string(workspace().join("docs/prepare.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).expect("the heading is there");
    let mut definition = Definition::empty();
    let lines: Vec<&str> = section.lines().collect();
    for (n, line) in lines.iter().enumerate() {
        let Some(name) = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:")) else { continue };
        let code = lines[n + 3..].iter().take_while(|line| !line.starts_with("```"));
        definition = definition.with(name, &code.map(|line| format!("{line}\n")).collect::<String>());
    }
    definition
}

/// Builds an archive in a cache of its own for what steps make.
fn build(definition: &Definition, arguments: &[&str]) -> Run {
    let _ = std::fs::remove_file(definition.output());
    let output = format!("docker-archive:{}", definition.output().display());
    let folder = definition.argument();
    let arguments = [&[folder.as_str(), "--json", "--verbose", "--output", &output], arguments].concat();
    Shipwheel::new().image(&arguments).succeeded()
}

#[test]
fn django_serves_what_collectstatic_collected() {
    let definition = example("Django's static files");
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(definition.path());
    let compile = "pip compile --quiet --universal --generate-hashes -p 3.11 -o requirements.txt requirements.in";
    let words = compile.split(' ');
    cmd!(shell, "{uv} {words...}").quiet().ignore_stdout().run().unwrap();
    // What is kept of an earlier test run is of another text.
    let css = format!("body {{ color: black }} /* {} */\n", definition.argument());
    let definition = definition.with("shop/assets/site.css", &css);
    let run = build(&definition, &[]);
    assert!(run.stderr.contains("static files: 1 static file copied"), "{}", run.stderr);
    let again = build(&definition, &["--offline"]);
    assert!(!again.stderr.contains("prepare:"), "{}", again.stderr);
    assert_eq!(again.json()["digest"], run.json()["digest"]);
    assert!(!definition.path().join("static").exists(), "the folder is as it was");
    let podman = Podman::new();
    let container = Served::start(&podman, &podman.load(&definition.output()));
    let address = container.body("/healthz");
    assert!(address.starts_with("/static/site.") && address != "/static/site.css", "it has a hash: {address}");
    assert_eq!(container.body(&address), css);
    container.stop();
}

#[test]
fn a_front_end_of_vite_is_built_and_served() {
    let script = |definition: &Definition| format!("document.title = {:?};\n", definition.argument());
    let definition = example("A front end with Vite");
    let text = script(&definition);
    // The harness asks for this page; Vite copies what is in `public`.
    let definition = definition.with("web/src/main.js", &text).with("web/public/healthz", "well\n");
    let shell = Shell::new().unwrap();
    shell.change_dir(definition.path().join("web"));
    let install = cmd!(shell, "npm install --package-lock-only --no-audit --no-fund");
    install.quiet().ignore_stdout().ignore_stderr().run().unwrap();
    let run = build(&definition, &[]);
    assert!(run.stderr.contains("prepare: `front end` made 3 files"), "{}", run.stderr);
    for made in ["web/node_modules", "web/dist"] {
        assert!(!definition.path().join(made).exists(), "the folder is as it was: {made}");
    }
    let podman = Podman::new();
    let image = podman.load(&definition.output());
    let container = Served::start(&podman, &image);
    let page = container.body("/");
    let script = page.split('"').find(|word| word.starts_with("/assets/index-")).expect("the page loads its script");
    assert!(container.body(script).contains(&definition.argument()), "{page}");
    container.stop();
    let list = "import os; print(os.listdir('/app/web'))";
    assert_eq!(podman.run(&image, &["python3.11", "-c", list]).trim(), "['dist']", "nothing of the sources");
}
