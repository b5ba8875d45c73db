//! A page of a package index that cannot be read.

/// A page that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It is not the JSON that PEP 691 describes.
    #[error("it is no page of a package index in JSON (PEP 691)")]
    Json {
        /// The cause.
        #[source]
        cause: serde_json::Error,
    },
    /// It follows a later version of the index's interface.
    #[error("it follows version {} of the simple repository API, and version 1 can be read", found.escape_debug())]
    Version {
        /// The version that it names.
        found: String,
    },
    /// It is something else.
    #[error("it is of the type `{}`, expected a page of a package index in JSON or HTML", found.escape_debug())]
    MediaType {
        /// What the answer says that it is.
        found: String,
    },
    /// The address that it came from cannot be one.
    #[error("its address cannot be read")]
    Address,
}
