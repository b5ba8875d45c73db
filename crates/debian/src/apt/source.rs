//! The machine's own apt sources, in both formats (sources.list(5)), and Debian's mirrors among them.

use deb822_fast::borrowed::{BorrowedParagraph, BorrowedParser};

/// One entry of apt's sources that is for binary packages and enabled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AptSource {
    /// Where the archives are, without a slash at the end.
    pub uris: Vec<String>,
    /// `bookworm`, `bookworm-updates`.
    pub suites: Vec<String>,
    /// `main`; empty for a flat repository.
    pub components: Vec<String>,
    /// Architectures it is limited to; empty means all.
    pub architectures: Vec<String>,
    /// Whether expired releases are refused, if the source says so.
    pub check_valid_until: Option<bool>,
    /// The keyring's path, fingerprints, or a whole armored key.
    pub signed_by: Option<String>,
    /// Whether it is trusted without a signature, if the source says so.
    pub trusted: Option<bool>,
    /// The file it comes from, as it was named.
    pub file: String,
    /// The line it begins in, counted from 1.
    pub line: usize,
}

impl AptSource {
    /// Reads a `.sources` file. Stanzas that apt would not read are skipped: the file belongs to another program.
    pub fn parse_deb822(text: &str, file_name: &str) -> Vec<Self> {
        stanzas(text)
            .filter_map(|(line, stanza)| {
                let paragraphs = BorrowedParser::new(&stanza).parse_all().ok()?;
                let source = Self::from_stanza(paragraphs.first()?)?;
                Some(Self { file: file_name.to_owned(), line, ..source })
            })
            .collect()
    }

    fn from_stanza(paragraph: &BorrowedParagraph<'_>) -> Option<Self> {
        let text = |field| paragraph.get(field).map(|lines| lines.join("\n").trim().to_owned());
        let words =
            |field| -> Vec<String> { text(field).unwrap_or_default().split_whitespace().map(str::to_owned).collect() };
        let enabled = text("Enabled").as_deref().and_then(parse_bool) != Some(false);
        if !enabled || !words("Types").iter().any(|kind| kind == "deb") {
            return None;
        }
        let flag = |field| text(field).as_deref().and_then(parse_bool);
        let source = Self {
            uris: words("URIs").iter().map(|uri| trimmed(uri)).collect(),
            suites: words("Suites"),
            components: words("Components"),
            architectures: words("Architectures"),
            check_valid_until: flag("Check-Valid-Until"),
            signed_by: text("Signed-By"),
            trusted: flag("Trusted"),
            ..Self::default()
        };
        (!source.uris.is_empty() && !source.suites.is_empty()).then_some(source)
    }

    /// Reads a `.list` file: `deb [option=value …] uri suite component …`. Lines that apt would not
    /// read are skipped.
    pub fn parse_one_line(text: &str, file_name: &str) -> Vec<Self> {
        text.lines()
            .enumerate()
            .filter_map(|(index, line)| {
                Some(Self { file: file_name.to_owned(), line: index + 1, ..Self::from_line(line)? })
            })
            .collect()
    }

    fn from_line(line: &str) -> Option<Self> {
        let line = line.split('#').next().unwrap_or_default().trim();
        let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let mut words = rest.split_whitespace().map(str::to_owned);
        let mut source = Self {
            uris: vec![trimmed(&words.next()?)],
            suites: vec![words.next()?],
            components: words.collect(),
            ..Self::default()
        };
        for (name, value) in options.split_whitespace().filter_map(|option| option.split_once('=')) {
            match name.to_ascii_lowercase().as_str() {
                "arch" => source.architectures = value.split(',').map(str::to_owned).collect(),
                "check-valid-until" => source.check_valid_until = parse_bool(value),
                "signed-by" => source.signed_by = Some(value.to_owned()),
                "trusted" => source.trusted = parse_bool(value),
                _ => {}
            }
        }
        Some(source)
    }
}

/// Splits a file at its blank lines and drops comments; each stanza comes with the number of its first line.
fn stanzas(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut stanzas: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            open = false;
        } else if !line.starts_with('#') {
            if !open {
                stanzas.push((index + 1, String::new()));
            }
            open = true;
            if let Some((_, stanza)) = stanzas.last_mut() {
                stanza.push_str(line);
                stanza.push('\n');
            }
        }
    }
    stanzas.into_iter()
}

fn trimmed(uri: &str) -> String {
    uri.trim_end_matches('/').to_owned()
}

/// The words that apt reads as yes and no.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "with" | "on" | "enable" | "1" => Some(true),
        "no" | "false" | "without" | "off" | "disable" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deb822_stanzas_are_read_with_folded_fields_and_comments() {
        let text = "# a comment\nTypes: deb deb-src\n# inside\nURIs: http://mirror.example/debian/\n\
            Suites: bookworm\n bookworm-updates\nComponents: main\nCheck-Valid-Until: no\nSigned-By:\n /usr/share/a.gpg\n\n\
            Types: deb\nURIs: http://mirror.example/off\nSuites: sid\nComponents: main\nEnabled: no\n\n\
            Types: deb-src\nURIs: http://mirror.example/src\nSuites: sid\n\n malformed\n\n\
            types: deb\nuris: http://a.example http://b.example\nsuites: ./\ntrusted: yes\n";
        let sources = AptSource::parse_deb822(text, "debian.sources");
        assert_eq!(sources.len(), 2, "{sources:?}");
        assert_eq!(sources[0].uris, ["http://mirror.example/debian"]);
        assert_eq!(sources[0].suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(sources[0].signed_by.as_deref(), Some("/usr/share/a.gpg"));
        assert_eq!((sources[0].check_valid_until, sources[0].line), (Some(false), 2));
        assert_eq!((sources[1].uris.len(), sources[1].trusted, sources[1].line), (2, Some(true), 24));
        assert_eq!(sources[1].file, "debian.sources");
    }

    #[test]
    fn one_line_sources_are_read_with_their_options() {
        let text = "# deb http://mirror.example/off bookworm main\n\
            deb http://mirror.example/debian/ bookworm main contrib # all\n\
            deb-src http://mirror.example/debian bookworm main\n\
            deb [arch=amd64,arm64 signed-by=/a.gpg check-valid-until=no trusted=yes] http://b.example ./\n\
            deb [open http://c.example x main\ndeb\ndeb http://c.example\n";
        let sources = AptSource::parse_one_line(text, "sources.list");
        assert_eq!(sources.len(), 2, "{sources:?}");
        assert_eq!(sources[0].components, ["main", "contrib"]);
        assert_eq!((sources[0].line, sources[0].check_valid_until), (2, None));
        assert_eq!(sources[1].architectures, ["amd64", "arm64"]);
        assert_eq!((sources[1].check_valid_until, sources[1].trusted), (Some(false), Some(true)));
        assert_eq!(sources[1].signed_by.as_deref(), Some("/a.gpg"));
    }
}
