//! Versions of Debian packages and their order (deb-version(7)).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A text that is not a Debian version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a Debian version: {reason}")]
pub struct VersionError {
    /// The text as it was found.
    pub found: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// `[epoch:]upstream[-revision]`, such as `1:3.11.2-6+deb12u8`.
///
/// Two texts can be one version (`1.0` and `1.00`): they compare equal, and each prints as it was written.
#[derive(Clone)]
pub struct Version {
    text: String,
    epoch: u32,
    /// Where the upstream version begins and ends in the text, in bytes.
    upstream: (usize, usize),
}

impl Version {
    /// The text as the archive writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn upstream(&self) -> &str {
        &self.text[self.upstream.0..self.upstream.1]
    }

    /// The revision; one that is missing equals `0`, as the empty text does.
    fn revision(&self) -> &str {
        self.text.get(self.upstream.1 + 1..).unwrap_or_default()
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let text = text.trim();
        let error = |reason| VersionError { found: text.chars().take(200).collect(), reason };
        let (epoch, start) = match text.split_once(':') {
            Some((epoch, _)) if !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()) => {
                (epoch.parse().map_err(|_| error("the epoch is too large"))?, epoch.len() + 1)
            }
            Some(_) => return Err(error("the epoch is not a number")),
            None => (0, 0),
        };
        let end = text[start..].rfind('-').map_or(text.len(), |dash| start + dash);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".+~-:".contains(&byte);
        if start == end {
            return Err(error("the upstream version is empty"));
        }
        if end + 1 == text.len() {
            return Err(error("the revision is empty"));
        }
        if !text[start..].bytes().all(allowed) {
            return Err(error("only letters, digits and `.+~-:` are allowed"));
        }
        Ok(Self { text: text.to_owned(), epoch, upstream: (start, end) })
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(self.upstream(), other.upstream()))
            .then_with(|| compare(self.revision(), other.revision()))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Compares two parts by turns: what is not a digit by [`weight`], then digits as a number.
fn compare(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (one, left_rest) = split(left, |byte| !byte.is_ascii_digit());
        let (two, right_rest) = split(right, |byte| !byte.is_ascii_digit());
        let letters = compare_letters(one, two);
        let (one, left_rest) = split(left_rest, |byte| byte.is_ascii_digit());
        let (two, right_rest) = split(right_rest, |byte| byte.is_ascii_digit());
        let order = letters.then_with(|| compare_numbers(one, two));
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

fn split(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len()))
}

fn compare_letters(left: &str, right: &str) -> Ordering {
    // A part that has ended weighs 0: more than `~`, less than anything else.
    let longest = left.len().max(right.len());
    let weights =
        |text: &str| -> Vec<i32> { text.bytes().map(weight).chain(std::iter::repeat(0)).take(longest).collect() };
    weights(left).cmp(&weights(right))
}

fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        byte if byte.is_ascii_alphabetic() => byte.into(),
        byte => i32::from(byte) + 256,
    }
}

/// Compares numbers of any length without their leading zeros.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> Version {
        text.parse().expect("valid")
    }

    #[test]
    fn each_version_is_older_than_the_next() {
        let ordered = [
            "0~~",
            "0~~a",
            "0~",
            "0",
            "0a",
            "0+",
            "0.0~rc1",
            "0.1-1~bpo12+1",
            "0.1-1",
            "0.1-1+b1",
            "0.1-1.1",
            "0.2",
            "0.10",
            "1.0~beta1~svn1245",
            "1.0~beta1",
            "1.0",
            "1.0-1~deb12u1",
            "1.0-1",
            "1.0-1+deb12u1",
            "1.0-1+deb12u10",
            "1.0-2",
            "1.0a",
            "1.0a7-1",
            "1.0+dfsg",
            "1.0-1-1",
            "1.0.1",
            "1.1",
            "99999999999999999999",
            "99999999999999999999.1",
            "1:0.1",
            "1:0.4",
            "2:0~",
        ];
        for pair in ordered.windows(2) {
            assert_eq!(version(pair[0]).cmp(&version(pair[1])), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn different_texts_can_be_one_version() {
        for (one, two) in [("1.0", "1.00"), ("0:1.0", "1.0"), ("1.0-0", "1.0"), ("1.a", "1.a0")] {
            assert_eq!(version(one), version(two), "{one} {two}");
        }
    }

    #[test]
    fn malformed_versions_are_errors() {
        for bad in ["", ":", "1:", "a:1", ":1", "1.0-", "-1", "1 0", "1.0_1", "99999999999:1", "1.0é"] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_and_comparing_never_panics(one in ".{0,20}", two in "[0-9a-z.+~:-]{0,12}") {
            if let (Ok(one), Ok(two)) = (one.parse::<Version>(), two.parse::<Version>()) {
                let _ = one.cmp(&two);
            }
        }

        #[test]
        fn the_order_is_total(texts in prop::collection::vec("[0-9a-b.+~-]{1,8}", 3)) {
            let versions: Vec<Version> = texts.iter().filter_map(|text| text.parse().ok()).collect();
            if let [a, b, c] = &versions[..] {
                prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
                prop_assert!(!(a <= b && b <= c) || a <= c);
            }
        }

        #[test]
        fn a_tilde_is_older_and_a_suffix_newer(base in "[0-9]{1,3}(\\.[0-9]{1,3}){0,2}", suffix in "[a-z+][0-9]{0,2}") {
            let plain = version(&base);
            let (older, newer) = (version(&format!("{base}~{suffix}")), version(&format!("{base}{suffix}")));
            prop_assert!(older < plain && plain < newer);
        }
    }
}
