//! Places on this machine that shipwheel writes to: folders held open, files that appear complete, and who owns what.

mod above;
mod file_stat;
mod folder;
mod hold;
mod output_file;
mod owner;
pub(crate) mod place_error;
pub(crate) mod small_file;
mod user;

pub use file_stat::FileStat;
pub(crate) use folder::{Folder, NOW, changed, file_size};
pub(crate) use hold::FolderHold;
pub(crate) use output_file::{OutputFile, UNFINISHED, is_unfinished, unfinished_name, write_renamed};
pub use output_file::{check_output, write_output};
pub use place_error::PlaceError;
pub(crate) use user::PRIVATE;
pub use user::{TRUSTED_FOLDERS, user_name};
