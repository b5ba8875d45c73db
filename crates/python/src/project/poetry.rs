//! poetry-core: the package of the project's name, at the top or in `src`, or `packages` and `include`.

use crate::glob::{Hidden, matches_or_is_below, matches_path, normal};
use crate::project::ignored::Ignored;
use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::layout::Layout;
use crate::project::licenses::{USUAL, licenses};
use crate::project::not_static::NotStatic;
use crate::project::version_tool::VersionTool;

/// The keys of `[tool.poetry]` that are understood, or do not matter to a wheel.
const KNOWN: [&str; 27] = [
    "authors",
    "classifiers",
    "dependencies",
    "description",
    "dev-dependencies",
    "documentation",
    "exclude",
    "extras",
    "group",
    "homepage",
    "include",
    "keywords",
    "license",
    "maintainers",
    "name",
    "package-mode",
    "packages",
    "plugins",
    "readme",
    "repository",
    "requires-plugins",
    "requires-poetry",
    "scripts",
    "source",
    "urls",
    "version",
    "build",
];

/// What poetry-core puts into a wheel.
pub(super) fn lay(input: &Input<'_>) -> Result<Layout, NotStatic> {
    input.needs_only(&["poetry-core", "poetry", "setuptools", "wheel", "poetry-dynamic-versioning"])?;
    input.dynamic_only(&["version", "classifiers"])?;
    let poetry = input.tool.table("poetry")?;
    poetry.only(&KNOWN)?;
    poetry.without(&["build"])?;
    if input.project.is_there() {
        // Beside [project], these fill what it lacks.
        poetry.without(&[
            "scripts",
            "plugins",
            "readme",
            "keywords",
            "urls",
            "homepage",
            "repository",
            "documentation",
        ])?;
    }
    if poetry.flag("package-mode")? == Some(false) {
        return Err(NotStatic::because("`tool.poetry.package-mode` is false"));
    }
    let mut layout = Layout { licenses: licenses(input, &USUAL)?, ..Layout::default() };
    if input.project.value("license-files").is_none() {
        layout.licenses.extend(input.files.below("LICENSES").map(str::to_owned));
    }
    layout.version = version(input, &poetry)?;
    let packages = packages(input, &poetry)?;
    let includes = includes(&poetry)?;
    let excluded = Excluded::read(input, &poetry, &includes)?;
    for package in &packages {
        package.add(input, &excluded, &mut layout)?;
    }
    for pattern in &includes {
        for path in input.files.files.keys().filter(|path| matches_or_is_below(pattern, path, Hidden::Matched)) {
            if !is_bytecode(path) {
                layout.add(path, path)?;
            }
        }
    }
    Ok(layout)
}

fn version(input: &Input<'_>, poetry: &Keys<'_>) -> Result<Option<String>, NotStatic> {
    let tagging = input.tool.table("poetry-dynamic-versioning")?;
    if input.requires("poetry-dynamic-versioning") && tagging.flag("enable")? == Some(true) {
        tagging.without(&["substitution", "files"])?;
        return input.tagged_version(VersionTool::PoetryDynamicVersioning).map(Some);
    }
    Ok(poetry.text("version")?.map(str::to_owned))
}

/// A package, a module or a pattern of `packages`.
struct Package {
    /// Below `from`.
    include: String,
    /// The folder that it is imported from, with `/` at its end, or empty.
    from: String,
    /// The folder in the wheel that it goes into, likewise.
    to: String,
}

fn folder(path: Option<&str>) -> Result<String, NotStatic> {
    let normal = normal(path.unwrap_or_default());
    let path = normal.ok_or_else(|| NotStatic::because("a path of `tool.poetry.packages` leads out of it"))?;
    Ok(if path.is_empty() { path } else { path + "/" })
}

fn packages(input: &Input<'_>, poetry: &Keys<'_>) -> Result<Vec<Package>, NotStatic> {
    let mut packages = Vec::new();
    for package in poetry.tables("packages")? {
        package.only(&["include", "from", "to", "format"])?;
        let include = package.text("include")?.and_then(normal);
        let include = include.ok_or_else(|| NotStatic::because("`tool.poetry.packages` names no folder of it"))?;
        if is_for_wheels(&package)?.unwrap_or(true) {
            packages.push(Package { include, from: folder(package.text("from")?)?, to: folder(package.text("to")?)? });
        }
    }
    if poetry.tables("packages")?.is_empty() {
        packages.push(by_name(input)?);
    }
    Ok(packages)
}

