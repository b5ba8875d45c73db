//! Every command and flag that the docs show is one that the program has.

use std::collections::BTreeSet;

use super::page::Page;
use crate::commands::{CommandHelp, commands};

/// What `cargo xtask` has besides shipwheel's own commands.
const CHORES: [&str; 11] =
    ["bench", "ci", "dist", "fuzz", "matrix", "mutants", "picture", "soak", "stress", "test", "tidy"];

/// What is wrong with a command line, seen from the help; `None` for another program's.
fn mistake(line: &str, commands: &[CommandHelp]) -> Option<String> {
    let rest = line.strip_prefix("shipwheel ").or_else(|| line.strip_prefix("cargo xtask "))?;
    // What is behind `--` is for another program.
    let words = rest.split_whitespace().take_while(|word| *word != "--");
    let words: Vec<&str> = words.map(|word| word.trim_matches(['[', ']'])).collect();
    let first = words.first()?;
    if CHORES.contains(first) || !first.starts_with(|c: char| c.is_ascii_lowercase() || c == '-') {
        return None;
    }
    let is_command = |words: &[&str]| commands.iter().find(|command| command.words == words);
    let count = (0..=words.len()).rev().find(|count| is_command(&words[..*count]).is_some())?;
    let command = is_command(&words[..count])?;
    if count == 0 && !first.starts_with('-') {
        return Some(format!("`{line}`: there is no command `{first}`"));
    }
    let flags: BTreeSet<&str> = command.flags().collect();
    let given = words[count..].iter().filter(|word| word.starts_with("--")).map(|word| word.split('=').next().unwrap());
    let unknown: Vec<&str> = given.filter(|flag| !flags.contains(flag)).collect();
    (!unknown.is_empty()).then(|| format!("`{line}`: no flag {unknown:?}"))
}

#[test]
fn every_command_line_in_the_docs_is_one_that_the_program_takes() {
    let (mut seen, mut mistakes) = (0, Vec::new());
    for page in Page::all() {
        let code = page.code();
        seen += code.iter().filter(|line| line.starts_with("shipwheel ") || line.starts_with("cargo xtask ")).count();
        mistakes
            .extend(code.iter().filter_map(|line| mistake(line, commands())).map(|it| format!("{}: {it}", page.name)));
    }
    assert!(seen > 40, "only {seen} command lines were found");
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

#[test]
fn every_flag_that_the_docs_quote_is_one_of_a_command() {
    let flags: BTreeSet<&str> = commands().iter().flat_map(CommandHelp::flags).collect();
    // Flags of tools for locks, in the columns that say what those are told, and options of requirements files.
    let tools =
        ["--extras", "--with", "--group", "--extra-index-url", "--index-url", "--find-links", "--no-index", "--hash"];
    // Flags of servers that are read in an image's command or variables.
    let servers = ["--chdir", "--app-dir", "--pythonpath", "--bind"];
    // Flags of the tools that are measured beside this one.
    let peers = ["--layers"];
    let others = [&tools[..], &servers, &peers].concat();
    let mut unknown = Vec::new();
    for page in Page::all() {
        for code in page.code().iter().filter(|code| code.starts_with("--")) {
            let flag = code.split([' ', '=']).next().unwrap();
            if !flags.contains(flag) && !others.contains(&flag) {
                unknown.push(format!("{}: {flag}", page.name));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn a_wrong_command_line_is_seen() {
    for (line, wrong) in [
        ("shipwheel image --platforms amd64", false),
        ("cargo xtask image --platfroms amd64", true),
        ("shipwheel registry probe registry.example/x --ca-file FILE", false),
        ("shipwheel imgae", true),
        ("cargo xtask test NAME --nothing", false),
        ("uv lock --nothing", false),
        ("shipwheel run app -- --nothing", false),
        ("shipwheel run app --nothing --", true),
    ] {
        assert_eq!(mistake(line, commands()).is_some(), wrong, "{line}");
    }
}
