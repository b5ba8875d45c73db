//! Which Debian mirror is asked: the definition's, the environment's, or the machine's own.

use std::path::Path;

use shipwheel_debian::apt::{AptSource, apt_conf_value, debian_mirrors};
use shipwheel_oci::Digest;
use shipwheel_plan::spec::DebianBase;
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::read_small_text;

use crate::bundled::answers::About;
use crate::session::Session;

/// Where the archives of a bundle are.
const OF_BUNDLE: &str = "the bundle";

/// The archives of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DebianMirrors {
    /// The archive, with the suite and its updates.
    pub(crate) archive: String,
    /// The archive of security updates.
    pub(crate) security: String,
    /// Whether expired releases are refused.
    pub(crate) check_valid_until: bool,
    /// Where the archive's address is from, as users see it.
    found_in: &'static str,
}

impl DebianMirrors {
    /// Where the packages come from, without credentials in it.
    pub(crate) fn shown(&self) -> String {
        match self.found_in {
            OF_BUNDLE => OF_BUNDLE.to_owned(),
            place => format!("the mirror in {place}"),
        }
    }
}

/// Finds the mirrors for a base; `None` if this machine has none configured.
pub(crate) fn find(session: &Session<'_>, base: &DebianBase) -> Option<DebianMirrors> {
    if session.outside.is_bundle() {
        return of_bundle(session, &base.suite.value);
    }
    let sources = apt_sources();
    let apt = debian_mirrors(&sources, &base.suite.value);
    let text = |located: &Option<shipwheel_plan::spec::Located<String>>| located.as_ref().map(|l| l.value.clone());
    let (archive, found_in) = match (text(&base.mirror), session.variable("SHIPWHEEL_DEBIAN_MIRROR"), &apt) {
        (Some(mirror), _, _) => (mirror, "image.toml"),
        (None, Some(mirror), _) => (mirror.to_owned(), "SHIPWHEEL_DEBIAN_MIRROR"),
        (None, None, Some(apt)) => (apt.archive.clone(), "this machine's apt sources"),
        (None, None, None) => return None,
    };
    let archive = archive.trim_end_matches('/').to_owned();
    let own =
        text(&base.security_mirror).or_else(|| session.variable("SHIPWHEEL_DEBIAN_SECURITY_MIRROR").map(str::to_owned));
    let apt_security = apt.as_ref().filter(|apt| apt.archive.trim_end_matches('/') == archive);
    let apt_security = apt_security.and_then(|apt| apt.security.clone());
    // Mirrors that carry both have them side by side: `…/debian` and `…/debian-security`.
    let security = own.or(apt_security).unwrap_or_else(|| format!("{archive}-security"));
    let by_apt = apt.and_then(|apt| apt.check_valid_until).or_else(apt_conf_check_valid_until);
    Some(DebianMirrors {
        archive,
        security: security.trim_end_matches('/').to_owned(),
        check_valid_until: base.check_valid_until.or(by_apt).unwrap_or(true),
        found_in,
    })
}

/// The archives of a suite that a bundle has: its age is the user's choice, as with a mirror that is pinned to a day.
fn of_bundle(session: &Session<'_>, suite: &str) -> Option<DebianMirrors> {
    session.outside.known::<Digest>(About::Release, suite)?;
    let (archive, security) = ("bundle:".to_owned(), "bundle:-security".to_owned());
    Some(DebianMirrors { archive, security, check_valid_until: false, found_in: OF_BUNDLE })
}

/// The machine's apt sources, in both forms, in the order in which apt reads them.
fn apt_sources() -> Vec<AptSource> {
    let mut sources = Vec::new();
    let list = Path::new("/etc/apt/sources.list");
    for path in [list.to_owned()].into_iter().chain(files_in("/etc/apt/sources.list.d")) {
        let Ok(text) = read_small_text(&path, MAX_SETTINGS) else { continue };
        let name = path.display().to_string();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => sources.extend(AptSource::parse_deb822(&text, &name)),
            Some("list") => sources.extend(AptSource::parse_one_line(&text, &name)),
            _ => {}
        }
    }
    sources
}

/// What the machine's apt configuration sets for expired releases; the last file wins.
fn apt_conf_check_valid_until() -> Option<bool> {
    let files = files_in("/etc/apt/apt.conf.d").into_iter().chain(["/etc/apt/apt.conf".into()]);
    let texts = files.filter_map(|path| read_small_text(&path, MAX_SETTINGS).ok());
    texts.filter_map(|text| apt_conf_value(&text, "Acquire::Check-Valid-Until")).next_back()
}

fn files_in(folder: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
