//! Resolves what an image is made of, builds its layers, and assembles it.
//!
//! [`build()`] goes the whole way for a [`Definition`]: the base of each platform, the wheels of
//! the lock, the application's files, the plan, the layers, config, manifest and index. This
//! crate starts the interpreter processes and knows about concurrency; it neither prints nor
//! reads the environment: a [`Session`] brings both.

mod app;
mod assemble;
mod base;
mod build;
mod choose;
mod compilers;
mod debian_error;
mod definition;
mod error;
mod folder;
mod interpreter;
mod layers;
mod local;
mod lock;
mod own;
mod project;
mod proof;
mod pure_wheel;
mod retrofit;
mod sdist;
mod session;
mod source;
mod startup;
mod unpack;
mod uv;
mod verify;
mod wheel_places;
mod wheels;

pub use build::{Built, LayerReport, LayerStatus, PlatformReport, build, plan};
pub use debian_error::DebianError;
pub use definition::Definition;
pub use error::{BuildError, ErrorKind};
pub use interpreter::InterpreterChoice;
pub use local::{LocalReport, LocalTree, compile_folder};
pub use lock::{Relocked, Upgrade, relock};
pub use retrofit::{Retrofitted, RetrofittedPlatform, retrofit};
pub use session::{Report, Session};
pub use startup::{StartupCost, StartupModule, StartupOptions, StartupReport, startup};
pub use verify::{Finding, FindingKind, Severity, VerifiedPlatform, VerifyOptions, VerifyReport, verify};
