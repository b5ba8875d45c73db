//! Modules whose pyc could not have a name on Linux: they stay as they are, and a warning says so.

use shipwheel_tests::{Definition, Layout, Member, Shipwheel, Tampered, scratch, wheel_with};

/// A module with a name of that many bytes.
fn module(letter: &str, bytes: usize) -> String {
    let letters = letter.repeat((bytes - 3) / letter.len());
    format!("{letters}{}.py", "b".repeat(bytes - 3 - letters.len()))
}

/// Modules that are too long for a pyc of the level 1, and those that are just not; the last is a package.
fn modules() -> (Vec<String>, Vec<String>) {
    let long = [237, 251, 252, 255].map(|bytes| module("a", bytes));
    let short = [module("a", 236), module("é", 236), format!("{}/__init__.py", "p".repeat(255))];
    ([long.to_vec(), vec![module("é", 255)]].concat(), short.to_vec())
}

fn definition() -> Definition {
    let (long, short) = modules();
    let wheel_module = module("w", 255);
    let (wheel, sha256) = wheel_with("py3-none-any", &[(wheel_module.as_str(), b"W = 1\n")]);
    let name = "thing-1.0-py3-none-any.whl";
    let lines = "platforms = [\"linux/amd64\"]\n[app]\nsources = [\"pkg\"]\n[bytecode]\noptimize = 1";
    let definition = Definition::over_debian("").with("pkg/__init__.py", "");
    let toml = std::fs::read_to_string(definition.path().join("image.toml")).unwrap();
    let base = toml.lines().find(|line| line.starts_with("base = ")).unwrap();
    let definition = definition.with("image.toml", &format!("{base}\n{lines}\n"));
    let definition = definition.with_lock(&[(name, "http://127.0.0.1:1/a", &sha256)]).and("wheels = [\".\"]");
    std::fs::write(definition.path().join(name), wheel).unwrap();
    long.iter().chain(&short).fold(definition, |it, name| it.with(&format!("pkg/{name}"), "A = 1\n"))
}

#[test]
fn a_module_whose_pyc_could_have_no_name_is_a_warning() {
    let (long, short) = modules();
    let definition = definition();
    for remove_source in [false, true] {
        let output = definition.output();
        let written = output.display().to_string();
        let argument = definition.argument();
        let mut arguments = vec![argument.as_str(), "--output", &written];
        arguments.extend(remove_source.then_some("--remove-source"));
        let run = Shipwheel::new().image(&arguments).succeeded();
        let said =
            |name: &str| run.stderr.contains(&format!("/{name} has no bytecode: the name or the path of its pyc"));
        // A pyc in its source's place has a shorter name: only 255 bytes are too many.
        let expected = |name: &String| !remove_source || name.len() == 255;
        for name in long.iter().filter(|name| expected(name)).chain([&module("w", 255)]) {
            assert!(said(name), "{name}: {}", run.stderr);
        }
        let named = short.iter().chain(long.iter().filter(|name| !expected(name)));
        named.for_each(|name| assert!(!said(name), "{name}: {}", run.stderr));
        // What has no bytecode has its source, and verify misses nothing.
        let report = Shipwheel::new().run(&["verify", &written, "--rebuild", "--json"]).succeeded().json();
        let kinds: Vec<&str> =
            report["findings"].as_array().unwrap().iter().filter_map(|f| f["kind"].as_str()).collect();
        assert!(!kinds.contains(&"missing-bytecode"), "{report:#}");
        let files = shipwheel_tests::Rootfs::unpack(&Layout::new(&output), "amd64").files("/app/pkg");
        for name in long.iter().filter(|name| expected(name)) {
            assert!(files.contains(&format!("/app/pkg/{name}")), "{files:#?}");
        }
        std::fs::remove_dir_all(output).unwrap();
    }
}

#[test]
fn the_standard_library_of_an_image_may_have_such_a_module() {
    let definition = Definition::over_debian("");
    let (output, folder) = (definition.output(), scratch());
    let (written, target) = (output.display().to_string(), folder.path().join("out").display().to_string());
    let arguments = [&definition.argument(), "--platforms", "amd64", "--no-bytecode", "--output", &written];
    Shipwheel::new().image(&arguments).succeeded();
    let tampered = Tampered::copy(&Layout::new(&output));
    let name = format!("usr/lib/python3.11/{}", module("s", 255));
    tampered.layer("linux/amd64", "/usr/lib/python3.11/os.py", |files| files.add(Member::file(&name, b"S = 1\n", 0)));
    let run = Shipwheel::new().run(&["retrofit", &tampered.path().display().to_string(), "--output", &target]);
    let run = run.succeeded();
    assert!(run.stderr.contains(&format!("/{name} has no bytecode")), "{}", run.stderr);
    let report = Shipwheel::new().run(&["verify", &target, "--strict"]);
    assert!(!report.stderr.contains("sss.py"), "{}", report.stderr);
}
