//! `registry probe`: what a registry supports, found out by trying.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shipwheel_builder::Report as _;
use shipwheel_oci::Reference;
use shipwheel_store::registry::{ProbeFinding, ProbeReport};

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
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        login: LoginArguments,
        #[command(flatten)]
        network: NetworkArguments,
    },
}

/// What was found out, in the order in which it was tried.
fn to_json(report: &ProbeReport) -> Value {
    let finding = |it: &ProbeFinding| json!({ "name": it.name, "works": it.works, "detail": shown::line(&it.detail) });
    let left: Vec<String> = report.left_behind.iter().map(|left| shown::line(left)).collect();
    json!({ "findings": report.findings.iter().map(finding).collect::<Vec<_>>(), "left_behind": left })
}

/// Runs `registry`.
pub(crate) fn run(arguments: &RegistryArguments) -> Result<(), Failure> {
    let RegistryCommand::Probe { repository, json, login, network } = &arguments.command;
    let (_, registry) = network::connect(network, login.login([repository])?, &workspace_root())?;
    let report = registry.probe(repository).map_err(Failure::while_doing(format!("probe {repository}")))?;
    if *json {
        println!("{}", shown::json(&to_json(&report)));
        return Ok(());
    }
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
