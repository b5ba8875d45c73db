//! `.dockerignore` as Docker reads it: which of its lines leaves a file out.
//!
//! The rules are those of `github.com/moby/patternmatcher`, which Docker, BuildKit and buildx share, with its oddities:
//! a pattern is relative to the folder of the file, `*` and `?` never match a `/`, `**` matches any number of folders,
//! `!` brings back what lines above left out, and the last line that matches decides. A folder takes along what is in
//! it. Patterns that its regular expressions read in another way than they are written are refused.

mod expression;
mod pattern;

use self::pattern::Pattern;

/// A line that Docker refuses as well, or reads in another way than anybody means it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, `{text}`: {reason}")]
pub struct DockerignoreError {
    /// The number of the line, from 1.
    pub line: usize,
    /// The line, without blanks around it.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// One line that is a pattern.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The number of the line, from 1.
    pub line: usize,
    /// The line, without blanks around it.
    pub text: String,
    pattern: Pattern,
}

/// The rules of one file, in its order.
#[derive(Debug, Clone, Default)]
pub struct Dockerignore {
    rules: Vec<Rule>,
}

impl Dockerignore {
    /// Reads a file; bytes that are not UTF-8 match nothing.
    ///
    /// # Errors
    /// For the first line that is not a pattern.
    pub fn parse(bytes: &[u8]) -> Result<Self, DockerignoreError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes);
        let mut rules = Vec::new();
        for (number, line) in text.split('\n').enumerate() {
            let error = |reason| DockerignoreError { line: number + 1, text: line.trim().to_owned(), reason };
            // A `#` after a blank is part of a name.
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let pattern = Pattern::parse(line).map_err(error)?;
            rules.push(Rule { line: number + 1, text: line.trim().to_owned(), pattern });
        }
        Ok(Self { rules })
    }

    /// The rule that leaves a file or folder out, by its path below the folder of the .dockerignore, with `/` between
    /// parts; `None` if it is taken.
    pub fn leaves_out(&self, path: &str) -> Option<&Rule> {
        let mut matched = vec![false; self.rules.len()];
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.fold(None, |_, end| self.decide(&path[..end], &mut matched))
    }

    /// Whether a rule brings back what others leave out.
    pub fn brings_back(&self) -> bool {
        self.rules.iter().any(|rule| rule.pattern.brings_back)
    }

    /// What decides about one path; `matched` says which rules matched the folder above, and then which match this.
    ///
    /// As in BuildKit, a rule that cannot change the verdict on a folder is not asked for it, and matches what is below
    /// only by itself: `a/b` and then `!a` leaves `a/b` out.
    fn decide(&self, path: &str, matched: &mut [bool]) -> Option<&Rule> {
        let mut verdict: Option<&Rule> = None;
        for (rule, matched) in self.rules.iter().zip(matched) {
            let may_change = rule.pattern.brings_back == verdict.is_some();
            *matched = *matched || (may_change && rule.pattern.matches(path));
            if *matched {
                verdict = (!rule.pattern.brings_back).then_some(rule);
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Dockerignore {
        Dockerignore::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn patterns_are_read_as_docker_documents_them() {
        for (text, out, taken) in [
            (
                "# comment\n*/temp*\n",
                vec!["somedir/temporary.txt", "somedir/temp", "somedir/temp/x"],
                vec!["temp", "a/b/temp"],
            ),
            ("*/*/temp*", vec!["somedir/subdir/temporary.txt"], vec!["somedir/temporary.txt"]),
            ("temp?", vec!["tempa", "tempb", "tempa/x"], vec!["temp", "tempab", "a/tempa"]),
            ("**/*.go", vec!["a.go", "a/b.go", "a/b/c.go"], vec!["a.gox"]),
            ("*.md\n!README.md", vec!["x.md"], vec!["README.md", "a/x.md"]),
            ("*.md\n!README*.md\nREADME-secret.md", vec!["x.md", "README-secret.md"], vec!["README.md", "README-x.md"]),
            ("*.md\nREADME-secret.md\n!README*.md", vec!["x.md"], vec!["README-secret.md"]),
            ("*\n!app/", vec!["x", "pkg/y"], vec!["app", "app/x", "app/a/b"]),
            ("dir\n!dir/keep", vec!["dir", "dir/x", "dir/keeper"], vec!["dir/keep", "dir/keep/x"]),
            ("a/b\n!a", vec!["a/b", "a/b/c"], vec!["a", "a/c"]),
            ("a/b\n!a/b/c\na/b/c/d", vec!["a/b/x", "a/b/c/d/e"], vec!["a/b/c/x"]),
        ] {
            let rules = rules(text);
            out.iter().for_each(|path| assert!(rules.leaves_out(path).is_some(), "{text:?} leaves {path} out"));
            taken.iter().for_each(|path| assert!(rules.leaves_out(path).is_none(), "{text:?} takes {path}"));
        }
    }

    #[test]
    fn lines_are_cleaned_as_docker_cleans_them() {
        for text in
            ["/foo", "foo/", "./foo", "foo/.", "a/../foo", "  foo\t", "\u{feff}foo", "foo\r\n", "/../foo", "//foo//"]
        {
            let rules = rules(text);
            assert!(rules.leaves_out("foo").is_some() && rules.leaves_out("foo/x").is_some(), "{text:?}");
            assert!(rules.leaves_out("Foo").is_none() && rules.leaves_out("a/foo").is_none(), "{text:?}");
        }
        let nothing = ["", "\n\n", "#foo", ".", "/", "..", "../foo", "a\u{feff}foo", "!foo", "FOO", "\\#x"];
        nothing.iter().for_each(|text| assert!(rules(text).leaves_out("foo").is_none(), "{text:?}"));
        // A comment begins in the first column; what is escaped or has a blank before it is a name.
        assert!(rules(" #foo").leaves_out("#foo").is_some() && rules("\\#foo").leaves_out("#foo").is_some());
        assert!(rules("*\n! foo ").leaves_out("foo").is_none());
        assert!(rules("*\n!/foo/").leaves_out("foo/x").is_none());
        assert!(rules("\\!foo").leaves_out("!foo").is_some());
    }

    #[test]
    fn two_stars_are_as_odd_as_in_docker() {
        for (text, out, taken) in [
            ("**", vec!["a", "a/b"], vec![]),
            ("**/", vec!["a", "a/b"], vec![]),
            ("a/**", vec!["a/b", "a/b/c"], vec!["a", "ab/c"]),
            ("a**", vec!["a", "ab", "ab/c", "a/b"], vec!["ba"]),
            ("**a", vec!["a", "ba", "c/ba"], vec!["ab"]),
            ("**/a", vec!["a", "b/a", "b/a/c"], vec!["ba"]),
            ("a/**/b", vec!["a/b", "a/x/b", "a/x/y/b"], vec!["a/xb", "ab"]),
            ("a**b", vec!["ab", "a/b", "axx/y/b"], vec!["axb"]),
            ("**/[ab]*", vec!["a", "x/b1", "x/b1/y"], vec!["x/c"]),
            ("[!a]x", vec!["!x", "ax"], vec!["bx"]),
            ("[^a]x", vec!["bx"], vec!["ax"]),
            ("a[0-9]", vec!["a1"], vec!["ax", "a10"]),
            ("a.b", vec!["a.b"], vec!["axb"]),
            ("a.b*", vec!["a.bc"], vec!["axb"]),
            ("(a)+{b}$*", vec!["(a)+{b}$x"], vec!["aab"]),
            ("a|b", vec!["a|b"], vec!["a"]),
            ("a^*", vec![], vec!["a^b"]),
            ("\\*", vec!["*"], vec!["a"]),
            ("é?", vec!["éü", "éa"], vec!["é"]),
        ] {
            let rules = rules(text);
            out.iter().for_each(|path| assert!(rules.leaves_out(path).is_some(), "{text:?} leaves {path} out"));
            taken.iter().for_each(|path: &&str| assert!(rules.leaves_out(path).is_none(), "{text:?} takes {path}"));
        }
    }

    #[test]
    fn a_rule_is_named_by_its_line() {
        let rules = rules("# head\n\n*.py\n!keep.py\nkeep.py\n");
        let found = rules.leaves_out("keep.py").map(|rule| (rule.line, rule.text.as_str()));
        assert_eq!(found, Some((5, "keep.py")));
        for (text, line) in [
            ("a\n!\n", 2),
            ("[a", 1),
            ("a\n\nx[]", 3),
            ("a\\", 1),
            ("[z-a]", 1),
            ("\\d", 1),
            ("[*]", 1),
            ("a|b*", 1),
            ("*a{2}", 1),
            ("!/", 1),
        ] {
            let error = Dockerignore::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
        }
    }
}
