//! Starts confined programs: shipwheel starts itself, and that process confines itself and becomes the program.
//!
//! Every step is a safe call of a process about itself, so no code runs between `fork` and `exec`.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{io, thread};

use super::confinement::{Confinement, Order};
use super::kernel::Kernel;
use crate::error::BuildError;
use crate::interpreter::interpreter_error::InterpreterError;

/// The first argument of a shipwheel that is to confine itself; the second is the order.
pub const CONFINED: &str = "__confined";

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

    /// Warns once, or fails, where the kernel lacks a part.
    ///
    /// # Errors
    /// When a part is lacking and the sandbox is required.
    pub(crate) fn admit(&self, warn: impl FnOnce(&str)) -> Result<(), BuildError> {
        let lacks = self.kernel.lacks();
        if lacks.is_empty() {
            return Ok(());
        }
        if self.required {
            return Err(InterpreterError::NoSandbox { lacks }.into());
        }
        if !self.said.swap(true, Ordering::Relaxed) {
            let lacks = lacks.join(" and ");
            warn(&format!(
                "this kernel offers no {lacks}: the image's interpreter runs without a whole sandbox; \
                 `--bytecode-interpreter host` compiles with one of this machine, `--require-sandbox` stops here"
            ));
        }
        Ok(())
    }

    /// The command of a confined start; standard input, output and error and the folder are the caller's to set.
    pub(crate) fn command(&self, confinement: Confinement) -> Command {
        let order = Order { confinement, kernel: self.kernel, parent: std::process::id() };
        let order = serde_json::to_string(&order).expect("an order is JSON");
        let mut command = Command::new(&self.shipwheel);
        command.arg(CONFINED).arg(order).env_clear();
        command
    }
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
