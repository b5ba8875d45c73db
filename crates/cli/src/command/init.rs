//! `init`: the image.toml that is derived from a folder, written down.

use std::path::PathBuf;

use clap::Args;
use shipwheel_builder::Definition;

use crate::choices::ChoiceArguments;
use crate::failure::{Failure, one_line};
use crate::progress::Terminal;
use crate::shown;

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The application's folder.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,

    /// Overwrite an existing image.toml.
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) choices: ChoiceArguments,
}

/// Runs `init`; the one line is the path of what was written.
pub(crate) fn run(arguments: &InitArguments) -> Result<(), Failure> {
    let doing = format!("write an image.toml for {}", arguments.path.display());
    let path = Definition::init(&arguments.path, arguments.force, &arguments.choices.choices());
    let (path, missing) = path.map_err(Failure::while_doing(doing))?;
    let terminal = Terminal::new();
    for error in missing {
        terminal.lines(&format!("warning: {} is not complete: {}", shown::path(&path), one_line(&error.to_string())));
        terminal.lines(&format!("hint: {}", one_line(&error.hint())));
    }
    println!("{}", shown::path(&path));
    Ok(())
}

/// Shows a derived image.toml, so that nothing is decided in silence.
pub(crate) fn show(definition: &Definition, terminal: &Terminal) {
    let folder = definition.folder.display();
    terminal.line(&format!("no image.toml in {folder}; shipwheel derived this one (`shipwheel init` writes it):"));
    for line in definition.text.lines() {
        terminal.line(format!("  | {line}").trim_end());
    }
}
