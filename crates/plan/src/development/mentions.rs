//! The modules and texts that a Python file names: its imports and its strings, read as text. Nothing is run.

/// One thing that a file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mention {
    /// An import: `a.b`, or `..a` relative to the file.
    Module(String),
    /// A string of an application list, such as Django's `INSTALLED_APPS`: perhaps a module.
    Listed(String),
    /// A string.
    Text(String),
    /// A string where a path is expected: `BASE / "docs"`, `open("docs")`.
    Path(String),
}

/// All that a file names, each with its line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions(pub Vec<(Mention, usize)>);

/// Longer strings are no names.
const MAX_TEXT: usize = 200;

/// What precedes a string that is a path.
const BEFORE_PATHS: [&str; 9] =
    ["/", "Path(", "open(", "directory=", "folder=", "dir=", "path=", "directory =", "joinpath("];

impl Mentions {
    /// Reads the text of a module.
    pub fn read(text: &str) -> Self {
        let mut reader =
            Reader { rest: text, line: 1, depth: 0, statement: Statement::default(), started: 1, found: Vec::new() };
        while reader.step() {}
        reader.end_statement();
        Self(reader.found)
    }

    /// What the words of a command name.
    pub fn of_command<'w>(words: impl IntoIterator<Item = &'w str>, destination: &str) -> Self {
        let path = |word: &'w str| word.strip_prefix(destination).unwrap_or(word).to_owned();
        Self(words.into_iter().map(|word| (Mention::Path(path(word)), 0)).collect())
    }
}

/// Goes through a text once, statement by statement.
struct Reader<'t> {
    rest: &'t str,
    line: usize,
    /// Of brackets that are open.
    depth: usize,
    statement: Statement,
    /// The line that it began at.
    started: usize,
    found: Vec<(Mention, usize)>,
}

/// A statement as far as it was read. What decides about each of its strings is kept, not looked for again: a statement
/// may be a table of ten thousand strings.
#[derive(Debug, Default)]
struct Statement {
    /// Its text, with empty strings.
    text: String,
    /// Whether it joins paths: `os.path.join(`.
    joins: bool,
    /// Whether it lists modules.
    lists: bool,
}

impl Statement {
    fn push(&mut self, character: char) {
        self.text.push(character);
        match character {
            '(' => {
                self.joins |= self.text.ends_with("join(");
                self.lists |= self.text.ends_with("import_module(");
            }
            'S' => self.lists |= self.text.ends_with("INSTALLED_APPS"),
            _ => {}
        }
    }
}

