//! `verify`: everything that can be checked of an image, in one report.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use shipwheel_builder::{
    Finding, ImageError, Severity, StartupOptions, VerifyOptions, VerifyReport, authenticate, counted, startup, verify,
};
use shipwheel_oci::Platform;
use shipwheel_plan::spec::StartupBudget;

use crate::choices::ChoiceArguments;
use crate::connection::Images;
use crate::described::image_json;
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::login::LoginArguments;
use crate::network::NetworkArguments;
use crate::open::{self, SandboxArguments, workspace_root};
use crate::shown;
use crate::signing;

/// How many findings of one kind are written out for a person.
const MAX_SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// An OCI layout folder, an archive or a reference: FOLDER, oci:FOLDER[:TAG], oci-archive:FILE[:TAG],
    /// docker-archive:FILE[:TAG], NAME:TAG.
    image: ImageArgument,

    /// Platforms to verify, such as amd64,arm64 [default: all of the image].
    #[arg(long, alias = "platform", value_delimiter = ',', value_name = "PLATFORMS")]
    platforms: Vec<Platform>,

    /// Recompile every source and compare: runs the image's own interpreter on this machine.
    #[arg(long)]
    rebuild: bool,

    /// The image definition (a name, a folder or an image.toml) whose budget in `[startup]` must hold: starts the image
    /// on this machine, confined.
    #[arg(long, value_name = "DEFINITION")]
    budget: Option<String>,

    /// Starts per median of the budget's ratio.
    #[arg(long, value_name = "RUNS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..), requires = "budget")]
    runs: u16,

    /// Fail on warnings as well.
    #[arg(long)]
    strict: bool,

    /// Insist on a signature over the image by the public key in this file, such as cosign.pub.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Print the whole report as a JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    login: LoginArguments,

    #[command(flatten)]
    sandbox: SandboxArguments,

    #[command(flatten)]
    network: NetworkArguments,
}

/// Runs `verify`.
pub(crate) fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let doing = format!("verify {}", arguments.image);
    let key = arguments.key.as_deref().map(signing::public_key).transpose()?;
    let images = Images::connect(&arguments.login, &arguments.network, arguments.image.reference())?;
    let source = images.open(&arguments.image).map_err(Failure::while_doing(&doing))?;
    let (cache, terminal) = (&images.cache, &images.terminal);
    // Who made the image is asked before anything of it is read.
    let signed = match key {
        Some(key) => Some(authenticate(&*source, &key, cache).map_err(Failure::while_doing(&doing))?),
        None => None,
    };
    let options = VerifyOptions {
        cache,
        report: terminal,
        jobs: std::thread::available_parallelism().map_or(1, Into::into),
        platforms: arguments.platforms.clone(),
        rebuild: arguments.rebuild,
        sandbox: arguments.sandbox.sandbox(),
    };
    let budget = arguments.budget.as_deref().map(read_budget).transpose()?;
    let mut report = verify(&*source, &options).map_err(Failure::while_doing(&doing))?;
    if let Some(budget) = budget {
        let options = StartupOptions {
            cache,
            report: terminal,
            sandbox: arguments.sandbox.sandbox(),
            platform: None,
            modules: Vec::new(),
            runs: arguments.runs.into(),
            profile: true,
            files: false,
        };
        let started = startup(&*source, &options).map_err(Failure::while_doing(&doing))?;
        report = report.with(started.beyond(&budget));
    }
    terminal.lines(render(&report).trim_end());
    signed.iter().for_each(|signed| terminal.line(&format!("  {}", signing::line(signed))));
    if arguments.json {
        let mut report = to_json(&report);
        report["signature"] = signed.as_ref().map_or(serde_json::Value::Null, signing::to_json);
        println!("{}", shown::json(&report));
    }
    let warnings = if arguments.strict { report.warnings() } else { 0 };
    if report.problems() + warnings > 0 {
        let cause = ImageError::Unsound { problems: report.problems(), warnings };
        return Err(Failure::while_doing(doing)(cause));
    }
    if !arguments.json {
        println!("{}", report.root);
    }
    Ok(())
}

