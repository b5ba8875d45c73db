//! What is new, out of CHANGELOG.md: the section of this version, or of what is not released yet.

use super::release::Release;
use crate::workspace::Outcome;

/// The file.
const NAME: &str = "NOTES.md";

/// Writes the section.
pub(super) fn make(release: &Release<'_>) -> Outcome {
    let changelog = release.shell.read_file("CHANGELOG.md")?;
    let version = env!("CARGO_PKG_VERSION");
    let section = section(&changelog, version).or_else(|| section(&changelog, "Unreleased"));
    let section = section.ok_or_else(|| format!("CHANGELOG.md has no section `## {version}` or `## Unreleased`"))?;
    Ok(std::fs::write(release.output.join(NAME), format!("{}\n", section.trim()))?)
}

/// The text below a heading, up to the next one of its rank.
fn section<'t>(changelog: &'t str, name: &str) -> Option<&'t str> {
    let sections = changelog.split("\n## ").skip(1);
    let named = sections.filter_map(|section| section.split_once('\n'));
    // A heading may have a date behind the version.
    named.into_iter().find(|(heading, _)| heading.split(' ').next() == Some(name)).map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_at_the_next_one() {
        let changelog =
            "# Changelog\n\n## Unreleased\n\n- c\n\n## 1.1.0 (2026-11-01)\n\n- b\n\n### More\n\n## 1.0.0\n\n- a\n";
        assert_eq!(section(changelog, "Unreleased").map(str::trim), Some("- c"));
        assert_eq!(section(changelog, "1.1.0").map(str::trim), Some("- b\n\n### More"));
        assert_eq!(section(changelog, "1.0.0").map(str::trim), Some("- a"));
        assert_eq!(section(changelog, "1.0"), None);
    }
}
