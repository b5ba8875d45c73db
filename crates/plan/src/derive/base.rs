//! The base: the newest Debian whose Python the application can run with, or an image that has it.

use shipwheel_bytecode::PythonVersion;
use shipwheel_python::lock::{Lock, LockReading};
use shipwheel_python::select::{Selection, select};
use shipwheel_python::{Libc, Target, allows};

use crate::derive::known::Known;
use crate::derive::lock;
use crate::derive::named::{self, Named};
use crate::derive::suites::{SUITES, Suite};
use crate::derive::write::{self, Line};

/// Minor versions that there are images of, the newest first; any micro version counts as reached.
const MINORS: std::ops::RangeInclusive<u32> = 8..=14;

/// Besides Python: what wheels link against, and what programs that talk to others ask for.
pub(super) const PACKAGES: [&str; 7] =
    ["base-files", "ca-certificates", "libc-bin", "libgcc-s1", "libstdc++6", "media-types", "netbase"];

/// Packages that Python does not need, and that bring a shell and perl along.
pub(super) const EXCLUDED: [&str; 4] = ["awk", "debconf", "dpkg", "openssl"];

/// What decides which Python it is.
struct Wanted<'k> {
    known: &'k Known<'k>,
    /// The version that a file names, within what is required.
    named: Option<Named>,
    /// The first version that a file names and that what is required excludes.
    excluded: Option<Named>,
    /// The lock, where its wheels can be told from its text.
    lock: Option<Lock>,
    /// Whether there is any lock.
    is_locked: bool,
}

/// One base, below a comment that says when it is taken; the first needs none.
type Alternative = (String, String);

/// The lines for the base and the tag.
pub(super) fn lines(known: &Known<'_>, lock: Option<&lock::Lock>) -> Vec<Line> {
    let mut lines = vec![Wanted::of(known, lock).line()];
    let version = known.project.version.as_deref().filter(|version| is_tag(version));
    lines.extend(version.map(|version| Line::new("tag", write::text(version), "the version in pyproject.toml")));
    lines
}

/// Whether a version can be a tag as it is.
pub(super) fn is_tag(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    !text.is_empty() && text.len() <= 128 && text.chars().all(inner) && !text.starts_with(['.', '-'])
}

impl<'k> Wanted<'k> {
    fn of(known: &'k Known<'k>, lock: Option<&lock::Lock>) -> Self {
        let text = lock.map_or("", |lock| known.text(&lock.path));
        let native = lock.filter(|lock| lock.form.reading() == LockReading::Native);
        let parsed = native.and_then(|lock| Lock::parse(text, &lock.path).ok());
        let unnamed = Self { known, named: None, excluded: None, lock: parsed, is_locked: lock.is_some() };
        // What is required decides: a file that names another version is passed over.
        let (named, excluded): (Vec<Named>, Vec<Named>) =
            named::all(known, text).into_iter().partition(|named| unnamed.may_be(named));
        Self { named: named.into_iter().next(), excluded: excluded.into_iter().next(), ..unnamed }
    }

    fn line(&self) -> Line {
        let (released, next): (Vec<&Suite>, Vec<&Suite>) = SUITES.iter().partition(|suite| suite.is_released);
        let fits = |suites: &[&'static Suite]| -> Vec<&Suite> {
            suites.iter().copied().filter(|suite| self.is_named(suite) && self.is_allowed(suite.python)).collect()
        };
        let allowed: Vec<&Suite> = released.iter().copied().filter(|suite| self.is_allowed(suite.python)).collect();
        let (reason, bases) = match (&fits(&released)[..], &fits(&next)[..], self.named.as_ref()) {
            (fits @ [_, ..], _, _) => self.on_debian(fits),
            // A version that nobody asks for gives way to one that Debian has.
            (_, _, Some(named)) if !named.is_asked_for && !allowed.is_empty() => {
                let (reason, bases) = self.on_debian(&allowed);
                (format!("no release of Debian has it, and nothing insists on it; {reason}"), bases)
            }
            (_, [next, ..], _) => {
                let reason = format!("only Debian's next release {} has it, and it still moves", next.name);
                (reason, [vec![plain(debian(next)), without_mirror(&next.minor())], self.other(&allowed)].concat())
            }
            _ => {
                let reason = "no release of Debian has such a Python, so it is an image";
                (reason.to_owned(), [vec![plain(image(&self.minor()))], self.other(&allowed)].concat())
            }
        };
        Line::new("base", list(&bases), format!("{}; {reason}", self.why()))
    }

