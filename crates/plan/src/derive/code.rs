//! What a Python file says, read as tokens: nothing is run, nothing is parsed in full.

use std::collections::{BTreeMap, BTreeSet};

mod call;
mod line;

pub(super) use call::{Argument, Call, Value, closing, dotted, opening, parts};
pub(super) use line::{Line, Token, lines};

/// The variable that says where Django's settings are.
pub(super) const DJANGO_SETTINGS: &str = "DJANGO_SETTINGS_MODULE";

/// The parts of a module that say how it is started.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// The first part of every module that is imported anywhere in it.
    pub(super) imports: BTreeSet<String>,
    /// Whether it imports from its own package: `from . import x`.
    pub(super) is_relative: bool,
    /// Names assigned at the top level whose value is a call, in their order.
    pub(super) made: Vec<(String, Call)>,
    /// Names assigned at the top level whose value is another name: (`server`, `app.server`).
    pub(super) aliases: Vec<(String, String)>,
    /// Functions defined at the top level.
    pub(super) functions: BTreeMap<String, Function>,
    /// Classes defined at the top level, with the full names of their bases.
    pub(super) classes: BTreeMap<String, Vec<String>>,
    /// The full names of all decorators.
    pub(super) decorators: BTreeSet<String>,
    /// Every call, wherever it is.
    pub(super) calls: Vec<Call>,
    /// Whether it does something when it is run: `if __name__ == "__main__"`.
    pub(super) is_script: bool,
    /// Whether it takes `PORT` from a mapping: `os.environ["PORT"]`.
    takes_port: bool,
    /// Full names by the names that imports bind: `F` is `flask.Flask`.
    names: BTreeMap<String, String>,
}

/// A function at the top level.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Function {
    /// The parameters that have no default.
    pub(super) required: Vec<String>,
    /// What is called in it.
    pub(super) calls: Vec<Call>,
}

/// What a line is in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    /// The top level, under conditions too.
    Top,
    /// `if __name__ == "__main__"`.
    Main,
    /// A function.
    Function(String),
    /// A class.
    Class,
}

impl Code {
    /// Reads the text of a module.
    pub(super) fn read(text: &str) -> Self {
        let (mut code, mut scope, lines) = (Self::default(), Scope::Top, lines(text));
        // A name is known in functions above its import too.
        lines.iter().for_each(|line| code.import(&line.tokens));
        for line in &lines {
            if line.indent == 0 {
                scope = code.scope(&line.tokens);
            }
            code.line(line, &scope);
        }
        code
    }

    /// The default of the variable `PORT` where it is asked for; `None` if it never is.
    pub(super) fn port_variable(&self) -> Option<Option<u16>> {
        let first_is_port = |call: &&Call| call.text(0) == Some("PORT");
        let mut asked = self.calls.iter().filter(first_is_port).peekable();
        (self.takes_port || asked.peek().is_some()).then(|| asked.find_map(|call| call.port(1)))
    }

    /// The module of Django's settings: `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")`.
    pub(super) fn django_settings(&self) -> Option<&str> {
        self.calls.iter().find(|call| call.text(0) == Some(DJANGO_SETTINGS)).and_then(|call| call.text(1))
    }

    /// Whether an import binds or takes something by a name.
    pub(super) fn names(&self, name: &str) -> bool {
        self.names.contains_key(name) || self.names.values().any(|full| full.split('.').any(|part| part == name))
    }

