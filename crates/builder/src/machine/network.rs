//! What is asked over the network, and the way there: mirror, package indexes, proxies, authorities.

use std::collections::BTreeMap;
use std::path::Path;

use shipwheel_plan::spec::{DebianBase, Libraries, Located};
use shipwheel_python::DistributionName;
use shipwheel_store::http::FetchOptions;
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::{ErrorKind, StoreError, read_small, redacted};

use super::offer::Offer;
use crate::base::mirror::{self, DebianMirrors};
use crate::base::releases::MAX_RELEASE;
use crate::error::BuildError;
use crate::inspect::chain::chain;
use crate::lock::indexes::Indexes;
use crate::session::Session;

const MIRROR: &str = "Debian mirror";
const INDEX: &str = "package index";
const PROXY: &str = "proxy";
const AUTHORITIES: &str = "authorities";

/// The suite that is asked for, which is the one of most images that are derived.
const SUITE: &str = "trixie";

/// The project whose page is asked for: an index that lacks it answers nevertheless.
const PROJECT: &str = "pip";

/// The variables for proxies, and for what needs none.
const PROXIES: [&str; 8] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];

/// Where distributions keep the authorities that they trust.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// The mirror of Debian's packages, which is asked for its releases.
pub(crate) fn mirror_offers(session: &Session<'_>) -> Vec<Offer> {
    let Some(mirrors) = mirror::find(session, &debian()) else {
        return vec![Offer::warn(
            MIRROR,
            "none is configured",
            "a base of Debian's packages; a folder without an image.toml gets one from a registry in its place",
            "set SHIPWHEEL_DEBIAN_MIRROR, or `mirror` in the base of image.toml, to an archive such as this machine's apt would use",
        )];
    };
    let place = format!("{} ({})", redacted(&mirrors.archive), mirrors.shown());
    if session.offline {
        return vec![Offer::ok(MIRROR, format!("{place}, not asked"))];
    }
    let DebianMirrors { archive, security, .. } = &mirrors;
    let main = release(session, archive, SUITE);
    let mut offers = vec![answered(MIRROR, &place, main.err(), "a base of Debian's packages", None)];
    // A mirror without security updates is a warning of the build, too.
    if offers[0].blocks.is_none() {
        match release(session, security, &format!("{SUITE}-security")) {
            Err(error) if error.status() == Some(404) => offers.push(Offer::warn(
                MIRROR,
                format!("{} has no {SUITE}-security", redacted(security)),
                "images lack Debian's security updates",
                "set SHIPWHEEL_DEBIAN_SECURITY_MIRROR to an archive that has them",
            )),
            Err(error) => offers.push(answered(
                MIRROR,
                &redacted(security),
                Some(error),
                "a base of Debian's packages, which needs the security updates",
                Some("set SHIPWHEEL_DEBIAN_SECURITY_MIRROR to an archive that answers"),
            )),
            Ok(()) => {}
        }
    }
    offers
}

/// A base of the suite that is asked for, without packages.
fn debian() -> DebianBase {
    DebianBase {
        suite: Located { value: SUITE.to_owned(), span: 0..0 },
        packages: Vec::new(),
        exclude: Vec::new(),
        mirror: None,
        security_mirror: None,
        check_valid_until: None,
        check_date: true,
        keyring: None,
        libraries: Libraries::default(),
    }
}

fn release(session: &Session<'_>, archive: &str, suite: &str) -> Result<(), StoreError> {
    let options = FetchOptions { max_size: MAX_RELEASE, ..FetchOptions::default() };
    session.http.fetch(&format!("{archive}/dists/{suite}/InRelease"), &options).map(drop)
}

