//! Requirements that are given to uv: copies with nothing in them that runs code or looks into the folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use shipwheel_python::DistributionName;
use shipwheel_python::requirements::{
    InputLine, Place, RequirementProblem, RequirementProblemKind, RequirementsError, input_lines,
};

use super::lock_error::LockError;
use crate::disk::text::text;
use crate::error::BuildError;
use crate::program::uv::Uv;
use crate::project::workspace::Workspace;

/// How deep requirements files may include each other.
pub(crate) const MAX_DEPTH: usize = 8;

/// Requirements and the files that they include, as uv is given them.
pub(crate) struct InputFiles {
    /// The name and the text of each file, those that are included before those that include them.
    files: Vec<(String, String)>,
}

impl InputFiles {
    /// Reads requirements with all that they include.
    ///
    /// # Errors
    /// When a file cannot be read, or has lines that would run code.
    pub(crate) fn read(path: &Path, allowed: &BTreeSet<DistributionName>) -> Result<Self, BuildError> {
        let mut this = Self { files: Vec::new() };
        this.add(path, allowed, (0, false))?;
        Ok(this)
    }

    /// Writes them into the folder of uv, with further lines; the path of the one that includes the others.
    ///
    /// # Errors
    /// When one cannot be written.
    pub(crate) fn write(&self, uv: &Uv<'_>, more: &str) -> Result<PathBuf, BuildError> {
        let Some(((name, text), included)) = self.files.split_last() else { return uv.write("requirements.in", more) };
        for (name, text) in included {
            uv.write(name, text)?;
        }
        uv.write(name, &format!("{text}{more}"))
    }

    /// Adds a file and what it includes; the name of its copy.
    fn add(
        &mut self,
        path: &Path,
        allowed: &BTreeSet<DistributionName>,
        (depth, constrains): (usize, bool),
    ) -> Result<String, BuildError> {
        if depth > MAX_DEPTH {
            return Err(LockError::Includes { path: path.to_owned(), limit: MAX_DEPTH }.into());
        }
        let text = text(path)?;
        let mut copy = String::new();
        for line in lines(path, &text, allowed)? {
            let (option, included) = match &line {
                InputLine::Include(included) => ("-r", included),
                InputLine::Constraint(included) => ("-c", included),
                InputLine::Placed(placed) if constrains => {
                    let kind =
                        RequirementProblemKind::Place(placed.to_string(), "is a place: constraints are versions");
                    return Err(not_lockable(path, vec![RequirementProblem { line: placed.line, kind }]).into());
                }
                // uv fetches it, and builds it only where it may.
                InputLine::Placed(placed) if matches!(placed.place, Place::Url(_)) => {
                    copy += &format!("{placed}\n");
                    continue;
                }
                InputLine::Placed(_) | InputLine::Requirement(_) | InputLine::FindLinks(_) | InputLine::Lookup(_) => {
                    copy.extend(own_line(&line, path));
                    continue;
                }
            };
            let name = self.add(&beside(path, included), allowed, (depth + 1, option == "-c"))?;
            copy += &format!("{option} {name}\n");
        }
        let name = format!("{}-requirements.in", self.files.len());
        self.files.push((name.clone(), copy));
        Ok(name)
    }
}

/// Checks that requirements include no file and name no folder outside of the workspace: an error would show lines of
/// the one, and the other's files would come into the image.
///
/// What cannot be read is told when it is needed.
///
/// # Errors
/// For the first that leads out.
pub(crate) fn check_places(
    path: &Path,
    allowed: &BTreeSet<DistributionName>,
    workspace: &Workspace,
    depth: usize,
) -> Result<(), BuildError> {
    workspace.check(path)?;
    let Some(text) = text(path).ok().filter(|_| depth <= MAX_DEPTH) else { return Ok(()) };
    for line in lines(path, &text, allowed).unwrap_or_default() {
        match line {
            InputLine::Include(name) | InputLine::Constraint(name) => {
                check_places(&beside(path, &name), allowed, workspace, depth + 1)?;
            }
            InputLine::FindLinks(place) if !place.contains("://") => workspace.check(&beside(path, &place))?,
            // What is at a place is checked when it is looked for.
            InputLine::FindLinks(_) | InputLine::Requirement(_) | InputLine::Placed(_) | InputLine::Lookup(_) => {}
        }
    }
    Ok(())
}

/// The lines of a file that are about no other file of requirements, as uv is given them.
///
/// # Errors
/// When some would run code.
pub(crate) fn own_lines(path: &Path, text: &str, allowed: &BTreeSet<DistributionName>) -> Result<String, BuildError> {
    Ok(lines(path, text, allowed)?.iter().filter_map(|line| own_line(line, path)).collect())
}

/// The lines of a file on where files are found, as uv is given them; what cannot be read is told elsewhere.
pub(crate) fn lookups(path: &Path, text: &str) -> String {
    let lines = input_lines(text, &BTreeSet::new()).unwrap_or_default();
    let is_lookup = |line: &&InputLine| matches!(line, InputLine::FindLinks(_) | InputLine::Lookup(_));
    lines.iter().filter(is_lookup).filter_map(|line| own_line(line, path)).collect()
}

fn lines(path: &Path, text: &str, allowed: &BTreeSet<DistributionName>) -> Result<Vec<InputLine>, LockError> {
    input_lines(text, allowed).map_err(|problems| not_lockable(path, problems))
}

fn not_lockable(path: &Path, problems: Vec<RequirementProblem>) -> LockError {
    LockError::NotLockable(RequirementsError { file: path.display().to_string(), problems })
}

/// A line that is about no other file of requirements.
fn own_line(line: &InputLine, path: &Path) -> Option<String> {
    match line {
        InputLine::Requirement(text) | InputLine::Lookup(text) => Some(format!("{text}\n")),
        InputLine::FindLinks(place) if place.contains("://") => Some(format!("--find-links {place}\n")),
        InputLine::FindLinks(place) => Some(format!("--find-links {}\n", beside(path, place).display())),
        InputLine::Placed(_) | InputLine::Include(_) | InputLine::Constraint(_) => None,
    }
}

/// The path of a file that another one names.
pub(crate) fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(name)
}
