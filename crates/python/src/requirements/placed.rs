//! A requirement that says where its distribution is, in place of a version: a folder, a file, an address, a repository.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use shipwheel_oci::Digest;

use crate::marker::Marker;
use crate::name::DistributionName;
use crate::repository::Repository;
use crate::requirements::error::{RequirementProblem, RequirementProblemKind as Kind};
use crate::requirements::lines::logical_lines;
use crate::requirements::option::{Hashes, hashes, option};
use crate::wheel::StrongHash;

/// Ends of file names that pip and uv take for an archive, whatever a name may look like.
const ARCHIVES: [&str; 12] =
    [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tar.lz", ".tlz", ".egg"];

/// A requirement that says where its distribution is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The line where it begins, counted from 1.
    pub line: usize,
    /// The distribution, where the line names it.
    pub name: Option<DistributionName>,
    /// The extras in brackets, as they were written.
    pub extras: Vec<String>,
    /// Where it is.
    pub place: Place,
    /// Where it is needed.
    pub marker: Option<Marker>,
    /// The hashes that its file may have.
    pub hashes: Hashes,
}

/// Where a distribution is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder or a file of this machine, as it is written: absolute, or relative to where pip would be started.
    Path(String),
    /// The address of a wheel or an archive of sources.
    Url(String),
    /// A repository of git.
    Git(Repository),
}

impl FromStr for Place {
    type Err = &'static str;

    /// Reads a place as a line of requirements has it, with `#subdirectory=`; other fragments are passed over.
    fn from_str(text: &str) -> Result<Self, &'static str> {
        Address::parse(text).map(|address| address.place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Url(url) => f.write_str(url),
            Self::Git(repository) => {
                write!(f, "git+{}", repository.url)?;
                repository.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))?;
                repository.subdirectory.iter().try_for_each(|folder| write!(f, "#subdirectory={folder}"))
            }
        }
    }
}

impl fmt::Display for Placed {
    /// A line that reads the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extras = if self.extras.is_empty() { String::new() } else { format!("[{}]", self.extras.join(",")) };
        let place = match &self.place {
            Place::Path(path) if !path.bytes().all(is_plain) => {
                format!("file:{}", utf8_percent_encode(path, NOT_PLAIN))
            }
            place => place.to_string(),
        };
        match &self.name {
            Some(name) => write!(f, "{name}{extras} @ {place}")?,
            None => write!(f, "{place}{extras}")?,
        }
        self.marker.iter().try_for_each(|marker| write!(f, " ; {marker}"))?;
        self.hashes.sha256.iter().try_for_each(|hash| write!(f, " --hash={hash}"))?;
        self.hashes.stronger.iter().try_for_each(|hash| write!(f, " --hash={hash}"))
    }
}

/// What stands for itself in a path, in whatever place of a line.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte)
}

/// Everything else.
const NOT_PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-').remove(b'+');

/// The requirements of a file that say where their distributions are.
///
/// # Errors
/// Every such line that cannot be used.
pub fn placed(text: &str) -> Result<Vec<Placed>, Vec<RequirementProblem>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (line, text) in logical_lines(text) {
        match placed_line(line, &text) {
            Ok(placed) => found.extend(placed),
            Err(kind) => problems.push(RequirementProblem { line, kind }),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// What one logical line says of a place; `None` if it names none.
pub(super) fn placed_line(line: usize, text: &str) -> Result<Option<Placed>, Kind> {
    let (wanted, is_editable) = match option(text) {
        ("-e" | "--editable", wanted) => (wanted, true),
        _ if text.starts_with('-') => return Ok(None),
        _ => (text, false),
    };
    let (wanted, options) = wanted.find(" --").map_or((wanted, ""), |at| wanted.split_at(at));
    let (wanted, marker) = split_marker(wanted);
    let named = named(wanted);
    if !is_editable && named.is_none() && !is_place(wanted) {
        return Ok(None);
    }
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Kind::Control(text.escape_debug().collect()));
    }
    let (name, extras, at) = match named {
        Some((name, extras, at)) => (Some(name), extras, at),
        None => (None, "", wanted),
    };
    let address = Address::parse(at).map_err(|why| Kind::Place(shown(at), why))?;
    let extras = if extras.is_empty() { address.extras } else { list(extras) };
    let mut allowed = hashes(options)?;
    allowed.sha256.extend(address.hashes.sha256);
    allowed.stronger.extend(address.hashes.stronger);
    Ok(Some(Placed {
        line,
        name: name.or(address.name),
        extras,
        place: address.place,
        marker: marker.map(str::parse).transpose().map_err(|error| Kind::Marker(format!("{error}")))?,
        hashes: allowed,
    }))
}

