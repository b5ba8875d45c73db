//! Resolves what an image is made of, builds its layers, and assembles it.
//!
//! [`build()`] goes the whole way for a [`Definition`]: the base of each platform, the wheels of
//! the lock, the application's files, the plan, the layers, config, manifest and index. This
//! crate starts the interpreter processes and knows about concurrency; it neither prints nor
//! reads the environment: a [`Session`] brings both.
//!
//! ```no_run
//! use shipwheel_builder::{Definition, Places, Report, Sandbox, VerifyOptions, verify};
//! use shipwheel_store::{Cache, LocalImage};
//!
//! struct Silent;
//!
//! impl Report for Silent {
//!     fn step(&self, _: &str) {}
//!     fn warning(&self, _: &str) {}
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let places = Places { images: std::path::Path::new("images"), home: None };
//! let definition = Definition::load(places, Some("app"), None, &Default::default())?;
//! println!("{} is for {} platforms", definition.name, definition.spec.platforms.len());
//!
//! let cache = Cache::open(std::path::Path::new("/var/tmp/shipwheel"))?;
//! let image = "oci:target/images/app".parse::<LocalImage>()?.open()?;
//! let sandbox = Sandbox::new("/usr/local/bin/shipwheel".into(), true);
//! let (platforms, rebuild) = (Vec::new(), false);
//! let options = VerifyOptions { cache: &cache, report: &Silent, jobs: 2, sandbox, platforms, rebuild };
//! let report = verify(&*image, &options)?;
//! println!("{} has {} problems", report.root, report.problems());
//! # Ok(())
//! # }
//! ```
//!
//! The verbs are the files beside this one; the folders hold the nouns that they work with.

// Tests may read their own files in any way; what ships is checked without them.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod attest;
mod authenticate;
mod build;
mod bundle;
mod compare;
mod compile_folder;
mod describe;
mod doctor;
mod enter_confinement;
mod enter_container;
mod load;
mod rebase;
mod relock;
mod retrofit;
mod run;
mod share;
mod sign;
mod startup;
mod unbundle;
mod verify;

mod attestation;
mod base;
mod bundled;
mod confine;
mod contents;
mod disk;
mod fingerprint;
mod inspect;
mod interpreter;
mod layer;
mod loading;
mod lock;
mod machine;
mod prepare;
mod program;
mod project;
mod proof;
mod rebased;
mod resolve;
mod shared;
mod wheel;

mod error;

mod interpreter_choice;
mod offline;
mod session;

pub use attest::{AttestOptions, Testimony, attest, index_attestations, sbom, testify};
pub use attestation::attached_sbom::attached_sbom;
pub use attestation::attest_error::AttestError;
pub use attestation::key_file::{read_public_key, read_signing_key};
pub use attestation::refused::{Refused, RefusedReason};
pub use authenticate::{Authenticity, authenticate};
pub use build::{build, lock_image, plan};
pub use bundle::{Bundle, bundle};
pub use bundled::answers::Answers;
pub use bundled::bundle_error::BundleError;
pub use bundled::input::InputKind;
pub use bundled::outside::{Notes, Outside};
pub use compare::compare;
pub use compile_folder::{LocalReport, LocalTree, compile_folder};
pub use confine::confine_error::ConfineError;
pub use confine::run_error::RunError;
pub use confine::sandbox::{CONFINED, CONTAINED, Sandbox};
pub use contents::comparison::{
    Change, Comparison, FileChange, LayerChange, PlatformComparison, PullCost, SettingChange, VersionChange,
};
pub use contents::contents::{Contents, ImageInterpreter, Part, Weight};
pub use contents::coverage::{Coverage, FolderCoverage};
pub use contents::description::{Attached, AttachedBy, Description};
pub use contents::distributions::ImageDistribution;
pub use contents::layers::LayerContents;
pub use contents::owner::{ImageFile, Owner};
pub use contents::packages::ImagePackage;
pub use contents::system::SystemRelease;
pub use describe::{DescribeOptions, describe};
pub use disk::file_error::FileError;
pub use doctor::{DoctorOptions, doctor};
pub use enter_confinement::enter_confinement;
pub use enter_container::enter_container;
pub use error::BuildError;
pub use inspect::counted::counted;
pub use inspect::finding::{Finding, FindingKind, Severity};
pub use inspect::image_error::ImageError;
pub use interpreter::interpreter_error::InterpreterError;
pub use interpreter_choice::InterpreterChoice;
pub use layer::kept_layer::check_cache;
pub use layer::report::{Built, LayerReport, LayerStatus, PlatformReport};
pub use load::{LoadOptions, LoadTarget, Loaded, Runtimes, load};
pub use lock::image_lock::forms;
pub use lock::upgrade::Upgrade;
pub use machine::machine_error::MachineError;
pub use machine::offer::{Offer, OfferState};
pub use program::load_error::LoadError;
pub use project::definition::{Definition, Locked, Places};
pub use rebase::{Onto, Rebased, RebasedPlatform, rebase};
pub use rebased::rebase_error::RebaseError;
pub use relock::{Relocked, relock};
pub use retrofit::{Retrofitted, RetrofittedPlatform, retrofit};
pub use run::{Changes, Prepared, RunOptions, RunRequest, RunVolume, RunWay, Runner, Running};
pub use session::{Report, Session, created};
pub use share::{share, take_notes};
pub use shipwheel_store::ErrorKind;
pub use sign::{SignaturePlace, Signed, sign, tag_signatures};
pub use startup::{Import, StartupCost, StartupModule, StartupOptions, StartupProfile, StartupReport, startup};
pub use unbundle::unbundle;
pub use verify::{VerifiedPlatform, VerifyOptions, VerifyReport, verify};
