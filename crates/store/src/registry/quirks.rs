//! What individual registries do differently, by host; everything else holds for all of them.
//!
//! A row only saves requests that would fail: shipwheel also copes with a registry that is not listed,
//! by its answers.

/// What to keep in mind for a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// The host that serves the API, if it is not the one in references.
    pub(crate) api_host: Option<&'static str>,
    /// Whether it mounts blobs.
    pub(crate) mounts: bool,
    /// Whether a broken upload can be continued from where the registry says.
    pub(crate) continues: bool,
    /// The largest chunk it accepts; `None` if it accepts no chunks at all.
    pub(crate) chunk: Option<u64>,
    /// Whether an index may list manifests of both families.
    pub(crate) mixed_index: bool,
}

/// Proxies in front of registries accept about 100 MB at once; a chunk should be well below.
const CHUNK: u64 = 32 << 20;

const PLAIN: Quirks = Quirks { api_host: None, mounts: true, continues: true, chunk: Some(CHUNK), mixed_index: true };

/// One registry: the end of its host's name, what it does, and where that was seen.
struct Row {
    host: &'static str,
    quirks: Quirks,
    #[cfg_attr(not(test), allow(dead_code, reason = "for readers of this table and its test"))]
    seen: &'static str,
}

const ROWS: [Row; 8] = [
    Row {
        host: "docker.io",
        quirks: Quirks { api_host: Some("registry-1.docker.io"), ..PLAIN },
        seen: "distribution/reference: the familiar name is not a host of the API",
    },
    Row {
        host: "ghcr.io",
        quirks: Quirks { chunk: Some(4 << 20), ..PLAIN },
        seen: "oras-project/rust-oci-client#35, ocx-sh/ocx#237: 416 to a PATCH over 4 MiB",
    },
    Row {
        host: ".pkg.dev",
        quirks: Quirks { chunk: None, continues: false, ..PLAIN },
        seen: "dotnet/sdk-container-builds#287: no chunked uploads",
    },
    Row {
        host: "gcr.io",
        quirks: Quirks { chunk: None, continues: false, ..PLAIN },
        seen: "dotnet/sdk-container-builds#287: served by the same as pkg.dev",
    },
    Row {
        host: ".amazonaws.com",
        quirks: Quirks { continues: false, ..PLAIN },
        seen: "aws/containers-roadmap#2831, apple/containerization#790: Range sticks at the first chunk",
    },
    Row {
        host: "public.ecr.aws",
        quirks: Quirks { continues: false, ..PLAIN },
        seen: "aws/containers-roadmap#2831: as amazonaws.com",
    },
    Row {
        host: "quay.io",
        quirks: Quirks { mixed_index: false, ..PLAIN },
        seen: "go-containerregistry pkg/v1/remote/write.go: an index of both families is refused",
    },
    Row {
        host: ".jfrog.io",
        quirks: Quirks { mounts: false, ..PLAIN },
        seen: "rules_img docs/registry-support.md: Artifactory refuses mounts",
    },
];

/// What is known about a registry, by the host in its references.
pub(crate) fn quirks(registry: &str) -> Quirks {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    let fits = |row: &&Row| match row.host.starts_with('.') {
        true => host.ends_with(row.host),
        false => host == row.host || host.strip_suffix(row.host).is_some_and(|rest| rest.ends_with('.')),
    };
    ROWS.iter().find(fits).map_or(PLAIN, |row| row.quirks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_known_by_their_hosts() {
        for (registry, expected) in [
            ("docker.io", Quirks { api_host: Some("registry-1.docker.io"), ..PLAIN }),
            ("europe-docker.pkg.dev", Quirks { chunk: None, continues: false, ..PLAIN }),
            ("eu.gcr.io", Quirks { chunk: None, continues: false, ..PLAIN }),
            ("1.dkr.ecr.eu-central-1.amazonaws.com", Quirks { continues: false, ..PLAIN }),
            ("ghcr.io:443", Quirks { chunk: Some(4 << 20), ..PLAIN }),
            ("notghcr.io", PLAIN),
            ("registry.example:5000", PLAIN),
            ("localhost", PLAIN),
        ] {
            assert_eq!(quirks(registry), expected, "{registry}");
        }
    }

    #[test]
    fn every_row_says_where_it_was_seen() {
        assert!(ROWS.iter().all(|row| row.seen.contains(['#', '/'])));
    }
}
