//! The commands of shipwheel: flags in, an image out; the one crate that prints and exits.
//!
//! Standard output gets the result: references with digests, a plan, a report, or JSON with `--json`. Everything
//! else goes to standard error.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     shipwheel_cli::run(["shipwheel", "verify", "oci:target/images/app"].map(Into::into))
//! }
//! ```

// Tests may read their own files in any way; what ships is checked without them.
#![cfg_attr(test, allow(clippy::disallowed_methods))]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the crate that prints")]

mod amount;
mod arguments;
mod attestations;
mod choices;
mod command;
mod connection;
mod described;
mod examples;
mod failure;
mod image_argument;
mod input;
mod layers;
mod login;
mod manner;
mod network;
mod open;
mod output;
mod page;
mod program;
mod progress;
mod shared_cache;
mod shown;
mod signing;
mod subject;
mod table;
mod target;

use std::ffi::OsString;
use std::process::ExitCode;

use shipwheel_builder::{CONFINED, CONTAINED, enter_confinement, enter_container};

use crate::arguments::Command;
use crate::failure::Failure;
use crate::manner::{MannerArguments, When};

/// Runs the command line; the first argument is the program's name.
///
/// Exit codes: 0 done, 1 internal, 2 usage, 3 configuration, 4 outside world, 5 verification, 6 output.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let [_, first, order] = &arguments[..]
        && first == CONFINED
    {
        return enter_confinement(order).unwrap_or_else(|error| {
            // The one who reads this expects an interpreter's first line, and says what it got in its place.
            println!("{error}: {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
            ExitCode::FAILURE
        });
    }
    if let [_, first, order] = &arguments[..]
        && first == CONTAINED
    {
        return enter_container(order).unwrap_or_else(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            eprintln!("error: {}", shown::line(&format!("{error}{cause}")));
            ExitCode::from(error.exit_code())
        });
    }
    let when = When::typed(&arguments);
    let arguments = match arguments::parse(&arguments, when) {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                // It repeats what was typed, which may be a password in the wrong place, or have lines of its own.
                let shown: Vec<OsString> =
                    arguments.iter().map(|typed| shown::line(&typed.to_string_lossy()).into()).collect();
                let error = arguments::parse(&shown, when).err().unwrap_or(error);
                manner::hold_to(MannerArguments { color: when, ..MannerArguments::default() });
                eprint!("{}", manner::for_stderr(&shown::lines(&error.render().to_string())));
                return ExitCode::from(2);
            }
            // Help and version are no errors, and clap knows where each belongs.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
    };
    manner::hold_to(arguments.manner);
    let done: Result<(), Failure> = match &arguments.command {
        Command::Image(flags) => command::image::run(flags),
        Command::Lock(flags) => command::lock::run(flags),
        Command::Bundle(flags) => command::bundle::run(flags),
        Command::Init(flags) => command::init::run(flags),
        Command::Push(flags) => command::transfer::push(flags),
        Command::Pull(flags) => command::transfer::pull(flags),
        Command::Copy(flags) => command::transfer::copy(flags),
        Command::Index(flags) => command::index::run(flags),
        Command::Inspect(flags) => command::inspect::run(flags),
        Command::Diff(flags) => command::diff::run(flags),
        Command::Sbom(flags) => command::sbom::run(flags),
        Command::Sign(flags) => command::sign::run(flags),
        Command::Verify(flags) => command::verify::run(flags),
        Command::Retrofit(flags) => command::retrofit::run(flags),
        Command::Rebase(flags) => command::rebase::run(flags),
        Command::Bytecode(flags) => command::bytecode::run(flags),
        Command::Startup(flags) => command::startup::run(flags),
        Command::Run(flags) => return ended(command::run::run(flags).map(ExitCode::from)),
        Command::Load(flags) => command::load::run(flags),
        Command::Registry(flags) => command::registry::run(flags),
        Command::Cache(flags) => command::cache::run(flags),
        Command::Doctor(flags) => command::doctor::run(flags),
        Command::Completions(flags) => command::completions::run(flags, arguments::command_line()),
        Command::Manual(flags) => command::manual::run(flags, arguments::command_line()),
    };
    ended(done.map(|()| ExitCode::SUCCESS))
}

/// The exit code of a command, after its failure was shown.
fn ended(done: Result<ExitCode, Failure>) -> ExitCode {
    done.unwrap_or_else(|failure| {
        failure.show();
        ExitCode::from(failure.exit_code())
    })
}
