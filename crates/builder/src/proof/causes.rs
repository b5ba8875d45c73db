//! Why a module is not in the image, as far as the definition's folder and its pyproject.toml tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use shipwheel_plan::facts::Facts;
use shipwheel_plan::spec::Located;
use shipwheel_python::imports::{Missing, What, distribution_of};
use shipwheel_python::lock::{LockForm, PipfileLock, Selectable};
use shipwheel_python::pyproject::{Pyproject, poetry_groups_with};
use shipwheel_python::{Dependency, DistributionName};

use crate::disk::text::text_if_there;
use crate::project::definition::Definition;
use crate::project::ignored::Ignored;

/// What may tell why something is missing.
#[derive(Clone, Copy)]
pub(super) struct Causes<'a> {
    pub(super) definition: &'a Definition,
    pub(super) facts: &'a Facts,
}

impl Causes<'_> {
    /// Why something is not there, and what to do; `None` where nothing tells.
    pub(super) fn of(&self, missing: &Missing) -> Option<String> {
        let What::Module(module) = &missing.what else { return self.left_out(missing) };
        // What a command starts is the application's own.
        if missing.file.is_none() {
            return self.left_out(missing);
        }
        // The whole modules that are asked for say more of the distribution.
        let not_selected = || missing.wanted.iter().find_map(|wanted| self.not_selected(wanted));
        self.in_a_wheel(module).or_else(|| self.left_out(missing)).or_else(not_selected)
    }

    /// The package is there, without the module.
    fn in_a_wheel(&self, module: &str) -> Option<String> {
        let (package, _) = module.rsplit_once('.')?;
        let below = package.replace('.', "/");
        let ends = [format!("/site-packages/{below}/__init__.py"), format!("/site-packages/{below}.py")];
        let is_in = |path: &str| ends.iter().any(|end| path.ends_with(end.as_str()));
        let mut wheels = self.facts.platforms.values().flat_map(|platform| &platform.wheels);
        let wheel = wheels.find(|wheel| wheel.sources.iter().any(|source| is_in(source.path.as_str())))?;
        let (name, version) = (&wheel.name, &wheel.version);
        Some(format!("{name} {version} has no module `{module}`: correct the import, or lock a version that has it"))
    }

    /// It is in the application's folder, and was left out: the line of .dockerignore that does it, or that no key names it.
    pub(super) fn left_out(&self, missing: &Missing) -> Option<String> {
        let folder = &self.definition.folder;
        let below = self.places(missing)?.into_iter().find(|place| folder.join(place).exists())?;
        let host = folder.join(&below);
        let ignored = Ignored::read(self.definition).ok()?;
        let ruled = |host: &Path| {
            let (file, place) = ignored.of(host)?;
            let rule = file.rule(&place)?;
            let (line, text, file) = (rule.line, &rule.text, file.path().display());
            Some(format!(
                "line {line} of {file}, `{text}`, leaves out {place}: remove the line, or add `!{place}` at the end"
            ))
        };
        let otherwise = || {
            let shown = below.display();
            format!(
                "{shown} is in the folder and not in the image: name it in `sources` in `[app]`, and not in `exclude`"
            )
        };
        // Of a folder without an `__init__.py`, the modules may be what is left out: `cogs/*`.
        let modules = || modules_in(&host).iter().find_map(|module| ruled(module));
        Some(ruled(&host).or_else(modules).unwrap_or_else(otherwise))
    }

    /// Where in the application's folder it would be, by the likeliest first.
    fn places(&self, missing: &Missing) -> Option<Vec<PathBuf>> {
        let destination = &self.definition.spec.app.as_ref()?.destination.value;
        let within =
            |path: &str| path.strip_prefix(destination.as_str()).map(|rest| rest.trim_start_matches('/').to_owned());
        let module = match &missing.what {
            What::Script(path) => return Some(vec![within(path)?.into()]),
            What::Module(module) => module.clone(),
            What::Name { module, name } => format!("{module}.{name}"),
            What::Package(_) => return None,
        };
        let path = module.replace('.', "/");
        let forms = [format!("{path}.py"), format!("{path}/__init__.py"), path];
        let importer = missing.file.as_deref().map_or(Some("main.py".to_owned()), within)?;
        let folders = Path::new(&importer).ancestors().skip(1).chain([Path::new("src")]);
        Some(folders.flat_map(|folder| forms.iter().map(move |form| folder.join(form))).collect())
    }

    /// It is in a group or an extra of the project that is not selected from the lock.
    fn not_selected(&self, wanted: &str) -> Option<String> {
        let python = self.definition.spec.python.as_ref()?;
        let path = Path::new(&python.lock.value);
        let form = LockForm::of(path.file_name()?.to_str()?)?;
        if form.selectable() == Selectable::Nothing {
            return None;
        }
        let distribution = distribution_of(wanted);
        let distribution: DistributionName = distribution.split('[').next()?.parse().ok()?;
        let part = match form {
            LockForm::Pipfile => self.in_section(path, &distribution),
            LockForm::Pylock
            | LockForm::Uv
            | LockForm::Poetry
            | LockForm::Pdm
            | LockForm::Requirements
            | LockForm::Project => self.in_project(path, &distribution),
        };
        let Part { kind, key, name } = part?;
        let own = match kind {
            "extra" => python.extras.as_slice(),
            _ => python.groups.as_deref().unwrap_or_default(),
        };
        if own.iter().any(|own| own.value == name) {
            return None;
        }
        let listed: Vec<String> = own.iter().map(value).chain([&name]).map(|name| format!("\"{name}\"")).collect();
        Some(format!(
            "{distribution} is in the {kind} `{name}`, which is not selected from {}: write `{key} = [{}]` in `[python]`",
            path.display(),
            listed.join(", ")
        ))
    }

    /// The group or extra of the pyproject.toml beside a lock that has a distribution.
    fn in_project(&self, lock: &Path, distribution: &DistributionName) -> Option<Part> {
        let folder = self.definition.folder.join(lock.parent()?);
        let text = text_if_there(&folder.join("pyproject.toml")).ok()??;
        let pyproject = Pyproject::parse(&text).ok()?;
        let groups = pyproject.dependency_groups().unwrap_or_default();
        let group = with(&groups, distribution).or_else(|| poetry_groups_with(&text, distribution).into_iter().next());
        let extras = pyproject.project.map(|project| project.extras).unwrap_or_default();
        group
            .map(Part::group)
            .or_else(|| Some(Part { kind: "extra", key: "extras", name: with(&extras, distribution)? }))
    }

    /// The section of a Pipfile.lock that has a distribution.
    fn in_section(&self, lock: &Path, distribution: &DistributionName) -> Option<Part> {
        let text = text_if_there(&self.definition.folder.join(lock)).ok()??;
        PipfileLock::parse(&text, "").ok()?.group_with(distribution).map(Part::group)
    }
}

/// A part of a lock that can be selected.
struct Part {
    /// What it is called.
    kind: &'static str,
    /// The key of image.toml that selects it.
    key: &'static str,
    name: String,
}

impl Part {
    fn group(name: String) -> Self {
        Self { kind: "group", key: "groups", name }
    }
}

/// The modules of a folder, sorted; none where it is no folder.
fn modules_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut modules: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|it| it == "py")).collect();
    modules.sort();
    modules
}

fn value(located: &Located<String>) -> &String {
    &located.value
}

/// The first list that has a distribution.
fn with(lists: &BTreeMap<String, Vec<Dependency>>, distribution: &DistributionName) -> Option<String> {
    let has = |list: &Vec<Dependency>| list.iter().any(|dependency| dependency.name == *distribution);
    lists.iter().find(|(_, list)| has(list)).map(|(name, _)| name.clone())
}
