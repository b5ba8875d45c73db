//! What a Python file says at its top level, read as text: nothing is run, nothing is parsed in full.

use std::collections::BTreeSet;

/// The parts of a module that say how it is started.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// The first part of every module that is imported anywhere in it.
    pub(super) imports: BTreeSet<String>,
    /// Names assigned at the top level, with what is called for their value: (`app`, `fastapi.FastAPI`).
    pub(super) calls: Vec<(String, String)>,
    /// Functions defined at the top level.
    pub(super) functions: BTreeSet<String>,
    /// Whether it does something when it is run: `if __name__ == "__main__"`.
    pub(super) is_script: bool,
    /// Whether it asks for the variable `PORT`.
    pub(super) reads_port: bool,
}

impl Code {
    /// Reads the text of a module.
    pub(super) fn read(text: &str) -> Self {
        let mut code =
            Self { reads_port: ["\"PORT\"", "'PORT'"].iter().any(|word| text.contains(word)), ..Self::default() };
        for line in without_texts(text).lines() {
            code.import(line.trim());
            if line.starts_with([' ', '\t']) {
                continue;
            }
            let words = || line.split_whitespace();
            if let Some(name) = line.strip_prefix("async def ").or_else(|| line.strip_prefix("def ")) {
                code.functions.insert(name.split('(').next().unwrap_or_default().trim().to_owned());
            } else if words().next() == Some("if") && line.contains("__name__") {
                code.is_script = true;
            } else if let Some((name, called)) = call(line) {
                code.calls.push((name.to_owned(), called.to_owned()));
            }
        }
        code
    }

    fn import(&mut self, line: &str) {
        let modules = match line.strip_prefix("import ") {
            Some(modules) => modules,
            None => {
                line.strip_prefix("from ").and_then(|rest| rest.split_once(" import")).map_or("", |(module, _)| module)
            }
        };
        let roots = modules.split(',').filter_map(|module| module.trim().split(['.', ' ']).next());
        self.imports.extend(roots.filter(|root| !root.is_empty()).map(str::to_owned));
    }
}

/// `app: FastAPI = fastapi.FastAPI(...)` → `app`, `fastapi.FastAPI`.
fn call(line: &str) -> Option<(&str, &str)> {
    let (target, value) = line.split_once('=')?;
    let name = target.split(':').next()?.trim();
    let (called, _) = value.trim_start().split_once('(')?;
    let called = called.trim();
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name(name) && called.split('.').all(is_name)).then_some((name, called))
}

/// The text with comments left out and the inside of every string blanked; line ends stay.
fn without_texts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['#', '"', '\'']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('#') {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote)).unwrap_or("'");
        out.push_str(quote);
        rest = end_of_string(&rest[quote.len()..], quote, &mut out);
    }
    out.push_str(rest);
    out
}

/// Skips to behind a string's end; a string of one line ends with it.
fn end_of_string<'t>(text: &'t str, quote: &str, out: &mut String) -> &'t str {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            // What is escaped ends nothing.
            '\\' if characters.next().is_some_and(|(_, escaped)| escaped == '\n') => out.push('\n'),
            '\n' if quote.len() == 1 => return &text[at..],
            // A line of a string is not a line of the module: it must not begin at the margin.
            '\n' => out.push_str("\n "),
            _ if text[at..].starts_with(quote) => {
                out.push_str(quote);
                return &text[at + quote.len()..];
            }
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_top_level_says_what_is_imported_called_and_defined() {
        let code = Code::read(
            "\"\"\"Doc:\napp = Flask()\n\"\"\"\nimport os, a.b as c  # import nothing\nfrom fastapi import FastAPI\n\
             from . import x\napp: FastAPI = FastAPI(\n    title='#x')\nother = fastapi.FastAPI()\ny = 1\nz = f(1)[2]\n\
             def create_app(x):\n    inner = g()\nasync def main(): pass\n\
             port = os.environ.get('PORT')\nif __name__ == '__main__':\n    main()\n",
        );
        assert_eq!(code.imports.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "fastapi", "os"]);
        let calls: Vec<String> = code.calls.iter().map(|(name, called)| format!("{name} {called}")).collect();
        assert_eq!(calls, ["app FastAPI", "other fastapi.FastAPI", "z f", "port os.environ.get"]);
        assert_eq!(code.functions.iter().map(String::as_str).collect::<Vec<_>>(), ["create_app", "main"]);
        assert!(code.is_script && code.reads_port);
    }

    #[test]
    fn strings_and_comments_are_not_code() {
        for text in
            ["# app = Flask()", "x = 'app = Flask()'", "'''\nif __name__:\n'''", "'\\'\nq = \"\\\"# app = Flask()\""]
        {
            let code = Code::read(text);
            assert!(code.calls.is_empty() && !code.is_script, "{text:?}: {code:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(app|=|Flask|\\(|\"|'|\"\"\"|'''|#|\\\\|\n| |é|import |def |from ){0,40}") {
            let _ = Code::read(&text);
        }
    }
}
