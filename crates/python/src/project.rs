//! A project's folder → the files of the wheel that its build backend would make, without running it.
//!
//! Only where everything that decides about them is said in files that are read here exactly. Whatever else a folder
//! has (hooks, plugins, native code, keys that are not known) makes it [`NotStatic`], with the reason.

mod archive;
mod backend;
mod declared;
mod entry_points;
mod flit;
mod hatchling;
mod ignored;
mod input;
mod keys;
mod layout;
mod licenses;
mod manifest;
mod metadata;
mod not_static;
mod packages;
mod pdm;
mod poetry;
mod poetry_metadata;
mod project_files;
mod python_text;
mod readme;
mod setup_script;
mod setuptools;
mod static_wheel;
mod uv_build;
mod version_source;
mod version_tool;

pub use declared::declared;
pub use not_static::NotStatic;
pub use project_files::{FileKind, ProjectFiles};
pub use static_wheel::{Content, StaticWheel, static_wheel};
pub use version_tool::{Described, VersionTool, version_tool};

#[cfg(test)]
mod tests;
