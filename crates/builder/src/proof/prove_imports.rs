//! Checks before anything is published that what the image starts finds its imports.
//!
//! The interpreter that compiles reads the syntax trees; nothing of the application is run. What a source says is kept
//! by its digest, so that a build with nothing new starts no interpreter.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::{ImageConfig, Platform};
use shipwheel_plan::facts::{AppFile, Facts, PlatformFacts};
use shipwheel_plan::layer::VENV;
use shipwheel_plan::spec::{Base, ImageSpec};
use shipwheel_python::imports::{Command, Missing, ModuleFiles, Program, What, distribution_of, follow, starts};

use super::causes::Causes;
use super::import_error::ImportError;
use super::needs::{self, Needs};
use super::pkg_resources::{Library, PKG_RESOURCES};
use super::programs::Programs;
use super::sources::Sources;
use super::startable::{File, First, check};
use super::started::started;
use super::wheel_modules::{WheelModules, in_site_packages};
use crate::base::resolved::ResolvedBase;
use crate::error::BuildError;
use crate::inspect::counted::counted;
use crate::loading::place::absolute;
use crate::project::definition::Definition;
use crate::session::Session;
use crate::wheel::wheels::scheme;

/// As much of a script's first line as the kernel reads.
const MAX_FIRST_LINE: usize = 256;

/// More imports than this are counted, not listed.
const MOST_LISTED: usize = 10;

/// What is missing, by platform.
type Noted = BTreeMap<Missing, BTreeSet<Platform>>;

/// Follows the imports of what each platform's image starts.
///
/// # Errors
/// When the command cannot be started, an import is bound to fail that `app.optional-imports` does not name, or a source cannot be read.
pub(crate) fn prove_imports(
    session: &Session<'_>,
    definition: &Definition,
    configs: &BTreeMap<Platform, ImageConfig>,
    facts: &Facts,
    sources: Sources<'_>,
) -> Result<(), BuildError> {
    let spec = &definition.spec;
    let Some(app) = &spec.app else { return Ok(()) };
    let (mut noted, mut not_installed) = (Noted::new(), Ok(()));
    // The proof of native code has read every wheel by now.
    let wheels = facts.platforms.values().flat_map(|facts| &facts.wheels).map(|wheel| wheel.digest);
    let needs = needs::all_known(session, wheels.collect());
    for (platform, platform_facts) in &facts.platforms {
        let Some(config) = configs.get(platform) else { continue };
        let command = Command { words: config.command(), env: config.env(), workdir: config.working_dir() };
        let own: Vec<&AppFile> = facts.app.iter().chain(&platform_facts.installed).collect();
        let has = |path: &str| own.iter().any(|file| file.path.as_str() == path);
        let base = &sources.ingredients.bases.by_platform[platform];
        check_first(&command, &own, base, platform, sources)?;
        let programs = Programs::new(&needs, &platform_facts.wheels, &own);
        if !app.optional_imports.iter().any(|module| module.value == "*") {
            not_installed = not_installed.and(programs.check(session, &command, base, platform));
        }
        let in_environment = |program: &str| {
            let path = format!("{}/bin/{program}", VENV);
            has(&path).then_some(path)
        };
        let commands: Vec<_> = started(command)
            .into_iter()
            .map(|command| (starts(&command, in_environment), command))
            .filter(|(starts, _)| !starts.is_empty())
            .collect();
        let Some(python) = platform_facts.base.python.as_ref().filter(|_| !commands.is_empty()) else { continue };
        let statements = match sources.statements(session, python.version, &own) {
            // Where bytecode is asked for, its layers fail for the same reason.
            Err(BuildError::Interpreter(error)) => {
                session.report.step(&format!("proof: imports are not followed: {error}"));
                return Ok(());
            }
            statements => statements?,
        };
        let files = module_files(&needs, platform_facts, &own, python.version)?;
        let site = site_packages(python.version)?;
        let wheels = WheelModules::new(session, &sources.ingredients.wheels, platform_facts, &site);
        let program = Program {
            files: &files,
            own: &statements,
            libraries: vec![python.stdlib.clone(), format!("/{site}")],
            destination: &app.destination.value,
            may_have: &|file, module| wheels.may_have(file, module),
        };
        let optional: Vec<&str> = app.optional_imports.iter().map(|module| module.value.as_str()).collect();
        let is_known = is_all_known(spec, base);
        if is_known && !is_optional(&optional, &What::Module(PKG_RESOURCES.to_owned())) {
            let library = Library { session, sources, needs: &needs, facts: platform_facts, version: python.version };
            library.check(&program, &commands, &programs, platform)?;
        }
        let missing = commands.iter().flat_map(|(starts, command)| follow(&program, command, starts));
        for missing in missing.filter(|it| !is_optional(&optional, &it.what)) {
            // What the base has is not known, so nothing can be said of a command that may be its own.
            if missing.file.is_none() && !is_known {
                continue;
            }
            let missing = Missing { is_certain: missing.is_certain && is_known, ..missing };
            noted.entry(missing).or_default().insert(platform.clone());
        }
    }
    // An import that fails tells more.
    report(session, noted, Causes { definition, facts })?;
    Ok(not_installed?)
}

