//! Runs the steps of `[[app.prepare]]` in order, or takes what they made before: files of the application → those and more.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use shipwheel_layer::TreePath;
use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::spec::PrepareStep;
use shipwheel_store::has_secret;

use super::copy::Copy;
use super::made::{MadeFile, Taking};
use super::preparation::{Preparation, WhenNeeded};
use super::prepare_error::PrepareError;
use super::process::Process;
use super::python::StepPython;
use crate::error::BuildError;
use crate::inspect::counted::counted;
use crate::project::application;
use crate::project::collected_file::CollectedFile;

/// Raise this when steps are run in another way.
const PREPARE_RECIPE: u32 = 1;

/// Variables of this machine that say how the network is reached; those with a password in them are not passed on.
const NETWORK: [&str; 11] = [
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// What a step is run with.
struct Ready<'r> {
    step: &'r PrepareStep,
    copy: Copy<'r>,
    python: Option<&'r StepPython>,
    /// What the image.toml gives it.
    variables: BTreeMap<String, String>,
}

impl Preparation<'_> {
    /// The application's files with what the steps make, in place of what the application has at their outputs.
    ///
    /// # Errors
    /// When a step cannot run, fails, or makes what cannot be in an image.
    pub(crate) fn add_to(&self, application: Vec<CollectedFile>) -> Result<Vec<CollectedFile>, BuildError> {
        let Some(app) = self.definition.spec.app.as_ref().filter(|app| !app.prepare.is_empty()) else {
            return Ok(application);
        };
        let destination = TreePath::new(&app.destination.value).map_err(BuildError::internal)?.to_string();
        let destination = destination.as_str();
        let (mut files, mut made) = (application, Vec::new());
        let python = OnceCell::new();
        for step in &app.prepare {
            let Some(new) = self.made(step, destination, &made, &python)? else { break };
            let outputs = step.made();
            let is_replaced = |it: &CollectedFile| outputs.has(below(it, destination));
            files.retain(|file| !is_replaced(file));
            made.retain(|file| !is_replaced(file));
            check_folders(step, &files, &new, destination)?;
            for file in &new {
                made.push(file.collected(self.session, &step.title, destination)?);
                if let Some(suspect) = file.suspect(self.session)? {
                    let what = format!("and step `{}` of app.prepare puts it into the image", step.title);
                    self.session.report.warning(&suspect.warning(&what));
                }
            }
        }
        files.extend(made);
        files.sort_by(|a, b| a.file.path.as_str().cmp(b.file.path.as_str()));
        Ok(files)
    }

    /// What a step makes; `None` if it would have to be run for that, and must not.
    fn made(
        &self,
        step: &PrepareStep,
        destination: &str,
        before: &[CollectedFile],
        python: &OnceCell<StepPython>,
    ) -> Result<Option<Vec<MadeFile>>, BuildError> {
        let inputs = application::inputs(self.definition, step.inputs.as_deref(), destination)?;
        let (not_copied, seen) = (step.not_copied(), step.seen());
        let is_seen = |path: &str| !not_copied.has(path) && seen.as_ref().is_none_or(|seen| seen.has(path));
        let all = inputs.iter().chain(before).map(|file| (below(file, destination), file));
        let copy = Copy::of(all.filter(|(path, _)| is_seen(path)));
        let python = if step.python { Some(self.python(step, python)?) } else { None };
        let ready = Ready { step, copy, python, variables: self.variables(step) };
        let key = self.key(&ready);
        let is_kept = |files: &Vec<MadeFile>| files.iter().all(|file| file.is_kept(self.session));
        if self.when_needed == WhenNeeded::Tell {
            let known = self.session.cache.record::<Vec<MadeFile>>("prepared", &key).filter(is_kept);
            if known.is_none() {
                self.session.report.warning(&format!(
                    "a build would run step `{}` of app.prepare; what it makes is not in this plan",
                    step.title
                ));
            }
            return Ok(known);
        }
        self.session.cache.remember("prepared", &key, is_kept, || self.run(&ready)).map(Some)
    }

    /// The Python of the steps, found once.
    fn python<'c>(&self, step: &PrepareStep, python: &'c OnceCell<StepPython>) -> Result<&'c StepPython, BuildError> {
        if let Some(known) = python.get() {
            return Ok(known);
        }
        let found = StepPython::find(self, &step.title)?;
        Ok(python.get_or_init(|| found))
    }

    /// What a step's image.toml gives it: named variables of this machine, and those with values.
    fn variables(&self, step: &PrepareStep) -> BTreeMap<String, String> {
        let passed =
            step.pass_env.iter().filter_map(|name| Some((name.clone(), self.session.variable(name)?.to_owned())));
        passed.chain(step.env.clone()).collect()
    }

    /// The key over all that a step's result is remembered by.
    fn key(&self, ready: &Ready<'_>) -> Digest {
        let step = ready.step;
        let mut hasher = Hasher::new();
        hasher.field(PREPARE_RECIPE.to_le_bytes()).field(self.session.epoch.to_le_bytes());
        hasher.field("run").fields(&step.run).field("directory").field(&step.directory);
        hasher.field("outputs").fields(step.outputs.iter().map(|output| &output.value)).field("environment");
        for (name, value) in &ready.variables {
            hasher.field(name).field(value);
        }
        hasher.field("inputs");
        ready.copy.add_to(&mut hasher);
        if let Some(python) = ready.python {
            python.add_to(&mut hasher);
        }
        hasher.finish()
    }

    /// Runs a step in a copy, and takes what it makes.
    fn run(&self, ready: &Ready<'_>) -> Result<Vec<MadeFile>, BuildError> {
        let (session, step) = (self.session, ready.step);
        session.report.step(&format!("prepare: running `{}`, a program of this machine", step.title));
        if session.offline {
            session.report.warning(&format!("--offline does not keep step `{}` from the network", step.title));
        }
        let scratch = session.cache.scratch_dir()?;
        let place = |name: &str| scratch.path().join(name);
        let (copy, venv, time) = (place("app"), place("venv"), self.time());
        ready.copy.write(&copy, time, &step.title)?;
        let folder = copy.join(&step.directory);
        for folder in [&folder, &place("home"), &place("tmp")] {
            fs_err::create_dir_all(folder).map_err(BuildError::file(shipwheel_store::FileAction::Create, folder))?;
        }
        if let Some(python) = ready.python {
            python.write(session, &venv)?;
        }
        let environment = self.environment(ready, scratch.path());
        let (program, arguments) = step.run.split_first().ok_or_else(|| BuildError::internal("a step without run"))?;
        let program = find_program(step, program, &environment["PATH"])?;
        Process { step: &step.title, program, arguments, folder: &folder, environment }.run(session)?;
        let made = Taking { session, definition: self.definition, step, copy: &copy }.take()?;
        session.report.step(&format!("prepare: `{}` made {}", step.title, counted(made.len(), "file")));
        Ok(made)
    }

    /// The time that all inputs have, and that programs take for now.
    fn time(&self) -> u64 {
        self.session.file_time().seconds()
    }

    /// All variables of a step.
    fn environment(&self, ready: &Ready<'_>, scratch: &Path) -> BTreeMap<String, String> {
        let path = self.session.variable("PATH").unwrap_or_default();
        // A folder that is relative is the one that is built, or below it.
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        let own = ready.python.map(|_| scratch.join("venv/bin"));
        let path = std::env::join_paths(own.into_iter().chain(folders)).unwrap_or_default();
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let offline = if self.session.offline { "true" } else { "" };
        let fixed = [
            ("PATH", text(path.into())),
            ("HOME", text(scratch.join("home"))),
            ("TMPDIR", text(scratch.join("tmp"))),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("SOURCE_DATE_EPOCH", self.time().to_string()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("PYTHONHASHSEED", "0".to_owned()),
            ("npm_config_offline", offline.to_owned()),
        ];
        let fixed = fixed.into_iter().filter(|(_, value)| !value.is_empty());
        let network = NETWORK.into_iter().filter_map(|name| Some((name, self.session.variable(name)?.to_owned())));
        let network = network.filter(|(_, value)| !has_secret(value));
        let all = network.chain(fixed).map(|(name, value)| (name.to_owned(), value));
        all.chain(ready.variables.clone()).collect()
    }
}

