//! `startup`: an image's interpreter on this machine, with and without the bytecode.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use shipwheel_builder::{StartupCost, StartupModule, StartupOptions, StartupProfile, StartupReport, counted, startup};
use shipwheel_oci::Platform;
use shipwheel_store::{check_output, write_output};

use crate::connection::ConnectionArguments;
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::open::SandboxArguments;
use crate::shown;
use crate::table::{self, size};

/// How many imports and compiled sources are written out for a person.
const MAX_SLOWEST: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct StartupArguments {
    /// An OCI layout folder, an archive or a reference. Its code runs on this machine, confined.
    image: ImageArgument,

    /// A module to import; may be given several times [default: what the image's command imports].
    #[arg(long = "module", value_name = "MODULE")]
    modules: Vec<String>,

    /// Number of starts per median.
    #[arg(long, value_name = "RUNS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,

    /// The platform; it has to be this machine's [default: this machine's].
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,

    /// Start once more and show where the start goes: the ten slowest imports and what was compiled; with `--json` all
    /// imports, as a tree.
    #[arg(long)]
    profile: bool,

    /// Start once more and write down which files are read, in their order: for `layers.first` of image.toml.
    #[arg(long, value_name = "FILE")]
    first: Option<PathBuf>,

    /// Print a JSON object instead of the line.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    sandbox: SandboxArguments,

    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `startup`.
pub(crate) fn run(arguments: &StartupArguments) -> Result<(), Failure> {
    let doing = format!("start {}", arguments.image);
    arguments.first.as_deref().map_or(Ok(()), check_output).map_err(Failure::while_doing(&doing))?;
    let images = arguments.connection.images(arguments.image.reference())?;
    let (source, terminal) = (images.open(&arguments.image).map_err(Failure::while_doing(&doing))?, &images.terminal);
    let options = StartupOptions {
        cache: &images.cache,
        report: terminal,
        sandbox: arguments.sandbox.sandbox(),
        platform: arguments.platform.clone(),
        modules: arguments.modules.clone(),
        runs: arguments.runs.into(),
        profile: arguments.profile,
        files: arguments.first.is_some(),
    };
    let report = startup(&*source, &options).map_err(Failure::while_doing(&doing))?;
    if let Some(path) = &arguments.first {
        let text = first_files(&report);
        write_output(path, |file| file.write_all(text.as_bytes())).map_err(Failure::while_doing(doing))?;
    }
    terminal.lines(render(&report).trim_end());
    if arguments.json {
        println!("{}", shown::json(&to_json(&report)));
    } else if let Some(module) = report.modules.first() {
        let [wall, cpu, peak] = ratios(module);
        let name = shown::line(name(module));
        println!("{name}: wall {wall:.2}, cpu {cpu:.2}, memory {peak:.2} of a start without bytecode");
    }
    Ok(())
}

/// What the starts read, a path in each line.
fn first_files(report: &StartupReport) -> String {
    let mut seen = BTreeSet::new();
    let paths = report.modules.iter().flat_map(|module| &module.files).filter(|path| seen.insert(*path));
    let header = "# What a start reads, in its order: `shipwheel startup --first`.";
    // A name with a line end in it would be another name.
    let lines = std::iter::once(header).chain(paths.map(String::as_str).filter(|path| !path.contains('\n')));
    lines.map(|line| format!("{line}\n")).collect()
}

fn name(module: &StartupModule) -> &str {
    module.name.as_deref().unwrap_or("python")
}

/// What a start with bytecode takes of one without: wall, CPU, memory.
fn ratios(module: &StartupModule) -> [f64; 3] {
    let of = |with: f64, without: f64| if without > 0.0 { with / without } else { 1.0 };
    let (with, without) = (module.with, module.without);
    [
        of(with.wall.as_secs_f64(), without.wall.as_secs_f64()),
        of(with.cpu.as_secs_f64(), without.cpu.as_secs_f64()),
        of(with.peak as f64, without.peak as f64),
    ]
}

fn render(report: &StartupReport) -> String {
    let mut rows =
        vec![["module", "bytecode", "wall", "cpu", "peak memory", "from pycs", "compiled"].map(str::to_owned)];
    for module in &report.modules {
        for (kind, cost) in [("without", module.without), ("with", module.with)] {
            let of = if kind == "without" { name(module) } else { "" };
            rows.push([
                of.to_owned(),
                kind.to_owned(),
                seconds(cost.wall),
                seconds(cost.cpu),
                size(cost.peak),
                cost.from_pycs.to_string(),
                cost.compiled.to_string(),
            ]);
        }
        let [wall, cpu, peak] = ratios(module).map(|ratio| format!("{ratio:.2}"));
        rows.push([String::new(), "ratio".to_owned(), wall, cpu, peak, String::new(), String::new()]);
    }
    let StartupReport { platform, way, runs, .. } = report;
    let times = format!("{}  {platform} by its {way}; medians of {runs} starts each", table::aligned(&rows, 2..7));
    report
        .modules
        .iter()
        .filter_map(|module| module.profile.as_ref())
        .fold(times, |text, profile| format!("{text}\n{}", render_profile(profile).trim_end()))
}

/// The slowest imports, and what was compiled.
fn render_profile(profile: &StartupProfile) -> String {
    let mut rows = vec![["slowest imports", "own time", "with its imports"].map(str::to_owned)];
    let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    for import in profile.slowest(MAX_SLOWEST) {
        rows.push([shown::line(&import.module), millis(import.own), millis(import.total)]);
    }
    let imports = counted(profile.imports.len(), "import");
    let mut text =
        format!("{}  {imports}, measured in a start of their own, which takes longer\n", table::aligned(&rows, 1..3));
    let compiled = &profile.compiled;
    let lines = compiled.iter().take(MAX_SLOWEST).map(|path| format!("  compiled: {}\n", shown::line(path)));
    text.extend(lines);
    if compiled.len() > MAX_SLOWEST {
        text += &format!("  and {} more; all are in `--json`\n", compiled.len() - MAX_SLOWEST);
    }
    text
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn to_json(report: &StartupReport) -> serde_json::Value {
    let cost = |cost: StartupCost| {
        json!({
            "wall_seconds": cost.wall.as_secs_f64(),
            "cpu_seconds": cost.cpu.as_secs_f64(),
            "peak_bytes": cost.peak,
            "from_pycs": cost.from_pycs,
            "compiled": cost.compiled,
        })
    };
    let modules = report.modules.iter().map(|module| {
        json!({
            "module": module.name,
            "with": cost(module.with),
            "without": cost(module.without),
            "profile": module.profile.as_ref().map(profile_json),
        })
    });
    json!({
        "platform": report.platform.to_string(),
        "way": report.way,
        "runs": report.runs,
        "modules": modules.collect::<Vec<_>>(),
    })
}

fn profile_json(profile: &StartupProfile) -> serde_json::Value {
    let imports = profile.imports.iter().map(|import| {
        json!({
            "module": import.module,
            "depth": import.depth,
            "own_seconds": import.own.as_secs_f64(),
            "total_seconds": import.total.as_secs_f64(),
        })
    });
    json!({ "imports": imports.collect::<Vec<_>>(), "compiled": profile.compiled })
}

#[cfg(test)]
mod tests {
    use shipwheel_builder::Import;

    use super::*;

    #[test]
    fn each_module_has_a_row_without_bytecode_one_with_it_and_their_ratio() {
        let cost = |wall, cpu, peak, from_pycs, compiled| StartupCost {
            wall: Duration::from_millis(wall),
            cpu: Duration::from_millis(cpu),
            peak,
            from_pycs,
            compiled,
        };
        let module = |name: Option<&str>, without, with| StartupModule {
            name: name.map(str::to_owned),
            without,
            with,
            profile: None,
            files: Vec::new(),
        };
        let report = StartupReport {
            platform: Platform::linux_amd64(),
            way: "dynamic loader",
            runs: 7,
            modules: vec![
                module(None, cost(20, 16, 9 << 20, 0, 14), cost(10, 8, 9 << 20, 14, 0)),
                module(Some("pandas.io"), cost(2_500, 2_000, 150 << 20, 0, 912), cost(250, 240, 75 << 20, 912, 0)),
            ],
        };
        let expected = [
            "  module     bytecode     wall      cpu  peak memory  from pycs  compiled",
            "  python     without   0.020 s  0.016 s      9.0 MiB          0        14",
            "             with      0.010 s  0.008 s      9.0 MiB         14         0",
            "             ratio        0.50     0.50         1.00",
            "  pandas.io  without   2.500 s  2.000 s    150.0 MiB          0       912",
            "             with      0.250 s  0.240 s     75.0 MiB        912         0",
            "             ratio        0.10     0.12         0.50",
            "  linux/amd64 by its dynamic loader; medians of 7 starts each",
        ];
        assert_eq!(render(&report).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_profile_has_the_slowest_imports_first_and_what_was_compiled() {
        let import = |module: &str, own, total| Import {
            module: module.to_owned(),
            depth: 0,
            own: Duration::from_micros(own),
            total: Duration::from_micros(total),
        };
        let profile = StartupProfile {
            imports: vec![import("shop", 1_500, 12_750), import("json", 11_250, 11_250)],
            compiled: (0..12).map(|number| format!("/app/{number}.py")).collect(),
        };
        let text = render_profile(&profile);
        let lines: Vec<&str> = text.lines().collect();
        let expected = [
            "  slowest imports  own time  with its imports",
            "  json              11.2 ms           11.2 ms",
            "  shop               1.5 ms           12.8 ms",
            "  2 imports, measured in a start of their own, which takes longer",
            "  compiled: /app/0.py",
        ];
        assert_eq!(lines[..5], expected);
        assert_eq!(lines.last(), Some(&"  and 2 more; all are in `--json`"));
    }
}
