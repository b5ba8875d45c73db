//! The JSON form of a page (PEP 691, with PEP 700's sizes).

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::error::PageError;
use super::file::IndexFile;
use crate::wheel::StrongHash;

#[derive(Deserialize)]
struct RawPage {
    meta: RawMeta,
    files: Vec<RawFile>,
}

#[derive(Deserialize)]
struct RawMeta {
    #[serde(rename = "api-version")]
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    requires_python: Option<String>,
    size: Option<u64>,
}

/// The files of a page.
///
/// # Errors
/// When it is no such document, or one of a later major version (PEP 629).
pub(super) fn files(bytes: &[u8], page: &Url) -> Result<Vec<IndexFile>, PageError> {
    let raw: RawPage = serde_json::from_slice(bytes).map_err(|cause| PageError::Json { cause })?;
    if raw.meta.api_version.split('.').next() != Some("1") {
        return Err(PageError::Version { found: raw.meta.api_version });
    }
    Ok(raw.files.into_iter().filter_map(|file| file.checked(page)).collect())
}

impl RawFile {
    fn checked(self, page: &Url) -> Option<IndexFile> {
        let sha256 = self.hashes.get("sha256").map(String::as_str);
        let file = IndexFile::at(page, &self.url, Some(&self.filename), sha256)?;
        let requires_python = self.requires_python.and_then(|text| text.parse().ok());
        let own = StrongHash::all_of(|name| self.hashes.get(name).map(String::as_str));
        let stronger = own.into_iter().chain(file.stronger.iter().copied()).collect();
        Some(IndexFile { size: self.size, requires_python, stronger, ..file })
    }
}
