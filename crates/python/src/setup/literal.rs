//! A value that is written down in a Python file, and not computed.

/// A plain value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    List(Vec<Literal>),
    /// The entries of a dictionary.
    Table(Vec<(String, Literal)>),
    /// Something that only running the code tells.
    Unknown,
}

impl Literal {
    /// The texts of a list, or the lines of a text; `None` where one of them is computed.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Text(text) => Some(text.lines().map(str::to_owned).collect()),
            Self::List(items) => items
                .iter()
                .map(|item| match item {
                    Self::Text(text) => Some(text.clone()),
                    Self::List(_) | Self::Table(_) | Self::Unknown => None,
                })
                .collect(),
            Self::Table(_) | Self::Unknown => None,
        }
    }
}
