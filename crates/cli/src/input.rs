//! What the user types or pipes in: one line of standard input.

use std::io::{self, BufRead as _, Read as _};

/// The longest line, in bytes: a password, or an answer.
const MAX_LINE: u64 = 64 << 10;

/// The next line, without its end; empty where the input has ended.
///
/// # Errors
/// When it cannot be read, is longer than 64 KiB, or is not UTF-8.
pub(crate) fn line() -> io::Result<String> {
    line_of(&mut io::stdin().lock())
}

fn line_of(input: &mut impl io::BufRead) -> io::Result<String> {
    let invalid = |reason| io::Error::new(io::ErrorKind::InvalidData, reason);
    let mut line = Vec::new();
    input.take(MAX_LINE + 1).read_until(b'\n', &mut line)?;
    if line.len() as u64 > MAX_LINE {
        return Err(invalid("its line is longer than 64 KiB"));
    }
    let line = String::from_utf8(line).map_err(|_| invalid("it is not UTF-8"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_have_an_end() {
        let mut input = "one\r\ntwo\n\nlast".as_bytes();
        let lines = [(); 5].map(|()| line_of(&mut input).unwrap());
        assert_eq!(lines, ["one", "two", "", "last", ""]);
        assert!(line_of(&mut b"\xff\n".as_slice()).is_err());
        assert!(line_of(&mut io::BufReader::new(io::repeat(b'x'))).is_err(), "an input without end");
    }
}
