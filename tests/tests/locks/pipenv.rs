//! Generated files of Pipenv: what is read of a Pipfile.lock is what `pipenv requirements --hash` gives.

use shipwheel_python::lock::PipfileLock;
use shipwheel_python::marker::Environment;
use shipwheel_tests::{Random, pipenv, scratch};
use xshell::cmd;

use crate::export::target;
use crate::generated::setting;
use crate::place::shell;
use crate::tools::listed;
use crate::universe::{DISTRIBUTIONS, marker, name};

/// A section of pins, in all forms that an index gives.
fn section(random: &mut Random) -> serde_json::Value {
    let mut pins = serde_json::Map::new();
    for _ in 0..1 + random.below(6) {
        let mut pin = serde_json::json!({"version": format!("=={}.0", 1 + random.below(3)), "index": "pypi"});
        let hash = |random: &mut Random| format!("sha256:{:064x}", random.below(usize::MAX));
        pin["hashes"] = (0..1 + random.below(2)).map(|_| hash(random)).collect();
        let marker = marker(random);
        if !marker.is_empty() {
            pin["markers"] = marker.into();
        }
        if random.once_in(3) {
            pin["extras"] = serde_json::json!(["x"]);
        }
        pins.insert(name(random.below(DISTRIBUTIONS)), pin);
    }
    pins.into()
}

#[test]
fn a_pipfile_lock_gives_what_pipenv_makes_of_it() {
    let (files, seed) = (setting("SHIPWHEEL_LOCKS", 2), setting("SHIPWHEEL_LOCKS_SEED", 1));
    let program = pipenv();
    for number in 0..files {
        let (mut random, folder) = (Random::new(seed, number), scratch());
        let lock = serde_json::json!({
            "_meta": {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": [
                {"name": "pypi", "url": "https://index.example/simple", "verify_ssl": true},
                {"name": "own", "url": "https://own.example/simple", "verify_ssl": true}]},
            "default": section(&mut random),
            "develop": section(&mut random),
            "docs": section(&mut random),
        });
        std::fs::write(folder.path().join("Pipfile"), "[packages]\n").unwrap();
        std::fs::write(folder.path().join("Pipfile.lock"), lock.to_string()).unwrap();
        let shell = shell(folder.path());
        let ours = PipfileLock::parse(&lock.to_string(), "Pipfile.lock").unwrap();
        for (flags, sections) in
            [(&[][..], &[][..]), (&["--dev"], &["develop"]), (&["--categories=docs packages"], &["docs"])]
        {
            let exported = cmd!(shell, "{program} requirements --hash {flags...}").quiet().ignore_stderr();
            let exported = exported.read().unwrap();
            let sections = sections.iter().map(|name| (*name).to_owned()).collect();
            for (platform, python) in [("amd64", "3.11.2"), ("arm64", "3.13.1")] {
                let target = target(platform, python);
                let ours = ours.choose(&sections, &Environment::new(&target)).to_requirements();
                assert_eq!(listed(&ours, &target), listed(&exported, &target), "seed {seed}, file {number}, {lock}");
            }
        }
    }
}
