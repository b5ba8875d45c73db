//! `[bytecode]`: whether and how sources are compiled, and what becomes of them.

use shipwheel_bytecode::{InvalidationMode, Optimization};
use shipwheel_python::DistributionName;
use toml::de::DeValue;

use crate::pattern::Patterns;
use crate::spec::section::{Located, Section, Value};

/// What becomes of the bytecode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BytecodeSpec {
    /// Whether there are bytecode layers at all.
    pub enabled: bool,
    /// The level that is compiled and that the image runs at.
    pub optimization: Optimization,
    /// When CPython takes it for stale; without it the application's is checked, all other is not.
    pub invalidation: Option<InvalidationMode>,
    /// Whose sources are left out.
    pub remove_source: RemoveSource,
    /// Whether a base's interpreter only compiles in a whole sandbox.
    pub require_sandbox: bool,
    /// Exceptions, in order: if several match a file, the last one that sets a key wins.
    pub overrides: Vec<BytecodeOverride>,
}

impl Default for BytecodeSpec {
    fn default() -> Self {
        let (optimization, remove_source) = (Optimization::None, RemoveSource::None);
        let (require_sandbox, overrides) = (false, Vec::new());
        Self { enabled: true, optimization, invalidation: None, remove_source, require_sandbox, overrides }
    }
}

/// Whose sources are left out, their bytecode taking their place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RemoveSource {
    /// Nobody's.
    #[default]
    None,
    /// The application's.
    Application,
    /// The application's and the dependencies', except those known to read their own.
    All,
}

/// Other rules for some files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BytecodeOverride {
    /// Patterns in gitignore syntax of paths in the image.
    pub paths: Vec<Located<String>>,
    /// Distributions.
    pub packages: Vec<Located<DistributionName>>,
    /// Whether they are compiled.
    pub enabled: Option<bool>,
    /// What is left out of their bytecode; its name keeps the image's level, or CPython would not load it.
    pub optimization: Option<Optimization>,
    /// When it counts as stale.
    pub invalidation: Option<InvalidationMode>,
    /// Whether their sources are left out.
    pub remove_source: Option<bool>,
}

const KEYS: &[&str] = &["enabled", "optimize", "invalidation", "remove-source", "require-sandbox", "override"];
const OVERRIDE_KEYS: &[&str] = &["paths", "packages", "enabled", "optimize", "invalidation", "remove-source"];

pub(super) fn read_bytecode(top: &Section<'_>) -> BytecodeSpec {
    let Some(bytecode) = top.section("bytecode", KEYS) else {
        return BytecodeSpec::default();
    };
    let overrides = bytecode.value("override").map_or_else(Vec::new, |value| read_overrides(&bytecode, value));
    BytecodeSpec {
        enabled: bytecode.boolean("enabled").unwrap_or(true),
        optimization: read_optimization(&bytecode).unwrap_or(Optimization::None),
        invalidation: read_invalidation(&bytecode),
        remove_source: read_remove_source(&bytecode),
        require_sandbox: bytecode.boolean("require-sandbox").unwrap_or(false),
        overrides,
    }
}

fn read_optimization(section: &Section<'_>) -> Option<Optimization> {
    let level = section.integer("optimize")?;
    let found = u64::try_from(level.value).ok().and_then(Optimization::from_level);
    if found.is_none() {
        let key = section.path("optimize");
        section.report_at(level.span, format!("`{key}` is {}, expected 0, 1 or 2", level.value));
    }
    found
}

fn read_invalidation(section: &Section<'_>) -> Option<InvalidationMode> {
    let text = section.text("invalidation")?;
    match text.value.as_str() {
        "unchecked-hash" => Some(InvalidationMode::UncheckedHash),
        "checked-hash" => Some(InvalidationMode::CheckedHash),
        other => {
            let key = section.path("invalidation");
            let expected = "expected \"unchecked-hash\" or \"checked-hash\"; an image has no timestamps to compare";
            section.report_at(text.span, format!("`{key}` is `{other}`, {expected}"));
            None
        }
    }
}

/// `true`, `false` or `"application"`.
fn read_remove_source(section: &Section<'_>) -> RemoveSource {
    match section.value("remove-source").map(Value::get_ref).and_then(DeValue::as_str) {
        Some("application") => RemoveSource::Application,
        _ if section.boolean("remove-source") == Some(true) => RemoveSource::All,
        _ => RemoveSource::None,
    }
}

fn read_overrides<'v>(bytecode: &Section<'v>, value: &'v Value<'v>) -> Vec<BytecodeOverride> {
    let Some(list) = value.get_ref().as_array() else {
        bytecode.report(value, "`bytecode.override` is not a list: write each as `[[bytecode.override]]`".to_owned());
        return Vec::new();
    };
    let read = |item| {
        let section = bytecode.of_value("override", item, OVERRIDE_KEYS)?;
        let read = BytecodeOverride {
            paths: section.texts("paths").unwrap_or_default(),
            packages: section.names("packages"),
            enabled: section.boolean("enabled"),
            optimization: read_optimization(&section),
            invalidation: read_invalidation(&section),
            remove_source: section.boolean("remove-source"),
        };
        if read.paths.is_empty() && read.packages.is_empty() {
            let message = "`bytecode.override` names neither `paths` nor `packages`";
            bytecode.report(item, message.to_owned());
        }
        // Every broken pattern is a problem of its own.
        for pattern in &read.paths {
            if let Err(error) = Patterns::new([pattern.value.as_str()]) {
                section.report_at(pattern.span.clone(), error.to_string());
            }
        }
        Some(read)
    };
    list.iter().filter_map(read).collect()
}
