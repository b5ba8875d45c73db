//! requirements.txt with pinned versions and hashes, as pip and uv read it.

use std::fmt;

use pep440_rs::Version;
use shipwheel_oci::Digest;

use crate::marker::Marker;
use crate::name::DistributionName;

mod hashes;
mod parser;

pub use hashes::{HashProblem, check_hashes};

/// A requirements file that cannot be used: every line of it that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", text(.file, .problems))]
pub struct RequirementsError {
    /// The file's name.
    pub file: String,
    /// What is wrong, in the order of the file.
    pub problems: Vec<RequirementProblem>,
}

fn text(file: &str, problems: &[RequirementProblem]) -> String {
    let lines: Vec<_> = problems.iter().map(|problem| format!("{file}:{}: {}", problem.line, problem.kind)).collect();
    lines.join("\n")
}

/// A line of a requirements file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementProblem {
    /// The line where the requirement begins, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: RequirementProblemKind,
}

/// What may be wrong with a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementProblemKind {
    /// `-r` or `-c`: another file.
    OtherFile(String),
    /// `-e`: an editable project.
    Editable(String),
    /// A URL or a path in place of a name and a version.
    Url(String),
    /// An option that is not known.
    Option(String),
    /// Not `NAME==VERSION`.
    NotPinned(String),
    /// The marker means nothing.
    Marker(String),
    /// A `--hash` that is not `ALGORITHM:DIGITS`.
    Hash(String),
}

impl fmt::Display for RequirementProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherFile(option) => write!(f, "`{option}` includes another file: give one file with every pin"),
            Self::Editable(text) => write!(f, "`{text}` is editable: an image takes wheels alone"),
            Self::Url(text) => write!(f, "`{text}` is a URL or a path: expected NAME==VERSION"),
            Self::Option(text) => write!(f, "the option `{text}` is not known"),
            Self::NotPinned(text) => write!(f, "`{text}` is not pinned: expected NAME==VERSION"),
            Self::Marker(text) => f.write_str(text),
            Self::Hash(text) => write!(f, "`{text}` is no hash: expected sha256: and 64 hex digits"),
        }
    }
}

/// A requirement: one distribution, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The distribution.
    pub name: DistributionName,
    /// The version behind `==`.
    pub version: Version,
    /// The extras in brackets.
    pub extras: Vec<String>,
    /// Where it is needed.
    pub marker: Option<Marker>,
    /// The sha256 values that its files may have; other algorithms are left out.
    pub hashes: Vec<Digest>,
    /// The line where it begins, counted from 1.
    pub line: usize,
}

/// A requirements file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// The file's name, for messages.
    pub file: String,
    /// The requirements, in the order of the file.
    pub requirements: Vec<Requirement>,
}

impl Requirements {
    /// Parses the text of a requirements file; `file` names it in messages.
    ///
    /// Options on where to find files (`--index-url`, `--find-links`) are passed over: they
    /// are for the tool that looks the files up.
    ///
    /// # Errors
    /// When lines are not `NAME==VERSION`: all of them at once.
    pub fn parse(text: &str, file: &str) -> Result<Self, RequirementsError> {
        parser::parse(text, file)
    }

    /// Whether every requirement has a sha256.
    pub fn has_all_hashes(&self) -> bool {
        self.requirements.iter().all(|requirement| !requirement.hashes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn pins_are_read_with_extras_markers_and_hashes() {
        let text = format!(
            "# comment\n--index-url https://index.example/simple\n\nFoo_Bar[b,a]==1.2 ; sys_platform == 'linux' \\\n    \
             --hash={A} \\\n    --hash=sha512:00 # why\n    # via other\nbaz == 2.0 --hash {A}\r\n"
        );
        let parsed = Requirements::parse(&text, "r.txt").unwrap_or_else(|error| panic!("{error}"));
        let shown: Vec<_> = parsed
            .requirements
            .iter()
            .map(|r| {
                format!(
                    "{}:{} {} {:?} {:?} {}",
                    r.line,
                    r.name,
                    r.version,
                    r.extras,
                    r.marker.is_some(),
                    r.hashes.len()
                )
            })
            .collect();
        assert_eq!(shown, ["4:foo-bar 1.2 [\"a\", \"b\"] true 1", "8:baz 2.0 [] false 1"]);
        assert!(parsed.has_all_hashes());
    }

    #[test]
    fn a_requirement_without_sha256_is_seen() {
        let parsed = Requirements::parse("a==1 --hash=md5:00", "r").expect("valid");
        assert!(!parsed.has_all_hashes());
    }

    #[test]
    fn every_line_that_is_no_pin_is_reported() {
        use RequirementProblemKind as Kind;
        for (line, expected) in [
            ("-r other.txt", Kind::OtherFile("-r other.txt".into())),
            ("--constraint=c.txt", Kind::OtherFile("--constraint=c.txt".into())),
            ("-e .", Kind::Editable("-e .".into())),
            ("https://index.example/a.whl", Kind::Url("https://index.example/a.whl".into())),
            ("a @ https://index.example/a.whl", Kind::Url("a @ https://index.example/a.whl".into())),
            ("./a", Kind::Url("./a".into())),
            ("--strange", Kind::Option("--strange".into())),
            ("a>=1", Kind::NotPinned("a>=1".into())),
            ("a==1.*", Kind::NotPinned("a==1.*".into())),
            ("a", Kind::NotPinned("a".into())),
            ("a==1,<2", Kind::NotPinned("a==1,<2".into())),
            ("a==1 --hash=sha256:zz", Kind::Hash("sha256:zz".into())),
        ] {
            let text = format!("ok==1\n{line}\nalso.bad\n");
            let error = Requirements::parse(&text, "r").expect_err(line);
            assert_eq!(error.problems[0], RequirementProblem { line: 2, kind: expected }, "{line}");
            assert_eq!(error.problems.len(), 2, "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "(a==1|;|\\[|\\]|--hash=|sha256:|-r|#|\\\\|\n| |é|,|=){0,20}") {
            let _ = Requirements::parse(&text, "r");
        }
    }
}