/// Checks that the kernel can start the command: on a base of Debian's packages, whose list says what it has.
fn check_first(
    command: &Command,
    own: &[&AppFile],
    base: &ResolvedBase,
    platform: &Platform,
    sources: Sources<'_>,
) -> Result<(), BuildError> {
    let Some(word) = command.words.first().filter(|_| !base.packages.is_empty()) else { return Ok(()) };
    let path = word.contains('/').then(|| absolute(&command.workdir, word)).flatten();
    let at = |path: &str| own.iter().find(|file| file.path.as_str() == path);
    // Where a link leads is its target's business, and what the environment has is made to be started.
    let is_plain = |file: &&&AppFile| file.link.is_none() && !file.path.as_str().starts_with(VENV);
    let file = path.as_ref().and_then(|path| at(path.as_str())).filter(is_plain);
    let head = file.map(|file| sources.content(file)?.head(MAX_FIRST_LINE).map_err(BuildError::from)).transpose()?;
    let file = file.zip(head.as_deref()).map(|(file, head)| File {
        path: file.path.as_str(),
        is_executable: file.executable,
        head,
    });
    let packages = base.packages.iter().map(|package| package.name.as_str()).collect();
    Ok(check(First { word, file }, &packages, |path| at(path).is_some(), platform)?)
}

/// Whether nothing but the standard library, the wheels and the application can answer an import: not where the base
/// brings modules of its own, or starts what is its own.
fn is_all_known(spec: &ImageSpec, base: &ResolvedBase) -> bool {
    if base.manifest.is_none() {
        let has_modules = |name: &str| name.starts_with("python3-");
        let packages = |base: &Base| match base {
            Base::Debian(debian) => debian.packages.iter().any(|package| has_modules(&package.value)),
            Base::Image(_) | Base::Layout(_) => false,
        };
        return spec.has_environment() || !spec.base.iter().any(packages);
    }
    let has_command = spec.config.cmd.is_some() || spec.config.entrypoint.is_some();
    // What its config says is only read where it can be: assembling the image refuses any other.
    let config = ImageConfig::parse(base.facts.config.as_bytes()).ok();
    let is_plain = |config: &ImageConfig| config.working_dir() == "/" && !config.env().contains_key("PYTHONPATH");
    has_command && spec.has_environment() && config.as_ref().is_some_and(is_plain)
}

/// The folder of the environment's packages, without a leading `/`.
fn site_packages(version: PythonVersion) -> Result<String, BuildError> {
    Ok(scheme(version)?.site_packages().trim_start_matches('/').to_owned())
}

/// Everything that an import may find: the application's, the wheels', and the standard library's files.
fn module_files(
    needs: &Needs,
    facts: &PlatformFacts,
    own: &[&AppFile],
    version: PythonVersion,
) -> Result<ModuleFiles, BuildError> {
    let site = site_packages(version)?;
    let mut paths: Vec<String> = own.iter().map(|file| file.path.as_str().to_owned()).collect();
    paths.extend(facts.base.python.iter().flat_map(|python| &python.sources).map(|it| it.path.to_string()));
    for wheel in &facts.wheels {
        paths.extend(wheel.sources.iter().map(|source| source.path.to_string()));
        let native = needs.get(&wheel.digest).into_iter().flat_map(|needs| &needs.files);
        paths.extend(native.map(|file| format!("/{site}/{}", in_site_packages(&file.path))));
    }
    Ok(ModuleFiles::new(paths))
}

/// Whether a module, or a package above it, is named as one that may be missing.
fn is_optional(optional: &[&str], what: &What) -> bool {
    let module = match what {
        What::Module(module) | What::Name { module, .. } | What::Package(module) => module,
        What::Script(_) => return false,
    };
    let is_at = |name: &&str| module.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    optional.iter().any(|name| *name == "*" || is_at(name))
}

