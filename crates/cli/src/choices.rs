//! Flags that decide what is derived for a folder without an image.toml, or what an image.toml says of the start.

use clap::Args;
use shipwheel_builder::Definition;
use shipwheel_plan::derive::Choices;
use shipwheel_plan::shell;
use shipwheel_python::DistributionName;

use crate::failure::Failure;

#[derive(Debug, Default, Args)]
pub(crate) struct ChoiceArguments {
    /// The file of a folder without an image.toml that decides what is installed, such as requirements/prod.txt.
    #[arg(long, value_name = "FILE")]
    lock: Option<String>,

    /// What the image starts, such as "gunicorn shop:app"; no shell reads it.
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,

    /// The entry point that the image starts; `--cmd` is its arguments then.
    #[arg(long, value_name = "COMMAND")]
    entrypoint: Option<String>,

    /// A port to expose, where a derived server listens too; may be given several times.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Vec<u16>,

    /// The image's name [default: that of image.toml, of the project, or of the folder].
    #[arg(long = "name", value_name = "NAME")]
    image_name: Option<String>,

    /// A distribution without wheels whose code may be built on this machine; may be given several times.
    #[arg(long, value_name = "NAME")]
    allow_build: Vec<DistributionName>,
}

impl ChoiceArguments {
    /// What the flags say.
    ///
    /// # Errors
    /// When a command needs a shell.
    pub(crate) fn choices(&self) -> Result<Choices, Failure> {
        Ok(Choices {
            lock: self.lock.clone(),
            cmd: words("--cmd", self.cmd.as_deref())?,
            entrypoint: words("--entrypoint", self.entrypoint.as_deref())?,
            ports: self.port.clone(),
            name: self.image_name.clone(),
            allow_build: self.allow_build.iter().cloned().collect(),
        })
    }

    /// Puts what the flags say into a definition that is written; one that is derived has it already.
    ///
    /// # Errors
    /// When a flag would be passed over.
    pub(crate) fn apply(&self, choices: Choices, definition: &mut Definition) -> Result<(), Failure> {
        if definition.derived {
            return Ok(());
        }
        if let Some(lock) = &self.lock {
            return Err(Failure::usage(
                format!("`--lock` is for folders without an image.toml, and there is {}", definition.file),
                Some(&format!("set `lock = \"{lock}\"` in `[python]` of image.toml")),
            ));
        }
        let config = &mut definition.spec.config;
        if let Some(entrypoint) = choices.entrypoint {
            // The arguments of another entry point are not this one's.
            (config.entrypoint, config.cmd) = (Some(entrypoint), None);
        }
        config.cmd = choices.cmd.or(config.cmd.take());
        if !choices.ports.is_empty() {
            config.exposed_ports = choices.ports.iter().map(|port| format!("{port}/tcp")).collect();
        }
        if let Some(python) = &mut definition.spec.python {
            python.allow_build.extend(choices.allow_build);
        }
        if let Some(name) = choices.name {
            definition.name = name;
        }
        Ok(())
    }
}

/// The words of a command that is given as one text.
fn words(flag: &str, text: Option<&str>) -> Result<Option<Vec<String>>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let words = shell::plain_words(text).ok_or_else(|| {
        let message = format!("`{flag}` is `{text}`, which only a shell can read, and no shell reads it");
        Failure::usage(message, Some("write one command without variables, or name the shell: `--cmd \"sh -c '…'\"`"))
    })?;
    Ok(Some(words))
}
