//! Every command, found by asking the program's own help.

use std::sync::OnceLock;

use shipwheel_tests::{Shipwheel, scratch};

/// The help of a command, with the words that lead to it: none for the program itself.
#[derive(Debug, Clone)]
pub struct CommandHelp {
    /// `["registry", "probe"]`.
    pub words: Vec<String>,
    /// What `--help` prints.
    pub text: String,
}

/// All commands, parents first.
pub fn commands() -> &'static [CommandHelp] {
    static COMMANDS: OnceLock<Vec<CommandHelp>> = OnceLock::new();
    COMMANDS.get_or_init(|| {
        let folder = scratch();
        let shipwheel = Shipwheel::apart(folder.path());
        let mut found = vec![help(&shipwheel, &[])];
        let mut next = 0;
        while next < found.len() {
            let CommandHelp { words, text } = found[next].clone();
            for name in section(&text, "Commands:").filter_map(|line| line.split_whitespace().next()) {
                if name != "help" {
                    let words: Vec<String> = words.iter().cloned().chain([name.to_owned()]).collect();
                    found.push(help(&shipwheel, &words));
                }
            }
            next += 1;
        }
        found
    })
}

fn help(shipwheel: &Shipwheel, words: &[String]) -> CommandHelp {
    let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    let run = shipwheel.run(&arguments).succeeded();
    assert_eq!(run.stderr, "", "help is for standard output");
    CommandHelp { words: words.to_vec(), text: run.stdout }
}

/// The entries under a heading: lines that are indented by two spaces.
pub fn section<'t>(text: &'t str, heading: &str) -> impl Iterator<Item = &'t str> {
    let lines = text.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "))
}

impl CommandHelp {
    /// The long flags that the command takes.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter_map(|line| {
            // A short flag comes before it: `-h, --help`.
            let line = line.trim_start();
            let long = line.find(", --").filter(|place| *place == 2 && line.starts_with('-'));
            let line = long.map_or(line, |place| &line[place + 2..]);
            line.starts_with("--").then(|| line.split([' ', '=', '[']).next().unwrap_or(line))
        })
    }
}
