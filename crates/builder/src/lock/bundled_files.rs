//! The files that indexes have for a pin, as a bundle carries them: with their hashes, and without the indexes' addresses.

use shipwheel_oci::Hasher;
use shipwheel_python::index::IndexFile;
use shipwheel_python::requirements::Pin;

use crate::bundled::answers::About;
use crate::bundled::outside::Outside;

/// Notes the files of a pin that have a hash which it lists.
pub(super) fn note(outside: &Outside, pin: &Pin, files: &[IndexFile]) {
    let allowed = files.iter().filter(|file| pin.allows(file));
    // Where it was is nobody's concern, and may have a password in it; its name may be taken from there.
    let files = allowed.map(|file| IndexFile { url: format!("bundle:/{}", file.name), ..file.clone() });
    let mut files: Vec<IndexFile> = files.collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    outside.note(About::Files, &question(pin), &files);
}

/// The files of a pin that a bundle has. Only those with a hash that the pin lists are ever taken.
pub(super) fn known(outside: &Outside, pin: &Pin) -> Option<Option<Vec<IndexFile>>> {
    outside.known::<Vec<IndexFile>>(About::Files, &question(pin)).map(Some)
}

/// A pin with its hashes, whichever line it is in.
fn question(pin: &Pin) -> String {
    let mut hasher = Hasher::new();
    hasher.fields(pin.hashes.iter().map(|digest| digest.as_bytes())).field("stronger");
    hasher.fields(pin.stronger.iter().map(ToString::to_string));
    format!("{} {} {}", pin.name, pin.version, hasher.finish().short())
}
