//! Images and the two sides of a copy: the source that one is read from, and the destination that one is written to.

mod attachment;
mod beside;
mod destination;
mod graph;
mod platform_image;
mod platform_source;
mod referrer;
mod report;
mod source;
mod stored_image;

pub use attachment::Attachment;
pub(crate) use beside::subject_of;
pub use destination::{Destination, Offer, Prospect, PublishedImage};
pub(crate) use graph::refuse_foreign;
pub use graph::{Document, ImageGraph, Walk, is_attestation};
pub use platform_image::PlatformImage;
pub use platform_source::PlatformSource;
pub use referrer::Referrer;
pub use report::{PushReport, Pushed};
pub use source::ImageSource;
pub use stored_image::StoredImage;