    /// Of these releases the newest that has a wheel of everything, as far as that can be told, then the others.
    fn on_debian(&self, fits: &[&Suite]) -> (String, Vec<Alternative>) {
        let known = self.lock.is_some() || !self.is_locked;
        // A missing wheel is not an error here: the build reports it with more detail.
        let chosen = fits.iter().position(|suite| self.locked_for(suite)).unwrap_or_default();
        let suites = if known { &fits[chosen..=chosen] } else { fits };
        let Suite { name, python, .. } = suites[0];
        let reason = format!("of Debian's releases {name} is the newest that fits, with {python}");
        let mut bases = vec![plain(debian(suites[0]))];
        for pair in suites.windows(2) {
            let comment = format!("if something that is locked has no wheel for Python {}:", pair[0].minor());
            bases.push((comment, debian(pair[1])));
        }
        bases.push(without_mirror(&suites[0].minor()));
        (reason, bases)
    }

    /// The release that would do where the version that is named is not insisted on.
    fn other(&self, allowed: &[&Suite]) -> Vec<Alternative> {
        let suite = allowed.iter().find(|suite| self.locked_for(suite)).or(allowed.first());
        let comment = |suite: &Suite| {
            format!("Python {} is allowed too: `--base {}` takes it, and needs no registry", suite.minor(), suite.name)
        };
        suite.map(|suite| (comment(suite), debian(suite))).into_iter().collect()
    }

    /// Whether a release has the version that a file names.
    fn is_named(&self, suite: &Suite) -> bool {
        self.named.as_ref().is_none_or(|named| named.minor == suite.minor())
    }

    /// Whether all that is required allows a version.
    fn is_allowed(&self, python: PythonVersion) -> bool {
        let requires = self.known.project.requires_python.iter().map(|python| &python.versions);
        let requires = requires.chain(self.lock.iter().filter_map(|lock| lock.requires_python.as_ref()));
        requires.into_iter().all(|versions| allows(versions, &python))
    }

    /// Whether some micro version of a minor one is allowed.
    fn may_be(&self, named: &Named) -> bool {
        let minor = named.minor.rsplit('.').next().and_then(|minor| minor.parse().ok());
        minor.is_none_or(|minor| self.reaches(minor))
    }

    fn reaches(&self, minor: u32) -> bool {
        // The newest micro version first: a lower bound within a minor version is more common than an upper one.
        (0..100).rev().any(|micro| self.is_allowed(PythonVersion { major: 3, minor, micro }))
    }

    /// Whether the lock has a wheel of everything.
    fn locked_for(&self, suite: &Suite) -> bool {
        let Some(lock) = &self.lock else { return true };
        let Ok(platform) = "linux/amd64".parse() else { return true };
        let target = Target { python: suite.python, platform, libc: Libc::Glibc { major: 2, minor: suite.glibc } };
        select(lock, &target, &Selection::default()).is_ok()
    }

    /// The version of an image, where no release of Debian has one.
    fn minor(&self) -> String {
        let newest = || MINORS.rev().find(|minor| self.reaches(*minor));
        match &self.named {
            Some(named) => named.minor.clone(),
            None => newest().map_or_else(|| "3".to_owned(), |minor| format!("3.{minor}")),
        }
    }

    fn why(&self) -> String {
        let why = match (&self.named, &self.known.project.requires_python) {
            (Some(named), _) => named.to_string(),
            (None, Some(python)) => format!("requires-python is {}", python.text),
            (None, None) => "nothing says which Python".to_owned(),
        };
        match &self.excluded {
            Some(excluded) => format!("{why}, though {excluded}"),
            None => why,
        }
    }
}

fn plain(base: String) -> Alternative {
    (String::new(), base)
}

fn without_mirror(minor: &str) -> Alternative {
    ("if this machine knows no mirror of Debian:".to_owned(), image(minor))
}

/// Bases as TOML: one by itself, several as a list with the comment above each.
fn list(bases: &[Alternative]) -> String {
    if let [(_, only)] = bases {
        return only.clone();
    }
    let line = |(comment, base): &Alternative| match comment.is_empty() {
        true => format!("    {base},\n"),
        false => format!("    # {comment}\n    {base},\n"),
    };
    format!("[\n{}]", bases.iter().map(line).collect::<String>())
}

fn image(minor: &str) -> String {
    format!("{{ image = {} }}", write::text(&format!("python:{minor}-slim")))
}

fn debian(suite: &Suite) -> String {
    let python = format!("python{}", suite.minor());
    let packages = write::list(PACKAGES.into_iter().chain([python.as_str(), "tzdata"]));
    let (name, excluded) = (write::text(suite.name), write::list(EXCLUDED));
    format!("{{ debian = {{ suite = {name}, packages = {packages}, exclude = {excluded}, libraries = \"auto\" }} }}")
}
