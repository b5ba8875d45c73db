//! ASCII armor (RFC 9580, 6.2): blocks of base64 between dashed lines.
//!
//! The checksum that may follow the base64 is ignored, as RFC 9580, 6.1 asks: signatures protect the content.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::FormatError;

/// A kind of armored block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    PublicKey,
    Signature,
}

impl Label {
    fn begin(self) -> &'static str {
        match self {
            Self::PublicKey => "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            Self::Signature => "-----BEGIN PGP SIGNATURE-----",
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::PublicKey => "-----END PGP PUBLIC KEY BLOCK-----",
            Self::Signature => "-----END PGP SIGNATURE-----",
        }
    }

    /// Whether a line opens such a block.
    pub(crate) fn opens(self, line: &[u8]) -> bool {
        line.trim_ascii_end() == self.begin().as_bytes()
    }
}

/// The lines of a text with their numbers.
pub(crate) type Lines<'a> = std::iter::Peekable<std::iter::Enumerate<std::slice::Split<'a, u8, fn(&u8) -> bool>>>;

/// Splits a text at its line feeds.
pub(crate) fn lines(text: &[u8]) -> Lines<'_> {
    let is_end: fn(&u8) -> bool = |byte| *byte == b'\n';
    text.split(is_end).enumerate().peekable()
}

/// Whether there are blocks of a kind in a text.
pub(crate) fn is_armored(text: &[u8], label: Label) -> bool {
    lines(text).any(|(_, line)| label.opens(line))
}

/// Decodes every block of a kind; skips text between blocks.
pub(crate) fn blocks(text: &[u8], label: Label) -> Result<Vec<Vec<u8>>, FormatError> {
    let (mut lines, mut blocks) = (lines(text), Vec::new());
    while let Some((index, line)) = lines.next() {
        if label.opens(line) {
            blocks.push(block(&mut lines, index + 1, label)?);
        }
    }
    Ok(blocks)
}

/// Decodes the block whose first line, number `begin`, was just read; its last line is consumed.
pub(crate) fn block(lines: &mut Lines<'_>, begin: usize, label: Label) -> Result<Vec<u8>, FormatError> {
    let (mut base64, mut last, mut in_headers) = (Vec::new(), begin, true);
    for (index, line) in lines.by_ref() {
        let line = line.trim_ascii();
        last = index + 1;
        if line == label.end().as_bytes() {
            return STANDARD.decode(&base64).map_err(|_| FormatError::Base64 { line: begin });
        }
        if line.starts_with(b"-----") {
            break;
        }
        if in_headers {
            let is_header = line.windows(2).any(|pair| pair == b": ") || line.ends_with(b":");
            match line {
                b"" => in_headers = false,
                _ if is_header => {}
                _ => return Err(FormatError::Line { line: last, expected: "an empty line after the armor's headers" }),
            }
        } else if !is_checksum(line) {
            base64.extend_from_slice(line);
        }
    }
    Err(FormatError::Line { line: last, expected: label.end() })
}

/// Base64 never begins a line with `=` in blocks as programs write them: their lines hold whole groups.
fn is_checksum(line: &[u8]) -> bool {
    line.len() == 5 && line.starts_with(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Vec<Vec<u8>>, FormatError> {
        blocks(text.as_bytes(), Label::Signature)
    }

    const BLOCK: &str = "-----BEGIN PGP SIGNATURE-----\nVersion: 1\n\naGVs\nbG8=\n=AAAA\n-----END PGP SIGNATURE-----\n";

    #[test]
    fn blocks_decode_with_and_without_headers_checksum_and_carriage_returns() {
        let bare = BLOCK.replace("Version: 1\n", "").replace("=AAAA\n", "");
        for text in [BLOCK.to_owned(), BLOCK.replace('\n', "\r\n"), bare] {
            assert_eq!(decode(&text), Ok(vec![b"hello".to_vec()]), "{text}");
            assert_eq!(decode(&format!("a\n{text}b\n{text}")).map(|all| all.len()), Ok(2), "{text}");
        }
        assert_eq!(decode("a"), Ok(Vec::new()));
        assert_eq!(
            decode(&BLOCK.replace("aGVs\nbG8=", "aGVsb\nG8=")),
            Ok(vec![b"hello".to_vec()]),
            "lines of any length"
        );
    }

    #[test]
    fn broken_blocks_are_errors() {
        let expected = Label::Signature.end();
        for (text, error) in [
            (&BLOCK[..50], FormatError::Line { line: 5, expected }),
            (&BLOCK.replace("END", "BEGIN"), FormatError::Line { line: 7, expected }),
            (&BLOCK.replace("aGVs", "a%Vs"), FormatError::Base64 { line: 1 }),
            (&BLOCK.replace("=AAAA", "=AAAAA"), FormatError::Base64 { line: 1 }),
            (
                &BLOCK.replace("\n\n", "\n"),
                FormatError::Line { line: 3, expected: "an empty line after the armor's headers" },
            ),
        ] {
            assert_eq!(decode(text), Err(error), "{text}");
        }
    }
}
