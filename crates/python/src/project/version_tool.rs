//! The tools that make a version of the tags of a repository.

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
