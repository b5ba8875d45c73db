//! Layers by key: known ones without touching a byte, new ones from tree to blob in one pass.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use shipwheel_bytecode::{PycPathError, PythonVersion, pyc_path};
use shipwheel_layer::{Content, Metadata, Node, Tree, TreePath};
use shipwheel_oci::{Digest, Hasher, LayerDescriptor};
use shipwheel_plan::Plan;
use shipwheel_plan::facts::{AppFile, SourceFile};
use shipwheel_plan::layer::{BytecodeInputs, LayerInputs, PlannedLayer, Treatment, WheelInput};
use shipwheel_plan::policy::is_wheel_source;
use shipwheel_plan::writable::Writable;
use shipwheel_python::install::virtual_environment;
use shipwheel_store::FileAction;
use shipwheel_store::cache::KeyHold;

use super::ingredients::Ingredients;
use super::layer_record::{LAYER, LayerRecord};
use super::store_layer::store_layer;
use crate::base::stdlib_source::stdlib_source;
use crate::disk::bytes::{PathSource, Spool};
use crate::error::BuildError;
use crate::interpreter::compile::Job;
use crate::interpreter::compilers::Compilers;
use crate::session::Session;
use crate::wheel::wheels::scheme;

/// A layer that is in the cache.
#[derive(Debug, Clone)]
pub(crate) struct BuiltLayer {
    pub(crate) descriptor: LayerDescriptor,
    pub(crate) built: bool,
}

/// Finds or builds every layer of a plan, each key once.
///
/// # Errors
/// The first layer that cannot be built.
pub(crate) fn build(
    session: &Session<'_>,
    plan: &Plan,
    ingredients: &Ingredients,
    compilers: &Compilers<'_>,
) -> Result<BTreeMap<Digest, BuiltLayer>, BuildError> {
    let planned: BTreeMap<Digest, &PlannedLayer> =
        plan.platforms.iter().flat_map(|platform| &platform.layers).map(|layer| (layer.key, layer)).collect();
    let builder = Builder { session, ingredients, compilers };
    let mut done = BTreeMap::new();
    let mut open: Vec<&PlannedLayer> = Vec::new();
    for (key, layer) in planned {
        match known(session, &builder.record_key(layer)?) {
            Some(record) => {
                record.warnings.iter().for_each(|warning| session.report.warning(warning));
                done.insert(key, BuiltLayer { descriptor: record.descriptor, built: false });
            }
            None => open.push(layer),
        }
    }
    let wheels = open.iter().flat_map(|layer| needed_wheels(layer, ingredients));
    ingredients.wheels.fetch(session, &wheels.collect::<Vec<_>>())?;
    let (bytecode, others): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|layer| matches!(layer.inputs, LayerInputs::Bytecode(_)));
    let built: Vec<_> = others.into_par_iter().map(|layer| builder.build(layer)).collect::<Result<_, _>>()?;
    done.extend(built);
    done.extend(builder.build_bytecode(bytecode)?);
    Ok(done)
}

fn known(session: &Session<'_>, key: &Digest) -> Option<LayerRecord> {
    session.cache.record::<LayerRecord>(LAYER, key).filter(|record| session.cache.has(&record.descriptor.blob))
}

/// The wheels that a layer is made from: those that it installs, or whose sources it compiles.
fn needed_wheels(layer: &PlannedLayer, ingredients: &Ingredients) -> Vec<Digest> {
    match &layer.inputs {
        LayerInputs::Wheels { wheels, .. } => wheels.iter().map(|wheel| wheel.digest).collect(),
        LayerInputs::Bytecode(inputs) => ingredients.owners(inputs.sources.iter().map(|(source, _)| source)),
        LayerInputs::Environment { .. } | LayerInputs::Application { .. } => Vec::new(),
    }
}

/// How many bytes a layer of bytecode is compiled from.
fn source_bytes(layer: &PlannedLayer) -> u64 {
    match &layer.inputs {
        LayerInputs::Bytecode(inputs) => inputs.sources.iter().map(|(source, _)| source.size).sum(),
        LayerInputs::Environment { .. } | LayerInputs::Wheels { .. } | LayerInputs::Application { .. } => 0,
    }
}

/// A layer to pack; its key is held until it is packed.
struct NewLayer {
    tree: Tree,
    warnings: Vec<String>,
    _lock: KeyHold,
}

enum Prepared {
    Known(BuiltLayer),
    New(NewLayer),
}

struct Builder<'a> {
    session: &'a Session<'a>,
    ingredients: &'a Ingredients,
    compilers: &'a Compilers<'a>,
}

