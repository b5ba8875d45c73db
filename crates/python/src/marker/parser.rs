//! The grammar of markers (PEP 508): a recursive descent that stops at a depth.

use pep440_rs::VersionSpecifier;

use crate::marker::environment::Variable;
use crate::marker::error::MarkerError;
use crate::marker::expression::{Comparator, Expression, Operand};

/// Parentheses inside parentheses; honest markers have three or four.
const MAX_DEPTH: usize = 64;

/// Longer texts are not markers that a person or a resolver wrote.
const MAX_LENGTH: usize = 1 << 20;

/// Parses a whole marker.
pub(super) fn parse(text: &str) -> Result<Expression, MarkerError> {
    let mut parser = Parser { text, at: 0 };
    if text.len() > MAX_LENGTH {
        return Err(parser.error("it is longer than 1 MiB"));
    }
    let expression = parser.any(0)?;
    if parser.at < text.len() {
        return Err(parser.error("expected `and`, `or` or the end"));
    }
    Ok(expression)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn error(&self, reason: &'static str) -> MarkerError {
        self.error_at(self.at, reason)
    }

    fn error_at(&self, offset: usize, reason: &'static str) -> MarkerError {
        MarkerError { text: self.text.chars().take(200).collect(), offset, reason }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes a symbol, and the blanks behind it.
    fn take(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
            self.skip_blanks();
        }
        found
    }

    /// Takes a word that ends where no letter follows.
    fn take_word(&mut self, word: &str) -> bool {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        self.rest().strip_prefix(word).is_some_and(ends) && self.take(word)
    }

    fn any(&mut self, depth: usize) -> Result<Expression, MarkerError> {
        self.skip_blanks();
        let mut parts = vec![self.all(depth)?];
        while self.take_word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(Expression::Any(parts))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, MarkerError> {
        let mut parts = vec![self.part(depth)?];
        while self.take_word("and") {
            parts.push(self.part(depth)?);
        }
        Ok(Expression::All(parts))
    }

    fn part(&mut self, depth: usize) -> Result<Expression, MarkerError> {
        if depth >= MAX_DEPTH {
            return Err(self.error("its parentheses are nested too deep"));
        }
        if !self.take("(") {
            return self.comparison();
        }
        let inner = self.any(depth + 1)?;
        if self.take(")") { Ok(inner) } else { Err(self.error("expected `)`")) }
    }

    fn comparison(&mut self) -> Result<Expression, MarkerError> {
        let start = self.at;
        let left = self.operand()?;
        let operator_at = self.at;
        let comparator = self.comparator()?;
        let right = self.operand()?;
        if let Some(reason) = misuse(&left, comparator, &right) {
            let at =
                if matches!((&left, &right), (Operand::Literal(_), Operand::Literal(_))) { start } else { operator_at };
            return Err(self.error_at(at, reason));
        }
        Ok(Expression::Comparison(left, comparator, right))
    }

    fn operand(&mut self) -> Result<Operand, MarkerError> {
        let start = self.at;
        let rest = self.rest();
        if let Some(quote @ ('\'' | '"')) = rest.chars().next() {
            let length = rest[1..].find(quote).ok_or_else(|| self.error("this quoted string is not closed"))?;
            self.at += length + 2;
            self.skip_blanks();
            return Ok(Operand::Literal(rest[1..=length].to_owned()));
        }
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let variable = Variable::from_name(&rest[..length]);
        let variable = variable.ok_or_else(|| self.error_at(start, "expected a variable or a quoted string"))?;
        self.at += length;
        self.skip_blanks();
        Ok(Operand::Variable(variable))
    }

    fn comparator(&mut self) -> Result<Comparator, MarkerError> {
        let symbols = [
            ("===", Comparator::Identical),
            ("==", Comparator::Equal),
            ("!=", Comparator::NotEqual),
            ("~=", Comparator::Compatible),
            ("<=", Comparator::LessEqual),
            (">=", Comparator::GreaterEqual),
            ("<", Comparator::Less),
            (">", Comparator::Greater),
        ];
        if let Some((_, comparator)) = symbols.into_iter().find(|(symbol, _)| self.take(symbol)) {
            return Ok(comparator);
        }
        if self.take_word("in") {
            return Ok(Comparator::In);
        }
        if self.take_word("not") && self.take_word("in") {
            return Ok(Comparator::NotIn);
        }
        Err(self.error("expected a comparison such as `==` or `not in`"))
    }
}

/// Why a comparison has no meaning, if it has none.
fn misuse(left: &Operand, comparator: Comparator, right: &Operand) -> Option<&'static str> {
    use Comparator::{Compatible, Equal, Identical, In, NotEqual, NotIn};
    use Operand::{Literal, Variable as Named};
    const SETS: &str = "this variable takes `==` or `!=` (extra), or `in` or `not in` (extras)";
    match (left, comparator, right) {
        (Literal(_), _, Literal(_)) => Some("it compares two strings with each other"),
        (Named(Variable::Extra), Equal | NotEqual | Identical, Literal(_))
        | (Literal(_), Equal | NotEqual | Identical, Named(Variable::Extra))
        | (Literal(_), In | NotIn, Named(Variable::Extras | Variable::DependencyGroups)) => None,
        (Named(set), ..) | (_, _, Named(set)) if set.is_set() => Some(SETS),
        (Named(text), Compatible, _) | (_, Compatible, Named(text)) if !text.is_version() => {
            Some("`~=` compares only versions")
        }
        (_, Compatible, Literal(text)) if format!("~={text}").parse::<VersionSpecifier>().is_err() => {
            Some("`~=` needs a version of two numbers or more")
        }
        _ => None,
    }
}
