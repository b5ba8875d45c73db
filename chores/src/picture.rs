//! `cargo xtask picture`: draws docs/terminal.svg, a terminal in which shipwheel builds a small application for real.

use std::fmt::Write as _;
use std::num::NonZero;
use std::path::Path;

use vt100::{Cell, Color, Parser};
use xshell::{Shell, cmd};

use crate::program::shipwheel;
use crate::workspace::{Outcome, workspace};

/// Where the README shows it from.
const PICTURE: &str = "docs/terminal.svg";
/// What is typed.
const COMMAND: &str = "shipwheel image . --platforms amd64,arm64";
/// The application, as in docs/five-minutes.md.
const FILES: [(&str, &str); 2] = [
    (
        "app.py",
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/\")\ndef hello():\n    return \"Hello\"\n",
    ),
    ("requirements.txt", "flask>=3.1,<4\ngunicorn>=23,<24\n"),
];
/// The terminal's width, and a height that nothing scrolls out of.
const COLUMNS: NonZero<u16> = NonZero::new(118).expect("it is wide");
const ROWS: NonZero<u16> = NonZero::new(200).expect("it is high");

/// Builds the program, runs it in a terminal, and draws what that shows at the end.
pub fn run(shell: &Shell) -> Outcome {
    let program = shipwheel(shell, false)?;
    let scratch = tempfile::tempdir()?;
    let folder = scratch.path().join("hello");
    for (name, text) in FILES {
        shell.write_file(folder.join(name), text)?;
    }
    shell.change_dir(&folder);
    let path = format!("{}:{}", program.parent().unwrap_or(Path::new("")).display(), std::env::var("PATH")?);
    // The lock and the definition are there before: deriving them has pages of its own.
    cmd!(shell, "shipwheel lock .").env("PATH", &path).quiet().ignore_stderr().run()?;
    cmd!(shell, "shipwheel init .").env("PATH", &path).quiet().ignore_stderr().run()?;
    let recorded = format!("stty cols {COLUMNS} rows {ROWS} && {COMMAND}");
    let output = cmd!(shell, "script --quiet --return --command {recorded} /dev/null")
        .env("PATH", &path)
        .env("TERM", "xterm-256color")
        .quiet()
        .output()?;
    let shown = String::from_utf8(output.stdout)?.replace(&scratch.path().display().to_string(), "~");
    let picture = draw(&format!("\x1b[1;32m$\x1b[0m {COMMAND}\r\n{shown}"));
    std::fs::write(workspace().join(Path::new(PICTURE)), picture)?;
    println!("drew {PICTURE}");
    Ok(())
}

/// The size of a character.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
/// The space around the text.
const EDGE: f32 = 16.0;

/// What a terminal shows after this output, as SVG.
fn draw(output: &str) -> String {
    let mut terminal = Parser::new(ROWS, COLUMNS, 0);
    terminal.process(output.as_bytes());
    let screen = terminal.screen();
    let used = (0..ROWS.get()).filter(|row| !line(&terminal, *row).trim().is_empty()).max().map_or(0, |row| row + 1);
    let (width, height) = (f32::from(COLUMNS.get()) * WIDTH + 2.0 * EDGE, f32::from(used) * HEIGHT + 2.0 * EDGE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n\
         <title>A terminal: {COMMAND}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, monospace\" font-size=\"14\" fill=\"#d6d9e0\">\n"
    );
    for row in 0..used {
        let y = EDGE + f32::from(row) * HEIGHT + HEIGHT * 0.75;
        let cells = (0..COLUMNS.get()).filter_map(|column| Some((column, screen.cell(row, column)?)));
        let mut run: Option<Run> = None;
        for (column, cell) in cells {
            let style = style(cell);
            match &mut run {
                Some(run) if run.style == style => run.push(cell),
                _ => {
                    svg += &run.take().map(|run| run.text(y)).unwrap_or_default();
                    let mut next = Run { column, style, text: String::new() };
                    next.push(cell);
                    run = Some(next);
                }
            }
        }
        svg += &run.map(|run| run.text(y)).unwrap_or_default();
    }
    svg + "</g>\n</svg>\n"
}

/// The text of a row.
fn line(terminal: &Parser, row: u16) -> String {
    (0..COLUMNS.get()).filter_map(|column| Some(terminal.screen().cell(row, column)?.contents())).collect()
}

/// Characters side by side that look alike.
struct Run {
    column: u16,
    style: String,
    text: String,
}

impl Run {
    fn push(&mut self, cell: &Cell) {
        self.text += if cell.has_contents() { cell.contents() } else { " " };
    }

    /// As an element; nothing where there is only space.
    fn text(&self, y: f32) -> String {
        let text = self.text.trim_end();
        if text.is_empty() {
            return String::new();
        }
        // Readers of SVG fold plain spaces.
        let escaped = text.replace(' ', "\u{a0}").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (x, mut element) = (EDGE + f32::from(self.column) * WIDTH, String::new());
        // A reader's font may be wider or narrower: the columns stay.
        let length = text.chars().count() as f32 * WIDTH;
        let style = &self.style;
        let _ = writeln!(
            element,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\"{style}>{escaped}</text>"
        );
        element
    }
}

/// How a character looks, as attributes.
fn style(cell: &Cell) -> String {
    let mut style = match cell.fgcolor() {
        Color::Default => String::new(),
        Color::Rgb(red, green, blue) => format!(" fill=\"#{red:02x}{green:02x}{blue:02x}\""),
        Color::Idx(index) => format!(" fill=\"{}\"", PALETTE[usize::from(index) % PALETTE.len()]),
    };
    if cell.bold() {
        style += " font-weight=\"bold\"";
    }
    if cell.dim() {
        style += " opacity=\"0.65\"";
    }
    style
}

/// The sixteen colors of a terminal.
const PALETTE: [&str; 16] = [
    "#3b4048", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d6d9e0", "#6b7280", "#ff7b86",
    "#b5e890", "#ffd68a", "#7cc4ff", "#dd8ff0", "#6fd3e0", "#ffffff",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_drawn_as_it_looks_at_the_end() {
        let svg = draw("half a bar\r\x1b[2Kdone \x1b[1;31m<5 & 6>\x1b[0m\r\n");
        assert!(!svg.contains("half"), "{svg}");
        assert!(svg.contains(">done</text>"), "{svg}");
        assert!(svg.contains("fill=\"#e06c75\" font-weight=\"bold\">&lt;5\u{a0}&amp;\u{a0}6&gt;</text>"), "{svg}");
        assert_eq!(svg.matches("<text").count(), 2);
    }

    #[test]
    fn the_picture_tells_nothing_of_the_machine_that_drew_it() {
        let svg = std::fs::read_to_string(workspace().join(PICTURE)).unwrap();
        assert!(svg.contains(&COMMAND.replace(' ', "\u{a0}")) && svg.contains("~/hello"), "it is of this command");
        for path in ["/tmp", "/root", "/home", &workspace().display().to_string()] {
            assert!(!svg.contains(path), "{path}");
        }
    }
}
