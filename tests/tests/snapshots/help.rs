//! What `--help` says of every command.

use crate::commands::commands;
use crate::snapshot::{check_all, check_no_other};

#[test]
fn every_command_explains_itself() {
    let named = |words: &[String]| if words.is_empty() { "shipwheel".to_owned() } else { words.join("-") };
    let texts: Vec<_> = commands().iter().map(|command| (named(&command.words), command.text.clone())).collect();
    assert!(texts.len() >= 15, "12 commands, and those below two of them");
    let names: Vec<String> = texts.iter().map(|(name, _)| name.clone()).collect();
    check_all("help", texts);
    check_no_other("help", &names.iter().map(String::as_str).collect::<Vec<_>>());
}
