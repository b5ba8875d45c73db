//! One start of an image's interpreter on this machine: how long, how much, and from where its modules came.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use fs_err as fs;
use shipwheel_layer::Tree;

use super::files;
use super::profile::{self, Import};
use super::started::{Ended, Sample, TIME_LIMIT, run};
use crate::confine::confinement::{Confinement, Purpose, Root};
use crate::confine::sandbox::Sandbox;
use crate::error::BuildError;
use crate::program::program_error::ProgramError;
use shipwheel_store::{FileAction, open_regular};

/// The most bytes of the output of `-v` that are read.
const MAX_OUTPUT: u64 = 64 << 20;

/// How far the program may write into one file.
const MAX_FILE: u64 = 1 << 30;

/// Bytes of address space of each process. Libraries for numbers reserve much more than they use.
const MEMORY: u64 = 64 << 30;

/// The largest environment, in bytes as it is handed on: Linux takes no more than 128 KiB in one argument.
const MAX_ENVIRONMENT: usize = 120 << 10;

/// How an interpreter is started.
pub(super) struct Surroundings {
    /// What starts it, confined.
    pub(super) sandbox: Sandbox,
    /// The image's environment.
    pub(super) env: BTreeMap<String, String>,
    /// The folder to start in, in the image.
    pub(super) workdir: String,
    /// The interpreter in the image.
    pub(super) python: String,
    /// With the image's files as its root, if this machine can; else by the image's own loader.
    pub(super) launch: Launch,
}

/// The two ways to run a program of a folder of files.
pub(super) enum Launch {
    /// In namespaces, with the folder as its root and without a network.
    Root {
        /// The user to become, who owns the folder.
        user: Option<u32>,
    },
    /// By the folder's own dynamic loader; the paths in the image are below the folder.
    Loader {
        /// Seen from the folder.
        loader: String,
        /// Library folders, seen from the folder.
        libraries: Vec<String>,
        /// The interpreter with all links followed.
        python: String,
        /// Folders of modules that the interpreter would find by itself in a root of its own.
        modules: Vec<String>,
    },
}

/// What makes a start say more than it would.
struct Talk {
    /// Options of the interpreter.
    options: &'static [&'static str],
    /// A variable.
    environment: Option<(&'static str, &'static str)>,
    /// Lines before the program.
    prelude: &'static str,
}

impl Talk {
    const NOTHING: Self = Self { options: &[], environment: None, prelude: "" };
}

