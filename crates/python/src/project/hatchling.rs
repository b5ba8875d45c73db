//! hatchling: the packages of the project's name, or what `[tool.hatch.build]` selects.

use std::collections::{BTreeMap, BTreeSet};

use crate::glob::normal;
use crate::project::ignored::Ignored;
use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::layout::Layout;
use crate::project::licenses::{USUAL, licenses};
use crate::project::not_static::NotStatic;
use crate::project::version_source;
use crate::project::version_tool::VersionTool;

/// Folders that it never goes into.
const PASSED_FOLDERS: [&str; 11] = [
    "__pycache__",
    ".venv",
    ".git",
    ".hg",
    ".hatch",
    ".tox",
    ".nox",
    ".ruff_cache",
    ".pytest_cache",
    ".mypy_cache",
    ".pixi",
];

/// The keys of `[tool.hatch.build]` that decide about files; those of the target come first.
const SELECTING: [&str; 10] = [
    "include",
    "exclude",
    "packages",
    "only-include",
    "sources",
    "force-include",
    "artifacts",
    "only-packages",
    "ignore-vcs",
    "skip-excluded-dirs",
];

/// Further keys that do not decide about a wheel's files.
const WITHOUT_EFFECT: [&str; 7] = [
    "targets",
    "reproducible",
    "dev-mode-dirs",
    "dev-mode-exact",
    "core-metadata-version",
    "macos-max-compat",
    "bypass-selection",
];

/// Keys that run code, or make what is not read here.
const MAKING: [&str; 9] = [
    "hooks",
    "dependencies",
    "require-runtime-dependencies",
    "require-runtime-features",
    "shared-data",
    "shared-scripts",
    "extra-metadata",
    "sbom-files",
    "versions",
];

/// What hatchling puts into a wheel.
pub(super) fn lay(input: &Input<'_>) -> Result<Layout, NotStatic> {
    input.needs_only(&["hatchling", "hatch-vcs", "versioningit"])?;
    input.dynamic_only(&["version"])?;
    if input.files.is_file("hatch.toml") {
        return Err(NotStatic::because("it has a hatch.toml"));
    }
    let hatch = input.tool.table("hatch")?;
    hatch.only(&["build", "envs", "env", "metadata", "publish", "version"])?;
    let metadata = hatch.table("metadata")?;
    metadata.only(&["allow-direct-references", "allow-ambiguous-features", "hooks"])?;
    metadata.without(&["hooks"])?;
    let selection = Selection::read(input, &hatch.table("build")?)?;
    let mut layout = Layout { licenses: licenses(input, &USUAL)?, ..Layout::default() };
    if input.is_dynamic("version")? {
        layout.version = Some(version(input, &hatch.table("version")?)?);
    }
    selection.add(input, &mut layout)?;
    Ok(layout)
}

fn version(input: &Input<'_>, version: &Keys<'_>) -> Result<String, NotStatic> {
    match version.text("source")?.unwrap_or("regex") {
        "vcs" => input.tagged_version(VersionTool::HatchVcs),
        "versioningit" => input.tagged_version(VersionTool::Versioningit),
        "regex" => {
            let path = version_source::path_of(version)?;
            let found = version_source::in_file(input, &path, &["__version__", "VERSION", "version"])?;
            Ok(found.trim_start_matches('v').to_owned())
        }
        source => Err(NotStatic::because(format!("its version comes from `{source}`"))),
    }
}

/// Which files are taken, and where they go.
struct Selection {
    /// Files and folders; empty for all that `include` matches.
    only: Vec<String>,
    include: Option<Ignored>,
    exclude: Ignored,
    artifacts: Ignored,
    /// Beginnings of paths and their replacements, sorted.
    sources: BTreeMap<String, String>,
    /// Files and folders of the project that are taken in any case, and their places.
    forced: BTreeMap<String, String>,
    only_packages: bool,
    nothing_else: bool,
}

