//! Spec and facts → the ordered layers of each platform.

use std::fmt;

use shipwheel_bytecode::Optimization;
use shipwheel_oci::Platform;

use crate::facts::Facts;
use crate::layer::PlannedLayer;
use crate::policy::Policy;
use crate::spec::ImageSpec;

mod error;
mod planner;
mod writable_folders;

use error::MAX_LAYERS;
use planner::Planner;

pub use error::PlanError;

/// The layers of one platform above its base, bottom to top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformPlan {
    /// The platform.
    pub platform: Platform,
    /// The layers.
    pub layers: Vec<PlannedLayer>,
}

/// The layers of every platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Sorted, as the platforms of the spec are.
    pub platforms: Vec<PlatformPlan>,
    /// What the user should look at, though the image can be built.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Plans all platforms of a spec.
    ///
    /// What a platform's layers are depends on its own facts, never on the other platforms.
    ///
    /// # Errors
    /// When the facts do not allow what the spec asks for.
    pub fn new(spec: &ImageSpec, facts: &Facts) -> Result<Self, PlanError> {
        check_environment(spec)?;
        let policy = Policy::new(spec)?;
        let platforms = spec.platforms.iter().map(|platform| {
            let known = facts.platforms.get(platform);
            let known = known.ok_or_else(|| PlanError::NoFacts { platform: platform.clone() })?;
            let writable = writable_folders::resolve(spec, platform, facts, known)?;
            let layers = Planner { spec, policy: &policy, platform, facts, known, writable }.layers()?;
            let count = layers.len() + known.base.layers.len();
            if count > MAX_LAYERS {
                return Err(PlanError::Layers { platform: platform.clone(), count });
            }
            Ok(PlatformPlan { platform: platform.clone(), layers })
        });
        let platforms = platforms.collect::<Result<_, _>>()?;
        Ok(Self { platforms, warnings: policy.warnings(facts) })
    }
}

/// CPython loads only the pycs of the level that it runs at, from beside their sources.
fn check_environment(spec: &ImageSpec) -> Result<(), PlanError> {
    if let Some(found) = spec.config.env.get("PYTHONPYCACHEPREFIX").filter(|found| !found.is_empty())
        && spec.bytecode.enabled
    {
        return Err(PlanError::CachePrefix { found: found.clone() });
    }
    let level = spec.bytecode.optimization;
    match spec.config.env.get("PYTHONOPTIMIZE").filter(|_| spec.bytecode.enabled) {
        Some(found) if Optimization::level_of_environment(found) != u32::from(level.level()) => {
            Err(PlanError::Level { found: found.clone(), level: level.level() })
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Plan {
    /// Stable text: one line per layer, the same for the same inputs on any machine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for plan in &self.platforms {
            writeln!(f, "{}", plan.platform)?;
            for layer in &plan.layers {
                writeln!(f, "  {}  {:20}  {}", layer.key.short(), layer.kind.name(), layer.title)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
