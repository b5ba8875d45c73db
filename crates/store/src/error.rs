//! What can go wrong between shipwheel and the outside: one enum, each error with its kind and its hint.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipwheel_oci::{Descriptor, Digest, Platform};

use crate::disk::place_error::PlaceError;
use crate::disk::small_file::SmallFileError;
use crate::error_kind::ErrorKind;
use crate::file_action::FileAction;
use crate::join_error::JoinError;
use crate::not_an_image::NotAnImage;

/// The result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A cause of any type.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Anything that keeps a blob from coming or going.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder of this machine.
    #[error("failed to {action} {}", .path.display())]
    File {
        /// What was tried.
        action: FileAction,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// An output folder that holds something else.
    #[error("{} {reason}", .path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        reason: &'static str,
    },
    /// A folder that shipwheel does not write to.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Images that do not make one index together.
    #[error(transparent)]
    Join(Box<JoinError>),
    /// A file of settings with a mistake in it.
    #[error("{} cannot be used: {reason}", .path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong in it, with the line.
        reason: String,
    },
    /// A text that is not a URL, or a URL with a scheme that shipwheel does not support.
    #[error("`{url}` cannot be fetched: {reason}")]
    Url {
        /// The text, redacted.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client cannot be made with the options given.
    #[error("failed to set up the HTTP client")]
    Client(#[source] Cause),
    /// The host has no address, accepts no connection, or shows a certificate that is not trusted.
    #[error("{method} {url}: the host cannot be reached")]
    Unreachable {
        /// The method.
        method: &'static str,
        /// The URL, redacted.
        url: String,
        /// Whether the environment sets a proxy.
        proxied: bool,
        /// The cause.
        #[source]
        cause: Cause,
    },
    /// The connection was open and broke, or fell silent.
    #[error("{method} {url}: the connection broke")]
    Broken {
        /// The method.
        method: &'static str,
        /// The URL, redacted.
        url: String,
        /// The cause.
        #[source]
        cause: Cause,
    },
    /// An answer with a status that was not expected.
    #[error("{method} {url}: status {status}{detail}")]
    Status {
        /// The method.
        method: &'static str,
        /// The URL, redacted.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own error codes and messages, after `: `; empty if it named none.
        detail: String,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// An answer whose headers or body cannot be used.
    #[error("{method} {url}: {reason}")]
    Answer {
        /// The method.
        method: &'static str,
        /// The URL, redacted.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Docker's daemon is not there, or refuses an image.
    #[error("Docker at {host}: {reason}")]
    Docker {
        /// Where it listens.
        host: String,
        /// What is wrong, or what it said.
        reason: String,
    },
    /// The credentials for a registry cannot be used.
    #[error("credentials for {registry}: {reason}")]
    Credentials {
        /// The registry's host.
        registry: String,
        /// What is wrong.
        reason: String,
    },
    /// Bytes with another digest than promised.
    #[error("{what} has digest {found}, expected {expected}")]
    Digest {
        /// What was read.
        what: String,
        /// What was promised.
        expected: Digest,
        /// What it has.
        found: Digest,
    },
    /// Bytes of another length than promised.
    #[error("{what} has {found} bytes, expected {expected}")]
    Size {
        /// What was read.
        what: String,
        /// What was promised.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// More bytes than anything of that sort may have.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What was read.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// A document, or all documents of an image, that did not arrive in time, however often it was asked for.
    #[error("{what} did not arrive within {} s", .patience.as_secs())]
    Overdue {
        /// What was asked for.
        what: String,
        /// How long it was awaited.
        patience: Duration,
    },
    /// A manifest, index, config or archive that cannot be used.
    #[error("{what} cannot be used")]
    Image {
        /// Where it came from.
        what: String,
        /// The cause.
        #[source]
        cause: Cause,
    },
    /// Indexes that list indexes, further down than any image needs.
    #[error("{what} nests indexes more than {limit} deep")]
    TooDeep {
        /// The document that is too far down.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// An image with more manifests than any image needs.
    #[error("{what} has more than {limit} manifests, or more than {bytes} bytes of them")]
    TooManyDocuments {
        /// The image.
        what: String,
        /// The limit on their number.
        limit: usize,
        /// The limit on their sizes together.
        bytes: usize,
    },
    /// A path where no image can be.
    #[error("{} {}", .path.display(), .found.reason())]
    NotAnImage {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: NotAnImage,
    },
    /// A layout or an archive without any image.
    #[error("{what} contains no image")]
    NoImage {
        /// The layout or the archive.
        what: String,
    },
    /// A layout or an archive with several images, and no tag that selects one.
    #[error("{what} contains {count} images{}", found_tags(.tags))]
    SeveralImages {
        /// The layout or the archive.
        what: String,
        /// How many there are.
        count: usize,
        /// The tags of those that have one.
        tags: Vec<String>,
    },
    /// A layout or an archive without an image of the tag asked for, or with several of them.
    #[error("{what} does not contain exactly one image tagged `{tag}`{}", found_tags(.tags))]
    NoTag {
        /// The layout or the archive.
        what: String,
        /// The tag asked for.
        tag: String,
        /// The tags that it has.
        tags: Vec<String>,
    },
    /// An image without the platform asked for.
    #[error("no {platform} in {what}; found {}", found_platforms(.found))]
    NoPlatform {
        /// The image.
        what: String,
        /// The platform asked for.
        platform: Platform,
        /// The platforms that it has.
        found: Vec<Platform>,
    },
    /// A format that holds one platform, and an image that has another number of them.
    #[error("a docker-archive holds one platform, but the image has {count}")]
    OnePlatformOnly {
        /// How many the image has.
        count: usize,
    },
    /// A layer whose license keeps registries from distributing it.
    #[error("layer {digest} is not distributable (`{media_type}`): no registry has its bytes")]
    Foreign {
        /// The layer.
        digest: Digest,
        /// Its media type.
        media_type: String,
    },
    /// Things in the cache that are not what they should be, and are still there.
    #[error("{}", broken(*.count))]
    BrokenCache {
        /// How many things.
        count: usize,
    },
    /// Files that are gone, or are not what was promised: all of a batch.
    #[error("{} files cannot be had:{}", .errors.len(), indented(.errors))]
    Several {
        /// At least two, in the order of the batch.
        errors: Vec<StoreError>,
    },
    /// A tag for signatures that has others than those that come.
    #[error("{what} has signatures, attestations or SBOMs of its own, and others come: they are not put together")]
    OtherBeside {
        /// Repository and tag.
        what: String,
    },
    /// A blob that was expected somewhere and is not there.
    #[error("blob {digest} is not in {origin}")]
    Missing {
        /// The blob.
        digest: Digest,
        /// Where it was looked for.
        origin: String,
    },
}

fn indented(errors: &[StoreError]) -> String {
    errors.iter().map(|error| format!("\n  {error}")).collect()
}

fn broken(count: usize) -> String {
    match count {
        1 => "1 thing in the cache is not what it should be".to_owned(),
        count => format!("{count} things in the cache are not what they should be"),
    }
}

fn found_tags(tags: &[String]) -> String {
    if tags.is_empty() { "; none of them is tagged".to_owned() } else { format!("; found {}", tags.join(", ")) }
}

fn found_platforms(platforms: &[Platform]) -> String {
    if platforms.is_empty() {
        return "none".to_owned();
    }
    platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl From<JoinError> for StoreError {
    fn from(error: JoinError) -> Self {
        Self::Join(Box::new(error))
    }
}

impl StoreError {
    /// For `map_err` on file operations.
    pub(crate) fn file(action: FileAction, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::File { action, path, cause }
    }

    /// For `map_err` on parsers of manifests, indexes and configs.
    pub(crate) fn image<E: Into<Cause>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |cause| Self::Image { what, cause: cause.into() }
    }

    /// The error inside a writer that can only fail with an I/O error.
    pub(crate) fn unwrapped(self) -> Self {
        match self {
            Self::File { action, path, cause } => match cause.downcast::<Self>() {
                Ok(inner) => inner,
                Err(cause) => Self::File { action, path, cause },
            },
            other => other,
        }
    }

    /// A blob that is not where it was expected.
    pub fn missing(digest: Digest, origin: impl Into<String>) -> Self {
        Self::Missing { digest, origin: origin.into() }
    }

    /// Who can fix the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::File { action, cause, .. } => action.kind(cause),
            Self::Place(error) => error.kind(),
            // What is not what was promised weighs more than what is gone.
            Self::Several { errors } => {
                let mut kinds = errors.iter().map(Self::kind);
                let first = kinds.next().unwrap_or(ErrorKind::Outside);
                kinds.find(|kind| *kind == ErrorKind::Verification).unwrap_or(first)
            }
            Self::Occupied { .. } => ErrorKind::Output,
            Self::Settings { .. }
            | Self::Url { .. }
            | Self::Client(_)
            | Self::Credentials { .. }
            | Self::NotAnImage { .. }
            | Self::OtherBeside { .. }
            | Self::NoImage { .. }
            | Self::SeveralImages { .. }
            | Self::NoTag { .. }
            | Self::NoPlatform { .. }
            | Self::OnePlatformOnly { .. }
            | Self::Join(_)
            // The user named an image that is broken or incomplete, wherever it is.
            | Self::Image { .. }
            | Self::TooDeep { .. }
            | Self::TooManyDocuments { .. }
            | Self::Missing { .. }
            | Self::Foreign { .. }
            | Self::Status { status: 401 | 403 | 404, .. } => ErrorKind::Configuration,
            Self::Digest { .. } | Self::Size { .. } | Self::TooLarge { .. } | Self::BrokenCache { .. } => {
                ErrorKind::Verification
            }
            Self::Unreachable { .. }
            | Self::Broken { .. }
            | Self::Overdue { .. }
            | Self::Status { .. }
            | Self::Docker { .. }
            | Self::Answer { .. } => ErrorKind::Outside,
        }
    }

    /// The HTTP status, where the error is one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::Several { errors } => {
                let first = errors.first()?.status()?;
                errors.iter().all(|error| error.status() == Some(first)).then_some(first)
            }
            _ => None,
        }
    }

    /// The errors that it is made of: itself, unless it is several.
    pub fn each(&self) -> &[Self] {
        if let Self::Several { errors } = self { errors } else { std::slice::from_ref(self) }
    }

    /// One error of several; `None` if there are none.
    pub(crate) fn several(mut errors: Vec<Self>) -> Option<Self> {
        if errors.len() > 1 { Some(Self::Several { errors }) } else { errors.pop() }
    }

    /// Whether it says of one file that it is gone or is another one: others may be there.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 410, .. } | Self::Digest { .. } | Self::Size { .. })
    }

    /// Whether the same request may succeed a little later.
    pub fn may_be_retried(&self) -> bool {
        match self {
            Self::Unreachable { cause, .. } => !is_certificate_error(cause.as_ref()),
            Self::Status { status, .. } => is_passing(*status),
            other => matches!(other, Self::Broken { .. }),
        }
    }

    /// Whether a certificate was refused.
    pub(crate) fn is_untrusted(&self) -> bool {
        matches!(self, Self::Unreachable { cause, .. } | Self::Broken { cause, .. } if is_certificate_error(cause.as_ref()))
    }

    /// How long the server asked to wait before the next try.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        if let Self::Status { retry_after, .. } = self { *retry_after } else { None }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Place(error) => return Some(error.hint()),
            Self::Join(error) => error.hint(),
            Self::NotAnImage { path, found } => return Some(found.hint(path)),
            Self::Several { errors } => {
                let kind = self.kind();
                return errors.iter().find(|error| error.kind() == kind).and_then(Self::hint);
            }
            Self::File { cause, .. } => SmallFileError::hint_of(cause)?,
            Self::Unreachable { cause, .. } if is_certificate_error(cause.as_ref()) => {
                "this system does not trust the certificate's authority; pass its PEM file with --ca-file or SSL_CERT_FILE, or save it as /etc/containers/certs.d/HOST/ca.crt"
            }
            Self::Unreachable { proxied: true, .. } => {
                "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY sets a proxy; list hosts in NO_PROXY to connect to them directly"
            }
            Self::Unreachable { proxied: false, .. } => {
                "no proxy is set; if this network needs one, set HTTPS_PROXY (and NO_PROXY for hosts inside)"
            }
            Self::Status { status: 401 | 403, .. } | Self::Credentials { .. } => {
                "log in with `docker login`, `podman login` or `skopeo login`, or check that your account has access"
            }
            Self::Status { status: 404, .. } => {
                "check the name and the tag; a registry can answer 404 if you are not logged in: `docker login`, `podman login` or `skopeo login`"
            }
            Self::Overdue { .. } => "the server, or the network on the way to it, is too slow; try again later",
            Self::Status { status: 429, .. } => "the server limits requests; log in, or try again later",
            Self::Occupied { .. } => "name an empty folder, or remove this one first",
            Self::SeveralImages { .. } | Self::NoTag { .. } => {
                "select one by its tag: `oci:FOLDER:TAG` or `oci-archive:FILE:TAG`, in image.toml `layout = \"FOLDER:TAG\"`"
            }
            Self::NoPlatform { .. } => "select a platform that the image has, or use an image that has this one",
            Self::OnePlatformOnly { .. } => {
                "write an `oci-archive:`, which `docker load` and `podman load` take as well"
            }
            Self::Docker { .. } => {
                "start Docker, or name where it listens in DOCKER_HOST (unix:///PATH); its socket is for root and the \
                 group `docker` alone"
            }
            Self::BrokenCache { .. } => {
                "remove what is broken with `cache verify --repair`: the next build makes it anew"
            }
            Self::OtherBeside { .. } => {
                "copy without `--referrers` and sign the image where it is, or delete the tag there first"
            }
            Self::Foreign { .. } => "use a base image without foreign layers: only Windows images have them",
            Self::Digest { .. } | Self::Size { .. } => {
                "the content differs from what was pinned: it changed at its origin or on the way here; do not use it until you know why"
            }
            Self::Settings { .. }
            | Self::Url { .. }
            | Self::Client(_)
            | Self::Broken { .. }
            | Self::Status { .. }
            | Self::Answer { .. }
            | Self::TooLarge { .. }
            | Self::NoImage { .. }
            | Self::Image { .. }
            | Self::TooDeep { .. }
            | Self::TooManyDocuments { .. }
            | Self::Missing { .. } => return None,
        };
        Some(text.to_owned())
    }
}

/// Checks bytes against a descriptor; `what` names them in the error.
pub(crate) fn check_bytes(bytes: &[u8], descriptor: &Descriptor, what: &str) -> Result<()> {
    let found = Digest::of(bytes);
    if found != descriptor.digest {
        return Err(StoreError::Digest { what: what.to_owned(), expected: descriptor.digest, found });
    }
    let found = bytes.len() as u64;
    if found != descriptor.size {
        return Err(StoreError::Size { what: what.to_owned(), expected: descriptor.size, found });
    }
    Ok(())
}

/// Statuses that the next try may not meet again.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Whether a certificate was refused; rustls's own error type is below two others and an `io::Error`.
fn is_certificate_error(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(inner) = inner
            && is_certificate_error(inner)
        {
            return true;
        }
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        next = error.source();
    }
    false
}
