//! The program's name as the user typed it: `shipwheel`, or `cargo xtask` if the launcher started it.

use std::borrow::Cow;
use std::path::Path;

/// The name that hints and messages of the crates below use, in backquotes and with a command: `shipwheel lock`.
const WRITTEN: &str = "`shipwheel ";

/// Rewrites the commands in a text so that the user can type them.
pub(crate) fn spell(text: &str) -> Cow<'_, str> {
    let called = std::env::args_os().next();
    let name = called.as_deref().and_then(|path| Path::new(path).file_name()?.to_str());
    spell_as(name.unwrap_or("shipwheel"), text)
}

fn spell_as<'a>(name: &str, text: &'a str) -> Cow<'a, str> {
    match text.contains(WRITTEN) {
        true => Cow::Owned(text.replace(WRITTEN, &format!("`{name} "))),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_name_the_program_as_it_was_called() {
        for (name, text, spelled) in [
            (
                "cargo xtask",
                "hint: run `shipwheel lock app`, or `shipwheel init`",
                "hint: run `cargo xtask lock app`, or `cargo xtask init`",
            ),
            ("shipwheel", "run `shipwheel lock`", "run `shipwheel lock`"),
            ("cargo xtask", "the package `shipwheel` of shipwheel ", "the package `shipwheel` of shipwheel "),
        ] {
            assert_eq!(spell_as(name, text), spelled);
        }
    }
}
