//! The base of a definition → the base of each platform.

use std::collections::BTreeSet;

use shipwheel_oci::Platform;
use shipwheel_plan::image_lock::LockedBase;
use shipwheel_plan::spec::Base;
use shipwheel_store::ErrorKind;

use super::base_error::BaseError;
use super::debian_source::DebianSource;
use super::meanwhile::Meanwhile;
use super::resolved::ResolvedBases;
use super::{image, in_order, mirror};
use crate::error::BuildError;
use crate::project::definition::Definition;
use crate::session::Session;

/// The bases of all platforms, and where more packages for them come from, if they are Debian's.
pub(crate) struct Resolution {
    pub(crate) bases: ResolvedBases,
    pub(crate) debian: Option<DebianSource>,
    /// Which base was taken, as image.lock names it.
    pub(crate) chosen: LockedBase,
}

/// The bases of a definition that may be taken on this machine, the best first; there is one at least.
///
/// The first that can be tried at all is taken, and a failure of that one is no reason to try the next. Suites of Debian
/// that follow each other are alternatives: which of them has a Python that everything has a wheel for, the lock decides.
///
/// # Errors
/// When none can be tried.
pub(crate) fn candidates<'d>(session: &Session<'_>, definition: &'d Definition) -> Result<Vec<&'d Base>, BuildError> {
    let bases = &definition.spec.base;
    let has_mirror = |base: &&Base| match base {
        Base::Debian(debian) => mirror::find(session, debian).is_some(),
        Base::Image(_) | Base::Layout(_) => true,
    };
    let usable: Vec<&Base> = bases.iter().filter(has_mirror).collect();
    // What image.lock was made for, its pins are for.
    let is_locked =
        |base: &&&Base| definition.image_lock.as_ref().is_some_and(|lock| lock.base == LockedBase::of(base));
    if let Some(locked) = usable.iter().find(is_locked) {
        return Ok(vec![locked]);
    }
    let suites = usable.iter().take_while(|base| matches!(base, Base::Debian(_))).count();
    match usable.is_empty() {
        false => Ok(usable[..suites.max(1)].to_vec()),
        // Only a base of Debian's packages can be passed over.
        true => Err(if bases.is_empty() { BaseError::NotNamed } else { BaseError::NoMirror }.into()),
    }
}

/// Resolves a base of a definition for some platforms, and for a `compiler`'s if the base has it.
///
/// `meanwhile` is called when a base of Debian's packages is assembled, for each platform.
///
/// # Errors
/// When it cannot be tried on this machine, or fails.
pub(crate) fn resolve(
    session: &Session<'_>,
    definition: &Definition,
    base: &Base,
    platforms: &[Platform],
    compiler: Option<&Platform>,
    meanwhile: &Meanwhile<'_>,
) -> Result<Resolution, BuildError> {
    let chosen = LockedBase::of(base);
    let all: Vec<Platform> = platforms.iter().chain(compiler).cloned().collect();
    let platforms = &all[..];
    match base {
        Base::Debian(debian) => {
            let mirrors = mirror::find(session, debian).ok_or(BaseError::NoMirror)?;
            let name = format!("Debian {}", debian.suite.value);
            let source = DebianSource::of(session, definition, debian, mirrors, platforms)?;
            let by_platform = in_order::each(session, platforms, |session, platform| {
                Ok((platform.clone(), source.resolve(session, platform, &BTreeSet::new(), meanwhile)?))
            })?;
            let by_platform = by_platform.into_iter().collect();
            Ok(Resolution { bases: ResolvedBases::of(&name, by_platform), debian: Some(source), chosen })
        }
        Base::Image(reference) => {
            session.report.step(&format!("base: {}", reference.value));
            let pin = |platform: &Platform| definition.pins(base, platform)?.base;
            let image = image::from_registry(session, &reference.value, platforms, compiler, &pin);
            let by_platform = image.map_err(|error| with_others(session, definition, base, error))?;
            let name = reference.value.to_string();
            Ok(Resolution { bases: ResolvedBases { name, is_image: true, by_platform }, debian: None, chosen })
        }
        Base::Layout(path) => {
            session.report.step(&format!("base: {}", path.value));
            let by_platform = image::from_layout(session, definition, path, platforms, compiler)?;
            Ok(Resolution { bases: ResolvedBases::of(&path.value, by_platform), debian: None, chosen })
        }
    }
}

/// The error of a registry that cannot be asked, with the bases that need none.
fn with_others(session: &Session<'_>, definition: &Definition, base: &Base, error: BuildError) -> BuildError {
    let others = definition.spec.base.iter().filter_map(|other| match other {
        Base::Debian(debian) if mirror::find(session, debian).is_some() => Some(other.name()),
        Base::Debian(_) | Base::Image(_) | Base::Layout(_) => None,
    });
    let suites: Vec<String> = others.collect();
    match error {
        BuildError::Store(cause) if cause.kind() == ErrorKind::Outside && !suites.is_empty() => {
            BaseError::Image { image: base.name(), suites, cause: Box::new(cause) }.into()
        }
        other => other,
    }
}