    /// The full name that an import gives a name: `..factory.create_app`.
    pub(super) fn bound(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// The full name of a dotted one.
    pub(super) fn full(&self, dotted: &str) -> String {
        let (first, rest) = dotted.split_once('.').map_or((dotted, None), |(first, rest)| (first, Some(rest)));
        let first = self.names.get(first).map_or(first, String::as_str);
        rest.map_or_else(|| first.to_owned(), |rest| format!("{first}.{rest}"))
    }

    /// What the lines below one at the margin are in.
    fn scope(&mut self, tokens: &[Token]) -> Scope {
        let words = names_at_start(tokens);
        match words[..] {
            ["if", "__name__", ..] => {
                self.is_script = true;
                Scope::Main
            }
            ["async", "def", name, ..] | ["def", name, ..] => {
                let required = call::required(tokens);
                self.functions.insert(name.to_owned(), Function { required, calls: Vec::new() });
                Scope::Function(name.to_owned())
            }
            ["class", name, ..] => {
                let bases = call::calls(&tokens[1..]).into_iter().next().map(|call| call.arguments).unwrap_or_default();
                let base = |argument: Argument| match argument.value {
                    Value::Name(name) => Some(self.full(&name)),
                    Value::Text(_) | Value::Number(_) | Value::Other => None,
                };
                let bases = bases.into_iter().filter_map(base).collect();
                self.classes.insert(name.to_owned(), bases);
                Scope::Class
            }
            _ => Scope::Top,
        }
    }

    fn line(&mut self, Line { indent, tokens, .. }: &Line, scope: &Scope) {
        if let Some(Token::Mark('@')) = tokens.first() {
            let dotted = dotted(&tokens[1..]).0;
            self.decorators.insert(self.full(&dotted));
        }
        let port = [Token::Mark('['), Token::Text("PORT".to_owned()), Token::Mark(']')];
        self.takes_port |= tokens.windows(3).any(|three| three == port);
        if [["def"], ["class"]].iter().any(|word| names_at_start(tokens).starts_with(word)) {
            return;
        }
        let mut calls = call::calls(tokens);
        for call in &mut calls {
            call.full = self.full(&call.written);
            call.is_top = *indent == 0 || matches!(scope, Scope::Top | Scope::Main);
        }
        let simple = assignment(tokens).filter(|(name, _)| !name.contains('.'));
        if let (Scope::Top, Some((name, value))) = (scope, simple) {
            let (dotted, used) = dotted(value);
            match calls.iter().find(|call| call.written == dotted && value.get(used) == Some(&Token::Mark('('))) {
                // `create_app().extensions["celery"]` is not what create_app makes.
                Some(_) if is_taken_apart(&value[used..]) => {}
                Some(call) => self.made.push((name, call.clone())),
                None if used == value.len() && !dotted.is_empty() => self.aliases.push((name, dotted)),
                None => {}
            }
        }
        if let Scope::Function(name) = scope
            && let Some(function) = self.functions.get_mut(name)
        {
            function.calls.extend(calls.iter().cloned());
        }
        self.calls.extend(calls);
    }

    fn import(&mut self, tokens: &[Token]) {
        match tokens.split_first() {
            Some((Token::Name(word), rest)) if word == "import" => {
                for part in rest.split(|token| *token == Token::Mark(',')) {
                    let (module, used) = dotted(part);
                    let root = module.split('.').next().unwrap_or_default().to_owned();
                    match &part[used.min(part.len())..] {
                        [Token::Name(word), Token::Name(alias), ..] if word == "as" => {
                            self.names.insert(alias.clone(), module);
                        }
                        _ => _ = self.names.insert(root.clone(), root.clone()),
                    }
                    self.imports.insert(root);
                }
            }
            Some((Token::Name(word), rest)) if word == "from" => self.import_from(rest),
            _ => {}
        }
    }

    fn import_from(&mut self, tokens: &[Token]) {
        let level = tokens.iter().take_while(|token| **token == Token::Mark('.')).count();
        let (module, used) = dotted(&tokens[level..]);
        let module = if module == "import" { String::new() } else { module };
        let rest = &tokens[level + used..];
        let rest = if rest.first() == Some(&Token::Name("import".to_owned())) { &rest[1..] } else { rest };
        self.is_relative |= level > 0;
        if level == 0 {
            self.imports.insert(module.split('.').next().unwrap_or_default().to_owned());
        }
        let names: Vec<&Token> = rest.iter().filter(|token| !matches!(token, Token::Mark('(' | ')'))).collect();
        for part in names.split(|token| **token == Token::Mark(',')) {
            let (name, bound) = match part {
                [Token::Name(name), Token::Name(word), Token::Name(alias)] if word == "as" => (name, alias),
                [Token::Name(name)] => (name, name),
                _ => continue,
            };
            let dot = if module.is_empty() { "" } else { "." };
            self.names.insert(bound.clone(), format!("{}{module}{dot}{name}", ".".repeat(level)));
        }
    }
}

/// The names that a line begins with.
fn names_at_start(tokens: &[Token]) -> Vec<&str> {
    tokens.iter().map_while(Token::name).take(3).collect()
}

/// Whether an attribute or an item is taken of a call, whose tokens these are from its bracket on.
fn is_taken_apart(call: &[Token]) -> bool {
    let mut depth = 0_usize;
    let close = call.iter().position(|token| {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    let after = close.and_then(|at| call.get(at + 1));
    matches!(after, Some(Token::Mark('.' | '[')))
}

/// `app: FastAPI = value` → `app`, `value`; also for an attribute: `self.app`.
pub(super) fn assignment(tokens: &[Token]) -> Option<(String, &[Token])> {
    let (name, used) = dotted(tokens);
    let at = match tokens.get(used).filter(|_| used > 0)? {
        Token::Mark('=') => used,
        Token::Mark(':') => tokens.iter().position(|token| *token == Token::Mark('='))?,
        _ => return None,
    };
    let value = &tokens[at + 1..];
    // `a = b = value` and `a == b`.
    (value.first() != Some(&Token::Mark('='))).then(|| match value {
        [Token::Name(_), Token::Mark('='), rest @ ..] if rest.first() != Some(&Token::Mark('=')) => (name, rest),
        value => (name, value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_top_level_says_what_is_imported_called_and_defined() {
        let code = Code::read(
            "\"\"\"Doc:\napp = Flask()\n\"\"\"\nimport os, a.b as c  # import nothing\nfrom fastapi import FastAPI as F\n\
             from . import x\nfrom .y import (z,\n  w as v)\napp: F = F(\n    title='#x', port=80)\n\
             other = c.FastAPI(app)\ny = 1\nserver = app.server\n\
             class Own(F, x.Y):\n    inner = 1\n\
             def create_app(x, *, y=1, z: int, **rest):\n    inner = g()\n\
             async def main(): pass\n@app.get('/')\ndef index():\n    v()\n\
             port = int(os.environ.get('PORT', '5000'))\nif __name__ == '__main__':\n    main()\n",
        );
        assert_eq!(code.imports.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "fastapi", "os"]);
        let made: Vec<String> = code.made.iter().map(|(name, call)| format!("{name} {}", call.full)).collect();
        assert_eq!(made, ["app fastapi.FastAPI", "other a.b.FastAPI", "port int"]);
        assert_eq!(code.aliases, [("server".to_owned(), "app.server".to_owned())]);
        assert_eq!(code.functions.keys().collect::<Vec<_>>(), ["create_app", "index", "main"]);
        assert_eq!(code.functions["create_app"].required, ["x", "z"]);
        assert_eq!(code.functions["create_app"].calls[0].full, "g");
        assert_eq!(code.classes["Own"], ["fastapi.FastAPI", ".x.Y"]);
        assert!(code.decorators.contains("app.get") && code.is_script && code.is_relative);
        assert!(code.calls.iter().any(|call| call.full == ".y.w" && !call.is_top));
        assert!(code.calls.iter().any(|call| call.full == "main" && call.is_top));
        assert_eq!(code.port_variable(), Some(Some(5000)));
        assert_eq!(code.made[0].1.keyword("port"), Some(&Value::Number(80)));
        assert!(code.made[1].1.mentions("app"));
    }

    #[test]
    fn a_part_of_what_a_call_makes_is_something_else() {
        for (text, is_made) in [
            ("app = create_app()", true),
            ("app = create_app(load(x)['y'])", true),
            ("app = create_app() if x else None", true),
            ("app = create_app().extensions['celery']", false),
            ("app = create_app(f(1))[0]", false),
            ("app = create_app(", true),
        ] {
            assert_eq!(Code::read(text).made.len(), usize::from(is_made), "{text}");
        }
    }

    #[test]
    fn strings_and_comments_are_not_code() {
        for text in
            ["# app = Flask()", "x = 'app = Flask()'", "'''\nif __name__:\n'''", "'\\'\nq = \"\\\"# app = Flask()\""]
        {
            let code = Code::read(text);
            assert!(code.made.is_empty() && !code.is_script, "{text:?}: {code:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(
            text in "(app|=|Flask|\\(|\\)|,|:|\"|'|\"\"\"|'''|#|\\\\|\n| |\\.|@|é|import |def |from |class |as ){0,40}",
        ) {
            let _ = Code::read(&text);
        }
    }
}
