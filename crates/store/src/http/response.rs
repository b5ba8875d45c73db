//! Headers of an answer as text.

use reqwest::Response;
use reqwest::header::HeaderName;

/// A header, if it is there and is text.
pub(crate) fn header(response: &Response, name: HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}
