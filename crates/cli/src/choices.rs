//! Flags that decide what is derived for a folder without an image.toml.

use clap::Args;
use shipwheel_builder::Definition;
use shipwheel_plan::derive::Choices;

use crate::failure::Failure;

#[derive(Debug, Default, Args)]
pub(crate) struct ChoiceArguments {
    /// The file of a folder without an image.toml that decides what is installed, such as requirements/prod.txt.
    #[arg(long, value_name = "FILE")]
    lock: Option<String>,
}

impl ChoiceArguments {
    pub(crate) fn choices(&self) -> Choices {
        Choices { lock: self.lock.clone() }
    }

    /// Checks that a definition is one that the flags decide about.
    ///
    /// # Errors
    /// When a flag would be passed over.
    pub(crate) fn check(&self, definition: &Definition) -> Result<(), Failure> {
        match &self.lock {
            Some(lock) if !definition.derived => Err(Failure::usage(
                format!("`--lock` is for folders without an image.toml, and there is {}", definition.file),
                Some(&format!("set `lock = \"{lock}\"` in `[python]` of image.toml")),
            )),
            Some(_) | None => Ok(()),
        }
    }
}
