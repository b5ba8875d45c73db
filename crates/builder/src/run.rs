//! Runs an image on this machine: in an own container, by podman, or by the image's loader.
//!
//! This runs code of the image, because the user asks for it. What is written in it is thrown away; its ports are this
//! machine's.

mod account;
mod asked;
mod changes;
mod files;
mod loader;
mod own;
mod podman;
mod running;
mod tree_folder;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::process::Command;
use std::time::Duration;

use shipwheel_oci::{ImageConfig, Platform};
use shipwheel_store::{Cache, ImageSource, PlatformImage};
use tempfile::TempDir;

use crate::confine::container::Process;
use crate::confine::relay::Relay;
use crate::confine::run_error::RunError;
use crate::confine::sandbox::{Sandbox, spawn};
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;
use crate::program::program_error::ProgramError;
use crate::program::program_path::program_path;
use crate::session::{Report, host_platform};
use account::Account;
use files::ImageFiles;
use own::OwnRun;

pub use asked::{RunRequest, RunVolume};
pub use changes::Changes;
pub use running::Running;

/// What runs an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunWay {
    /// An own container: namespaces of this program's making.
    Own,
    /// podman.
    Podman,
    /// The image's own dynamic loader, among the files of this machine.
    Loader,
}

impl RunWay {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Own, Self::Podman, Self::Loader];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Podman => "podman",
            Self::Loader => "loader",
        }
    }
}

/// How to run images.
pub struct RunOptions<'a> {
    /// Where images are unpacked to.
    pub cache: &'a Cache,
    /// Receives the steps.
    pub report: &'a dyn Report,
    /// What starts own containers.
    pub sandbox: Sandbox,
    /// The variables of this machine.
    pub environment: &'a BTreeMap<String, String>,
    /// The platform; `None` means this machine's.
    pub platform: Option<Platform>,
    /// What runs it; `None` for the first that works.
    pub way: Option<RunWay>,
    /// What is asked of the run.
    pub request: RunRequest,
    /// How long a program has to end after it was asked to.
    pub grace: Duration,
}

/// Runs images one after the other; signals to this process go to the one that runs.
pub struct Runner<'a> {
    options: RunOptions<'a>,
    /// Takes signals from the first start on: before, they end this process.
    relay: OnceCell<Relay>,
}

/// An image that is ready to run.
pub struct Prepared {
    command: Command,
    killer: Option<Command>,
    folder: Option<TempDir>,
    shares_terminal: bool,
    /// What runs it.
    pub way: RunWay,
    /// The user and the group that it has in there.
    pub user: (u32, u32),
    /// The program and its arguments.
    pub program: Vec<String>,
    /// Where it is likely to answer.
    pub addresses: Vec<String>,
}

/// An image that is looked at, and what it would start.
struct Subject<'s> {
    source: &'s dyn ImageSource,
    image: PlatformImage,
    files: ImageFiles<'s>,
    account: Account,
    process: Process,
}

impl<'a> Runner<'a> {
    /// What runs images in one way.
    pub fn new(options: RunOptions<'a>) -> Self {
        Self { options, relay: OnceCell::new() }
    }

    fn relay(&self) -> Result<&Relay, BuildError> {
        if self.relay.get().is_none() {
            let failed = |cause| ProgramError::Start { program: "what passes signals on".to_owned(), cause };
            // It is not there yet, so it can be set.
            let _ = self.relay.set(Relay::new().map_err(failed)?);
        }
        self.relay.get().ok_or_else(|| BuildError::internal("no relay of signals"))
    }

    /// Unpacks an image, and finds what runs it. Where the layers above the first `ground` ones change again and again,
    /// only those are unpacked each time.
    ///
    /// # Errors
    /// When the image cannot be read or is for another machine, when nothing says what to start, or when nothing here
    /// runs it.
    pub fn prepare(&self, source: &dyn ImageSource, ground: Option<usize>) -> Result<Prepared, BuildError> {
        let options = &self.options;
        let platform = options.platform.clone().unwrap_or_else(host_platform);
        if platform != host_platform() {
            return Err(ImageError::OtherMachine { platform, machine: host_platform() }.into());
        }
        let image = PlatformImage::of(source, &platform, options.cache)?;
        let config =
            ImageConfig::parse(&image.config).map_err(|cause| ImageError::Config { image: source.name(), cause })?;
        let files = ImageFiles::new((source, &image, &config), ground, (options.cache, options.report))?;
        let account = files.accounts()?.find(options.request.user(&config))?;
        let process = options.request.process(&config, &account, &source.name())?;
        let addresses = asked::addresses(&config, &process);
        let subject = Subject { source, image, files, account, process };
        let mut prepared = self.first_way(&subject)?;
        prepared.addresses = addresses;
        Ok(prepared)
    }

