//! How foreign text is shown: every message passes here before it reaches a terminal.
//!
//! Names in images and wheels, what registries and other programs say, and what the user typed may hold control
//! characters that a terminal obeys, and secrets in addresses.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use shipwheel_store::redacted;

/// The longest line that is shown, in characters: a single header of an answer may have fifty times as many.
const MAX_LINE: usize = 8_000;

/// A text of several lines: its line ends and tabs stay.
pub(crate) fn lines(text: &str) -> String {
    escaped(&redacted(text), |c| matches!(c, '\n' | '\t'))
}

/// A text of one line, such as a name: a line end in it would begin a line of ours.
pub(crate) fn line(text: &str) -> String {
    escaped(&redacted(text), |_| false)
}

/// A path on standard output: nothing in it is an address.
pub(crate) fn path(path: &Path) -> String {
    escaped(&path.display().to_string(), |_| false)
}

/// A JSON document, laid out in lines. What a terminal obeys is in strings only, where JSON has escapes of its own.
pub(crate) fn json(value: &Value) -> String {
    let text = format!("{value:#}");
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push('\n'),
            c if is_obeyed(c) => {
                let units = &mut [0; 2];
                c.encode_utf16(units).iter().for_each(|unit| shown.push_str(&format!("\\u{unit:04x}")));
            }
            c => shown.push(c),
        }
    }
    shown
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let shown: Vec<String> =
        text.split_inclusive(|c| c == '\n' && stays(c)).map(|line| escaped_line(line, &stays)).collect();
    shown.concat()
}

/// A line, with its end where that stays.
fn escaped_line(text: &str, stays: impl Fn(char) -> bool) -> String {
    let (text, end) = match text.strip_suffix('\n') {
        Some(text) if stays('\n') => (text, "\n"),
        _ => (text, ""),
    };
    let (shows, hidden) = text.split_at(text.char_indices().nth(MAX_LINE).map_or(text.len(), |(at, _)| at));
    let hidden = hidden.chars().count();
    let mut shown = String::with_capacity(shows.len());
    for character in shows.chars() {
        match character {
            c if stays(c) || !is_obeyed(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // Writing to a string cannot fail.
            c => drop(write!(shown, "\\u{{{:x}}}", u32::from(c))),
        }
    }
    if hidden > 0 {
        shown.push_str(&format!("… and {hidden} more characters"));
    }
    shown + end
}

/// Control characters (C0, DEL and C1), Unicode's own line ends, and characters that show nothing themselves, but turn
/// the direction of text or make two names look the same: Unicode's `Default_Ignorable_Code_Point`, but for the
/// variation selectors of emoji.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{00ad}'
                | '\u{034f}'
                | '\u{061c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_same_document_and_shows_nothing_raw() {
        let value = serde_json::json!({ "a\u{9b}": ["\x1b[31m\n\t\x7f", "\u{202e}\u{e0041}", "Grüße \\ \"x\""] });
        let text = json(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(!text.chars().any(|c| c != '\n' && is_obeyed(c)), "{text:?}");
        assert!(text.contains("Grüße") && text.contains("\\udb40\\udc41"), "{text}");
    }

    #[test]
    fn a_line_has_an_end() {
        let long = "é".repeat(9_000);
        let cut = format!("{}… and 1000 more characters", "é".repeat(8_000));
        assert_eq!(line(&long), cut);
        assert_eq!(lines(&format!("a\n{long}\nb\n{long}")), format!("a\n{cut}\nb\n{cut}"));
        let most = "x".repeat(8_000);
        let two = format!("{most}\n{most}\n");
        assert!(lines(&two) == two, "what fits stays");
        assert!(line(&two).ends_with("x… and 8002 more characters"));
    }

    #[test]
    fn a_terminal_obeys_nothing_of_a_name() {
        for (name, expected) in [
            ("a\n\x1b[31mb.py", "a\\n\\u{1b}[31mb.py"),
            ("\x1b]0;owned\x07", "\\u{1b}]0;owned\\u{7}"),
            ("a\r\x08b\x7f", "a\\r\\u{8}b\\u{7f}"),
            ("\u{9b}31m\u{85}", "\\u{9b}31m\\u{85}"),
            ("x\u{202e}yp.\u{2066}", "x\\u{202e}yp.\\u{2066}"),
            ("a\u{2028}error: no", "a\\u{2028}error: no"),
            ("pay\u{200b}pal\u{ad}\u{feff}", "pay\\u{200b}pal\\u{ad}\\u{feff}"),
            ("a\u{e0041}", "a\\u{e0041}"),
            ("Grüße, 日本, ❤️, ok", "Grüße, 日本, ❤️, ok"),
        ] {
            assert_eq!(line(name), expected);
        }
        assert_eq!(path(Path::new("/a\n\x1b/u:pw@h")), "/a\\n\\u{1b}/u:pw@h", "no address");
        assert_eq!(lines("a\n\tb\x1b"), "a\n\tb\\u{1b}");
        assert_eq!(lines("pull u:pw@h/a\nhttps://h/?k=v"), "pull ***@h/a\nhttps://h/?k=***");
    }
}
