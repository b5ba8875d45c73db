//! A table of pyproject.toml whose every key must be known: a key that is passed over could change the wheel.

use std::collections::BTreeMap;

use crate::project::not_static::NotStatic;

/// A table, or nothing in its place.
#[derive(Clone)]
pub(super) struct Keys<'t> {
    table: Option<&'t toml::Table>,
    name: String,
}

impl<'t> Keys<'t> {
    /// The whole file.
    pub(super) fn new(table: &'t toml::Table) -> Self {
        Self { table: Some(table), name: String::new() }
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn wrong(&self, key: &str, expected: &str) -> NotStatic {
        NotStatic::because(format!("`{}` is not {expected}", self.path(key)))
    }

    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    pub(super) fn value(&self, key: &str) -> Option<&'t toml::Value> {
        self.table?.get(key)
    }

    /// A table below this one; an empty one where it is missing.
    pub(super) fn table(&self, key: &str) -> Result<Self, NotStatic> {
        let table = match self.value(key) {
            None => None,
            Some(value) => Some(value.as_table().ok_or_else(|| self.wrong(key, "a table"))?),
        };
        Ok(Self { table, name: self.path(key) })
    }

    /// Checks that there is no other key than these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), NotStatic> {
        let other = self.table.into_iter().flatten().map(|(key, _)| key).find(|key| !known.contains(&key.as_str()));
        other.map_or(Ok(()), |key| Err(NotStatic::because(format!("pyproject.toml has `{}`", self.path(key)))))
    }

    /// Checks that keys are missing, or empty.
    pub(super) fn without(&self, keys: &[&str]) -> Result<(), NotStatic> {
        let is_empty = |value: &toml::Value| match value {
            toml::Value::Array(list) => list.is_empty(),
            toml::Value::Table(table) => table.is_empty(),
            toml::Value::Boolean(flag) => !flag,
            _ => false,
        };
        let found = keys.iter().find(|key| self.value(key).is_some_and(|value| !is_empty(value)));
        found.map_or(Ok(()), |key| Err(NotStatic::because(format!("pyproject.toml has `{}`", self.path(key)))))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'t str>, NotStatic> {
        let text = |value: &'t toml::Value| value.as_str().ok_or_else(|| self.wrong(key, "a string"));
        self.value(key).map(text).transpose()
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, NotStatic> {
        let flag = |value: &toml::Value| value.as_bool().ok_or_else(|| self.wrong(key, "true or false"));
        self.value(key).map(flag).transpose()
    }

    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<&'t str>>, NotStatic> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let texts = value.as_array().and_then(|list| list.iter().map(toml::Value::as_str).collect());
        texts.map(Some).ok_or_else(|| self.wrong(key, "a list of strings"))
    }

    /// A table of strings, in the order of its keys.
    pub(super) fn text_map(&self, key: &str) -> Result<BTreeMap<&'t str, &'t str>, NotStatic> {
        let table = self.table(key)?;
        let pairs = table.table.into_iter().flatten();
        let pairs = pairs.map(|(key, value)| Some((key.as_str(), value.as_str()?)));
        pairs.collect::<Option<_>>().ok_or_else(|| self.wrong(key, "a table of strings"))
    }

    /// A table of lists of strings.
    pub(super) fn texts_map(&self, key: &str) -> Result<BTreeMap<&'t str, Vec<&'t str>>, NotStatic> {
        let table = self.table(key)?;
        let keys = table.table.into_iter().flatten().map(|(key, _)| key.as_str());
        keys.map(|key| Ok((key, table.texts(key)?.unwrap_or_default()))).collect()
    }

    /// The tables of a list.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Keys<'t>>, NotStatic> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| self.wrong(key, "a list of tables"))?;
        let table = |value: &'t toml::Value| Some(Keys { table: Some(value.as_table()?), name: self.path(key) });
        list.iter().map(table).collect::<Option<_>>().ok_or_else(|| self.wrong(key, "a list of tables"))
    }

    /// All keys with their values.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'t str, &'t toml::Value)> {
        self.table.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }
}
