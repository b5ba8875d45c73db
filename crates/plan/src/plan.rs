//! Spec and facts → the ordered layers of each platform.

use std::collections::BTreeMap;
use std::fmt;

use shipwheel_layer::Metadata;
use shipwheel_oci::Platform;

use crate::facts::{AppFile, BaseFacts, Facts, PlatformFacts, PythonFacts, SourceFile, SpecialDirectory, WheelFacts};
use crate::group::{Group, GroupPolicy, Groupable, group};
use crate::layer::{BytecodeInputs, LayerInputs, LayerKind, PlannedLayer, VENV, WheelInput};
use crate::policy::{Owner, Policy};
use crate::spec::ImageSpec;

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
    /// A pattern of an override is none.
    #[error("`bytecode.override` has a pattern that is none: {reason}")]
    Pattern {
        /// What is wrong with it.
        reason: String,
    },
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
    let level = spec.bytecode.optimization.level();
    match spec.config.env.get("PYTHONOPTIMIZE").filter(|_| spec.bytecode.enabled) {
        // CPython takes any text that is no number for 1, and no text for 0.
        Some(found) if found.parse::<u8>().unwrap_or(u8::from(!found.is_empty())).min(2) != level => {
            Err(PlanError::Level { found: found.clone(), level })
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

/// The sources of a wheel, each with the distribution that it belongs to.
fn sources_of(wheel: &WheelFacts) -> impl Iterator<Item = (&SourceFile, Owner<'_>)> {
    wheel.sources.iter().map(|source| (source, Owner::Distribution(&wheel.name)))
}

/// Whether a file of the application is compiled.
fn is_source(file: &AppFile) -> bool {
    file.path.ends_with(".py") && file.link.is_none()
}

/// Whether a file of the application is bytecode that a run on some machine left behind.
fn is_stray(file: &AppFile) -> bool {
    file.path.ends_with(".pyc") && file.path.contains("/__pycache__/")
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
        for Group { title, members } in group(&sized, &GroupPolicy::WHEELS) {
            let inputs: Vec<WheelInput> = members.iter().map(|n| self.wheel(&wheels[*n])).collect();
            let title = match members[..] {
                [only] => format!("{title} {}", wheels[only].version),
                _ => title,
            };
            let inputs = LayerInputs::Wheels { python: version, wheels: inputs };
            layers.push(self.layer(LayerKind::Dependencies, title, inputs, [VENV])?);
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
        for Group { title, members } in group(&sized, &GroupPolicy::BYTECODE) {
            let sources = members.iter().flat_map(|n| sources_of(&wheels[*n]));
            let shared = sources.filter(|(source, _)| !is_made_per_platform(&source.path));
            layers.extend(self.bytecode(LayerKind::DependencyBytecode, title, python, shared)?);
        }
        Ok(layers)
    }

    fn application(&self) -> Result<Option<PlannedLayer>, PlanError> {
        let stays = |file: &&AppFile| !is_source(file) || !self.policy.removes(&file.path, Owner::Application);
        let files: Vec<_> = self.facts.app.iter().filter(|f| !is_stray(f)).filter(stays).cloned().collect();
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
        let sources = self.facts.app.iter().filter(|file| is_source(file));
        let sources = sources.map(|f| SourceFile { path: f.path.clone(), digest: f.digest, size: f.size });
        let sources: Vec<SourceFile> = sources.collect();
        let destination = self.spec.app.as_ref().map(|app| app.destination.value.clone()).unwrap_or_default();
        let sources = sources.iter().map(|source| (source, Owner::Application));
        self.bytecode(LayerKind::ApplicationBytecode, destination, python, sources)
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
mod tests {
    use super::*;
    use shipwheel_oci::Digest;
    use shipwheel_python::{Libc, PythonVersion};

    fn source(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), digest: Digest::of(text.as_bytes()), size: text.len() as u64 }
    }

    fn facts(platform: &Platform) -> PlatformFacts {
        let machine = platform.machine();
        let python = PythonFacts {
            version: PythonVersion { major: 3, minor: 11, micro: 2 },
            magic_number: *b"\xa7\r\r\n",
            executable: "/usr/bin/python3.11".to_owned(),
            stdlib: "/usr/lib/python3.11".to_owned(),
            sources: vec![
                source(&format!("/usr/lib/python3.11/_sysconfigdata__{machine}.py"), machine),
                source("/usr/lib/python3.11/os.py", "os"),
            ],
        };
        let wheel = |name: &str, size, pure| WheelFacts {
            name: name.to_owned(),
            version: "1".to_owned(),
            file_name: String::new(),
            digest: Digest::of(format!("{name} {}", if pure { "any" } else { machine }).as_bytes()),
            size,
            pure,
            reads_source: None,
            sources: vec![
                source(&format!("/opt/venv/lib/python3.11/site-packages/{name}/__config__.py"), machine),
                source(&format!("/opt/venv/lib/python3.11/site-packages/{name}/a.py"), name),
            ],
        };
        let base = BaseFacts {
            layers: Vec::new(),
            config: "{}".to_owned(),
            python: Some(python),
            directories: BTreeMap::from([(
                "/opt".to_owned(),
                SpecialDirectory::Directory { mode: 0o700, uid: 1, gid: 2 },
            )]),
            libc: Some(Libc::Glibc { major: 2, minor: 36 }),
        };
        PlatformFacts {
            base,
            wheels: vec![wheel("numpy", 1 << 20, false), wheel("six", 9, true), wheel("tiny", 9, true)],
        }
    }

    fn plan(platforms: &[Platform], toml: &str) -> Result<Plan, PlanError> {
        let text = format!("{toml}\n[python]\nlock = \"x\"\n[app]\nsources = [\"x\"]");
        let mut spec = ImageSpec::parse(&text, "image.toml", None).expect("valid");
        spec.platforms = platforms.to_vec();
        let app = ["/app/main.py", "/app/page.html"].map(|path| AppFile {
            path: path.to_owned(),
            digest: Digest::of(path.as_bytes()),
            size: 1,
            executable: false,
            link: None,
        });
        let platforms = platforms.iter().map(|platform| (platform.clone(), facts(platform))).collect();
        Plan::new(&spec, &Facts { platforms, app: app.into() })
    }

    fn kinds(plan: &Plan) -> Vec<(&'static str, &str)> {
        plan.platforms[0].layers.iter().map(|layer| (layer.kind.name(), layer.title.as_str())).collect()
    }

    #[test]
    fn layers_stand_in_the_order_of_their_rate_of_change() {
        let plan = plan(&[Platform::linux_amd64()], "bytecode.optimize = 1").expect("fits");
        assert_eq!(
            kinds(&plan),
            [
                ("stdlib bytecode", "Python 3.11.2"),
                ("environment", "/opt/venv"),
                ("dependencies", "numpy 1"),
                ("dependencies", "tiny 1"),
                ("dependencies", "six 1"),
                ("dependency bytecode", "tiny"),
                ("dependency bytecode", "six"),
                ("dependency bytecode", "numpy"),
                ("application", "/app"),
                ("application bytecode", "/app"),
                ("platform bytecode", "sources made per architecture"),
            ]
        );
    }

    #[test]
    fn a_platform_has_the_same_layers_alone_and_with_others() {
        let (amd64, arm64) = (Platform::linux_amd64(), Platform::linux_arm64());
        let alone = plan(std::slice::from_ref(&amd64), "").expect("fits");
        let both = plan(&[amd64, arm64], "").expect("fits");
        assert_eq!(alone.platforms[0], both.platforms[0]);
    }

    #[test]
    fn platforms_share_everything_but_native_wheels_and_sources_made_for_each() {
        let both = plan(&[Platform::linux_amd64(), Platform::linux_arm64()], "").expect("fits");
        let [one, other] = &both.platforms[..] else { panic!("two platforms") };
        let differ = one.layers.iter().zip(&other.layers).filter(|(a, b)| a.key != b.key);
        let titles: Vec<&str> = differ.map(|(layer, _)| layer.title.as_str()).collect();
        assert_eq!(titles, ["numpy 1", "sources made per architecture"]);
    }

    #[test]
    fn without_bytecode_nothing_else_changes() {
        let with = plan(&[Platform::linux_amd64()], "bytecode.optimize = 2").expect("fits");
        let without = plan(&[Platform::linux_amd64()], "bytecode.enabled = false").expect("fits");
        let others = with.platforms[0].layers.iter().filter(|l| !matches!(l.inputs, LayerInputs::Bytecode(_)));
        assert!(others.eq(&without.platforms[0].layers));
    }

    #[test]
    fn removed_sources_leave_the_application_alone_with_its_other_files() {
        let plan = plan(&[Platform::linux_amd64()], "bytecode.remove-source = true").expect("fits");
        let app = plan.platforms[0].layers.iter().find_map(|layer| match &layer.inputs {
            LayerInputs::Application { files } => Some(files),
            _ => None,
        });
        let paths: Vec<&str> = app.into_iter().flatten().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["/app/page.html"]);
    }

    #[test]
    fn directories_keep_what_the_base_says_of_them() {
        let plan = plan(&[Platform::linux_amd64()], "").expect("fits");
        let with: Vec<_> = plan.platforms[0].layers.iter().filter(|layer| !layer.directories.is_empty()).collect();
        assert!(with.iter().all(|layer| layer.directories
            == BTreeMap::from([("/opt".to_owned(), Metadata { mode: 0o700, uid: 1, gid: 2 })])));
        assert!(with.iter().any(|layer| layer.kind == LayerKind::Environment));
        assert!(with.iter().all(|layer| layer.kind != LayerKind::Application));
    }

    #[test]
    fn a_level_in_the_environment_that_is_not_the_bytecodes_is_an_error() {
        for (found, level, good) in
            [("1", 1, true), ("2", 1, false), ("", 0, true), ("x", 1, true), ("1", 0, false), ("9", 2, true)]
        {
            let toml = format!("bytecode.optimize = {level}\nconfig.env.PYTHONOPTIMIZE = \"{found}\"");
            assert_eq!(plan(&[Platform::linux_amd64()], &toml).is_ok(), good, "{found} {level}");
        }
    }

    #[test]
    fn a_base_without_python_is_an_error_and_a_folder_behind_a_link_too() {
        let platform = Platform::linux_amd64();
        let spec = ImageSpec::parse("[python]\nlock = \"x\"", "image.toml", None).expect("valid");
        let mut known = facts(&platform);
        known.base.directories =
            BTreeMap::from([("/opt".to_owned(), SpecialDirectory::Link { target: "/usr/opt".to_owned() })]);
        let with = |known: PlatformFacts| {
            let facts = Facts { platforms: BTreeMap::from([(platform.clone(), known)]), app: Vec::new() };
            Plan::new(&spec, &facts).expect_err("not possible")
        };
        assert!(matches!(with(known.clone()), PlanError::ThroughLink { .. }));
        known.base.python = None;
        assert!(matches!(with(known), PlanError::NoPython { .. }));
    }
}
