//! Patterns as Python's fnmatch, glob and pathlib read them.

/// Whether a text matches a pattern in which `*` stands for anything, as in fnmatch.
pub(crate) fn matches_name(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // The last star, and where in the text it began to match: backtracking to it alone is enough.
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < text.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
                continue;
            }
            Some('[') => class(&pattern[at..], text[seen]),
            Some('?') => Some((1, true)),
            Some(other) => Some((1, *other == text[seen])),
            None => None,
        };
        match (step, star) {
            (Some((length, true)), _) => {
                at += length;
                seen += 1;
            }
            (_, Some((from, matched))) => {
                star = Some((from, matched + 1));
                at = from + 1;
                seen = matched + 1;
            }
            _ => return false,
        }
    }
    pattern[at..].iter().all(|char| *char == '*')
}

/// The length of a class such as `[a-z]`, and whether it has a character; a `[` without an end is one itself.
fn class(pattern: &[char], found: char) -> Option<(usize, bool)> {
    let negated = pattern.get(1) == Some(&'!');
    let first = if negated { 2 } else { 1 };
    let Some(end) = pattern.iter().skip(first + 1).position(|char| *char == ']').map(|at| at + first + 1) else {
        return Some((1, found == '['));
    };
    let members = &pattern[first..end];
    let mut has = false;
    let mut at = 0;
    while at < members.len() {
        match members.get(at + 1..at + 3) {
            Some(['-', last]) => {
                has |= (members[at]..=*last).contains(&found);
                at += 3;
            }
            _ => {
                has |= members[at] == found;
                at += 1;
            }
        }
    }
    Some((end + 1, has != negated))
}

/// What wildcards do with names that begin with a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// pathlib's matches them.
    Matched,
    /// glob's does not.
    Passed,
}

/// Whether a path matches a pattern in which `*` stays in a name, and `**` is any number of folders.
pub(crate) fn matches_path(pattern: &str, path: &str, hidden: Hidden) -> bool {
    let pattern: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path: Vec<&str> = path.split('/').collect();
    matches_parts(&pattern, &path, hidden)
}

fn matches_parts(pattern: &[&str], path: &[&str], hidden: Hidden) -> bool {
    let is_shown = |name: &str| hidden == Hidden::Matched || !name.starts_with('.');
    match (pattern, path) {
        ([], rest) => rest.is_empty(),
        (["**"], rest) => rest.iter().all(|name| is_shown(name)),
        (["**", rest @ ..], path) => (0..=path.len()).any(|skipped| {
            path[..skipped].iter().all(|name| is_shown(name)) && matches_parts(rest, &path[skipped..], hidden)
        }),
        (_, []) => false,
        ([first, rest @ ..], [name, below @ ..]) => {
            let may_match = is_shown(name) || first.starts_with('.');
            may_match && matches_name(first, name) && matches_parts(rest, below, hidden)
        }
    }
}

/// Whether a path, or a folder above it, matches.
pub(crate) fn matches_or_is_below(pattern: &str, path: &str, hidden: Hidden) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.into_iter().any(|end| matches_path(pattern, &path[..end], hidden))
}

/// A path in its shortest form: no `.`, no `//`; `None` if it leads out.
pub(crate) fn normal(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!path.starts_with('/')).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_fnmatch() {
        for (pattern, text, expected) in [
            ("*.py", "a.py", true),
            ("*.py", "a/b.py", true),
            ("*.py", "a.pyc", false),
            ("LICEN[CS]E*", "LICENSE.txt", true),
            ("LICEN[!C]E", "LICENSE", true),
            ("LICEN[!S]E", "LICENSE", false),
            ("*.py[cdo]", "a.pyo", true),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[]]", "]", true),
            ("[", "[", true),
            ("a*b*c", "axxbxxbyc", true),
            ("a*b*c", "axxbxx", false),
            ("?", "é", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches_name(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn paths_match_as_in_glob_and_pathlib() {
        for (pattern, path, globbed, of_pathlib) in [
            ("*.py", "a.py", true, true),
            ("*.py", "a/b.py", false, false),
            ("**/*.py", "a.py", true, true),
            ("**/*.py", "a/b/c.py", true, true),
            ("a/**", "a/b/c", true, true),
            ("a/**/c", "a/c", true, true),
            ("a/*", "a/.x", false, true),
            ("a/**/x", "a/.b/x", false, true),
            ("a/.x", "a/.x", true, true),
            ("./a//b", "a/b", true, true),
            ("a", "a/b", false, false),
        ] {
            assert_eq!(matches_path(pattern, path, Hidden::Passed), globbed, "{pattern} {path}");
            assert_eq!(matches_path(pattern, path, Hidden::Matched), of_pathlib, "{pattern} {path}");
        }
        assert!(matches_or_is_below("a/b*", "a/bc/d/e", Hidden::Passed));
        assert!(!matches_or_is_below("b", "a/b", Hidden::Passed));
        let normals = ["a/./b//c/", "a/../b", "../a", "/a", "."].map(normal);
        assert_eq!(normals, [Some("a/b/c".into()), Some("b".into()), None, None, Some(String::new())]);
    }
}
