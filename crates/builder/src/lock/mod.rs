//! Lock files: read, converted to the one form that wheels are selected from, and made again.

mod bundled_files;
pub(crate) mod image_lock;
pub(crate) mod image_lock_error;
pub(crate) mod indexes;
pub(crate) mod input_files;
pub(crate) mod kept;
pub(crate) mod lock_error;
pub(crate) mod lock_file;
pub(crate) mod pinned_lock;
pub(crate) mod placed_error;
mod placed_metadata;
pub(crate) mod placed_requirement;
pub(crate) mod requirement_files;
pub(crate) mod stale;
pub(crate) mod tool_copy;
pub(crate) mod tool_lock;
pub(crate) mod unlocked;
pub(crate) mod upgrade;
pub(crate) mod uv_choice;
