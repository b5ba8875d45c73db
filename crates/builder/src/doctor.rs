//! Says what this machine offers to builds, and what will not work. Nothing is built, and nothing is changed but the
//! cache's folder, which is made, or closed to others, as a build does it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use shipwheel_store::auth::CredentialSources;
use shipwheel_store::http::Http;
use shipwheel_store::{Cache, FileAction, NoProgress, Registry};

use crate::bundled::outside::Outside;
use crate::confine::confinement::{Confinement, Purpose, Root};
use crate::confine::sandbox::Sandbox;
use crate::confine::start_way::Machine;
use crate::error::BuildError;
use crate::machine::cache_place::{CachePlace, unusable};
use crate::machine::kernel_offers::kernel_offers;
use crate::machine::logins::login_offers;
use crate::machine::network::{authority_offers, index_offers, mirror_offers, proxy_offers};
use crate::machine::offer::Offer;
use crate::machine::programs::program_offers;
use crate::session::{Report, Session, host_platform};

/// Who a program of an image is where shipwheel is root.
const NOBODY: u32 = 65534;

/// What is looked at.
pub struct DoctorOptions<'a> {
    /// The cache's folder.
    pub cache: &'a Path,
    /// The network; it should give up soon.
    pub http: Http,
    /// Registries.
    pub registry: Registry,
    /// Where logins are kept.
    pub credentials: &'a CredentialSources,
    /// Folders that have certificates of hosts.
    pub certificates: &'a [PathBuf],
    /// Variables of the environment.
    pub environment: &'a BTreeMap<String, String>,
    /// How an interpreter out of an image is started.
    pub sandbox: Sandbox,
    /// Whether nobody is asked over the network.
    pub offline: bool,
    /// Now.
    pub now: Timestamp,
}

/// Nobody hears of the steps of what is tried: what comes of it is a line.
struct Silent;

impl Report for Silent {
    fn step(&self, _: &str) {}
    fn warning(&self, _: &str) {}
}

/// Everything that this machine offers or lacks, a line each.
///
/// # Errors
/// When there is no place for a temporary folder, or settings of the user cannot be read.
pub fn doctor(options: &DoctorOptions<'_>) -> Result<Vec<Offer>, BuildError> {
    let scratch = tempfile::tempdir().map_err(BuildError::file(FileAction::CreateIn, &std::env::temp_dir()))?;
    let opened = Cache::open(options.cache).and_then(|cache| Ok((CachePlace::of(&cache)?, cache)));
    let (place, cache) = match opened {
        Ok((place, cache)) => (place.offer(), cache),
        // What is found out needs one nevertheless.
        Err(error) => (unusable(options.cache, &error), Cache::open(&scratch.path().join("cache"))?),
    };
    let session = Session {
        cache,
        http: options.http.clone(),
        registry: options.registry.clone(),
        offline: options.offline,
        outside: Outside::Network,
        environment: options.environment.clone(),
        now: options.now,
        epoch: 0,
        jobs: 1,
        interpreter: None,
        sandbox: options.sandbox.clone(),
        progress: &NoProgress,
        report: &Silent,
    };
    let machine = machine(&options.sandbox, &scratch.path().join("root"))?;
    let mut offers = kernel_offers(machine, &host_platform());
    offers.push(place);
    offers.extend(mirror_offers(&session));
    offers.extend(index_offers(&session)?);
    offers.extend(login_offers(&options.credentials.survey(), |name| session.on_path(name).next().is_some()));
    offers.extend(proxy_offers(options.environment));
    offers.extend(authority_offers(options.environment, options.certificates));
    offers.extend(program_offers(&session));
    Ok(offers)
}

/// What the kernel offers; namespaces are tried, as `startup` does it.
fn machine(sandbox: &Sandbox, empty: &Path) -> Result<Machine, BuildError> {
    fs_err::create_dir(empty).map_err(BuildError::file(FileAction::Create, empty))?;
    let is_root = rustix::process::geteuid().is_root();
    let nobody = is_root && std::os::unix::fs::chown(empty, Some(NOBODY), Some(NOBODY)).is_ok();
    let mut users = nobody.then_some(Some(NOBODY)).into_iter().chain([None]);
    let user = users.find(|user| {
        let root = Root { workdir: "/".into(), user: *user };
        let confinement =
            Confinement { writable: vec!["/".into()], purpose: Purpose::StartInRoot(root), ..Confinement::default() };
        sandbox.rehearse(confinement, empty)
    });
    let is_user = !is_root || user.is_some_and(|user| user.is_some());
    Ok(Machine { kernel: sandbox.kernel(), namespaces: user.is_some(), is_user })
}
