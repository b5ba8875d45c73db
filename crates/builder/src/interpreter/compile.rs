//! Compiles many sources with a few workers, largest first, to canonical pycs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use shipwheel_bytecode::{PythonVersion, canonical, write_pyc};
use shipwheel_layer::Content;
use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::layer::Treatment;
use shipwheel_store::Cache;
use shipwheel_store::cache::Packs;
use tempfile::TempDir;

use super::interpreter_error::InterpreterError;
use super::python::Python;
use super::worker::{Compiled, Failure, Worker};
use crate::confine::sandbox::Sandbox;
use crate::error::BuildError;

/// Raise this when the worker compiles in another way, and CANONICAL_RECIPE too: keys of layers only hash that one.
const COMPILE_RECIPE: u32 = 1;

/// One source to compile.
pub(crate) struct Job {
    /// Its path in the image: what tracebacks will show.
    pub(crate) path: String,
    /// The source.
    pub(crate) source: Content,
    /// How it is compiled.
    pub(crate) treatment: Treatment,
}

/// Takes each pyc as it is done, from any thread.
pub(crate) type PycSink<'a> = dyn Fn(&Job, Vec<u8>) -> Result<(), BuildError> + Sync + 'a;

/// What a thread does with its interpreter for a source, by the source's number.
type EachSource<'a> = dyn Fn(&mut Option<Worker>, usize) -> Result<(), BuildError> + Sync + 'a;

/// A file that was not compiled, and why; the build goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompileFailure {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// How many interpreters compile at a time, and how they are started.
#[derive(Debug, Clone)]
pub(crate) struct Workers {
    pub(crate) sandbox: Sandbox,
    pub(crate) count: usize,
}

/// Interpreters of one version that wait for sources; they live as long as this does.
pub(crate) struct Compiler {
    /// What was compiled before, and now.
    code: Packs,
    identity: Digest,
    python: Python,
    empty_folder: TempDir,
    idle: Mutex<Vec<Worker>>,
    workers: Workers,
    version: PythonVersion,
    magic_number: [u8; 4],
}

impl Compiler {
    /// Starts the first interpreter, which proves what it is.
    ///
    /// # Errors
    /// When it does not start or is of another version than `expected`.
    pub(crate) fn start(
        cache: &Cache,
        python: Python,
        expected: PythonVersion,
        workers: Workers,
    ) -> Result<Self, BuildError> {
        let (empty_folder, identity) = (cache.scratch_dir()?, python.identity());
        let first = Worker::start(&workers.sandbox, &python, empty_folder.path())?;
        let hello = first.hello.clone();
        if hello.version != expected {
            return Err(InterpreterError::Version { expected, found: hello.version }.into());
        }
        let mut group = Hasher::new();
        group.field(identity.as_bytes()).field(hello.version.to_string()).field(hello.magic_number);
        let group = group.finish();
        Ok(Self {
            code: Packs::open(cache, "code", &group),
            identity,
            python,
            empty_folder,
            idle: Mutex::new(vec![first]),
            workers,
            version: hello.version,
            magic_number: hello.magic_number,
        })
    }

    /// Refuses an interpreter whose pycs the image's would not load.
    ///
    /// # Errors
    /// When its magic number is another.
    pub(crate) fn expect_magic_number(&self, expected: [u8; 4]) -> Result<(), BuildError> {
        match self.magic_number == expected {
            true => Ok(()),
            false => Err(InterpreterError::MagicNumber { expected, found: self.magic_number }.into()),
        }
    }

    /// Compiles all jobs; `done` is called with each pyc, from any thread.
    ///
    /// A file that does not compile, or over which an interpreter dies or hangs, is given back
    /// and does not fail the others.
    ///
    /// # Errors
    /// When a source cannot be read, an interpreter cannot be started, or `done` fails.
    pub(crate) fn compile(&self, mut jobs: Vec<Job>, done: &PycSink<'_>) -> Result<Vec<CompileFailure>, BuildError> {
        // Largest first: the last to end is then a small one.
        jobs.sort_by(|a, b| (b.source.size(), &a.path).cmp(&(a.source.size(), &b.path)));
        let failures = Mutex::new(Vec::new());
        let outcome = self.in_parallel(jobs.len(), &|worker, n| {
            let job = &jobs[n];
            let compiled = self.recall_or_compile(worker, job)?;
            match compiled.and_then(|compiled| self.pyc(job, &compiled)) {
                Ok(pyc) => done(job, pyc)?,
                Err(reason) => lock(&failures).push(CompileFailure { path: job.path.clone(), reason }),
            }
            Ok(())
        });
        // What was compiled is kept, also where another file failed the build.
        outcome.and(self.code.finish().map_err(BuildError::from))?;
        let mut failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        failures.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(failures)
    }

