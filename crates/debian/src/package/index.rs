//! `Packages`: which packages a component of a suite has for an architecture.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::package::error::PackagesError;
use crate::package::stanza::Package;

/// All packages of an index, found by name; a stanza is only read when its package is asked for.
#[derive(Debug, Clone, Default)]
pub struct PackageIndex {
    text: String,
    /// Stanzas by their package's name.
    names: BTreeMap<String, Vec<Range<usize>>>,
    /// Stanzas by the virtual packages they provide.
    provides: BTreeMap<String, Vec<Range<usize>>>,
}

impl PackageIndex {
    /// Reads a decompressed index.
    ///
    /// # Errors
    /// When it is not UTF-8 or a stanza has no `Package`.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, PackagesError> {
        let text = String::from_utf8(bytes).map_err(|error| PackagesError::Utf8(error.utf8_error()))?;
        let mut index = Self { text, ..Self::default() };
        let mut start = 0;
        while start < index.text.len() {
            let rest = &index.text[start..];
            let end = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
            let stanza = &rest[..end];
            if !stanza.trim().is_empty() {
                let first = || stanza.lines().next().unwrap_or_default().chars().take(200).collect();
                let name = value(stanza, "Package").ok_or_else(|| PackagesError::Stanza { found: first() })?;
                let range = start..start + end;
                for provided in value(stanza, "Provides").into_iter().flat_map(|field| field.split(',')) {
                    let name = provided.split([' ', '\n', '(', ':']).find(|word| !word.is_empty()).unwrap_or_default();
                    index.provides.entry(name.to_owned()).or_default().push(range.clone());
                }
                index.names.entry(name.to_owned()).or_default().push(range);
            }
            start += end + 1;
        }
        Ok(index)
    }

    /// The number of names in it.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it has no package.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names of all packages, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Every version of a package.
    ///
    /// # Errors
    /// When a stanza has a field that cannot be right.
    pub fn packages(&self, name: &str) -> Result<Vec<Package>, PackagesError> {
        self.read(self.names.get(name))
    }

    /// The packages that provide a virtual one, or claim to.
    ///
    /// # Errors
    /// As [`PackageIndex::packages`].
    pub fn providers(&self, name: &str) -> Result<Vec<Package>, PackagesError> {
        self.read(self.provides.get(name))
    }

    fn read(&self, ranges: Option<&Vec<Range<usize>>>) -> Result<Vec<Package>, PackagesError> {
        ranges.into_iter().flatten().map(|range| Package::parse(&self.text[range.clone()])).collect()
    }
}

/// A field's value with its folded lines, found without reading the other fields.
fn value<'a>(stanza: &'a str, field: &str) -> Option<&'a str> {
    let mut start = 0;
    for line in stanza.split_inclusive('\n') {
        start += line.len();
        if let Some(first) = line.strip_prefix(field).and_then(|rest| rest.strip_prefix(':')) {
            let folded = stanza[start..].split_inclusive('\n').take_while(|line| line.starts_with([' ', '\t']));
            let end = start + folded.map(str::len).sum::<usize>();
            return Some(stanza[start - first.len()..end].trim());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::stanza::tests::STANZA;

    fn index(text: &str) -> PackageIndex {
        PackageIndex::parse(text.as_bytes().to_vec()).expect("valid")
    }

    #[test]
    fn packages_are_found_by_name_and_by_what_they_provide() {
        let text =
            format!("{STANZA}\n{}\n\n{}", STANZA.replace("dfsg-1", "dfsg-2"), STANZA.replace("zlib1g", "zlib2g"));
        let index = index(&text);
        assert_eq!(index.names().collect::<Vec<_>>(), ["zlib1g", "zlib2g"]);
        let found = index.packages("zlib1g").expect("valid");
        let versions: Vec<_> = found.iter().map(|package| package.version.to_string()).collect();
        assert_eq!(versions, ["1:1.2.13.dfsg-1", "1:1.2.13.dfsg-2"]);
        assert_eq!(found[0].size, 86716);
        assert_eq!(found[0].stanza, STANZA.trim_end());
        assert_eq!(found[0].provides.len(), 2);
        for provided in ["libz1", "libz"] {
            assert_eq!(index.providers(provided).expect("valid").len(), 3, "{provided}");
        }
        assert!(index.packages("nothing").expect("valid").is_empty());
    }

    #[test]
    fn bytes_that_are_not_an_index_are_errors() {
        assert!(PackageIndex::parse(vec![0xff]).is_err());
        assert!(PackageIndex::parse(b"<html>".to_vec()).is_err());
        assert!(index("").is_empty());
        assert!(index("\n\n\n").is_empty());
    }
}
