//! `init`: the image.toml that is derived from a folder, written down.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use shipwheel_builder::Definition;
use shipwheel_plan::derive::{Outcome, Row};

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

    /// Translate a Dockerfile: a path below the folder.
    #[arg(long, value_name = "DOCKERFILE")]
    pub(crate) from: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) choices: ChoiceArguments,
}

/// Runs `init`; the one line is the path of what was written.
pub(crate) fn run(arguments: &InitArguments) -> Result<(), Failure> {
    let doing = format!("write an image.toml for {}", arguments.path.display());
    let (folder, choices) = (&arguments.path, arguments.choices.choices()?);
    let terminal = Terminal::new();
    let (path, missing) = match &arguments.from {
        None => Definition::init(folder, arguments.force, &choices).map_err(Failure::while_doing(doing))?,
        Some(from) => {
            let made = Definition::init_from(folder, from, arguments.force, &choices);
            let (path, translated) = made.map_err(Failure::while_doing(doing))?;
            terminal.lines(&side_by_side(&translated.rows));
            (path, translated.missing)
        }
    };
    for error in missing {
        terminal.lines(&format!("warning: {} is not complete: {}", shown::path(&path), one_line(&error.to_string())));
        terminal.lines(&format!("hint: {}", one_line(&error.hint())));
    }
    println!("{}", shown::path(&path));
    Ok(())
}

/// Each line of a Dockerfile beside what became of it, as a table; what is open comes once more, with what to do.
fn side_by_side(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.text.chars().count()).max().unwrap_or_default().min(MAX_WIDTH);
    let mut text = String::new();
    for Row { line, text: written, outcome } in rows {
        let became = match outcome {
            Outcome::Became(key) => format!("→ {key}"),
            Outcome::NotNeeded(why) => format!("- {why}"),
            Outcome::Open { why, .. } => format!("! not taken: {why}"),
        };
        let written: String = match written.chars().count() > width {
            true => written.chars().take(width - 1).chain(['…']).collect(),
            false => written.clone(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line:>4}  {written:width$}  {became}");
    }
    let open = rows.iter().filter_map(|row| match &row.outcome {
        Outcome::Open { todo, .. } => Some(format!("  line {}, {}: {todo}\n", row.line, row.text)),
        Outcome::Became(_) | Outcome::NotNeeded(_) => None,
    });
    let open: Vec<String> = open.collect();
    if !open.is_empty() {
        let _ = writeln!(text, "{} of {} were not taken; to do:\n{}", open.len(), rows.len(), open.concat().trim_end());
    }
    text.trim_end().to_owned()
}

/// The widest column of a Dockerfile's lines.
const MAX_WIDTH: usize = 60;

/// Shows a derived image.toml, so that nothing is decided in silence.
pub(crate) fn show(definition: &Definition, terminal: &Terminal) {
    let folder = definition.folder.display();
    terminal.line(&format!("no image.toml in {folder}; shipwheel derived this one (`shipwheel init` writes it):"));
    for line in definition.text.lines() {
        terminal.line(format!("  | {line}").trim_end());
    }
}
