//! Rebase: an image on a patched base, without building it; as a build on that base would have it, or not at all.

use std::path::Path;

use serde_json::{Value, json};
use shipwheel_tests::{
    Definition, Layout, Member, Podman, Registry, Run, SampleBase, Shipwheel, Suite, Tampered, scratch,
};
use tempfile::TempDir;

/// The source that the patched base has patched.
const SOURCE: &str = "/usr/lib/python3.11/colorsys.py";

/// The C library of a base.
const LIBC: &str = "/usr/lib/x86_64-linux-gnu/libc.so.6";

/// An application on a base.
fn over(base: &str) -> Definition {
    Definition::over(base).with("hello.py", "print('hello')\n")
}

fn digest(run: &Run) -> Value {
    run.json()["digest"].clone()
}

/// Builds a definition, with its output in a folder.
fn built(definition: &Definition, target: &str) -> Run {
    let arguments = [&definition.argument(), "--platforms", "amd64", "--json", "--output", target];
    Shipwheel::new().image(&arguments).succeeded()
}

/// Debian's Python 3.11 in a registry, and the same with one source of its standard library patched.
struct Bases {
    registry: Registry,
    _folder: TempDir,
}

impl Bases {
    fn new() -> Self {
        let (registry, folder) = (Registry::start(), scratch());
        let definition = Suite::of_python(11).definition("print('base')\n");
        let definition = definition.replacing("destination = \"/app\"", "destination = \"/base\"");
        let place = folder.path().join("base");
        let output = format!("oci:{}", place.display());
        let arguments = [&definition.argument(), "--platforms", "amd64", "--no-bytecode", "--output", &output];
        Shipwheel::new().image(&arguments).succeeded();
        let this = Self { registry, _folder: folder };
        this.push(&place, "old");
        let patched = Tampered::copy(&Layout::new(&place));
        patched.layer("linux/amd64", SOURCE, |members| {
            let source = members.file(SOURCE);
            source.data.extend_from_slice(b"\nPATCHED = 'a patched base'\n");
        });
        this.push(patched.path(), "patched");
        let other = Tampered::copy(&Layout::new(&place));
        other.layer("linux/amd64", SOURCE, |members| members.add(Member::file("app/hello.py", b"taken", 0)));
        this.push(other.path(), "taken");
        this
    }

    fn push(&self, layout: &Path, tag: &str) {
        Shipwheel::new().run(&["push", &format!("oci:{}", layout.display()), &self.name(tag)]).succeeded();
    }

    fn name(&self, tag: &str) -> String {
        format!("{}/python:{tag}", self.registry.host())
    }
}

