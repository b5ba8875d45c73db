//! The program `shipwheel`: the command line of `shipwheel_cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    shipwheel_cli::run(std::env::args_os())
}
