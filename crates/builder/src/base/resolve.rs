//! The base of a definition → the base of each platform.

use shipwheel_oci::Platform;
use shipwheel_plan::spec::Base;

use super::base_error::BaseError;
use super::resolved::ResolvedBases;
use super::{debian, image, mirror};
use crate::error::BuildError;
use crate::project::definition::Definition;
use crate::session::Session;

/// Resolves the base of a definition for some platforms, and for a `compiler`'s if the base has it.
///
/// Of several bases the first that can be tried at all on this machine is taken; a failure
/// of that one is an error and no reason to try the next.
///
/// # Errors
/// When none can be tried, or the one that can fails.
pub(crate) fn resolve(
    session: &Session<'_>,
    definition: &Definition,
    platforms: &[Platform],
    compiler: Option<&Platform>,
) -> Result<ResolvedBases, BuildError> {
    let all: Vec<Platform> = platforms.iter().chain(compiler).cloned().collect();
    let platforms = &all[..];
    for base in &definition.spec.base {
        match base {
            Base::Debian(debian) => match mirror::find(session, debian) {
                Some(mirrors) => {
                    let name = format!("Debian {}", debian.suite.value);
                    session.report.step(&format!("base: {name} from {}", mirrors.shown()));
                    let by_platform = debian::resolve(session, definition, debian, &mirrors, platforms)?;
                    return Ok(ResolvedBases { name, is_image: false, by_platform });
                }
                None => continue,
            },
            Base::Image(reference) => {
                session.report.step(&format!("base: {}", reference.value));
                let by_platform = image::from_registry(session, &reference.value, platforms, compiler)?;
                let name = reference.value.to_string();
                return Ok(ResolvedBases { name, is_image: true, by_platform });
            }
            Base::Layout(path) => {
                session.report.step(&format!("base: {}", path.value));
                let by_platform = image::from_layout(session, definition, path, platforms, compiler)?;
                return Ok(ResolvedBases { name: path.value.clone(), is_image: false, by_platform });
            }
        }
    }
    // Only a base of Debian's packages can be passed over.
    Err(if definition.spec.base.is_empty() { BaseError::NotNamed } else { BaseError::NoMirror }.into())
}
