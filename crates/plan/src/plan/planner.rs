//! The layers of one platform, in their order.

use std::collections::BTreeMap;

use shipwheel_layer::{Metadata, TreePath};
use shipwheel_oci::Platform;

use crate::facts::{AppFile, BaseFacts, Facts, PlatformFacts, PythonFacts, SourceFile, SpecialDirectory, WheelFacts};
use crate::group::{Group, Groupable, group};
use crate::layer::{BytecodeInputs, LayerInputs, LayerKind, PlannedLayer, VENV, WheelInput};
use crate::plan::error::PlanError;
use crate::policy::{Owner, Policy, is_application_source, is_left_behind, is_made_per_platform};
use crate::spec::ImageSpec;
use crate::writable::Writable;

/// Distributions and their versions, as users see it.
fn names(wheels: &[WheelFacts], members: &[usize]) -> Vec<String> {
    members.iter().map(|n| format!("{} {}", wheels[*n].name, wheels[*n].version)).collect()
}

/// The sources of a wheel, each with the distribution that it belongs to.
fn sources_of(wheel: &WheelFacts) -> impl Iterator<Item = (&SourceFile, Owner<'_>)> {
    wheel.sources.iter().map(|source| (source, Owner::Distribution(&wheel.name)))
}

/// Plans one platform.
pub(super) struct Planner<'a> {
    pub(super) spec: &'a ImageSpec,
    pub(super) policy: &'a Policy<'a>,
    pub(super) platform: &'a Platform,
    pub(super) facts: &'a Facts,
    pub(super) known: &'a PlatformFacts,
    /// The folders that the image's user may write to.
    pub(super) writable: Writable,
}

impl Planner<'_> {
    /// The layers above the base, bottom to top.
    ///
    /// # Errors
    /// When the base lacks an interpreter that is needed, or has a link where files go.
    pub(super) fn layers(&self) -> Result<Vec<PlannedLayer>, PlanError> {
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
        let paths: Vec<&str> = paths.into_iter().collect();
        let directories = directories_above(&self.known.base, self.platform, &paths)?;
        let writable = match kind {
            LayerKind::Application => self.writable.clone(),
            // A layer above repeats the folders of its files, and they must stay what they are.
            LayerKind::ApplicationBytecode | LayerKind::PlatformBytecode => self.writable.around(&paths),
            // Layers below are shared with images of other users; what is above them decides.
            LayerKind::Base | LayerKind::StdlibBytecode | LayerKind::Environment => Writable::default(),
            LayerKind::Dependencies | LayerKind::DependencyBytecode => Writable::default(),
        };
        let layers = &self.spec.layers;
        let layer = PlannedLayer::new(kind, title, inputs, directories, writable, layers.compression);
        Ok(layer.with_first(&layers.first_files))
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
        let paths: Vec<TreePath> = sources.iter().map(|(source, _)| source.path.clone()).collect();
        let inputs = BytecodeInputs {
            python: python.version,
            magic_number: python.magic_number,
            optimization: self.spec.bytecode.optimization,
            sources,
        };
        self.layer(kind, title, LayerInputs::Bytecode(inputs), paths.iter().map(TreePath::as_str)).map(Some)
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
        let mut removed: Vec<TreePath> = removed.chain(&wheel.left_out).cloned().collect();
        // By their texts: the layer's key hashes them in this order.
        removed.sort_by(|a, b| a.as_str().cmp(b.as_str()));
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
        let of_files: Vec<&str> = plain.into_iter().chain(installed).collect();
        let folders = self.writable.folders.iter().map(TreePath::as_str);
        if of_files.is_empty() { folders.collect::<Vec<_>>() } else { of_files }.join(" and ")
    }

    fn application(&self) -> Result<Option<PlannedLayer>, PlanError> {
        let stays =
            |file: &&AppFile| !is_application_source(file) || !self.policy.removes(&file.path, Owner::Application);
        let mut files: Vec<_> = self.app_files().filter(|f| !is_left_behind(f)).filter(stays).cloned().collect();
        files.sort();
        if files.is_empty() && self.writable.folders.is_empty() {
            return Ok(None);
        }
        let paths = files.iter().map(|file| &file.path).chain(&self.writable.folders);
        let paths: Vec<TreePath> = paths.cloned().collect();
        let inputs = LayerInputs::Application { files, time: self.facts.app_time };
        self.layer(LayerKind::Application, self.app_title(), inputs, paths.iter().map(TreePath::as_str)).map(Some)
    }

    fn application_bytecode(&self, python: &PythonFacts) -> Result<Option<PlannedLayer>, PlanError> {
        let sources = self.app_files().filter(|file| is_application_source(file));
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
        self.wheel.name.as_str()
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn is_pure(&self) -> bool {
        self.wheel.pure
    }
}

/// The directories above these paths that the base has in another way than root's with 0755.
fn directories_above(
    base: &BaseFacts,
    platform: &Platform,
    paths: &[&str],
) -> Result<BTreeMap<String, Metadata>, PlanError> {
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
