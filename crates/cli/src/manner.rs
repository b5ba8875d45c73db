//! How everything is said: quietly or in full, and in which colors. It is asked for once, before any command.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::sync::OnceLock;

use clap::{Args, ColorChoice, ValueEnum};

/// The flags that every command has.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct MannerArguments {
    /// Say nothing but errors and the result.
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(crate) quiet: bool,

    /// Say every detail: each layer by itself, and libraries that only plug-ins and machines with special hardware need.
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) verbose: bool,

    /// Colors: on terminals, always, or never [default: auto, as NO_COLOR and CLICOLOR_FORCE say].
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub(crate) color: When,
}

/// Where there are colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum When {
    /// On terminals, unless the environment says otherwise.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl When {
    /// Whether something is colored, by the flag, then by the variables (no-color.org, bixense.com/clicolors), then by
    /// where it goes.
    fn colors(self, no_color: Option<&str>, forced: Option<&str>, is_terminal: bool) -> bool {
        let is_set = |value: Option<&str>| value.is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if is_set(no_color) => false,
            Self::Auto => is_set(forced) && forced != Some("0") || is_terminal,
        }
    }

    /// What the flag says among words that may be no command line: how to say that needs to be known, too.
    pub(crate) fn typed(words: &[OsString]) -> Self {
        let words = words.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--");
        let mut last = None;
        let mut is_next = false;
        for word in words {
            match word.strip_prefix("--color") {
                Some("") => is_next = true,
                Some(value) => last = value.strip_prefix('=').map(str::to_owned).or(last),
                None if std::mem::take(&mut is_next) => last = Some(word.into_owned()),
                None => {}
            }
        }
        last.and_then(|word| Self::from_str(&word, false).ok()).unwrap_or_default()
    }

    fn colors_here(self, is_terminal: bool) -> bool {
        let [no_color, forced] = ["NO_COLOR", "CLICOLOR_FORCE"].map(|name| std::env::var(name).ok());
        self.colors(no_color.as_deref(), forced.as_deref(), is_terminal)
    }

    /// What the texts of help and of wrong usage are told.
    pub(crate) fn of_help(self) -> ColorChoice {
        let is_terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        if self.colors_here(is_terminal) { ColorChoice::Always } else { ColorChoice::Never }
    }
}

static MANNER: OnceLock<MannerArguments> = OnceLock::new();

/// Holds to the flags from here on.
pub(crate) fn hold_to(flags: MannerArguments) {
    // A second command line in one process would be told so by the first one's manner.
    let _ = MANNER.set(flags);
}

fn manner() -> MannerArguments {
    MANNER.get().copied().unwrap_or_default()
}

/// Whether only errors and results are said.
pub(crate) fn is_quiet() -> bool {
    manner().quiet
}

/// Whether every detail is said.
pub(crate) fn is_verbose() -> bool {
    manner().verbose
}

/// A text for standard error, which was made safe before, with its labels in colors where these are wanted.
pub(crate) fn for_stderr(text: &str) -> String {
    labeled(text, manner().color.colors_here(std::io::stderr().is_terminal()))
}

/// A word of standard output in the color of what it says, where colors are wanted.
pub(crate) fn state_on_stdout(word: &str) -> String {
    let is_colored = manner().color.colors_here(std::io::stdout().is_terminal());
    colored(word, is_colored)
}

/// Escapes of terminals (ECMA-48, SGR): bold red, bold yellow, green, bold cyan, and back.
const BAD: &str = "\x1b[1;31m";
const DOUBTFUL: &str = "\x1b[1;33m";
const GOOD: &str = "\x1b[32m";
const ADVICE: &str = "\x1b[1;36m";
const PLAIN: &str = "\x1b[0m";

/// What lines of ours begin with: names in a message cannot begin a line.
const LABELS: [(&str, &str); 3] = [("error:", BAD), ("warning:", DOUBTFUL), ("hint:", ADVICE)];

fn labeled(text: &str, is_colored: bool) -> String {
    if !is_colored {
        return text.to_owned();
    }
    let line = |line: &str| match LABELS.iter().find(|(label, _)| line.starts_with(label)) {
        Some((label, color)) => format!("{color}{label}{PLAIN}{}", &line[label.len()..]),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

fn colored(word: &str, is_colored: bool) -> String {
    let color = match word.trim_end() {
        _ if !is_colored => return word.to_owned(),
        "ok" => GOOD,
        "warn" => DOUBTFUL,
        "missing" => BAD,
        _ => return word.to_owned(),
    };
    format!("{color}{word}{PLAIN}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_goes_before_the_variables_and_these_before_the_terminal() {
        for (when, no_color, forced, is_terminal, expected) in [
            (When::Auto, None, None, true, true),
            (When::Auto, None, None, false, false),
            (When::Auto, Some("1"), None, true, false),
            (When::Auto, Some(""), None, true, true),
            (When::Auto, None, Some("1"), false, true),
            (When::Auto, None, Some("0"), false, false),
            (When::Auto, None, Some("0"), true, true),
            (When::Auto, None, Some(""), false, false),
            (When::Auto, Some("1"), Some("1"), true, false),
            (When::Always, Some("1"), None, false, true),
            (When::Never, None, Some("1"), true, false),
        ] {
            let found = when.colors(no_color, forced, is_terminal);
            assert_eq!(found, expected, "{when:?} {no_color:?} {forced:?} {is_terminal}");
        }
    }

    #[test]
    fn the_flag_is_found_among_any_words() {
        for (line, expected) in [
            ("shipwheel imgae --color always", When::Always),
            ("shipwheel --color=never image", When::Never),
            ("shipwheel --color=never image --color always", When::Always),
            ("shipwheel --color sometimes", When::Auto),
            ("shipwheel run . -- --color always", When::Auto),
            ("shipwheel image --color", When::Auto),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(When::typed(&words), expected, "{line}");
        }
    }

    #[test]
    fn labels_at_the_start_of_a_line_are_colored_and_nothing_else() {
        let text = "error: a warning: b\n  cause: error: c\nhint: d\n";
        let expected = "\x1b[1;31merror:\x1b[0m a warning: b\n  cause: error: c\n\x1b[1;36mhint:\x1b[0m d\n";
        assert_eq!(labeled(text, true), expected);
        assert_eq!(labeled(text, false), text);
        assert_eq!(colored("warn   ", true), "\x1b[1;33mwarn   \x1b[0m");
        assert_eq!((colored("ok", false), colored("other", true)), ("ok".to_owned(), "other".to_owned()));
    }
}
