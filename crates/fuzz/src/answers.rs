//! What registries answer: headers, and the bodies that are not images.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shipwheel_oci::Digest;
use shipwheel_store::{answers as read, redacted};

/// Where the answers come from.
const FROM: &str = "https://registry.example/v2/app/blobs/uploads/?state=secret";

/// The first byte selects which header or body follows.
pub(crate) fn answers(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    match kind % 6 {
        0 => challenges(&text),
        1 => addresses(&text),
        2 => numbers(&text),
        3 => {
            let words = read::error_words(bytes);
            assert!(words.chars().count() <= 402 && !words.chars().any(char::is_control), "{words:?}");
        }
        4 => {
            let media_type = read::manifest_type(bytes, Some(text.lines().next().unwrap_or_default().to_owned()));
            assert!(media_type.starts_with("application/vnd."), "{media_type}");
            let all = read::referrers(bytes).unwrap_or_default();
            assert!(all.len() <= bytes.len());
        }
        _ => {
            let once = redacted(&text);
            assert_eq!(redacted(&once), once, "nothing is left to hide");
        }
    }
}

/// `WWW-Authenticate`.
fn challenges(header: &str) {
    let all = read::challenges(header);
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let shown = all.iter().map(|(scheme, parameters)| {
        let pairs = parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value)));
        format!("{scheme} {}", pairs.collect::<Vec<_>>().join(","))
    });
    assert_eq!(read::challenges(&shown.collect::<Vec<_>>().join(", ")), all, "what is shown reads the same");
}

/// `Location` and `Link`.
fn addresses(text: &str) {
    let digest = Digest::of(b"");
    if let Some(address) = read::upload_address(FROM, text, &BTreeSet::new()) {
        let host = address.strip_prefix("https://").unwrap_or_else(|| panic!("{address}"));
        assert!(!host.split('/').next().unwrap_or_default().contains('@'), "{address}");
        let (closing, shown) = read::closing_address(&address, &digest).expect("an address");
        assert!(closing.contains(&format!("digest={digest}")), "{closing}");
        assert!(!shown.contains("state=secret") || text.contains("secret"), "{shown}");
    }
    let _ = read::next_page(FROM, text);
}

/// `Range`, `Content-Range` and `Retry-After`.
fn numbers(text: &str) {
    assert_ne!(read::upload_offset(text), Some(0));
    let _ = (read::part_offset(text), read::pause(text, Timestamp::UNIX_EPOCH));
}