/// The path of a file below the application's folder in the image, which is also its path below the image.toml's.
fn below<'f>(file: &'f CollectedFile, destination: &str) -> &'f str {
    file.file.path.as_str().strip_prefix(destination).unwrap_or_default().trim_start_matches('/')
}

/// The program of a step: by its path, or found on the PATH that the step has.
fn find_program(step: &PrepareStep, program: &str, path: &str) -> Result<PathBuf, PrepareError> {
    if program.contains('/') {
        return Ok(PathBuf::from(program));
    }
    let found = std::env::split_paths(path).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.ok_or_else(|| PrepareError::NoProgram { step: step.title.clone(), program: program.to_owned() })
}

/// Checks that nothing of the application has the path of a folder that a step made something in.
fn check_folders(
    step: &PrepareStep,
    files: &[CollectedFile],
    made: &[MadeFile],
    destination: &str,
) -> Result<(), PrepareError> {
    let folders = made.iter().flat_map(|file| {
        let ancestors = Path::new(&file.path).ancestors().skip(1);
        ancestors.filter_map(move |folder| Some((folder.to_str()?, file.path.as_str())))
    });
    let folders: BTreeMap<&str, &str> = folders.collect();
    let blocked = files.iter().find_map(|file| folders.get_key_value(below(file, destination)));
    blocked.map_or(Ok(()), |(file, path)| {
        let (step, path, file) = (step.title.clone(), (*path).to_owned(), (*file).to_owned());
        Err(PrepareError::BelowFile { step, path, file })
    })
}
