//! Metadata of Python projects, and native code.

use shipwheel_python::elf::ElfFacts;
use shipwheel_python::marker::{Environment, Marker};
use shipwheel_python::pyproject::{Pyproject, UvSettings, without_hooks};
use shipwheel_python::{Dependency, DistributionName};

use crate::image::stable;
use crate::locks::target;

/// A marker, a dependency or a name.
pub(crate) fn marker(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let environment = Environment::new(&target()).with_extras(["x"]).with_groups(["dev"]);
    if let Some(marker) = stable::<Marker>(&text) {
        let both: Marker = format!("({marker}) and ({marker})").parse().expect("two markers are one");
        assert_eq!(both.evaluate(&environment), marker.evaluate(&environment), "{marker}");
    }
    if let Ok(dependency) = text.parse::<Dependency>() {
        let _ = dependency.is_needed(&environment);
    }
    stable::<DistributionName>(&text);
}

/// A pyproject.toml.
pub(crate) fn pyproject(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(pyproject) = Pyproject::parse(&text) {
        let _ = (pyproject.name(), pyproject.project_or_poetry(), pyproject.dependency_groups());
        let bare = without_hooks(&text);
        let again = Pyproject::parse(&bare).expect("without its hooks it is still a pyproject.toml");
        assert_eq!(again.dependency_groups().ok(), pyproject.dependency_groups().ok());
        assert_eq!(without_hooks(&bare), bare, "no hook is left");
    }
    if let Ok(settings) = UvSettings::parse(&text) {
        let _ = settings.lookup("/project".as_ref());
    }
}

/// An ELF file.
pub(crate) fn elf(input: &[u8]) {
    let Ok(Some(facts)) = ElfFacts::read(input) else { return };
    let names = facts.needed.iter().chain(&facts.interpreter).chain(&facts.soname);
    assert!(facts.needed.len() <= input.len(), "{} libraries in {} bytes", facts.needed.len(), input.len());
    for name in names {
        // A byte that is not UTF-8 becomes three.
        assert!(name.len() <= 3 * input.len().min(4096), "a name of {} bytes in {} bytes", name.len(), input.len());
    }
}
