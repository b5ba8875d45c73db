//! Which of several bases an image is made on: the first for whose Python everything that is locked has a wheel.

use std::collections::BTreeMap;
use std::sync::Once;

use shipwheel_oci::Platform;
use shipwheel_plan::spec::{Base, ImageSpec};
use shipwheel_python::Target;
use shipwheel_python::select::{CoverageError, Reason, SelectProblem};

use crate::base;
use crate::base::meanwhile::Meanwhile;
use crate::base::resolve::Resolution;
use crate::base::resolved::ResolvedBases;
use crate::error::BuildError;
use crate::lock::lock_error::LockError;
use crate::lock::pinned_lock::{KeptLock, PinnedLock, Reader};
use crate::project::definition::Definition;
use crate::project::project::Project;
use crate::session::Session;
use crate::wheel::origins::WheelOrigins;
use crate::wheel::select::{Selected, Selector};
use crate::wheel::wheels::target;

/// The target of each platform whose image has an environment, and whose base has a Python.
pub(super) type Targets = BTreeMap<Platform, Target>;

/// The bases of an image, and the wheels that fit them.
pub(super) struct Based {
    pub(super) base: Resolution,
    pub(super) targets: Targets,
    pub(super) selected: Selected,
}

/// A base that was passed over.
struct PassedOver {
    /// How much has no wheel for it.
    lacking: usize,
    error: BuildError,
    /// What requirements were locked into for it.
    kept: Option<KeptLock>,
}

/// Chooses the base, and the wheels for it.
///
/// The next one is tried only if something has no wheel for the Python of this one; if none will do, the error is that of
/// the base for which the least is missing.
///
/// # Errors
/// When no base can be tried, one cannot be obtained, or the lock does not fit any.
pub(super) fn choose(
    session: &Session<'_>,
    definition: &Definition,
    project: &Project,
    origins: &WheelOrigins,
) -> Result<Based, BuildError> {
    let mut candidates = base::resolve::candidates(session, definition)?;
    let inputs = definition.spec.python.as_ref().zip(project.lock.as_ref());
    let kept = || inputs.map(|(python, lock)| KeptLock::of(lock, python)).transpose().map(Option::flatten);
    // A kept lock remembers for which Python everything had a wheel.
    if let Some(kept) = kept()? {
        candidates.sort_by_key(|base| minor_of(base) != Some(kept.made_for));
    }
    let mut passed: Option<PassedOver> = None;
    let last = candidates.len() - 1;
    for (n, base) in candidates.into_iter().enumerate() {
        match on(session, definition, project, origins, base) {
            Err(error) => match lacking(&error) {
                Some(lacking) if last > 0 => {
                    if n < last {
                        session.report.step(&format!("base: {} is passed over: {}", base.name(), short(&error)));
                    }
                    if passed.as_ref().is_none_or(|best| lacking < best.lacking) {
                        passed = Some(PassedOver { lacking, error, kept: kept()? });
                    }
                }
                _ => return Err(error),
            },
            based => return based,
        }
    }
    let Some(PassedOver { error, kept, .. }) = passed else {
        return Err(BuildError::Internal("there is no base to choose from".to_owned()));
    };
    kept.map_or(Ok(()), |kept| kept.write())?;
    Err(error)
}

fn minor_of(base: &Base) -> Option<u32> {
    match base {
        Base::Debian(debian) => debian.python_minor(),
        Base::Image(_) | Base::Layout(_) => None,
    }
}

/// One base, for all platforms and for this machine's own, whose interpreter compiles, with the wheels for it.
fn on(
    session: &Session<'_>,
    definition: &Definition,
    project: &Project,
    origins: &WheelOrigins,
    base: &Base,
) -> Result<Based, BuildError> {
    let spec = &definition.spec;
    let host = session.host_platform();
    let compiler = Some(host).filter(|host| spec.bytecode.enabled && !spec.platforms.contains(host));
    let base = resolve_beside(
        |meanwhile| base::resolve::resolve(session, definition, base, &spec.platforms, compiler.as_ref(), meanwhile),
        || look_up_ahead(session, project, origins, spec, base),
    )?;
    let targets = targets(spec, &base.bases)?;
    // All that can be missing from a lock is known for every platform before anything is fetched or built.
    let selected = match (&spec.python, &project.lock) {
        (Some(python), Some(lock)) => Selector { session, python, project, lock, origins }.select(&targets)?,
        _ => Selected::default(),
    };
    Ok(Based { base, targets, selected })
}

