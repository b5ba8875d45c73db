//! How each source is compiled and whether it stays: the spec's rules and exceptions, file by file.

use std::collections::BTreeMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use shipwheel_bytecode::{InvalidationMode, Optimization};
use shipwheel_oci::Platform;

use crate::facts::{Facts, PlatformFacts, WheelFacts};
use crate::needs_source::needs_source;
use crate::section::Located;
use crate::spec::{BytecodeOverride, BytecodeSpec, ImageSpec, RemoveSource};

/// A pattern of an override that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`bytecode.override` has a pattern that is none: {reason}")]
pub struct PatternError {
    /// What is wrong with it.
    pub reason: String,
}

/// What becomes of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Treatment {
    /// What is left out of its bytecode.
    pub optimization: Optimization,
    /// When its bytecode counts as stale.
    pub invalidation: InvalidationMode,
    /// Whether its bytecode takes its place.
    pub legacy: bool,
}

/// Who a source belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    /// The base.
    Stdlib,
    /// A distribution.
    Distribution(&'a str),
    /// The application.
    Application,
}

/// The rules of one image.
pub(crate) struct Policy<'a> {
    spec: &'a BytecodeSpec,
    overrides: Vec<(Gitignore, &'a BytecodeOverride)>,
    /// Files that the command names: CPython runs a script from its source.
    scripts: Vec<String>,
}

impl<'a> Policy<'a> {
    /// Reads the rules.
    ///
    /// # Errors
    /// When a pattern is none; reading an image.toml says so with its place.
    pub(crate) fn new(spec: &'a ImageSpec) -> Result<Self, PatternError> {
        let compile = |over: &'a BytecodeOverride| {
            let patterns = gitignore(&over.paths).map_err(|reason| PatternError { reason })?;
            Ok((patterns, over))
        };
        let words = spec.config.entrypoint.iter().chain(&spec.config.cmd).flatten();
        let workdir = spec.config.workdir.as_deref().unwrap_or("/");
        let scripts = words.filter(|word| word.ends_with(".py")).map(|word| match word.strip_prefix('/') {
            Some(_) => word.clone(),
            None => format!("{}/{}", workdir.trim_end_matches('/'), word.trim_start_matches("./")),
        });
        Ok(Self {
            spec: &spec.bytecode,
            overrides: spec.bytecode.overrides.iter().map(compile).collect::<Result<_, PatternError>>()?,
            scripts: scripts.collect(),
        })
    }

    /// What becomes of a source; `None` where it is not compiled.
    pub(crate) fn treatment(&self, path: &str, owner: Owner<'_>) -> Option<Treatment> {
        let is_application = owner == Owner::Application;
        let (mut enabled, mut optimization) = (self.spec.enabled, self.spec.optimization);
        // The application is what people edit in a running container.
        let usual = if is_application { InvalidationMode::CheckedHash } else { InvalidationMode::UncheckedHash };
        let mut invalidation = self.spec.invalidation.unwrap_or(usual);
        let mut removed = match (self.spec.remove_source, owner) {
            (RemoveSource::None, _) | (_, Owner::Stdlib) => false,
            (RemoveSource::Application, _) => is_application,
            (RemoveSource::All, Owner::Distribution(name)) => needs_source(name).is_none(),
            (RemoveSource::All, Owner::Application) => true,
        };
        for (patterns, over) in &self.overrides {
            let named =
                matches!(owner, Owner::Distribution(name) if over.packages.iter().any(|p| same(&p.value, name)));
            if named || patterns.matched_path_or_any_parents(path, false).is_ignore() {
                enabled = over.enabled.unwrap_or(enabled);
                optimization = over.optimization.unwrap_or(optimization);
                invalidation = over.invalidation.unwrap_or(invalidation);
                // The base's own files stay as they are.
                removed = over.remove_source.filter(|_| owner != Owner::Stdlib).unwrap_or(removed);
            }
        }
        let legacy = removed && !self.scripts.iter().any(|script| script == path);
        (enabled && self.spec.enabled).then_some(Treatment { optimization, invalidation, legacy })
    }

    /// Whether a source is left out, its bytecode taking its place.
    pub(crate) fn removes(&self, path: &str, owner: Owner<'_>) -> bool {
        self.treatment(path, owner).is_some_and(|treatment| treatment.legacy)
    }

    /// Bytecode of a base that lies idle: the base is what it is, but its author may like to know.
    fn stray(&self, platform: &Platform, known: &PlatformFacts) -> Option<String> {
        let (count, first) = known.base.stray_bytecode.as_ref().filter(|_| self.spec.enabled)?;
        let pycs = if *count == 1 { "a pyc".to_owned() } else { format!("{count} pycs") };
        Some(format!("the base for {platform} has {pycs} that its Python never loads, such as {first}"))
    }

    /// What these rules do to the dependencies that their author may not have meant.
    pub(crate) fn warnings(&self, facts: &Facts) -> Vec<String> {
        let wheels: BTreeMap<&str, &WheelFacts> = facts
            .platforms
            .values()
            .flat_map(|known| &known.wheels)
            .map(|wheel| (wheel.name.as_str(), wheel))
            .collect();
        let named = self.overrides.iter().flat_map(|(_, over)| &over.packages);
        let unknown = named.filter(|named| !wheels.keys().any(|name| same(name, &named.value)));
        let unknown = unknown.map(|named| format!("`bytecode.override` names `{}`, which is not locked", named.value));
        let readers = wheels.values().filter_map(|wheel| {
            let (path, sign) = wheel.reads_source.as_ref()?;
            let removed = wheel.sources.iter().any(|s| self.removes(&s.path, Owner::Distribution(&wheel.name)));
            removed.then(|| {
                let name = &wheel.name;
                format!("`{name}` may read its own sources, which are removed: {path} has `{sign}`; keep them with `[[bytecode.override]] packages = [\"{name}\"], remove-source = false` if it does")
            })
        });
        unknown
            .chain(readers)
            .chain(facts.platforms.iter().filter_map(|(platform, known)| self.stray(platform, known)))
            .collect()
    }
}

