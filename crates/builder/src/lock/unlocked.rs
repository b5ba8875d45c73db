//! What requirements ask for by themselves, with every file that there is of it: where uv cannot lock them with wheels alone, this tells
//! all that has none.

use shipwheel_plan::spec::PythonSpec;
use shipwheel_python::Target;
use shipwheel_python::lock::{Lock, LockForm};
use shipwheel_python::select::{CoverageError, SelectProblem, Selection, select_all};

use super::input_files::InputFiles;
use super::lock_file::LockFile;
use crate::error::BuildError;
use crate::program::uv;
use crate::session::Session;

/// The distributions without wheels for some targets among those that requirements name; `None` if all have some, or
/// if it cannot be told.
///
/// # Errors
/// When the requirements cannot be read.
pub(crate) fn lacking(
    session: &Session<'_>,
    file: &LockFile,
    python: &PythonSpec,
    minor: u32,
    targets: &[Target],
) -> Result<Option<CoverageError>, BuildError> {
    if file.form == LockForm::Project {
        return Ok(None);
    }
    let files = InputFiles::read(&file.path, &python.allow_build)?;
    // The error that led here says more than one of this question.
    let Ok(converted) = uv::convert(session, &file.lookup()?, minor, |uv| files.write(uv, "")) else { return Ok(None) };
    let Ok(lock) = Lock::parse(&converted, &format!("{} (converted)", file.path.display())) else { return Ok(None) };
    let may_be_built = |problem: &SelectProblem| match problem {
        SelectProblem::Package { name, .. } => python.allow_build.contains(name),
        SelectProblem::Environment | SelectProblem::LockPython { .. } => false,
    };
    let lacking = select_all(targets.iter().map(|target| (&lock, target)), &Selection::default()).err();
    let lacking = lacking.map(|error| error.only(|problem| !may_be_built(problem)));
    Ok(lacking.filter(|error| !error.errors.is_empty()))
}
