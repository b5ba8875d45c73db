//! Patterns of names: `*` stands for any letters, and `{a,b}` for one of some words.

/// Whether a name is one that one of the patterns stands for, without regard to case.
pub(crate) fn fits_any(patterns: &[&str], name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    patterns.iter().any(|pattern| fits(pattern, &name))
}

/// Whether a name is one that a pattern stands for.
fn fits(pattern: &str, name: &str) -> bool {
    let Some(at) = memchr::memchr2(b'*', b'{', pattern.as_bytes()) else { return pattern == name };
    let Some(name) = name.strip_prefix(&pattern[..at]) else { return false };
    let rest = &pattern[at + 1..];
    if pattern[at..].starts_with('*') {
        // Nearly all patterns end so, and each is asked about every file.
        if memchr::memchr2(b'*', b'{', rest.as_bytes()).is_none() {
            return name.ends_with(rest);
        }
        return name.char_indices().any(|(start, _)| fits(rest, &name[start..])) || fits(rest, "");
    }
    let Some((words, rest)) = rest.split_once('}') else { return false };
    words.split(',').any(|word| name.strip_prefix(word).is_some_and(|name| fits(rest, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_letters_and_for_words() {
        for (pattern, yes, no) in [
            ("a*c", "ac abc abcc a*c", "a c ab acb bac"),
            ("*a*b*", "ab xaxbx aab", "ba a b"),
            ("a{-,_,}b{.x,.yy}*", "ab.x a-b.yy a_b.xz", "a.b.x ab.y ab"),
            ("*{-,_}a.{b,c}", "-a.b x_a.c é_a.c", "a.b xa.b x-a.d"),
            ("*", "a", ""),
        ] {
            yes.split(' ').for_each(|name| assert!(fits(pattern, name), "{pattern} {name}"));
            no.split(' ')
                .filter(|name| !name.is_empty())
                .for_each(|name| assert!(!fits(pattern, name), "{pattern} {name}"));
        }
    }
}
