//! The commands of shipwheel: flags in, an image out; the one crate that prints and exits.
//!
//! Standard output gets one line, the reference with its digest (or JSON with `--json`);
//! everything else goes to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the crate that prints")]

mod arguments;
mod bytecode;
mod cache;
mod failure;
mod image;
mod init;
mod lock;
mod network;
mod output;
mod probe;
mod program;
mod progress;
mod retrofit;
mod session;
mod source;
mod startup;
mod table;
mod transfer;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

/// Runs the command line; the first argument is the program's name.
///
/// Exit codes: 0 done, 1 internal, 2 usage, 3 configuration, 4 outside world, 5 verification, 6 output.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors, and clap knows where each belongs.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let done: Result<(), Failure> = match &arguments.command {
        Command::Image(flags) => image::run(flags),
        Command::Lock(flags) => lock::run(flags),
        Command::Init(flags) => init::run(flags),
        Command::Push(flags) => transfer::push(flags),
        Command::Pull(flags) => transfer::pull(flags),
        Command::Copy(flags) => transfer::copy(flags),
        Command::Verify(flags) => verify::run(flags),
        Command::Retrofit(flags) => retrofit::run(flags),
        Command::Bytecode(flags) => bytecode::run(flags),
        Command::Startup(flags) => startup::run(flags),
        Command::Registry(flags) => probe::run(flags),
        Command::Cache(flags) => cache::run(flags),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{}", program::spell(&failure.render()));
            ExitCode::from(failure.exit_code())
        }
    }
}
