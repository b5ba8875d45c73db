//! The compilers of a build: one for each Python version that it needs, started when first asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::{Digest, Platform};
use shipwheel_store::open_regular;

use super::compile::{Compiler, Workers};
use super::host;
use super::interpreter_error::{CompilerFault, InterpreterError};
use super::python::Python;
use super::rootfs::Rootfs;
use crate::base::resolved::{ResolvedBase, ResolvedBases};
use crate::base::restore::restore;
use crate::confine::sandbox::Sandbox;
use crate::disk::bytes::digest_of;
use crate::error::BuildError;
use crate::interpreter_choice::InterpreterChoice;
use crate::session::Session;

/// Compilers by version.
pub(crate) struct Compilers<'a> {
    session: &'a Session<'a>,
    bases: &'a ResolvedBases,
    sandbox: Sandbox,
    selected: Mutex<BTreeMap<PythonVersion, Selected>>,
    started: Mutex<BTreeMap<PythonVersion, Arc<Compiler>>>,
}

/// The interpreter that compiles for a version, and what the user is told when it starts.
#[derive(Clone)]
struct Selected {
    python: Python,
    step: Option<String>,
}

impl From<Python> for Selected {
    fn from(python: Python) -> Self {
        Self { python, step: None }
    }
}

impl<'a> Compilers<'a> {
    /// With the session's sandbox, or one that is required.
    pub(crate) fn new(session: &'a Session<'a>, bases: &'a ResolvedBases, require_sandbox: bool) -> Self {
        let sandbox = session.sandbox.or_required(require_sandbox);
        Self { session, bases, sandbox, selected: Mutex::default(), started: Mutex::default() }
    }