#[test]
fn a_patched_base_gives_what_a_build_on_it_would_give() {
    let (bases, folder) = (Bases::new(), scratch());
    let place = |name: &str| format!("oci:{}", folder.path().join(name).display());
    let old = over(&format!("{{ image = \"{}\" }}", bases.name("old")));
    let new = over(&format!("{{ image = \"{}\" }}", bases.name("patched")));
    let before = built(&old, &place("before"));
    let expected = built(&new, &place("expected"));
    let arguments =
        ["rebase", &place("before"), "--onto", &bases.name("patched"), "--json", "--output", &place("after")];
    let run = Shipwheel::new().run(&arguments).succeeded();
    assert_eq!(digest(&run), digest(&expected), "{}", run.stderr);
    assert_ne!(digest(&run), digest(&before));
    let report = run.json();
    let platform = &report["platforms"][0];
    assert_eq!((&platform["python"], platform["remade"].as_array().unwrap().is_empty()), (&json!("3.11.2"), false));
    // The application's own layers are the same blobs.
    let layers = |name: &str| {
        let manifest = Layout::new(&folder.path().join(name)).manifest("linux/amd64");
        let layers = manifest["layers"].as_array().unwrap().clone();
        layers.iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(layers("before").last(), layers("after").last());
    // Onto the base that it is on, it is what it was.
    let same = ["rebase", &place("before"), "--onto", &bases.name("old"), "--json", "--output", &place("same")];
    assert_eq!(digest(&Shipwheel::new().run(&same).succeeded()), digest(&before));
    // Named by the user, the base need not be asked for where the image says that it is.
    let (old_base, new_base) = (bases.name("old"), bases.name("patched"));
    let named =
        ["rebase", &place("before"), "--from", &old_base, "--onto", &new_base, "--json", "--output", &place("named")];
    assert_eq!(digest(&Shipwheel::new().run(&named).succeeded()), digest(&expected));
    // podman runs it, and it loads the patched source's bytecode.
    let target = format!("{}/app:rebased", bases.registry.host());
    let pushed = ["rebase", &place("before"), "--onto", &bases.name("patched"), "--push", &target];
    Shipwheel::new().run(&pushed).succeeded();
    Shipwheel::new().run(&["verify", &target]).succeeded();
    let podman = Podman::new();
    podman.pull(&target);
    assert_eq!(podman.run(&target, &[]).trim(), "hello");
    let said =
        podman.run(&target, &["python3.11", "-c", "import colorsys; print(colorsys.PATCHED, colorsys.__cached__)"]);
    assert!(said.starts_with("a patched base") && said.contains("__pycache__"), "{said}");
}

#[test]
fn an_image_that_would_not_be_right_stays_on_its_base_with_every_reason() {
    let (bases, folder) = (Bases::new(), scratch());
    let place = |name: &str| format!("oci:{}", folder.path().join(name).display());
    built(&over(&format!("{{ image = \"{}\" }}", bases.name("old"))), &place("image"));
    let rebase = |onto: &str, more: &[&str]| {
        let arguments = ["rebase", &place("image"), "--onto", onto, "--output", &place("out")];
        let run = Shipwheel::new().run(&[&arguments[..], more].concat());
        assert!(!folder.path().join("out").exists(), "{}", run.stderr);
        run
    };
    rebase(&bases.name("taken"), &[]).failed(3, &["/app/hello.py: its own file would be in place of one"]);
    // Another Python.
    let other = Suite::of_python(13).definition("");
    let base = folder.path().join("other").display().to_string();
    let arguments = [&other.argument(), "--platforms", "amd64", "--no-bytecode", "--output", &format!("oci:{base}")];
    Shipwheel::new().image(&arguments).succeeded();
    let run = rebase(&format!("oci:{base}"), &[]);
    run.failed(3, &["the image has Python 3.11.2, and the new base has 3.13", "hint: build it again on the new base"]);
    // Not on the base that is named.
    let run = rebase(&bases.name("old"), &["--from", &format!("oci:{base}")]);
    run.failed(3, &["is not on", "`--from`"]);
    // Nothing says what it is on.
    let sample = scratch();
    SampleBase::FULL.write(&sample.path().join("base"));
    let layout = format!("oci:{}", sample.path().join("base").display());
    let arguments = ["rebase", &layout, "--onto", &bases.name("old"), "--output", &place("out")];
    Shipwheel::new().run(&arguments).failed(3, &["nothing says which layers"]);
}

#[test]
fn native_code_that_needs_a_symbol_version_of_the_old_base_stays_on_it() {
    let (bases, folder) = (Bases::new(), scratch());
    let place = |name: &str| format!("oci:{}", folder.path().join(name).display());
    // The same base with a C library that calls one of its versions something else: as one that is older lacks it.
    let base = folder.path().join("base");
    Shipwheel::new().run(&["pull", &bases.name("old"), "--output", &format!("oci:{}", base.display())]).succeeded();
    let older = Tampered::copy(&Layout::new(&base));
    let mut native = Vec::new();
    older.layer("linux/amd64", LIBC, |members| {
        native.clone_from(&members.file("/usr/bin/python3.11").data);
        let libc = members.file(LIBC);
        let (from, to) = (b"\0GLIBC_2.34\0", b"\0GLIBC_2.3X\0");
        let places: Vec<usize> =
            (0..libc.data.len() - from.len()).filter(|at| libc.data[*at..].starts_with(from)).collect();
        assert!(!places.is_empty(), "it has this version");
        places.into_iter().for_each(|at| libc.data[at..at + to.len()].copy_from_slice(to));
    });
    bases.push(older.path(), "older");
    // A program of Debian's, as one of the application's own files.
    let definition = over(&format!("{{ image = \"{}\" }}", bases.name("old")))
        .replacing("sources = [\"hello.py\"]", "sources = [\"hello.py\", \"own\"]");
    std::fs::write(definition.path().join("own"), native).unwrap();
    built(&definition, &place("image"));
    let arguments = ["rebase", &place("image"), "--onto", &bases.name("older"), "--output", &place("out")];
    let run = Shipwheel::new().run(&arguments);
    run.failed(3, &["/app/own needs GLIBC_2.34 of libc.so.6", "hint: "]);
    assert!(!folder.path().join("out").exists());
    // The image without that file has no such need.
    let plain = over(&format!("{{ image = \"{}\" }}", bases.name("old")));
    built(&plain, &place("plain"));
    let arguments = ["rebase", &place("plain"), "--onto", &bases.name("older"), "--output", &place("moved")];
    Shipwheel::new().run(&arguments).succeeded();
}

#[test]
fn the_base_of_an_image_toml_is_taken_as_a_build_takes_it() {
    let folder = scratch();
    let place = |name: &str| format!("oci:{}", folder.path().join(name).display());
    let before = Suite::of_python(11).definition("print('one')\n");
    let first = built(&before, &place("first"));
    // Another package in the base: what is on it is the same.
    let toml = std::fs::read_to_string(before.path().join("image.toml")).unwrap();
    let toml = toml.replace("\"media-types\"]", "\"media-types\", \"netbase\"]");
    let after = before.with("image.toml", &toml);
    let expected = built(&after, &place("expected"));
    assert_ne!(digest(&first), digest(&expected));
    let file = after.path().join("image.toml").display().to_string();
    let arguments = ["rebase", &place("first"), "--onto", &file, "--json", "--output", &place("second")];
    let run = Shipwheel::new().run(&arguments).succeeded();
    assert_eq!(digest(&run), digest(&expected), "{}", run.stderr);
    // Its sources are the same: the bytecode is that of the image.
    assert_eq!(run.json()["platforms"][0]["remade"], json!([]));
}