/// Whether `format` has wheels; `None` where it is missing.
fn is_for_wheels(keys: &Keys<'_>) -> Result<Option<bool>, NotStatic> {
    match keys.value("format") {
        None => Ok(None),
        Some(toml::Value::String(format)) => Ok(Some(format == "wheel")),
        Some(_) => Ok(keys.texts("format")?.map(|formats| formats.contains(&"wheel"))),
    }
}

fn by_name(input: &Input<'_>) -> Result<Package, NotStatic> {
    let name = input.module_name();
    for from in ["", "src/"] {
        let module = format!("{name}.py");
        let is_package = input.files.is_folder(&format!("{from}{name}"));
        let is_module = input.files.files.contains_key(&format!("{from}{module}"));
        match (is_package, is_module) {
            (true, true) => return Err(NotStatic::because(format!("poetry-core finds two modules `{name}`"))),
            (false, false) => {}
            _ => {
                let include = if is_package { name } else { module };
                return Ok(Package { include, from: from.to_owned(), to: String::new() });
            }
        }
    }
    Err(NotStatic::because(format!("poetry-core finds no package `{name}`")))
}

impl Package {
    fn add(&self, input: &Input<'_>, excluded: &Excluded, layout: &mut Layout) -> Result<(), NotStatic> {
        let below = input.files.below(self.from.trim_end_matches('/')).map(|path| &path[self.from.len()..]);
        let found: Vec<&str> = below.filter(|path| matches_or_is_below(&self.include, path, Hidden::Matched)).collect();
        let is_stubs = self.include.ends_with("-stubs");
        if !found.iter().any(|path| path.ends_with(".py") || (is_stubs && path.ends_with(".pyi"))) {
            return Err(NotStatic::because(format!("poetry-core finds no module in `{}{}`", self.from, self.include)));
        }
        for path in found.into_iter().filter(|path| !is_bytecode(path)) {
            let whole = format!("{}{path}", self.from);
            if !excluded.has(&whole)? {
                layout.add(format!("{}{path}", self.to), whole)?;
            }
        }
        Ok(())
    }
}

/// The patterns of `include` that are for wheels.
fn includes(poetry: &Keys<'_>) -> Result<Vec<String>, NotStatic> {
    let list = poetry.value("include").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut patterns = Vec::new();
    for entry in list {
        // What has no format is for both or for source distributions only, as the version of poetry-core has it.
        let Some(table) = entry.as_table() else {
            return Err(NotStatic::because("`tool.poetry.include` does not say for which formats"));
        };
        let table = Keys::new(table);
        table.only(&["path", "format"])?;
        match is_for_wheels(&table)? {
            Some(true) => patterns.push(table.text("path")?.unwrap_or_default().to_owned()),
            Some(false) => {}
            None => return Err(NotStatic::because("`tool.poetry.include` does not say for which formats")),
        }
    }
    Ok(patterns)
}

/// What is left out.
struct Excluded {
    patterns: Vec<String>,
    includes: Vec<String>,
    /// What git may ignore: only files that it does not track.
    ignored: Option<Ignored>,
}

impl Excluded {
    fn read(input: &Input<'_>, poetry: &Keys<'_>, includes: &[String]) -> Result<Self, NotStatic> {
        let patterns = poetry.texts("exclude")?.unwrap_or_default().into_iter().map(str::to_owned).collect();
        let ignored = input.files.gitignore.filter(|_| input.files.in_git);
        let ignored = ignored.map(|text| Ignored::new(text.lines())).transpose()?;
        Ok(Self { patterns, includes: includes.to_vec(), ignored })
    }

    fn has(&self, path: &str) -> Result<bool, NotStatic> {
        if self.includes.iter().any(|pattern| matches_or_is_below(pattern, path, Hidden::Matched)) {
            return Ok(false);
        }
        if self.ignored.as_ref().is_some_and(|ignored| ignored.matches(path).unwrap_or(true)) {
            return Err(NotStatic::because(format!("only git knows whether `{path}` is ignored")));
        }
        let is_excluded = |pattern: &String| {
            matches_path(pattern, path, Hidden::Matched) || matches_or_is_below(pattern, path, Hidden::Matched)
        };
        Ok(self.patterns.iter().any(is_excluded))
    }
}

fn is_bytecode(path: &str) -> bool {
    path.split('/').any(|part| part == "__pycache__") || path.ends_with(".pyc")
}
