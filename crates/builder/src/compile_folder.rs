//! A folder of this machine compiled in place: what `compileall` does, to the same bytes everywhere.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;

use ignore::WalkBuilder;
use shipwheel_bytecode::{PycPathError, PythonVersion, pyc_path};
use shipwheel_layer::Content;
use shipwheel_plan::layer::Treatment;

use crate::disk::bytes::PathSource;
use crate::error::BuildError;
use crate::interpreter::compile::{Compiler, Job, Workers};
use crate::interpreter::host;
use crate::interpreter::interpreter_error::InterpreterError;
use crate::interpreter::python::Python;
use crate::project::application_error::ApplicationError;
use crate::session::Session;
use shipwheel_store::{FileAction, PlaceError, StoreError, read_small, write_output};

/// What is to be compiled, and how.
#[derive(Debug, Clone)]
pub struct LocalTree {
    /// The folder.
    pub folder: PathBuf,
    /// How; `replaces_source` removes each source whose bytecode took its place.
    pub treatment: Treatment,
    /// Where the folder will be when the bytecode is used: what tracebacks show.
    pub prefix: Option<String>,
    /// The interpreter: a path, or a name on PATH.
    pub python: String,
}

/// What became of a folder.
#[derive(Debug, Clone)]
pub struct LocalReport {
    /// The interpreter that compiled.
    pub python: PythonVersion,
    /// How many sources there are.
    pub sources: usize,
    /// How many of them have no bytecode, because no file can have the name of their pyc.
    pub unnamed: usize,
    /// How many pycs were written: others were there already, byte for byte.
    pub written: usize,
    /// Bytes of all pycs.
    pub bytes: u64,
    /// How many sources were removed.
    pub removed: usize,
    /// Sources that do not compile, and why.
    pub failures: Vec<(String, String)>,
}

/// Compiles all sources below a folder; hidden folders and links are passed over.
///
/// # Errors
/// When the interpreter does not run, a source cannot be read, or a pyc cannot be written.
pub fn compile_folder(session: &Session<'_>, tree: &LocalTree) -> Result<LocalReport, BuildError> {
    let sources = sources(&tree.folder)?;
    let (executable, version) = find(session, &tree.python)?;
    session.report.step(&format!("{} sources, Python {version} ({})", sources.len(), executable.display()));
    let unknown = || InterpreterError::NotFound { python: tree.python.clone() };
    let identity = host::identity(session, &executable).ok_or_else(unknown)?;
    let python = Python::Host { executable, identity };
    let workers = Workers { sandbox: session.sandbox.clone(), count: session.jobs };
    let compiler = Compiler::start(&session.cache, python, version, workers)?;
    let (unnamed, named) = sources
        .iter()
        .partition::<Vec<_>, _>(|relative| pyc_below(tree, relative, version) == Err(PycPathError::TooLong));
    for relative in &unnamed {
        session.report.warning(&format!("{relative} has no bytecode: {}", PycPathError::TooLong));
    }
    let jobs = named.into_iter().map(|relative| job(tree, relative)).collect::<Result<Vec<_>, _>>()?;
    let total = jobs.iter().map(|job| job.source.size()).sum();
    let progress = session.progress.begin("compiling", Some(total));
    let written = Mutex::new((0, 0, Vec::new()));
    let failures = compiler.compile(jobs, &|job, pyc| {
        session.progress.advance(progress, job.source.size());
        let place = place(tree, &job.path, version)?;
        let is_new = write(&place, &pyc)?;
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        written.0 += usize::from(is_new);
        written.1 += pyc.len() as u64;
        written.2.push(job.path.clone());
        Ok(())
    });
    session.progress.end(progress);
    let failures = failures?;
    let (written, bytes, compiled) = written.into_inner().unwrap_or_else(PoisonError::into_inner);
    let removed = if tree.treatment.replaces_source { remove(tree, &compiled)? } else { 0 };
    let failures = failures.into_iter().map(|failure| (failure.path, failure.reason)).collect();
    let (sources, unnamed) = (sources.len(), unnamed.len());
    Ok(LocalReport { python: version, sources, unnamed, written, bytes, removed, failures })
}

/// An interpreter by its path or its name on PATH.
fn find(session: &Session<'_>, python: &str) -> Result<(PathBuf, PythonVersion), BuildError> {
    let candidates: Vec<PathBuf> = match python.contains('/') {
        true => vec![python.into()],
        false => session.on_path(python).collect(),
    };
    let found = candidates.iter().find_map(|path| host::identify(session, path, None));
    found.ok_or_else(|| InterpreterError::NotFound { python: python.to_owned() }.into())
}

/// The sources below a folder, relative to it, sorted.
fn sources(folder: &Path) -> Result<Vec<String>, BuildError> {
    if !folder.is_dir() {
        return Err(ApplicationError::NotAFolder { path: folder.to_owned() }.into());
    }
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .hidden(true)
        .sort_by_file_name(Ord::cmp)
        .filter_entry(|entry| entry.file_name() != "__pycache__")
        .build();
    let mut sources = Vec::new();
    for entry in walk {
        let entry = entry.map_err(|cause| ApplicationError::List { folder: folder.to_owned(), cause })?;
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if !is_file || entry.path().extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let relative = relative.to_str().ok_or_else(|| ApplicationError::NotUtf8 { path: entry.path().to_owned() })?;
        sources.push(relative.to_owned());
    }
    Ok(sources)
}

