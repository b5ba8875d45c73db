//! Folders that an application does not take, wherever they are: the one rule for who collects and who watches.

use std::path::Path;

use shipwheel_plan::leftovers;

/// Whether a folder is left out: by its name, or because it is an environment.
pub(crate) fn is_left_out_folder(path: &Path) -> bool {
    // An OCI layout is the image of an earlier build.
    let is_marked = |mark: &str| path.join(mark).is_file();
    leftovers::is_left_out_folder(&path.to_string_lossy()) || is_marked("pyvenv.cfg") || is_marked("oci-layout")
}