impl Surroundings {
    /// Starts the interpreter in a folder, to its end.
    fn run(&self, root: &Path, arguments: &[&str], talk: &Talk, stderr: Stdio) -> Result<Ended, String> {
        check_environment(&self.env)?;
        let mut confinement = self.confinement(root);
        confinement
            .environment
            .extend(talk.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        confinement.arguments.extend(arguments.iter().map(OsString::from));
        let workdir = match &self.launch {
            Launch::Root { .. } => root.to_owned(),
            Launch::Loader { .. } => root.join(self.workdir.trim_start_matches('/')),
        };
        let mut command = self.sandbox.command(confinement);
        command.current_dir(workdir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        run(command, TIME_LIMIT)
    }

    /// The confined start of the interpreter in a folder, to be given its arguments.
    fn confinement(&self, root: &Path) -> Confinement {
        let mut environment = self.env.clone();
        environment.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        let confinement = Confinement { memory: Some(MEMORY), file_size: MAX_FILE, ..Confinement::default() };
        match &self.launch {
            Launch::Root { user } => Confinement {
                program: self.python.clone().into(),
                environment: environment.into_iter().collect(),
                ..confinement_in_root(confinement, &self.workdir, *user)
            },
            Launch::Loader { loader, libraries, python, modules } => {
                let shown = |path: &str| root.join(path.trim_start_matches('/')).display().to_string();
                let mut arguments: Vec<OsString> = Vec::new();
                // musl's loader has no cache, and takes no option that it does not know.
                if !loader.rsplit('/').next().is_some_and(|name| name.starts_with("ld-musl-")) {
                    arguments.push("--inhibit-cache".into());
                }
                let libraries: Vec<String> = libraries.iter().map(|path| shown(path)).collect();
                arguments.extend(["--library-path".into(), libraries.join(":").into(), shown(python).into()]);
                let own = environment.remove("PYTHONPATH").unwrap_or_default();
                let own = own.split(':').filter(|path| !path.is_empty()).map(str::to_owned);
                let path: Vec<String> = own.chain(modules.iter().cloned()).map(|path| shown(&path)).collect();
                environment.insert("PYTHONPATH".to_owned(), path.join(":"));
                // It may not write to this machine's.
                environment.entry("TMPDIR".to_owned()).or_insert_with(|| shown("/tmp"));
                Confinement {
                    program: shown(loader).into(),
                    arguments,
                    environment: environment.into_iter().collect(),
                    writable: vec![root.into()],
                    purpose: Purpose::Start,
                    ..confinement
                }
            }
        }
    }

    /// Whether the interpreter starts at all this way.
    pub(super) fn works(&self, root: &Path) -> bool {
        self.run(root, &["-c", "pass"], &Talk::NOTHING, Stdio::null()).is_ok_and(|ended| ended.status.success())
    }

    /// Starts the interpreter, has it import a module, and measures.
    ///
    /// # Errors
    /// When it does not start, or the import fails.
    pub(super) fn measure(&self, root: &Path, module: Option<&str>) -> Result<Sample, BuildError> {
        let ended = self.run(root, &["-c", &program(module)], &Talk::NOTHING, Stdio::null());
        let ended = ended.map_err(|said| failed(module, &said))?;
        check(module, &ended, "")?;
        Ok(ended.sample)
    }

    /// From where the modules came, as CPython itself says it.
    ///
    /// # Errors
    /// As [`Surroundings::measure`]; what the interpreter said last is in the error.
    pub(super) fn origins(&self, root: &Path, module: Option<&str>, said: &Path) -> Result<Origins, BuildError> {
        let talk = Talk { options: &["-v"], ..Talk::NOTHING };
        self.said(root, module, (&talk, said)).map(|text| Origins::read(&text, root))
    }

    /// What each import takes, in a start of its own.
    ///
    /// # Errors
    /// As [`Surroundings::origins`].
    pub(super) fn imports(&self, root: &Path, module: Option<&str>, said: &Path) -> Result<Vec<Import>, BuildError> {
        let talk = Talk { options: &["-X", "importtime"], ..Talk::NOTHING };
        self.said(root, module, (&talk, said)).map(|text| profile::read(&text))
    }

    /// What it reads of the files of a tree, in a start of its own.
    ///
    /// # Errors
    /// As [`Surroundings::origins`].
    pub(super) fn files(
        &self,
        root: &Path,
        module: Option<&str>,
        (tree, said): (&Tree, &Path),
    ) -> Result<Vec<String>, BuildError> {
        let environment = Some(files::ENVIRONMENT);
        let talk = Talk { options: &files::OPTIONS, environment, prelude: files::PRELUDE };
        self.said(root, module, (&talk, said)).map(|text| files::read(&text, root, tree))
    }

    /// Starts the interpreter with options that make it talk, and returns what it said; it goes by way of a file.
    fn said(&self, root: &Path, module: Option<&str>, (talk, said): (&Talk, &Path)) -> Result<String, BuildError> {
        let file = fs::File::create(said).map_err(BuildError::file(FileAction::Create, said))?;
        let program = format!("{}{}", talk.prelude, program(module));
        let arguments: Vec<&str> = talk.options.iter().copied().chain(["-c", &program]).collect();
        let ended = self.run(root, &arguments, talk, Stdio::from(file.into_parts().0));
        let ended = ended.map_err(|said| failed(module, &said))?;
        let file = open_regular(said).map_err(BuildError::file(FileAction::Read, said))?;
        let mut text = Vec::new();
        file.take(MAX_OUTPUT).read_to_end(&mut text).map_err(BuildError::file(FileAction::Read, said))?;
        let text = String::from_utf8_lossy(&text);
        check(module, &ended, &text)?;
        Ok(text.into_owned())
    }
}

/// Refuses an environment that no confined start can be given.
fn check_environment(environment: &BTreeMap<String, String>) -> Result<(), String> {
    let size = serde_json::to_string(environment).map_or(usize::MAX, |text| text.len());
    if size <= MAX_ENVIRONMENT {
        return Ok(());
    }
    let longest = environment.iter().max_by_key(|(_, value)| value.len()).map_or("", |(name, _)| name);
    Err(format!(
        "the image's environment has {} KiB, most of it in {longest}; shipwheel starts programs with at most {} KiB",
        size >> 10,
        MAX_ENVIRONMENT >> 10
    ))
}

/// A start with the folder that it happens in as the root, and everything in it to write.
pub(super) fn confinement_in_root(confinement: Confinement, workdir: &str, user: Option<u32>) -> Confinement {
    let root = Root { workdir: workdir.into(), user };
    Confinement { writable: vec!["/".into()], purpose: Purpose::StartInRoot(root), ..confinement }
}

/// The program: nothing that the image does not import anyway.
fn program(module: Option<&str>) -> String {
    let import = module.map_or_else(String::new, |module| format!("import {module}\n"));
    format!("{import}import posix\nposix.write(1, b'\\0ready\\n')\nposix.read(0, 1)\n")
}

/// From where the modules of a start came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Origins {
    /// How many came from pycs.
    pub(super) from_pycs: usize,
    /// The sources that were compiled.
    pub(super) compiled: Vec<String>,
}

impl Origins {
    /// Lines of `python -v`: `# code object from '/app/x.pyc'`, and `# code object from /app/x.py` for what was compiled.
    /// The image's own loader shows paths below the folder that the image is in.
    fn read(said: &str, root: &Path) -> Self {
        let root = root.display().to_string();
        let paths = said.lines().filter_map(|line| line.strip_prefix("# code object from "));
        let paths: Vec<&str> = paths.map(|path| path.trim_matches('\'')).collect();
        let ending = |end: &'static str| paths.iter().filter(move |path| path.ends_with(end));
        Self {
            from_pycs: ending(".pyc").count(),
            compiled: ending(".py").map(|path| path.strip_prefix(&root).unwrap_or(path).to_owned()).collect(),
        }
    }
}

fn check(module: Option<&str>, ended: &Ended, said: &str) -> Result<(), BuildError> {
    if ended.timed_out {
        return Err(failed(module, &format!("it took more than {} seconds", TIME_LIMIT.as_secs())));
    }
    if ended.status.success() {
        return Ok(());
    }
    let status = ended.status;
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
    fn an_environment_that_no_start_can_be_given_is_told_with_its_largest_variable() {
        let environment = |size: usize| {
            let large = ("LARGE".to_owned(), "x".repeat(size));
            BTreeMap::from([("A".to_owned(), "1".to_owned()), large])
        };
        assert_eq!(check_environment(&environment(100 << 10)), Ok(()));
        let said = check_environment(&environment(200 << 10)).unwrap_err();
        assert!(said.contains("has 200 KiB, most of it in LARGE") && said.contains("at most 120 KiB"), "{said}");
    }

    #[test]
    fn modules_are_counted_by_what_they_came_from() {
        let said = "# /a/__pycache__/m.cpython-311.pyc matches /a/m.py\n\
                    # code object from '/a/__pycache__/m.cpython-311.pyc'\nimport 'm' # <x>\n\
                    # code object from /a/n.py\n# code object from /root/a/o.py\n# code object from '/a/legacy.pyc'\n";
        assert_eq!(
            Origins::read(said, Path::new("/root")),
            Origins { from_pycs: 2, compiled: vec!["/a/n.py".to_owned(), "/a/o.py".to_owned()] }
        );
    }
}
