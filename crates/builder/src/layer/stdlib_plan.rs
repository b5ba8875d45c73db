//! The plan of bytecode of the standard library alone, for images that are there already.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_bytecode::Optimization;
use shipwheel_layer::FileTime;
use shipwheel_oci::{ImageConfig, Platform};
use shipwheel_plan::Plan;
use shipwheel_plan::facts::{Facts, PlatformFacts};
use shipwheel_plan::spec::ImageSpec;

use crate::base::resolved::ResolvedBase;
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;

/// The layers of bytecode that each platform lacks, at the levels asked for; without any, at that which its own
/// environment asks for.
///
/// # Errors
/// When a config is broken, or its environment keeps Python from loading any bytecode.
pub(crate) fn plan_of_stdlib(
    name: &str,
    bases: &BTreeMap<Platform, ResolvedBase>,
    levels: &[Optimization],
) -> Result<Plan, BuildError> {
    let mut plan = Plan { platforms: Vec::new(), warnings: Vec::new() };
    for (platform, base) in bases {
        let levels = match levels {
            [] => vec![own_level(name, base.facts.config.as_bytes())?],
            levels => levels.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        let mut layers = Vec::new();
        let mut planned = None;
        for optimization in levels {
            let spec = ImageSpec::bytecode_alone(platform.clone(), optimization);
            let facts = PlatformFacts { base: base.facts.clone(), wheels: Vec::new(), installed: Vec::new() };
            let platforms = BTreeMap::from([(platform.clone(), facts)]);
            let facts = Facts { platforms, app: Vec::new(), app_time: FileTime::EARLIEST };
            let one = Plan::new(&spec, &facts)?.platforms.remove(0);
            layers.extend(one.layers.clone());
            planned = Some(one);
        }
        plan.platforms.extend(planned.map(|planned| shipwheel_plan::PlatformPlan { layers, ..planned }));
    }
    Ok(plan)
}

/// The level that an image runs at by its own environment.
///
/// # Errors
/// When the config is broken, or its environment keeps Python from loading any bytecode.
pub(crate) fn own_level(name: &str, config: &[u8]) -> Result<Optimization, BuildError> {
    let config = ImageConfig::parse(config);
    let env = config.map_err(|cause| ImageError::Config { image: name.to_owned(), cause })?.env();
    if let Some(prefix) = env.get("PYTHONPYCACHEPREFIX").filter(|prefix| !prefix.is_empty()) {
        return Err(ImageError::CachePrefix { image: name.to_owned(), prefix: prefix.clone() }.into());
    }
    let level = Optimization::level_of_environment(env.get("PYTHONOPTIMIZE").map(String::as_str).unwrap_or_default());
    Optimization::from_level(level.into()).ok_or_else(|| ImageError::Level { image: name.to_owned(), level }.into())
}
