//! Starts confined programs: shipwheel starts itself, and that process confines itself and becomes the program.
//!
//! Every step is a safe call of a process about itself, so no code runs between `fork` and `exec`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{io, thread};

use super::confinement::{Confinement, Order, Stage};
use super::container::{ContainerOrder, ContainerStage};
use super::kernel::Kernel;
use crate::error::BuildError;
use crate::interpreter::interpreter_error::InterpreterError;

/// The first argument of a shipwheel that is to confine itself; the second is the order.
pub const CONFINED: &str = "__confined";

/// The first argument of a shipwheel that is to make a container; the second is the order.
pub const CONTAINED: &str = "__contained";

/// How programs out of images are started.
#[derive(Debug, Clone)]
pub struct Sandbox {
    shipwheel: PathBuf,
    required: bool,
    kernel: Kernel,
    said: Arc<AtomicBool>,
}

impl Sandbox {
    /// A sandbox whose programs are started by a program that hands its arguments to [`crate::enter_confinement`]
    /// where the first is [`CONFINED`]; where it is `required`, a kernel that lacks a part of it is an error.
    pub fn new(shipwheel: PathBuf, required: bool) -> Self {
        Self { shipwheel, required, kernel: Kernel::ask(), said: Arc::default() }
    }

    /// The same, or one that is required.
    #[must_use]
    pub(crate) fn or_required(&self, required: bool) -> Self {
        Self { required: self.required || required, ..self.clone() }
    }

    /// Whether a machine that cannot confine what is started is an error.
    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    /// What the kernel offers.
    pub(crate) fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Warns once, or fails, where the kernel lacks a part that an interpreter's confinement needs.
    ///
    /// # Errors
    /// When a part is lacking and the sandbox is required.
    pub(crate) fn admit(&self, warn: impl FnOnce(&str)) -> Result<(), BuildError> {
        let lacks = self.kernel.lacks();
        if lacks.is_empty() {
            return Ok(());
        }
        let advice = "`--bytecode-interpreter host` compiles with one of this machine, `--require-sandbox` stops here";
        self.fail_or_warn(InterpreterError::NoSandbox { lacks }, advice, warn)
    }

    /// The same where an image's own program is started, and this is lacking.
    ///
    /// # Errors
    /// When a part is lacking and the sandbox is required.
    pub(crate) fn admit_start(&self, lacks: Vec<&'static str>, warn: impl FnOnce(&str)) -> Result<(), BuildError> {
        if lacks.is_empty() {
            return Ok(());
        }
        let advice = "only start images that you trust here, `--require-sandbox` stops";
        self.fail_or_warn(InterpreterError::NoConfinedStart { lacks }, advice, warn)
    }

    fn fail_or_warn(&self, error: InterpreterError, advice: &str, warn: impl FnOnce(&str)) -> Result<(), BuildError> {
        if self.required {
            return Err(error.into());
        }
        if !self.said.swap(true, Ordering::Relaxed) {
            warn(&format!("{error}; {advice}"));
        }
        Ok(())
    }

    /// The command of a confined start; standard input, output and error and the folder are the caller's to set.
    pub(crate) fn command(&self, confinement: Confinement) -> Command {
        self.order(confinement, false)
    }

    /// The command that makes a container as a file describes it; or rehearses it, up to the point where it would become
    /// the program. The folder is the caller's to set: the container's own.
    pub(crate) fn container(&self, file: &str, rehearse: bool) -> Command {
        let stage = ContainerStage::Outside { parent: std::process::id() };
        container_command(&self.shipwheel, &ContainerOrder { file: file.to_owned(), stage, rehearse })
    }

    /// The command that starts a program by an image's loader, as a file describes it.
    pub(crate) fn by_loader(&self, file: &str) -> Command {
        let stage = ContainerStage::Loader { parent: std::process::id() };
        container_command(&self.shipwheel, &ContainerOrder { file: file.to_owned(), stage, rehearse: false })
    }

