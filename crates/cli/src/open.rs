//! What commands that build need: the session, with the environment and the clock read once.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use shipwheel_builder::{Definition, Outside, Places, Sandbox, Session};
use shipwheel_store::auth::HostLogin;
use shipwheel_store::{Cache, TRUSTED_FOLDERS};

use crate::choices::ChoiceArguments;
use crate::failure::Failure;
use crate::network::{self, NetworkArguments};
use crate::progress::Terminal;

/// Opens the cache and the network, and reads the environment and the clock: once, here.
pub(crate) fn session<'a>(
    network: &NetworkArguments,
    login: Option<HostLogin>,
    offline: bool,
    terminal: &'a Terminal,
) -> Result<Session<'a>, Failure> {
    let (http, registry) = network::connect(network, login, &workspace_root())?;
    Ok(Session {
        cache: Cache::open(&cache_folder()?)?,
        http,
        registry,
        offline,
        outside: Outside::Network,
        environment: network::environment(),
        now: std::time::SystemTime::now().try_into().unwrap_or_default(),
        epoch: epoch()?,
        interpreter: None,
        sandbox: SandboxArguments::default().sandbox(),
        jobs: std::thread::available_parallelism().map_or(1, Into::into),
        progress: terminal,
        report: terminal,
    })
}

/// What the user asks of the sandbox.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct SandboxArguments {
    /// Fail if this machine cannot confine an image's code; otherwise a warning says so.
    #[arg(long)]
    require_sandbox: bool,
}

impl SandboxArguments {
    /// The sandbox: this very program starts the interpreter, also where its file was replaced in the meantime.
    pub(crate) fn sandbox(&self) -> Sandbox {
        Sandbox::new("/proc/self/exe".into(), self.require_sandbox)
    }
}

/// `SOURCE_DATE_EPOCH`, or the epoch itself: never a clock.
pub(crate) fn epoch() -> Result<i64, Failure> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => {
            text.parse().ok().filter(|seconds| (0..=253_402_300_799).contains(seconds)).ok_or_else(|| {
                Failure::usage(format!("SOURCE_DATE_EPOCH is `{text}`, expected seconds since 1970"), None)
            })
        }
        _ => Ok(0),
    }
}

/// The cache's folder: `$SHIPWHEEL_CACHE_DIR`, else `shipwheel` in the user's cache folder.
///
/// # Errors
/// When nothing names one, or the folders that are trusted above it are named in a way that means nothing.
pub(crate) fn cache_folder() -> Result<PathBuf, Failure> {
    check_trusted(&std::env::var_os(TRUSTED_FOLDERS).unwrap_or_default())?;
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("SHIPWHEEL_CACHE_DIR")
        .or_else(|| set("XDG_CACHE_HOME").map(|path| path.join("shipwheel")))
        .or_else(|| set("HOME").map(|path| path.join(".cache/shipwheel")))
        .ok_or_else(|| Failure::usage("found no folder for the cache", Some("set SHIPWHEEL_CACHE_DIR")))
}

/// Checks the folders that the user vouches for: a relative one would be another folder wherever a command runs.
fn check_trusted(folders: &OsStr) -> Result<(), Failure> {
    let mut named = std::env::split_paths(folders).filter(|folder| !folder.as_os_str().is_empty());
    match named.find(|folder| !folder.is_absolute()) {
        None => Ok(()),
        Some(relative) => Err(Failure::usage(
            format!("{TRUSTED_FOLDERS} names `{}`, expected absolute paths with `:` between them", relative.display()),
            Some("name each folder from `/` on, such as /builds"),
        )),
    }
}

/// The definition that a command names.
pub(crate) fn definition(
    root: &Path,
    name: Option<&str>,
    profile: Option<&str>,
    choices: &ChoiceArguments,
) -> Result<Definition, Failure> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let places = Places { images: &root.join("images"), home: home.as_deref() };
    let chosen = choices.choices()?;
    let definition = Definition::load(places, name, profile, &chosen);
    let mut definition = definition.map_err(Failure::while_doing("read the image definition"))?;
    choices.apply(chosen, &mut definition)?;
    Ok(definition)
}

/// The nearest folder upwards that has an `images` folder, else the working directory.
pub(crate) fn workspace_root() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let found = here.ancestors().find(|folder| folder.join("images").is_dir()).map(Path::to_owned);
    match found {
        // Relative where it can be: paths in messages then read as they were typed.
        Some(found) if found == here => PathBuf::new(),
        Some(found) => found,
        None => here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_trusted_are_absolute() {
        for (folders, relative) in [
            ("", None),
            ("/builds", None),
            ("/builds:/cache/", None),
            ("/builds:", None),
            ("relative", Some("`relative`")),
            ("/builds:../x", Some("`../x`")),
            ("~/builds", Some("`~/builds`")),
        ] {
            let checked = check_trusted(OsStr::new(folders));
            let Some(relative) = relative else {
                assert!(checked.is_ok(), "{folders}");
                continue;
            };
            let failure = checked.expect_err(folders);
            assert_eq!(failure.exit_code(), 2);
            let expected = format!("error: SHIPWHEEL_TRUSTED_FOLDERS names {relative}, expected absolute paths");
            assert!(failure.render().starts_with(&expected), "{}", failure.render());
        }
    }
}
