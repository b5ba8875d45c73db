//! Every pyc of an image: is it one that its interpreter loads, and of the source beside it?

use rayon::prelude::*;
use shipwheel_bytecode::{canonical, source_hash};
use shipwheel_layer::{Content, Node, Tree, TreePath};

use crate::error::BuildError;
use crate::inspect::finding::{Finding, FindingKind};
use crate::inspect::python::ImagePython;

/// The most bytes that a pyc or a source may have.
const LARGEST: u64 = 256 << 20;

/// A pyc with its source: what a fresh compile is compared with.
pub(crate) struct Pair {
    pub(crate) pyc_path: String,
    pub(crate) pyc: Content,
    pub(crate) source_path: String,
    pub(crate) source: Content,
}

/// What became of all pycs.
#[derive(Default)]
pub(crate) struct Checked {
    /// How many pycs of this interpreter there are.
    pub(crate) pycs: usize,
    /// How many of them have no source that they could be compiled from.
    pub(crate) sourceless: usize,
    pub(crate) findings: Vec<Finding>,
    pub(crate) pairs: Vec<Pair>,
}

/// Checks every pyc of the interpreter in a tree.
///
/// # Errors
/// When a layer's file cannot be read.
pub(crate) fn check(tree: &Tree, python: &ImagePython) -> Result<Checked, BuildError> {
    let pycs: Vec<(&TreePath, &Content)> = tree
        .iter()
        .filter_map(|(path, node)| match node {
            Node::File(_, content) if path.name().ends_with(".pyc") => Some((path, content)),
            _ => None,
        })
        .collect();
    let checked: Vec<Option<One>> =
        pycs.par_iter().map(|(path, content)| one(tree, python, path, content)).collect::<Result<_, BuildError>>()?;
    let mut all = Checked::default();
    for ((path, content), one) in pycs.into_iter().zip(checked) {
        let Some(One { finding, pair, sourceless }) = one else { continue };
        all.pycs += 1;
        all.sourceless += usize::from(sourceless);
        all.findings.extend(finding.map(|finding| finding.at(path.to_string()).in_layer_of(content)));
        all.pairs.extend(pair);
    }
    Ok(all)
}

#[derive(Default)]
struct One {
    finding: Option<Finding>,
    pair: Option<Pair>,
    sourceless: bool,
}

impl One {
    fn bad(finding: Finding) -> Option<Self> {
        Some(Self { finding: Some(finding), ..Self::default() })
    }
}

/// The parts of a name in `__pycache__` (PEP 3147, PEP 488): `api.cpython-311.opt-1.pyc`.
struct CachedName<'a> {
    stem: &'a str,
    tag: &'a str,
    level: u32,
}

impl<'a> CachedName<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let name = name.strip_suffix(".pyc")?;
        let (rest, last) = name.rsplit_once('.')?;
        match last.strip_prefix("opt-") {
            Some(level) => {
                let (stem, tag) = rest.rsplit_once('.')?;
                Some(Self { stem, tag, level: level.parse().ok()? })
            }
            None => Some(Self { stem: rest, tag: last, level: 0 }),
        }
    }
}

/// Checks one pyc; `None` if it is another interpreter's.
fn one(tree: &Tree, python: &ImagePython, path: &TreePath, pyc: &Content) -> Result<Option<One>, BuildError> {
    let Some(folder) = path.parent() else { return Ok(None) };
    if folder.name() != "__pycache__" {
        return legacy(tree, python, path, pyc);
    }
    let tag = python.facts.version.cache_tag();
    let Some(name) = CachedName::parse(path.name()).filter(|name| name.tag == tag) else {
        if other_interpreter(tree, path.name()) {
            return Ok(None);
        }
        let expected = format!("a pyc of {tag}");
        return Ok(One::bad(Finding::warning(FindingKind::CacheTag, expected, "a name that it never loads")));
    };
    let source = folder.parent().and_then(|above| above.join(&format!("{}.py", name.stem)).ok());
    let source = source.and_then(|source| match tree.resolve(&source) {
        Some((_, Node::File(_, content))) => Some((source, content.clone())),
        _ => None,
    });
    let Some((source_path, source)) = source else {
        let expected = format!("{}.py in the folder above", name.stem);
        return Ok(One::bad(Finding::warning(FindingKind::Orphan, expected, "no source, so it is never loaded")));
    };
    if name.level != python.level {
        return Ok(wrong_level(tree, python, &folder, &name));
    }
    let bytes = match read(pyc)? {
        Ok(bytes) => bytes,
        Err(finding) => return Ok(One::bad(finding)),
    };
    let finding = header(&bytes, python).or_else(|| freshness(&bytes, &source, python));
    let finding = finding.or_else(|| code(&bytes, python));
    let pair = finding.is_none().then(|| Pair {
        pyc_path: path.to_string(),
        pyc: pyc.clone(),
        source_path: source_path.to_string(),
        source,
    });
    Ok(Some(One { finding, pair, sourceless: false }))
}

