//! `image.toml` and resolved facts → the layers that an image needs, without any I/O.
//!
//! [`spec::ImageSpec::parse`] reads what the user asks for and reports every problem with its
//! line. [`Plan::new`] takes the spec and [`facts::Facts`], in which everything is pinned, and
//! gives for each platform the ordered layers with the key of their inputs: two layers with
//! the same key are the same bytes, whatever image, platform or machine asks for them.
//!
//! ```
//! use shipwheel_plan::spec::ImageSpec;
//! let spec = ImageSpec::parse("[app]\nsources = [\"main.py\"]", "image.toml", None).unwrap();
//! assert_eq!(spec.app.unwrap().destination.value, "/app");
//! let error = ImageSpec::parse("[app]\nsource = [\"main.py\"]", "image.toml", None).unwrap_err();
//! assert!(error.to_string().contains("did you mean `sources`?"));
//! ```
//!
//! This crate decides; `shipwheel-builder` builds.

pub mod derive;
pub mod development;
pub mod dockerfile;
pub mod dockerignore;
pub mod facts;
mod group;
pub mod image_lock;
pub mod layer;
pub mod leftovers;
pub mod named_inputs;
mod pattern;
mod plan;
pub mod policy;
pub mod secrets;
pub mod shell;
pub mod spec;
mod treatment;
pub mod writable;

pub use plan::{Plan, PlanError, PlatformPlan};