/// A requirement and its marker: in an address, only a `;` beside a blank begins one.
fn split_marker(text: &str) -> (&str, Option<&str>) {
    let is_address = text.contains("://");
    let begins = |(at, _): &(usize, &str)| {
        !is_address || text[..*at].ends_with([' ', '\t']) || text[at + 1..].starts_with([' ', '\t'])
    };
    match text.match_indices(';').find(begins) {
        Some((at, _)) => (text[..at].trim(), Some(text[at + 1..].trim())),
        None => (text.trim(), None),
    }
}

/// `name[extras] @ place`, taken apart.
fn named(text: &str) -> Option<(DistributionName, &str, &str)> {
    let (head, place) = text.split_once('@')?;
    let (name, extras) = match head.split_once('[') {
        Some((name, extras)) => (name, extras.trim_end().strip_suffix(']')?),
        None => (head, ""),
    };
    Some((name.trim().parse().ok()?, extras, place.trim()))
}

/// Whether pip and uv take a text for a place: it has what no name and no version has.
fn is_place(text: &str) -> bool {
    let lower = text.split('[').next().unwrap_or_default().trim().to_ascii_lowercase();
    text.contains(['/', '\\', '@', '$', ':']) || text.starts_with('.') || ARCHIVES.iter().any(|it| lower.ends_with(it))
}

fn list(extras: &str) -> Vec<String> {
    extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).map(str::to_owned).collect()
}

/// A place as a line has it, with what its fragment says.
struct Address {
    place: Place,
    name: Option<DistributionName>,
    extras: Vec<String>,
    hashes: Hashes,
}

impl Address {
    /// # Errors
    /// Why it cannot be used, as the end of a sentence about it.
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("names nothing");
        }
        if text.contains(['$', '\\', '\0']) || text.starts_with('~') {
            return Err("is not a path as it is read here: write it out, relative to the folder and with `/`");
        }
        let (text, fragment) = match text.split_once('#') {
            Some((text, fragment)) => (text.trim(), fragment),
            None => (text, ""),
        };
        let value = |key: &str| fragment.split('&').find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let egg = value("egg").map(decoded).unwrap_or_default();
        let (name, mut extras) = with_extras(&egg);
        let subdirectory = value("subdirectory").map(decoded).filter(|folder| !folder.is_empty());
        let (at, own) = if text.contains("://") { (text, Vec::new()) } else { with_extras(text) };
        extras.extend(own);
        Ok(Self {
            name: name.parse().ok(),
            extras,
            hashes: Hashes {
                sha256: value("sha256")
                    .and_then(|it| Digest::from_hex(&it.to_ascii_lowercase()).ok())
                    .into_iter()
                    .collect(),
                stronger: StrongHash::all_of(value),
            },
            place: place(at, subdirectory)?,
        })
    }
}

/// `name[extras]`, taken apart.
fn with_extras(text: &str) -> (&str, Vec<String>) {
    match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        Some((text, extras)) => (text.trim(), list(extras)),
        None => (text, Vec::new()),
    }
}

fn place(text: &str, subdirectory: Option<String>) -> Result<Place, &'static str> {
    if text.starts_with("git+") {
        return Repository::parse(text, subdirectory).map(Place::Git);
    }
    if ["hg+", "svn+", "bzr+"].iter().any(|kind| text.starts_with(kind)) {
        return Err("is a repository of another kind than git");
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        return match subdirectory {
            _ if text.contains(char::is_whitespace) => Err("is an address with blanks"),
            Some(_) => Err("names a folder in an archive: only whole archives are read"),
            None => Ok(Place::Url(text.to_owned())),
        };
    }
    let path = match text.strip_prefix("file:") {
        Some(rest) => {
            let path = rest.strip_prefix("//localhost/").map(|path| format!("/{path}"));
            let path = path.unwrap_or_else(|| rest.strip_prefix("//").unwrap_or(rest).to_owned());
            if rest.starts_with("//") && !path.starts_with('/') {
                return Err("is on another machine: expected file:///PATH");
            }
            percent_decode_str(&path).decode_utf8_lossy().into_owned()
        }
        None if text.contains("://") => return Err("is an address of a kind that is not known"),
        None => text.to_owned(),
    };
    if path.is_empty() || path.contains(char::is_control) {
        return Err("names nothing");
    }
    // What would begin an option or another kind of place is a path all the same.
    let path = match path.strip_prefix('/') {
        Some(rest) => format!("/{}", rest.trim_start_matches('/')),
        None if path.starts_with('.') => path,
        None => format!("./{path}"),
    };
    Ok(Place::Path(subdirectory.map_or(path.clone(), |folder| format!("{path}/{folder}"))))
}

