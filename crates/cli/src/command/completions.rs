//! `completions`: a script that completes commands and flags, for the shell that is named.

use clap::{Args, Command};
use clap_complete::{Generator as _, Shell};

use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    pub(crate) shell: Shell,
}

/// Runs `completions`.
pub(crate) fn run(arguments: &CompletionsArguments, command: Command) -> Result<(), Failure> {
    print!("{}", script(arguments.shell, command)?);
    Ok(())
}

/// The script of a shell.
fn script(shell: Shell, mut command: Command) -> Result<String, Failure> {
    command.set_bin_name("shipwheel");
    command.build();
    let mut script = Vec::new();
    let unwritten =
        |error: &dyn std::fmt::Display| Failure::usage(format!("{shell} cannot be completed: {error}"), None);
    shell.try_generate(&command, &mut script).map_err(|error| unwritten(&error))?;
    String::from_utf8(script).map_err(|error| unwritten(&error))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::arguments::command_line;

    #[test]
    fn every_shell_has_a_script_with_every_command() {
        assert_eq!(Shell::value_variants().len(), 5);
        for shell in Shell::value_variants() {
            let script = script(*shell, command_line()).unwrap();
            for command in command_line().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
            assert!(script.contains("platforms") && !script.contains('\u{1b}'), "{shell}");
        }
    }
}
