//! A client that waits for nothing long, and what it does in one try: push, copy or pull.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shipwheel_oci::Reference;
use shipwheel_store::auth::{CredentialSources, HostLogin};
use shipwheel_store::credentials::Credentials;
use shipwheel_store::http::{Http, HttpOptions};
use shipwheel_store::layout::{LayoutDestination, LayoutSource};
use shipwheel_store::registry::RegistryDestination;
use shipwheel_store::{
    Cache, CopyOptions, Destination, ImageSource, NoProgress, Registry, RegistrySource, StoreError, copy_image,
};

use crate::line::{PASSWORD, USER};

/// What is done in one try.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    Push { layout: PathBuf, to: Reference },
    Copy { from: Reference, to: Reference },
    Pull { from: Reference, layout: PathBuf },
}

impl Work {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Push { .. } => "push",
            Self::Copy { .. } => "copy",
            Self::Pull { .. } => "pull",
        }
    }
}

/// The client of one worker.
#[derive(Clone)]
pub(crate) struct Client {
    http: Http,
    cache: Cache,
    host: Arc<str>,
}

impl Client {
    pub(crate) fn new(cache: &Path, host: &str) -> Self {
        let http = Http::new(HttpOptions {
            connect_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_millis(300),
            document_deadline: Duration::from_secs(3),
            retry_delay: Duration::from_millis(1),
            ..HttpOptions::default()
        });
        Self { http: http.unwrap(), cache: Cache::open(cache).unwrap(), host: host.into() }
    }

    /// Does it, as a new process would: tokens are not kept.
    pub(crate) fn run(&self, work: &Work, options: CopyOptions) -> Result<(), StoreError> {
        let login = HostLogin { host: self.host.to_string(), credentials: Credentials::password(USER, PASSWORD) };
        let credentials = CredentialSources { explicit: Some(login), files: Vec::new() };
        let registry = Registry::new(self.http.clone(), credentials);
        let from = |reference: &Reference| RegistrySource::new(&registry, reference.clone(), &self.cache, &NoProgress);
        let push = |source: &dyn ImageSource, to: &Reference| {
            let to = RegistryDestination::of(&registry, std::slice::from_ref(to), &self.cache, &NoProgress).remove(0);
            copy_image(source, &[&to as &dyn Destination], options)
        };
        match work {
            Work::Push { layout, to } => push(&LayoutSource::open(layout, None)?, to),
            Work::Copy { from: source, to } => push(&from(source), to),
            Work::Pull { from: source, layout } => {
                copy_image(&from(source), &[&LayoutDestination::create(layout, None)?], options)
            }
        }
        .map(|_| ())
    }
}
