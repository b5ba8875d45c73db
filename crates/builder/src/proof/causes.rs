//! Why a module is not in the image, as far as the definition's folder and its pyproject.toml tell.

use std::collections::BTreeMap;
use std::path::Path;

use shipwheel_plan::facts::Facts;
use shipwheel_plan::spec::Located;
use shipwheel_python::imports::distribution_of;
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
    /// Why a module that a file of the image imports is not there, and what to do; `None` where nothing tells.
    pub(super) fn of(&self, file: &str, module: &str) -> Option<String> {
        self.in_a_wheel(module).or_else(|| self.on_disk(file, module)).or_else(|| self.not_selected(module))
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

    /// It is in the application's folder, and was left out.
    fn on_disk(&self, file: &str, module: &str) -> Option<String> {
        let app = self.definition.spec.app.as_ref()?;
        let importer = file.strip_prefix(&app.destination.value)?.trim_start_matches('/');
        let path = module.replace('.', "/");
        let forms = [format!("{path}.py"), format!("{path}/__init__.py"), path];
        let folders = Path::new(importer).ancestors().skip(1).chain([Path::new("src")]);
        let mut places = folders.flat_map(|folder| forms.iter().map(move |form| folder.join(form)));
        let below = places.find(|place| self.definition.folder.join(place).exists())?;
        let host = self.definition.folder.join(&below);
        let shown = below.display();
        let ignored = Ignored::read(self.definition).ok()?;
        if let Some((file, place)) = ignored.of(&host)
            && let Some(rule) = file.rule(&place)
        {
            let (line, text, file) = (rule.line, &rule.text, file.path().display());
            return Some(format!(
                "line {line} of {file}, `{text}`, leaves out {shown}: remove the line, or add `!{shown}` at the end"
            ));
        }
        Some(format!(
            "{shown} is in the folder and not in the image: name it in `sources` in `[app]`, and not in `exclude`"
        ))
    }

    /// It is in a group or an extra of the project that is not selected.
    fn not_selected(&self, module: &str) -> Option<String> {
        let python = self.definition.spec.python.as_ref()?;
        let lock = Path::new(&python.lock.value);
        let name = lock.file_name()?.to_str()?;
        if !name.ends_with(".lock") && !name.starts_with("pylock.") {
            return None;
        }
        let distribution = distribution_of(module);
        let distribution: DistributionName = distribution.split('[').next()?.parse().ok()?;
        let folder = self.definition.folder.join(lock.parent()?);
        let text = text_if_there(&folder.join("pyproject.toml")).ok()??;
        let pyproject = Pyproject::parse(&text).ok()?;
        let extras = pyproject.project.as_ref().map(|project| project.extras.clone()).unwrap_or_default();
        let groups = pyproject.dependency_groups().unwrap_or_default();
        let group =
            with(&groups, &distribution).or_else(|| poetry_groups_with(&text, &distribution).into_iter().next());
        let (kind, key, named, own) = match (with(&extras, &distribution), group) {
            (_, Some(group)) => ("group", "groups", group, python.groups.as_deref().unwrap_or_default()),
            (Some(extra), None) => ("extra", "extras", extra, python.extras.as_slice()),
            (None, None) => return None,
        };
        if own.iter().any(|own| own.value == named) {
            return None;
        }
        let listed: Vec<String> = own.iter().map(value).chain([&named]).map(|name| format!("\"{name}\"")).collect();
        Some(format!(
            "{distribution} is in the {kind} `{named}`, which is not selected: write `{key} = [{}]` in `[python]`",
            listed.join(", ")
        ))
    }
}

fn value(located: &Located<String>) -> &String {
    &located.value
}

/// The first list that has a distribution.
fn with(lists: &BTreeMap<String, Vec<Dependency>>, distribution: &DistributionName) -> Option<String> {
    let has = |list: &Vec<Dependency>| list.iter().any(|dependency| dependency.name == *distribution);
    lists.iter().find(|(_, list)| has(list)).map(|(name, _)| name.clone())
}
