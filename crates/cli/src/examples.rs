//! Examples, below the help of each command.

use clap::Command;

/// Commands with lines that can be typed: the words that lead to a command, none for the program itself.
const EXAMPLES: [(&str, &[&str]); 31] = [
    ("", &["shipwheel image .", "shipwheel run .", "shipwheel doctor"]),
    (
        "image",
        &[
            "shipwheel image .",
            "shipwheel image . --platforms amd64,arm64 --push registry.example/team/app:1.0.0",
            "shipwheel image . --dry-run",
        ],
    ),
    ("lock", &["shipwheel lock", "shipwheel lock app --image"]),
    ("bundle", &["shipwheel bundle app --output app.bundle.tar"]),
    ("init", &["shipwheel init .", "shipwheel init . --from Dockerfile"]),
    ("push", &["shipwheel push target/images/app registry.example/team/app:1.0.0"]),
    ("pull", &["shipwheel pull registry.example/team/app:1.0.0 --output oci:app"]),
    ("copy", &["shipwheel copy registry.example/team/app:1.0.0 mirror.example/app:1.0.0 --referrers"]),
    ("index", &["shipwheel index registry.example/app:1 --from registry.example/app:amd64 --from build/arm64"]),
    ("inspect", &["shipwheel inspect target/images/app", "shipwheel inspect python:3.13-slim --json"]),
    ("diff", &["shipwheel diff registry.example/app:1.0.0 target/images/app"]),
    ("sbom", &["shipwheel sbom target/images/app --format spdx"]),
    ("sign", &["shipwheel sign registry.example/team/app:1.0.0 --key cosign.key"]),
    ("verify", &["shipwheel verify target/images/app", "shipwheel verify registry.example/app:1.0.0 --key cosign.pub"]),
    ("retrofit", &["shipwheel retrofit python:3.13-slim --output oci:python"]),
    ("rebase", &["shipwheel rebase registry.example/app:1.0.0 --onto python:3.13-slim --output oci:app"]),
    ("bytecode", &["shipwheel bytecode app", "shipwheel bytecode app --optimize 2"]),
    ("startup", &["shipwheel startup target/images/app", "shipwheel startup target/images/app --profile"]),
    ("run", &["shipwheel run .", "shipwheel run target/images/app -- python -m app --help"]),
    ("load", &["shipwheel load target/images/app", "shipwheel load . --to podman"]),
    ("registry", &["shipwheel registry probe registry.example/team/probe"]),
    ("registry probe", &["shipwheel registry probe registry.example/team/probe"]),
    ("cache", &["shipwheel cache du", "shipwheel cache prune --older-than 30d"]),
    ("cache path", &["shipwheel cache path"]),
    ("cache du", &["shipwheel cache du --json"]),
    ("cache prune", &["shipwheel cache prune --keep-size 5GB"]),
    ("cache verify", &["shipwheel cache verify --repair"]),
    ("cache clear", &["shipwheel cache clear --keep-downloads"]),
    ("doctor", &["shipwheel doctor", "shipwheel doctor --offline --json"]),
    (
        "completions",
        &[
            "shipwheel completions bash > ~/.local/share/bash-completion/completions/shipwheel",
            "shipwheel completions zsh",
        ],
    ),
    ("manual", &["shipwheel manual ~/.local/share/man/man1"]),
];

/// The command with the examples of it and of all below it.
pub(crate) fn with_examples(command: Command) -> Command {
    below(command, "")
}

fn below(command: Command, words: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    let mut command = command;
    for name in names {
        let words = format!("{words} {name}").trim_start().to_owned();
        command = command.mut_subcommand(name, |it| below(it, &words));
    }
    let lines = EXAMPLES.iter().find(|(of, _)| *of == words).map_or(&[][..], |(_, lines)| lines);
    match lines.is_empty() {
        true => command,
        false => command.after_help(format!("Examples:\n  {}", lines.join("\n  "))),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Arguments;

    /// The commands with the words that lead to them, those of shells and files left out of their lines.
    fn all(command: &Command, words: &str, found: &mut Vec<String>) {
        found.push(words.to_owned());
        for below in command.get_subcommands() {
            all(below, format!("{words} {}", below.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn every_command_has_examples_and_no_other_has() {
        let mut commands = Vec::new();
        all(&Arguments::command(), "", &mut commands);
        let mut named: Vec<&str> = EXAMPLES.iter().map(|(words, _)| *words).collect();
        commands.sort();
        named.sort_unstable();
        assert_eq!(commands, named);
    }

    #[test]
    fn every_example_is_a_line_that_is_taken_by_the_command_that_shows_it() {
        for (words, lines) in EXAMPLES {
            assert!(!lines.is_empty(), "{words}");
            for line in lines {
                let typed: Vec<&str> = line.split_whitespace().take_while(|word| *word != ">").collect();
                let matches = with_examples(Arguments::command()).try_get_matches_from(&typed);
                assert!(matches.is_ok(), "{line}: {}", matches.unwrap_err());
                assert!(line.starts_with(format!("shipwheel {words}").trim_end()), "{words}: {line}");
            }
        }
    }

    #[test]
    fn help_shows_the_examples_of_its_command() {
        let help = |words: &[&str]| {
            let error = with_examples(Arguments::command()).try_get_matches_from(words).unwrap_err();
            error.render().to_string()
        };
        for flag in ["-h", "--help"] {
            assert!(help(&["shipwheel", flag]).contains("\nExamples:\n  shipwheel image .\n"));
            assert!(help(&["shipwheel", "cache", "du", flag]).contains("\nExamples:\n  shipwheel cache du --json\n"));
        }
    }
}
