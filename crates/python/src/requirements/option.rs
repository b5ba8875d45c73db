//! Options in a line of requirements, taken apart.

use shipwheel_oci::Digest;

use crate::requirements::error::RequirementProblemKind as Kind;

/// An option and its value: `-r base.in`, `-rbase.in` or `--requirement=base.in`.
pub(crate) fn option(text: &str) -> (&str, &str) {
    let end = match text.starts_with("--") {
        true => text.find(['=', ' ', '\t']).unwrap_or(text.len()),
        false => text.char_indices().nth(2).map_or(text.len(), |(at, _)| at),
    };
    let (name, value) = text.split_at(end);
    (name, value.trim_start_matches(['=', ' ', '\t']).trim())
}

/// The sha256 values of `--hash=sha256:... --hash sha256:...`.
pub(super) fn hashes(options: &str) -> Result<Vec<Digest>, Kind> {
    let mut digests = Vec::new();
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
                digests.push(digest.map_err(|_| Kind::Hash(value.to_owned()))?);
            }
            Some(("md5" | "sha1" | "sha224" | "sha384" | "sha512", _)) => {}
            _ => return Err(Kind::Hash(value.to_owned())),
        }
    }
    Ok(digests)
}
