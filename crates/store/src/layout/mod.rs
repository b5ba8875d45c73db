//! OCI image layouts in folders, and the `index.json` that archives have as well.

mod destination;
mod folder;
mod index_json;
mod journal;
mod output;
mod replaced;
mod source;

pub use destination::LayoutDestination;
pub(crate) use index_json::{OCI_LAYOUT, TopIndex, entry_beside};
pub use source::LayoutSource;
