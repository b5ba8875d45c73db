//! What every step of a build is given: the cache, the network, the environment, and receivers of progress.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use shipwheel_layer::FileTime;
use shipwheel_oci::Platform;
use shipwheel_store::http::Http;
use shipwheel_store::{Cache, Progress, Registry, StoreError, StoredImage, StoredSource};

use crate::bundled::outside::Outside;
use crate::confine::sandbox::Sandbox;
use crate::interpreter_choice::InterpreterChoice;
use crate::offline::OfflineError;

/// One run's surroundings. The environment and the clock are read once, by the command line.
pub struct Session<'a> {
    /// Where blobs and records are kept between runs.
    pub cache: Cache,
    /// The network.
    pub http: Http,
    /// Registries, with their credentials.
    pub registry: Registry,
    /// Nothing is fetched from the network: everything must be in the cache.
    pub offline: bool,
    /// Who answers what only the network knows.
    pub outside: Outside,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Now: only for the expiry of signatures and indexes, never for an output.
    pub now: Timestamp,
    /// The creation time in outputs, in seconds since 1970 (`SOURCE_DATE_EPOCH`, or 0).
    pub epoch: i64,
    /// How many processors to use.
    pub jobs: usize,
    /// The interpreter that must compile, if the user forces one.
    pub interpreter: Option<InterpreterChoice>,
    /// How an interpreter out of an image is started.
    pub sandbox: Sandbox,
    /// Transfers.
    pub progress: &'a dyn Progress,
    /// Steps and warnings.
    pub report: &'a dyn Report,
}

/// Receives the steps and warnings of a build.
pub trait Report: Sync {
    /// A step begins: one line.
    fn step(&self, text: &str);
    /// Something the user should look at; the build continues.
    fn warning(&self, text: &str);
    /// What only a user who asks for everything wants to see: one line.
    fn detail(&self, _text: &str) {}
}

impl Session<'_> {
    /// The same session with another receiver of steps and warnings.
    pub(crate) fn reporting_to<'r>(&'r self, report: &'r dyn Report) -> Session<'r> {
        Session {
            cache: self.cache.clone(),
            http: self.http.clone(),
            registry: self.registry.clone(),
            outside: self.outside.clone(),
            environment: self.environment.clone(),
            interpreter: self.interpreter.clone(),
            sandbox: self.sandbox.clone(),
            report,
            ..*self
        }
    }

    /// The same session with another cache, and somebody else who answers what only the network knows.
    pub(crate) fn apart<'r>(&'r self, cache: Cache, outside: Outside, report: &'r dyn Report) -> Session<'r> {
        let offline = self.offline || outside.is_bundle();
        Session { cache, outside, offline, ..self.reporting_to(report) }
    }

    /// Something that this session must not ask the network for.
    pub(crate) fn lacking(&self, what: impl Into<String>) -> OfflineError {
        OfflineError { what: what.into(), of_bundle: self.outside.is_bundle() }
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The programs of a name in the absolute folders on `PATH`, in its order: one that is relative is the folder
    /// that is built, or below it.
    pub(crate) fn on_path<'s>(&'s self, name: &'s str) -> impl Iterator<Item = PathBuf> + 's {
        let path = self.variable("PATH").unwrap_or_default();
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        folders.map(move |folder| folder.join(name)).filter(|path| path.is_file())
    }

    /// The platform of this machine, by its processor.
    pub(crate) fn host_platform(&self) -> Platform {
        host_platform()
    }

    /// Whether the interpreter of a base for this platform may be run here, and so has to be on disk.
    pub(crate) fn runs(&self, platform: &Platform) -> bool {
        *platform == self.host_platform() || self.interpreter == Some(InterpreterChoice::Emulated)
    }

    /// An image that was built, as the source that it is copied to its outputs from.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn source<'s>(&'s self, image: &'s StoredImage) -> Result<StoredSource<'s>, StoreError> {
        StoredSource::new(image, &self.cache, &self.registry, self.progress)
    }

    /// When the application's files were changed, as its layer says.
    pub(crate) fn file_time(&self) -> FileTime {
        FileTime::nearest(self.epoch)
    }

    /// The creation time in outputs, in RFC 3339.
    pub fn created(&self) -> String {
        created(self.epoch)
    }
}

/// The creation time in outputs, in RFC 3339, by seconds since 1970.
pub fn created(epoch: i64) -> String {
    Timestamp::from_second(epoch).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// See [`Session::host_platform`].
pub(crate) fn host_platform() -> Platform {
    Platform::normalized("linux", std::env::consts::ARCH, None)
}
