//! A value that is written down in a Python file, and not computed.

use std::collections::BTreeMap;

/// A plain value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    Text(String),
    /// `True` or `False`.
    Flag(bool),
    /// A list or a tuple.
    List(Vec<Literal>),
    /// The entries of a dictionary.
    Table(Vec<(String, Literal)>),
    /// The packages that setuptools finds.
    Packages(Search),
    /// Something that only running the code tells.
    Unknown,
}

/// A call of `find_packages` or `find_namespace_packages`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    /// Whether a folder needs an `__init__.py`.
    pub(crate) needs_init: bool,
    /// `where`, `include` and `exclude`, as far as they are given.
    pub(crate) arguments: BTreeMap<String, Literal>,
}

impl Literal {
    /// Whether nothing in it is computed.
    pub(crate) fn is_known(&self) -> bool {
        match self {
            Self::Text(_) | Self::Flag(_) => true,
            Self::List(items) => items.iter().all(Self::is_known),
            Self::Table(entries) => entries.iter().all(|(_, value)| value.is_known()),
            Self::Packages(search) => search.arguments.values().all(Self::is_known),
            Self::Unknown => false,
        }
    }

    /// A text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(_) | Self::List(_) | Self::Table(_) | Self::Packages(_) | Self::Unknown => None,
        }
    }

    /// The texts of a list, or the lines of a text; `None` where one of them is computed.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Text(text) => Some(text.lines().map(str::to_owned).collect()),
            Self::List(items) => items.iter().map(|item| item.text().map(str::to_owned)).collect(),
            Self::Flag(_) | Self::Table(_) | Self::Packages(_) | Self::Unknown => None,
        }
    }
}
