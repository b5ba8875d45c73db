//! `run`: an image on this machine, and an application that is built again whenever it changes.

use std::time::{Duration, Instant};

use clap::Args;
use shipwheel_builder::{
    Built, Changes, Definition, Prepared, RunOptions, RunRequest, RunVolume, RunWay, Runner, Running, Session,
};
use shipwheel_oci::Platform;

use crate::command::init;
use crate::connection::ConnectionArguments;
use crate::failure::Failure;
use crate::network;
use crate::open::{self, SandboxArguments};
use crate::progress::Terminal;
use crate::shown;
use crate::subject::{Making, Subject, ground, platform};

/// The exit code where nothing ran that could have one when this process was asked to end, as of a shell.
const INTERRUPTED: u8 = 130;

/// How often files are looked at for changes.
const POLL: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// An OCI layout folder, an archive or a reference; or an application that is built first: its folder, an
    /// image.toml, or a name in images/ [default: the only one in images/, or else `.`].
    image: Option<String>,

    /// What the image's entry point is given, in the place of the image's own arguments.
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,

    /// Build the application again and start it anew whenever one of its files changes.
    #[arg(long)]
    watch: bool,

    /// A variable for the program: NAME=VALUE, or NAME for this machine's own value; may be given several times.
    #[arg(long, value_name = "VARIABLE")]
    env: Vec<String>,

    /// A file or folder of this machine: HOST:CONTAINER, or HOST:CONTAINER:ro to be read only; may be given several
    /// times.
    #[arg(long, value_name = "VOLUME")]
    volume: Vec<RunVolume>,

    /// The program to start in the place of the image's entry point and arguments; an empty one for none.
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,

    /// The user, as USER or USER:GROUP, by names or numbers [default: the image's].
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// The folder to start in [default: the image's].
    #[arg(long, value_name = "FOLDER")]
    workdir: Option<String>,

    /// What runs it: own (namespaces of shipwheel's making), podman, or loader (the image's own, not isolated)
    /// [default: the first of these that works].
    #[arg(long, value_name = "WAY", value_parser = way)]
    with: Option<RunWay>,

    /// How many seconds the program has to end after it was asked to, before it is killed.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    grace: u16,

    /// The platform; it has to be this machine's [default: this machine's].
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,

    /// A profile of image.toml: dev, staging, production.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Build the project of a folder without an image.toml: its build backend runs on this machine.
    #[arg(long)]
    allow_project_build: bool,

    /// Use only the cache, never the network.
    #[arg(long)]
    offline: bool,

    #[command(flatten)]
    sandbox: SandboxArguments,

    #[command(flatten)]
    connection: ConnectionArguments,
}

fn way(text: &str) -> Result<RunWay, String> {
    let found = RunWay::ALL.into_iter().find(|way| way.name() == text);
    found.ok_or_else(|| format!("expected {}", RunWay::ALL.map(RunWay::name).join(", ")))
}

/// Runs `run`; the exit code is the program's.
pub(crate) fn run(arguments: &RunArguments) -> Result<u8, Failure> {
    let (root, terminal) = (open::workspace_root(), Terminal::new());
    let subject = Subject::of(arguments.image.as_deref(), &root)?;
    let mut session = arguments.connection.session(subject.reference(), arguments.offline, &terminal)?;
    session.sandbox = arguments.sandbox.sandbox();
    let (cache, environment) = (session.cache.clone(), network::environment());
    let runner = Runner::new(RunOptions {
        cache: &cache,
        report: &terminal,
        sandbox: session.sandbox.clone(),
        environment: &environment,
        platform: arguments.platform.clone(),
        way: arguments.with,
        request: arguments.request(&environment)?,
        grace: Duration::from_secs(arguments.grace.into()),
    });
    match &subject {
        Subject::Image(_) if arguments.watch => Err(Failure::usage(
            "`--watch` builds an application again, and this is an image that is there already",
            Some("name the application's folder or its image.toml"),
        )),
        Subject::Image(image) => {
            let doing = format!("run {image}");
            let source = image.open(&session.registry, &cache, &terminal).map_err(Failure::while_doing(&doing))?;
            let prepared = runner.prepare(&*source, None).map_err(Failure::while_doing(&doing))?;
            to_its_end(&runner, prepared, &terminal)
        }
        Subject::Definition(name) => {
            let platform = platform(arguments.platform.as_ref());
            let making = Making {
                root: &root,
                name: name.as_deref(),
                profile: arguments.profile.as_deref(),
                platform: &platform,
                may_build_project: arguments.allow_project_build,
            };
            let definition = making.definition()?;
            if definition.derived {
                init::show(&definition, &terminal);
            }
            let loop_ = Loop { runner: &runner, making: &making, terminal: &terminal };
            match arguments.watch {
                true => loop_.run(&mut session, definition),
                false => to_its_end(&runner, loop_.prepare(&mut session, &definition)?, &terminal),
            }
        }
    }
}