    /// Whether a confined start works up to the point where it becomes the program, in a folder.
    pub(crate) fn rehearse(&self, confinement: Confinement, folder: &Path) -> bool {
        let mut command = self.order(confinement, true);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        spawn(command).and_then(|mut child| child.wait()).is_ok_and(|status| status.success())
    }

    fn order(&self, confinement: Confinement, rehearse: bool) -> Command {
        let stage = Stage::First { parent: std::process::id() };
        command_of(&self.shipwheel, &Order { confinement, kernel: self.kernel, stage, rehearse })
    }
}

/// The command that makes a shipwheel follow an order.
pub(crate) fn command_of(shipwheel: &Path, order: &Order) -> Command {
    let order = serde_json::to_string(order).expect("an order is JSON");
    let mut command = Command::new(shipwheel);
    command.arg(CONFINED).arg(order).env_clear();
    command
}

/// The command that makes a shipwheel follow an order for a container.
pub(crate) fn container_command(shipwheel: &Path, order: &ContainerOrder) -> Command {
    let order = serde_json::to_string(order).expect("an order is JSON");
    let mut command = Command::new(shipwheel);
    command.arg(CONTAINED).arg(order).env_clear();
    command
}

/// Starts a command by a thread that lives as long as this process.
///
/// The parent-death signal comes when the *thread* ends that started a process, and compile threads end early.
///
/// # Errors
/// When it does not start.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    type Request = (Command, Sender<io::Result<Child>>);
    static STARTER: OnceLock<Mutex<Sender<Request>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, requests) = channel::<Request>();
        thread::spawn(move || {
            for (mut command, answer) in requests {
                // Nobody waits for it any more only when this process is about to end.
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (answer, started) = channel();
    let gone = |_| io::Error::other("the thread that starts programs is gone");
    starter.lock().unwrap_or_else(PoisonError::into_inner).send((command, answer)).map_err(|_| gone(()))?;
    started.recv().map_err(|_| gone(()))?
}

/// Kills a confined program with all processes that it started; they share its process group and cannot leave it.
pub(crate) fn kill(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // An empty group is what this is for.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    // It may not have made its group yet. One that has ended already cannot be killed.
    let _ = child.kill();
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::error::Error as _;

    use super::*;

    /// What is warned of, and the error, with and without a requirement.
    fn said(admit: impl Fn(&Sandbox, &dyn Fn(&str)) -> Result<(), BuildError>) -> (Vec<String>, String) {
        let kernel = Kernel { landlock: 0, seccomp: false };
        let sandbox = Sandbox { shipwheel: PathBuf::new(), required: false, kernel, said: Arc::default() };
        let warnings = RefCell::new(Vec::new());
        let warn = |text: &str| warnings.borrow_mut().push(text.to_owned());
        for sandbox in [&sandbox, &sandbox.clone()] {
            admit(sandbox, &warn).expect("only a warning");
        }
        let error = admit(&sandbox.or_required(true), &warn).expect_err("it is required");
        (warnings.into_inner(), error.source().map_or_else(|| error.to_string(), ToString::to_string))
    }

    #[test]
    fn a_missing_part_is_said_once_and_is_an_error_where_it_is_required() {
        let (warnings, error) = said(|sandbox, warn| sandbox.admit(warn));
        let missing =
            "this kernel offers no Landlock and no seccomp filters, which the sandbox of the image's interpreter needs";
        let advice = "`--bytecode-interpreter host` compiles with one of this machine, `--require-sandbox` stops here";
        assert_eq!(warnings, [format!("{missing}; {advice}")]);
        assert_eq!(error, missing);
        let (warnings, error) = said(|sandbox, warn| sandbox.admit_start(vec!["user namespaces", "Landlock"], warn));
        let missing =
            "this machine offers no user namespaces and no Landlock, which the sandbox of the image's code needs";
        let advice = "only start images that you trust here, `--require-sandbox` stops";
        assert_eq!(warnings, [format!("{missing}; {advice}")]);
        assert_eq!(error, missing);
    }
}
