//! Requirements that are still to be locked: which of their lines can be locked without running anyone's code.

use std::collections::BTreeSet;

use crate::dependency::Dependency;
use crate::name::DistributionName;
use crate::requirements::error::{RequirementProblem, RequirementProblemKind as Kind};
use crate::requirements::lines::logical_lines;
use crate::requirements::option::option;
use crate::requirements::parser::LOOKUP_OPTIONS;
use crate::requirements::placed::{Placed, placed_line};

/// Options that name another file.
const OTHER_FILES: [&str; 4] = ["-r", "--requirement", "-c", "--constraint"];

/// A line of requirements that can be locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputLine {
    /// A name with what is asked of it.
    Requirement(String),
    /// What says where it is.
    Placed(Box<Placed>),
    /// Another file with requirements: its path as written.
    Include(String),
    /// A file with constraints: its path as written.
    Constraint(String),
    /// A folder or a page with links to files: its path or URL as written.
    FindLinks(String),
    /// Another option on where files are found, as written.
    Lookup(String),
}

/// Reads requirements that are to be locked: joined lines without comments, one value for each.
///
/// `allowed` names the distributions whose source distributions may be built.
///
/// # Errors
/// Every line that cannot be read, or that would have source distributions built that `allowed` does not name.
pub fn input_lines(
    text: &str,
    allowed: &BTreeSet<DistributionName>,
) -> Result<Vec<InputLine>, Vec<RequirementProblem>> {
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for (line, text) in logical_lines(text) {
        match input_line(line, &text, allowed) {
            Ok(found) => lines.extend(found),
            Err(kind) => problems.push(RequirementProblem { line, kind }),
        }
    }
    if problems.is_empty() { Ok(lines) } else { Err(problems) }
}

/// Whether requirements ask for anything by themselves: lines besides options on where files are found, and besides
/// other files, which [`includes`](super::includes) lists.
pub fn asks_for_anything(text: &str) -> bool {
    let is_silent = |name: &str| LOOKUP_OPTIONS.contains(&name) || OTHER_FILES.contains(&name);
    logical_lines(text).iter().any(|(_, line)| !is_silent(option(line).0))
}

fn input_line(line: usize, text: &str, allowed: &BTreeSet<DistributionName>) -> Result<Option<InputLine>, Kind> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Kind::Control(text.escape_debug().collect()));
    }
    if let Some(placed) = placed_line(line, text)? {
        return Ok(Some(InputLine::Placed(Box::new(placed))));
    }
    if !text.starts_with('-') {
        return requirement(text).map(Some);
    }
    let (name, value) = option(text);
    match name {
        "-r" | "--requirement" | "-c" | "--constraint" if value.contains("://") => {
            Err(Kind::OtherFile(format!("{name} URL")))
        }
        "-r" | "--requirement" => Ok(Some(InputLine::Include(value.to_owned()))),
        "-c" | "--constraint" => Ok(Some(InputLine::Constraint(value.to_owned()))),
        "-f" | "--find-links" => Ok(Some(InputLine::FindLinks(value.to_owned()))),
        // Wheels come first anyway; which sources may be built is said by `allow-build`.
        "--only-binary" => Ok(None),
        "--no-binary" => {
            let mut names = value.split(',').map(|name| name.trim().parse::<DistributionName>());
            let may = names.all(|name| name.is_ok_and(|name| allowed.contains(&name)));
            if may { Ok(None) } else { Err(Kind::Builds(value.to_owned())) }
        }
        _ if LOOKUP_OPTIONS.contains(&name) => Ok(Some(InputLine::Lookup(text.to_owned()))),
        _ => Err(Kind::Option(name.to_owned())),
    }
}

fn requirement(text: &str) -> Result<InputLine, Kind> {
    let pin = text.find(" --").map_or(text, |at| &text[..at]);
    match pin.parse::<Dependency>() {
        Ok(_) => Ok(InputLine::Requirement(pin.trim().to_owned())),
        Err(error) => Err(Kind::Unreadable(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_options_and_other_files_can_be_locked() {
        let text = "idna>=3 ; python_version > '3.8'  # why\nrequests[socks] \\\n  ==2\n-r base.in\n-cc.txt\n\
            --requirement=more.in\n--find-links ./wheels\n--index-url https://index.example\n--only-binary=:all:\n\
            --no-binary Thing\n";
        let allowed = BTreeSet::from(["thing".parse().expect("a name")]);
        let lines = input_lines(text, &allowed).expect("valid");
        let expected = [
            InputLine::Requirement("idna>=3 ; python_version > '3.8'".into()),
            InputLine::Requirement("requests[socks]    ==2".into()),
            InputLine::Include("base.in".into()),
            InputLine::Constraint("c.txt".into()),
            InputLine::Include("more.in".into()),
            InputLine::FindLinks("./wheels".into()),
            InputLine::Lookup("--index-url https://index.example".into()),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn every_line_that_would_run_code_is_refused() {
        for line in [
            "${HERE}",
            "hg+https://files.example/x",
            "--no-binary evil",
            "--no-binary :all:",
            "--no-binary=thing,evil",
            "-r https://files.example/r.txt",
            "--config-settings x=y",
            "idna\r./dep",
            "idna\u{b}./dep",
            "./dep --config-settings x=y",
        ] {
            let allowed = BTreeSet::from(["thing".parse().expect("a name")]);
            let problems = input_lines(&format!("idna\n{line}\n"), &allowed).expect_err(line);
            assert_eq!(problems[0].line, 2, "{line}");
        }
        // A lone carriage return is the end of a line to uv: what follows is in no comment of its own.
        assert_eq!(input_lines("# x\r./dep\n", &BTreeSet::new()), Ok(Vec::new()));
        let secret = input_lines("evil @ ftp://user:pw@files.example/a\n", &BTreeSet::new()).expect_err("a URL");
        assert!(!secret[0].kind.to_string().contains("pw"), "{}", secret[0].kind);
    }

    #[test]
    fn a_file_with_only_a_folder_asks_for_something() {
        for (text, expected) in [
            ("", false),
            ("# x\n", false),
            ("-i https://index.example\n", false),
            ("./dep\n", true),
            ("-e .", true),
            ("-r a.txt\n-c b.txt", false),
        ] {
            assert_eq!(asks_for_anything(text), expected, "{text}");
        }
    }
}
