//! `[bytecode]`: whether and how sources are compiled.

use shipwheel_python::Optimization;

use crate::section::Section;

/// What becomes of the bytecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BytecodeSpec {
    /// Whether there are bytecode layers at all.
    pub enabled: bool,
    /// The level that is compiled and that the image runs at.
    pub optimization: Optimization,
    /// Whether the application's sources are left out.
    pub remove_source: bool,
}

impl Default for BytecodeSpec {
    fn default() -> Self {
        Self { enabled: true, optimization: Optimization::None, remove_source: false }
    }
}

pub(super) fn read_bytecode(top: &Section<'_>) -> BytecodeSpec {
    let default = BytecodeSpec::default();
    let Some(bytecode) = top.section("bytecode", &["enabled", "optimize", "remove-source"]) else {
        return default;
    };
    let optimization = bytecode.integer("optimize").map(|level| {
        let found = u64::try_from(level.value).ok().and_then(Optimization::from_level);
        if found.is_none() {
            bytecode.report_at(level.span, format!("`bytecode.optimize` is {}, expected 0, 1 or 2", level.value));
        }
        found.unwrap_or(default.optimization)
    });
    BytecodeSpec {
        enabled: bytecode.boolean("enabled").unwrap_or(default.enabled),
        optimization: optimization.unwrap_or(default.optimization),
        remove_source: bytecode.boolean("remove-source").unwrap_or(default.remove_source),
    }
}
