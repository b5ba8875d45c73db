//! What the programs and libraries of a wheel are and need, remembered by the wheel's digest.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use shipwheel_layer::Content;
use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::elf::{ELF_HEAD, ElfFacts, ElfMachine};
use shipwheel_python::loaded_libraries;
use shipwheel_python::wheel::Wheel;

use crate::error::BuildError;
use crate::inspect::counted::counted;
use crate::session::Session;
use crate::wheel::wheels::Wheels;

/// Raise this when other things are read out of wheels.
const NEEDS_RECIPE: u32 = 5;

/// One ELF file of a wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NativeFile {
    /// Its path in the wheel.
    pub(crate) path: String,
    /// `e_machine`.
    pub(crate) machine: u16,
    /// The libraries it needs.
    pub(crate) needed: Vec<String>,
    /// The newest glibc whose symbols it needs.
    pub(crate) glibc: Option<(u32, u32)>,
    /// Why no more than its machine is known.
    pub(crate) broken: Option<String>,
}

/// All of them, and the names that they answer to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WheelNeeds {
    pub(crate) files: Vec<NativeFile>,
    pub(crate) provides: Vec<String>,
    /// The libraries that its Python sources load by name, each with the first source that does.
    pub(crate) loads: BTreeMap<String, String>,
    /// The programs that it brings, each with the module that it imports, if it has one.
    pub(crate) programs: BTreeMap<String, Option<String>>,
    /// Whether a source of it imports `pkg_resources` as soon as it is imported itself.
    pub(crate) wants_pkg_resources: bool,
}

/// The key of a wheel's record.
fn key(wheel: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(NEEDS_RECIPE.to_le_bytes()).field(wheel.as_bytes());
    hasher.finish()
}

/// What wheels need, by their digests.
pub(crate) type Needs = BTreeMap<Digest, WheelNeeds>;

/// What is remembered of some wheels.
pub(super) fn all_known(session: &Session<'_>, wheels: BTreeSet<Digest>) -> Needs {
    wheels.into_iter().filter_map(|wheel| Some((wheel, known(session, &wheel)?))).collect()
}

/// What is remembered of a wheel.
fn known(session: &Session<'_>, wheel: &Digest) -> Option<WheelNeeds> {
    session.cache.record("needs", &key(wheel))
}

/// What some wheels need; those that are not known yet are fetched and read.
///
/// # Errors
/// When a wheel cannot be obtained or read.
pub(crate) fn of_wheels(
    session: &Session<'_>,
    digests: BTreeSet<Digest>,
    wheels: &Wheels,
) -> Result<Needs, BuildError> {
    let mut needs = all_known(session, digests.clone());
    let unknown: Vec<Digest> = digests.into_iter().filter(|digest| !needs.contains_key(digest)).collect();
    if !unknown.is_empty() {
        session.report.step(&format!("proof: reading {}", counted(unknown.len(), "wheel")));
        wheels.fetch(session, &unknown)?;
    }
    let read =
        unknown.into_par_iter().map(|digest| Ok((digest, read(session, &digest, &wheels.open(session, &digest)?)?)));
    needs.extend(read.collect::<Result<Vec<_>, BuildError>>()?);
    Ok(needs)
}

/// Reads a wheel of the cache, and remembers what it needs.
fn read(session: &Session<'_>, digest: &Digest, wheel: &Wheel) -> Result<WheelNeeds, BuildError> {
    let read: Vec<Option<(NativeFile, Option<String>)>> = wheel
        .files()
        .par_iter()
        .map(|member| read_file(&member.path, &wheel.content(member)))
        .collect::<Result<_, BuildError>>()?;
    let mut needs = WheelNeeds::default();
    for (file, soname) in read.into_iter().flatten() {
        needs.provides.extend(soname);
        needs.provides.push(file.path.rsplit('/').next().unwrap_or_default().to_owned());
        needs.files.push(file);
    }
    needs.provides.sort();
    needs.provides.dedup();
    needs.loads = loads(wheel)?;
    needs.programs = programs(wheel);
    needs.wants_pkg_resources = wants_pkg_resources(wheel)?;
    session.cache.put_record("needs", &key(digest), &needs)?;
    Ok(needs)
}

/// What the Python sources of a wheel load by name.
fn loads(wheel: &Wheel) -> Result<BTreeMap<String, String>, BuildError> {
    let sources: Vec<_> = wheel.files().iter().filter(|member| is_core_source(&member.path)).collect();
    let read: Vec<(&str, BTreeSet<String>)> = sources
        .par_iter()
        .map(|member| {
            let text = wheel.content(member).to_vec()?;
            Ok((member.path.as_str(), loaded_libraries(&String::from_utf8_lossy(&text))))
        })
        .collect::<Result<_, BuildError>>()?;
    let mut loads = BTreeMap::new();
    for (path, libraries) in read {
        for library in libraries {
            loads.entry(library).or_insert_with(|| path.to_owned());
        }
    }
    Ok(loads)
}