/// A pyc in its source's place, or beside it.
fn legacy(tree: &Tree, python: &ImagePython, path: &TreePath, pyc: &Content) -> Result<Option<One>, BuildError> {
    let source = path.as_str().strip_suffix('c').and_then(|source| TreePath::new(source).ok());
    if source.is_some_and(|source| tree.resolve(&source).is_some()) {
        let found = "its source beside it, which is loaded instead";
        return Ok(One::bad(Finding::warning(FindingKind::Unused, "a pyc in its source's place", found)));
    }
    let finding = match read(pyc)? {
        Ok(bytes) => header(&bytes, python).or_else(|| code(&bytes, python)),
        Err(finding) => Some(finding),
    };
    Ok(Some(One { finding, pair: None, sourceless: true }))
}

/// Whether the pyc belongs to another Python that the image has as well.
fn other_interpreter(tree: &Tree, name: &str) -> bool {
    let tag = CachedName::parse(name).and_then(|name| name.tag.strip_prefix("cpython-3")?.parse::<u32>().ok());
    tag.is_some_and(|minor| {
        let landmarks = ["/usr", "/usr/local"].map(|prefix| format!("{prefix}/lib/python3.{minor}/os.py"));
        landmarks.iter().any(|path| TreePath::new(path).is_ok_and(|path| tree.resolve(&path).is_some()))
    })
}

/// Bytecode of another level is unused if the image's own level exists too, and a problem if not.
fn wrong_level(tree: &Tree, python: &ImagePython, folder: &TreePath, name: &CachedName<'_>) -> Option<One> {
    let own = match python.level {
        0 => format!("{}.{}.pyc", name.stem, name.tag),
        level => format!("{}.{}.opt-{level}.pyc", name.stem, name.tag),
    };
    let has_own = folder.join(&own).is_ok_and(|own| tree.node(&own).is_some());
    let expected = format!("level {}, which the image runs at", python.level);
    let found = format!("level {}, which is never loaded", name.level);
    One::bad(match has_own {
        true => Finding::warning(FindingKind::Unused, expected, found),
        false => Finding::problem(FindingKind::Level, expected, found),
    })
}

/// The bytes of a pyc, or why it cannot be one.
fn read(pyc: &Content) -> Result<Result<Vec<u8>, Finding>, BuildError> {
    let broken = |found: String| Finding::problem(FindingKind::Header, "a header of 16 bytes and code", found);
    if !(17..=LARGEST).contains(&pyc.size()) {
        return Ok(Err(broken(format!("{} bytes in all", pyc.size()))));
    }
    Ok(Ok(pyc.to_vec()?))
}

fn flags(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[4..8].try_into().expect("four of at least seventeen"))
}

/// Magic number and flags.
fn header(bytes: &[u8], python: &ImagePython) -> Option<Finding> {
    let shown = |magic: &[u8]| match magic {
        [low, high, b'\r', b'\n'] => u16::from_le_bytes([*low, *high]).to_string(),
        other => format!("{other:02x?}"),
    };
    let magic = python.facts.magic_number;
    if bytes[..4] != magic {
        let expected = format!("{} of Python {}", shown(&magic), python.facts.version);
        return Some(Finding::problem(FindingKind::MagicNumber, expected, shown(&bytes[..4])));
    }
    match flags(bytes) {
        0 | 1 | 3 => None,
        other => Some(Finding::problem(FindingKind::Header, "flags 0, 1 or 3", format!("flags {other}"))),
    }
}

/// Hash or time and size of the source (PEP 552).
fn freshness(bytes: &[u8], source: &Content, python: &ImagePython) -> Option<Finding> {
    let stale = |expected: String, found: String| Some(Finding::problem(FindingKind::Stale, expected, found));
    let word = |from: usize| u32::from_le_bytes(bytes[from..from + 4].try_into().expect("four of the header"));
    if flags(bytes) == 0 {
        // CPython compares the lowest 32 bits.
        let time = source.modified().unwrap_or_default() as u32;
        let size = source.size() as u32;
        if word(8) != time {
            return stale(format!("a source modified at {time}"), format!("made for one of {}", word(8)));
        }
        if word(12) != size {
            return stale(format!("a source of {size} bytes"), format!("made for one of {}", word(12)));
        }
        return None;
    }
    if source.size() > LARGEST {
        return stale("a source of at most 256 MiB".to_owned(), format!("{} bytes", source.size()));
    }
    let text = match source.to_vec() {
        Ok(text) => text,
        Err(error) => return stale("a source that can be read".to_owned(), error.to_string()),
    };
    let expected = source_hash(python.facts.version.minor, python.facts.magic_number, &text);
    let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match bytes[8..16] == expected {
        true => None,
        false => stale(format!("the source's hash {}", hex(&expected)), hex(&bytes[8..16])),
    }
}

/// Whether the rest is a code object at all.
fn code(bytes: &[u8], python: &ImagePython) -> Option<Finding> {
    let error = canonical(&bytes[16..], python.minor(), None).err()?;
    Some(Finding::problem(FindingKind::Code, "a code object", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_cache_have_a_stem_a_tag_and_a_level() {
        for (name, expected) in [
            ("api.cpython-311.pyc", Some(("api", "cpython-311", 0))),
            ("a.b.cpython-311.opt-2.pyc", Some(("a.b", "cpython-311", 2))),
            ("api.cpython-311.opt-x.pyc", None),
            ("api.pyc", None),
        ] {
            let found = CachedName::parse(name).map(|name| (name.stem, name.tag, name.level));
            assert_eq!(found, expected, "{name}");
        }
    }
}
