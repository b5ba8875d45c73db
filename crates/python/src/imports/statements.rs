//! What a module imports and which names it binds, as the interpreter's `statements.py` reports it.

use std::collections::BTreeSet;

use super::django::DjangoStatements;
use super::when::When;

/// One name of an import statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its line, from 1.
    pub line: u32,
    /// When it runs.
    pub when: When,
    /// How many packages up it begins: the dots of `from ..a import b`.
    pub level: u32,
    /// The module: `a.b`; empty in `from . import c`.
    pub module: String,
    /// What is taken from it, in `from a.b import c`.
    pub name: Option<String>,
}

/// What a module says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statements {
    /// Its imports, by line.
    pub imports: Vec<Import>,
    /// Every name that it may bind.
    pub names: BTreeSet<String>,
    /// Whether it may have names that no statement binds.
    pub is_dynamic: bool,
    /// Whether it deals with `sys.path`.
    pub uses_path: bool,
    /// Whether it replaces modules or hooks into imports.
    pub replaces_modules: bool,
    /// What it says of Django's settings.
    pub django: DjangoStatements,
}

impl Statements {
    /// Reads a report: a line `i LINE WHEN LEVEL MODULE NAME` for each import, `n NAME` for each name, and the
    /// letters `d`, `p` and `r`; others are read by [`DjangoStatements`]. `None` if it is anything else.
    pub fn parse(report: &[u8]) -> Option<Self> {
        let mut statements = Self::default();
        for line in std::str::from_utf8(report).ok()?.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["i", line, when, level, module, name] => statements.imports.push(Import {
                    line: line.parse().ok()?,
                    when: When::of(when)?,
                    level: level.parse().ok()?,
                    module: module.to_owned(),
                    name: (!name.is_empty()).then(|| name.to_owned()),
                }),
                ["n", name] => _ = statements.names.insert(name.to_owned()),
                ["d"] => statements.is_dynamic = true,
                ["p"] => statements.uses_path = true,
                ["r"] => statements.replaces_modules = true,
                _ => statements.django.read(&words)?,
            }
        }
        Some(statements)
    }
}
