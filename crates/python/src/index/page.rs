//! The page of a project: which form it has, and where it is.

use url::Url;

use super::error::PageError;
use super::file::IndexFile;
use super::{html, json};
use crate::name::DistributionName;

/// What a client accepts, the form that says most first (PEP 691).
pub const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// The page of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectPage {
    /// Its files, in the order of the page. A yanked one is among them: a lock has named it.
    pub files: Vec<IndexFile>,
}

impl ProjectPage {
    /// Parses a page; `media_type` is the answer's `Content-Type`, `url` the address that it came from in the end.
    ///
    /// # Errors
    /// When it is neither of the forms that [`ACCEPT`] asks for.
    pub fn parse(bytes: &[u8], media_type: &str, url: &str) -> Result<Self, PageError> {
        let page = Url::parse(url).map_err(|_| PageError::Address)?;
        let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let files = match kind.as_str() {
            "application/vnd.pypi.simple.v1+json" | "application/json" => json::files(bytes, &page)?,
            "application/vnd.pypi.simple.v1+html" | "text/html" | "" => html::files(bytes, &page)?,
            _ => return Err(PageError::MediaType { found: media_type.chars().take(100).collect() }),
        };
        Ok(Self { files })
    }
}

/// The address of a project's page: the index's own, with the name and a slash behind it (PEP 503).
pub fn project_url(index: &str, name: &DistributionName) -> String {
    format!("{}/{name}/", index.trim_end_matches('/'))
}
