//! Private keys, in the forms that files have: PEM, OpenPGP, PuTTY, and DER.

use memchr::memmem;

/// Where a private key begins: a head alone on its line, or one that is followed by letters of base64, also with line
/// breaks as JSON writes them. Code that compares with a head has it in quotes.
pub(super) fn private_key(text: &[u8]) -> Option<usize> {
    let is_at_start = |at: usize| at == 0 || text[at - 1] == b'\n';
    let pem = memmem::find_iter(text, b"-----BEGIN ").find(|at| {
        let rest = &text[at + 11..text.len().min(at + 600)];
        let line = &rest[..memmem::find(rest, b"-----").unwrap_or(0)];
        if !(line.ends_with(b"PRIVATE KEY") || line.ends_with(b"PRIVATE KEY BLOCK")) || line.len() > 60 {
            return false;
        }
        let after = &rest[line.len() + 5..];
        let plain = after.strip_prefix(b"\r").unwrap_or(after);
        let is_line = is_at_start(*at) && (plain.is_empty() || plain.starts_with(b"\n"));
        let escaped = [&b"\n"[..], b"\\r\\n", b"\\n"].iter().find_map(|end| plain.strip_prefix(*end));
        is_line || escaped.is_some_and(|body| body.iter().take_while(|byte| is_base64(byte)).count() >= 16)
    });
    let putty = || memmem::find_iter(text, b"PuTTY-User-Key-File-").find(|at| is_at_start(*at));
    pem.or_else(putty).or_else(|| is_der(text).then_some(0))
}

/// Whether bytes begin as a private key in DER: a sequence whose first value is a version. That of a certificate or of
/// a public key is a sequence.
fn is_der(bytes: &[u8]) -> bool {
    let body = match bytes {
        [0x30, 0x82, high, low, body @ ..] if usize::from(u16::from_be_bytes([*high, *low])) <= body.len() => body,
        [0x30, 0x81, length, body @ ..] | [0x30, length @ ..=0x7f, body @ ..] if usize::from(*length) <= body.len() => {
            body
        }
        _ => return false,
    };
    matches!(body, [0x02, 0x01, 0 | 1, 0x02 | 0x04 | 0x30, ..]) && body.len() >= 32
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}
