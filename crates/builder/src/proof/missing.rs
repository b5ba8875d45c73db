//! Libraries that the wheels of a platform need and that neither they nor the base have.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_oci::Platform;
use shipwheel_plan::facts::{BaseFacts, WheelFacts};
use shipwheel_python::elf::ElfMachine;

use super::needs::WheelNeeds;

/// A library that a wheel needs, and the files of the wheel that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing<'w> {
    pub(crate) library: &'w str,
    pub(crate) wheel: &'w WheelFacts,
    pub(crate) files: Vec<&'w str>,
    pub(crate) need: Need,
}

/// How a library is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The loader needs it for what the wheel imports.
    Linked,
    /// A Python source loads it by name, and may do without.
    Loaded,
    /// Only a plug-in that nobody may ask for needs it, or only a machine with its hardware has it.
    Optional,
}

/// Libraries of drivers and of clusters, by the beginnings of their names: the machine that has the hardware has them,
/// and what needs them is loaded there alone.
const OF_HARDWARE: [&str; 22] = [
    "libcuda.so",
    "libcudadebugger.",
    "libefa.",
    "libfabric.",
    "libgdrapi.",
    "libibverbs.",
    "libmlx5.",
    "libmpi",
    "libnvcuvid.",
    "libnvidia-",
    "libnvoptix.",
    "liboshmem.",
    "libpmix.",
    "librdmacm.",
    "libucc.",
    "libucm.",
    "libucp.",
    "libucs.",
    "libuct.",
    "libamdhip64.",
    "libhsa-runtime64.",
    "librocm",
];

/// Folders of what an application loads if it asks for it: drivers of databases, formats, screens.
const OF_PLUGINS: [&str; 5] = ["plugins", "qml", "libexec", "sqldrivers", "platforms"];

/// What is missing on a platform, by library and wheel.
pub(crate) fn missing<'w>(
    platform: &Platform,
    base: &BaseFacts,
    wheels: &[(&'w WheelFacts, &'w WheelNeeds)],
) -> Vec<Missing<'w>> {
    let mut provided: BTreeSet<&str> = base.libraries.iter().map(String::as_str).collect();
    provided.extend(wheels.iter().flat_map(|(_, needs)| &needs.provides).map(String::as_str));
    let expected = ElfMachine::of(platform);
    let mut found = Vec::new();
    for (wheel, needs) in wheels {
        let mut by_library: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let files = needs.files.iter().filter(|file| expected.is_none_or(|expected| expected.0 == file.machine));
        for file in files {
            for library in file.needed.iter().filter(|library| !provided.contains(library.as_str())) {
                by_library.entry(library).or_default().push(&file.path);
            }
        }
        found.extend(by_library.into_iter().map(|(library, files)| {
            let is_optional = is_of_hardware(library) || files.iter().all(|file| is_plugin(file));
            let need = if is_optional { Need::Optional } else { Need::Linked };
            Missing { library, wheel, files, need }
        }));
        let loads = needs.loads.iter().filter(|(library, _)| !is_of_hardware(library) && !has(&provided, library));
        found.extend(loads.map(|(library, file)| Missing { library, wheel, files: vec![file], need: Need::Loaded }));
    }
    found
}

/// Whether a library that a source loads is there, under a name without a version or as auditwheel renames it, too.
fn has(provided: &BTreeSet<&str>, library: &str) -> bool {
    let stem = library.split(".so").next().unwrap_or(library);
    let mut named = provided.range(stem..).take_while(|name| name.starts_with(stem));
    named.any(|name| {
        *name == library
            || (library == stem && name[stem.len()..].starts_with(".so"))
            || is_renamed(&name[stem.len()..])
    })
}

/// `-9b38f5e3.so.5.17`: what follows the name of a library that lies in a wheel.
fn is_renamed(rest: &str) -> bool {
    let hash = rest.strip_prefix('-').and_then(|rest| rest.split('.').next());
    hash.is_some_and(|hash| hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_of_hardware(library: &str) -> bool {
    OF_HARDWARE.iter().any(|start| library.starts_with(start))
}

fn is_plugin(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folder, _)| folder.split('/').any(|part| OF_PLUGINS.contains(&part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_loaded_by_name_may_have_any_version_or_lie_in_a_wheel() {
        let provided = BTreeSet::from(["libmagic.so.1", "libpq-9b38f5e3.so.5.17", "libxy-1.0.so.0", "libz.so.1.2"]);
        for (library, expected) in [
            ("libmagic", true),
            ("libmagic.so.1", true),
            ("libmagic.so.2", false),
            ("libpq", true),
            ("libpq.so.5", true),
            ("libxy", false),
            ("libxy-1.0", true),
            ("libz", true),
            ("libmag", false),
        ] {
            assert_eq!(has(&provided, library), expected, "{library}");
        }
    }

    #[test]
    fn what_lies_in_a_folder_of_plug_ins_is_one() {
        for (path, expected) in [
            ("PySide6/Qt/plugins/sqldrivers/libqsqlpsql.so", true),
            ("PyQt5/Qt5/qml/QtQuick/libqtquick2plugin.so", true),
            ("cv2/cv2.abi3.so", false),
            ("plugins.so", false),
            ("lightgbm/lib/lib_lightgbm.so", false),
        ] {
            assert_eq!(is_plugin(path), expected, "{path}");
        }
    }
}
