//! Cleartext messages (RFC 9580, 7): a text that people can read, with its signatures below.

use crate::armor::{self, Label, Lines};
use crate::error::FormatError;

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

/// A signed text and the packets of its signatures; nothing about them is proven.
pub(crate) struct Cleartext<'a> {
    /// The lines, without escapes and without blanks at their ends.
    pub(crate) lines: Vec<&'a [u8]>,
    /// The packets of each block.
    pub(crate) signatures: Vec<Vec<u8>>,
}

impl<'a> Cleartext<'a> {
    /// Reads one message. Text before or after it is an error, as with apt: it would be unsigned.
    pub(crate) fn parse(message: &'a [u8]) -> Result<Self, FormatError> {
        let mut lines = armor::lines(message);
        match lines.next() {
            Some((_, line)) if line.trim_ascii_end() == BEGIN => {}
            _ => return Err(FormatError::Line { line: 1, expected: "-----BEGIN PGP SIGNED MESSAGE-----" }),
        }
        skip_headers(&mut lines)?;
        let (text, begin) = read_text(&mut lines)?;
        let mut signatures = vec![armor::block(&mut lines, begin, Label::Signature)?];
        // Several signers may have appended a block each.
        while let Some((index, line)) = lines.next() {
            if Label::Signature.opens(line) {
                signatures.push(armor::block(&mut lines, index + 1, Label::Signature)?);
            } else if !line.trim_ascii().is_empty() {
                return Err(FormatError::Line { line: index + 1, expected: "the end of the message" });
            }
        }
        Ok(Self { lines: text, signatures })
    }
}

/// Skips the headers, which only name digests; the signatures name their own.
fn skip_headers(lines: &mut Lines<'_>) -> Result<(), FormatError> {
    let mut last = 1;
    for (index, line) in lines.by_ref() {
        last = index + 1;
        match line.trim_ascii_end() {
            b"" => return Ok(()),
            line if line.starts_with(b"Hash:") => {}
            _ => break,
        }
    }
    Err(FormatError::Line { line: last, expected: "a `Hash` header or an empty line" })
}

/// Reads the text, and the number of the line that opens the signatures.
fn read_text<'a>(lines: &mut Lines<'a>) -> Result<(Vec<&'a [u8]>, usize), FormatError> {
    let (mut text, mut last) = (Vec::new(), 0);
    for (index, line) in lines.by_ref() {
        last = index + 1;
        if Label::Signature.opens(line) {
            return Ok((text, last));
        }
        let line = match line {
            [b'-', b' ', rest @ ..] => rest,
            // All other lines with a dash must be escaped: this one was put in later.
            [b'-', ..] => break,
            line => line,
        };
        text.push(without_blanks(line));
    }
    Err(FormatError::Line { line: last, expected: "text, or -----BEGIN PGP SIGNATURE-----" })
}

/// Blanks and carriage returns at the end of a line are not signed.
fn without_blanks(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !b" \t\r".contains(byte));
    &line[..end.map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOne: 1 \n- -dash\n\nend\n\
        -----BEGIN PGP SIGNATURE-----\n\niA==\n-----END PGP SIGNATURE-----\n";

    fn parse(message: &str) -> Result<(String, usize), FormatError> {
        let message = Cleartext::parse(message.as_bytes())?;
        Ok((String::from_utf8(message.lines.join(&b'|')).expect("text"), message.signatures.len()))
    }

    #[test]
    fn the_text_is_read_without_escapes_and_blanks_at_the_ends_of_lines() {
        let expected = Ok(("One: 1|-dash||end".to_owned(), 1));
        assert_eq!(parse(MESSAGE), expected);
        assert_eq!(parse(&MESSAGE.replace('\n', "\r\n")), expected);
        assert_eq!(parse(&MESSAGE.replace("end", "end\t \t")), expected);
        assert_eq!(parse(&MESSAGE.replace("Hash: SHA256\n", "")), expected);
        let block = &MESSAGE[MESSAGE.find("-----BEGIN PGP SIGNATURE").expect("there")..];
        assert_eq!(parse(&format!("{MESSAGE}{block}\n")).map(|(_, count)| count), Ok(2));
    }

    #[test]
    fn a_broken_block_is_named_by_its_first_line() {
        let block = &MESSAGE[MESSAGE.find("-----BEGIN PGP SIGNATURE").expect("there")..];
        let broken = |text: &str| text.replace("iA==", "i%==");
        let error = |message: &str| parse(message).map(drop);
        assert_eq!(error(&broken(MESSAGE)), Err(FormatError::Base64 { line: 8 }));
        assert_eq!(error(&format!("{MESSAGE}{}", broken(block))), Err(FormatError::Base64 { line: 12 }));
    }

    #[test]
    fn anything_besides_one_message_is_an_error() {
        let check = |message: &str, line| match parse(message) {
            Err(FormatError::Line { line: found, .. }) => assert_eq!(found, line, "{message}"),
            found => panic!("{found:?} of {message}"),
        };
        check("", 1);
        check(&format!("before\n{MESSAGE}"), 1);
        check(&format!("\n{MESSAGE}"), 1);
        check(&format!("{MESSAGE}after"), 12);
        check(&format!("{MESSAGE}{MESSAGE}"), 12);
        check(&MESSAGE.replace("Hash: SHA256", "Codename: a"), 2);
        check(&MESSAGE.replace("- -dash", "-dash"), 5);
        check(&MESSAGE[..60], 5);
        check(&MESSAGE[..100], 9);
    }
}
