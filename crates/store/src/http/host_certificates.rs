//! Authorities and client certificates of individual registries, where docker, podman and skopeo look for them.
//!
//! `<folder>/<host[:port]>/`: every `*.crt` is an authority to trust, `<name>.cert` with `<name>.key`
//! is a certificate to show (containers-certs.d(5), Docker's "Verify repository client with certificates").

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::{Certificate, Identity};

use crate::disk::small_file::read_small;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::limits::MAX_SETTINGS;

/// What a host's folder holds.
#[derive(Default)]
pub(crate) struct HostCertificates {
    pub(crate) authorities: Vec<Certificate>,
    pub(crate) identity: Option<Identity>,
}

/// The folder for a host, if there is one.
pub(crate) fn folder(folders: &[PathBuf], host: &str) -> Option<PathBuf> {
    // A host comes from a URL or a reference: it has no slash and does not begin with a dot.
    let is_name = !host.is_empty() && !host.contains('/') && !host.starts_with('.');
    folders.iter().map(|folder| folder.join(host)).find(|folder| is_name && folder.is_dir())
}

/// The certificates for a host; `None` if no folder is named for it.
///
/// # Errors
/// When a file is there and cannot be used: to go on without it would only make another request fail.
pub(crate) fn read(folders: &[PathBuf], host: &str) -> Result<Option<HostCertificates>> {
    let Some(folder) = folder(folders, host) else { return Ok(None) };
    let mut found = HostCertificates::default();
    let entries = fs::read_dir(&folder).map_err(StoreError::file(FileAction::Read, &folder))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("crt") => {
                let pem = read_file(&path)?;
                found.authorities.extend(Certificate::from_pem_bundle(&pem).map_err(unusable(&path, "certificates"))?);
            }
            Some("cert") => {
                let mut pem = read_file(&path)?;
                pem.push(b'\n');
                pem.extend(read_file(&path.with_extension("key"))?);
                found.identity = Some(Identity::from_pem(&pem).map_err(unusable(&path, "certificate with its key"))?);
            }
            _ => {}
        }
    }
    Ok(Some(found))
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    read_small(path, MAX_SETTINGS).map_err(StoreError::file(FileAction::Read, path))
}

fn unusable(path: &Path, what: &'static str) -> impl FnOnce(reqwest::Error) -> StoreError {
    let path = path.to_owned();
    move |_| StoreError::Settings { path, reason: format!("expected {what} in PEM form") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_folder_is_read_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let folders = [root.path().join("missing"), root.path().to_owned()];
        let host = root.path().join("registry.example:5000");
        fs::create_dir(&host).unwrap();
        assert!(read(&folders, "other.example").unwrap().is_none());
        assert!(read(&folders, "..").unwrap().is_none());
        let empty = read(&folders, "registry.example:5000").unwrap().unwrap();
        assert!(empty.authorities.is_empty() && empty.identity.is_none());
        fs::write(host.join("client.cert"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(read(&folders, "registry.example:5000").is_err(), "its key is not there");
        fs::write(host.join("client.key"), "no key").unwrap();
        assert!(read(&folders, "registry.example:5000").is_err());
        fs::remove_file(host.join("client.cert")).unwrap();
        fs::write(host.join("ca.crt"), "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n").unwrap();
        assert!(read(&folders, "registry.example:5000").is_err());
    }
}
