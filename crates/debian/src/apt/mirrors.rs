//! Which of the machine's apt sources are Debian's own archives.

use crate::apt::source::AptSource;

/// Suites of Debian's archive; a mirror with one of them has the others too.
const SUITES: [&str; 14] = [
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "experimental",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "rc-buggy",
];

/// Where Debian's packages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrors {
    /// The archive, with the suite and its `-updates`.
    pub archive: String,
    /// The security archive, with the suite's `-security`.
    pub security: Option<String>,
    /// Whether expired releases are refused, if one of the two sources says so.
    pub check_valid_until: Option<bool>,
}

/// Finds Debian's mirrors among apt's sources, for a suite such as `bookworm`.
///
/// A vendor's repository can name a suite as Debian does, so a source counts as Debian's by further signs: the
/// archive's keyring, a path that ends in `debian`, `-updates` of the suite on the same mirror. A source with another
/// keyring and without any of these never counts. The release's signature is checked in any case.
pub fn debian_mirrors(sources: &[AptSource], suite: &str) -> Option<Mirrors> {
    let archive = best(sources, suite, |found| SUITES.contains(&found) || found == suite)?;
    let security_suite = format!("{suite}-security");
    let security = best(sources, &security_suite, |found| {
        found.strip_suffix("-security").is_some_and(|name| SUITES.contains(&name) || name == suite)
    });
    let check_valid_until = match (archive.check_valid_until, security.and_then(|source| source.check_valid_until)) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (one, other) => one.or(other),
    };
    Some(Mirrors {
        archive: uri(archive)?.to_owned(),
        security: security.and_then(uri).map(str::to_owned),
        check_valid_until,
    })
}

/// The source with the most signs of being Debian's; among equal ones, one with the exact suite, then the first.
fn best<'a>(sources: &'a [AptSource], suite: &str, is_debian: impl Fn(&str) -> bool) -> Option<&'a AptSource> {
    let mut best: Option<((u32, bool), &AptSource)> = None;
    for source in sources {
        let named = source.suites.iter().any(|found| is_debian(found));
        let main = source.components.iter().any(|component| component == "main" || component == "updates/main");
        let (Some(_), true, true) = (uri(source), named, main) else { continue };
        let score = score(source, sources);
        if score == 0 && source.signed_by.is_some() {
            continue;
        }
        let rank = (score, source.suites.iter().any(|found| found == suite));
        if best.is_none_or(|(found, _)| rank > found) {
            best = Some((rank, source));
        }
    }
    best.map(|(_, source)| source)
}

fn score(source: &AptSource, sources: &[AptSource]) -> u32 {
    let keyring = source.signed_by.as_deref().is_some_and(|path| path.contains("debian-archive"));
    let last = |uri: &str| uri.rsplit('/').next().is_some_and(|name| name.starts_with("debian"));
    let path = uri(source).is_some_and(last);
    let updates = |other: &AptSource| {
        other.uris.iter().any(|uri| source.uris.contains(uri))
            && other.suites.iter().any(|name| name.strip_suffix("-updates").is_some_and(|name| SUITES.contains(&name)))
    };
    4 * u32::from(keyring) + 2 * u32::from(sources.iter().any(updates)) + u32::from(path)
}

/// The first address that can be fetched from.
fn uri(source: &AptSource) -> Option<&str> {
    source.uris.iter().map(String::as_str).find(|uri| uri.starts_with("http://") || uri.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, suite: &str, archive: Option<&str>, security: Option<&str>) {
        let found = debian_mirrors(&AptSource::parse_one_line(text, "sources.list"), suite);
        assert_eq!(found.as_ref().map(|mirrors| mirrors.archive.as_str()), archive, "{text}");
        assert_eq!(found.as_ref().and_then(|mirrors| mirrors.security.as_deref()), security, "{text}");
    }

    const DEBIAN: &str = "deb [signed-by=/k/debian-archive-keyring.gpg] http://mirror.example/debian bookworm main\n\
        deb [signed-by=/k/debian-archive-keyring.gpg] http://mirror.example/debian-security bookworm-security main\n";

    #[test]
    fn debians_mirrors_are_found_for_their_own_and_for_other_suites() {
        for suite in ["bookworm", "trixie"] {
            check(DEBIAN, suite, Some("http://mirror.example/debian"), Some("http://mirror.example/debian-security"));
        }
        check("deb http://mirror.example/apt stable main", "bookworm", Some("http://mirror.example/apt"), None);
        check("deb cdrom:[x]/ bookworm main", "bookworm", None, None);
    }

    #[test]
    fn a_vendors_repository_is_never_taken_for_debians() {
        for vendor in [
            "deb https://vendor.example/apt cloud-sdk-bookworm main",
            "deb https://vendor.example/node_20.x nodistro main",
            "deb https://vendor.example/linux/debian bookworm stable",
            "deb [signed-by=/k/vendor.gpg] https://vendor.example/prod bookworm main",
            "deb [signed-by=/k/vendor.gpg] https://vendor.example/apt stable main",
        ] {
            check(vendor, "bookworm", None, None);
            let (before, after) = (format!("{vendor}\n{DEBIAN}"), format!("{DEBIAN}{vendor}"));
            for text in [before, after] {
                check(
                    &text,
                    "bookworm",
                    Some("http://mirror.example/debian"),
                    Some("http://mirror.example/debian-security"),
                );
            }
        }
        let unsigned =
            format!("deb https://vendor.example/prod bookworm main\n{}", DEBIAN.replace("bookworm", "trixie"));
        check(
            &unsigned,
            "bookworm",
            Some("http://mirror.example/debian"),
            Some("http://mirror.example/debian-security"),
        );
    }

    #[test]
    fn a_source_that_does_not_check_expiry_says_so() {
        let check_valid_until = |options: &str| {
            let text = DEBIAN.replacen("[", &format!("[{options} "), 1);
            debian_mirrors(&AptSource::parse_one_line(&text, "x"), "bookworm").and_then(|found| found.check_valid_until)
        };
        assert_eq!(check_valid_until(""), None);
        assert_eq!(check_valid_until("check-valid-until=no"), Some(false));
        assert_eq!(check_valid_until("check-valid-until=yes"), Some(true));
    }
}
