//! Compiles many sources with a few workers, largest first, to canonical pycs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use shipwheel_layer::Content;
use shipwheel_python::{InvalidationMode, Optimization, PythonVersion, canonical, write_pyc};
use tempfile::TempDir;

use super::Rootfs;
use super::worker::{Failure, Worker};
use crate::error::BuildError;

/// One source to compile.
pub(crate) struct Job {
    /// Its path in the image: what tracebacks will show.
    pub(crate) path: String,
    /// The source.
    pub(crate) source: Content,
}

/// Takes each pyc as it is done, from any thread.
pub(crate) type PycSink<'a> = dyn Fn(&Job, Vec<u8>) -> Result<(), BuildError> + Sync + 'a;

/// A file that was not compiled, and why; the build goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompileFailure {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// Interpreters of one version that wait for sources; they live as long as this does.
pub(crate) struct Compiler {
    rootfs: Rootfs,
    empty_folder: TempDir,
    idle: Mutex<Vec<Worker>>,
    workers: usize,
    version: PythonVersion,
    magic_number: [u8; 4],
}

impl Compiler {
    /// Starts the first interpreter, which proves what it is.
    ///
    /// # Errors
    /// When it does not start or is of another version than `expected`.
    pub(crate) fn start(
        rootfs: Rootfs,
        empty_folder: TempDir,
        expected: PythonVersion,
        workers: usize,
    ) -> Result<Self, BuildError> {
        let first = Worker::start(&rootfs, empty_folder.path())?;
        let hello = first.hello.clone();
        if hello.version != expected {
            return Err(BuildError::InterpreterVersion { expected, found: hello.version });
        }
        Ok(Self {
            rootfs,
            empty_folder,
            idle: Mutex::new(vec![first]),
            workers: workers.max(1),
            version: hello.version,
            magic_number: hello.magic_number,
        })
    }

    /// Compiles all jobs; `done` is called with each pyc, from any thread.
    ///
    /// A file that does not compile, or over which an interpreter dies or hangs, is given back
    /// and fails alone.
    ///
    /// # Errors
    /// When a source cannot be read, an interpreter cannot be started, or `done` fails.
    pub(crate) fn compile(
        &self,
        mut jobs: Vec<Job>,
        optimization: Optimization,
        invalidation: InvalidationMode,
        done: &PycSink<'_>,
    ) -> Result<Vec<CompileFailure>, BuildError> {
        // Largest first: the last to end is then a small one.
        jobs.sort_by(|a, b| (b.source.size(), &a.path).cmp(&(a.source.size(), &b.path)));
        let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let run = || -> Result<(), BuildError> {
            let mut worker = None;
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut running = match worker.take() {
                    Some(running) => running,
                    None => self.worker()?,
                };
                let source = job.source.to_vec()?;
                match self.compile_one(&mut running, job, &source, optimization, invalidation) {
                    Ok(pyc) => done(job, pyc)?,
                    Err((reason, lost)) => {
                        lock(&failures).push(CompileFailure { path: job.path.clone(), reason });
                        if lost {
                            continue;
                        }
                    }
                }
                worker = Some(running);
            }
            lock(&self.idle).extend(worker);
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.workers.min(jobs.len())).map(|_| scope.spawn(run)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("a compile thread does not panic"))
        })?;
        let mut failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        failures.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(failures)
    }

    fn worker(&self) -> Result<Worker, BuildError> {
        let idle = lock(&self.idle).pop();
        match idle {
            Some(worker) => Ok(worker),
            None => Worker::start(&self.rootfs, self.empty_folder.path()),
        }
    }

    /// One pyc, or why not and whether the worker is lost.
    fn compile_one(
        &self,
        worker: &mut Worker,
        job: &Job,
        source: &[u8],
        optimization: Optimization,
        invalidation: InvalidationMode,
    ) -> Result<Vec<u8>, (String, bool)> {
        let compiled = worker.compile(&job.path, source, optimization.level()).map_err(|failure| match failure {
            Failure::Refused(reason) => (reason, false),
            Failure::Lost(reason) => (reason.to_owned(), true),
        })?;
        let minor = u8::try_from(self.version.minor).expect("a minor version is small");
        let body = canonical(&compiled.code, minor, None).map_err(|error| (error.to_string(), false))?;
        Ok(write_pyc(self.magic_number, invalidation, compiled.source_hash, &body))
    }
}

/// A lock that another thread's panic does not make useless: what it guards is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
