//! The application's files: collected, hashed and looked at for secrets, never run.

use rayon::prelude::*;
use shipwheel_plan::spec::{Located, PrepareStep, anchored};

use super::application_error::{ApplicationError, OtherFile};
use super::collected_file::{CollectedFile, Found};
use super::collector::Collector;
use super::suspect::Suspect;
use super::whole_folder::WholeFolder;
use crate::error::BuildError;
use crate::project::definition::Definition;
use crate::session::Session;

/// So many files that look like secrets are named one by one.
const MAX_WARNINGS: usize = 10;

/// What says how an image is made; no program that makes the application's files asks for it.
const OF_IMAGE: [&str; 2] = ["image.toml", ".dockerignore"];

/// Collects the files of an application, sorted by their path in the image.
///
/// What users do not expect in an image, and what .dockerignore names, is left out unless `app.include` matches it;
/// files that look like secrets give a warning.
///
/// # Errors
/// When a source is missing, leads out of the workspace or is left out as a whole, a pattern is broken, a link leads
/// out, or a file cannot be read.
pub(crate) fn collect(session: &Session<'_>, definition: &Definition) -> Result<Vec<CollectedFile>, BuildError> {
    let Some(app) = &definition.spec.app else { return Ok(Vec::new()) };
    let collector = Collector::new(definition, &app.include, &app.exclude)?;
    let mut found = Vec::new();
    for source in &app.sources {
        found.extend(collector.walk(source, &app.destination.value)?);
    }
    let mut whole = WholeFolder::new(&definition.spec.config, &app.destination.value);
    let mut files = Vec::new();
    let mut waiting = found;
    loop {
        // What a file names may be left out so far, and has to be read then.
        let (ready, still) = whole.split(waiting);
        if ready.is_empty() {
            waiting = still;
            break;
        }
        let read = ready.into_par_iter().map(|found| collector.read(found)).collect::<Result<Vec<_>, _>>()?;
        let read: Vec<CollectedFile> = read.into_iter().flatten().collect();
        whole.name(&read, &still);
        files.extend(read);
        waiting = still;
    }
    waiting.iter().filter_map(|found| whole.unit(found)).for_each(|unit| collector.left_out.for_development(&unit));
    let made: Vec<_> = app.prepare.iter().map(PrepareStep::made).collect();
    let is_made = |path: &str| made.iter().any(|made| made.has(path));
    collector.warnings(&whole, &files, is_made).iter().for_each(|warning| session.report.warning(warning));
    if let Some(summary) = collector.left_out.summary() {
        session.report.step(&format!("application: {summary}"));
    }
    files.sort_by(|a, b| a.file.path.as_str().cmp(b.file.path.as_str()));
    match files.windows(2).find(|pair| pair[0].file.path == pair[1].file.path && pair[0].file != pair[1].file) {
        Some([one, other]) => Err(ApplicationError::SamePath {
            path: one.file.path.clone(),
            one: one.host.clone(),
            other: OtherFile::File(other.host.clone()),
        }
        .into()),
        Some(_) => Err(BuildError::internal("a window of two has two files")),
        None => {
            files.dedup_by(|a, b| a.file.path == b.file.path);
            warn_of_secrets(session, &files);
            Ok(files)
        }
    }
}

/// The files of a definition's folder that a step of `app.prepare` may see: those of the paths and globs `named`, or all.
///
/// Not among all of them are what is left out anywhere (repositories, environments, caches, credentials) or by
/// .dockerignore, and what describes the image; of what is named, no folder of the first kind is taken. Paths are below
/// `destination`.
///
/// # Errors
/// As [`collect`], for what is named.
pub(crate) fn inputs(
    definition: &Definition,
    named: Option<&[Located<String>]>,
    destination: &str,
) -> Result<Vec<CollectedFile>, BuildError> {
    let anchor = |path: &Located<String>| Located { value: anchored(&path.value), span: path.span.clone() };
    let named: Vec<_> = named.into_iter().flatten().map(anchor).collect();
    let collector = Collector::without_folders(definition, &named)?;
    let found = collector.walk(&Located { value: ".".to_owned(), span: 0..0 }, destination)?;
    let is_seen = |found: &Found| !named.is_empty() || !OF_IMAGE.contains(&found.below.as_str());
    let found = found.into_par_iter().filter(is_seen);
    let read = found.map(|found| collector.read(found)).collect::<Result<Vec<_>, _>>()?;
    Ok(read.into_iter().flatten().collect())
}

/// Warns of files that look like secrets.
fn warn_of_secrets(session: &Session<'_>, files: &[CollectedFile]) {
    const WHAT_HAPPENS: &str = "and becomes part of the image; leave it out with `exclude` in `[app]` or with \
                                .dockerignore, or name it in `include` if it belongs there";
    let suspects: Vec<&Suspect> = files.iter().filter_map(|file| file.suspect.as_ref()).collect();
    for suspect in suspects.iter().take(MAX_WARNINGS) {
        session.report.warning(&suspect.warning(WHAT_HAPPENS));
    }
    if suspects.len() > MAX_WARNINGS {
        let more = suspects.len() - MAX_WARNINGS;
        session.report.warning(&format!("{more} more files look like secrets and become part of the image"));
    }
}
