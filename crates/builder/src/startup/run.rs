//! One start of an image's interpreter on this machine: how long, how much, and from where its modules came.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;
use wait4::Wait4 as _;

use crate::error::BuildError;
use crate::program::program_error::ProgramError;
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::{FileAction, open_regular, read_small_text};

/// A start that takes longer is ended by the alarm that the program sets.
const TIME_LIMIT: u32 = 120;

/// The most bytes of the output of `-v` that are read.
const MAX_OUTPUT: u64 = 64 << 20;

/// What the program says when everything is imported.
const READY: &[u8] = b"\0ready\n";

/// How an interpreter is started.
pub(super) struct Surroundings {
    /// The image's environment.
    pub(super) env: BTreeMap<String, String>,
    /// The folder to start in, in the image.
    pub(super) workdir: String,
    /// The interpreter in the image.
    pub(super) python: String,
    /// `unshare` of this machine, where namespaces may be made; else the image's own loader.
    pub(super) launch: Launch,
}

/// The two ways to run a program of a folder of files.
pub(super) enum Launch {
    /// In a user namespace, with the folder as its root and without a network.
    Namespace { unshare: PathBuf },
    /// By the folder's own dynamic loader; the paths in the image are below the folder.
    Loader {
        /// Seen from the folder.
        loader: String,
        /// Library folders, seen from the folder.
        libraries: Vec<String>,
        /// The interpreter with all links followed.
        python: String,
        /// Folders of modules that the interpreter would find by itself in a namespace.
        modules: Vec<String>,
    },
}

/// What one start took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    /// The most memory it had, in bytes.
    pub(super) peak: u64,
}

impl Surroundings {
    /// The command that starts the interpreter in a folder.
    pub(super) fn command(&self, root: &Path) -> Command {
        let inside = |path: &str| root.join(path.trim_start_matches('/'));
        let shown = |path: &str| inside(path).display().to_string();
        match &self.launch {
            Launch::Namespace { unshare } => {
                let mut command = Command::new(unshare);
                command.args(["--map-root-user", "--net"]).arg(format!("--root={}", root.display()));
                command.arg(format!("--wd={}", self.workdir)).arg(&self.python);
                command.env_clear().envs(&self.env).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root);
                command
            }
            Launch::Loader { loader, libraries, python, modules } => {
                let libraries: Vec<String> = libraries.iter().map(|path| shown(path)).collect();
                let mut command = Command::new(inside(loader));
                command.args(["--inhibit-cache", "--library-path", &libraries.join(":")]).arg(inside(python));
                let own = self.env.get("PYTHONPATH").map(String::as_str).unwrap_or_default();
                let own = own.split(':').filter(|path| !path.is_empty()).map(str::to_owned);
                let path: Vec<String> = own.chain(modules.iter().cloned()).map(|path| shown(&path)).collect();
                command.env_clear().envs(&self.env).env("PYTHONPATH", path.join(":"));
                command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(inside(&self.workdir));
                command
            }
        }
    }

    /// Whether the interpreter starts at all this way.
    pub(super) fn works(&self, root: &Path) -> bool {
        let mut command = self.command(root);
        command.args(["-c", "pass"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Starts the interpreter, has it import a module, and measures.
    ///
    /// # Errors
    /// When it does not start, or the import fails.
    pub(super) fn measure(&self, root: &Path, module: Option<&str>) -> Result<Sample, BuildError> {
        let mut command = self.command(root);
        command.args(["-c", &program(module)]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let begun = Instant::now();
        let mut child = command.spawn().map_err(|error| failed(module, &error.to_string()))?;
        let peak = wait_until_ready(&mut child).then(|| peak_of(child.id())).flatten();
        drop(child.stdin.take());
        let ended = child.wait4().map_err(|error| failed(module, &error.to_string()))?;
        let wall = begun.elapsed();
        check(module, ended.status, "")?;
        let cpu = ended.rusage.utime + ended.rusage.stime;
        Ok(Sample { wall, cpu, peak: peak.unwrap_or(ended.rusage.maxrss) })
    }

    /// How many modules came from pycs, and how many were compiled, as CPython itself says it.
    ///
    /// # Errors
    /// As [`Surroundings::measure`]; what the interpreter said last is in the error.
    pub(super) fn origins(&self, root: &Path, module: Option<&str>, said: &Path) -> Result<(usize, usize), BuildError> {
        let file = fs::File::create(said).map_err(BuildError::file(FileAction::Create, said))?;
        let mut command = self.command(root);
        command.args(["-v", "-c", &program(module)]).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::from(file.into_parts().0));
        let status = command.status().map_err(|error| failed(module, &error.to_string()))?;
        let file = open_regular(said).map_err(BuildError::file(FileAction::Read, said))?;
        let mut text = Vec::new();
        file.take(MAX_OUTPUT).read_to_end(&mut text).map_err(BuildError::file(FileAction::Read, said))?;
        let text = String::from_utf8_lossy(&text);
        check(module, status, &text)?;
        Ok(count_origins(&text))
    }
}

/// The program: nothing that the image does not import anyway, and an alarm of the kernel's.
fn program(module: Option<&str>) -> String {
    let import = module.map_or_else(String::new, |module| format!("import {module}\n"));
    format!(
        "import _signal\n_signal.alarm({TIME_LIMIT})\n{import}import posix\n\
         posix.write(1, b'\\0ready\\n')\nposix.read(0, 1)\n"
    )
}

/// Waits until the child is ready; anything that a module prints before is skipped.
fn wait_until_ready(child: &mut Child) -> bool {
    let Some(mut out) = child.stdout.take() else { return false };
    let (mut tail, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read) = out.read(&mut buffer) {
        if read == 0 {
            return false;
        }
        tail.extend_from_slice(&buffer[..read]);
        if tail.windows(READY.len()).any(|window| window == READY) {
            return true;
        }
        tail.drain(..tail.len().saturating_sub(READY.len()));
    }
    false
}

/// The most memory that a process had since it was executed. What `wait4` says counts the parent's as well.
fn peak_of(process: u32) -> Option<u64> {
    let text = read_small_text(Path::new(&format!("/proc/{process}/status")), MAX_SETTINGS).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Lines of `python -v`: `# code object from '/app/x.pyc'`, and `# code object from /app/x.py` for what was compiled.
fn count_origins(said: &str) -> (usize, usize) {
    let paths = said.lines().filter_map(|line| line.strip_prefix("# code object from "));
    let paths: Vec<&str> = paths.map(|path| path.trim_matches('\'')).collect();
    let count = |end: &str| paths.iter().filter(|path| path.ends_with(end)).count();
    (count(".pyc"), count(".py"))
}

fn check(module: Option<&str>, status: ExitStatus, said: &str) -> Result<(), BuildError> {
    if status.success() {
        return Ok(());
    }
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with('#') && !line.starts_with("import ")).collect();
    let last = lines[lines.len().saturating_sub(3)..].join("; ");
    Err(failed(module, &if last.is_empty() { status.to_string() } else { format!("{status}: {last}") }))
}

fn failed(module: Option<&str>, output: &str) -> BuildError {
    let program = format!("the image's interpreter, importing {},", module.unwrap_or("nothing"));
    ProgramError::Failed { program, output: output.to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_counted_by_what_they_came_from() {
        let said = "# /a/__pycache__/m.cpython-311.pyc matches /a/m.py\n\
                    # code object from '/a/__pycache__/m.cpython-311.pyc'\nimport 'm' # <x>\n\
                    # code object from /a/n.py\n# code object from '/a/legacy.pyc'\n";
        assert_eq!(count_origins(said), (2, 1));
    }
}
