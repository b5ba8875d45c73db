//! `.dockerignore` against what moby's own matcher says of generated files, and what holds for any file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

use proptest::prelude::*;
use shipwheel_plan::dockerignore::Dockerignore;

/// Written by a Go program that asks moby's `MatchesUsingParentResults`, as BuildKit does, for each folder of a path.
const MOBY: &str = include_str!("dockerignore.txt");

fn parse(text: &str) -> Dockerignore {
    Dockerignore::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// A text of the table, whose line breaks, blanks and marks are escaped.
fn unescaped(text: &str) -> String {
    let escapes = [("\\\\", "\0"), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\ufeff", "\u{feff}"), ("\0", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[test]
fn generated_files_are_read_as_moby_reads_them() {
    let mut lines = MOBY.lines().skip(1);
    let paths: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let mut count = 0;
    for line in lines {
        let (expected, text) = line.split_once(' ').unwrap();
        let text = unescaped(text);
        let rules = parse(&text);
        for (path, expected) in paths.iter().zip(expected.chars()) {
            let found = rules.leaves_out(path);
            assert_eq!(found.is_some(), expected == '1', "{path} by {text:?}: {found:?}");
        }
        count += 1;
    }
    assert!(count >= 350, "{count} files");
}

#[test]
fn a_long_path_and_many_stars_end() {
    // A matcher that tries one way after the other does not end in this century.
    let path = vec!["a".repeat(40); 90].join("/");
    for pattern in ["**/*a*a*a*a*a*a*a*a*b", "*a**a**a**a**a**b", "**/**/**/**/**/**/[^a]", "**/*?*?*?*?*?*?*?/b*"] {
        assert!(parse(&format!("{pattern}\n")).leaves_out(&path).is_none(), "{pattern}");
    }
}

/// Lines of the letters that mean something.
fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("([*?!/\\\\#\\[\\]^a-c. é|{}0-9-]{0,9}\r?\n){0,5}").unwrap()
}

fn path() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-c.é*!#]{1,3}(/[a-cé]{1,2}){0,3}").unwrap()
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..60), path in path()) {
        if let Ok(rules) = Dockerignore::parse(&bytes) {
            rules.leaves_out(&path);
        }
    }

    #[test]
    fn the_last_line_decides(text in text(), path in path()) {
        if Dockerignore::parse(text.as_bytes()).is_ok() {
            let none = parse(&format!("{text}!**\n"));
            prop_assert!(none.leaves_out(&path).is_none());
            let all = parse(&format!("{text}**\n"));
            let line = text.lines().count() + 1;
            prop_assert!(all.leaves_out(&path).is_some_and(|rule| rule.line <= line));
        }
    }

    #[test]
    fn comments_blank_lines_and_line_ends_change_nothing(text in text(), path in path()) {
        if let Ok(rules) = Dockerignore::parse(text.as_bytes()) {
            let lines = text.lines().map(|line| format!("# a comment\n\n{line}\r\n"));
            let other = parse(&format!("\u{feff}{}", lines.collect::<String>()));
            prop_assert_eq!(rules.leaves_out(&path).is_some(), other.leaves_out(&path).is_some());
        }
    }

    #[test]
    fn a_folder_takes_along_what_is_in_it(text in text(), path in path(), below in path()) {
        if !text.contains('!') && let Ok(rules) = Dockerignore::parse(text.as_bytes()) && rules.leaves_out(&path).is_some() {
            let inside = format!("{path}/{below}");
            prop_assert!(rules.leaves_out(&inside).is_some());
        }
    }
}