/// Resolves a base, and looks up files of the lock beside that if it has to be assembled.
fn resolve_beside<T>(resolve: impl FnOnce(&Meanwhile<'_>) -> T, look_up: impl Fn() + Sync) -> T {
    let begun = Once::new();
    std::thread::scope(|scope| {
        let look_up = &look_up;
        resolve(&|| {
            begun.call_once(|| {
                scope.spawn(look_up);
            });
        })
    })
}

/// Looks up the files of a lock for the Python that a base will have: what is found is remembered, and what fails is
/// told when it is asked for again.
fn look_up_ahead(session: &Session<'_>, project: &Project, origins: &WheelOrigins, spec: &ImageSpec, base: &Base) {
    let (Some(python), Some(lock), Some(minor)) = (&spec.python, &project.lock, minor_of(base)) else { return };
    // Whether folders have all of it depends on the base, and a lock that has to be made may need more than an index.
    if session.offline || origins.has_folders() || !PinnedLock::is_made(lock, python, minor) {
        return;
    }
    let reader = Reader { session, python, targets: &[], origins };
    let found = PinnedLock::of(session, project, lock, python, minor).and_then(|pinned| pinned.look_up(reader));
    drop(found);
}

fn targets(spec: &ImageSpec, bases: &ResolvedBases) -> Result<Targets, BuildError> {
    let mut targets = Targets::new();
    for platform in spec.platforms.iter().filter(|_| spec.has_environment()) {
        let base = &bases.by_platform[platform].facts;
        if let Some(python) = &base.python {
            targets.insert(platform.clone(), target(platform, base, python.version)?);
        }
    }
    Ok(targets)
}

/// How much has no wheel for a base. A lock that uv converted for one Python has the wheels of no other, so even of what
/// seems to have none there may be some.
fn lacking(error: &BuildError) -> Option<usize> {
    match error {
        // What is in no index has no wheel for any Python.
        BuildError::Lock(LockError::Coverage(error))
            if error.errors.iter().flat_map(|it| &it.problems).any(is_elsewhere) =>
        {
            None
        }
        BuildError::Lock(LockError::Coverage(error)) => Some(error.errors.iter().map(|it| it.problems.len()).sum()),
        // uv could not even lock for it.
        BuildError::Lock(LockError::NeedsBuild { .. } | LockError::OtherPython { .. }) => Some(usize::MAX),
        _ => None,
    }
}

fn is_elsewhere(problem: &SelectProblem) -> bool {
    matches!(problem, SelectProblem::Package { reason: Reason::NotAWheel(_), .. })
}

/// What is missing, in one line.
fn short(error: &BuildError) -> String {
    match error {
        BuildError::Lock(LockError::Coverage(error)) => names(error),
        _ => "not everything can be had as a wheel for its Python".to_owned(),
    }
}

fn names(error: &CoverageError) -> String {
    let problems = error.errors.iter().flat_map(|error| &error.problems);
    let mut names: Vec<String> = problems
        .map(|problem| match problem {
            SelectProblem::Package { name, version: Some(version), .. } => format!("{name} {version}"),
            SelectProblem::Package { name, version: None, .. } => name.to_string(),
            SelectProblem::Environment | SelectProblem::LockPython { .. } => "the lock".to_owned(),
        })
        .collect();
    names.sort();
    names.dedup();
    let pythons = error.errors.first().map(|error| error.target.python.to_string()).unwrap_or_default();
    let verb = if names.len() == 1 { "has" } else { "have" };
    format!("{} {verb} no wheel for Python {pythons}", names.join(", "))
}
