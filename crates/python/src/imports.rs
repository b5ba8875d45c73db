//! What a program imports, held against what an image has: which import is bound to fail when the image starts.
//!
//! [`Statements`] are what one module says, read from its syntax tree; [`ModuleFiles`] are the files that the image's
//! interpreter could find; [`follow`] goes from what a command starts through every import that is bound to happen.
//! Nothing is run, so what is only known at run time is never called missing.

mod distribution;
mod django;
mod files;
mod flags;
mod follow;
mod gunicorn;
mod made;
mod settings;
mod start;
mod statements;
#[cfg(test)]
mod tests;
mod when;

pub use distribution::distribution_of;
pub use django::DjangoStatements;
pub use files::ModuleFiles;
pub use flags::ImportFolders;
pub use follow::{Missing, Program, What, follow};
pub use gunicorn::gunicorn_arguments;
pub use made::{makes_module, makes_modules};
pub use start::{Command, Start, starts};
pub use statements::{Import, Statements};
pub use when::When;