/// The package indexes of the user's configuration, each asked for a page.
///
/// # Errors
/// When a file of settings cannot be read.
pub(crate) fn index_offers(session: &Session<'_>) -> Result<Vec<Offer>, BuildError> {
    let Some(indexes) = Indexes::of(session, &[], "", "")? else {
        return Ok(vec![Offer::warn(
            INDEX,
            "none is known: settings look for files in folders or on pages of links, or no pip says its default",
            "requirements without hashes are left to uv, and a lock without addresses cannot be used",
            "set UV_DEFAULT_INDEX, or `index-url` in pip's or uv's settings",
        )]);
    };
    let shown = |url: &str| redacted(url);
    if indexes.urls().is_empty() {
        return Ok(vec![Offer::ok(INDEX, "none: settings say `no-index`")]);
    }
    if session.offline {
        return Ok(indexes.urls().iter().map(|url| Offer::ok(INDEX, format!("{}, not asked", shown(url)))).collect());
    }
    let Ok(project) = PROJECT.parse::<DistributionName>() else {
        return Err(BuildError::internal("`pip` is a name"));
    };
    let asked = |url: &String| match indexes.answers(session, url, &project) {
        Ok(()) => Offer::ok(INDEX, shown(url)),
        Err(error) => failed(INDEX, &shown(url), &error, "wheels and pins cannot be fetched", None),
    };
    Ok(indexes.urls().iter().map(asked).collect())
}

fn answered(name: &'static str, place: &str, error: Option<StoreError>, lost: &str, hint: Option<&str>) -> Offer {
    match error {
        None => Offer::ok(name, place),
        Some(error) => failed(name, place, &error.into(), lost, hint),
    }
}

/// The line for something that does not answer, with every cause.
fn failed(name: &'static str, place: &str, error: &BuildError, lost: &str, hint: Option<&str>) -> Offer {
    let hint = hint.map(str::to_owned).or_else(|| error.hint());
    let hint = hint.unwrap_or_else(|| "look at the address and the way there: proxy, authorities, login".to_owned());
    let kind = match error.kind() {
        ErrorKind::Internal => ErrorKind::Outside,
        kind => kind,
    };
    Offer::missing(name, format!("{place}: {}", chain(error)), lost, hint).blocking(kind)
}

/// The proxies that the environment names.
pub(crate) fn proxy_offers(environment: &BTreeMap<String, String>) -> Vec<Offer> {
    let set = PROXIES.iter().filter_map(|name| Some((name, environment.get(*name).filter(|value| !value.is_empty())?)));
    let offers: Vec<Offer> =
        set.map(|(name, value)| Offer::ok(PROXY, format!("{name}={}", without_login(value)))).collect();
    if offers.is_empty() { vec![Offer::ok(PROXY, "none")] } else { offers }
}

/// The address of a proxy without what is before its host, however it is written.
fn without_login(value: &str) -> String {
    let (scheme, rest) = value.split_once("://").map_or(("", value), |(scheme, rest)| (scheme, rest));
    let shown = match rest.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => rest.to_owned(),
    };
    redacted(&if scheme.is_empty() { shown } else { format!("{scheme}://{shown}") })
}

/// The authorities that TLS is checked with, and the hosts that have some of their own.
pub(crate) fn authority_offers(environment: &BTreeMap<String, String>, folders: &[std::path::PathBuf]) -> Vec<Offer> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let named = [
        set("SSL_CERT_FILE").map(|path| (path, "SSL_CERT_FILE")),
        set("SSL_CERT_DIR").map(|path| (path, "SSL_CERT_DIR")),
    ];
    let mut offers: Vec<Offer> =
        named.into_iter().flatten().map(|(path, variable)| named_authorities(Path::new(path), variable)).collect();
    if offers.is_empty() {
        let found = BUNDLES.iter().find_map(|path| Some((path, count(Path::new(path)).filter(|count| *count > 0)?)));
        offers.push(match found {
            Some((path, count)) => Offer::ok(AUTHORITIES, format!("{count} in {path}")),
            None => no_authorities("none where distributions keep them".to_owned()),
        });
    }
    let hosts = folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let mut hosts: Vec<String> = hosts.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    hosts.sort();
    hosts.dedup();
    if !hosts.is_empty() {
        offers.push(Offer::ok(AUTHORITIES, format!("certificates of their own for {}", hosts.join(", "))));
    }
    offers
}