/// The budget of a definition.
fn read_budget(definition: &str) -> Result<StartupBudget, Failure> {
    let definition = open::definition(&workspace_root(), Some(definition), None, &ChoiceArguments::default())?;
    let budget = definition.spec.startup;
    if budget.is_empty() {
        let hint = "set `max-modules`, `max-seconds-ratio` or `no-compile` in `[startup]`";
        return Err(Failure::usage(format!("{} has no budget of a start", definition.file), Some(hint)));
    }
    Ok(budget)
}

/// The table of what was looked at, and the findings by kind.
fn render(report: &VerifyReport) -> String {
    let mut text = String::new();
    for platform in &report.platforms {
        let name = shown::line(&platform.platform.to_string());
        let rebuilt = platform.rebuilt.map_or_else(String::new, |count| format!(", {count} recompiled"));
        let [layers, files, pycs] = [(platform.layers, "layer"), (platform.files, "file"), (platform.pycs, "pyc")]
            .map(|(count, noun)| counted(count, noun));
        let _ = writeln!(text, "  {name}: {layers}, {files}, {} native, {pycs}{rebuilt}", platform.native);
    }
    let mut rest = report.findings.as_slice();
    while let Some(first) = rest.first() {
        let same = |f: &Finding| (f.severity, f.kind, &f.platform) == (first.severity, first.kind, &first.platform);
        let count = rest.iter().take_while(|finding| same(finding)).count();
        let (group, others) = rest.split_at(count);
        let platform =
            first.platform.as_ref().map_or_else(String::new, |it| format!(" in {}", shown::line(&it.to_string())));
        let _ = writeln!(text, "{}: {}{platform}: {count}", severity(first.severity), first.kind.name());
        group.iter().take(MAX_SHOWN).for_each(|finding| line(&mut text, finding));
        if count > MAX_SHOWN {
            let _ = writeln!(text, "  and {} more; all are in `--json`", count - MAX_SHOWN);
        }
        rest = others;
    }
    if report.dropped > 0 {
        let _ = writeln!(text, "and {} that are not listed", counted(report.dropped, "more finding"));
    }
    let (problems, warnings) = (counted(report.problems(), "problem"), counted(report.warnings(), "warning"));
    let notes = if report.notes() == 0 { String::new() } else { format!(", {}", counted(report.notes(), "note")) };
    let _ = writeln!(text, "  {problems}, {warnings}{notes}");
    text
}

fn line(text: &mut String, finding: &Finding) {
    let blob = finding.blob.as_ref().map(|blob| blob.chars().take("sha256:".len() + 12).collect::<String>());
    let place = match (&finding.path, blob) {
        (Some(path), Some(blob)) => format!("{path} ({blob})"),
        (Some(path), None) => path.clone(),
        (None, Some(blob)) => blob,
        (None, None) => "the image".to_owned(),
    };
    let [place, expected, found] = [&place, &finding.expected, &finding.found].map(|text| shown::line(text));
    let _ = writeln!(text, "  {place}: expected {expected}, found {found}");
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Problem => "problem",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn to_json(report: &VerifyReport) -> serde_json::Value {
    let platforms = report.platforms.iter().map(|platform| {
        json!({
            "platform": platform.platform.to_string(),
            "digest": platform.manifest,
            "layers": platform.layers,
            "files": platform.files,
            "native": platform.native,
            "pycs": platform.pycs,
            "sourceless": platform.sourceless,
            "rebuilt": platform.rebuilt,
        })
    });
    let findings = report.findings.iter().map(|finding| {
        let mut value = image_json::finding(finding);
        value["severity"] = severity(finding.severity).into();
        value
    });
    json!({
        "digest": report.root,
        "problems": report.problems(),
        "warnings": report.warnings(),
        "notes": report.notes(),
        "platforms": platforms.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "unlisted": report.dropped,
    })
}