/// Its commands, and the files that are installed beside them.
fn programs(wheel: &Wheel) -> BTreeMap<String, Option<String>> {
    let script = |path: &str| Some(path.split_once(".data/scripts/")?.1.to_owned());
    let files = wheel.files().iter().filter_map(|member| Some((script(&member.path)?, None)));
    files.chain(wheel.entry_points().iter().map(|it| (it.name.clone(), Some(it.module.clone())))).collect()
}

/// Whether a line without indentation imports it: nothing decides whether that happens.
fn wants_pkg_resources(wheel: &Wheel) -> Result<bool, BuildError> {
    let sources: Vec<_> = wheel.files().iter().filter(|member| is_core_source(&member.path)).collect();
    let read = sources.par_iter().map(|member| {
        let text = wheel.content(member).to_vec()?;
        Ok(imports_pkg_resources(&String::from_utf8_lossy(&text)))
    });
    read.collect::<Result<Vec<bool>, BuildError>>().map(|found| found.contains(&true))
}

fn imports_pkg_resources(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("import pkg_resources") || line.starts_with("from pkg_resources import"))
}

/// How many folders deep a source is that whoever uses the distribution imports: `psycopg/pq/misc.py`.
const CORE_DEPTH: usize = 2;

/// Whether a member is a source that whoever uses the distribution imports.
///
/// What lies deeper is a part of a large distribution that most applications never import, as `django/contrib/gis` is:
/// packages for it would be dead weight.
fn is_core_source(path: &str) -> bool {
    let (folders, _) = path.rsplit_once('/').unwrap_or_default();
    let is_test = |part| ["test", "tests", "testing"].contains(&part);
    path.ends_with(".py") && path.matches('/').count() <= CORE_DEPTH && !folders.split('/').any(is_test)
}

/// One member; `None` if it is not an ELF file. The text is its `SONAME`.
fn read_file(path: &str, content: &Content) -> Result<Option<(NativeFile, Option<String>)>, BuildError> {
    let Some(machine) = ElfMachine::read(&content.head(ELF_HEAD)?) else { return Ok(None) };
    let mut file =
        NativeFile { path: path.to_owned(), machine: machine.0, needed: Vec::new(), glibc: None, broken: None };
    // Libraries of hundreds of megabytes are read side by side: none of them is held.
    let mut parts = content.parts();
    match ElfFacts::read_parts(content.size(), |range| parts.read(range))? {
        Ok(Some(facts)) => {
            (file.needed, file.glibc) = (facts.needed, facts.glibc);
            Ok(Some((file, facts.soname)))
        }
        Ok(None) => Ok(None),
        Err(error) => {
            file.broken = Some(error.to_string());
            Ok(Some((file, None)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::bytes::PathSource;

    #[test]
    fn this_machines_own_program_is_read_by_its_parts_as_it_is_whole() {
        // What linkers really write: this test's own program.
        let path = std::env::current_exe().expect("a path");
        let size = std::fs::metadata(&path).expect("readable").len();
        let content = Content::from_slice(PathSource::new(&path, size), 0, size);
        let (mut parts, mut asked) = (content.parts(), 0);
        let read = ElfFacts::read_parts(size, |range| {
            asked += range.end - range.start;
            parts.read(range)
        });
        let read = read.expect("readable").expect("valid").expect("an ELF file");
        assert_eq!(Ok(Some(read.clone())), ElfFacts::read(&content.to_vec().expect("readable")));
        assert!(read.needed.iter().any(|name| name.starts_with("libc.so")) && read.glibc.is_some(), "{read:?}");
        assert!(asked < size / 10, "{asked} of {size}");
    }

    #[test]
    fn an_import_that_nothing_decides_about_has_no_indentation() {
        for (text, expected) in [
            ("import os\nimport pkg_resources\n", true),
            ("from pkg_resources import resource_filename", true),
            ("import pkg_resources as resources", true),
            ("try:\n    import pkg_resources\nexcept ImportError:\n    pkg_resources = None\n", false),
            ("def version():\n    import pkg_resources\n", false),
            ("# import pkg_resources\n", false),
        ] {
            assert_eq!(imports_pkg_resources(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_a_part_of_a_large_distribution_loads_is_not_needed() {
        for (path, expected) in [
            ("soundfile.py", true),
            ("magic/loader.py", true),
            ("psycopg/pq/misc.py", true),
            ("django/contrib/gis/gdal/libgdal.py", false),
            ("django/contrib/gis/db/backends/spatialite/base.py", false),
            ("magic/tests/load.py", false),
            ("magic/libmagic.so.1", false),
        ] {
            assert_eq!(is_core_source(path), expected, "{path}");
        }
    }
}
