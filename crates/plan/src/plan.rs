//! Spec and facts → the ordered layers of each platform.

use std::collections::BTreeMap;
use std::fmt;

use shipwheel_bytecode::Optimization;
use shipwheel_layer::Metadata;
use shipwheel_oci::Platform;

use crate::facts::{AppFile, BaseFacts, Facts, PlatformFacts, PythonFacts, SourceFile, SpecialDirectory, WheelFacts};
use crate::group::{Group, Groupable, group};
use crate::layer::{BytecodeInputs, LayerInputs, LayerKind, PlannedLayer, VENV, WheelInput};
use crate::policy::{Owner, PatternError, Policy};
use crate::spec::ImageSpec;

/// Overlay file systems of some kernels and runtimes stop at 127 layers, and leave one to the container.
const MOST_LAYERS: usize = 125;

/// A plan that cannot be made from these facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Nothing is known of a platform.
    #[error("no facts for {platform}")]
    NoFacts {
        /// The platform.
        platform: Platform,
    },
    /// The base has no interpreter, and the image needs one.
    #[error("the base for {platform} has no Python interpreter")]
    NoPython {
        /// The platform.
        platform: Platform,
    },
    /// The image would run at another level than its bytecode is compiled for, and load none of it.
    #[error("`config.env` sets PYTHONOPTIMIZE to `{found}`, and the bytecode is of level {level}")]
    Level {
        /// What the environment says.
        found: String,
        /// What is compiled.
        level: u8,
    },
    /// Runtimes stack only so many layers.
    #[error("the image for {platform} would have {count} layers, more than the {MOST_LAYERS} that runtimes stack")]
    Layers {
        /// The platform.
        platform: Platform,
        /// How many.
        count: usize,
    },
    /// A pattern of an override is none.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// With this variable CPython looks for bytecode nowhere near the sources, and finds none.
    #[error("`config.env` sets PYTHONPYCACHEPREFIX to `{found}`, and CPython would load none of the bytecode")]
    CachePrefix {
        /// What the environment says.
        found: String,
    },
    /// A folder that files go into is a link in the base.
    #[error("`{path}` is a link to `{target}` in the base for {platform}, and files cannot be put through it")]
    ThroughLink {
        /// The platform.
        platform: Platform,
        /// The folder.
        path: String,
        /// Where it leads.
        target: String,
    },
}

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
    /// In the order in which the spec names the platforms.
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
            let layers = Planner { spec, policy: &policy, platform, facts, known }.layers()?;
            let count = layers.len() + known.base.layers.len();
            if count > MOST_LAYERS {
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
        Some(found) if Optimization::from_environment(found) != level => {
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

/// Whether a source is generated for each architecture, so that its bytecode must not keep
/// the rest from being shared. Chosen by name: what a layer holds never depends on what
/// another platform has.
fn is_made_per_platform(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.starts_with("_sysconfigdata_") || name == "__config__.py"
}

/// Distributions and their versions, for people.
fn names(wheels: &[WheelFacts], members: &[usize]) -> Vec<String> {
    members.iter().map(|n| format!("{} {}", wheels[*n].name, wheels[*n].version)).collect()
}

/// The sources of a wheel, each with the distribution that it belongs to.
fn sources_of(wheel: &WheelFacts) -> impl Iterator<Item = (&SourceFile, Owner<'_>)> {
    wheel.sources.iter().map(|source| (source, Owner::Distribution(&wheel.name)))
}

/// Whether a file of the application is bytecode that a run on some machine left behind.
fn is_stray(file: &AppFile) -> bool {
    file.path.ends_with(".pyc") && file.path.contains("/__pycache__/")
}

/// Whether a file of the application is compiled. What stands in the environment's `bin` is run by
/// name and never imported: its bytecode would not be found.
fn is_source(file: &AppFile) -> bool {
    let is_command = file.path.strip_prefix(VENV).is_some_and(|rest| rest.starts_with("/bin/"));
    file.path.ends_with(".py") && file.link.is_none() && !is_command
}

struct Planner<'a> {
    spec: &'a ImageSpec,
    policy: &'a Policy<'a>,
    platform: &'a Platform,
    facts: &'a Facts,
    known: &'a PlatformFacts,
}

impl Planner<'_> {
    fn layers(&self) -> Result<Vec<PlannedLayer>, PlanError> {
        let mut layers = Vec::new();
        let wheels = &self.known.wheels;
        let bytecode = &self.spec.bytecode;
        let python = match &self.known.base.python {
            Some(python) => Some(python),
            None if !self.spec.has_environment() && !bytecode.enabled => None,
            None => return Err(PlanError::NoPython { platform: self.platform.clone() }),
        };
        if let Some(python) = python {
            if bytecode.enabled {
                layers.extend(self.stdlib_bytecode(python)?);
            }
            if self.spec.has_environment() {
                layers.extend(self.dependencies(python, wheels)?);
                if bytecode.enabled {
                    layers.extend(self.dependency_bytecode(python, wheels)?);
                }
            }
        }
        layers.extend(self.application()?);
        if let Some(python) = python.filter(|_| bytecode.enabled) {
            layers.extend(self.application_bytecode(python)?);
            layers.extend(self.platform_bytecode(python)?);
        }
        Ok(layers)
    }

    fn layer<'p>(
        &self,
        kind: LayerKind,
        title: String,
        inputs: LayerInputs,
        paths: impl IntoIterator<Item = &'p str>,
    ) -> Result<PlannedLayer, PlanError> {
        let directories = directories_above(&self.known.base, self.platform, paths)?;
        Ok(PlannedLayer::new(kind, title, inputs, directories))
    }

    /// A layer of bytecode; `None` when there is nothing to compile.
    fn bytecode<'s>(
        &self,
        kind: LayerKind,
        title: String,
        python: &PythonFacts,
        sources: impl Iterator<Item = (&'s SourceFile, Owner<'s>)>,
    ) -> Result<Option<PlannedLayer>, PlanError> {
        let treated = |(source, owner): (&SourceFile, Owner<'_>)| {
            Some((source.clone(), self.policy.treatment(&source.path, owner)?))
        };
        let mut sources: Vec<_> = sources.filter_map(treated).collect();
        if sources.is_empty() {
            return Ok(None);
        }
        sources.sort();
        let paths: Vec<String> = sources.iter().map(|(source, _)| source.path.clone()).collect();
        let inputs = BytecodeInputs {
            python: python.version,
            magic_number: python.magic_number,
            optimization: self.spec.bytecode.optimization,
            sources,
        };
        self.layer(kind, title, LayerInputs::Bytecode(inputs), paths.iter().map(String::as_str)).map(Some)
    }

    fn stdlib_bytecode(&self, python: &PythonFacts) -> Result<Option<PlannedLayer>, PlanError> {
        let shared = python.sources.iter().filter(|source| !is_made_per_platform(&source.path));
        let shared = shared.map(|source| (source, Owner::Stdlib));
        self.bytecode(LayerKind::StdlibBytecode, format!("Python {}", python.version), python, shared)
    }

    fn dependencies(&self, python: &PythonFacts, wheels: &[WheelFacts]) -> Result<Vec<PlannedLayer>, PlanError> {
        let version = python.version;
        let inputs = LayerInputs::Environment { python: version, executable: python.executable.clone() };
        let mut layers = vec![self.layer(LayerKind::Environment, VENV.to_owned(), inputs, [VENV])?];
        let sized: Vec<Sized<'_>> = wheels.iter().map(|wheel| Sized { wheel, size: wheel.size }).collect();
        for Group { title, members } in group(&sized, &self.spec.layers.wheels) {
            let inputs: Vec<WheelInput> = members.iter().map(|n| self.wheel(&wheels[*n])).collect();
            let title = match members[..] {
                [only] => format!("{title} {}", wheels[only].version),
                _ => title,
            };
            let inputs = LayerInputs::Wheels { python: version, wheels: inputs };
            let layer = self.layer(LayerKind::Dependencies, title, inputs, [VENV])?;
            layers.push(PlannedLayer { members: names(wheels, &members), ..layer });
        }
        Ok(layers)
    }

    fn wheel(&self, wheel: &WheelFacts) -> WheelInput {
        let owner = Owner::Distribution(&wheel.name);
        let removed = wheel.sources.iter().map(|source| &source.path).filter(|path| self.policy.removes(path, owner));
        let mut removed: Vec<String> = removed.cloned().collect();
        removed.sort();
        WheelInput { digest: wheel.digest, removed }
    }

    fn dependency_bytecode(&self, python: &PythonFacts, wheels: &[WheelFacts]) -> Result<Vec<PlannedLayer>, PlanError> {
        let size = |wheel: &WheelFacts| wheel.sources.iter().map(|source| source.size).sum();
        let sized: Vec<Sized<'_>> = wheels.iter().map(|wheel| Sized { wheel, size: size(wheel) }).collect();
        let mut layers = Vec::new();
        for Group { title, members } in group(&sized, &self.spec.layers.bytecode) {
            let sources = members.iter().flat_map(|n| sources_of(&wheels[*n]));
            let shared = sources.filter(|(source, _)| !is_made_per_platform(&source.path));
            let layer = self.bytecode(LayerKind::DependencyBytecode, title, python, shared)?;
            layers.extend(layer.map(|layer| PlannedLayer { members: names(wheels, &members), ..layer }));
        }
        Ok(layers)
    }

    /// The application's plain files, and those of its own wheels.
    fn app_files(&self) -> impl Iterator<Item = &AppFile> {
        self.facts.app.iter().chain(&self.known.installed)
    }

    /// The folders that the application's files go into.
    fn app_title(&self) -> String {
        let plain = self.spec.app.as_ref().filter(|_| !self.facts.app.is_empty());
        let plain = plain.map(|app| app.destination.value.as_str());
        let installed = Some(VENV).filter(|_| !self.known.installed.is_empty());
        plain.into_iter().chain(installed).collect::<Vec<_>>().join(" and ")
    }

    fn application(&self) -> Result<Option<PlannedLayer>, PlanError> {
        let stays = |file: &&AppFile| !is_source(file) || !self.policy.removes(&file.path, Owner::Application);
        let mut files: Vec<_> = self.app_files().filter(|f| !is_stray(f)).filter(stays).cloned().collect();
        files.sort();
        if files.is_empty() {
            return Ok(None);
        }
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let inputs = LayerInputs::Application { files };
        self.layer(LayerKind::Application, self.app_title(), inputs, paths.iter().map(String::as_str)).map(Some)
    }

    fn application_bytecode(&self, python: &PythonFacts) -> Result<Option<PlannedLayer>, PlanError> {
        let sources = self.app_files().filter(|file| is_source(file));
        let sources = sources.map(|f| SourceFile { path: f.path.clone(), digest: f.digest, size: f.size });
        let sources: Vec<SourceFile> = sources.collect();
        let sources = sources.iter().map(|source| (source, Owner::Application));
        self.bytecode(LayerKind::ApplicationBytecode, self.app_title(), python, sources)
    }

    fn platform_bytecode(&self, python: &PythonFacts) -> Result<Option<PlannedLayer>, PlanError> {
        let dependencies = self.known.wheels.iter().filter(|_| self.spec.python.is_some()).flat_map(sources_of);
        let stdlib = python.sources.iter().map(|source| (source, Owner::Stdlib));
        let own = stdlib.chain(dependencies).filter(|(source, _)| is_made_per_platform(&source.path));
        self.bytecode(LayerKind::PlatformBytecode, "sources made per architecture".to_owned(), python, own)
    }
}

struct Sized<'a> {
    wheel: &'a WheelFacts,
    size: u64,
}

impl Groupable for Sized<'_> {
    fn name(&self) -> &str {
        &self.wheel.name
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn is_pure(&self) -> bool {
        self.wheel.pure
    }
}

/// The directories above these paths that the base has in another way than root's with 0755.
fn directories_above<'p>(
    base: &BaseFacts,
    platform: &Platform,
    paths: impl IntoIterator<Item = &'p str>,
) -> Result<BTreeMap<String, Metadata>, PlanError> {
    let paths: Vec<&str> = paths.into_iter().collect();
    let is_above = |directory: &str, path: &str| {
        path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut found = BTreeMap::new();
    // A base has few such directories, and an image many paths.
    for (directory, special) in &base.directories {
        if !paths.iter().any(|path| is_above(directory, path)) {
            continue;
        }
        match special {
            SpecialDirectory::Directory { mode, uid, gid } => {
                found.insert(directory.clone(), Metadata { mode: *mode, uid: *uid, gid: *gid });
            }
            SpecialDirectory::Link { target } => {
                let (platform, path, target) = (platform.clone(), directory.clone(), target.clone());
                return Err(PlanError::ThroughLink { platform, path, target });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
