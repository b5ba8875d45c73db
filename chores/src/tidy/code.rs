//! Rust as code: without comments, without what literals say, and without what only tests compile.

/// The code of a file, line for line: what is not code is blank, so that line numbers stay.
///
/// The content of strings and characters is blank, too: what is left are words, brackets and other signs.
pub fn without_tests(text: &str) -> String {
    let mut code = bare(text);
    let mut from = 0;
    while let Some(start) = next_test(&code, from) {
        let end = item_end(&code, start);
        let blank: String = code[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        from = start + blank.len();
        code.replace_range(start..end, &blank);
    }
    code
}

/// Where the next attribute begins that leaves an item to tests.
fn next_test(code: &str, from: usize) -> Option<usize> {
    let starts = code[from..].match_indices("#[").map(|(at, _)| from + at);
    starts.into_iter().find(|at| {
        let attribute = &code[*at..closed(code, at + 1)];
        let packed: String = attribute.chars().filter(|c| !c.is_whitespace()).collect();
        packed == "#[cfg(test)]" || packed.starts_with("#[cfg(all(test,")
    })
}

/// Blanks comments and the content of literals.
pub fn bare(text: &str) -> String {
    let (mut code, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(next) = rest.chars().next() {
        let before = code.chars().next_back();
        let (length, is_blank) = piece(rest, before.is_some_and(|c| c.is_alphanumeric() || c == '_'));
        let (piece, after) = rest.split_at(length.max(next.len_utf8()));
        match is_blank {
            true => code.extend(piece.chars().map(|c| if ['\n', '"', '\''].contains(&c) { c } else { ' ' })),
            false => code.push_str(piece),
        }
        rest = after;
    }
    code
}

/// The length of the comment, the literal or the character at the start of a text, and whether it is no code.
fn piece(text: &str, in_word: bool) -> (usize, bool) {
    let next = text.chars().next().map_or(0, char::len_utf8);
    if text.starts_with("//") {
        return (text.find('\n').unwrap_or(text.len()), true);
    }
    if text.starts_with("/*") {
        return (block_comment(text), true);
    }
    let hashes =
        text.trim_start_matches(['b', 'c']).strip_prefix('r').map(|raw| raw.len() - raw.trim_start_matches('#').len());
    if let Some(hashes) = hashes.filter(|_| !in_word) {
        let prefix = text.len() - text.trim_start_matches(['b', 'c', 'r', '#']).len();
        if let Some(content) = text[prefix..].strip_prefix('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            return (content.find(&end).map_or(text.len(), |at| prefix + 1 + at + end.len()), true);
        }
    }
    if text.starts_with('"') {
        return (quoted(text, '"'), true);
    }
    if let Some(after) = text.strip_prefix('\'') {
        let mut characters = after.chars();
        let (first, second) = (characters.next(), characters.next());
        // A lifetime has no second quote.
        let is_character = first == Some('\\') || second == Some('\'');
        return if is_character { (quoted(text, '\''), true) } else { (next, false) };
    }
    (next, false)
}

/// The length of a literal with escapes.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => _ = characters.next(),
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a comment that may have others inside.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let step = text[at..].chars().next().map_or(1, char::len_utf8);
        match &text.as_bytes()[at..text.len().min(at + 2)] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += step,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The end of the bracket at this place.
fn closed(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code[open..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    code.len()
}

/// Words that begin an item or a statement; anything else is a field, a variant or an arm, which ends with a comma.
const ITEMS: [&str; 16] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "let",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "unsafe",
    "use",
];

/// The end of the item whose first attribute is at this place.
fn item_end(code: &str, start: usize) -> usize {
    let mut at = start;
    while code[at..].starts_with("#[") {
        at = closed(code, at + 1);
        at += code[at..].len() - code[at..].trim_start().len();
    }
    let item = code[at..].strip_prefix("pub").unwrap_or(&code[at..]).trim_start();
    let item = item.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(item, |(_, item)| item.trim_start());
    let word = item.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let is_item = ITEMS.contains(&word);
    while let Some(c) = code[at..].chars().next() {
        match c {
            '{' => return closed(code, at),
            '(' | '[' => at = closed(code, at),
            ';' => return at + 1,
            ',' if !is_item => return at + 1,
            // The enclosing bracket.
            ')' | ']' | '}' => return at,
            c => at += c.len_utf8(),
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_tests_ends_where_it_ends() {
        for item in [
            "use a::b;",
            "use a::{b, c};",
            "const X: [&str; 1] = [\n    \"a\",\n];",
            "fn f() -> [u8; 3] {\n    a(\"}\"); // }\n    '}'\n}",
            "#[expect(dead_code, reason = \"]\")]\nmod tests;",
            "mod tests {\n    fn f<'a>(a: &'a str) { r#\"}\"# }\n}",
            "pub(crate) fn f<A, B>(a: A) { b }",
            "impl A { /* } /* } */ */ fn b() {} }",
            "field: A,",
        ] {
            let code = without_tests(&format!("before\n#[cfg(test)]\n{item} after\nend"));
            assert_eq!(
                code.split_whitespace().filter(|word| *word != ";").collect::<Vec<_>>(),
                ["before", "after", "end"],
                "{item}"
            );
            assert_eq!(code.lines().count(), item.lines().count() + 3, "{item}");
        }
    }

    #[test]
    fn code_keeps_its_words_and_loses_what_literals_say() {
        let code = bare("let a = b\"x\\\"y\"; // z\nbr#\"q\"# '\\'' 'c' \"//\" for<'a> raw::r#type");
        let words: Vec<_> = code.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        assert_eq!(words, ["let", "a", "b", "for", "a", "raw", "r", "type"]);
    }
}
