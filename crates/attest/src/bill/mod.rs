//! SBOMs: what an image is made of, in SPDX and in CycloneDX.

pub(crate) mod component;
pub(crate) mod cyclonedx;
mod debian_license;
pub(crate) mod document;
pub(crate) mod license;
pub(crate) mod purl;
pub(crate) mod spdx;
#[cfg(test)]
mod tests;
