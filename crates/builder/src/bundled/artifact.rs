//! How a bundle is written down: one manifest, whose layers are its inputs.

/// What the artifact is.
pub(crate) const BUNDLE_TYPE: &str = "application/vnd.shipwheel.bundle.v1+json";

/// The name of an input (OCI image spec, "Annotations"): `oras pull` writes files under it.
pub(crate) const TITLE: &str = "org.opencontainers.image.title";

/// What an input is for.
pub(crate) const KIND: &str = "dev.shipwheel.bundle.kind";

/// The name of the image.
pub(crate) const NAME: &str = "dev.shipwheel.bundle.name";

/// The platforms of the image, with commas between them.
pub(crate) const PLATFORMS: &str = "dev.shipwheel.bundle.platforms";
