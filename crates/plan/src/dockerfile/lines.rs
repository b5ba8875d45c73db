//! Physical lines → logical lines: directives, comments, continuations and here-documents, as BuildKit reads them.

use super::error::DockerfileError;
use super::words::split;

/// More lines than anybody writes, and fewer than would take long.
const MAX_LINES: usize = 10_000;

/// A logical line: an instruction with the documents that follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogicalLine {
    /// The number of its first line, from 1.
    pub(super) line: usize,
    /// Its text in one line, without comments and continuations.
    pub(super) text: String,
    pub(super) documents: Vec<Document>,
}

/// A here-document: `<<EOF` and the lines up to `EOF`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The name that ends it.
    pub name: String,
    /// Its lines.
    pub text: String,
    /// Whether variables in it are replaced: its name is not in quotes.
    pub expands: bool,
    /// Whether tabs before its lines are left out: `<<-EOF`.
    is_chomped: bool,
}

/// The logical lines of a file, and the character that continues and escapes.
pub(super) fn logical_lines(text: &str) -> Result<(Vec<LogicalLine>, char), DockerfileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let physical: Vec<&str> = text.lines().collect();
    if physical.len() > MAX_LINES {
        return Err(DockerfileError::new(MAX_LINES, format!("more than {MAX_LINES} lines")));
    }
    let escape = escape(&physical)?;
    let mut reader = Reader { physical: &physical, at: 0, escape };
    let mut found = Vec::new();
    while let Some(line) = reader.next()? {
        found.push(line);
    }
    Ok((found, escape))
}

/// The directive `escape` among the comments that begin the file.
fn escape(physical: &[&str]) -> Result<char, DockerfileError> {
    for (number, line) in physical.iter().enumerate() {
        let Some((key, value)) = line.strip_prefix('#').and_then(|rest| rest.split_once('=')) else { break };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        match (key.as_str(), value) {
            ("escape", "\\" | "`") => return Ok(value.chars().next().unwrap_or('\\')),
            ("escape", _) => {
                let message = format!("the escape character is `{value}`, expected `\\` or `` ` ``");
                return Err(DockerfileError::new(number + 1, message));
            }
            (key, _) if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) => break,
            _ => {}
        }
    }
    Ok('\\')
}

struct Reader<'t> {
    physical: &'t [&'t str],
    /// How many lines are read.
    at: usize,
    escape: char,
}

impl<'t> Reader<'t> {
    fn line(&mut self) -> Option<&'t str> {
        let line = self.physical.get(self.at)?;
        self.at += 1;
        Some(line)
    }

    fn next(&mut self) -> Result<Option<LogicalLine>, DockerfileError> {
        let Some(first) = std::iter::from_fn(|| self.line()).find(|line| !is_empty_or_comment(line)) else {
            return Ok(None);
        };
        let number = self.at;
        let (part, mut continues) = self.without_continuation(first.trim_start());
        let mut text = part.to_owned();
        while continues {
            let Some(line) = self.line() else { break };
            if is_empty_or_comment(line) {
                continue;
            }
            let (part, goes_on) = self.without_continuation(line);
            text.push_str(part);
            continues = goes_on;
        }
        let mut documents = announced(&text, self.escape);
        for document in &mut documents {
            self.document(document, number)?;
        }
        Ok(Some(LogicalLine { line: number, text: text.trim_end().to_owned(), documents }))
    }

    /// A line without the character at its end that continues it, and whether there was one.
    fn without_continuation<'l>(&self, line: &'l str) -> (&'l str, bool) {
        match line.trim_end_matches([' ', '\t']).strip_suffix(self.escape) {
            Some(rest) if !rest.ends_with(self.escape) => (rest, true),
            _ => (line, false),
        }
    }

    /// Reads the lines of a document up to its end.
    fn document(&mut self, document: &mut Document, number: usize) -> Result<(), DockerfileError> {
        while let Some(line) = self.line() {
            let line = if document.is_chomped { line.trim_start_matches('\t') } else { line };
            if line == document.name {
                return Ok(());
            }
            document.text.push_str(line);
            document.text.push('\n');
        }
        Err(DockerfileError::new(number, format!("the here-document `<<{}` has no end", document.name)))
    }
}

