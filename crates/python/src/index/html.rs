//! The HTML form of a page (PEP 503): an anchor for each file.

use html5gum::{Token, Tokenizer};
use url::Url;

use super::error::PageError;
use super::file::IndexFile;

/// The files of a page. Anchors that lead to no file are left out, as pip and uv do.
///
/// # Errors
/// When the page says that it is of a later major version (PEP 629).
pub(super) fn files(bytes: &[u8], page: &Url) -> Result<Vec<IndexFile>, PageError> {
    let (mut base, mut files) = (page.clone(), Vec::new());
    for Ok(token) in Tokenizer::new(bytes) {
        let Token::StartTag(tag) = token else { continue };
        let attribute = |name: &str| {
            let value = tag.attributes.get(name.as_bytes())?;
            std::str::from_utf8(value).ok()
        };
        match tag.name.as_slice() {
            b"base" => base = attribute("href").and_then(|href| page.join(href).ok()).unwrap_or(base),
            b"meta" if attribute("name") == Some("pypi:repository-version") => {
                let found = attribute("content").unwrap_or_default();
                if found.split('.').next() != Some("1") {
                    return Err(PageError::Version { found: found.to_owned() });
                }
            }
            b"a" => {
                let file = attribute("href").and_then(|href| IndexFile::at(&base, href, None, None));
                let requires_python = attribute("data-requires-python").and_then(|text| text.parse().ok());
                files.extend(file.map(|file| IndexFile { requires_python, ..file }));
            }
            _ => {}
        }
    }
    Ok(files)
}
