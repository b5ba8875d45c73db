//! Files for which a lock has a sha384 or a sha512 in place of a sha256: verified by that, and known by their sha256 from
//! then on.

use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::lock::{LockedSdist, LockedWheel, name_in_url};
use shipwheel_python::wheel::StrongHash;

use super::origins::WheelOrigins;
use super::wheel_set_error::WheelSetError;
use crate::bundled::answers::About;
use crate::bundled::input::InputKind;
use crate::error::BuildError;
use crate::session::Session;
use shipwheel_store::FileAction;

/// The kind of record that has the sha256 of a file by its other hashes.
const RECORD: &str = "strong-hashes";

/// The sha256 of a wheel, from the user's folders or from where the lock says that it is.
///
/// # Errors
/// When it cannot be obtained, or has none of the hashes that the lock lists.
pub(super) fn sha256_of_wheel(
    session: &Session<'_>,
    origins: &WheelOrigins,
    wheel: &LockedWheel,
) -> Result<Digest, BuildError> {
    let name = wheel.name.file_name();
    remembered(session, name, &wheel.stronger, || match origins.sha256_in_folders(&wheel.name, &wheel.stronger)? {
        Some(found) => Ok(found),
        None => {
            let place = (wheel.path.as_deref(), wheel.url.as_deref());
            proved(session, name, &wheel.stronger, origins.take_unknown(session, name, place, wheel.size)?)
        }
    })
}

/// The sha256 of a source distribution, from where the lock says that it is.
///
/// # Errors
/// As [`sha256_of_wheel`].
pub(super) fn sha256_of_sdist(
    session: &Session<'_>,
    origins: &WheelOrigins,
    sdist: &LockedSdist,
) -> Result<Digest, BuildError> {
    let name = name_in_url(sdist.path.as_deref().or(sdist.url.as_deref()).unwrap_or_default());
    remembered(session, &name, &sdist.stronger, || {
        let place = (sdist.path.as_deref(), sdist.url.as_deref());
        proved(session, &name, &sdist.stronger, origins.take_unknown(session, &name, place, None)?)
    })
}

fn remembered(
    session: &Session<'_>,
    name: &str,
    hashes: &[StrongHash],
    find: impl FnOnce() -> Result<Digest, BuildError>,
) -> Result<Digest, BuildError> {
    let mut hasher = Hasher::new();
    hasher.field(name).fields(hashes.iter().map(ToString::to_string));
    let key = hasher.finish();
    let question = format!("{name} {}", key.hex());
    if let Some(known) = session.outside.known(About::Sha256, &question) {
        return proved(session, name, hashes, known);
    }
    let found = session.cache.remember(RECORD, &key, |_| true, find)?;
    session.outside.note(About::Sha256, &question, &found);
    session.outside.note_input(InputKind::Wheel, name, found);
    Ok(found)
}

/// The digest of a blob that was taken in, if it has one of the hashes.
fn proved(session: &Session<'_>, name: &str, hashes: &[StrongHash], digest: Digest) -> Result<Digest, BuildError> {
    let mut blob = session.cache.open_blob(&digest)?;
    match StrongHash::first_of(hashes, &mut blob).map_err(BuildError::file(FileAction::Read, session.cache.root()))? {
        Some(_) => Ok(digest),
        None => Err(WheelSetError::Unproved { file: name.to_owned(), hashes: hashes.to_vec() }.into()),
    }
}
