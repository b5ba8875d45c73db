//! Packages that are installed, as dpkg's `status` and the notes of distroless images (`status.d`) have them.

/// An installed package, with what lists of components say of it. Nothing in it was checked: the text is an image's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPackage {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// `amd64`, `all`; empty if it is not said.
    pub architecture: String,
    /// The source package: its own name where no other is said.
    pub source: String,
    /// The version of the source package.
    pub source_version: String,
    /// Who looks after it.
    pub maintainer: Option<String>,
    /// Where it comes from.
    pub homepage: Option<String>,
}

impl InstalledPackage {
    /// The packages of a text that are installed. A stanza without a name or a version is none.
    pub fn parse_all(text: &str) -> Vec<Self> {
        let mut all = Vec::new();
        let mut lines = text.lines().peekable();
        while lines.peek().is_some() {
            let stanza: Vec<&str> = lines.by_ref().take_while(|line| !line.trim().is_empty()).collect();
            all.extend(Self::of_stanza(&stanza));
        }
        all
    }

    fn of_stanza(lines: &[&str]) -> Option<Self> {
        let field = |name: &str| {
            let own =
                lines.iter().filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split_once(':'));
            let mut values = own.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
            values.next().filter(|value| !value.is_empty())
        };
        // `deinstall ok config-files` is a package that is gone; without dpkg there is no such field.
        if field("Status").is_some_and(|status| status.split_whitespace().nth(2) != Some("installed")) {
            return None;
        }
        let (name, version) = (field("Package")?, field("Version")?);
        let (source, source_version) = match field("Source") {
            Some(source) => source_of(source, version),
            None => (name, version),
        };
        Some(Self {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: field("Architecture").unwrap_or_default().to_owned(),
            source: source.to_owned(),
            source_version: source_version.to_owned(),
            maintainer: field("Maintainer").map(str::to_owned),
            homepage: field("Homepage").map(str::to_owned),
        })
    }
}

/// `gcc-12 (12.2.0-14)`: the version in brackets is there only if it differs from the package's own.
fn source_of<'a>(field: &'a str, version: &'a str) -> (&'a str, &'a str) {
    match field.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')').trim()),
        None => (field, version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_packages_have_their_sources() {
        let text = "Package: libgcc-s1\nStatus: install ok installed\nSource: gcc-12 (12.2.0-14)\nArchitecture: amd64\n\
            Version: 12.2.0-14+b1\nDescription: support\n library\n Version: 9\n\nPackage: zlib1g\nSource: zlib\n\
            Version: 1:1.2.13\nArchitecture: amd64\nMaintainer: M <m@example.invalid>\n\n\nPackage: tzdata\n\
            Version: 2025b\nArchitecture: all\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
            Package: nameless-version\n\n: x\n\nVersion: 1\n";
        let shown = |it: &InstalledPackage| {
            let InstalledPackage { name, version, architecture, source, source_version, .. } = it;
            format!("{name} {version} {architecture} of {source} {source_version}")
        };
        let found = InstalledPackage::parse_all(text);
        let expected = [
            "libgcc-s1 12.2.0-14+b1 amd64 of gcc-12 12.2.0-14",
            "zlib1g 1:1.2.13 amd64 of zlib 1:1.2.13",
            "tzdata 2025b all of tzdata 2025b",
        ];
        assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
        assert_eq!(found[1].maintainer.as_deref(), Some("M <m@example.invalid>"));
        assert!(InstalledPackage::parse_all("\n \n\n").is_empty());
    }
}
