//! A file beside a binary that says what it was built from; as long as all of that is as it was, cargo has nothing to do.
//!
//! A stamp is stricter than cargo, which rebuilds only if a file is newer: here any other size, time, or inode of any
//! input means that cargo runs. If the stamp is wrong in the other direction, cargo runs and finds nothing to do.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::identity::identity;
use crate::inputs::Inputs;

/// The first line; another format has another number.
const FORMAT: &str = "xtask stamp 2";

/// The kernel sets the times of files by a clock that ticks this slowly at most.
const TICK: Duration = Duration::from_millis(20);

/// What a binary was built from.
pub(crate) struct Stamp {
    settings: Vec<String>,
    /// When the build began, in nanoseconds since 1970.
    begun: i128,
    files: Vec<Input>,
    /// The variables that sources and build scripts read, with their values as one word.
    variables: Vec<(String, String)>,
}

/// A file as it was when the build ended.
struct Input {
    path: PathBuf,
    identity: String,
    /// Of the content; `None` for the binary.
    hash: Option<u64>,
}

impl Input {
    fn is_same(&self) -> bool {
        identity(&self.path) == self.identity
    }
}

impl Stamp {
    /// Takes a stamp of a finished build; `None` if one of its inputs changed after the build began.
    pub(crate) fn take(settings: Vec<String>, binary: &Path, inputs: Inputs, begun: SystemTime) -> Option<Self> {
        let oldest = nanoseconds(begun - TICK);
        let is_recent = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| changed(&found) >= oldest);
        if inputs.files.iter().any(is_recent) {
            return None;
        }
        let input = |path: PathBuf| Input { identity: identity(&path), hash: Some(hash(&path)), path };
        let binary = Input { path: binary.to_path_buf(), identity: identity(binary), hash: None };
        let files: Vec<Input> = inputs.files.into_iter().map(input).chain([binary]).collect();
        // The format has one line for each file.
        let is_line = |file: &Input| file.path.to_str().is_some_and(|text| !text.contains('\n'));
        let variables =
            inputs.variables.into_iter().map(|name| (value(&name), name)).map(|(value, name)| (name, value));
        let variables = variables.collect();
        files.iter().all(is_line).then(|| Self { settings, begun: nanoseconds(begun), files, variables })
    }

    /// Whether all settings and files are as they were.
    pub(crate) fn is_current(&self, settings: &[String]) -> bool {
        let is_same = |(name, then): &(String, String)| value(name) == *then;
        self.settings == settings && self.variables.iter().all(is_same) && self.files.iter().all(Input::is_same)
    }

    /// Makes files new that have other content but an old time, as after unpacking a backup: cargo overlooks them.
    pub(crate) fn touch_older(&self, settings: &[String]) -> io::Result<()> {
        // With another workspace, these are another one's files.
        if self.settings.first() != settings.first() {
            return Ok(());
        }
        let mut touched = false;
        for file in self.files.iter().filter(|file| file.hash.is_some() && !file.is_same()) {
            let Ok(modified) = fs::metadata(&file.path).and_then(|found| found.modified()) else { continue };
            if nanoseconds(modified) <= self.begun && Some(hash(&file.path)) != file.hash {
                fs::File::options().append(true).open(&file.path)?.set_modified(SystemTime::now())?;
                touched = true;
            }
        }
        if touched {
            // The build begins after these files changed, by any clock.
            std::thread::sleep(2 * TICK);
        }
        Ok(())
    }

    /// Reads a stamp; `None` if there is no complete one.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.lines();
        let begun = lines.next()?.strip_prefix(FORMAT)?.trim().parse().ok()?;
        let (mut settings, mut files, mut variables, mut ended) = (Vec::new(), Vec::new(), Vec::new(), false);
        for line in lines {
            match line.split_once(' ')? {
                ("setting", setting) => settings.push(setting.to_owned()),
                ("file", file) => {
                    let (identity, file) = file.split_once(' ')?;
                    let (hash, path) = file.split_once(' ')?;
                    files.push(Input { path: path.into(), identity: identity.to_owned(), hash: hash.parse().ok() });
                }
                ("variable", variable) => {
                    let (name, value) = variable.split_once(' ')?;
                    variables.push((name.to_owned(), value.to_owned()));
                }
                ("end", _) => ended = true,
                _ => return None,
            }
        }
        ended.then_some(Self { settings, begun, files, variables })
    }

    /// Writes the stamp: whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = format!("{FORMAT} {}\n", self.begun);
        for setting in &self.settings {
            text += &format!("setting {setting}\n");
        }
        for Input { path, identity, hash } in &self.files {
            let hash = hash.map_or_else(|| "-".to_owned(), |hash| hash.to_string());
            text += &format!("file {identity} {hash} {}\n", path.display());
        }
        for (name, value) in &self.variables {
            text += &format!("variable {name} {value}\n");
        }
        text += "end \n";
        let partial = path.with_extension(format!("stamp.{}", std::process::id()));
        fs::write(&partial, text)?;
        fs::rename(&partial, path)
    }
}

/// The value of a variable as text in one line.
fn value(name: &str) -> String {
    format!("{:?}", env::var_os(name))
}

/// When a file was last written, linked or renamed, which nobody can set back, in nanoseconds since 1970.
fn changed(metadata: &fs::Metadata) -> i128 {
    i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec())
}

fn nanoseconds(time: SystemTime) -> i128 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as i128
}

/// FNV-1a of a file's content; it has to tell edits apart, not attacks.
fn hash(path: &Path) -> u64 {
    let bytes = fs::read(path).unwrap_or_default();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
