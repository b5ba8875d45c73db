//! What METADATA or PKG-INFO says of an installed distribution to those who list components: name, version, license.

use crate::name::normalized;

/// The longest text of a field that is kept, in characters: some have a whole license in one.
const MAX_FIELD: usize = 300;

/// The most classifiers and files of licenses that are kept.
const MAX_VALUES: usize = 50;

/// An installed distribution as it describes itself. Nothing in it was checked: the text is an image's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The name in its normal form: `typing-extensions`.
    pub name: String,
    /// The name as it is written: `typing_extensions`.
    pub written_name: String,
    /// The version.
    pub version: String,
    /// What it is for, in a line.
    pub summary: Option<String>,
    /// The license as an SPDX expression (PEP 639).
    pub license_expression: Option<String>,
    /// The first line of the older field, which may say anything.
    pub license: Option<String>,
    /// What classifiers say of the license: `License :: OSI Approved :: MIT License`.
    pub license_classifiers: Vec<String>,
    /// The files of licenses, relative to `licenses` in the metadata's folder.
    pub license_files: Vec<String>,
    /// Where it comes from.
    pub homepage: Option<String>,
}

impl Described {
    /// Reads the text of METADATA or PKG-INFO; `None` if it names no distribution or no version.
    pub fn parse(text: &str) -> Option<Self> {
        let fields = Fields(text);
        let written_name = fields.first("Name").filter(|name| is_name(name))?;
        let classifiers = fields.all("Classifier").filter(|it| it.starts_with("License ::"));
        Some(Self {
            name: normalized(&written_name),
            written_name,
            version: fields.first("Version")?,
            summary: fields.first("Summary"),
            license_expression: fields.first("License-Expression"),
            license: fields.first("License"),
            license_classifiers: classifiers.take(MAX_VALUES).map(cut).collect(),
            license_files: fields.all("License-File").take(MAX_VALUES).map(cut).collect(),
            homepage: fields.first("Home-page").or_else(|| fields.project_url()),
        })
    }
}

/// The headers of a text, without the lines that go on with the one above.
struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    fn all(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.0.trim_start_matches('\u{feff}').lines().take_while(|line| !line.trim().is_empty());
        let own = headers.filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split_once(':'));
        let values = own.filter(move |(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
        values.filter(|value| !value.is_empty() && !value.eq_ignore_ascii_case("UNKNOWN"))
    }

    fn first(&self, name: &'a str) -> Option<String> {
        self.all(name).next().map(cut)
    }

    /// The address that `Project-URL` gives for the home page, or else for the source.
    fn project_url(&self) -> Option<String> {
        ["homepage", "source", "repository", "source code"].iter().find_map(|wanted| {
            let urls = self.all("Project-URL").filter_map(|value| value.split_once(','));
            let mut own = urls.filter(|(label, _)| label.trim().eq_ignore_ascii_case(wanted));
            own.next().map(|(_, url)| cut(url.trim()))
        })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_FIELD).collect()
}

/// Whether a text is the name of a distribution, as far as lists of components care.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_. ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_says_its_name_version_and_license() {
        let text = "Metadata-Version: 2.4\nName: Typing_Extensions\nVersion: 4.12.2\nSummary: Backports\n\
            License-Expression: PSF-2.0\nLicense-File: LICENSE\nClassifier: Framework :: X\n\
            Classifier: License :: OSI Approved :: PSF\nProject-URL: Source, https://example.invalid/src\n\
            Project-URL: Homepage, https://example.invalid\n\nName: body\n";
        let found = Described::parse(text).expect("described");
        assert_eq!((found.name.as_str(), found.version.as_str()), ("typing-extensions", "4.12.2"));
        assert_eq!(found.written_name, "Typing_Extensions");
        assert_eq!(found.license_expression.as_deref(), Some("PSF-2.0"));
        assert_eq!((found.license, found.license_files.len()), (None, 1));
        assert_eq!(found.license_classifiers, ["License :: OSI Approved :: PSF"]);
        assert_eq!(found.homepage.as_deref(), Some("https://example.invalid"));
    }

    #[test]
    fn lines_that_go_on_are_no_headers_and_long_texts_are_cut() {
        let long = "x".repeat(1_000);
        let text = format!(
            "Name: a\nLicense: MIT\n  Version: 9\n\tName: b\nVersion: 1\nSummary: {long}\nHome-page: UNKNOWN\n"
        );
        let found = Described::parse(&text).expect("described");
        assert_eq!((found.name.as_str(), found.version.as_str(), found.license.as_deref()), ("a", "1", Some("MIT")));
        assert_eq!((found.summary.map(|it| it.len()), found.homepage), (Some(MAX_FIELD), None));
    }

    #[test]
    fn a_text_without_name_or_version_describes_nothing() {
        for text in ["", "Name: a\n", "Version: 1\n", "Name: <script>\nVersion: 1\n", "Name: a\n\nVersion: 1\n"] {
            assert_eq!(Described::parse(text), None, "{text:?}");
        }
    }
}
