//! The parsers of what registries answer, without a network: an entrance for the fuzz targets, not part of the API.
//!
//! Addresses go in and come out as text; an address that is not `http` or `https` gives `None`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use shipwheel_oci::{Descriptor, Digest};

use crate::auth::parse_challenges;
use crate::error::Result;
use crate::http::url::{parse_url, redact};
use crate::http::{pause_asked, range_start, registry_errors};
use crate::registry;

/// The challenges in `WWW-Authenticate`: each scheme with its parameters.
pub fn challenges(header: &str) -> Vec<(String, BTreeMap<String, String>)> {
    parse_challenges(header).into_iter().map(|challenge| (challenge.scheme, challenge.parameters)).collect()
}

/// The next page in the `Link` of an answer from an address.
pub fn next_page(from: &str, link: &str) -> Option<String> {
    registry::next_page(&parse_url(from).ok()?, link).map(String::from)
}

/// Where an upload at an address continues according to `Location`, if it may be used.
pub fn upload_address(from: &str, location: &str, insecure_hosts: &BTreeSet<String>) -> Option<String> {
    registry::secure_location(&parse_url(from).ok()?, location, insecure_hosts).map(String::from)
}

/// The address that closes an upload, and what messages show of it.
pub fn closing_address(address: &str, digest: &Digest) -> Option<(String, String)> {
    let closing = registry::closing(&parse_url(address).ok()?, digest);
    Some((String::from(closing.clone()), redact(&closing)))
}

/// How many bytes of an upload have arrived according to `Range`.
pub fn upload_offset(range: &str) -> Option<u64> {
    registry::received(range)
}

/// Where a part of a download begins according to `Content-Range`.
pub fn part_offset(content_range: &str) -> Option<u64> {
    range_start(content_range)
}

/// How long to wait from `now` on according to `Retry-After`.
pub fn pause(retry_after: &str, now: Timestamp) -> Option<Duration> {
    pause_asked(retry_after, now)
}

/// The registry's own words in the body of an error.
pub fn error_words(body: &[u8]) -> String {
    registry_errors(body)
}

/// The media type of a manifest or an index that was served as `content_type`.
pub fn manifest_type(body: &[u8], content_type: Option<String>) -> String {
    registry::manifest_type(body, content_type)
}

/// The descriptors in a list of referrers.
///
/// # Errors
/// When it is not JSON.
pub fn referrers(body: &[u8]) -> Result<Vec<Descriptor>> {
    Ok(registry::entries(body, "a list of referrers")?.into_iter().map(|referrer| referrer.descriptor).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_with_numbers_are_read_or_passed_over() {
        for (range, expected) in [
            ("0-9", Some(10)),
            ("bytes=0-9", Some(10)),
            ("0-0", None),
            ("1-9", None),
            ("0-", None),
            ("0-18446744073709551615", None),
            ("0-18446744073709551616", None),
        ] {
            assert_eq!(upload_offset(range), expected, "{range}");
        }
        for (range, expected) in
            [("bytes 5-9/10", Some(5)), ("bytes */10", None), ("5-9/10", None), ("bytes -9/1", None)]
        {
            assert_eq!(part_offset(range), expected, "{range}");
        }
        let now = Timestamp::from_second(1_445_412_000).expect("in range");
        for (text, expected) in [
            (" 120 ", Some(120)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(480)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(pause(text, now), expected.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn the_next_page_is_the_one_that_is_marked_so() {
        let from = "https://registry.example/v2/app/referrers/x";
        for (link, expected) in [
            (r#"</v2/a?n=2>; rel="next""#, Some("https://registry.example/v2/a?n=2")),
            ("<?n=2>; rel=next", Some("https://registry.example/v2/app/referrers/x?n=2")),
            (r#"</v2/a>; rel="prev""#, None),
            ("/v2/a", None),
            ("<https://u:p@registry.example/v2/a>; rel=next", Some("https://registry.example/v2/a")),
            ("<http://[>; rel=next", None),
        ] {
            assert_eq!(next_page(from, link).as_deref(), expected, "{link}");
        }
    }
}