    /// The first way that works, or the one that is asked for.
    fn first_way(&self, subject: &Subject<'_>) -> Result<Prepared, BuildError> {
        let mut reasons = Vec::new();
        for way in RunWay::ALL.into_iter().filter(|way| self.options.way.is_none_or(|wanted| wanted == *way)) {
            let tried = match way {
                RunWay::Own => self.own(subject)?,
                RunWay::Podman => self.podman(subject)?,
                RunWay::Loader if self.options.sandbox.is_required() => {
                    Err("it isolates nothing but files, and `--require-sandbox` asks for more".to_owned())
                }
                RunWay::Loader => {
                    let surroundings = (&self.options.sandbox, self.options.cache);
                    let found = loader::prepare(surroundings, &subject.files.whole()?, &subject.process)?;
                    found.map(|(command, folder)| Start { command, killer: None, folder: Some(folder) })
                }
            };
            match tried {
                Err(reason) => reasons.push((way.name(), reason)),
                Ok(Start { command, killer, folder }) => {
                    self.tell(way, &reasons);
                    return Ok(Prepared {
                        command,
                        killer,
                        folder,
                        shares_terminal: way == RunWay::Podman && std::io::stdin().is_terminal(),
                        way,
                        user: (subject.account.user, subject.account.group),
                        program: subject.process.command.clone(),
                        addresses: Vec::new(),
                    });
                }
            }
        }
        Err(RunError::NoWay { reasons }.into())
    }

    /// Warns of what is not as it would be in an own container.
    fn tell(&self, way: RunWay, reasons: &[(&str, String)]) {
        let report = self.options.report;
        for (other, reason) in reasons {
            report.step(&format!("run: not {other}: {reason}"));
        }
        if way == RunWay::Loader {
            report.warning(
                "the image's loader starts the program among the files and the processes of this machine, as the user of \
                 shipwheel: absolute paths are this machine's, and only run images that you trust here",
            );
        }
    }

    fn own(&self, subject: &Subject<'_>) -> Result<Way, BuildError> {
        let options = &self.options;
        let run = OwnRun {
            sandbox: &options.sandbox,
            cache: options.cache,
            account: &subject.account,
            process: subject.process.clone(),
            volumes: options.request.volumes()?,
            texts: asked::network_files(),
        };
        if let Err(reason) = run.works()? {
            return Ok(Err(reason));
        }
        let (_, owners) = own::identity(&subject.account);
        let container = run.prepare(subject.files.folders(&owners)?)?;
        if container.is_copied {
            options.report.step("run: the image's files are copied: this kernel lays no folders over others here");
        }
        let command = container.command(&options.sandbox);
        Ok(Ok(Start { command, killer: None, folder: Some(container.folder) }))
    }

    fn podman(&self, subject: &Subject<'_>) -> Result<Way, BuildError> {
        let options = &self.options;
        let Some(podman) = program_path(options.environment, "podman") else {
            return Ok(Err("it is not on PATH".to_owned()));
        };
        let name = match podman::load(&podman, subject.source, &subject.image, options.cache) {
            // It may be installed and not set up.
            Err(BuildError::Program(error)) if options.way.is_none() => return Ok(Err(error.to_string())),
            other => other?,
        };
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let container = format!("shipwheel-run-{}", std::process::id());
        let names = (name.as_str(), container.as_str());
        let command = podman::command(&podman, names, &options.request, is_terminal)?;
        let mut killer = Command::new(podman);
        killer.args(["rm", "--force", "--time", "0", &container]);
        Ok(Ok(Start { command, killer: Some(killer), folder: None }))
    }

    /// Starts a prepared image; its standard input, output and error are those of this process.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(&self, prepared: Prepared) -> Result<Running, BuildError> {
        let Prepared { command, killer, folder, shares_terminal, program, .. } = prepared;
        let program = program.first().cloned().unwrap_or_default();
        self.relay()?;
        let child = spawn(command).map_err(|cause| ProgramError::Start { program, cause })?;
        let mut running = Running::new(child, shares_terminal);
        running.folder = folder.map(|folder| (folder, self.options.cache.clone()));
        running.killer = killer;
        Ok(running)
    }

    /// Waits for the end of what runs, or as long as patience lasts; gives its exit code when it has ended. Signals to
    /// this process are passed on meanwhile.
    ///
    /// # Errors
    /// When the system does not let it wait.
    pub fn wait(&self, running: &mut Running, patience: Option<Duration>) -> Result<Option<u8>, BuildError> {
        running.wait(self.relay()?, self.options.grace, patience)
    }

    /// Waits without anything that runs, as long as patience lasts; whether this process was asked to end.
    ///
    /// # Errors
    /// When the system does not let it wait.
    pub fn rest(&self, patience: Duration) -> Result<bool, BuildError> {
        let failed = |cause| ProgramError::Start { program: "the wait for changes".to_owned(), cause };
        Ok(self.relay()?.rest(patience).map_err(failed)?)
    }

    /// Ends what runs; whether this process was asked to end meanwhile.
    ///
    /// # Errors
    /// As [`Runner::wait`].
    pub fn stop(&self, mut running: Running) -> Result<bool, BuildError> {
        running.stop(self.relay()?, self.options.grace)
    }
}

/// What starts a program, what ends it where killing that does not, and the folder that it needs.
struct Start {
    command: Command,
    killer: Option<Command>,
    folder: Option<TempDir>,
}

/// A way that works, or why it does not.
type Way = Result<Start, String>;
