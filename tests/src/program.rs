//! Runs shipwheel as a user would: the built program, its exit code and both of its outputs.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;
use xshell::{Cmd, Shell, cmd};

/// What one run of a program came to.
#[derive(Debug)]
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Runs a command that may fail.
    ///
    /// # Panics
    /// When it cannot be started at all.
    pub fn of(command: &Cmd<'_>) -> Self {
        let output = command.output().expect("the program starts");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The run itself, for a chain.
    ///
    /// # Panics
    /// When it failed; the message is what the user would have seen.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "exit code\n{}", self.stderr);
        self
    }

    /// Checks that the run failed with this exit code, said all of this on standard error and nothing on the other.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn failed(&self, code: i32, fragments: &[&str]) {
        assert_eq!(self.code, code, "exit code\n{}", self.stderr);
        let missing: Vec<_> = fragments.iter().filter(|fragment| !self.stderr.contains(**fragment)).collect();
        assert!(missing.is_empty(), "not said: {missing:?}\n{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "a panic is not an answer\n{}", self.stderr);
        assert_eq!(self.stdout, "", "a failed run says nothing on standard output");
    }

    /// The one line on standard output.
    ///
    /// # Panics
    /// When there is not exactly one.
    #[track_caller]
    pub fn line(&self) -> &str {
        let lines: Vec<&str> = self.stdout.lines().collect();
        assert_eq!(lines.len(), 1, "standard output is one line\n{}", self.stdout);
        lines[0]
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in\n{}", self.stdout))
    }
}

/// A command line that was not run yet.
#[derive(Debug, Clone)]
pub struct CommandLine {
    /// The program, and what it is told.
    pub arguments: Vec<String>,
    /// Variables besides those of this process.
    pub environment: Vec<(String, String)>,
}

/// shipwheel with the surroundings it is to be run in.
#[derive(Debug, Clone)]
pub struct Shipwheel {
    folder: PathBuf,
    umask: &'static str,
    stdin: String,
    inherits: bool,
    /// How many seconds a run may take.
    limit: Option<u32>,
    environment: Vec<(String, String)>,
}

impl Shipwheel {
    /// In the workspace, with the cache that all tests share.
    pub fn new() -> Self {
        let cache = shared_cache().display().to_string();
        Self {
            folder: workspace(),
            umask: "022",
            stdin: String::new(),
            inherits: true,
            limit: None,
            environment: vec![("SHIPWHEEL_CACHE_DIR".to_owned(), cache), ("NO_COLOR".to_owned(), "1".to_owned())],
        }
    }

    /// In a folder of one test's own, with the cache below it and no variable of this process: the same on every machine.
    ///
    /// The program finds only a shell and what this machine's `/usr/bin` has.
    pub fn apart(folder: &Path) -> Self {
        let variables = [
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("HOME", folder.join("home").display().to_string()),
            ("SHIPWHEEL_CACHE_DIR", folder.join("cache").display().to_string()),
            ("NO_COLOR", "1".to_owned()),
        ];
        let environment = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Self {
            folder: folder.to_path_buf(),
            umask: "022",
            stdin: String::new(),
            inherits: false,
            limit: None,
            environment,
        }
    }

    /// From this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = folder.to_path_buf();
        self
    }

    /// With this variable, in place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// With this on standard input.
    #[must_use]
    pub fn with_stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    /// Killed after so many seconds, as code 124: a run that waits for ever fails its test.
    #[must_use]
    pub fn within(mut self, seconds: u32) -> Self {
        self.limit = Some(seconds);
        self
    }

    /// With this umask.
    #[must_use]
    pub fn with_umask(mut self, umask: &'static str) -> Self {
        self.umask = umask;
        self
    }

    /// Runs one command line.
    ///
    /// # Panics
    /// When the program cannot be started at all.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let shell = Shell::new().expect("a shell");
        shell.change_dir(&self.folder);
        let (program, umask) = (built(), self.umask);
        // Few files may be open at once: an image of thousands must not need thousands. One that nobody closed must
        // not reach what is confined.
        let limit = self.limit.map(|seconds| format!("timeout {seconds} ")).unwrap_or_default();
        let script = format!("ulimit -n 256 && umask {umask} && exec {limit}\"$0\" \"$@\" 7< /dev/null");
        let mut command =
            cmd!(shell, "sh -c {script} {program} {arguments...}").quiet().ignore_status().stdin(&self.stdin);
        if !self.inherits {
            command = command.env_clear();
        }
        for (name, value) in &self.environment {
            command = command.env(name, value);
        }
        Run::of(&command)
    }

    /// The command line and the variables of a run, for a test that starts it in another way.
    pub fn command(&self, arguments: &[&str]) -> CommandLine {
        let program = built().display().to_string();
        let arguments = std::iter::once(program).chain(arguments.iter().map(|text| (*text).to_owned())).collect();
        CommandLine { arguments, environment: self.environment.clone() }
    }

    /// Runs `image` with these arguments.
    pub fn image(&self, arguments: &[&str]) -> Run {
        self.run(&[&["image"], arguments].concat())
    }
}

impl Default for Shipwheel {
    fn default() -> Self {
        Self::new()
    }
}

/// The top of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in a workspace").to_path_buf()
}

/// A folder of one test's own, gone with the value; every user may look into it, so that rootless judges can.
///
/// # Panics
/// When none can be made.
pub fn scratch() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new().prefix("shipwheel-test-").tempdir().expect("a temporary folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("our own folder");
    folder
}

/// The folder that cargo builds into: `<target>/debug/deps/<test>` is where a test runs from.
pub(crate) fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    test.ancestors().nth(3).expect("cargo's own layout").to_path_buf()
}

/// One cache for all tests; whoever has filled one already hands it over in the variable.
fn shared_cache() -> PathBuf {
    let given = std::env::var_os("SHIPWHEEL_CACHE_DIR").map(PathBuf::from);
    given.unwrap_or_else(|| target().join("tests").join("cache"))
}

/// The program, built as `cargo xtask` builds it, once for each run of the tests.
fn built() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let shell = Shell::new().expect("a shell");
        shell.change_dir(workspace());
        let target = target();
        cmd!(shell, "cargo build --quiet --package shipwheel-cli --bin shipwheel")
            .quiet()
            .env("CARGO_TARGET_DIR", &target)
            .run()
            .expect("shipwheel builds");
        target.join("debug/shipwheel")
    })
}