fn named_authorities(path: &Path, variable: &str) -> Offer {
    match path.is_dir() {
        true => Offer::ok(AUTHORITIES, format!("those in {variable}={}", path.display())),
        false => match count(path) {
            Some(count) if count > 0 => Offer::ok(AUTHORITIES, format!("{count} in {variable}={}", path.display())),
            _ => no_authorities(format!("none in {variable}={}", path.display())),
        },
    }
}

fn no_authorities(found: String) -> Offer {
    Offer::missing(
        AUTHORITIES,
        found,
        "no server can be trusted over TLS",
        "install ca-certificates, set SSL_CERT_FILE to a PEM file with authorities, or name one with `--ca-file`",
    )
}

/// How many certificates a PEM file has; `None` if it cannot be read.
fn count(path: &Path) -> Option<usize> {
    let bytes = read_small(path, MAX_SETTINGS).ok()?;
    Some(String::from_utf8_lossy(&bytes).matches("-----BEGIN CERTIFICATE-----").count())
}

#[cfg(test)]
mod tests {
    use super::super::offer::OfferState::{Missing, Ok as Fine};
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn proxies_show_without_their_logins() {
        for (set, expected) in [
            (&[][..], &["none"][..]),
            (&[("HTTPS_PROXY", "http://u:SECRET@p.example:3128")], &["HTTPS_PROXY=http://***@p.example:3128"]),
            (&[("https_proxy", "u:SECR@ET@p.example:3128")], &["https_proxy=***@p.example:3128"]),
            (&[("HTTP_PROXY", ""), ("NO_PROXY", "localhost,.example")], &["NO_PROXY=localhost,.example"]),
            (&[("ALL_PROXY", "socks5h://SECRET@p.example")], &["ALL_PROXY=socks5h://***@p.example"]),
        ] {
            let offers = proxy_offers(&variables(set));
            assert_eq!(offers.iter().map(|offer| offer.found.as_str()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn authorities_are_counted_where_the_user_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let (good, bad) = (folder.path().join("good.pem"), folder.path().join("bad.pem"));
        std::fs::write(&good, "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n".repeat(3)).unwrap();
        std::fs::write(&bad, "no certificate").unwrap();
        let [good, bad, folder] = [&good, &bad, folder.path()].map(|path| path.display().to_string());
        for (name, path, state, beginning) in [
            ("SSL_CERT_FILE", &good, Fine, "3 in SSL_CERT_FILE="),
            ("SSL_CERT_FILE", &bad, Missing, "none in SSL_CERT_FILE="),
            ("SSL_CERT_FILE", &"/not/there".to_owned(), Missing, "none in SSL_CERT_FILE=/not/there"),
            ("SSL_CERT_DIR", &folder, Fine, "those in SSL_CERT_DIR="),
        ] {
            let offers = authority_offers(&variables(&[(name, path)]), &[]);
            assert_eq!(offers.len(), 1);
            assert_eq!(offers[0].state, state, "{path}");
            assert!(offers[0].found.starts_with(beginning), "{}", offers[0].found);
        }
    }

    #[test]
    fn a_server_that_does_not_answer_makes_a_build_impossible() {
        let error = StoreError::Answer { method: "GET", url: "http://h.example/".to_owned(), reason: "no".to_owned() };
        let offer = answered(MIRROR, "http://h.example", Some(error), "lost", None);
        assert_eq!((offer.state, offer.blocks), (Missing, Some(ErrorKind::Outside)));
        assert!(offer.found.starts_with("http://h.example: ") && offer.hint.is_some(), "{offer:?}");
        assert_eq!(answered(MIRROR, "http://h.example", None, "lost", None).blocks, None);
    }
}