/// An error for what is bound to fail, one warning for what may.
fn report(session: &Session<'_>, noted: Noted, known: Causes<'_>) -> Result<(), BuildError> {
    let (mut certain, possible): (Vec<_>, Vec<_>) = noted.into_iter().partition(|(missing, _)| missing.is_certain);
    certain.sort_by(|(a, _), (b, _)| (&a.file, a.line, &a.what).cmp(&(&b.file, b.line, &b.what)));
    if certain.is_empty() {
        warnings(&possible, known).iter().for_each(|line| session.report.warning(line));
        return Ok(());
    }
    let (mut causes, mut distributions) = (Vec::new(), BTreeSet::new());
    for (missing, _) in &certain {
        match (known.of(missing), &missing.what, &missing.file) {
            (Some(cause), ..) if !causes.contains(&cause) => causes.push(cause),
            (None, What::Module(module), Some(_)) if !is_of(&known.facts.app, module) => {
                distributions.extend(missing.wanted.iter().map(|wanted| (module.clone(), distribution_of(wanted))));
            }
            _ => {}
        }
    }
    let distributions = distributions.into_iter().collect();
    let has_settings = certain.iter().any(|(missing, _)| missing.setting.is_some());
    let has_lock = known.definition.spec.python.is_some();
    let mut missing: Vec<String> = certain.iter().take(MOST_LISTED).map(|(it, on)| line(it, on)).collect();
    if certain.len() > MOST_LISTED {
        missing.push(format!("and {} more", certain.len() - MOST_LISTED));
    }
    Err(ImportError { missing, distributions, causes, has_lock, has_settings }.into())
}

/// Whether a module is below a package of the application, so that no distribution brings it.
fn is_of(app: &[AppFile], module: &str) -> bool {
    let Some((package, _)) = module.split_once('.') else { return false };
    app.iter().any(|file| file.path.as_str().contains(&format!("/{package}/")))
}

/// A line for each module that may be missed, with the first place that imports it.
fn warnings(possible: &[(Missing, BTreeSet<Platform>)], known: Causes<'_>) -> Vec<String> {
    let mut by_what: BTreeMap<&What, Vec<&(Missing, BTreeSet<Platform>)>> = BTreeMap::new();
    for each in possible {
        by_what.entry(&each.0.what).or_default().push(each);
    }
    let mut lines: Vec<String> = by_what
        .values()
        .map(|places| {
            let more = match places.len() {
                1 => String::new(),
                n => format!(", and {} more", counted(n - 1, "place")),
            };
            let (missing, platforms) = places[0];
            let cause = known.left_out(missing).map(|cause| format!("; {cause}")).unwrap_or_default();
            format!("{}{more}: this fails if it is run{cause}", line(missing, platforms))
        })
        .collect();
    let left_out = lines.len().saturating_sub(MOST_LISTED);
    lines.truncate(MOST_LISTED);
    if left_out > 0 {
        lines.push(format!("{} more may fail", counted(left_out, "import")));
    }
    lines
}

/// What is missing of a text in Django's settings.
fn of_setting(place: &str, setting: &str, text: &str, what: &What) -> String {
    let has = format!("{place} has `{text}` in {setting}");
    match what {
        What::Module(module) if module == text => format!("{has}, which nothing in the image provides"),
        What::Module(module) => format!("{has}, which needs `{module}`, which nothing in the image provides"),
        What::Name { module, .. } => format!("{has}, which `{module}` does not have"),
        What::Package(_) | What::Script(_) => has,
    }
}

/// What is missing where, for which platforms.
fn line(missing: &Missing, platforms: &BTreeSet<Platform>) -> String {
    let place = match &missing.file {
        Some(file) => format!("{file}:{}", missing.line),
        None => "the command".to_owned(),
    };
    if let Some((setting, text)) = &missing.setting {
        return on(of_setting(&place, setting, text, &missing.what), platforms);
    }
    let text = match &missing.what {
        What::Module(module) if missing.file.is_none() => {
            format!("{place} starts `{module}`, which nothing in the image provides")
        }
        What::Module(module) => format!("{place} imports `{module}`, which nothing in the image provides"),
        What::Name { module, name } => format!("{place} takes `{name}` from `{module}`, which does not have it"),
        What::Package(module) => {
            format!("{place} imports from `{module}`, but a file that is run as a script has no package")
        }
        What::Script(path) => format!("{place} starts `{path}`, which is not in the image"),
    };
    on(text, platforms)
}

fn on(text: String, platforms: &BTreeSet<Platform>) -> String {
    let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    format!("{text} ({})", platforms.join(", "))
}