/// Whether two names of a distribution are one, normalised as PEP 503 has it.
fn same(one: &str, other: &str) -> bool {
    let normal = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
    normal(one) == normal(other)
}

/// Patterns in gitignore syntax, over paths in the image.
pub(crate) fn gitignore(patterns: &[Located<String>]) -> Result<Gitignore, String> {
    let mut builder = GitignoreBuilder::new("/");
    for pattern in patterns {
        builder.add_line(None, &pattern.value).map_err(|error| error.to_string())?;
    }
    builder.build().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: Owner<'_> = Owner::Application;

    fn check(bytecode: &str, cases: &[(&str, Owner<'_>, &str)]) {
        let spec = ImageSpec::parse(bytecode, "image.toml", None).expect("valid");
        let policy = Policy::new(&spec).expect("valid patterns");
        for (path, owner, expected) in cases {
            let found = policy.treatment(path, *owner).map_or("-".to_owned(), |t| {
                let checked = if t.invalidation == InvalidationMode::CheckedHash { "checked" } else { "unchecked" };
                format!("{} {checked}{}", t.optimization.level(), if t.legacy { " removed" } else { "" })
            });
            assert_eq!(found, *expected, "{path} {owner:?}\n{bytecode}");
        }
    }

    #[test]
    fn the_application_is_checked_and_nothing_else() {
        check(
            "bytecode.optimize = 1",
            &[
                ("/app/m.py", APPLICATION, "1 checked"),
                ("/usr/lib/python3.11/os.py", Owner::Stdlib, "1 unchecked"),
                ("/opt/venv/six.py", Owner::Distribution("six"), "1 unchecked"),
            ],
        );
        check("bytecode.invalidation = \"unchecked-hash\"", &[("/app/m.py", APPLICATION, "0 unchecked")]);
        check("bytecode.enabled = false", &[("/app/m.py", APPLICATION, "-")]);
    }

    #[test]
    fn sources_go_but_those_of_the_base_of_scripts_and_of_known_readers() {
        check(
            "bytecode.remove-source = true\nconfig.cmd = [\"python\", \"main.py\"]\nconfig.workdir = \"/app\"",
            &[
                ("/app/m.py", APPLICATION, "0 checked removed"),
                ("/app/main.py", APPLICATION, "0 checked"),
                ("/usr/lib/python3.11/os.py", Owner::Stdlib, "0 unchecked"),
                ("/opt/venv/six.py", Owner::Distribution("six"), "0 unchecked removed"),
                ("/opt/venv/pydantic/main.py", Owner::Distribution("pydantic"), "0 unchecked"),
            ],
        );
        check(
            "bytecode.remove-source = \"application\"",
            &[
                ("/app/m.py", APPLICATION, "0 checked removed"),
                ("/opt/venv/six.py", Owner::Distribution("six"), "0 unchecked"),
            ],
        );
    }

    #[test]
    fn overrides_are_for_paths_or_packages_and_the_last_one_counts() {
        let toml = r#"
[bytecode]
optimize = 2
remove-source = true
[[bytecode.override]]
packages = ["Doc_Opt"]
optimize = 1
remove-source = false
[[bytecode.override]]
paths = ["migrations/", "/app/x.py"]
enabled = false
[[bytecode.override]]
paths = ["/app/migrations/keep.py"]
enabled = true
invalidation = "unchecked-hash"
"#;
        check(
            toml,
            &[
                ("/opt/venv/docopt.py", Owner::Distribution("doc-opt"), "1 unchecked"),
                ("/app/migrations/one.py", APPLICATION, "-"),
                ("/app/migrations/keep.py", APPLICATION, "2 unchecked removed"),
                ("/app/x.py", APPLICATION, "-"),
                ("/app/y/x.py", APPLICATION, "2 checked removed"),
            ],
        );
    }
}
