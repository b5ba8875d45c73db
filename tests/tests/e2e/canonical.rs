//! Canonical bytecode of several Python versions, judged by those versions themselves.

use shipwheel_tests::{Arm64, Compiled, Interpreter, Rootfs, Suite, Way};

const COMPARE: &str = include_str!("canonical.py");
const CONSTANTS: &str = include_str!("constants.py");

/// Builds an image with a suite's Python and a module of every constant, and has it compare every pyc
/// with what it compiles itself: code, constants and nested code objects, all the way down.
fn check(minor: u8, level: &str, flag: &str) {
    let suite = Suite::of_python(minor);
    let definition = suite.definition(CONSTANTS);
    let layout = suite.build(&definition, &["--optimize", level, "--platform", "amd64"]);
    let image = Interpreter::Native(Rootfs::unpack(&layout, "amd64"));
    let (python, stdlib) = (suite.python(), suite.stdlib());
    let mut command = vec![python.as_str(), "-B"];
    command.extend((!flag.is_empty()).then_some(flag));
    command.extend(["-c", COMPARE, &stdlib, "/app"]);
    let said = image.run(&[], &command);
    let compared = said.lines().find_map(|line| line.strip_prefix("compared: ")?.parse::<u32>().ok());
    assert!(!said.contains("differs:"), "{said}");
    assert!(compared.is_some_and(|compared| compared > 400), "{said}");
}

#[test]
fn python_3_9_loads_what_it_would_have_compiled() {
    check(9, "1", "-O");
}

#[test]
fn python_3_11_loads_what_it_would_have_compiled() {
    check(11, "2", "-OO");
}

#[test]
fn python_3_13_loads_what_it_would_have_compiled() {
    check(13, "0", "");
}

#[test]
fn python_3_14_loads_what_it_would_have_compiled() {
    check(14, "1", "-O");
}

/// Compiles every fourth file of the standard library and the module of every constant in ways
/// that make CPython's own bytes differ, on both architectures: one canonical form comes of all.
///
/// `cargo xtask matrix` does it with all files and more ways.
fn check_ways(minor: u8) {
    let suite = Suite::of_python(minor);
    let definition = suite.definition(CONSTANTS);
    let layout = suite.build(&definition, &["--no-bytecode"]);
    let stdlib = suite.stdlib();
    let compile = |interpreter: &Interpreter, way| Compiled::new(interpreter, suite, &[&stdlib, "/app"], way);
    let plain = Way { every: 4, ..Way::PLAIN };
    let dirty = Way { process: "dirty", seed: "12345", order: "shuffled", ..plain };
    let native = Interpreter::Native(Rootfs::unpack(&layout, "amd64"));
    let expected = compile(&native, plain);
    assert!(expected.len() > 3 * 120, "{}", expected.len());
    let found = compile(&native, dirty);
    assert_eq!(expected.differences(&found), [""; 0], "a dirty process");
    // Up to 3.11 a process that has interned single characters marks nearly every file.
    assert!(minor > 11 || expected.raw_differences(&found) > 100, "{}", expected.raw_differences(&found));
    let found = compile(&native, Way { order: "reversed", seed: "1", workers: 3, ..plain });
    assert_eq!(expected.differences(&found), [""; 0], "backwards, by three workers");
    let emulated = Interpreter::Emulated(Arm64::unpack(&layout));
    let found = compile(&emulated, Way { order: "reversed", seed: "7", ..plain });
    assert_eq!(expected.differences(&found), [""; 0], "arm64");
}

#[test]
fn python_3_9_compiles_to_one_form_on_both_architectures_in_any_process() {
    check_ways(9);
}

#[test]
fn python_3_11_compiles_to_one_form_on_both_architectures_in_any_process() {
    check_ways(11);
}

#[test]
fn python_3_13_compiles_to_one_form_on_both_architectures_in_any_process() {
    check_ways(13);
}

#[test]
fn python_3_14_compiles_to_one_form_on_both_architectures_in_any_process() {
    check_ways(14);
}
