//! A base that means harm: a standard library that does more than it should while shipwheel compiles with it.

use std::path::Path;

use shipwheel_tests::{Definition, Run, Shipwheel, Suite, Tampered, scratch};

const PLATFORM: &str = "linux/amd64";

/// A small base with Python 3.11, one image of this machine's platform.
fn honest() -> Tampered {
    let definition = Suite::of_python(11).definition("print('hello')\n");
    let output = format!("oci:{}", definition.output().display());
    let arguments = [&definition.argument(), "--platform", PLATFORM, "--no-bytecode", "--output", &output];
    Shipwheel::new().image(&arguments).succeeded();
    Tampered::copy(&shipwheel_tests::Layout::new(&definition.output()))
}

/// The same base with code at the end of a module of its standard library.
fn with_hook(base: &Tampered, module: &str, hook: &str) -> Tampered {
    let path = format!("usr/lib/python3.11/{module}");
    let hostile = Tampered::copy(&base.layout());
    hostile.layer(PLATFORM, &path, |members| members.file(&path).data.extend_from_slice(hook.as_bytes()));
    hostile
}

/// Builds an application over a base with a cache of the test's own.
fn build(base: &Tampered, cache: &Path) -> Run {
    let definition = Definition::over_layout(base.path());
    let output = format!("oci:{}", definition.output().display());
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.display());
    let run = shipwheel.image(&[&definition.argument(), "--platform", PLATFORM, "--json", "--output", &output]);
    run.succeeded()
}

/// Every source gets one statement more when it is compiled.
const OTHER_CODE: &str = "
import builtins
def _compile(source, *more, _real=builtins.compile, **named):
    return _real(bytes(source) + b'\\nHOSTILE = 1\\n' if more[:1] == ('',) else source, *more, **named)
builtins.compile = _compile
";

/// Every source counts as another one.
const OTHER_HASH: &str = "
source_hash = lambda source: b'hostile!'
";

#[test]
fn what_a_hostile_base_compiled_is_in_no_other_image() {
    let (base, clean, cache) = (honest(), scratch(), scratch());
    let expected = build(&base, clean.path()).json()["digest"].clone();
    let hooks = [("encodings/__init__.py", OTHER_CODE), ("warnings.py", OTHER_CODE), ("importlib/util.py", OTHER_HASH)];
    let hostile = hooks.map(|(module, hook)| with_hook(&base, module, hook));
    for (hostile, (module, _)) in hostile.iter().zip(hooks) {
        assert_ne!(build(hostile, cache.path()).json()["digest"], expected, "the hook in {module} works");
    }
    // `retrofit` keeps what it compiles in the same cache.
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.path().display());
    let (source, folder) = (hostile[0].path().display().to_string(), scratch());
    let output = format!("oci:{}", folder.path().join("out").display());
    shipwheel.run(&["retrofit", &source, "--output", &output]).succeeded();
    assert_eq!(build(&base, cache.path()).json()["digest"], expected);
}