fn is_empty_or_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The documents that a line announces: only RUN, COPY and ADD have them, and no list in brackets does.
fn announced(text: &str, escape: char) -> Vec<Document> {
    let mut words = text.split_whitespace();
    let has_documents = |word: &str| ["RUN", "COPY", "ADD"].iter().any(|name| word.eq_ignore_ascii_case(name));
    let keyword = words.next().unwrap_or_default();
    let keyword = if keyword.eq_ignore_ascii_case("ONBUILD") { words.next().unwrap_or_default() } else { keyword };
    let is_list = words.find(|word| !word.starts_with("--")).is_some_and(|word| word.starts_with('['));
    if !has_documents(keyword) || is_list {
        return Vec::new();
    }
    split(text, escape).iter().filter_map(|word| document_of(word)).collect()
}

/// `<<EOF`, `<<-EOF`, `3<<"EOF"`.
fn document_of(word: &str) -> Option<Document> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (is_chomped, name) = rest.strip_prefix('-').map_or((false, rest), |name| (true, name));
    let bare: String = name.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
    let is_name = !bare.is_empty() && !name.contains('<');
    is_name.then(|| Document { expands: bare == name, name: bare, text: String::new(), is_chomped })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(usize, String)> {
        let (lines, _) = logical_lines(text).unwrap();
        lines.into_iter().map(|line| (line.line, line.text)).collect()
    }

    #[test]
    fn lines_are_joined_as_buildkit_joins_them() {
        for (text, expected) in [
            ("FROM a\n\n# x\n  RUN b", &[(1, "FROM a"), (4, "RUN b")][..]),
            (
                "RUN a \\\n  && b\\\n\n# comment\n   # comment\n  && c\nRUN d",
                &[(1, "RUN a   && b  && c"), (7, "RUN d")],
            ),
            ("RUN a \\  \n b", &[(1, "RUN a  b")]),
            ("RUN a \\\\\nRUN b", &[(1, "RUN a \\\\"), (2, "RUN b")]),
            ("RUN a\r\nRUN b \\\r\n c\r\n", &[(1, "RUN a"), (2, "RUN b  c")]),
            ("\u{feff}FROM a", &[(1, "FROM a")]),
            ("# escape=`\nRUN a `\n b\\\nRUN c", &[(2, "RUN a  b\\"), (4, "RUN c")]),
            ("# syntax=docker/dockerfile:1\n# escape = `\nRUN a `\n b", &[(3, "RUN a  b")]),
            ("#\n# escape=`\nRUN a `\nRUN b", &[(3, "RUN a `"), (4, "RUN b")]),
            ("RUN a \\", &[(1, "RUN a")]),
            ("", &[]),
        ] {
            let expected: Vec<(usize, String)> = expected.iter().map(|(line, it)| (*line, (*it).to_owned())).collect();
            assert_eq!(texts(text), expected, "{text:?}");
        }
        assert_eq!(logical_lines("# escape=x\nFROM a").unwrap_err().line, 1);
    }

    #[test]
    fn documents_are_taken_wherever_a_line_announces_them() {
        for (text, expected) in [
            ("RUN <<EOF\na\n# b\nEOF\nRUN c", &[("EOF", "a\n# b\n", true)][..]),
            ("RUN bash -e <<-'E'\n\ta \\\n\tE\nRUN c", &[("E", "a \\\n", false)]),
            ("COPY <<a <<b /x\n1\na\n2\nb\n", &[("a", "1\n", true), ("b", "2\n", true)]),
            ("RUN python3 - <<EOF && x\nimport a\nEOF", &[("EOF", "import a\n", true)]),
            ("RUN x <<<word", &[]),
            ("RUN [\"a\", \"<<b\"]", &[]),
            ("ENV A=<<b", &[]),
            ("ONBUILD RUN 3<<E\nE", &[("E", "", true)]),
            ("RUN cat '<<E'", &[]),
        ] {
            let (lines, _) = logical_lines(text).unwrap();
            let found = lines.iter().flat_map(|line| &line.documents);
            let found: Vec<_> = found.map(|it| (it.name.as_str(), it.text.as_str(), it.expands)).collect();
            assert_eq!(found, expected, "{text:?}");
        }
        assert_eq!(logical_lines("FROM a\nRUN <<EOF\nx").unwrap_err().line, 2);
    }
}
