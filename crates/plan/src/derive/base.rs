//! The base: the newest Debian whose Python the application can run with, or an image that has it.

use shipwheel_bytecode::PythonVersion;
use shipwheel_python::lock::{Lock, LockReading};
use shipwheel_python::select::{Selection, select};
use shipwheel_python::{Libc, Target, allows};

use crate::derive::known::Known;
use crate::derive::lock;
use crate::derive::write::{self, Line};

/// A release of Debian, with the Python and the glibc that it has.
struct Suite {
    name: &'static str,
    python: PythonVersion,
    glibc: u32,
}

const fn suite(name: &'static str, minor: u32, micro: u32, glibc: u32) -> Suite {
    Suite { name, python: PythonVersion { major: 3, minor, micro }, glibc }
}

/// The newest first.
const SUITES: [Suite; 3] = [suite("trixie", 13, 5, 41), suite("bookworm", 11, 2, 36), suite("bullseye", 9, 2, 31)];

/// Minor versions that there are images of, the newest first; any micro version counts as reached.
const MINORS: std::ops::RangeInclusive<u32> = 8..=14;

/// Besides Python: what wheels link against, and what programs that talk to others ask for.
const PACKAGES: [&str; 7] =
    ["base-files", "ca-certificates", "libc-bin", "libgcc-s1", "libstdc++6", "media-types", "netbase"];

/// Packages that Python does not need, and that bring a shell and perl along.
const EXCLUDED: [&str; 4] = ["awk", "debconf", "dpkg", "openssl"];

/// What decides which Python it is.
struct Wanted<'k> {
    known: &'k Known<'k>,
    /// A minor version that is named somewhere, and where.
    named: Option<(&'k str, &'static str)>,
    lock: Option<Lock>,
}

/// The lines for the base and the tag.
pub(super) fn lines(known: &Known<'_>, chosen: Option<&lock::Lock>) -> Vec<Line> {
    let own = lock::minor(known.text(".python-version").trim()).map(|minor| (minor, ".python-version says"));
    let text = chosen.map_or("", |lock| known.text(&lock.path));
    let compiled = lock::compiled_for(text).map(|minor| (minor, "the lock was made for"));
    let lock = chosen.filter(|lock| lock.form.reading() == LockReading::Native);
    let lock = lock.and_then(|lock| Lock::parse(text, &lock.path).ok());
    let wanted = Wanted { known, named: own.or(compiled), lock };
    let mut lines = vec![wanted.line()];
    let version = known.project.version.as_deref().filter(|version| is_tag(version));
    lines.extend(version.map(|version| Line::new("tag", write::text(version), "the version in pyproject.toml")));
    lines
}

/// Whether a version can be a tag as it is.
fn is_tag(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    !text.is_empty() && text.len() <= 128 && text.chars().all(inner) && !text.starts_with(['.', '-'])
}

impl Wanted<'_> {
    fn line(&self) -> Line {
        let fits: Vec<&Suite> = SUITES.iter().filter(|suite| self.allows(suite.python)).collect();
        // A missing wheel is not an error here: the build reports it with more detail.
        let chosen = fits.iter().find(|suite| self.locked_for(suite)).or(fits.first());
        match chosen {
            Some(suite) => {
                let Suite { name, python, .. } = suite;
                let reason =
                    format!("{}; of Debian's releases {name} is the newest that fits, with {python}", self.why());
                let minor = format!("3.{}", python.minor);
                Line::new("base", debian(name, &minor), reason)
            }
            None => {
                let minor = self.minor_without_debian();
                let reason = format!("{}; no release of Debian has such a Python, so it is an image", self.why());
                Line::new("base", format!("{{ image = {} }}", write::text(&format!("python:{minor}-slim"))), reason)
            }
        }
    }

    /// Whether a version is what is asked for.
    fn allows(&self, python: PythonVersion) -> bool {
        let named = self.named.is_none_or(|(named, _)| named == format!("{}.{}", python.major, python.minor));
        let requires = self.known.project.requires_python.iter().map(|python| &python.versions);
        let requires = requires.chain(self.lock.iter().filter_map(|lock| lock.requires_python.as_ref()));
        named && requires.into_iter().all(|versions| allows(versions, &python))
    }

    /// Whether the lock has a wheel of everything.
    fn locked_for(&self, suite: &Suite) -> bool {
        let Some(lock) = &self.lock else { return true };
        let Ok(platform) = "linux/amd64".parse() else { return true };
        let target = Target { python: suite.python, platform, libc: Libc::Glibc { major: 2, minor: suite.glibc } };
        select(lock, &target, &Selection::default()).is_ok()
    }

    fn minor_without_debian(&self) -> String {
        let newest = MINORS.rev().find(|minor| self.allows(PythonVersion { major: 3, minor: *minor, micro: 99 }));
        match (self.named, newest) {
            (Some((named, _)), _) => named.to_owned(),
            (None, Some(minor)) => format!("3.{minor}"),
            (None, None) => "3".to_owned(),
        }
    }

    fn why(&self) -> String {
        match (self.named, &self.known.project.requires_python) {
            (Some((named, place)), _) => format!("{place} Python {named}"),
            (None, Some(python)) => format!("requires-python is {}", python.text),
            (None, None) => "nothing says which Python".to_owned(),
        }
    }
}

fn debian(suite: &str, minor: &str) -> String {
    let python = format!("python{minor}");
    let packages = write::list(PACKAGES.into_iter().chain([python.as_str(), "tzdata"]));
    let excluded = write::list(EXCLUDED);
    let debian =
        format!("{{ debian = {{ suite = {}, packages = {packages}, exclude = {excluded} }} }}", write::text(suite));
    format!("[\n    {debian},\n    {{ image = {} }},\n]", write::text(&format!("python:{minor}-slim")))
}
