//! Typed reading of TOML tables that remembers where everything is and collects every problem.
//!
//! A section is one table of the file with the tables that override it (a profile's) on
//! top: the first that has a key wins.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use shipwheel_python::DistributionName;
use toml_span::Value;
use toml_span::value::{Table, ValueInner};

use crate::spec::problem::Problem;

/// A value with the bytes of the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is.
    pub span: Range<usize>,
}

/// Where problems are collected.
pub(crate) type Problems = RefCell<Vec<Problem>>;

/// A table with those that override it.
pub(crate) struct Section<'v> {
    name: String,
    layers: Vec<&'v Table<'v>>,
    problems: &'v Problems,
}

pub(crate) fn span_of(value: &Value<'_>) -> Range<usize> {
    value.span.start..value.span.end
}

fn kind_of(value: &Value<'_>) -> &'static str {
    match (value.as_str(), value.as_integer(), value.as_bool(), value.as_array(), value.as_table(), value.as_float()) {
        (Some(_), ..) => "a text",
        (_, Some(_), ..) => "a whole number",
        (_, _, Some(_), ..) => "true or false",
        (_, _, _, Some(_), ..) => "a list",
        (_, _, _, _, Some(_), _) => "a table",
        _ => "a number",
    }
}

/// The known name that is nearest to one that is not.
pub(crate) fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), name))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .min()
        .map(|(_, name)| name)
}

impl<'v> Section<'v> {
    /// Opens tables as one section; a key that is not `known` is a problem in each of them.
    pub(crate) fn open(name: &str, layers: Vec<&'v Table<'v>>, known: &[&str], problems: &'v Problems) -> Self {
        for key in layers.iter().flat_map(|table| table.keys()) {
            if known.contains(&key.name.as_ref()) {
                continue;
            }
            let place = if name.is_empty() { String::new() } else { format!(" in `{name}`") };
            let problem = Problem::new(key.span.start..key.span.end, format!("unknown key `{}`{place}", key.name));
            let hint = match nearest(&key.name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known are {}", quoted(known)),
            };
            problems.borrow_mut().push(problem.with_hint(hint));
        }
        Self { name: name.to_owned(), layers, problems }
    }

    /// Reports a problem at a value.
    pub(crate) fn report(&self, value: &Value<'_>, message: String) {
        self.problems.borrow_mut().push(Problem::new(span_of(value), message));
    }

    /// Reports a problem at a place.
    pub(crate) fn report_at(&self, span: Range<usize>, message: String) {
        self.problems.borrow_mut().push(Problem::new(span, message));
    }

    pub(crate) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// The value of a key, from the first table that has it.
    pub(crate) fn value(&self, key: &str) -> Option<&'v Value<'v>> {
        self.layers.iter().find_map(|table| table.get(key))
    }

    /// Reads a key with `read`, which gives `None` for the wrong type.
    fn read<T>(&self, key: &str, expected: &str, read: impl Fn(&'v Value<'v>) -> Option<T>) -> Option<Located<T>> {
        let value = self.value(key)?;
        let found = read(value);
        if found.is_none() {
            self.report(value, format!("`{}` is {}, expected {expected}", self.path(key), kind_of(value)));
        }
        found.map(|inner| Located { value: inner, span: span_of(value) })
    }

    pub(crate) fn text(&self, key: &str) -> Option<Located<String>> {
        self.read(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn boolean(&self, key: &str) -> Option<bool> {
        self.read(key, "true or false", Value::as_bool).map(|located| located.value)
    }

    pub(crate) fn integer(&self, key: &str) -> Option<Located<i64>> {
        self.read(key, "a whole number", Value::as_integer)
    }

    /// A list of texts; each keeps its own place.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<Located<String>>> {
        let list = self.read(key, "a list of texts", Value::as_array)?;
        Some(list.value.iter().filter_map(|item| self.item_text(key, item)).collect())
    }

    /// A list of distributions' names; a text that is not one is a problem.
    pub(crate) fn names(&self, key: &str) -> Vec<Located<DistributionName>> {
        let parsed = self.texts(key).unwrap_or_default().into_iter().filter_map(|name| match name.value.parse() {
            Ok(value) => Some(Located { value, span: name.span }),
            Err(error) => {
                self.report_at(name.span, format!("{error}"));
                None
            }
        });
        parsed.collect()
    }

    fn item_text(&self, key: &str, item: &Value<'_>) -> Option<Located<String>> {
        let text = item.as_str();
        if text.is_none() {
            self.report(item, format!("`{}` holds {}, expected only texts", self.path(key), kind_of(item)));
        }
        text.map(|text| Located { value: text.to_owned(), span: span_of(item) })
    }

    /// A table of texts, the overriding tables' entries over the others'.
    pub(crate) fn text_map(&self, key: &str) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        for table in self.tables(key).into_iter().rev() {
            for (name, value) in table {
                // A port or a switch reads well as a number or true; both mean their text.
                let text = match value.as_ref() {
                    ValueInner::String(text) => Some(text.to_string()),
                    ValueInner::Integer(number) => Some(number.to_string()),
                    ValueInner::Boolean(switch) => Some(switch.to_string()),
                    _ => None,
                };
                match text {
                    Some(text) => drop(map.insert(name.name.to_string(), text)),
                    None => self.report(
                        value,
                        format!("`{}.{}` is {}, expected a text", self.path(key), name.name, kind_of(value)),
                    ),
                }
            }
        }
        map
    }

    /// The tables below a key, the overriding ones first.
    fn tables(&self, key: &str) -> Vec<&'v Table<'v>> {
        let mut tables = Vec::new();
        for value in self.layers.iter().filter_map(|table| table.get(key)) {
            match value.as_table() {
                Some(table) => tables.push(table),
                None => self.report(value, format!("`{}` is {}, expected a table", self.path(key), kind_of(value))),
            }
        }
        tables
    }

    /// The section below a key; `None` when no table has it.
    pub(crate) fn section(&self, key: &str, known: &[&str]) -> Option<Self> {
        let tables = self.tables(key);
        (!tables.is_empty()).then(|| Self::open(&self.path(key), tables, known, self.problems))
    }

    /// The section of one table in a list.
    pub(crate) fn of_value(&self, key: &str, value: &'v Value<'v>, known: &[&str]) -> Option<Self> {
        let table = value.as_table();
        if table.is_none() {
            self.report(value, format!("`{}` is {}, expected a table", self.path(key), kind_of(value)));
        }
        table.map(|table| Self::open(&self.path(key), vec![table], known, self.problems))
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
