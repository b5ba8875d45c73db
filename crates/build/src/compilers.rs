//! The compilers of a build: one for each Python version that it needs, started when first asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use shipwheel_python::PythonVersion;

use crate::base::ResolvedBases;
use crate::error::BuildError;
use crate::interpreter::{Compiler, Rootfs};
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

    /// The compiler of a full version: the interpreter of the base for this machine's processor.
    ///
    /// # Errors
    /// When that base has another version, or its interpreter does not run.
    pub(crate) fn of(&self, version: PythonVersion) -> Result<Arc<Compiler>, BuildError> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiler) = started.get(&version) {
            return Ok(compiler.clone());
        }
        let platform = self.session.host_platform();
        let fail = |reason: String| BuildError::InterpreterProcess { reason };
        let missing = || fail(format!("the base has no variant for {platform}, which this machine could run"));
        let base = self.bases.by_platform.get(&platform).ok_or_else(missing)?;
        let python = base.facts.python.as_ref().ok_or_else(|| fail("the base has no Python".to_owned()))?;
        if python.version != version {
            return Err(BuildError::InterpreterVersion { expected: version, found: python.version });
        }
        let rootfs = Rootfs::open(&self.session.cache, &base.key, python, &platform)?;
        let rootfs = rootfs.ok_or_else(|| fail("it is not in the cache".to_owned()))?;
        let compiler = Arc::new(Compiler::start(&self.session.cache, rootfs, version, self.session.jobs)?);
        started.insert(version, compiler.clone());
        Ok(compiler)
    }
}
