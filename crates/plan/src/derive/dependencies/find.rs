//! Which of the files that declare dependencies is taken.

use shipwheel_python::lock::{LockForm, LockReading};

use super::candidate::Candidate;
use super::chain::Chain;
use super::declaration::Declared;
use super::declared;
use super::dynamic;
use crate::derive::error::DeriveError;
use crate::derive::known::Known;
use crate::derive::lock::Lock;

/// How a lock begins that shipwheel itself keeps beside requirements.
const KEPT: &str = "# Locked by shipwheel ";

/// The file that decides which distributions are installed; `None` where nothing asks for any.
///
/// # Errors
/// When dependencies are declared but locked nowhere, several files could be meant, or one that is needed is missing.
pub(crate) fn find(known: &Known<'_>, named: Option<&str>) -> Result<Option<Lock>, DeriveError> {
    let all = candidates(known);
    if let Some(named) = named {
        return self::named(known, named, &all).map(Some);
    }
    for form in LockForm::locks() {
        // What the project itself names is more than a name.
        if form == LockForm::Requirements
            && let [only] = &dynamic::files(known.text("pyproject.toml"))[..]
            && known.has(only)
        {
            return lock(known, only, form, format!("pyproject.toml has its dependencies in {only}")).map(Some);
        }
        let mut of_form: Vec<&Candidate> =
            all.iter().filter(|candidate| candidate.form == form && !candidate.is_for_development()).collect();
        of_form.sort_by_key(|candidate| candidate.rank());
        if let Some(one) = one_of(known, &of_form)? {
            return taken(known, one, &all).map(Some);
        }
    }
    match declared::all(known).into_iter().next() {
        None => Ok(None),
        Some(Declared { place, advice }) => {
            let looked_for = LockForm::locks().map(|form| form.file_name().to_owned()).collect();
            Err(DeriveError::NoLock { place, advice, looked_for })
        }
    }
}

/// What to say where nothing is taken, and a file could be.
pub(crate) fn passed_over(known: &Known<'_>) -> Option<String> {
    let paths: Vec<String> = candidates(known).into_iter().map(|candidate| candidate.path).collect();
    let first = paths.first()?;
    Some(format!(
        "nothing is installed: {} is for development by its name; `--lock {first}` takes it all the same",
        paths.join(", ")
    ))
}

/// Every file that may be taken, less those that are another one's input and those that ask for nothing.
fn candidates(known: &Known<'_>) -> Vec<Candidate> {
    let all: Vec<Candidate> = known.folder.files.iter().filter_map(|path| Candidate::of(path)).collect();
    let is_own = |candidate: &Candidate| {
        let is_input = all.iter().any(|other| candidate.is_input_of(other));
        let is_kept = known.text(&candidate.path).starts_with(KEPT);
        !is_input && !is_kept
    };
    all.iter().filter(|candidate| is_own(candidate)).filter(|it| asks(known, it)).cloned().collect()
}

/// Whether a file asks for a distribution; one whose includes are broken does, so that they are told.
fn asks(known: &Known<'_>, candidate: &Candidate) -> bool {
    candidate.form != LockForm::Requirements
        || Chain::of(known, &candidate.path).map_or(true, |chain| chain.asks_for_anything(known))
}

/// The one that is taken of candidates of one form, the best first.
fn one_of<'c>(known: &Known<'_>, sorted: &[&'c Candidate]) -> Result<Option<&'c Candidate>, DeriveError> {
    let Some(first) = sorted.first() else { return Ok(None) };
    let best: Vec<&Candidate> = sorted.iter().copied().filter(|it| it.rank() == first.rank()).collect();
    // What includes all others that are as good is meant, and so is the plain file that includes them.
    let includes_all = |candidate: &&&Candidate| {
        let files = included(known, candidate).unwrap_or_default();
        best.iter().all(|it| it.path == candidate.path || files.contains(&it.path))
    };
    let plain = sorted.iter().filter(|candidate| candidate.is_plain()).find(includes_all);
    match plain.or_else(|| best.iter().find(includes_all)) {
        Some(taken) => Ok(Some(taken)),
        None => Err(DeriveError::SeveralLocks { found: best.iter().map(|it| it.path.clone()).collect() }),
    }
}

/// The file that the user named.
fn named(known: &Known<'_>, path: &str, all: &[Candidate]) -> Result<Lock, DeriveError> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let form = LockForm::of(path.rsplit('/').next().unwrap_or(path));
    match form.filter(|_| known.has(path)) {
        Some(form) => lock(known, path, form, "`--lock` names it".to_owned()),
        None => Err(DeriveError::NoSuchLock {
            named: path.to_owned(),
            found: all.iter().map(|it| it.path.clone()).collect(),
        }),
    }
}

/// A candidate as what is taken, with the reason for it and what is passed over.
fn taken(known: &Known<'_>, taken: &Candidate, all: &[Candidate]) -> Result<Lock, DeriveError> {
    let path = &taken.path;
    let mut reason = match taken.form.reading() {
        LockReading::Requirements => format!("{path} decides what is installed"),
        LockReading::Native | LockReading::WithProject | LockReading::LockFirst => {
            format!("the folder has {path}, whose hashes decide what is installed")
        }
    };
    let files = included(known, taken)?;
    let unused = all.iter().map(|it| &it.path).filter(|other| *other != path && !files.contains(other));
    let declared = declared::all(known).into_iter().map(|declared| declared.place);
    // What a lock is made from is used by it, and a project says itself what it needs.
    let is_own =
        |place: &String| place.starts_with("pyproject.toml") || place == "Pipfile" && taken.form == LockForm::Pipfile;
    let is_setup = |place: &String| known.is_project && place.starts_with("setup.");
    let declared = declared.filter(|place| !is_own(place) && !is_setup(place));
    let unused: Vec<String> = unused.cloned().chain(declared).collect();
    if !unused.is_empty() {
        reason += &format!("; not used: {}", unused.join(", "));
    }
    lock(known, path, taken.form, reason)
}

/// The files that a candidate includes, itself among them.
fn included(known: &Known<'_>, candidate: &Candidate) -> Result<Vec<String>, DeriveError> {
    match candidate.form.reading() {
        LockReading::Requirements => Ok(Chain::of(known, &candidate.path)?.files),
        LockReading::Native | LockReading::WithProject | LockReading::LockFirst => Ok(Vec::new()),
    }
}

fn lock(known: &Known<'_>, path: &str, form: LockForm, reason: String) -> Result<Lock, DeriveError> {
    let distributions = match form.reading() {
        LockReading::Requirements => Chain::of(known, path)?.distributions(known),
        LockReading::Native | LockReading::WithProject | LockReading::LockFirst => form.distributions(known.text(path)),
    };
    Ok(Lock { path: path.to_owned(), form, reason, distributions })
}
