//! Whether anything that a build was made from has changed since: if not, its result is known without asking anybody.

mod file_state;
pub(crate) mod heard;
pub(crate) mod inputs;
pub(crate) mod remembered;
pub(crate) mod watched;
