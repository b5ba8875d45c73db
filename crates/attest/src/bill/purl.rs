//! Package URLs: the names by which scanners know packages.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a purl has as it is; a colon is not among it, so that an epoch reads `1%3A`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// A package URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purl {
    kind: &'static str,
    namespace: Option<String>,
    name: String,
    version: String,
    qualifiers: BTreeMap<&'static str, String>,
}

impl Purl {
    /// The purl of a package of a kind; an empty version is left out.
    pub fn new(kind: &'static str, name: &str, version: &str) -> Self {
        let (name, version) = (name.to_owned(), version.to_owned());
        Self { kind, namespace: None, name, version, qualifiers: BTreeMap::new() }
    }

    /// The same within a namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The same with a qualifier; an empty one is left out.
    #[must_use]
    pub fn qualifier(mut self, key: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.qualifiers.insert(key, value.to_owned());
        }
        self
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{}/", encoded(namespace))?;
        }
        write!(f, "{}", encoded(&self.name))?;
        if !self.version.is_empty() {
            write!(f, "@{}", encoded(&self.version))?;
        }
        for (number, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(f, "{}{key}={}", if number == 0 { '?' } else { '&' }, encoded(value))?;
        }
        Ok(())
    }
}

/// The `@` of `upstream` is encoded, too: it may stand nowhere but before the version.
fn encoded(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, ENCODED)
}

/// A distribution's name as package indexes know it (PEP 503).
pub fn normalized(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}
