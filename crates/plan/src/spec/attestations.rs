//! `[attestations]`: what is attached to an image besides its bytes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::spec::section::Section;

/// A format of SBOMs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SbomFormat {
    /// SPDX 2.3.
    Spdx,
    /// CycloneDX 1.6.
    Cyclonedx,
}

impl SbomFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Spdx, Self::Cyclonedx];

    /// Its name in image.toml and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spdx => "spdx",
            Self::Cyclonedx => "cyclonedx",
        }
    }
}

impl fmt::Display for SbomFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SbomFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| format!("`{text}` is not a format of SBOMs; expected spdx or cyclonedx"))
    }
}

/// What a build attaches to the manifests of its platforms; nothing of it is in the image's own bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttestationsSpec {
    /// SBOMs.
    pub sbom: BTreeSet<SbomFormat>,
    /// Whether provenance.
    pub provenance: bool,
}

impl AttestationsSpec {
    /// Whether anything is attached.
    pub fn is_any(&self) -> bool {
        self.provenance || !self.sbom.is_empty()
    }
}

const KEYS: &[&str] = &["sbom", "provenance"];

pub(super) fn read_attestations(top: &Section<'_>) -> AttestationsSpec {
    let Some(section) = top.section("attestations", KEYS) else { return AttestationsSpec::default() };
    let mut sbom = BTreeSet::new();
    for text in section.texts("sbom").unwrap_or_default() {
        match text.value.parse() {
            Ok(format) => drop(sbom.insert(format)),
            Err(message) => {
                let message: String = message;
                section.report_at(text.span, format!("`{}`: {message}", section.path("sbom")));
            }
        }
    }
    AttestationsSpec { sbom, provenance: section.boolean("provenance").unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::SbomFormat::{Cyclonedx, Spdx};
    use crate::spec::ImageSpec;

    #[test]
    fn attestations_are_named_by_their_formats() {
        let parse = |lines: &str| {
            ImageSpec::parse(&format!("base = {{ layout = \"x\" }}\n[attestations]\n{lines}"), "image.toml", None)
        };
        for (lines, sbom, provenance) in [
            ("", vec![], false),
            ("sbom = [\"spdx\"]", vec![Spdx], false),
            ("sbom = [\"cyclonedx\", \"spdx\", \"spdx\"]\nprovenance = true", vec![Spdx, Cyclonedx], true),
        ] {
            let found = parse(lines).expect("valid").attestations;
            assert_eq!((found.sbom.into_iter().collect::<Vec<_>>(), found.provenance), (sbom, provenance), "{lines}");
        }
        for (lines, expected) in [
            ("sbom = [\"swid\"]", "image.toml:3: `attestations.sbom`: `swid` is not a format of SBOMs"),
            ("sbom = \"spdx\"", "image.toml:3: `attestations.sbom` is a string, expected a list of strings"),
            ("provenance = 1", "image.toml:3: `attestations.provenance` is an integer, expected"),
            ("vex = true", "image.toml:3: unknown key `vex` in `attestations`"),
        ] {
            let error = parse(lines).expect_err(lines).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
