//! HTTP: one client with its options, requests that can be sent again, small fetches, and downloads into the cache.

mod client;
mod download;
mod fetch;
mod host_certificates;
mod network;
mod options;
mod redirect;
mod request;
mod response;
pub(crate) mod url;

pub use client::Http;
pub(crate) use client::{pause_asked, registry_errors};
pub use download::Download;
pub(crate) use download::{DownloadTarget, range_start};
pub use fetch::{FetchOptions, Fetched};
pub use options::HttpOptions;
pub(crate) use request::{Payload, Request};
pub(crate) use response::header;

#[cfg(test)]
mod tests;
