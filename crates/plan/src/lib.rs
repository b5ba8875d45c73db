//! `image.toml` and resolved facts → the layers that an image needs, without any I/O.
//!
//! [`ImageSpec::parse`] reads what the user asks for and reports every problem with its
//! line. [`Plan::new`] takes the spec and [`Facts`], in which everything is pinned, and
//! gives for each platform the ordered layers with the key of their inputs: two layers with
//! the same key are the same bytes, whatever image, platform or machine asks for them.
//!
//! It decides; it does not build: that is `shipwheel-builder`.

mod derive;
mod facts;
mod group;
mod layer;
mod needs_source;
mod plan;
mod policy;
mod problem;
mod section;
mod spec;

pub use derive::{DeriveError, Derived, Folder, derive, is_read};
pub use facts::{AppFile, BaseFacts, Facts, PlatformFacts, PythonFacts, SourceFile, SpecialDirectory, WheelFacts};
pub use group::{Group, GroupPolicy, Groupable, group};
pub use layer::{BytecodeInputs, LayerInputs, LayerKind, PlannedLayer, VENV, WheelInput};
pub use needs_source::{needs_source, source_reader};
pub use plan::{Plan, PlanError, PlatformPlan};
pub use policy::{PatternError, Treatment};
pub use problem::{Problem, SpecError};
pub use section::Located;
pub use spec::{
    AcceptedWheel, AppSpec, Base, BytecodeOverride, BytecodeSpec, DebianBase, ImageSpec, LayersSpec, PythonSpec,
    RemoveSource,
};
