//! `cargo xtask matrix`: the whole standard library and the locked dependencies of the example, compiled by every
//! version in every way, on both architectures; and every module imported from both kinds of bytecode.
//!
//! Takes the better part of an hour. What covers every version in two minutes is in `tests/e2e/canonical.rs`.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a chore that says what it does, and stops loudly")]

use std::path::Path;

use shipwheel_tests::{Arm64, Compiled, Interpreter, Rootfs, Suite, Way, variosync};
use xshell::{Shell, cmd};

const IMPORTS: &str = include_str!("imports.py");
const POWERS: &str = include_str!("powers.py");
const CONSTANTS: &str = include_str!("../e2e/constants.py");

/// Where the dependencies' sources lie in each image; the same on both architectures.
const DEPENDENCIES: &str = "/dependencies";

/// What may differ, natively; the emulated runs are two of them.
const WAYS: [(&str, Way); 6] = [
    ("reversed, seed 1", Way { order: "reversed", seed: "1", ..Way::PLAIN }),
    ("shuffled, seed 12345", Way { order: "shuffled", seed: "12345", ..Way::PLAIN }),
    ("random seed", Way { seed: "random", ..Way::PLAIN }),
    ("dirty process", Way { process: "dirty", ..Way::PLAIN }),
    ("two workers", Way { workers: 2, ..Way::PLAIN }),
    ("three workers, dirty, reversed", Way { workers: 3, process: "dirty", order: "reversed", ..Way::PLAIN }),
];

fn copy_sources(from: &Path, to: &Path) {
    let shell = Shell::new().unwrap();
    cmd!(shell, "cp -r {from} {to}").quiet().run().unwrap();
}

/// One version: everything in every way.
fn compile_all(minor: u8) {
    let suite = Suite::of_python(minor);
    let definition = suite.definition(CONSTANTS);
    let layout = suite.build(&definition, &["--no-bytecode"]);
    let (native, emulated) =
        (Interpreter::Native(Rootfs::unpack(&layout, "amd64")), Interpreter::Emulated(Arm64::unpack(&layout)));
    let example = Rootfs::unpack(&variosync().layout(), "amd64");
    for image in [&native, &emulated] {
        let packages = example.join("/opt/venv/lib/python3.11/site-packages");
        copy_sources(&packages, &image.rootfs().join(DEPENDENCIES));
    }
    let stdlib = suite.stdlib();
    let compile =
        |interpreter: &Interpreter, way| Compiled::new(interpreter, suite, &[&stdlib, "/app", DEPENDENCIES], way);
    let expected = compile(&native, Way::PLAIN);
    assert!(expected.len() > 3 * 3_000, "{}", expected.len());
    let mut wrong = Vec::new();
    let on_arm64 = [
        ("arm64", Way::PLAIN),
        (
            "arm64, dirty, shuffled, seed 7",
            Way { seed: "7", order: "shuffled", process: "dirty", levels: "1", ..Way::PLAIN },
        ),
    ];
    let runs = WAYS.iter().map(|run| (&native, run)).chain(on_arm64.iter().map(|run| (&emulated, run)));
    for (interpreter, (name, way)) in runs {
        let found = compile(interpreter, *way);
        let differences: Vec<String> =
            expected.differences(&found).into_iter().filter(|it| way.levels.contains(&it[..1])).collect();
        let (all, raw) = (found.len(), expected.raw_differences(&found));
        eprintln!("3.{minor}, {name}: {all} compiled, raw {raw} differ, canonical {}", differences.len());
        wrong.extend(differences.into_iter().map(|it| format!("{name}: {it}")));
    }
    assert_eq!(wrong, [""; 0]);
}

/// The outcomes of importing every module of the standard library.
fn import_all(image: &Interpreter, suite: Suite) -> Vec<String> {
    let said = image.run(&["PYTHONDONTWRITEBYTECODE=1"], &[&suite.python(), "-c", IMPORTS, &suite.stdlib()]);
    said.lines().map(str::to_owned).collect()
}

/// Every module comes out the same from our bytecode as from that of CPython's own `compileall`.
fn import_from_both(minor: u8) {
    let suite = Suite::of_python(minor);
    let definition = suite.definition(CONSTANTS);
    let layout = suite.build(&definition, &["--optimize", "0", "--platform", "amd64"]);
    let image = Interpreter::Native(Rootfs::unpack(&layout, "amd64"));
    let from_ours = import_all(&image, suite);
    // Over ours: what is imported now is what compileall wrote.
    image.run(&[], &[&suite.python(), "-m", "compileall", "-q", "-f", &suite.stdlib()]);
    let from_theirs = import_all(&image, suite);
    let imported = from_ours.iter().filter(|line| line.ends_with(" ok")).count();
    eprintln!("3.{minor}: {imported} of {} modules import, from both", from_ours.len());
    assert!(imported > 300, "{from_ours:#?}");
    let differences: Vec<_> = from_ours.iter().zip(&from_theirs).filter(|(ours, theirs)| ours != theirs).collect();
    assert!(differences.is_empty() && from_ours.len() == from_theirs.len(), "{differences:#?}");
}

/// What the canonical form leaves to the C library: folded powers of complex numbers, and only those.
fn fold_powers(minor: u8) {
    let suite = Suite::of_python(minor);
    let definition = suite.definition(POWERS);
    let layout = suite.build(&definition, &["--no-bytecode"]);
    let (native, emulated) =
        (Interpreter::Native(Rootfs::unpack(&layout, "amd64")), Interpreter::Emulated(Arm64::unpack(&layout)));
    for (interpreter, name) in [(&native, "amd64"), (&emulated, "arm64")] {
        // Written by the image's own Python: the same text on both.
        interpreter.run(&[], &[&suite.python(), "-B", "/app/hello.py", "/powers", name]);
    }
    let compile = |interpreter, root| Compiled::new(interpreter, suite, &[root], Way { levels: "0", ..Way::PLAIN });
    let differ = |root| compile(&native, root).differences(&compile(&emulated, root)).len();
    assert_eq!(differ("/powers/real"), 0, "products, quotients and powers of floats, products of complex numbers");
    eprintln!("3.{minor}: {} of 50 files of complex powers differ", differ("/powers/complex"));
}

/// The tests of one version.
macro_rules! version {
    ($module:ident, $minor:literal) => {
        mod $module {
            #[test]
            fn compiles_to_one_form_in_every_way() {
                super::compile_all($minor);
            }

            #[test]
            fn imports_every_module_from_canonical_bytecode_as_from_its_own() {
                super::import_from_both($minor);
            }

            #[test]
            fn folds_all_but_complex_powers_alike_on_both_architectures() {
                super::fold_powers($minor);
            }
        }
    };
}

version!(python_3_9, 9);
version!(python_3_11, 11);
version!(python_3_13, 13);
version!(python_3_14, 14);