/// A folder with `/` at its end; nothing for the top.
fn folder(path: &str) -> Result<String, NotStatic> {
    let path = plain(path)?;
    Ok(if path.is_empty() { path } else { path + "/" })
}

fn plain(path: &str) -> Result<String, NotStatic> {
    normal(path.trim_matches('/'))
        .filter(|normal| !normal.starts_with('~') && !path.starts_with('/'))
        .ok_or_else(|| NotStatic::because(format!("hatchling would take `{path}`, which leads out of it")))
}

impl Selection {
    fn read(input: &Input<'_>, build: &Keys<'_>) -> Result<Self, NotStatic> {
        let target = build.table("targets")?.table("wheel")?;
        for keys in [build, &target] {
            keys.without(&MAKING)?;
            keys.only(&[&SELECTING[..], &WITHOUT_EFFECT, &MAKING].concat())?;
        }
        let from = |key: &str| if target.value(key).is_some() { target.clone() } else { build.clone() };
        let texts = |key: &str| Ok::<_, NotStatic>(from(key).texts(key)?.unwrap_or_default());
        let flag = |key: &str| Ok::<_, NotStatic>(from(key).flag(key)?.unwrap_or(false));
        let (include, exclude) = (texts("include")?, texts("exclude")?);
        let mut packages = texts("packages")?.into_iter().map(plain).collect::<Result<Vec<_>, _>>()?;
        let mut only = texts("only-include")?.into_iter().map(plain).collect::<Result<Vec<_>, _>>()?;
        let forced = forced(&from("force-include"))?;
        let mut nothing_else = false;
        if include.is_empty() && packages.is_empty() && only.is_empty() {
            match by_name(input)? {
                Some(Found::Package(path)) => packages.push(path),
                Some(Found::Module(path)) => only.push(path),
                None if !forced.is_empty() || target.flag("bypass-selection")? == Some(true) => nothing_else = true,
                None => return Err(NotStatic::because("hatchling finds no package of the project's name")),
            }
        }
        let sources = sources(&from("sources"), &packages)?;
        let of_packages = packages.iter().map(|package| format!("/{package}/"));
        let include: Vec<String> = include.into_iter().map(str::to_owned).chain(of_packages).collect();
        let ignored = input.files.gitignore.filter(|_| !flag("ignore-vcs").unwrap_or(false));
        let exclude = ["*.py[cdo]", "/dist"].into_iter().chain(ignored.into_iter().flat_map(str::lines)).chain(exclude);
        flag("ignore-vcs")?;
        Ok(Self {
            only: if only.is_empty() { packages } else { only },
            include: (!include.is_empty()).then(|| Ignored::new(include.iter().map(String::as_str))).transpose()?,
            exclude: Ignored::new(exclude)?,
            artifacts: Ignored::new(texts("artifacts")?)?,
            sources,
            forced,
            only_packages: flag("only-packages")?,
            nothing_else,
        })
    }

    fn add(&self, input: &Input<'_>, layout: &mut Layout) -> Result<(), NotStatic> {
        let reserved: BTreeSet<String> = self.forced.keys().map(|path| self.place(path)).collect();
        let chosen: Vec<(&str, bool)> = match &self.only[..] {
            [] => input.files.below("").map(|path| (path, false)).collect(),
            only => only.iter().flat_map(|path| self.explicit(input, path)).collect(),
        };
        for (path, is_certain) in chosen {
            if !reserved.contains(&self.place(path)) && (is_certain || self.takes(input, path)?) {
                layout.add(self.place(path), path)?;
            }
        }
        for (from, to) in &self.forced {
            if input.files.files.contains_key(from) {
                layout.add(self.place(to), from)?;
                continue;
            }
            if !input.files.is_folder(from) {
                return Err(NotStatic::because(format!("`{from}` of `force-include` is not there")));
            }
            for path in input.files.below(from).filter(|path| is_gone_into(&path[from.len()..])) {
                layout.add(self.place(&format!("{to}{}", &path[from.len()..])), path)?;
            }
        }
        Ok(())
    }

