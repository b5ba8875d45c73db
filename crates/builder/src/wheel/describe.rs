//! Selected wheels → what a plan needs to know of them, remembered by their digests.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{ContentError, TreePath};
use shipwheel_oci::Digest;
use shipwheel_plan::facts::{SourceFile, WheelFacts};
use shipwheel_plan::policy::{is_wheel_source, source_reader};
use shipwheel_python::install::{InstalledFile, Settled, install};
use shipwheel_python::select::SelectedWheel;
use shipwheel_python::wheel::{WheelError, WheelErrorKind};

use super::wheels::{Wheels, record_key, scheme};
use crate::error::BuildError;
use crate::session::Session;

/// What is remembered of a wheel: its sources, as installed for a minor version.
#[derive(Clone, Serialize, Deserialize)]
struct WheelRecord {
    size: u64,
    sources: Vec<SourceFile>,
    /// The first source that shows that it reads sources at run time, and by what.
    reads_source: Option<(String, String)>,
    /// How RECORD differs from the archive: see `Wheel::differences`.
    differences: Vec<String>,
}

/// What is known of a wheel.
pub(crate) struct Described {
    /// What a plan needs.
    pub(crate) facts: WheelFacts,
    /// How its RECORD differs from its archive: a few words for each difference.
    pub(crate) differences: Vec<String>,
}

/// Describes the wheels of one platform; those that are not known yet are fetched.
///
/// # Errors
/// When a wheel cannot be obtained or is hostile.
pub(crate) fn describe(
    session: &Session<'_>,
    wheels: &Wheels,
    selected: &[SelectedWheel],
    settled: &Settled,
    python: PythonVersion,
) -> Result<Vec<Described>, BuildError> {
    let digests: Vec<Digest> = selected.iter().map(|wheel| wheel.sha256).collect();
    let known = |digest: &Digest| Some((*digest, session.cache.record("wheel", &record_key(digest, python))?));
    let mut records: BTreeMap<Digest, WheelRecord> = digests.iter().filter_map(known).collect();
    let unknown: Vec<Digest> = digests.iter().filter(|digest| !records.contains_key(digest)).copied().collect();
    wheels.fetch(session, &unknown)?;
    let read = unknown.par_iter().map(|digest| Ok((*digest, read(session, wheels, digest, python)?)));
    records.extend(read.collect::<Result<Vec<_>, BuildError>>()?);
    let described = selected.iter().filter_map(|wheel| {
        let left_out = settled.left_out.get(&wheel.name);
        let mut record = records.get(&wheel.sha256)?.clone();
        let differences = std::mem::take(&mut record.differences);
        Some(Described { facts: facts(wheel, record, left_out.into_iter().flatten().cloned().collect()), differences })
    });
    Ok(described.collect())
}

fn facts(wheel: &SelectedWheel, mut record: WheelRecord, left_out: Vec<TreePath>) -> WheelFacts {
    record.sources.retain(|source| !left_out.contains(&source.path));
    let file_name = wheel.wheel.file_name().to_owned();
    WheelFacts {
        name: wheel.name.clone(),
        version: wheel.version.clone(),
        pure: file_name.ends_with("-any.whl"),
        file_name,
        digest: wheel.sha256,
        size: record.size,
        sources: record.sources,
        left_out,
        reads_source: record.reads_source,
    }
}

/// Reads what is to be remembered of a wheel out of it.
fn read(
    session: &Session<'_>,
    wheels: &Wheels,
    digest: &Digest,
    python: PythonVersion,
) -> Result<WheelRecord, BuildError> {
    let opened = wheels.open(session, digest)?;
    let installed = install(&opened, &scheme(python)?)?;
    let compiled = installed.site_packages.into_iter().filter(|file| is_wheel_source(&file.path));
    let compiled: Vec<InstalledFile> = compiled.collect();
    let sources = compiled.iter().map(|source| SourceFile {
        path: source.path.clone(),
        digest: source.sha256,
        size: source.content.size(),
    });
    let record = WheelRecord {
        size: session.cache.blob_size(digest).unwrap_or_default(),
        sources: sources.collect(),
        reads_source: find_source_reader(opened.name().file_name(), &compiled)?,
        differences: opened.differences().to_vec(),
    };
    session.cache.put_record("wheel", &record_key(digest, python), &record)?;
    Ok(record)
}

/// The first source that shows that it reads sources at run time, and by what.
fn find_source_reader(wheel: &str, sources: &[InstalledFile]) -> Result<Option<(String, String)>, BuildError> {
    let sign = |source: &InstalledFile| {
        let text = source.content.to_vec().map_err(|cause| WheelError {
            wheel: wheel.to_owned(),
            kind: match (cause, source.path.to_string()) {
                (ContentError::Digest { .. }, path) => WheelErrorKind::Hash { path },
                (cause, path) => WheelErrorKind::Content { path, cause },
            },
        })?;
        Ok(source_reader(&text).map(|sign| (source.path.to_string(), sign.to_owned())))
    };
    sources.par_iter().find_map_first(|source| sign(source).transpose()).transpose()
}
