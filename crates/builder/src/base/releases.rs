//! The signed releases of a suite: fetched only if they changed, verified once, never trusted when expired.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipwheel_debian::{IndexFile, Keyring, Release, archive_keyring};
use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::spec::DebianBase;
use shipwheel_store::http::{Download, FetchOptions, Fetched};
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::{FileAction, StoreError, read_small};

use super::debian_error::DebianError;
use super::mirror::DebianMirrors;
use crate::bundled::answers::About;
use crate::bundled::input::InputKind;
use crate::disk::file_error::file_error;
use crate::session::Session;

/// The most bytes that an `InRelease` may have.
pub(crate) const MAX_RELEASE: u64 = 16 << 20;

/// One archive and the suite that is taken from it.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    /// Its address, without a `/` at the end.
    pub(super) url: String,
    suite: String,
    release: Release,
}

/// The releases of a suite, its updates and its security updates.
#[derive(Debug)]
pub(super) struct Releases {
    archives: Vec<Archive>,
}

/// The date of the newest release that an archive had for a suite.
#[derive(Serialize, Deserialize)]
struct SeenRelease {
    date: Timestamp,
}

/// An `InRelease` as it was fetched, not verified yet.
struct FetchedRelease {
    /// The key of what is remembered of it: its address.
    key: Digest,
    bytes: Vec<u8>,
    /// What to keep once it is verified; `None` if it is the kept one.
    new: Option<KeptRelease>,
}

/// The `InRelease` that is kept, and the validators that ask whether it is still current.
#[derive(Serialize, Deserialize)]
struct KeptRelease {
    digest: Digest,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Releases {
    /// Fetches and verifies the releases; paths of the base are below `folder`.
    ///
    /// # Errors
    /// When one cannot be obtained, is not signed by a key of the ring, is another suite's, or has expired.
    pub(super) fn fetch(
        session: &Session<'_>,
        folder: &Path,
        base: &DebianBase,
        mirrors: &DebianMirrors,
    ) -> Result<Self, DebianError> {
        let (keyring, keyring_key) = keyring(folder, base)?;
        let suite = &base.suite.value;
        let wanted = [
            (&mirrors.archive, suite.clone()),
            (&mirrors.archive, format!("{suite}-updates")),
            (&mirrors.security, format!("{suite}-security")),
        ];
        // Suites in development do not have updates or security updates.
        let lacks = |name: &str| session.report.warning(&lacking_suite(name));
        let wanted: Vec<_> =
            wanted.into_iter().filter(|(_, name)| !is_bundled_as_absent(session, name, lacks)).collect();
        let fetched: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                wanted.iter().map(|(url, suite)| scope.spawn(|| fetch_in_release(session, url, suite))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a fetch does not panic")).collect()
        });
        let mut archives = Vec::new();
        for ((url, name), fetched) in wanted.into_iter().zip(fetched) {
            let fetched = match fetched {
                Ok(fetched) => fetched,
                Err(DebianError::Store(error)) if error.status() == Some(404) && name != *suite => {
                    session.outside.note(About::Release, &name, &None::<Digest>);
                    lacks(&name);
                    continue;
                }
                Err(DebianError::Store(cause)) if cause.status() == Some(404) => {
                    return Err(DebianError::NoSuite { suite: name, cause });
                }
                Err(error) => return Err(error),
            };
            let release = verify(session, &fetched.bytes, &keyring, &keyring_key)?;
            release.check_suite(&name)?;
            if mirrors.check_valid_until {
                release.check_valid_until(session.now)?;
            }
            if base.check_date && !session.outside.is_bundle() {
                check_date(session, &release, &fetched.key)?;
            }
            // Only a good one is kept: a mirror that lies once does not spoil the copy that offline builds use.
            if let Some(new) = &fetched.new {
                session.cache.put_record("release", &fetched.key, new)?;
            }
            let digest = Digest::of(&fetched.bytes);
            session.outside.note(About::Release, &name, &digest);
            session.outside.note_input(InputKind::Debian, &format!("{name}_InRelease"), digest);
            archives.push(Archive { url: url.clone(), suite: name, release });
        }
        Ok(Self { archives })
    }

    /// The date of the newest release.
    pub(super) fn date(&self) -> Timestamp {
        self.archives.iter().map(|archive| archive.release.date).max().unwrap_or_default()
    }

    /// The date of a suite that is not released yet.
    pub(super) fn unreleased(&self) -> Option<Timestamp> {
        let release = &self.archives.first()?.release;
        ["testing", "unstable"].contains(&release.suite.as_str()).then_some(release.date)
    }

    /// The package indexes for an architecture.
    ///
    /// # Errors
    /// When the suite has none for it.
    pub(super) fn indexes(&self, architecture: &str) -> Result<Vec<(&Archive, Download)>, DebianError> {
        let mut indexes = Vec::new();
        for archive in &self.archives {
            match archive.release.packages_index("main", architecture) {
                Some(index) => indexes.push((archive, archive.download(index))),
                None => {
                    let found = archive.release.architectures.clone();
                    let (suite, architecture) = (archive.suite.clone(), architecture.to_owned());
                    return Err(DebianError::NoArchitecture { suite, architecture, found });
                }
            }
        }
        Ok(indexes)
    }

    /// The list of the files of the suite's packages for an architecture, where the archive has one.
    ///
    /// Updates bring no other libraries.
    pub(super) fn contents(&self, architecture: &str) -> Option<Download> {
        let archive = self.archives.first()?;
        Some(archive.download(archive.release.contents_index("main", architecture)?))
    }
}

