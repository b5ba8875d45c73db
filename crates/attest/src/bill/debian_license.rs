//! The names that Debian's copyright-format 1.0 has for licenses, and what SPDX calls them.

/// Names that are spelled in another way, without a `+`.
const NAMES: [(&str, &str); 13] = [
    ("Apache-2", "Apache-2.0"),
    ("Artistic", "Artistic-1.0"),
    ("BSD-2-clause", "BSD-2-Clause"),
    ("BSD-3-clause", "BSD-3-Clause"),
    ("BSD-4-clause", "BSD-4-Clause"),
    ("CC0", "CC0-1.0"),
    ("Expat", "MIT"),
    ("MPL-2", "MPL-2.0"),
    ("PSF-2", "PSF-2.0"),
    ("Python", "Python-2.0"),
    ("Zope-2.1", "ZPL-2.1"),
    ("zlib", "Zlib"),
    ("zlib/libpng", "Zlib"),
];

/// Families whose versions SPDX writes with `-only` and `-or-later`.
const FAMILIES: [&str; 4] = ["GPL", "LGPL", "AGPL", "GFDL"];

/// The SPDX expression of what stands for some files: `GPL-2+ or Artistic, and BSD-3-clause`, where a comma parts what is
/// together before it. `None` where something has no name in SPDX, such as `public-domain`.
pub(super) fn expression(text: &str) -> Option<String> {
    let mut whole: Option<String> = None;
    for part in text.split(',').map(str::trim) {
        let (operator, part) = match part.split_once(' ') {
            Some((word, rest)) if word.eq_ignore_ascii_case("or") => ("OR", rest),
            Some((word, rest)) if word.eq_ignore_ascii_case("and") => ("AND", rest),
            _ => ("AND", part),
        };
        let one = alternatives(part)?;
        whole = Some(match whole {
            Some(before) => format!("{} {operator} {}", group(&before), group(&one)),
            None => one,
        });
    }
    whole
}

/// An expression in parentheses, if it is more than a name.
pub(super) fn group(expression: &str) -> String {
    if expression.contains(' ') { format!("({expression})") } else { expression.to_owned() }
}

fn alternatives(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let together = |words: &[&str]| {
        let names = words.split(|word| word.eq_ignore_ascii_case("and")).map(|words| match words {
            [one] => name(one),
            // `with … exception`, or words for people.
            _ => None,
        });
        names.collect::<Option<Vec<String>>>().map(|names| names.join(" AND "))
    };
    let all = words.split(|word| word.eq_ignore_ascii_case("or")).map(together).collect::<Option<Vec<String>>>()?;
    Some(match all.as_slice() {
        [one] => one.clone(),
        several => several.iter().map(|one| group(one)).collect::<Vec<_>>().join(" OR "),
    })
}

/// The SPDX name of one license.
fn name(text: &str) -> Option<String> {
    let (plain, later) = text.strip_suffix('+').map_or((text, false), |plain| (plain, true));
    if let Some((family, version)) = plain.split_once('-').filter(|(family, _)| FAMILIES.contains(family)) {
        let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let version = if version.contains('.') { version.to_owned() } else { format!("{version}.0") };
        let kind = if later { "or-later" } else { "only" };
        return is_version.then(|| format!("{family}-{version}-{kind}"));
    }
    let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(plain)).map(|(_, spdx)| (*spdx).to_owned());
    let plain = known.or_else(|| spdx::license_id(plain).map(|license| license.name.to_owned()))?;
    Some(if later { format!("{plain}+") } else { plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_debian_become_those_of_spdx() {
        for (text, expected) in [
            ("Expat", Some("MIT")),
            ("GPL-2", Some("GPL-2.0-only")),
            ("GPL-2+", Some("GPL-2.0-or-later")),
            ("LGPL-2.1+", Some("LGPL-2.1-or-later")),
            ("GFDL-1.3", Some("GFDL-1.3-only")),
            ("GPL-1+ or Artistic", Some("GPL-1.0-or-later OR Artistic-1.0")),
            ("GPL-2+ or Artistic-2.0, and BSD-3-clause", Some("(GPL-2.0-or-later OR Artistic-2.0) AND BSD-3-Clause")),
            ("GPL-2 and BSD-2-clause", Some("GPL-2.0-only AND BSD-2-Clause")),
            ("GPL-2 and ISC or Expat", Some("(GPL-2.0-only AND ISC) OR MIT")),
            ("Apache-2.0", Some("Apache-2.0")),
            ("bzip2-1.0.6", Some("bzip2-1.0.6")),
            ("public-domain", None),
            ("GPL-2+ with OpenSSL exception", None),
            ("GPL-2+ or public-domain", None),
            ("GPL-x", None),
            ("", None),
        ] {
            assert_eq!(expression(text).as_deref(), expected, "{text}");
        }
    }
}
