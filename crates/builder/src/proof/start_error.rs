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