impl Builder<'_> {
    /// What a layer is remembered under: its own key, and for bytecode also all that runs to compile it.
    ///
    /// A layer's key says what the layer must be; who compiled it decides whether to believe that. The digests of
    /// images do not depend on it.
    fn record_key(&self, layer: &PlannedLayer) -> Result<Digest, BuildError> {
        let LayerInputs::Bytecode(inputs) = &layer.inputs else { return Ok(layer.key) };
        let mut hasher = Hasher::new();
        hasher.field("compiled").field(self.compilers.identity(inputs.python)?).field(layer.key);
        Ok(hasher.finish())
    }

    fn build(&self, layer: &PlannedLayer) -> Result<(Digest, BuiltLayer), BuildError> {
        match self.prepare(layer)? {
            Prepared::Known(built) => Ok((layer.key, built)),
            Prepared::New(prepared) => self.finish(layer, prepared),
        }
    }

    /// Builds layers of bytecode, the largest first: they are compiled one after the other, since the interpreters
    /// already keep the processors busy, and packed beside that.
    fn build_bytecode(&self, mut layers: Vec<&PlannedLayer>) -> Result<Vec<(Digest, BuiltLayer)>, BuildError> {
        layers.sort_by_key(|layer| std::cmp::Reverse(source_bytes(layer)));
        let packed = Mutex::new(Vec::new());
        let mut done = Vec::new();
        rayon::in_place_scope(|scope| {
            for layer in layers {
                match self.prepare(layer)? {
                    Prepared::Known(built) => done.push((layer.key, built)),
                    Prepared::New(new) => {
                        let packed = &packed;
                        scope.spawn(move |_| {
                            let made = self.finish(layer, new);
                            packed.lock().unwrap_or_else(PoisonError::into_inner).push(made);
                        });
                    }
                }
            }
            Ok::<_, BuildError>(())
        })?;
        let packed = packed.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.extend(packed.into_iter().collect::<Result<Vec<_>, _>>()?);
        Ok(done)
    }

    /// Makes the tree of a layer, unless the layer is known by now.
    fn prepare(&self, layer: &PlannedLayer) -> Result<Prepared, BuildError> {
        let key = self.record_key(layer)?;
        let lock = self.session.cache.hold(LAYER, &key)?;
        // Another process may have built it in the meantime.
        if let Some(record) = known(self.session, &key) {
            return Ok(Prepared::Known(BuiltLayer { descriptor: record.descriptor, built: false }));
        }
        self.session.report.step(&format!("{}: {}", layer.kind.name(), layer.title));
        let (mut tree, warnings) = self.tree(layer)?;
        warnings.iter().for_each(|warning| self.session.report.warning(warning));
        set_directories(&mut tree, &layer.directories)?;
        give(&mut tree, &layer.writable)?;
        Ok(Prepared::New(NewLayer { tree, warnings, _lock: lock }))
    }

    /// Packs a layer into the cache and remembers it.
    fn finish(&self, layer: &PlannedLayer, new: NewLayer) -> Result<(Digest, BuiltLayer), BuildError> {
        let form = (layer.compression, &layer.first);
        let descriptor = store_layer(self.session, &layer.title, &new.tree, layer.inputs.time(), form)?;
        let record = LayerRecord { descriptor: descriptor.clone(), warnings: new.warnings };
        self.session.cache.put_record(LAYER, &self.record_key(layer)?, &record)?;
        Ok((layer.key, BuiltLayer { descriptor, built: true }))
    }

    fn tree(&self, layer: &PlannedLayer) -> Result<(Tree, Vec<String>), BuildError> {
        let plain = |tree: Tree| (tree, Vec::new());
        match &layer.inputs {
            LayerInputs::Environment { python, executable } => {
                Ok(plain(virtual_environment(&scheme(*python)?, executable)?))
            }
            LayerInputs::Wheels { python, wheels } => self.wheels(wheels, *python).map(plain),
            LayerInputs::Application { files, .. } => self.application(files, &layer.writable).map(plain),
            LayerInputs::Bytecode(inputs) => self.bytecode(inputs),
        }
    }

    fn wheels(&self, wheels: &[WheelInput], python: PythonVersion) -> Result<Tree, BuildError> {
        let mut tree = Tree::new();
        for wheel in wheels {
            let mut installed = self.ingredients.wheels.install(self.session, &wheel.digest, python)?.tree;
            for path in &wheel.removed {
                installed.remove(path);
            }
            tree.merge(installed)?;
        }
        Ok(tree)
    }

    fn application(&self, files: &[AppFile], writable: &Writable) -> Result<Tree, BuildError> {
        let mut tree = Tree::new();
        for folder in &writable.folders {
            tree.insert_directory(folder.as_str(), 0o755)?;
        }
        for file in files {
            match &file.link {
                Some(target) => tree.insert_symlink(file.path.as_str(), target)?,
                None => {
                    let mode = if file.executable { 0o755 } else { 0o644 };
                    tree.insert_file(file.path.as_str(), mode, self.app_content(file.path.as_str())?)?;
                }
            }
        }
        Ok(tree)
    }

    fn app_content(&self, path: &str) -> Result<Content, BuildError> {
        let app = &self.ingredients.application;
        if let Some(content) = self.ingredients.projects.content(path) {
            return Ok(content.clone());
        }
        let found = app.binary_search_by(|collected| collected.file.path.as_str().cmp(path)).ok();
        let collected = found.map(|n| &app[n]).ok_or_else(|| BuildError::Internal(format!("no file for {path}")))?;
        let source = PathSource::new(&collected.host, collected.file.size);
        // The digest is part of the layer's key: a file that changes now is an error.
        Ok(Content::from_slice(source, 0, collected.file.size).with_expected(collected.file.digest))
    }

    fn bytecode(&self, inputs: &BytecodeInputs) -> Result<(Tree, Vec<String>), BuildError> {
        let compiler = self.compilers.of(inputs.python)?;
        compiler.expect_magic_number(inputs.magic_number)?;
        let sources = Sources::open(self, inputs)?;
        let place = |path: &str, treatment: &Treatment| {
            pyc_path(path, &inputs.python, inputs.optimization, treatment.replaces_source)
        };
        let (unnamed, named): (Vec<_>, Vec<_>) = inputs
            .sources
            .iter()
            .partition(|(source, treatment)| place(source.path.as_str(), treatment) == Err(PycPathError::TooLong));
        let jobs = named.into_iter().map(|(source, treatment)| {
            Ok(Job { path: source.path.to_string(), source: sources.content(self, source)?, treatment: *treatment })
        });
        let jobs: Vec<Job> = jobs.collect::<Result<_, BuildError>>()?;
        let spool = Spool::new(&self.session.cache)?;
        let tree = Mutex::new(Tree::new());
        let failures = compiler.compile(jobs, &|job, pyc| {
            let path = place(&job.path, &job.treatment)
                .map_err(|error| BuildError::Internal(format!("{}: {error}", job.path)))?;
            let content = spool.append(&pyc).map_err(BuildError::file(FileAction::Write, self.session.cache.root()))?;
            Ok(tree.lock().unwrap_or_else(PoisonError::into_inner).insert_file(&path, 0o644, content)?)
        })?;
        let mut tree = tree.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut warnings: BTreeMap<&str, String> =
            failures.iter().map(|f| (f.path.as_str(), format!("{} does not compile: {}", f.path, f.reason))).collect();
        let unnamed = unnamed.into_iter().map(|(source, _)| source.path.as_str());
        warnings.extend(unnamed.map(|path| (path, format!("{path} has no bytecode: {}", PycPathError::TooLong))));
        // What has no bytecode keeps its source: what does not compile may be a template.
        for (source, treatment) in &inputs.sources {
            if treatment.replaces_source && warnings.contains_key(source.path.as_str()) {
                tree.insert_file(source.path.as_str(), 0o644, sources.content(self, source)?)?;
            }
        }
        Ok((tree, warnings.into_values().collect()))
    }
}

