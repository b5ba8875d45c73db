//! The tools that make a version of the tags of a repository.

use pep440_rs::Version;

use crate::name::DistributionName;

/// A tool that makes a version of the tags of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionTool {
    /// hatch-vcs, a plug-in of hatchling.
    HatchVcs,
    /// setuptools-scm, a plug-in of setuptools.
    SetuptoolsScm,
    /// versioningit, a plug-in of setuptools and hatchling.
    Versioningit,
    /// poetry-dynamic-versioning, a plug-in of Poetry.
    PoetryDynamicVersioning,
    /// pdm-backend itself.
    Pdm,
}

impl VersionTool {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::HatchVcs => "hatch-vcs",
            Self::SetuptoolsScm => "setuptools-scm",
            Self::Versioningit => "versioningit",
            Self::PoetryDynamicVersioning => "poetry-dynamic-versioning",
            Self::Pdm => "pdm-backend",
        }
    }
}

/// What `git describe --long` says of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    tag: Version,
    /// How many commits follow the tag.
    distance: u64,
    commit: String,
}

impl Described {
    /// Reads `v1.2-3-g0123456`; the version is what follows the last letters before the first digit of the tag.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().rsplitn(3, '-');
        let (commit, distance, tag) = (parts.next()?.strip_prefix('g')?, parts.next()?.parse().ok()?, parts.next()?);
        let starts = tag.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at);
        let version = starts.into_iter().find_map(|at| tag[at..].parse::<Version>().ok())?;
        Some(Self { tag: version, distance, commit: commit.to_owned() })
    }
}

impl VersionTool {
    /// The version that the tool makes by default of a commit; whether files were changed since is not looked at.
    pub fn version(self, described: &Described) -> String {
        let Described { tag, distance, commit } = described;
        let (public, release) = (tag.to_string(), tag.only_release().to_string());
        match (distance, self) {
            (0, _) => public,
            (_, Self::HatchVcs | Self::SetuptoolsScm | Self::Pdm) => {
                format!("{}.dev{distance}+g{commit}", next(public.split('+').next().unwrap_or_default()))
            }
            (_, Self::Versioningit) => format!("{release}.post{distance}+g{commit}"),
            (_, Self::PoetryDynamicVersioning) => format!("{release}.post{distance}.dev0+{commit}"),
        }
    }

    /// The variables by which the tools take a version, for a backend that runs.
    pub const VARIABLES: [&'static str; 3] =
        ["SETUPTOOLS_SCM_PRETEND_VERSION", "POETRY_DYNAMIC_VERSIONING_BYPASS", "PDM_BUILD_SCM_VERSION"];

    /// The variables in which a user may say the version of a distribution, the first one before the others.
    pub fn variables(self, name: &DistributionName) -> Vec<String> {
        let named = name.as_str().replace('-', "_").to_uppercase();
        let own = match self {
            Self::HatchVcs | Self::SetuptoolsScm | Self::Versioningit => "SETUPTOOLS_SCM_PRETEND_VERSION",
            Self::PoetryDynamicVersioning => "POETRY_DYNAMIC_VERSIONING_BYPASS",
            Self::Pdm => "PDM_BUILD_SCM_VERSION",
        };
        vec![format!("{own}_FOR_{named}"), own.to_owned()]
    }
}

/// A version with its last number one higher: what the next one is guessed to be.
fn next(version: &str) -> String {
    let digits = version.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (head, last) = version.split_at(version.len() - digits);
    last.parse::<u64>().map_or(version.to_owned(), |number| format!("{head}{}", number.saturating_add(1)))
}

/// The tool that makes the version of a project from tags, if it is one of these; the text is a pyproject.toml.
pub fn version_tool(text: &str) -> Option<VersionTool> {
    let file: toml::Table = text.parse().ok()?;
    let tool = |name: &str| file.get("tool")?.as_table()?.get(name)?.as_table();
    let requires = file.get("build-system").and_then(|system| system.get("requires")?.as_array());
    let requires = |name: &str| {
        let mut texts = requires.into_iter().flatten().filter_map(toml::Value::as_str);
        texts.any(|text| text.to_ascii_lowercase().replace(['_', '.'], "-").starts_with(name))
    };
    let dynamic = file.get("project").and_then(|project| project.get("dynamic")?.as_array());
    let is_dynamic = dynamic.into_iter().flatten().any(|key| key.as_str() == Some("version"));
    let poetry = tool("poetry-dynamic-versioning").and_then(|table| table.get("enable")?.as_bool()) == Some(true);
    if poetry && requires("poetry-dynamic-versioning") {
        return Some(VersionTool::PoetryDynamicVersioning);
    }
    let source = |name: &str| tool(name).and_then(|table| table.get("version")?.get("source")?.as_str());
    match () {
        () if !is_dynamic => None,
        () if source("hatch") == Some("versioningit") || tool("versioningit").is_some() => {
            Some(VersionTool::Versioningit)
        }
        () if source("hatch") == Some("vcs") => Some(VersionTool::HatchVcs),
        () if source("pdm") == Some("scm") => Some(VersionTool::Pdm),
        () if requires("setuptools-scm") => Some(VersionTool::SetuptoolsScm),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_makes_its_own_version_of_a_commit() {
        use VersionTool::{HatchVcs, Pdm, PoetryDynamicVersioning, SetuptoolsScm, Versioningit};
        for (tool, described, expected) in [
            (HatchVcs, "v1.0-0-gabc1234", Some("1.0")),
            (SetuptoolsScm, "v1.0-2-gabc1234", Some("1.1.dev2+gabc1234")),
            (SetuptoolsScm, "1.2.3-10-gabc1234", Some("1.2.4.dev10+gabc1234")),
            (SetuptoolsScm, "my-app-2.0rc1-1-gabc1234", Some("2.0rc2.dev1+gabc1234")),
            (Pdm, "release/3.1-0-gabc1234", Some("3.1")),
            (Versioningit, "v1.0-2-gabc1234", Some("1.0.post2+gabc1234")),
            (PoetryDynamicVersioning, "v1.0.1-2-gabc1234", Some("1.0.1.post2.dev0+abc1234")),
            (HatchVcs, "nightly-0-gabc1234", None),
            (HatchVcs, "abc1234", None),
        ] {
            let found = Described::parse(described).map(|described| tool.version(&described));
            assert_eq!(found.as_deref(), expected, "{described}");
            assert!(found.is_none_or(|version| version.parse::<Version>().is_ok()));
        }
    }
}
