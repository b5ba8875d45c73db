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
    /// Whether nothing of the wheel loads it by itself, or only a machine with its hardware has it.
    pub(crate) is_optional: bool,
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
            let is_of_hardware = OF_HARDWARE.iter().any(|start| library.starts_with(start));
            let is_optional = is_of_hardware || files.iter().all(|file| is_plugin(file));
            Missing { library, wheel, files, is_optional }
        }));
    }
    found
}

fn is_plugin(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folder, _)| folder.split('/').any(|part| OF_PLUGINS.contains(&part)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