impl Reader<'_> {
    fn step(&mut self) -> bool {
        let Some(character) = self.rest.chars().next() else { return false };
        match character {
            '#' => self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]),
            '"' | '\'' => self.string(),
            '\n' | ';' => {
                self.rest = &self.rest[1..];
                if self.depth == 0 {
                    self.end_statement();
                } else {
                    self.statement.push(' ');
                }
                self.line += usize::from(character == '\n');
                if self.depth == 0 {
                    self.started = self.line;
                }
            }
            '\\' if self.rest[1..].trim_start_matches('\r').starts_with('\n') => {
                self.rest = self.rest[1..].trim_start_matches('\r').get(1..).unwrap_or_default();
                self.line += 1;
            }
            _ => {
                match character {
                    '(' | '[' | '{' => self.depth += 1,
                    ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.statement.push(character);
                self.rest = &self.rest[character.len_utf8()..];
            }
        }
        true
    }

    /// Takes a string, whose quote is next.
    fn string(&mut self) {
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| self.rest.starts_with(quote)).unwrap_or("'");
        let body = &self.rest[quote.len()..];
        let started = self.line;
        let mut end = body.len();
        let mut characters = body.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => self.line += usize::from(characters.next().is_some_and(|(_, escaped)| escaped == '\n')),
                '\n' if quote.len() == 1 => {
                    end = at;
                    break;
                }
                '\n' => self.line += 1,
                _ if body[at..].starts_with(quote) => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let text = &body[..end];
        self.rest = body[end..].strip_prefix(quote).unwrap_or(&body[end..]);
        if text.len() <= MAX_TEXT && !text.contains('\n') {
            self.text(text, started);
        }
        self.statement.text.push_str("\"\"");
    }

    fn text(&mut self, text: &str, line: usize) {
        let before = self.statement.text.trim_end_matches(['f', 'r', 'F', 'R', 'b']).trim_end();
        let is_path = self.statement.joins || BEFORE_PATHS.iter().any(|sign| before.ends_with(sign));
        let is_listed = self.statement.lists;
        // A format string's pieces between its fields.
        for piece in text.split(['{', '}']).filter(|piece| !piece.is_empty()) {
            let piece = piece.to_owned();
            let mention = match (is_listed, is_path) {
                (true, _) => Mention::Listed(piece),
                (false, true) => Mention::Path(piece),
                (false, false) => Mention::Text(piece),
            };
            self.found.push((mention, line));
        }
    }

    fn end_statement(&mut self) {
        let statement = std::mem::take(&mut self.statement).text;
        // What follows a colon on its line: `try: import a`.
        let statement = statement.trim();
        let statement = statement.split_once(": ").map_or(statement, |(head, rest)| match head.contains("import") {
            true => statement,
            false => rest.trim(),
        });
        let modules = modules(statement);
        self.found.extend(modules.into_iter().map(|module| (Mention::Module(module), self.started)));
    }
}

/// The modules of an import, each with what is taken from it: that may be a module as well.
fn modules(statement: &str) -> Vec<String> {
    let first = |item: &str| item.split_whitespace().next().unwrap_or_default().to_owned();
    if let Some(list) = statement.strip_prefix("import ") {
        return list.split(',').map(first).filter(|module| !module.is_empty()).collect();
    }
    let Some((module, names)) = statement.strip_prefix("from ").and_then(|rest| rest.split_once("import")) else {
        return Vec::new();
    };
    let module: String = module.split_whitespace().collect();
    let names = names.trim_matches(|c: char| c.is_whitespace() || c == '(' || c == ')');
    let joined =
        |name: String| if module.ends_with('.') { format!("{module}{name}") } else { format!("{module}.{name}") };
    let below = names.split(',').map(first).filter(|name| !name.is_empty() && name != "*").map(joined);
    std::iter::once(module.clone()).chain(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn imports_and_strings_are_found_with_their_lines() {
        let text = "\"\"\"doc\nimport no\n\"\"\"\nimport a.b as c, d # import e\nfrom x import (\n    y, # 'z'\n    z as w,\n)\n\
                    try: from .. import q\nexcept E: pass\nopen(BASE / \"docs\")\nf'{HERE}/CHANGELOG.md'\n\
                    INSTALLED_APPS = [\n 'docs',\n]\nx = 'a\\'b' ; from .m import *\n";
        let found: Vec<String> = Mentions::read(text).0.iter().map(|(what, line)| format!("{line} {what:?}")).collect();
        let expected = [
            "4 Module(\"a.b\")",
            "4 Module(\"d\")",
            "5 Module(\"x\")",
            "5 Module(\"x.y\")",
            "5 Module(\"x.z\")",
            "9 Module(\"..\")",
            "9 Module(\"..q\")",
            "11 Path(\"docs\")",
            "12 Text(\"HERE\")",
            "12 Text(\"/CHANGELOG.md\")",
            "14 Listed(\"docs\")",
            "16 Text(\"a\\\\'b\")",
            "16 Module(\".m\")",
        ];
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(\"|'|\"\"\"|'''|#|\\\\|\n|\r| |é|\\(|\\)|;|: |import |from |\\.|a|,){0,60}") {
            let _ = Mentions::read(&text);
        }
    }
}
