//! Harness of the end-to-end tests: runs shipwheel, and asks other programs what they think of its images.
//!
//! The judges (registries, runtimes, clients) are Debian's own packages and are never
//! optional: one that is missing fails the test with the line that installs it.
//! Everything happens on the loopback interface and below the target folder.

mod arm64;
mod container;
mod definition;
mod image;
mod judge;
mod layout;
mod program;
mod registry;
mod rootfs;
mod server;
mod uv;

pub use arm64::Arm64;
pub use container::{Container, Podman};
pub use definition::{Definition, wheel};
pub use image::{Image, variosync};
pub use judge::judge;
pub use layout::Layout;
pub use program::{Run, Shipwheel, scratch, workspace};
pub use registry::Registry;
pub use rootfs::Rootfs;
pub use server::{Answer, Server};
pub use uv::uv;
