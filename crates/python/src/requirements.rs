//! requirements.txt with pinned versions and hashes, as pip and uv read it.

mod error;
mod found;
mod hash_problem;
mod hashes;
mod include;
mod input;
mod lines;
mod option;
mod parser;
mod pin;
mod placed;
mod requirement;

pub use error::{RequirementProblem, RequirementProblemKind, RequirementsError};
pub use found::Found;
pub use hash_problem::HashProblem;
pub use hashes::check_hashes;
pub use include::{Include, beside, includes};
pub use input::{InputLine, asks_for_anything, input_lines};
pub use option::Hashes;
pub(crate) use option::option;
pub use pin::Pin;
pub use placed::{Place, Placed, placed};
pub use requirement::{Requirement, Requirements};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn pins_are_read_with_extras_markers_and_hashes() {
        let text = format!(
            "# comment\n--index-url https://index.example/simple\n\nFoo_Bar[b,a]==1.2 ; sys_platform == 'linux' \\\n    \
             --hash={A} \\\n    --hash=md5:00 # why\n    # via other\nbaz == 2.0 --hash {A}\r\n"
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
                    r.hashes.sha256.len() + r.hashes.stronger.len()
                )
            })
            .collect();
        assert_eq!(shown, ["4:foo-bar 1.2 [\"a\", \"b\"] true 1", "8:baz 2.0 [] false 1"]);
        assert!(parsed.has_all_hashes());
    }

    #[test]
    fn a_requirement_without_hashes_is_seen_and_one_with_weak_ones_is_refused() {
        assert!(!Requirements::parse("a==1", "r").expect("valid").has_all_hashes());
        let text = format!("a==1 --hash=md5:00 --hash=sha512:{}", "0".repeat(128));
        assert!(Requirements::parse(&text, "r").expect("valid").has_all_hashes());
        for (hash, expected) in
            [("md5:00", "only a hash of md5"), ("sha1:00", "of sha1"), ("sha512:00", "is not a hash")]
        {
            let error = Requirements::parse(&format!("b==1\na==1 --hash={hash}"), "r").expect_err(hash).to_string();
            assert!(error.starts_with("r:2: ") && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn every_line_that_is_no_pin_is_reported() {
        use RequirementProblemKind as Kind;
        for (line, expected) in [
            ("-r https://index.example/r.txt", Kind::OtherFile("-r URL".into())),
            ("svn+https://h.example/a", Kind::Place("URL".into(), "is a repository of another kind than git")),
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
