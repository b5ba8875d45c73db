//! How each source is compiled and whether it stays: the spec's rules and exceptions, file by file.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_bytecode::InvalidationMode;
use shipwheel_layer::TreePath;
use shipwheel_oci::Platform;
use shipwheel_python::DistributionName;

use crate::facts::{Facts, PlatformFacts, WheelFacts};
use crate::pattern::{PatternError, Patterns};
use crate::spec::{BytecodeOverride, BytecodeSpec, ImageSpec, RemoveSource};
use crate::treatment::Treatment;

mod compiled;
mod needs_source;

use needs_source::needs_source;

pub(crate) use compiled::{Owner, is_application_source, is_left_behind, is_made_per_platform};
pub use compiled::{is_stdlib_source, is_wheel_source};
pub use needs_source::source_reader;

/// The rules of one image.
pub(crate) struct Policy<'a> {
    spec: &'a BytecodeSpec,
    overrides: Vec<(Patterns, &'a BytecodeOverride)>,
    /// Files that the command names: CPython runs a script from its source.
    scripts: Vec<String>,
}

impl<'a> Policy<'a> {
    /// Reads the rules.
    ///
    /// # Errors
    /// When a pattern is not valid; reading an image.toml reports it with its place.
    pub(crate) fn new(spec: &'a ImageSpec) -> Result<Self, PatternError> {
        let compile = |over: &'a BytecodeOverride| {
            let patterns = Patterns::new(over.paths.iter().map(|pattern| pattern.value.as_str()))?;
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
    pub(crate) fn treatment(&self, path: &TreePath, owner: Owner<'_>) -> Option<Treatment> {
        let is_application = owner == Owner::Application;
        let (mut enabled, mut optimization) = (self.spec.enabled, self.spec.optimization);
        // The application is what people edit in a running container.
        let usual = if is_application { InvalidationMode::CheckedHash } else { InvalidationMode::UncheckedHash };
        let mut invalidation = self.spec.invalidation.unwrap_or(usual);
        let mut removed = match (self.spec.remove_source, owner) {
            (RemoveSource::None, _) | (_, Owner::Stdlib) => false,
            (RemoveSource::Application, _) => is_application,
            (RemoveSource::All, Owner::Distribution(name)) => needs_source(name.as_str()).is_none(),
            (RemoveSource::All, Owner::Application) => true,
        };
        for (patterns, over) in &self.overrides {
            let named = matches!(owner, Owner::Distribution(name) if over.packages.iter().any(|p| p.value == *name));
            if named || patterns.matches(path.as_str()) {
                enabled = over.enabled.unwrap_or(enabled);
                optimization = over.optimization.unwrap_or(optimization);
                invalidation = over.invalidation.unwrap_or(invalidation);
                // The base's own files stay as they are.
                removed = over.remove_source.filter(|_| owner != Owner::Stdlib).unwrap_or(removed);
            }
        }
        let replaces_source = removed && !self.scripts.iter().any(|script| script == path.as_str());
        (enabled && self.spec.enabled).then_some(Treatment { optimization, invalidation, replaces_source })
    }

    /// Whether a source is left out, its bytecode taking its place.
    pub(crate) fn removes(&self, path: &TreePath, owner: Owner<'_>) -> bool {
        self.treatment(path, owner).is_some_and(|treatment| treatment.replaces_source)
    }

    /// Bytecode that the base's Python never loads: the base stays as it is, but its author may like to know.
    fn stray(&self, platform: &Platform, known: &PlatformFacts) -> Option<String> {
        let (count, first) = known.base.stray_bytecode.as_ref().filter(|_| self.spec.enabled)?;
        let pycs = if *count == 1 { "a pyc".to_owned() } else { format!("{count} pycs") };
        Some(format!("the base for {platform} has {pycs} that its Python never loads, such as {first}"))
    }

    /// What these rules do to the dependencies that their author may not have meant.
    pub(crate) fn warnings(&self, facts: &Facts) -> Vec<String> {
        let locked = facts.platforms.values().flat_map(|known| &known.wheels);
        let wheels: BTreeMap<&DistributionName, &WheelFacts> = locked.map(|wheel| (&wheel.name, wheel)).collect();
        let named = self.overrides.iter().flat_map(|(_, over)| &over.packages).map(|name| &name.value);
        let unknown: BTreeSet<&DistributionName> = named.filter(|name| !wheels.contains_key(name)).collect();
        let unknown = unknown.iter().map(|name| format!("`bytecode.override` names `{name}`, which is not locked"));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytecode: &str, cases: &[(&str, &str, &str)]) {
        let spec = ImageSpec::parse(bytecode, "image.toml", None).expect("valid");
        let policy = Policy::new(&spec).expect("valid patterns");
        for (path, owner, expected) in cases {
            let name: DistributionName = owner.parse().expect("valid");
            let owner = match *owner {
                "application" => Owner::Application,
                "stdlib" => Owner::Stdlib,
                _ => Owner::Distribution(&name),
            };
            let found = policy.treatment(&TreePath::new(path).expect("valid"), owner).map_or("-".to_owned(), |t| {
                let checked = if t.invalidation == InvalidationMode::CheckedHash { "checked" } else { "unchecked" };
                format!("{} {checked}{}", t.optimization.level(), if t.replaces_source { " removed" } else { "" })
            });
            assert_eq!(found, *expected, "{path} {owner:?}\n{bytecode}");
        }
    }

    #[test]
    fn the_application_is_checked_and_nothing_else() {
        check(
            "bytecode.optimize = 1",
            &[
                ("/app/m.py", "application", "1 checked"),
                ("/usr/lib/python3.11/os.py", "stdlib", "1 unchecked"),
                ("/opt/venv/six.py", "six", "1 unchecked"),
            ],
        );
        check("bytecode.invalidation = \"unchecked-hash\"", &[("/app/m.py", "application", "0 unchecked")]);
        check("bytecode.enabled = false", &[("/app/m.py", "application", "-")]);
    }

    #[test]
    fn sources_are_removed_except_those_of_the_base_scripts_and_known_readers() {
        check(
            "bytecode.remove-source = true\nconfig.cmd = [\"python\", \"main.py\"]\nconfig.workdir = \"/app\"",
            &[
                ("/app/m.py", "application", "0 checked removed"),
                ("/app/main.py", "application", "0 checked"),
                ("/usr/lib/python3.11/os.py", "stdlib", "0 unchecked"),
                ("/opt/venv/six.py", "six", "0 unchecked removed"),
                ("/opt/venv/pydantic/main.py", "pydantic", "0 unchecked"),
            ],
        );
        check(
            "bytecode.remove-source = \"application\"",
            &[("/app/m.py", "application", "0 checked removed"), ("/opt/venv/six.py", "six", "0 unchecked")],
        );
    }

    #[test]
    fn overrides_are_for_paths_or_packages_and_the_last_one_counts() {
        let toml = r#"
[bytecode]
optimize = 2
remove-source = true
[[bytecode.override]]
packages = ["Doc__Opt"]
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
                ("/opt/venv/docopt.py", "doc-opt", "1 unchecked"),
                ("/app/migrations/one.py", "application", "-"),
                ("/app/migrations/keep.py", "application", "2 unchecked removed"),
                ("/app/x.py", "application", "-"),
                ("/app/y/x.py", "application", "2 checked removed"),
            ],
        );
    }
}
