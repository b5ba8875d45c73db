//! Spec and facts → the ordered layers of each platform.

use std::collections::BTreeMap;
use std::fmt;

use shipwheel_layer::Metadata;
use shipwheel_oci::{Digest, Platform};
use shipwheel_python::InvalidationMode;

use crate::facts::{BaseFacts, Facts, PlatformFacts, PythonFacts, SourceFile, SpecialDirectory, WheelFacts};
use crate::group::{Group, GroupPolicy, Groupable, group};
use crate::layer::{BytecodeInputs, LayerInputs, LayerKind, PlannedLayer, VENV};
use crate::spec::{BytecodeSpec, ImageSpec};

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
}

impl Plan {
    /// Plans all platforms of a spec.
    ///
    /// What a platform's layers are depends on its own facts, never on the other platforms.
    ///
    /// # Errors
    /// When the facts do not allow what the spec asks for.
    pub fn new(spec: &ImageSpec, facts: &Facts) -> Result<Self, PlanError> {
        let platforms = spec.platforms.iter().map(|platform| {
            let known = facts.platforms.get(platform);
            let known = known.ok_or_else(|| PlanError::NoFacts { platform: platform.clone() })?;
            let layers = Planner { spec, platform, facts, known }.layers()?;
            Ok(PlatformPlan { platform: platform.clone(), layers })
        });
        Ok(Self { platforms: platforms.collect::<Result<_, _>>()? })
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

struct Planner<'a> {
    spec: &'a ImageSpec,
    platform: &'a Platform,
    facts: &'a Facts,
    known: &'a PlatformFacts,
}

impl Planner<'_> {
    fn layers(&self) -> Result<Vec<PlannedLayer>, PlanError> {
        let mut layers = Vec::new();
        let wheels = &self.known.wheels;
        let bytecode = self.spec.bytecode;
        let python = match &self.known.base.python {
            Some(python) => Some(python),
            None if wheels.is_empty() && !bytecode.enabled => None,
            None => return Err(PlanError::NoPython { platform: self.platform.clone() }),
        };
        if let Some(python) = python {
            if bytecode.enabled {
                layers.extend(self.stdlib_bytecode(python)?);
            }
            if self.spec.python.is_some() {
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
    fn bytecode(
        &self,
        kind: LayerKind,
        title: String,
        python: &PythonFacts,
        mut sources: Vec<SourceFile>,
    ) -> Result<Option<PlannedLayer>, PlanError> {
        if sources.is_empty() {
            return Ok(None);
        }
        sources.sort();
        let BytecodeSpec { optimization, remove_source, .. } = self.spec.bytecode;
        let application = kind == LayerKind::ApplicationBytecode;
        let inputs = BytecodeInputs {
            python: python.version,
            optimization,
            // The application is what people edit in a running container.
            invalidation: if application { InvalidationMode::CheckedHash } else { InvalidationMode::UncheckedHash },
            legacy: application && remove_source,
            sources,
        };
        let paths: Vec<String> = inputs.sources.iter().map(|source| source.path.clone()).collect();
        self.layer(kind, title, LayerInputs::Bytecode(inputs), paths.iter().map(String::as_str)).map(Some)
    }

    fn stdlib_bytecode(&self, python: &PythonFacts) -> Result<Option<PlannedLayer>, PlanError> {
        let shared = python.sources.iter().filter(|source| !is_made_per_platform(&source.path)).cloned().collect();
        self.bytecode(LayerKind::StdlibBytecode, format!("Python {}", python.version), python, shared)
    }

    fn dependencies(&self, python: &PythonFacts, wheels: &[WheelFacts]) -> Result<Vec<PlannedLayer>, PlanError> {
        let version = python.version;
        let inputs = LayerInputs::Environment { python: version, executable: python.executable.clone() };
        let mut layers = vec![self.layer(LayerKind::Environment, VENV.to_owned(), inputs, [VENV])?];
        let sized: Vec<Sized<'_>> = wheels.iter().map(|wheel| Sized { wheel, size: wheel.size }).collect();
        for Group { title, members } in group(&sized, &GroupPolicy::WHEELS) {
            let digests: Vec<Digest> = members.iter().map(|n| wheels[*n].digest).collect();
            let title = match members[..] {
                [only] => format!("{title} {}", wheels[only].version),
                _ => title,
            };
            let inputs = LayerInputs::Wheels { python: version, wheels: digests };
            layers.push(self.layer(LayerKind::Dependencies, title, inputs, [VENV])?);
        }
        Ok(layers)
    }

    fn dependency_bytecode(&self, python: &PythonFacts, wheels: &[WheelFacts]) -> Result<Vec<PlannedLayer>, PlanError> {
        let size = |wheel: &WheelFacts| wheel.sources.iter().map(|source| source.size).sum();
        let sized: Vec<Sized<'_>> = wheels.iter().map(|wheel| Sized { wheel, size: size(wheel) }).collect();
        let mut layers = Vec::new();
        for Group { title, members } in group(&sized, &GroupPolicy::BYTECODE) {
            let sources = members.iter().flat_map(|n| &wheels[*n].sources);
            let shared = sources.filter(|source| !is_made_per_platform(&source.path)).cloned().collect();
            layers.extend(self.bytecode(LayerKind::DependencyBytecode, title, python, shared)?);
        }
        Ok(layers)
    }

    fn application(&self) -> Result<Option<PlannedLayer>, PlanError> {
        let without_sources = self.spec.bytecode.enabled && self.spec.bytecode.remove_source;
        let files: Vec<_> =
            self.facts.app.iter().filter(|f| !(without_sources && f.path.ends_with(".py"))).cloned().collect();
        let Some(destination) = self.spec.app.as_ref().map(|app| app.destination.value.clone()) else {
            return Ok(None);
        };
        if files.is_empty() {
            return Ok(None);
        }
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let inputs = LayerInputs::Application { files };
        self.layer(LayerKind::Application, destination, inputs, paths.iter().map(String::as_str)).map(Some)
    }

    fn application_bytecode(&self, python: &PythonFacts) -> Result<Option<PlannedLayer>, PlanError> {
        let sources = self.facts.app.iter().filter(|file| file.path.ends_with(".py") && file.link.is_none());
        let sources = sources.map(|f| SourceFile { path: f.path.clone(), digest: f.digest, size: f.size }).collect();
        let destination = self.spec.app.as_ref().map(|app| app.destination.value.clone()).unwrap_or_default();
        self.bytecode(LayerKind::ApplicationBytecode, destination, python, sources)
    }

    fn platform_bytecode(&self, python: &PythonFacts) -> Result<Option<PlannedLayer>, PlanError> {
        let dependencies = self.known.wheels.iter().filter(|_| self.spec.python.is_some()).flat_map(|w| &w.sources);
        let own = python.sources.iter().chain(dependencies).filter(|s| is_made_per_platform(&s.path)).cloned();
        let title = "sources made per architecture".to_owned();
        self.bytecode(LayerKind::PlatformBytecode, title, python, own.collect())
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
