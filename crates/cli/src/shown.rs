//! How foreign text is shown: every message passes here before it reaches a terminal.
//!
//! Names in images and wheels, what registries and other programs say, and what the user typed may hold control
//! characters that a terminal obeys, and secrets in addresses.

use std::fmt::Write as _;

use shipwheel_store::redacted;

/// A text of several lines: its line ends and tabs stay.
pub(crate) fn lines(text: &str) -> String {
    escaped(&redacted(text), |c| matches!(c, '\n' | '\t'))
}

/// A text of one line, such as a name: a line end in it would begin a line of ours.
pub(crate) fn line(text: &str) -> String {
    escaped(&redacted(text), |_| false)
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            c if stays(c) || !is_obeyed(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // Writing to a string cannot fail.
            c => drop(write!(shown, "\\u{{{:x}}}", u32::from(c))),
        }
    }
    shown
}

/// Control characters (C0, DEL and C1), those that turn the direction of text, and Unicode's own line ends.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_of_a_name() {
        for (name, expected) in [
            ("a\n\x1b[31mb.py", "a\\n\\u{1b}[31mb.py"),
            ("\x1b]0;owned\x07", "\\u{1b}]0;owned\\u{7}"),
            ("a\r\x08b\x7f", "a\\r\\u{8}b\\u{7f}"),
            ("\u{9b}31m\u{85}", "\\u{9b}31m\\u{85}"),
            ("x\u{202e}yp.\u{2066}", "x\\u{202e}yp.\\u{2066}"),
            ("a\u{2028}error: no", "a\\u{2028}error: no"),
            ("Grüße, 日本, ok", "Grüße, 日本, ok"),
        ] {
            assert_eq!(line(name), expected);
        }
        assert_eq!(lines("a\n\tb\x1b"), "a\n\tb\\u{1b}");
        assert_eq!(lines("pull u:pw@h/a\nhttps://h/?k=v"), "pull ***@h/a\nhttps://h/?k=***");
    }
}