impl RunArguments {
    /// What is asked of the run.
    fn request(&self, environment: &std::collections::BTreeMap<String, String>) -> Result<RunRequest, Failure> {
        let mut variables = Vec::new();
        for variable in &self.env {
            match variable.split_once('=') {
                Some(("", _)) => {
                    return Err(Failure::usage(format!("`{variable}` names no variable"), Some("write NAME=VALUE")));
                }
                Some((name, value)) => variables.push((name.to_owned(), value.to_owned())),
                // One that is not set here stays as the image has it.
                None => variables.extend(environment.get(variable).map(|value| (variable.clone(), value.clone()))),
            }
        }
        Ok(RunRequest {
            arguments: self.arguments.clone(),
            entrypoint: self.entrypoint.clone(),
            environment: variables,
            user: self.user.clone(),
            workdir: self.workdir.clone(),
            volumes: self.volume.clone(),
        })
    }
}

/// Runs one image to its end.
fn to_its_end(runner: &Runner<'_>, prepared: Prepared, terminal: &Terminal) -> Result<u8, Failure> {
    tell(&prepared, terminal);
    let doing = || Failure::while_doing("run the image");
    let mut running = runner.start(prepared).map_err(doing())?;
    loop {
        if let Some(code) = runner.wait(&mut running, None).map_err(doing())? {
            return Ok(code);
        }
    }
}

/// Says what runs, how, and where it answers.
fn tell(prepared: &Prepared, terminal: &Terminal) {
    let way = match prepared.way {
        RunWay::Own => "in a container of its own",
        RunWay::Podman => "by podman",
        RunWay::Loader => "by its loader, not isolated",
    };
    let (user, group) = prepared.user;
    let program = shown::line(&prepared.program.join(" "));
    terminal.line(&format!("  running {way} as {user}:{group}: {program}"));
    prepared.addresses.iter().for_each(|address| terminal.line(&format!("  {address}")));
}

/// The loop of changes, builds and starts.
struct Loop<'l> {
    runner: &'l Runner<'l>,
    making: &'l Making<'l>,
    terminal: &'l Terminal,
}

/// What ended a wait.
enum Next {
    /// A file changed.
    Changed(Instant),
    /// The program ended because this process was asked to.
    Ended(u8),
}

impl Loop<'_> {
    /// Builds a definition, and makes its image ready to run.
    fn prepare(&self, session: &mut Session<'_>, definition: &Definition) -> Result<Prepared, Failure> {
        let built: Built = Making::build(session, definition)?;
        let source = session.source(&built.image)?;
        let doing = Failure::while_doing(format!("run image `{}`", definition.name));
        self.runner.prepare(&source, ground(&built)).map_err(doing)
    }

    /// Runs an application, and its next state after each change that builds.
    fn run(&self, session: &mut Session<'_>, definition: Definition) -> Result<u8, Failure> {
        let mut changes = Changes::of(&definition);
        let prepared = self.prepare(session, &definition)?;
        tell(&prepared, self.terminal);
        let mut running = Some(self.runner.start(prepared).map_err(Failure::while_doing("run the image"))?);
        loop {
            let since = match self.wait(&mut running, &mut changes)? {
                Next::Ended(code) => return Ok(code),
                Next::Changed(since) => since,
            };
            match self.again(session, &mut changes) {
                Ok(prepared) => {
                    let asked = Instant::now();
                    let stop = |old| self.runner.stop(old).map_err(Failure::while_doing("end the image"));
                    if running.take().map_or(Ok(false), stop)? {
                        return Ok(INTERRUPTED);
                    }
                    let ending = asked.elapsed();
                    running = Some(self.runner.start(prepared).map_err(Failure::while_doing("run the image"))?);
                    let [whole, ending] = [since.elapsed(), ending].map(|time| time.as_secs_f64());
                    let of_that = if ending < 0.1 {
                        String::new()
                    } else {
                        format!("; {ending:.2} s of that the program took to end")
                    };
                    self.terminal.line(&format!("  restarted {whole:.2} s after the change{of_that}"));
                }
                Err(failure) => {
                    failure.show();
                    let state = if running.is_some() { "what ran before runs on" } else { "nothing runs" };
                    self.terminal.line(&format!("  {state}; waiting for a change"));
                }
            }
        }
    }

    /// Reads the definition again, and builds it. What changes from now on is for the next time.
    fn again(&self, session: &mut Session<'_>, changes: &mut Changes) -> Result<Prepared, Failure> {
        let definition = self.making.definition()?;
        changes.follow(&definition);
        self.prepare(session, &definition)
    }

    fn wait(&self, running: &mut Option<Running>, changes: &mut Changes) -> Result<Next, Failure> {
        let doing = || Failure::while_doing("run the image");
        loop {
            let ended = match running {
                Some(program) => {
                    let code = self.runner.wait(program, Some(POLL)).map_err(doing())?;
                    let is_ending = program.is_ending();
                    match code {
                        Some(code) if is_ending => return Ok(Next::Ended(code)),
                        None if is_ending => continue,
                        code => code,
                    }
                }
                None if self.runner.rest(POLL).map_err(doing())? => return Ok(Next::Ended(INTERRUPTED)),
                None => None,
            };
            if let Some(code) = ended {
                *running = None;
                self.terminal.line(&format!("  the program ended with code {code}; waiting for a change"));
            }
            let seen = Instant::now();
            if let Some(path) = changes.next(std::thread::sleep) {
                self.terminal.line(&format!("  changed: {}", shown::path(&path)));
                return Ok(Next::Changed(seen));
            }
        }
    }
}