    /// What each source imports and binds; `None` for one that does not compile.
    ///
    /// # Errors
    /// When a source cannot be read, or an interpreter cannot be started.
    pub(crate) fn statements(&self, sources: &[Content]) -> Result<Vec<Option<Vec<u8>>>, BuildError> {
        let reports = Mutex::new(vec![None; sources.len()]);
        self.in_parallel(sources.len(), &|worker, n| {
            let source = sources[n].to_vec()?;
            let report = self.ask(worker, |running| running.statements(&source))?;
            lock(&reports)[n] = report.ok();
            Ok(())
        })?;
        Ok(reports.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Does `each` for every number below `count`, with as many interpreters as there may be.
    fn in_parallel(&self, count: usize, each: &EachSource<'_>) -> Result<(), BuildError> {
        let next = AtomicUsize::new(0);
        let run = || -> Result<(), BuildError> {
            let mut worker = None;
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    n if n < count => each(&mut worker, n)?,
                    _ => break,
                }
            }
            lock(&self.idle).extend(worker);
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.workers.count.max(1).min(count)).map(|_| scope.spawn(run)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("a compile thread does not panic"))
        })
    }

    /// Asks the thread's interpreter, which is started if there is none; one that is lost is not used again.
    fn ask<T>(
        &self,
        worker: &mut Option<Worker>,
        question: impl FnOnce(&mut Worker) -> Result<T, Failure>,
    ) -> Result<Result<T, String>, BuildError> {
        let mut running = match worker.take().or_else(|| lock(&self.idle).pop()) {
            Some(running) => running,
            None => Worker::start(&self.workers.sandbox, &self.python, self.empty_folder.path())?,
        };
        match question(&mut running) {
            Ok(answer) => {
                *worker = Some(running);
                Ok(Ok(answer))
            }
            Err(Failure::Refused(reason)) => {
                *worker = Some(running);
                Ok(Err(reason))
            }
            // The worker is gone: the next source gets a new one.
            Err(Failure::Lost(reason)) => Ok(Err(reason.to_owned())),
        }
    }

    /// A source's code, as an earlier build compiled it or as the worker does now; or why not.
    ///
    /// What is kept depends on all that ran, the source, the full version and the level, and on no path: a
    /// change of one line compiles one file, in whatever project the others were compiled.
    fn recall_or_compile(
        &self,
        worker: &mut Option<Worker>,
        job: &Job,
    ) -> Result<Result<Compiled, String>, BuildError> {
        let (source, optimization) = (job.source.to_vec()?, job.treatment.optimization);
        let mut hasher = Hasher::new();
        hasher.field(COMPILE_RECIPE.to_le_bytes()).field(self.identity.as_bytes());
        hasher.field(self.version.to_string()).field(self.magic_number);
        hasher.field([optimization.level()]).field(job.source.expected().unwrap_or_else(|| Digest::of(&source)));
        let key = hasher.finish();
        if let Some(known) = self.code.value(&key).and_then(Compiled::new) {
            return Ok(Ok(known));
        }
        let compiled = self.ask(worker, |running| running.compile(&source, optimization.level()))?;
        if let Ok(compiled) = &compiled {
            self.code.put(key, compiled.bytes())?;
        }
        Ok(compiled)
    }

    /// The pyc of compiled code under the path that its source has in the image.
    fn pyc(&self, job: &Job, compiled: &Compiled) -> Result<Vec<u8>, String> {
        let minor = u8::try_from(self.version.minor).expect("a minor version is small");
        let body = canonical(compiled.code(), minor, Some(&job.path)).map_err(|error| error.to_string())?;
        Ok(write_pyc(self.magic_number, job.treatment.invalidation, compiled.source_hash(), &body))
    }
}

/// A lock that another thread's panic does not make useless: what it guards is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
