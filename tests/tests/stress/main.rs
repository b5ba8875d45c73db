//! Some hundred distributions of the wild: what we install of each wheel is what uv installs of it. And PyTorch with CUDA.
//!
//! Run by `cargo xtask stress`; `SHIPWHEEL_STRESS_WHEELS` says how many distributions, or `all`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

#[allow(dead_code, reason = "the tests of `distribution` use the rest")]
#[path = "../distribution/page.rs"]
mod page;
#[allow(dead_code, reason = "the tests of `distribution` use the rest")]
#[path = "../distribution/place.rs"]
mod place;
#[allow(dead_code, reason = "the tests of `distribution` use the rest")]
#[path = "../distribution/tutorial.rs"]
mod tutorial;

use shipwheel_tests::{Definition, Installed, Layout, Rootfs, Shipwheel, uv, workspace};
use xshell::{Shell, cmd};

/// Locks the list for Python 3.11; the requirements, each with its hashes.
fn locked() -> Vec<String> {
    let (definition, shell, uv) = (Definition::empty(), Shell::new().expect("a shell"), uv());
    shell.change_dir(definition.path());
    let list = workspace().join("tests/stress/requirements.in");
    let compile = "pip compile --quiet --universal --generate-hashes --python-version 3.11.2 --no-header --no-annotate";
    // uv leaves these out unless told otherwise.
    let words = compile.split(' ').chain(["--no-emit-index-url", "--only-binary", ":all:"]);
    let text = cmd!(shell, "{uv} {words...} {list}").quiet().read().expect("uv locks");
    let mut requirements: Vec<String> = Vec::new();
    for line in text.lines() {
        match requirements.last_mut() {
            Some(last) if line.starts_with(' ') => *last += &format!("{line}\n"),
            _ => requirements.push(format!("{line}\n")),
        }
    }
    requirements
}

/// The first so many, spread over the whole list, or all.
fn chosen(all: &[String], wanted: &str) -> Vec<String> {
    let wanted = wanted.parse::<usize>().unwrap_or(all.len()).clamp(1, all.len());
    (0..wanted).map(|number| all[number * all.len() / wanted].clone()).collect()
}

#[test]
fn the_tutorial_of_torch_ends_with_an_answer() {
    let environment = Shipwheel::new().command(&[]).environment;
    let tutorial = tutorial::Tutorial::open("tutorials/torch", place::programs(), &environment);
    assert_eq!(tutorial.follow(true), 6);
}

#[test]
fn every_wheel_is_installed_as_uv_does() {
    let all = locked();
    let wanted = std::env::var("SHIPWHEEL_STRESS_WHEELS").unwrap_or_default();
    let chosen = chosen(&all, &wanted);
    let definition = Definition::empty()
        .with("requirements.txt", &chosen.concat())
        .with(".python-version", "3.11")
        .with("main.py", "\"\"\"Nothing.\"\"\"\n");
    let output = format!("oci:{}", definition.output().display());
    let arguments = [&definition.argument(), "--platforms", "amd64,arm64", "--no-bytecode", "--output", &output];
    Shipwheel::new().image(&arguments).succeeded();
    let requirements = definition.path().join("requirements.txt");
    for (platform, architecture) in [("linux/amd64", "amd64"), ("linux/arm64", "arm64")] {
        let uvs = Installed::by_uv(&requirements, platform);
        let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), architecture);
        let differences = Installed::below(&rootfs.join("/opt/venv")).differences(&uvs);
        let (files, locked) = (uvs.len(), all.len());
        println!("{platform}: {} of {locked} distributions, {files} files, {} differ", chosen.len(), differences.len());
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}