/// The name that a source is compiled under: no host path is ever part of it.
fn name_in_image(tree: &LocalTree, relative: &str) -> String {
    match &tree.prefix {
        Some(prefix) => format!("{}/{relative}", prefix.trim_end_matches('/')),
        None => relative.to_owned(),
    }
}

fn job(tree: &LocalTree, relative: &str) -> Result<Job, BuildError> {
    let path = tree.folder.join(relative);
    let bytes = fs_err::metadata(&path).map_err(BuildError::file(FileAction::Read, &path))?.len();
    let source = Content::from_slice(PathSource::new(&path, bytes), 0, bytes);
    Ok(Job { path: name_in_image(tree, relative), source, treatment: tree.treatment })
}

/// The source's own path below the folder, from the name that it was compiled under.
fn relative<'n>(tree: &LocalTree, name: &'n str) -> &'n str {
    let prefix = tree.prefix.as_deref().map(|prefix| prefix.trim_end_matches('/'));
    prefix.and_then(|prefix| name.strip_prefix(prefix)).map_or(name, |rest| rest.trim_start_matches('/'))
}

fn place(tree: &LocalTree, name: &str, version: PythonVersion) -> Result<PathBuf, BuildError> {
    let pyc = pyc_below(tree, relative(tree, name), version);
    let pyc = pyc.map_err(|error| BuildError::Internal(format!("{name}: {error}")))?;
    Ok(tree.folder.join(pyc.trim_start_matches('/')))
}

/// The path of a source's pyc below the folder, with a leading `/`.
fn pyc_below(tree: &LocalTree, relative: &str, version: PythonVersion) -> Result<String, PycPathError> {
    let Treatment { optimization, replaces_source, .. } = tree.treatment;
    pyc_path(&format!("/{relative}"), &version, optimization, replaces_source)
}

/// Writes a pyc beside its place and renames it there, unless the same bytes are there already.
fn write(path: &Path, pyc: &[u8]) -> Result<bool, BuildError> {
    if read_small(path, pyc.len() as u64).is_ok_and(|found| found == pyc) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(path);
    // The walk follows no links; that to another folder's `__pycache__` is not followed either.
    if let Ok(target) = folder.read_link() {
        return Err(StoreError::from(PlaceError::Link { path: folder.to_owned(), target }).into());
    }
    fs_err::create_dir_all(folder).map_err(BuildError::file(FileAction::Create, folder))?;
    write_output(path, |file| file.write_all(pyc))?;
    Ok(true)
}

/// Removes the sources whose bytecode is in place; what does not compile keeps its own.
fn remove(tree: &LocalTree, compiled: &[String]) -> Result<usize, BuildError> {
    for name in compiled {
        let path = tree.folder.join(relative(tree, name));
        fs_err::remove_file(&path).map_err(BuildError::file(FileAction::Remove, &path))?;
    }
    Ok(compiled.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipwheel_bytecode::{InvalidationMode, Optimization};

    #[test]
    fn no_pyc_is_written_through_a_link() {
        let scratch = tempfile::tempdir().unwrap();
        let (outside, cache) = (scratch.path().join("outside"), scratch.path().join("pkg/__pycache__"));
        std::fs::create_dir(&outside).unwrap();
        std::fs::create_dir(scratch.path().join("pkg")).unwrap();
        std::os::unix::fs::symlink(&outside, &cache).unwrap();
        let error = write(&cache.join("m.cpython-311.pyc"), b"pyc").unwrap_err();
        assert!(error.to_string().contains("__pycache__ is a link to"), "{error}");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
        std::fs::remove_file(&cache).unwrap();
        assert!(write(&cache.join("m.cpython-311.pyc"), b"pyc").unwrap());
    }

    #[test]
    fn a_pyc_is_written_into_the_folder_and_names_its_path_in_the_image() {
        let version = PythonVersion { major: 3, minor: 11, micro: 2 };
        for (prefix, replaces_source, name, place_of) in [
            (None, false, "pkg/m.py", "/f/pkg/__pycache__/m.cpython-311.opt-1.pyc"),
            (Some("/app/"), false, "/app/pkg/m.py", "/f/pkg/__pycache__/m.cpython-311.opt-1.pyc"),
            (Some("/"), true, "/pkg/m.py", "/f/pkg/m.pyc"),
        ] {
            let (optimization, invalidation) = (Optimization::Asserts, InvalidationMode::CheckedHash);
            let treatment = Treatment { optimization, invalidation, replaces_source };
            let prefix = prefix.map(str::to_owned);
            let tree = LocalTree { folder: "/f".into(), treatment, prefix, python: String::new() };
            assert_eq!(name_in_image(&tree, "pkg/m.py"), name);
            assert_eq!(place(&tree, name, version).ok(), Some(PathBuf::from(place_of)), "{name}");
        }
    }
}
