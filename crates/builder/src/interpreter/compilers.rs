//! The compilers of a build: one for each Python version that it needs, started when first asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::Platform;

use super::compile::Compiler;
use super::host;
use super::python::Python;
use super::rootfs::Rootfs;
use crate::base::resolved::{ResolvedBase, ResolvedBases};
use crate::error::BuildError;
use crate::interpreter_choice::InterpreterChoice;
use crate::session::Session;

/// Compilers by version.
pub(crate) struct Compilers<'a> {
    session: &'a Session<'a>,
    bases: &'a ResolvedBases,
    started: Mutex<BTreeMap<PythonVersion, Arc<Compiler>>>,
}

impl<'a> Compilers<'a> {
    pub(crate) fn new(session: &'a Session<'a>, bases: &'a ResolvedBases) -> Self {
        Self { session, bases, started: Mutex::default() }
    }

    /// The compiler of a full version.
    ///
    /// # Errors
    /// When no interpreter of that very version can be had, or it does not run.
    pub(crate) fn of(&self, version: PythonVersion) -> Result<Arc<Compiler>, BuildError> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiler) = started.get(&version) {
            return Ok(compiler.clone());
        }
        let python = self.choose(version)?;
        let compiler = Arc::new(Compiler::start(&self.session.cache, python, version, self.session.jobs)?);
        started.insert(version, compiler.clone());
        Ok(compiler)
    }

    /// The base's variant for this machine, else an interpreter of this machine; or what the user forces.
    fn choose(&self, version: PythonVersion) -> Result<Python, BuildError> {
        let none = |reasons: Vec<String>| BuildError::NoInterpreter { version, reasons };
        let host = || match host::find(self.session, version) {
            Some(path) => {
                self.session.report.step(&format!("bytecode: compiled by Python {version} of this machine"));
                Ok(Python::Host(path))
            }
            None => Err("neither PATH nor uv has it on this machine".to_owned()),
        };
        match &self.session.interpreter {
            None => self.base(version).or_else(|one| host().map_err(|other| none(vec![one, other]))),
            Some(InterpreterChoice::Base) => self.base(version).map_err(|reason| none(vec![reason])),
            Some(InterpreterChoice::Host) => host().map_err(|reason| none(vec![reason])),
            Some(InterpreterChoice::Emulated) => self.emulated(version).map_err(|reason| none(vec![reason])),
            Some(InterpreterChoice::Path(path)) => {
                let found = host::identify(self.session, path, None);
                let no_python = || none(vec![format!("{} is no CPython that runs here", path.display())]);
                match found.ok_or_else(no_python)? {
                    (path, found) if found == version => Ok(Python::Host(path)),
                    (_, found) => Err(BuildError::InterpreterVersion { expected: version, found }),
                }
            }
        }
    }

    /// The interpreter of the base for this machine's processor.
    fn base(&self, version: PythonVersion) -> Result<Python, String> {
        let platform = self.session.host_platform();
        let base = self.bases.by_platform.get(&platform);
        let base = base.ok_or_else(|| format!("the base has no variant for {platform}, which is this machine's"))?;
        match base.facts.python.as_ref().map(|python| python.version) {
            Some(found) if found == version => self.rootfs(base, &platform).map(Python::Base),
            Some(found) => Err(format!("the base for {platform} has Python {found}")),
            None => Err(format!("the base for {platform} has no Python")),
        }
    }

    /// A target's own interpreter, under qemu where it is for another processor.
    fn emulated(&self, version: PythonVersion) -> Result<Python, String> {
        let with_version = |base: &ResolvedBase| base.facts.python.as_ref().is_some_and(|p| p.version == version);
        let mut targets = self.bases.by_platform.iter().filter(|(_, base)| with_version(base));
        let (platform, base) = targets.next_back().ok_or_else(|| "no base has it".to_owned())?;
        let rootfs = self.rootfs(base, platform)?;
        if *platform == self.session.host_platform() {
            return Ok(Python::Base(rootfs));
        }
        let emulator = self.emulator(platform)?;
        self.session.report.step(&format!("bytecode: compiled by the interpreter for {platform} under qemu"));
        Ok(Python::Emulated { rootfs, emulator })
    }

    fn emulator(&self, platform: &Platform) -> Result<PathBuf, String> {
        let names = ["-static", ""].map(|suffix| format!("qemu-{}{suffix}", platform.machine()));
        let found = names.iter().flat_map(|name| self.session.on_path(name)).next();
        found.ok_or_else(|| format!("{} is not on PATH", names.join(" or ")))
    }

    fn rootfs(&self, base: &ResolvedBase, platform: &Platform) -> Result<Rootfs, String> {
        let python = base.facts.python.as_ref().ok_or_else(|| "the base has no Python".to_owned())?;
        let rootfs =
            Rootfs::open(&self.session.cache, &base.key, python, platform).map_err(|error| error.to_string())?;
        rootfs.ok_or_else(|| format!("the interpreter of the base for {platform} is not in the cache"))
    }
}
