//! A registry as the cache of many machines: a fresh runner takes what another one found out and made.

use std::path::Path;

use shipwheel_tests::{Definition, Registry, Run, Shipwheel, Suite, bytes_below, scratch, variosync};

/// A runner with a cache of its own, which is empty at first.
fn runner(cache: &Path) -> Shipwheel {
    Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.display())
}

/// The titles of the layers that a run built itself.
fn built(run: &Run) -> Vec<String> {
    let report = run.json();
    let platforms = report["platforms"].as_array().unwrap().iter();
    let layers = platforms.flat_map(|platform| platform["layers"].as_array().unwrap());
    let built = layers.filter(|layer| layer["status"] == "built");
    built.map(|layer| layer["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_fresh_runner_builds_and_pushes_the_example_without_a_wheel_or_a_layer() {
    let (registry, fresh) = (Registry::start(), scratch());
    let (image, cache) = (format!("{}/team/app:1", registry.host()), format!("{}/cache", registry.host()));
    let arguments = ["--platforms", "amd64,arm64", "--json", "--push", &image];
    Shipwheel::new().image(&[&arguments[..], &["--cache-to", &cache]].concat()).succeeded();
    assert!(registry.has("cache", "b1-variosync-linux-amd64") && registry.has("cache", "b1-variosync-linux-arm64"));
    // Another repository gets everything without one byte of a layer on this machine.
    let other = format!("{}/other/app:1", registry.host());
    let arguments = ["--platforms", "amd64,arm64", "--json", "--push", &other, "--cache-from", &cache];
    let run = runner(fresh.path()).image(&arguments).succeeded();
    assert_eq!(run.json()["digest"], variosync().digest().as_str());
    assert_eq!(built(&run), Vec::<String>::new(), "{}", run.stderr);
    assert!(registry.has("other/app", "1"));
    let kept = bytes_below(&fresh.path().join("blobs"));
    assert!(kept < 3 << 20, "the fresh cache has {kept} bytes of blobs\n{}", run.stderr);
    // What the image needs is fetched when it is read: into a layout, everything.
    let output = format!("oci:{}", fresh.path().join("layout").display());
    let arguments = ["--platforms", "amd64,arm64", "--json", "--output", &output, "--cache-from", &cache];
    let run = runner(fresh.path()).image(&arguments).succeeded();
    assert_eq!(run.json()["digest"], variosync().digest().as_str());
    Shipwheel::new().run(&["verify", &output, "--platforms", "amd64"]).succeeded();
}

/// An application on a small Debian, with this text in its one module.
fn hello(text: &str) -> Definition {
    Suite::of_python(11).definition(&format!("print('{text}')\n"))
}

#[test]
fn one_changed_line_is_compiled_by_the_interpreter_that_another_machine_described() {
    let (registry, fresh) = (Registry::start(), scratch());
    let cache = format!("{}/cache", registry.host());
    let name = |host: &str| format!("{host}/hello:1");
    let (before, after) = (hello("before"), hello("after"));
    let build = |shipwheel: Shipwheel, definition: &Definition, more: &[&str]| {
        let folder = definition.argument();
        let fixed = [folder.as_str(), "--name", "hello", "--json", "--push"];
        let target = name(&registry.host());
        shipwheel.image(&[&fixed[..], &[&target], more].concat()).succeeded()
    };
    build(Shipwheel::new(), &before, &["--cache-to", &cache]);
    let run = build(runner(fresh.path()), &after, &["--cache-from", &cache, "--cache-to", &cache]);
    let layers = built(&run);
    assert!(!layers.is_empty() && layers.len() <= 2, "the application and its bytecode alone: {layers:?}");
    assert!(run.stderr.contains("reading the layers of another machine"), "{}", run.stderr);
    let usual = build(Shipwheel::new(), &after, &[]);
    assert_eq!(run.json()["digest"], usual.json()["digest"]);
    // The third machine finds the second one's layers, too, and the tags of one image are its own.
    let third = scratch();
    let run = build(runner(third.path()), &after, &["--cache-from", &cache]);
    assert_eq!((built(&run), run.json()["digest"].clone()), (Vec::new(), usual.json()["digest"].clone()));
    // Another image finds single layers: those that were made, not found, by a machine that shared them.
    let fourth = scratch();
    let target = name(&registry.host());
    let arguments = [&after.argument(), "--name", "different", "--json", "--push", &target, "--cache-from", &cache];
    let run = runner(fourth.path()).image(&arguments).succeeded();
    assert_eq!(run.json()["digest"], usual.json()["digest"]);
    assert!(built(&run).iter().all(|title| !layers.contains(title)), "{:?}", built(&run));
}

#[test]
fn a_cache_that_is_none_or_cannot_be_reached_is_a_warning() {
    let (registry, fresh) = (Registry::start(), scratch());
    let definition = hello("alone");
    let (folder, target) = (definition.argument(), format!("{}/app:1", registry.host()));
    let usual = Shipwheel::new().image(&[&folder, "--name", "app", "--json", "--push", &target]).succeeded();
    // Somebody put an image where the last build is expected.
    let tag = format!("{}/cache:b1-app-linux-arm64", registry.host());
    Shipwheel::new().run(&["copy", &target, &tag]).succeeded();
    for from in [format!("{}/cache", registry.host()), "127.0.0.1:9/cache".to_owned()] {
        let arguments = [&folder, "--name", "app", "--json", "--output", "", "--cache-from", &from];
        let output = format!("oci:{}", fresh.path().join("out").display());
        let arguments = arguments.map(|word| if word.is_empty() { output.as_str() } else { word });
        let run = Shipwheel::new().image(&arguments).succeeded();
        assert!(run.stderr.contains(&format!("the cache {from}")), "{}", run.stderr);
        assert_eq!(run.json()["digest"], usual.json()["digest"]);
    }
}

#[test]
fn a_shared_cache_is_not_asked_where_nothing_changed() {
    let (registry, folder) = (Registry::start(), scratch());
    let base = format!("{}/base", registry.host());
    let pinned = Shipwheel::new().image(&["--platforms", "amd64", "--push", &base]).succeeded().line().to_owned();
    // Nobody listens there.
    let definition =
        Definition::over(&format!("{{ image = \"{pinned}\" }}")).and("[cache]\nfrom = \"127.0.0.1:9/cache\"");
    let output = format!("oci:{}", folder.path().join("out").display());
    let build = || Shipwheel::new().image(&[&definition.argument(), "--platforms", "amd64", "--output", &output]);
    std::thread::sleep(std::time::Duration::from_secs(4));
    let first = build().succeeded();
    assert!(first.stderr.contains("the cache 127.0.0.1:9/cache is not used"), "{}", first.stderr);
    let second = build().succeeded();
    assert!(second.stderr.contains("nothing changed") && !second.stderr.contains("127.0.0.1:9"), "{}", second.stderr);
    assert_eq!(first.line(), second.line());
}

#[test]
fn a_shared_cache_is_a_repository_and_no_image_in_it() {
    let definition = hello("narrow");
    let digest = format!("r.example/cache@sha256:{}", "0".repeat(64));
    for (text, part) in [("r.example/cache:1", "tag"), ("r.example/cache:latest", "tag"), (&digest, "digest")] {
        let said = format!("`{text}` names a {part}, expected a repository alone: r.example/cache");
        for flag in ["--cache-from", "--cache-to"] {
            Shipwheel::new().image(&[&definition.argument(), flag, text]).failed(2, &[flag, &said]);
        }
        for key in ["from", "to"] {
            let definition = hello("narrow").and(&format!("[cache]\n{key} = \"{text}\""));
            let named = format!("`cache.{key}`");
            Shipwheel::new().image(&[&definition.argument()]).failed(3, &[&named, &said]);
        }
    }
}
