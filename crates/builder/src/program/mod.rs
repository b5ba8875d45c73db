//! Programs of this machine that a build runs.

pub(crate) mod run;
pub(crate) mod uv;
