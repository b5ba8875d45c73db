//! One pattern of a .dockerignore, cleaned and compiled as moby's patternmatcher does it.

use super::expression::Expression;

/// A pattern, and whether it brings back what it matches.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// Whether it begins with `!`.
    pub(super) brings_back: bool,
    kind: Kind,
}

/// How a path is compared: moby takes a regular expression only where it must, and its shortcuts differ from it.
#[derive(Debug, Clone)]
enum Kind {
    /// The path itself.
    Exact(String),
    /// `TEXT**`.
    Prefix(String),
    /// `**TEXT`.
    Suffix(String),
    /// Anything else.
    Expression(Expression),
}

impl Pattern {
    /// Reads a line that is neither blank nor a comment.
    pub(super) fn parse(line: &str) -> Result<Self, &'static str> {
        let line = line.trim();
        let (invert, rest) = match line.strip_prefix('!') {
            Some(rest) => ("!", rest.trim()),
            None => ("", line),
        };
        let cleaned = if rest.is_empty() { String::new() } else { clean(rest) };
        let relative = cleaned.strip_prefix('/').filter(|below| !below.is_empty()).unwrap_or(&cleaned);
        // The second pass sees the `!` as part of the path, and one that a `/` hid at first.
        let whole = clean(format!("{invert}{relative}").trim());
        let (brings_back, pattern) = match whole.strip_prefix('!') {
            Some("") => return Err("`!` has no pattern"),
            Some(pattern) => (true, pattern),
            None => (false, whole.as_str()),
        };
        check_syntax(pattern)?;
        Ok(Self { brings_back, kind: Kind::of(pattern)? })
    }

    /// Whether it matches a whole path.
    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.kind {
            Kind::Exact(text) => path == text,
            Kind::Prefix(text) => path.starts_with(text.as_str()),
            // `**/foo` also matches `foo`.
            Kind::Suffix(text) => path.ends_with(text.as_str()) || text.strip_prefix('/') == Some(path),
            Kind::Expression(expression) => expression.matches(path),
        }
    }
}

impl Kind {
    fn of(pattern: &str) -> Result<Self, &'static str> {
        let is_plain = |text: &str| !text.contains(['*', '?', '[', ']', '\\']);
        if is_plain(pattern) {
            return Ok(Self::Exact(pattern.to_owned()));
        }
        match (pattern.strip_prefix("**"), pattern.strip_suffix("**")) {
            (Some(suffix), _) if is_plain(suffix) => Ok(Self::Suffix(suffix.to_owned())),
            (_, Some(prefix)) if is_plain(prefix) => Ok(Self::Prefix(prefix.to_owned())),
            _ => Expression::new(pattern).map(Self::Expression),
        }
    }
}

/// Go's `filepath.Clean`: a path without `.`, `..` and doubled slashes, by its text alone.
fn clean(path: &str) -> String {
    let is_rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if is_rooted => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    match (is_rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// The syntax of Go's `filepath.Match`, which moby checks first.
fn check_syntax(pattern: &str) -> Result<(), &'static str> {
    let mut rest = pattern.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\\' if rest.next().is_none() => return Err("it ends with a `\\`"),
            '[' => check_class(&mut rest)?,
            _ => {}
        }
    }
    Ok(())
}

/// A class after its `[`: at least one letter or range, and a `]`.
fn check_class(rest: &mut std::str::Chars<'_>) -> Result<(), &'static str> {
    const BROKEN: &str = "a `[` begins no class of letters";
    let mut count = 0;
    if rest.as_str().starts_with('^') {
        rest.next();
    }
    loop {
        let mut letter = rest.next().ok_or(BROKEN)?;
        if letter == ']' && count > 0 {
            return Ok(());
        }
        for is_end in [false, true] {
            let is_bad = matches!(letter, '-' | ']');
            if letter == '\\' {
                rest.next().ok_or(BROKEN)?;
            }
            if is_bad || rest.as_str().is_empty() {
                return Err(BROKEN);
            }
            if is_end || !rest.as_str().starts_with('-') {
                break;
            }
            rest.next();
            letter = rest.next().ok_or(BROKEN)?;
        }
        count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cleaned_as_by_go() {
        for (path, expected) in [
            ("a/b", "a/b"),
            ("a//b/", "a/b"),
            ("./a/.", "a"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("/", "/"),
            ("", "."),
            ("a/..", "."),
            ("../..", "../.."),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }

    #[test]
    fn a_class_has_the_syntax_of_go() {
        for good in ["[a]", "[^a]", "[a-z]", "[a-z0]", "[\\]]", "[\\-]", "[a\\-z]", "[[]", "[^^]", "[ab]c]"] {
            assert_eq!(check_syntax(good), Ok(()), "{good}");
        }
        for bad in ["[", "[]", "[^]", "[a", "[-a]", "[a-]", "[]a]", "[a-\\", "[\\", "a\\", "[a--]"] {
            assert!(check_syntax(bad).is_err(), "{bad}");
        }
    }
}
