//! `image.toml` as values: what the user asks for, with the place of everything that can be wrong.

mod app;
mod attestations;
mod base;
mod bytecode;
mod cache;
mod config;
mod layers;
mod prepare;
mod problem;
mod python;
mod section;
mod startup;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use shipwheel_bytecode::Optimization;
use shipwheel_layer::TreePath;
use shipwheel_oci::{Platform, Reference, RuntimeConfig};
use toml::de::DeTable;

pub use self::app::AppSpec;
pub use self::attestations::{AttestationsSpec, SbomFormat};
pub use self::base::{Base, DebianBase, Libraries};
pub use self::bytecode::{BytecodeOverride, BytecodeSpec, RemoveSource};
pub use self::cache::CacheSpec;
pub use self::layers::LayersSpec;
pub use self::prepare::{PathSet, PrepareStep, anchored, fixed_part};
pub use self::problem::{Problem, SpecError};
pub use self::python::{AcceptedWheel, PythonSpec};
pub use self::section::{Located, nearest};
pub(crate) use self::section::{Problems, Section, as_integer};
pub use self::startup::StartupBudget;
pub use crate::group::GroupPolicy;
pub use crate::pattern::PatternError;

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSpec {
    /// The bases to try, in order.
    pub base: Vec<Base>,
    /// The platforms to build for, sorted, each once.
    pub platforms: Vec<Platform>,
    /// Dependencies, if there are any.
    pub python: Option<PythonSpec>,
    /// The application, if there is one.
    pub app: Option<AppSpec>,
    /// What becomes of the bytecode.
    pub bytecode: BytecodeSpec,
    /// How the dependencies are grouped into layers.
    pub layers: LayersSpec,
    /// What the runtime is told.
    pub config: RuntimeConfig,
    /// The image's name, where no registry is named; that of the folder unless set.
    pub name: Option<String>,
    /// The name of the tag, `latest` unless set.
    pub tag: String,
    /// Files and folders outside of the workspace that other keys may name, relative to the image.toml.
    pub allow_outside: Vec<Located<String>>,
    /// Where machines share what they found out and made.
    pub cache: CacheSpec,
    /// What is attached to the image.
    pub attestations: AttestationsSpec,
    /// What a start of the image may cost.
    pub startup: StartupBudget,
}

impl ImageSpec {
    /// Whether the image has a virtual environment: for dependencies, or for the application itself.
    pub fn has_environment(&self) -> bool {
        self.python.is_some() || self.app.as_ref().is_some_and(|app| app.project.is_some())
    }

    /// The folders that the image's user may write to: those that are named, and the places of volumes.
    pub fn writable(&self) -> BTreeSet<TreePath> {
        let named = self.app.iter().flat_map(|app| app.writable.iter().cloned());
        named.chain(self.config.volumes.iter().filter_map(|path| TreePath::new(path).ok())).collect()
    }
}

const KEYS: &[&str] = &[
    "base",
    "platforms",
    "python",
    "app",
    "bytecode",
    "layers",
    "config",
    "name",
    "tag",
    "allow-outside",
    "cache",
    "attestations",
    "startup",
    "profiles",
];
/// What a profile can override: everything, and it has no profiles of its own.
const PROFILE_KEYS: &[&str] = match KEYS {
    [keys @ .., _profiles] => keys,
    [] => &[],
};

impl ImageSpec {
    /// Nothing but the bytecode of a base's standard library, for one platform.
    pub fn bytecode_alone(platform: Platform, optimization: Optimization) -> Self {
        Self {
            base: Vec::new(),
            platforms: vec![platform],
            python: None,
            app: None,
            bytecode: BytecodeSpec { optimization, ..BytecodeSpec::default() },
            layers: LayersSpec::default(),
            config: RuntimeConfig::default(),
            name: None,
            tag: "latest".to_owned(),
            allow_outside: Vec::new(),
            cache: CacheSpec::default(),
            attestations: AttestationsSpec::default(),
            startup: StartupBudget::default(),
        }
    }

