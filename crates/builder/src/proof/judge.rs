//! Compares what wheels need with what the base and the wheels have; no I/O.

use std::collections::BTreeSet;

use shipwheel_oci::Platform;
use shipwheel_plan::facts::{BaseFacts, WheelFacts};
use shipwheel_python::elf::ElfMachine;

use super::missing::{Missing, Need};
use super::needs::WheelNeeds;

/// What is wrong with the wheels of a platform.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What keeps the image from being built.
    pub(super) errors: BTreeSet<String>,
    /// What may matter to the application.
    pub(super) warnings: BTreeSet<String>,
    /// What matters only to one that asks for it.
    pub(super) optional: BTreeSet<String>,
}

/// Which package of Debian has a library that wheels often leave to the system, for a base whose packages are not known.
const PACKAGES: [(&str, &str); 24] = [
    ("libX11.so.6", "libx11-6"),
    ("libXext.so.6", "libxext6"),
    ("libXrender.so.1", "libxrender1"),
    ("libasound.so.2", "libasound2"),
    ("libatomic.so.1", "libatomic1"),
    ("libbz2.so.1.0", "libbz2-1.0"),
    ("libcrypt.so.1", "libcrypt1"),
    ("libexpat.so.1", "libexpat1"),
    ("libffi.so.8", "libffi8"),
    ("libfontconfig.so.1", "libfontconfig1"),
    ("libgcc_s.so.1", "libgcc-s1"),
    ("libgfortran.so.5", "libgfortran5"),
    ("libGL.so.1", "libgl1"),
    ("libglib-2.0.so.0", "libglib2.0-0"),
    ("libgobject-2.0.so.0", "libglib2.0-0"),
    ("libgomp.so.1", "libgomp1"),
    ("libgthread-2.0.so.0", "libglib2.0-0"),
    ("liblzma.so.5", "liblzma5"),
    ("libpq.so.5", "libpq5"),
    ("libsqlite3.so.0", "libsqlite3-0"),
    ("libSM.so.6", "libsm6"),
    ("libstdc++.so.6", "libstdc++6"),
    ("libuuid.so.1", "libuuid1"),
    ("libz.so.1", "zlib1g"),
];

/// The package of Debian that has a library, where only its name is known.
pub(super) fn usual_package(library: &str) -> Option<String> {
    PACKAGES.iter().find(|(name, _)| *name == library).map(|(_, package)| (*package).to_owned())
}

