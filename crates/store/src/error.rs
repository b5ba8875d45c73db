//! What can go wrong between shipwheel and the outside: one enum, with a kind for exit codes and a hint.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipwheel_oci::Digest;

use crate::error_kind::ErrorKind;

/// The result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Anything that keeps a blob from coming or going.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder of this machine.
    #[error("failed to {action} {}", .path.display())]
    File {
        /// What was tried, such as `create`.
        action: &'static str,
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
        /// What it is instead.
        reason: &'static str,
    },
    /// A file of settings that makes no sense.
    #[error("{} cannot be used: {reason}", .path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong in it, with the line.
        reason: String,
    },
    /// A text that is no URL, or one that shipwheel does not speak.
    #[error("`{url}` cannot be fetched: {reason}")]
    Url {
        /// The text, redacted.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client cannot be made of the options given.
    #[error("failed to set up the HTTP client")]
    Client(#[source] Cause),
    /// The host has no address, takes no connection, or its certificate is not trusted.
    #[error("{method} {url}: host cannot be reached")]
    Unreachable {
        /// The method.
        method: &'static str,
        /// The URL, redacted.
        url: String,
        /// The cause.
        #[source]
        cause: Cause,
    },
    /// The connection was there and broke, or fell silent.
    #[error("{method} {url}: connection broke")]
    Broken {
        /// The method.
        method: &'static str,
        /// The URL, redacted.
        url: String,
        /// The cause.
        #[source]
        cause: Cause,
    },
    /// An answer that is none of those expected.
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
    /// An answer whose headers or body make no sense.
    #[error("{method} {url}: {reason}")]
    Answer {
        /// The method.
        method: &'static str,
        /// The URL, redacted.
        url: String,
        /// What is wrong.
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
    /// A manifest, index, config or archive that cannot be used.
    #[error("{what} cannot be used")]
    Image {
        /// Where it came from.
        what: String,
        /// The cause.
        #[source]
        cause: Cause,
    },
    /// A layer that its owner lets nobody hand on.
    #[error("layer {digest} is not distributable (`{media_type}`): its bytes are in no registry")]
    Foreign {
        /// The layer.
        digest: Digest,
        /// Its media type.
        media_type: String,
    },
    /// A blob that is neither in the cache nor to be had from anywhere.
    #[error("blob {digest} is not in {place}")]
    Missing {
        /// The blob.
        digest: Digest,
        /// Where it was looked for.
        place: String,
    },
}

/// A cause of any type.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

impl StoreError {
    /// For `map_err` on file operations.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::File { action, path, cause }
    }

    /// For `map_err` on parsers of manifests and their kin.
    pub(crate) fn image<E: Into<Cause>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |cause| Self::Image { what, cause: cause.into() }
    }

    /// Whose business the error is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            // What is to be read and is not there was named by mistake.
            Self::File { action: "read" | "open", cause, .. } if cause.kind() == io::ErrorKind::NotFound => {
                ErrorKind::Configuration
            }
            Self::File { .. } | Self::Occupied { .. } => ErrorKind::Output,
            Self::Settings { .. } | Self::Url { .. } | Self::Client(_) | Self::Credentials { .. } => {
                ErrorKind::Configuration
            }
            Self::Status { status: 401 | 403 | 404, .. } => ErrorKind::Configuration,
            Self::Unreachable { .. } | Self::Broken { .. } => ErrorKind::Outside,
            Self::Digest { .. } | Self::Size { .. } | Self::TooLarge { .. } => ErrorKind::Verification,
            Self::Status { .. } | Self::Answer { .. } | Self::Image { .. } => ErrorKind::Outside,
            Self::Missing { .. } | Self::Foreign { .. } => ErrorKind::Outside,
        }
    }

    /// The HTTP status, where the error is one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same request may succeed a little later.
    pub fn may_be_retried(&self) -> bool {
        match self {
            Self::Broken { .. } => true,
            Self::Unreachable { cause, .. } => !is_certificate_error(cause.as_ref()),
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether a certificate was refused.
    pub(crate) fn is_untrusted(&self) -> bool {
        match self {
            Self::Unreachable { cause, .. } | Self::Broken { cause, .. } => is_certificate_error(cause.as_ref()),
            _ => false,
        }
    }

    /// How long the server asked to wait before the next try.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Unreachable { cause, .. } if is_certificate_error(cause.as_ref()) => {
                "the certificate's authority is not in the system's store; name a PEM file with it by --ca-file or in SSL_CERT_FILE, or put it as ca.crt into /etc/containers/certs.d/HOST"
            }
            Self::Unreachable { .. } if proxy_is_set() => {
                "a proxy is set by HTTPS_PROXY, HTTP_PROXY or ALL_PROXY; hosts listed in NO_PROXY go around it"
            }
            Self::Unreachable { .. } => {
                "no proxy is set; if this network needs one, set HTTPS_PROXY (and NO_PROXY for hosts inside)"
            }
            Self::Status { status: 401 | 403, .. } | Self::Credentials { .. } => {
                "log in with `docker login`, `podman login` or `skopeo login`, or check that the account may do this"
            }
            Self::Status { status: 429, .. } => "the server limits requests; log in, or try again later",
            Self::Occupied { .. } => "choose an empty folder, or remove this one first",
            Self::Foreign { .. } => "use a base image without foreign layers: only Windows images have them",
            Self::Digest { .. } | Self::Size { .. } => {
                "what arrived is not what was pinned: it was changed at its origin, or by something in between"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

fn proxy_is_set() -> bool {
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Whether a certificate was refused; rustls's own error type lies below two others and an `io::Error`.
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
