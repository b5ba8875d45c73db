//! The environments in which markers are compared: each Python on Linux, and some of them elsewhere.

use pep440_rs::VersionSpecifiers;
use shipwheel_bytecode::PythonVersion;

use crate::marker::{Environment, System};
use crate::target::{Libc, Target};
use crate::version::allows;

/// Versions of Python that may ever be asked about.
pub(super) fn all_pythons() -> impl Iterator<Item = PythonVersion> {
    (6..=20).flat_map(|minor| (0..=20).map(move |micro| PythonVersion { major: 3, minor, micro }))
}

/// Every environment on Linux, and those on other systems with the first release of each Python.
pub(super) fn environments(requires_python: Option<&VersionSpecifiers>) -> Vec<Environment> {
    let pythons: Vec<_> =
        all_pythons().filter(|python| requires_python.is_none_or(|all| allows(all, python))).collect();
    let libc = Libc::Glibc { major: 2, minor: 36 };
    let platforms = [shipwheel_oci::Platform::linux_amd64(), shipwheel_oci::Platform::linux_arm64()];
    let on = |python: &PythonVersion| {
        let python = *python;
        let targets = platforms.clone().into_iter().map(move |platform| Target { python, platform, libc });
        targets.map(|target| Environment::new(&target))
    };
    let linux = pythons.iter().flat_map(on);
    let first = pythons.iter().enumerate().filter(|(at, python)| *at == 0 || python.micro == 0).map(|(_, it)| it);
    let elsewhere = first.flat_map(|python| System::ELSEWHERE.map(|system| on(python).next().map(|it| it.on(system))));
    linux.chain(elsewhere.flatten()).collect()
}