/// Compares the needs of all wheels of one platform; `package_of` tells which package of the base's suite has a library.
pub(super) fn judge(
    platform: &Platform,
    base: &BaseFacts,
    wheels: &[(&WheelFacts, &WheelNeeds)],
    missing: &[Missing<'_>],
    package_of: &dyn Fn(&str) -> Option<String>,
) -> Verdict {
    let expected = ElfMachine::of(platform);
    let mut verdict = Verdict::default();
    for (wheel, needs) in wheels {
        let name = &wheel.file_name;
        let mut newer: Vec<(&str, (u32, u32))> = Vec::new();
        for file in &needs.files {
            if expected.is_some_and(|expected| expected.0 != file.machine) {
                let text = format!("{name}: {} is for {}", file.path, ElfMachine(file.machine));
                // A wheel for any platform brings a library for each; no other one may.
                let list = if wheel.pure { &mut verdict.warnings } else { &mut verdict.errors };
                list.insert(text);
                continue;
            }
            if let Some(reason) = &file.broken {
                verdict.warnings.insert(format!("{name}: {} cannot be read: {reason}", file.path));
            }
            verdict.warnings.extend(abi_mismatch(base, &file.path).map(|text| format!("{name}: {text}")));
            newer.extend(file.glibc.filter(|needed| Some(*needed) > base.glibc()).map(|needed| (&*file.path, needed)));
        }
        verdict.warnings.extend(too_new(base, &newer).map(|text| format!("{name}: {text}")));
    }
    for Missing { library, wheel, files, need } in missing {
        // What nobody may ask for is not worth a look at the list of all files.
        let package = Some(library).filter(|_| *need == Need::Linked).and_then(|library| package_of(library));
        let hint = package.map_or_else(String::new, |package| format!("; Debian has it in {package}"));
        let (name, files) = (&wheel.file_name, some(files));
        let (verb, list) = match need {
            Need::Linked => ("needs", &mut verdict.warnings),
            Need::Loaded => ("loads", &mut verdict.optional),
            Need::Optional => ("needs", &mut verdict.optional),
        };
        list.insert(format!("{name}: {files} {verb} {library}, which neither the wheels nor the base have{hint}"));
    }
    verdict
}

/// Files that need a newer glibc than the base has.
fn too_new(base: &BaseFacts, newer: &[(&str, (u32, u32))]) -> Option<String> {
    let (_, (major, minor)) = newer.iter().max_by_key(|(_, needed)| *needed)?;
    let files: Vec<&str> = newer.iter().map(|(path, _)| *path).collect();
    let own = base.glibc().map_or_else(|| "no glibc".to_owned(), |(major, minor)| format!("{major}.{minor}"));
    Some(format!("{} needs glibc {major}.{minor}, and the base has {own}", some(&files)))
}

/// An extension module that is named for another interpreter is never imported (PEP 3149).
fn abi_mismatch(base: &BaseFacts, path: &str) -> Option<String> {
    let python = base.python.as_ref()?;
    let tag = path.rsplit('/').next()?.split('.').rev().nth(1)?.strip_prefix("cpython-")?;
    let version = tag.split('-').next()?;
    let own = format!("{}{}", python.version.major, python.version.minor);
    (path.ends_with(".so") && version != own)
        .then(|| format!("{path} is for the ABI cpython-{version}, and the base has Python {}", python.version))
}

/// One file, and how many more.
fn some(files: &[&str]) -> String {
    match files {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::missing::missing;
    use crate::proof::needs::NativeFile;
    use shipwheel_bytecode::PythonVersion;
    use shipwheel_oci::Digest;
    use shipwheel_plan::facts::PythonFacts;
    use shipwheel_python::Libc;
    use std::collections::BTreeMap;

    fn file(path: &str, machine: u16) -> NativeFile {
        NativeFile { path: path.to_owned(), machine, needed: Vec::new(), glibc: None, broken: None }
    }

    fn check(name: &str, file: NativeFile, errors: &[&str], warnings: &[&str]) {
        let base = BaseFacts {
            stray_bytecode: None,
            users: BTreeMap::new(),
            layers: Vec::new(),
            config: "{}".to_owned(),
            python: Some(PythonFacts {
                version: PythonVersion { major: 3, minor: 11, micro: 2 },
                magic_number: *b"\xa7\r\r\n",
                executable: String::new(),
                stdlib: String::new(),
                sources: Vec::new(),
            }),
            directories: BTreeMap::new(),
            libc: Some(Libc::Glibc { major: 2, minor: 36 }),
            libraries: vec!["libc.so.6".to_owned()],
        };
        let wheel = WheelFacts {
            left_out: Vec::new(),
            reads_source: None,
            name: "x".parse().expect("valid"),
            version: "1".parse().expect("valid"),
            file_name: name.to_owned(),
            digest: Digest::of(b""),
            size: 0,
            pure: name.ends_with("-any.whl"),
            sources: Vec::new(),
        };
        let needs = WheelNeeds { files: vec![file], provides: vec!["libown-1.so".to_owned()], ..WheelNeeds::default() };
        let (platform, wheels) = (Platform::linux_arm64(), [(&wheel, &needs)]);
        let verdict = judge(&platform, &base, &wheels, &missing(&platform, &base, &wheels), &usual_package);
        assert_eq!(verdict.errors.iter().map(String::as_str).collect::<Vec<_>>(), errors, "errors");
        assert_eq!(verdict.warnings.iter().map(String::as_str).collect::<Vec<_>>(), warnings, "warnings");
    }

    #[test]
    fn another_processor_is_an_error_unless_the_wheel_is_for_any() {
        check("x-aarch64.whl", file("x/a.so", 62), &["x-aarch64.whl: x/a.so is for x86-64"], &[]);
        check("x-none-any.whl", file("x/a.so", 62), &[], &["x-none-any.whl: x/a.so is for x86-64"]);
        check("x-aarch64.whl", file("x/a.so", 183), &[], &[]);
    }

    #[test]
    fn missing_libraries_are_named_with_their_package() {
        let needs = |library: &str| NativeFile { needed: vec![library.to_owned()], ..file("x/a.so", 183) };
        check("x.whl", needs("libc.so.6"), &[], &[]);
        check("x.whl", needs("libown-1.so"), &[], &[]);
        let gomp =
            "x.whl: x/a.so needs libgomp.so.1, which neither the wheels nor the base have; Debian has it in libgomp1";
        check("x.whl", needs("libgomp.so.1"), &[], &[gomp]);
        let odd = "x.whl: x/a.so needs libodd.so.9, which neither the wheels nor the base have";
        check("x.whl", needs("libodd.so.9"), &[], &[odd]);
    }

    #[test]
    fn a_newer_glibc_and_another_abi_are_warnings() {
        let newer = NativeFile { glibc: Some((2, 38)), ..file("x/node", 183) };
        check("x.whl", newer, &[], &["x.whl: x/node needs glibc 2.38, and the base has 2.36"]);
        check("x.whl", NativeFile { glibc: Some((2, 36)), ..file("x/node", 183) }, &[], &[]);
        let path = "x/a.cpython-312-aarch64-linux-gnu.so";
        let text = format!("x.whl: {path} is for the ABI cpython-312, and the base has Python 3.11.2");
        check("x.whl", file(path, 183), &[], &[&text]);
        check("x.whl", file("x/a.cpython-311-aarch64-linux-gnu.so", 183), &[], &[]);
        check("x.whl", file("x/a.abi3.so", 183), &[], &[]);
    }
}
