//! `registry probe`: what a registry supports, found out by trying.

use clap::{Args, Subcommand};
use shipwheel_builder::Report as _;
use shipwheel_oci::Reference;

use crate::failure::Failure;
use crate::login::LoginArguments;
use crate::network::{self, NetworkArguments};
use crate::open::workspace_root;
use crate::progress::Terminal;
use crate::shown;

#[derive(Debug, Args)]
pub(crate) struct RegistryArguments {
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    /// Try what a registry supports: mounts, chunks, ranges, referrers, zstd, indexes.
    Probe {
        /// A repository to try it in, such as registry.example/team/probe; it needs the right to push.
        repository: Reference,
        #[command(flatten)]
        login: LoginArguments,
        #[command(flatten)]
        network: NetworkArguments,
    },
}

/// Runs `registry`.
pub(crate) fn run(arguments: &RegistryArguments) -> Result<(), Failure> {
    let RegistryCommand::Probe { repository, login, network } = &arguments.command;
    let (_, registry) = network::connect(network, login.login([repository])?, &workspace_root())?;
    let report = registry.probe(repository).map_err(Failure::while_doing(format!("probe {repository}")))?;
    for finding in &report.findings {
        println!("{:14} {:4} {}", finding.name, if finding.works { "yes" } else { "no" }, shown::line(&finding.detail));
    }
    if !report.left_behind.is_empty() {
        let terminal = Terminal::new();
        terminal.warning("the registry does not delete; these small objects stay, without any tag:");
        report.left_behind.iter().for_each(|left| terminal.step(left));
    }
    Ok(())
}