/// Where the sources of one bytecode layer are read from.
struct Sources {
    wheels: BTreeMap<TreePath, Content>,
}

impl Sources {
    fn open(builder: &Builder<'_>, inputs: &BytecodeInputs) -> Result<Self, BuildError> {
        let wheels = &builder.ingredients.wheels;
        let mut contents = BTreeMap::new();
        for digest in builder.ingredients.owners(inputs.sources.iter().map(|(source, _)| source)) {
            let installed = wheels.install(builder.session, &digest, inputs.python)?;
            let sources = installed.site_packages.into_iter().filter(|file| is_wheel_source(&file.path));
            contents.extend(sources.map(|source| (source.path, source.content)));
        }
        Ok(Self { wheels: contents })
    }

    fn content(&self, builder: &Builder<'_>, source: &SourceFile) -> Result<Content, BuildError> {
        let wheel = self.wheels.get(&source.path).filter(|content| content.expected() == Some(source.digest));
        if let Some(content) = wheel {
            return Ok(content.clone());
        }
        match stdlib_source(builder.session, &builder.ingredients.bases, source)? {
            Some(content) => Ok(content),
            None => builder.app_content(source.path.as_str()),
        }
    }
}

/// Gives directories the mode and owner that they have in the base.
fn set_directories(tree: &mut Tree, directories: &BTreeMap<String, Metadata>) -> Result<(), BuildError> {
    for (path, metadata) in directories {
        let path = TreePath::new(path).map_err(BuildError::internal)?;
        if tree.node(&path).is_some_and(Node::is_directory) {
            tree.replace(path, Node::Directory(*metadata))?;
        }
    }
    Ok(())
}

/// Gives what is in writable folders to the image's user.
fn give(tree: &mut Tree, writable: &Writable) -> Result<(), BuildError> {
    let given = tree.iter().filter_map(|(path, node)| {
        let given = match node {
            Node::Directory(metadata) => Node::Directory(writable.metadata(path, metadata.mode)?),
            Node::File(metadata, content) => Node::File(writable.metadata(path, metadata.mode)?, content.clone()),
            // Nobody asks who owns a link.
            Node::Symlink(_) => return None,
        };
        Some((path.clone(), given))
    });
    for (path, node) in given.collect::<Vec<_>>() {
        tree.replace(path, node)?;
    }
    Ok(())
}
