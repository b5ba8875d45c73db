//! Options in a line of requirements, taken apart.

use shipwheel_oci::Digest;

use crate::requirements::error::RequirementProblemKind as Kind;
use crate::wheel::StrongHash;

/// The hashes that a line lists: its files have one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hashes {
    /// The sha256 values.
    pub sha256: Vec<Digest>,
    /// Those in place of a sha256.
    pub stronger: Vec<StrongHash>,
}

impl Hashes {
    /// Whether the line lists none.
    pub fn is_empty(&self) -> bool {
        self.sha256.is_empty() && self.stronger.is_empty()
    }
}

/// An option and its value: `-r base.in`, `-rbase.in` or `--requirement=base.in`.
pub(crate) fn option(text: &str) -> (&str, &str) {
    let end = match text.starts_with("--") {
        true => text.find(['=', ' ', '\t']).unwrap_or(text.len()),
        false => text.char_indices().nth(2).map_or(text.len(), |(at, _)| at),
    };
    let (name, value) = text.split_at(end);
    (name, value.trim_start_matches(['=', ' ', '\t']).trim())
}

/// The values of `--hash=sha256:... --hash sha512:...`.
///
/// Hashes that can be forged are passed over where there are others, and refused alone, as pip does.
pub(super) fn hashes(options: &str) -> Result<Hashes, Kind> {
    let (mut found, mut weak) = (Hashes::default(), None);
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let value = match word.split_once('=') {
            Some(("--hash", value)) => value,
            None if word == "--hash" => words.next().unwrap_or_default(),
            _ => return Err(Kind::Option(word.to_owned())),
        };
        match value.split_once(':') {
            Some(("sha256", digits)) => {
                let digest = Digest::from_hex(&digits.to_ascii_lowercase());
                found.sha256.push(digest.map_err(|_| Kind::Hash(value.to_owned()))?);
            }
            Some((algorithm, digits)) if StrongHash::ALGORITHMS.contains(&algorithm) => {
                let hash = StrongHash::from_hex(algorithm, digits);
                found.stronger.push(hash.map_err(|_| Kind::Hash(value.to_owned()))?);
            }
            Some((algorithm @ ("md5" | "sha1" | "sha224" | "blake2b"), _)) => weak = Some(algorithm.to_owned()),
            _ => return Err(Kind::Hash(value.to_owned())),
        }
    }
    match weak {
        Some(algorithm) if found.is_empty() => Err(Kind::WeakHash(algorithm)),
        _ => Ok(found),
    }
}
