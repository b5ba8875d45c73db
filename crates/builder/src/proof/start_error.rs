//! Commands that the kernel would not start.

use shipwheel_oci::Platform;
use shipwheel_store::ErrorKind;

/// The image would not start, whatever is in its modules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Nothing in the base runs what the command names.
    #[error("the image would not start: {} needs `{program}`, which the base does not have ({platform})", subject(.script.as_deref()))]
    NoProgram {
        /// The script that names the program in its first line; `None` if the command itself names it.
        script: Option<String>,
        /// The path or the name of the program.
        program: String,
        /// The package of Debian that has it.
        package: &'static str,
        /// For which image.
        platform: Platform,
    },
    /// Neither the environment nor the base has the program.
    #[error("the image would not start: nothing in it brings `{program}`, which the command starts ({platform})")]
    NotInstalled {
        /// The name of the program.
        program: String,
        /// For which image.
        platform: Platform,
    },
    /// A file is started that may not be executed.
    #[error("the image would not start: {script}, which the command starts, is not executable")]
    NotExecutable {
        /// Its path in the image.
        script: String,
    },
}

impl StartError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoProgram { package, .. } => {
                let more = if *package == "coreutils" { "" } else { ", and \"coreutils\" for what scripts call" };
                format!(
                    "choose a command without it, as with `--cmd`; or save the image.toml with `shipwheel init` (with \
                     `--from Dockerfile` where there is one) and add \"{package}\"{more} to `packages` of `base.debian`"
                )
            }
            Self::NotInstalled { program, .. } => match program.starts_with('-') {
                true => format!(
                    "`{program}` is an argument: name the program before it, as with `--cmd \"python3 {program} …\"`"
                ),
                false => "add the distribution that has the command to the dependencies and lock them again; if a group or \
                          an extra of the lock has it, name that in `groups` or `extras` in `[python]` of image.toml; or \
                          choose another command, as with `--cmd`"
                    .to_owned(),
            },
            Self::NotExecutable { script } => {
                let name = script.rsplit('/').next().unwrap_or(script);
                format!(
                    "make the file executable (`chmod +x {name}`), or name its interpreter before it in `config.entrypoint` \
                     or `config.cmd`, as with `--cmd \"python3 {script}\"` for a script of Python"
                )
            }
        }
    }
}

fn subject(script: Option<&str>) -> String {
    script.map_or_else(|| "the command".to_owned(), |script| format!("{script}, which the command starts,"))
}
