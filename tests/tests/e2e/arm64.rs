//! The arm64 image under qemu: the interpreter of that platform finds everything.

use shipwheel_tests::{Arm64, variosync};

#[test]
fn every_dependency_imports_on_arm64() {
    let arm64 = Arm64::unpack(&variosync().layout());
    let said = arm64.python(
        "import importlib, importlib.metadata, platform, sys\n\
         names = sorted(name for name in importlib.metadata.packages_distributions() if name.isidentifier())\n\
         for name in names: importlib.import_module(name)\n\
         print(platform.machine(), sys.flags.optimize, sys.prefix, len(names), 'numpy' in names, 'nicegui' in names)\n",
    );
    let words: Vec<&str> = said.split_whitespace().collect();
    assert_eq!(words[..3], ["aarch64", "1", "/opt/venv"], "{said}");
    assert!(words[3].parse::<u32>().unwrap() > 50, "{said}");
    assert_eq!(words[4..], ["True", "True"], "{said}");
}

#[test]
fn pycs_compiled_on_amd64_serve_arm64() {
    let arm64 = Arm64::unpack(&variosync().layout());
    let said = arm64.python(
        "import sys; sys.path.insert(0, '/app')\n\
         import json, os, variosync.drift as drift, numpy.__config__ as config\n\
         print(all(os.path.exists(it.__cached__) for it in (json, drift, config)))\n\
         print(drift.summary(drift.sample())[0])\n",
    );
    assert_eq!(said, "True\n{'site': 'site-1', 'count': 24, 'mean': 0.0, 'drift': -0.25}\n");
}