    /// The compiler of a full version.
    ///
    /// # Errors
    /// When no interpreter of that very version can be obtained, or it does not run.
    pub(crate) fn of(&self, version: PythonVersion) -> Result<Arc<Compiler>, BuildError> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiler) = started.get(&version) {
            return Ok(compiler.clone());
        }
        let Selected { python, step } = self.selected(version)?;
        step.iter().for_each(|step| self.session.report.step(step));
        if python.is_foreign() {
            self.sandbox.admit(|warning| self.session.report.warning(warning))?;
        }
        let workers = Workers { sandbox: self.sandbox.clone(), count: self.session.jobs };
        let compiler = Arc::new(Compiler::start(&self.session.cache, python, version, workers)?);
        started.insert(version, compiler.clone());
        Ok(compiler)
    }

    /// The identity of the interpreter that compiles for a version; it is not started for that.
    ///
    /// # Errors
    /// When no interpreter of that very version can be had.
    pub(crate) fn identity(&self, version: PythonVersion) -> Result<Digest, BuildError> {
        // An interpreter that another machine described is not fetched before something has to be compiled.
        if let Some(lent) = self.lent(version) {
            return Ok(lent);
        }
        Ok(self.selected(version)?.python.identity())
    }

    /// The identity of the base's interpreter, where it would compile and is not on disk.
    fn lent(&self, version: PythonVersion) -> Option<Digest> {
        if !matches!(self.session.interpreter, None | Some(InterpreterChoice::Base)) {
            return None;
        }
        let base = self.bases.by_platform.get(&self.session.host_platform())?;
        base.facts.python.as_ref().filter(|python| python.version == version)?;
        base.interpreter.filter(|identity| !Rootfs::is_published(&self.session.cache, identity))
    }

    fn selected(&self, version: PythonVersion) -> Result<Selected, BuildError> {
        let mut selected = self.selected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = selected.get(&version) {
            return Ok(known.clone());
        }
        let new = self.select(version)?;
        selected.insert(version, new.clone());
        Ok(new)
    }

    /// The base's variant for this machine, otherwise an interpreter of this machine; or the one that the user forces.
    fn select(&self, version: PythonVersion) -> Result<Selected, BuildError> {
        let none = |reasons: Vec<CompilerFault>| InterpreterError::NoCompiler { version, reasons }.into();
        let host = || match host::find(self.session, version) {
            Some(executable) => {
                let python = self.on_host(executable)?;
                Ok(Selected { python, step: Some(format!("bytecode: compiled by Python {version} of this machine")) })
            }
            None => Err(CompilerFault::NotInstalled),
        };
        match &self.session.interpreter {
            // Others were told who compiles: nobody else does it in its place.
            None if self.lent(version).is_some() => self.base(version).map_err(|reason| none(vec![reason])),
            None => self.base(version).or_else(|one| host().map_err(|other| none(vec![one, other]))),
            Some(InterpreterChoice::Base) => self.base(version).map_err(|reason| none(vec![reason])),
            Some(InterpreterChoice::Host) => host().map_err(|reason| none(vec![reason])),
            Some(InterpreterChoice::Emulated) => self.emulated(version).map_err(|reason| none(vec![reason])),
            Some(InterpreterChoice::Path(path)) => {
                let found = host::identify(self.session, path, None);
                let no_python = || none(vec![CompilerFault::NotCPython(path.clone())]);
                match found.ok_or_else(no_python)? {
                    (path, found) if found == version => {
                        let python = self.on_host(path).map_err(|reason| none(vec![reason]))?;
                        Ok(python.into())
                    }
                    (_, found) => Err(InterpreterError::Version { expected: version, found }.into()),
                }
            }
        }
    }

    fn on_host(&self, executable: PathBuf) -> Result<Python, CompilerFault> {
        let identity = host::identity(self.session, &executable);
        let identity = identity.ok_or_else(|| CompilerFault::NotCPython(executable.clone()))?;
        Ok(Python::Host { executable, identity })
    }

    /// The interpreter of the base for this machine's processor.
    fn base(&self, version: PythonVersion) -> Result<Selected, CompilerFault> {
        let platform = self.session.host_platform();
        let base = self.bases.by_platform.get(&platform);
        let base = base.ok_or_else(|| CompilerFault::NoVariant(platform.clone()))?;
        match base.facts.python.as_ref().map(|python| python.version) {
            Some(found) if found == version => self.rootfs(base, &platform).map(|rootfs| Python::Base(rootfs).into()),
            Some(found) => Err(CompilerFault::OtherVersion(platform, found)),
            None => Err(CompilerFault::NoPython(platform)),
        }
    }

    /// A target's own interpreter, under qemu where it is for another processor.
    fn emulated(&self, version: PythonVersion) -> Result<Selected, CompilerFault> {
        let with_version = |base: &ResolvedBase| base.facts.python.as_ref().is_some_and(|p| p.version == version);
        let mut targets = self.bases.by_platform.iter().filter(|(_, base)| with_version(base));
        let (platform, base) = targets.next_back().ok_or(CompilerFault::NoBase)?;
        let rootfs = self.rootfs(base, platform)?;
        if *platform == self.session.host_platform() {
            return Ok(Python::Base(rootfs).into());
        }
        let emulator = self.emulator(platform)?;
        let emulator_digest = open_regular(&emulator).and_then(|file| digest_of(&file));
        let emulator_digest =
            emulator_digest.map_err(|error| CompilerFault::Unusable(platform.clone(), error.to_string()))?;
        let python = Python::Emulated { rootfs, emulator, emulator_digest };
        let step = format!("bytecode: compiled by the interpreter for {platform} under qemu");
        Ok(Selected { python, step: Some(step) })
    }

    fn emulator(&self, platform: &Platform) -> Result<PathBuf, CompilerFault> {
        let names = ["-static", ""].map(|suffix| format!("qemu-{}{suffix}", platform.machine()));
        let found = names.iter().flat_map(|name| self.session.on_path(name)).next();
        found.ok_or_else(|| CompilerFault::NoEmulator(names.into()))
    }

    fn rootfs(&self, base: &ResolvedBase, platform: &Platform) -> Result<Rootfs, CompilerFault> {
        let python = base.facts.python.as_ref().ok_or_else(|| CompilerFault::NoPython(platform.clone()))?;
        let identity = base.interpreter.ok_or_else(|| CompilerFault::NotInCache(platform.clone()))?;
        if !Rootfs::is_published(&self.session.cache, &identity) {
            let restored = restore(self.session, base, platform);
            restored.map_err(|error| CompilerFault::Unusable(platform.clone(), error.to_string()))?;
        }
        let rootfs = Rootfs::open(&self.session.cache, &identity, python, platform);
        let rootfs = rootfs.map_err(|error| CompilerFault::Unusable(platform.clone(), error.to_string()))?;
        rootfs.ok_or_else(|| CompilerFault::NotInCache(platform.clone()))
    }
}