    /// Reads an image.toml; `file` is its name for errors, `profile` one of its profiles.
    ///
    /// Every profile is checked, whichever is selected.
    ///
    /// # Errors
    /// All problems of the file together, each with its place.
    pub fn parse(text: &str, file: &str, profile: Option<&str>) -> Result<Self, SpecError> {
        let fail = |problems| SpecError { file: file.to_owned(), text: text.to_owned(), problems };
        let root = DeTable::parse(text).map_err(|error| fail(vec![syntax_problem(&error)]))?;
        let problems = Problems::default();
        let top = Section::open("", vec![root.get_ref()], KEYS, &problems);
        let profiles = top.tables("profiles").into_iter().next();
        if let Some(name) = profile
            && !profiles.is_some_and(|profiles| profiles.contains_key(name))
        {
            let known = profiles.into_iter().flat_map(|profiles| profiles.keys()).map(|key| key.get_ref().as_ref());
            problems.borrow_mut().push(unknown_profile(name, known.collect()));
        }
        let with = |profile: Option<&str>| {
            let over = profiles.and_then(|profiles| profiles.get(profile?)).and_then(|over| over.get_ref().as_table());
            let layers = over.into_iter().chain([root.get_ref()]).collect();
            read_spec(&Section::of_checked(layers, &problems))
        };
        let spec = with(profile);
        for (key, value) in profiles.into_iter().flatten() {
            top.of_value(&format!("profiles.{}", key.get_ref()), value, PROFILE_KEYS);
            with(Some(key.get_ref().as_ref()));
        }
        let mut problems = problems.into_inner();
        problems.sort_by(|a, b| (a.span.start, &a.message).cmp(&(b.span.start, &b.message)));
        problems.dedup();
        match spec {
            Some(spec) if problems.is_empty() => Ok(spec),
            _ => Err(fail(problems)),
        }
    }
}

fn syntax_problem(error: &toml::de::Error) -> Problem {
    Problem::new(error.span().unwrap_or(0..0), format!("not valid TOML: {}", error.message()))
}

fn unknown_profile(name: &str, known: Vec<&str>) -> Problem {
    let hint = match (nearest(name, known.iter().copied()), known.is_empty()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, true) => "the file has no profiles; add a table `[profiles.NAME]`".to_owned(),
        (None, false) => format!("the profiles are {}", known.join(", ")),
    };
    Problem::new(0..0, format!("unknown profile `{name}`")).with_hint(hint)
}

fn read_spec(top: &Section<'_>) -> Option<ImageSpec> {
    let base = base::read_bases(top);
    let platforms = read_platforms(top);
    let python = python::read_python(top);
    let bytecode = bytecode::read_bytecode(top);
    let (app, config) = (app::read_app(top), config::read_config(top));
    Some(ImageSpec {
        app,
        layers: layers::read_layers(top),
        config,
        name: read_name(top),
        tag: top.text("tag").map_or_else(|| "latest".to_owned(), |tag| tag.value),
        allow_outside: top.texts("allow-outside").unwrap_or_default(),
        cache: cache::read_cache(top),
        attestations: attestations::read_attestations(top),
        startup: startup::read_startup(top),
        base: base?,
        platforms,
        python,
        bytecode,
    })
}

fn read_name(top: &Section<'_>) -> Option<String> {
    let name = top.text("name")?;
    // A name with a host in it would be another repository's.
    match format!("{}:latest", name.value).parse::<Reference>() {
        Ok(reference) if reference.repository().trim_start_matches("library/") == name.value => Some(name.value),
        _ => {
            let message =
                format!("`name` is `{}`, expected lowercase letters and digits such as shop or team/shop", name.value);
            top.report_at(name.span, message);
            None
        }
    }
}

fn read_platforms(top: &Section<'_>) -> Vec<Platform> {
    let Some(texts) = top.texts("platforms") else {
        return vec![Platform::linux_amd64()];
    };
    let mut platforms = Vec::new();
    for text in texts {
        match text.value.parse::<Platform>() {
            Ok(platform) if platforms.contains(&platform) => {}
            Ok(platform) => platforms.push(platform),
            Err(error) => top.report_at(text.span, error.to_string()),
        }
    }
    // An index lists its platforms in one order, however they were asked for.
    platforms.sort();
    platforms
}
