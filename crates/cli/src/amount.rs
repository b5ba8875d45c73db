//! Sizes and ages as they are typed: `20GB`, `512MiB`, `7d`, `12h`.

use std::time::Duration;

/// Units of sizes, decimal and binary; a number alone is bytes.
const SIZES: [(&str, u64); 14] = [
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("kib", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("mib", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("gib", 1 << 30),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("tib", 1 << 40),
];

/// Units of ages, in seconds.
const AGES: [(&str, u64); 5] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)];

/// Parses a size in bytes.
///
/// # Errors
/// When it is not a number with a unit of sizes.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    parse(text, &SIZES).ok_or_else(|| "expected a size such as 20GB, 512MiB or 1000000".to_owned())
}

/// Parses an age.
///
/// # Errors
/// When it is not a number with a unit of times.
pub(crate) fn parse_age(text: &str) -> Result<Duration, String> {
    let seconds = parse(text, &AGES).ok_or_else(|| "expected an age such as 30d, 12h or 2w".to_owned())?;
    Ok(Duration::from_secs(seconds))
}

/// How much a cache may hold; `None` sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheLimit(pub(crate) Option<u64>);

/// Parses a size that may be `none`: no limit.
///
/// # Errors
/// As [`parse_size`].
pub(crate) fn parse_limit(text: &str) -> Result<CacheLimit, String> {
    match text {
        "none" => Ok(CacheLimit(None)),
        text => parse_size(text).map(|size| CacheLimit(Some(size))).map_err(|expected| format!("{expected}, or none")),
    }
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_parse_with_their_units() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1000", Some(1_000)),
            ("20GB", Some(20_000_000_000)),
            ("512 MiB", Some(512 << 20)),
            ("1g", Some(1_000_000_000)),
            ("GB", None),
            ("-1GB", None),
            ("1.5GB", None),
            ("7d", None),
            ("99999999999999999999", None),
            ("99999999999TB", None),
        ] {
            assert_eq!(parse_size(text).ok(), expected, "{text}");
        }
        for (text, expected) in
            [("90s", Some(90)), ("12h", Some(43_200)), ("2w", Some(1_209_600)), ("30", None), ("", None)]
        {
            assert_eq!(parse_age(text).ok().map(|age| age.as_secs()), expected, "{text}");
        }
        assert_eq!(parse_limit("none"), Ok(CacheLimit(None)));
        assert_eq!(parse_limit("1kB"), Ok(CacheLimit(Some(1_000))));
        assert!(parse_limit("no").is_err());
    }
}
