//! Typed reading of TOML tables that remembers where everything is and collects every problem.
//!
//! A section is one table of the file with the tables that override it (a profile's) on
//! top: the first that has a key wins.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use shipwheel_python::DistributionName;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

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

/// A value of the file.
pub(crate) type Value<'v> = Spanned<DeValue<'v>>;

/// A table with those that override it.
pub(crate) struct Section<'v> {
    name: String,
    layers: Vec<&'v DeTable<'v>>,
    problems: &'v Problems,
}

pub(crate) fn span_of(value: &Value<'_>) -> Range<usize> {
    value.span()
}

/// What a value is, for messages.
pub(crate) fn kind_of(value: &Value<'_>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(number) if integer_of(number).is_none() => "an integer beyond 64 bits",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The reader keeps the digits as they are written; `None` if they do not fit.
fn integer_of(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// The integer that a value is, if it is one.
pub(crate) fn as_integer(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(integer_of)
}

/// The known name that is nearest to one that is not.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), name))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .min()
        .map(|(_, name)| name)
}

impl<'v> Section<'v> {
    /// Opens tables as one section; a key that is not `known` is a problem in each of them.
    pub(crate) fn open(name: &str, layers: Vec<&'v DeTable<'v>>, known: &[&str], problems: &'v Problems) -> Self {
        for key in layers.iter().flat_map(|table| table.keys()) {
            if known.contains(&key.get_ref().as_ref()) {
                continue;
            }
            let place = if name.is_empty() { String::new() } else { format!(" in `{name}`") };
            let problem = Problem::new(key.span(), format!("unknown key `{}`{place}", key.get_ref()));
            let hint = match nearest(key.get_ref(), known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the known keys are {}", quoted(known)),
            };
            problems.borrow_mut().push(problem.with_hint(hint));
        }
        Self { name: name.to_owned(), layers, problems }
    }

    /// Tables whose keys are checked elsewhere, as the section of the whole file.
    pub(crate) fn of_checked(layers: Vec<&'v DeTable<'v>>, problems: &'v Problems) -> Self {
        Self { name: String::new(), layers, problems }
    }

    /// Reports a problem at a value.
    pub(crate) fn report(&self, value: &Value<'_>, message: String) {
        self.problems.borrow_mut().push(Problem::new(span_of(value), message));
    }

    /// Where the section begins: at its first key.
    pub(crate) fn start(&self) -> Range<usize> {
        self.layers
            .iter()
            .flat_map(|table| table.keys())
            .map(Spanned::span)
            .min_by_key(|span| span.start)
            .unwrap_or(0..0)
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
    fn read<T>(&self, key: &str, expected: &str, read: impl Fn(&'v DeValue<'v>) -> Option<T>) -> Option<Located<T>> {
        let value = self.value(key)?;
        let found = read(value.get_ref());
        if found.is_none() {
            self.report(value, format!("`{}` is {}, expected {expected}", self.path(key), kind_of(value)));
        }
        found.map(|inner| Located { value: inner, span: span_of(value) })
    }

    pub(crate) fn text(&self, key: &str) -> Option<Located<String>> {
        self.read(key, "a string", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn boolean(&self, key: &str) -> Option<bool> {
        self.read(key, "true or false", DeValue::as_bool).map(|located| located.value)
    }

    pub(crate) fn integer(&self, key: &str) -> Option<Located<i64>> {
        self.read(key, "an integer", as_integer)
    }

    /// A list of texts; each keeps its own place.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<Located<String>>> {
        let list = self.read(key, "a list of strings", DeValue::as_array)?;
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
        let text = item.get_ref().as_str();
        if text.is_none() {
            self.report(item, format!("`{}` holds {}, expected only strings", self.path(key), kind_of(item)));
        }
        text.map(|text| Located { value: text.to_owned(), span: span_of(item) })
    }

    /// A table of texts, the overriding tables' entries over the others'.
    pub(crate) fn text_map(&self, key: &str) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        for table in self.tables(key).into_iter().rev() {
            for (name, value) in table {
                match text_of(value.get_ref()) {
                    Some(text) => drop(map.insert(name.get_ref().to_string(), text)),
                    None => self.report(
                        value,
                        format!("`{}.{}` is {}, expected a string", self.path(key), name.get_ref(), kind_of(value)),
                    ),
                }
            }
        }
        map
    }

    /// The tables below a key, the overriding ones first.
    pub(crate) fn tables(&self, key: &str) -> Vec<&'v DeTable<'v>> {
        let mut tables = Vec::new();
        for value in self.layers.iter().filter_map(|table| table.get(key)) {
            match value.get_ref().as_table() {
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
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.report(value, format!("`{}` is {}, expected a table", self.path(key), kind_of(value)));
        }
        table.map(|table| Self::open(&self.path(key), vec![table], known, self.problems))
    }
}

/// The text of a variable or a label: a port or a switch reads well as a number or true, and means its text.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => integer_of(number).map(|number| number.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
