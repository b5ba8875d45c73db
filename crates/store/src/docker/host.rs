//! Where Docker's daemon listens: `DOCKER_HOST`, or the sockets that it and its rootless form have.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Result, StoreError};

/// The daemon's own socket.
const SOCKET: &str = "/var/run/docker.sock";

/// Where a daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DockerHost {
    /// On a socket of this machine.
    Socket(PathBuf),
    /// At an address without TLS, as `HOST:PORT`.
    Tcp(String),
}

impl fmt::Display for DockerHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

impl DockerHost {
    /// The one that the environment names; without one, the socket that is there: the system's, or the user's own.
    ///
    /// # Errors
    /// When `DOCKER_HOST` is of a kind that shipwheel does not speak: ssh, or TCP with TLS.
    pub fn of(environment: &BTreeMap<String, String>) -> Result<Self> {
        let variable = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let Some(host) = variable("DOCKER_HOST") else {
            let own = variable("XDG_RUNTIME_DIR").map(|folder| Path::new(folder).join("docker.sock"));
            let places = [Some(PathBuf::from(SOCKET)), own];
            let found = places.into_iter().flatten().find(|path| path.exists());
            return Ok(Self::Socket(found.unwrap_or_else(|| SOCKET.into())));
        };
        let refused = |reason: &str| StoreError::Docker { host: host.to_owned(), reason: reason.to_owned() };
        let has_tls = variable("DOCKER_TLS_VERIFY").is_some() || variable("DOCKER_TLS").is_some();
        match host.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Socket(path.into())),
            Some(("tcp" | "http", _)) if has_tls => Err(refused("shipwheel speaks no TLS with Docker")),
            Some(("tcp" | "http", address)) => Ok(Self::Tcp(address.trim_end_matches('/').to_owned())),
            _ => Err(refused("expected unix:///PATH or tcp://HOST:PORT")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_the_daemon() {
        let of = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            DockerHost::of(&variables).ok().map(|host| host.to_string())
        };
        let folder = tempfile::tempdir().unwrap();
        for (variables, expected) in [
            (&[("DOCKER_HOST", "unix:///run/x.sock")][..], Some("unix:///run/x.sock")),
            (&[("DOCKER_HOST", "tcp://127.0.0.1:2375")], Some("tcp://127.0.0.1:2375")),
            (&[("DOCKER_HOST", "tcp://127.0.0.1:2376"), ("DOCKER_TLS_VERIFY", "1")], None),
            (&[("DOCKER_HOST", "ssh://host")], None),
            (&[("DOCKER_HOST", "unix://relative")], None),
            (&[("DOCKER_HOST", "docker.example")], None),
        ] {
            assert_eq!(of(variables).as_deref(), expected, "{variables:?}");
        }
        let own = folder.path().join("docker.sock");
        std::fs::write(&own, "").unwrap();
        let expected = if Path::new(SOCKET).exists() { PathBuf::from(SOCKET) } else { own };
        let runtime = folder.path().display().to_string();
        assert_eq!(of(&[("XDG_RUNTIME_DIR", &runtime)]), Some(format!("unix://{}", expected.display())));
    }
}
