//! Images and the two sides of a copy: where one is read from, where one is written to, and what hangs together in it.

mod destination;
mod graph;
mod platform_image;
mod referrer;
mod report;
mod source;
mod stored_image;

pub use destination::{Destination, Offer, Prospect, PublishedImage};
pub(crate) use graph::refuse_foreign;
pub use graph::{Document, ImageGraph, Walk, is_attestation};
pub use platform_image::PlatformImage;
pub use referrer::Referrer;
pub use report::{PushReport, Pushed};
pub use source::ImageSource;
pub use stored_image::StoredImage;