/// What of a URL or a path may be shown: a URL may have a password in it.
fn shown(text: &str) -> String {
    if text.contains("://") { "URL".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn every_way_to_say_a_place_is_read() {
        for (line, expected) in [
            ("./dep", "./dep"),
            ("-e .", "."),
            ("-e ./dep[a, b]", "./dep[a,b]"),
            ("-e dep", "./dep"),
            ("--editable=../dep", "../dep"),
            ("dep/", "./dep/"),
            ("./dep ; python_version > '3.8'", "./dep ; python_version > '3.8'"),
            ("./dep;python_version>'3.8'", "./dep ; python_version > '3.8'"),
            ("Dep[x] @ file:///a/my%20dep", "dep[x] @ file:/a/my%20dep"),
            ("dep@./x", "dep @ ./x"),
            ("dep @ file:./x", "dep @ ./x"),
            ("file://localhost/a/dep#egg=Dep[x]", "dep[x] @ /a/dep"),
            ("file:///a#subdirectory=b&egg=c", "c @ /a/b"),
            ("x-1.0-py3-none-any.whl", "./x-1.0-py3-none-any.whl"),
            ("./wheels/x-1.tar.gz", "./wheels/x-1.tar.gz"),
            ("https://h.example/x-1-py3-none-any.whl", "https://h.example/x-1-py3-none-any.whl"),
            (
                "x @ https://u:p@h.example/a;b.zip ; os_name=='posix'",
                "x @ https://u:p@h.example/a;b.zip ; os_name == 'posix'",
            ),
            (
                "-e git+https://h.example/a@COMMIT#egg=A_b[x]&subdirectory=c",
                "a-b[x] @ git+https://h.example/a@COMMIT#subdirectory=c",
            ),
            ("a @ git+ssh://git@h.example/a.git@main", "a @ git+ssh://git@h.example/a.git@main"),
            ("git+https://h.example/a", "git+https://h.example/a"),
            ("idna>=3", ""),
            ("idna[x]==3 ; extra == 'a/b'", ""),
            ("--index-url https://h.example/", ""),
            ("-r a.txt", ""),
        ] {
            let (line, expected) = (line.replace("COMMIT", COMMIT), expected.replace("COMMIT", COMMIT));
            let found = placed_line(1, &line).unwrap_or_else(|kind| panic!("{line}: {kind}"));
            let shown = found.as_ref().map(ToString::to_string).unwrap_or_default();
            let plain = |text: &str| text.replace(['"', '\'', ' '], "");
            assert_eq!(plain(&shown), plain(&expected), "{line}");
        }
    }

    #[test]
    fn hashes_are_kept_wherever_they_stand() {
        let digits = "a".repeat(64);
        for line in [format!("x @ https://h.example/x.zip --hash=sha256:{digits}"), format!("./x.whl#sha256={digits}")]
        {
            let found = placed_line(3, &line).expect("valid").expect("a place");
            assert_eq!((found.line, found.hashes.sha256.len()), (3, 1), "{line}");
        }
    }

    #[test]
    fn what_is_no_place_that_can_be_used_is_refused() {
        for line in [
            "-e",
            "${HERE}/dep",
            "~/dep",
            "dep\\x",
            "hg+https://h.example/a",
            "ftp://h.example/a",
            "file://other/dep",
            "git+ext::evil",
            "x @",
            "./dep --global-option=x",
            "./dep\u{b}x",
        ] {
            assert!(placed_line(1, line).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(text in "(-e |git\\+|file:|https://|//|@|#|;|\\[|\\]|\\.|/|a|1| |egg=|%20|&|\\$|é){0,14}") {
            if let Ok(Some(found)) = placed_line(1, &text) {
                let shown = found.to_string();
                prop_assert_eq!(placed_line(1, &shown).expect("what is shown is read"), Some(found), "{}", shown);
            }
        }
    }
}
