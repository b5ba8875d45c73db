//! Bytes that are nearly always UTF-8: names and link targets, which Linux does not hold to any encoding.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A name or a link target of a file system. Two are the same if their bytes are.
#[derive(Clone)]
pub struct RawText {
    /// The text, with U+FFFD for what is not UTF-8.
    text: Box<str>,
    /// The bytes, where they are not those of the text.
    raw: Option<Box<[u8]>>,
}

impl RawText {
    /// A text of bytes in any encoding.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned().into_boxed_str();
                Self { text, raw: Some(error.into_bytes().into_boxed_slice()) }
            }
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// The text, to be shown and compared with texts; U+FFFD stands for what is not UTF-8.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text is all of it.
    pub fn is_utf8(&self) -> bool {
        self.raw.is_none()
    }
}

impl From<String> for RawText {
    fn from(text: String) -> Self {
        Self { text: text.into_boxed_str(), raw: None }
    }
}

impl From<&str> for RawText {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl PartialEq for RawText {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RawText {}

impl PartialOrd for RawText {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RawText {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for RawText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_and_compared_whatever_they_are() {
        let [utf8, latin1, other] =
            [&b"caf\xc3\xa9"[..], b"caf\xe9", b"caf\xe8"].map(|it| RawText::from_bytes(it.to_vec()));
        assert_eq!((utf8.as_str(), utf8.is_utf8(), utf8.as_bytes()), ("café", true, "café".as_bytes()));
        assert_eq!((latin1.as_str(), latin1.is_utf8(), latin1.as_bytes()), ("caf\u{fffd}", false, &b"caf\xe9"[..]));
        assert!(latin1 != other && other < latin1 && latin1 != RawText::from("caf\u{fffd}"));
        assert_eq!([format!("{latin1}"), format!("{latin1:?}")], ["caf\u{fffd}", "\"caf\u{fffd}\""]);
    }
}