impl Archive {
    /// Where an index of the suite is fetched from.
    fn download(&self, index: IndexFile) -> Download {
        let name = format!("{} {}", self.suite, index.path);
        let path = index.by_hash.unwrap_or(index.path);
        let url = format!("{}/dists/{}/{path}", self.url, self.suite);
        Download { url, digest: index.digest, size: Some(index.size), name: Some(name) }
    }
}

/// Fetches files into the cache.
///
/// # Errors
/// When one cannot be obtained, is not what its index says, or the network may not be asked.
pub(super) fn fetch_all(session: &Session<'_>, downloads: &[Download], concurrency: usize) -> Result<(), DebianError> {
    for Download { url, digest, .. } in downloads {
        let name = url.rsplit('/').next().unwrap_or_default();
        session.outside.note_input(InputKind::Debian, name, *digest);
    }
    let missing = downloads.iter().find(|download| session.cache.blob_size(&download.digest).is_none());
    match missing {
        Some(download) if session.offline => Err(session.lacking(&download.url).into()),
        Some(_) => {
            let fetched = session.http.fetch_all(&session.cache, downloads, concurrency, session.progress);
            fetched.inspect_err(|cause| session.outside.note_missing(cause)).map_err(|cause| match cause.status() {
                Some(404) => DebianError::NotOnMirror { cause },
                _ => cause.into(),
            })
        }
        None => Ok(()),
    }
}

/// The keys to trust, and their key in records.
fn keyring(folder: &Path, base: &DebianBase) -> Result<(Keyring, Digest), DebianError> {
    // Another copy of a key may revoke it or extend it: the file counts, not only the fingerprints.
    let (keyring, file) = match &base.keyring {
        None => (archive_keyring(), Vec::new()),
        Some(path) => {
            let path = folder.join(&path.value);
            let bytes = read_small(&path, MAX_SETTINGS).map_err(file_error(FileAction::Read, &path))?;
            (Keyring::parse(&[&bytes])?, bytes)
        }
    };
    let mut hasher = Hasher::new();
    hasher.field(&file).fields(keyring.fingerprints().map(|fingerprint| fingerprint.to_string()));
    let key = hasher.finish();
    Ok((keyring, key))
}

/// Checks a release's date, and remembers the newest one of its archive.
fn check_date(session: &Session<'_>, release: &Release, key: &Digest) -> Result<(), DebianError> {
    let seen = session.cache.record::<SeenRelease>("newest-release", key).map(|seen| seen.date);
    release.check_date(session.now, seen)?;
    if seen.is_none_or(|seen| seen < release.date) {
        session.cache.put_record("newest-release", key, &SeenRelease { date: release.date })?;
    }
    Ok(())
}

/// Whether a bundle says that the mirror did not have a suite, which `tell` is told.
fn is_bundled_as_absent(session: &Session<'_>, suite: &str, tell: impl Fn(&str)) -> bool {
    let is_absent = session.outside.known::<Option<Digest>>(About::Release, suite) == Some(None);
    if is_absent {
        tell(suite);
    }
    is_absent
}

fn lacking_suite(name: &str) -> String {
    format!("the mirror does not have {name}: the base lacks its updates")
}

fn fetch_in_release(session: &Session<'_>, url: &str, suite: &str) -> Result<FetchedRelease, DebianError> {
    let url = format!("{url}/dists/{suite}/InRelease");
    let key = Digest::of(url.as_bytes());
    if session.outside.is_bundle() {
        let digest = session.outside.known::<Digest>(About::Release, suite);
        let digest = digest.filter(|digest| session.cache.blob_size(digest).is_some());
        let digest = digest.ok_or_else(|| session.lacking(format!("the release of {suite}")))?;
        return Ok(FetchedRelease { key, bytes: session.cache.read_blob(&digest)?, new: None });
    }
    let copy = session.cache.record::<KeptRelease>("release", &key);
    let known = copy.as_ref().and_then(|copy| Some((copy, session.cache.read_blob(&copy.digest).ok()?)));
    if session.offline {
        let (_, bytes) = known.ok_or_else(|| session.lacking(url))?;
        return Ok(FetchedRelease { key, bytes, new: None });
    }
    let options = FetchOptions {
        max_size: MAX_RELEASE,
        etag: known.as_ref().and_then(|(copy, _)| copy.etag.as_deref()),
        last_modified: known.as_ref().and_then(|(copy, _)| copy.last_modified.as_deref()),
        ..FetchOptions::default()
    };
    match (session.http.fetch(&url, &options)?, known) {
        (Fetched::Bytes { bytes, etag, last_modified }, _) => {
            let digest = session.cache.insert_bytes(&bytes)?;
            Ok(FetchedRelease { key, bytes, new: Some(KeptRelease { digest, etag, last_modified }) })
        }
        (Fetched::NotModified, Some((_, bytes))) => Ok(FetchedRelease { key, bytes, new: None }),
        (Fetched::NotModified, None) => {
            Err(StoreError::Answer { method: "GET", url, reason: "not modified, though nothing was at hand".into() }
                .into())
        }
    }
}

/// Verifies an `InRelease`; which bytes were good with which keys is remembered.
fn verify(
    session: &Session<'_>,
    bytes: &[u8],
    keyring: &Keyring,
    keyring_key: &Digest,
) -> Result<Release, DebianError> {
    let mut hasher = Hasher::new();
    hasher.field("verified").field(keyring_key.as_bytes()).field(Digest::of(bytes).as_bytes());
    let key = hasher.finish();
    if let Some(release) = session.cache.record("verified-release", &key) {
        return Ok(release);
    }
    let release = Release::verify(bytes, keyring, session.now)?;
    session.cache.put_record("verified-release", &key, &release)?;
    Ok(release)
}