    /// The files of a path of `only-include`, and whether nothing else decides about them.
    fn explicit<'i>(&self, input: &'i Input<'_>, path: &str) -> Vec<(&'i str, bool)> {
        match input.files.files.get_key_value(path) {
            Some((path, _)) => vec![(path.as_str(), true)],
            None => input.files.below(path).map(|path| (path, false)).collect(),
        }
    }

    fn takes(&self, input: &Input<'_>, path: &str) -> Result<bool, NotStatic> {
        if !is_gone_into(path) {
            return Ok(false);
        }
        if self.artifacts.matches(path)? {
            return Ok(true);
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let in_package = || input.files.files_in(folder).any(|name| name == "__init__.py");
        if self.nothing_else || (self.only_packages && !in_package()) || self.exclude.matches(path)? {
            return Ok(false);
        }
        match &self.include {
            Some(include) if self.only.is_empty() => include.matches(path),
            _ => Ok(true),
        }
    }

    /// Where a path of the project goes.
    fn place(&self, path: &str) -> String {
        for (source, replacement) in &self.sources {
            if let Some(rest) = path.strip_prefix(source.as_str()) {
                return format!("{replacement}{rest}");
            }
        }
        path.to_owned()
    }
}

/// Whether neither a folder above a path nor its name keeps hatchling out.
fn is_gone_into(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    !folders.split('/').any(|folder| PASSED_FOLDERS.contains(&folder)) && ![".DS_Store", ".git"].contains(&name)
}

enum Found {
    Package(String),
    Module(String),
}

/// What has the name of the project: a package at the top, in `src`, a module, or a package in one namespace.
fn by_name(input: &Input<'_>) -> Result<Option<Found>, NotStatic> {
    let component = |name: &str| {
        let mut text = String::new();
        for char in name.chars() {
            let char = if char.is_alphanumeric() || char == '_' || char == '.' { char } else { '_' };
            if char != '_' || !text.ends_with('_') {
                text.push(char);
            }
        }
        text
    };
    for name in [component(input.raw_name), component(input.name.as_str())] {
        for path in [name.clone(), format!("src/{name}")] {
            if input.files.files.contains_key(&format!("{path}/__init__.py")) {
                return Ok(Some(Found::Package(path)));
            }
        }
        let module = format!("{name}.py");
        if input.files.files.contains_key(&module) {
            return Ok(Some(Found::Module(module)));
        }
        let is_in = |folder: &&str| input.files.files.contains_key(&format!("{folder}/{name}/__init__.py"));
        let shown = input.files.folders_in("").into_iter().filter(|folder| !folder.starts_with('.'));
        if let [namespace] = shown.filter(is_in).collect::<Vec<_>>()[..] {
            return Ok(Some(Found::Package(namespace.to_owned())));
        }
    }
    Ok(None)
}

/// `sources`: folders to take away from paths, or to replace; the parents of packages are taken away.
fn sources(keys: &Keys<'_>, packages: &[String]) -> Result<BTreeMap<String, String>, NotStatic> {
    let mut sources = BTreeMap::new();
    match keys.value("sources") {
        Some(toml::Value::Table(_)) => {
            for (source, to) in keys.text_map("sources")? {
                sources.insert(if source.is_empty() { String::new() } else { folder(source)? }, folder(to)?);
            }
        }
        _ => {
            for source in keys.texts("sources")?.unwrap_or_default() {
                sources.insert(folder(source)?, String::new());
            }
        }
    }
    for package in packages {
        if let Some((parent, _)) = package.rsplit_once('/')
            && !sources.contains_key(&format!("{package}/"))
        {
            sources.insert(format!("{parent}/"), String::new());
        }
    }
    Ok(sources)
}

/// `force-include`, within the project.
fn forced(keys: &Keys<'_>) -> Result<BTreeMap<String, String>, NotStatic> {
    let map = keys.text_map("force-include")?;
    map.into_iter().map(|(from, to)| Ok((plain(from)?, plain(to.trim_matches('/'))?))).collect()
}
