//! setuptools with `[project]` or a plain setup.py: packages that it discovers or is told, their modules and their data.

use std::collections::{BTreeMap, BTreeSet};

use crate::glob::{Hidden, matches_name, matches_path, normal};
use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::layout::Layout;
use crate::project::licenses::{USUAL, licenses};
use crate::project::manifest;
use crate::project::not_static::NotStatic;
use crate::project::packages::{Discovered, Finder, at_top, in_src};
use crate::project::version_source;
use crate::project::version_tool::VersionTool;

/// The keys of `[tool.setuptools]` that are understood.
const KNOWN: [&str; 9] = [
    "dynamic",
    "exclude-package-data",
    "include-package-data",
    "package-data",
    "package-dir",
    "packages",
    "py-modules",
    "zip-safe",
    "license-files",
];

/// Sections of setup.cfg that say what is built; all others belong to other tools.
const BUILDING: [&str; 13] = [
    "aliases",
    "bdist_wheel",
    "build",
    "build_ext",
    "build_py",
    "develop",
    "easy_install",
    "egg_info",
    "global",
    "install",
    "metadata",
    "options",
    "sdist",
];

/// What setuptools puts into a wheel.
pub(super) fn lay(input: &Input<'_>) -> Result<Layout, NotStatic> {
    input.needs_only(&["setuptools", "wheel", "setuptools-scm", "versioningit"])?;
    input.dynamic_only(&["version", "dependencies", "readme"])?;
    if !input.project.is_there() {
        return Err(NotStatic::because("setup.cfg describes it, and not `[project]`"));
    }
    check_setup(input)?;
    let settings = input.tool.table("setuptools")?;
    settings.only(&KNOWN)?;
    settings.without(&["license-files"])?;
    if input.tool.table("distutils")?.is_there() {
        return Err(NotStatic::because("pyproject.toml has `tool.distutils`"));
    }
    let packages = Packages::read(input, &settings)?;
    let mut layout = Layout { licenses: licenses(input, &USUAL)?, ..Layout::default() };
    packages.add(input, &settings, &mut layout)?;
    add_dynamic(input, &settings, &packages, &mut layout)?;
    layout.notes.insert("top_level.txt", packages.top_level());
    Ok(layout)
}

/// A setup.py that only calls `setup()`, and a setup.cfg that is about other tools.
fn check_setup(input: &Input<'_>) -> Result<(), NotStatic> {
    const PLAIN: [&str; 7] = [
        "import setuptools",
        "from setuptools import setup",
        "if __name__ == \"__main__\":",
        "if __name__ == '__main__':",
        "setup()",
        "setuptools.setup()",
        "#",
    ];
    if input.script.is_none() && input.files.files.contains_key("setup.py") {
        let text = input.files.text("setup.py")?;
        let lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
        let other = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).find(|line| !PLAIN.contains(line));
        if let Some(line) = other {
            return Err(NotStatic::because(format!("setup.py is more than a call of `setup()`: `{line}`")));
        }
    }
    if input.files.files.contains_key("setup.cfg") {
        let text = input.files.text("setup.cfg")?;
        let sections = text.lines().filter_map(|line| line.trim().strip_prefix('[')?.split(']').next());
        let found = sections.map(|name| name.split('.').next().unwrap_or(name).trim());
        if let Some(section) = found.into_iter().find(|name| BUILDING.contains(name)) {
            return Err(NotStatic::because(format!("setup.cfg has `[{section}]`")));
        }
    }
    Ok(())
}

/// The packages and modules of a project, and where they are.
struct Packages {
    packages: Vec<String>,
    modules: Vec<String>,
    /// Folders by the package that is in them; the empty name is for all others.
    folders: BTreeMap<String, String>,
}

impl Packages {
    fn read(input: &Input<'_>, settings: &Keys<'_>) -> Result<Self, NotStatic> {
        let mut folders = BTreeMap::new();
        for (package, folder) in settings.text_map("package-dir")? {
            let folder = normal(folder).ok_or_else(|| NotStatic::because("`package-dir` leads out of it"))?;
            folders.insert(package.to_owned(), folder);
        }
        let texts = |list: Option<Vec<&str>>| list.map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>());
        let modules = texts(settings.texts("py-modules")?);
        let packages = match settings.value("packages") {
            None => None,
            Some(toml::Value::Table(_)) => Some(found(input, &settings.table("packages")?, &mut folders)?),
            Some(_) => texts(settings.texts("packages")?),
        };
        if packages.is_some() || modules.is_some() {
            let (packages, modules) = (packages.unwrap_or_default(), modules.unwrap_or_default());
            return Ok(Self { packages, modules, folders });
        }
        if folders.keys().any(|package| !package.is_empty()) {
            return Err(NotStatic::because("`tool.setuptools.package-dir` without `packages` is searched"));
        }
        let src = folders.get("").cloned().unwrap_or("src".to_owned());
        let Discovered { packages, modules } = match input.files.is_folder(&src) {
            true => {
                folders.insert(String::new(), src.clone());
                in_src(input.files, &src)
            }
            false => at_top(input.files)?,
        };
        Ok(Self { packages, modules, folders })
    }

    /// The folder of a package: that of the nearest package with one of its own.
    fn folder(&self, package: &str) -> String {
        let names: Vec<&str> = package.split('.').collect();
        for taken in (0..=names.len()).rev() {
            if let Some(folder) = self.folders.get(&names[..taken].join(".")) {
                let parts = std::iter::once(folder.as_str()).chain(names[taken..].iter().copied());
                return parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
            }
        }
        names.join("/")
    }

    fn top_level(&self) -> String {
        let names = self.packages.iter().chain(&self.modules).filter_map(|name| name.split('.').next());
        let names: BTreeSet<&str> = names.collect();
        names.into_iter().collect::<Vec<_>>().join("\n") + "\n"
    }

    fn add(&self, input: &Input<'_>, settings: &Keys<'_>, layout: &mut Layout) -> Result<(), NotStatic> {
        for module in &self.modules {
            let file = format!("{}.py", module.replace('.', "/"));
            let root = self.folders.get("").filter(|root| !root.is_empty());
            layout.add(file.clone(), root.map_or(file.clone(), |root| format!("{root}/{file}")))?;
        }
        let data = Data::read(input, settings, self)?;
        for package in &self.packages {
            let folder = self.folder(package);
            if folder.is_empty() || !input.files.is_folder(&folder) {
                return Err(NotStatic::because(format!("the package `{package}` has no folder of its own")));
            }
            let place = package.replace('.', "/");
            let is_module = |name: &&str| name.ends_with(".py") && !name.starts_with('.');
            let modules = input.files.files_in(&folder).filter(is_module).map(|name| format!("{folder}/{name}"));
            let modules: Vec<String> = modules.collect();
            for path in modules.iter().map(String::as_str).chain(data.of(input, package, &folder)) {
                layout.add(format!("{place}{}", &path[folder.len()..]), path)?;
            }
        }
        Ok(())
    }
}

/// `packages.find`.
fn found(
    input: &Input<'_>,
    packages: &Keys<'_>,
    folders: &mut BTreeMap<String, String>,
) -> Result<Vec<String>, NotStatic> {
    packages.only(&["find"])?;
    let find = packages.table("find")?;
    find.only(&["where", "include", "exclude", "namespaces"])?;
    let roots = find.texts("where")?.unwrap_or(vec!["."]);
    let [root] = &roots[..] else {
        return Err(NotStatic::because("`tool.setuptools.packages.find.where` names several folders"));
    };
    let root = normal(root).ok_or_else(|| NotStatic::because("`packages.find.where` leads out of it"))?;
    if !root.is_empty() && folders.get("").is_none_or(|given| *given != root) {
        if !folders.is_empty() {
            return Err(NotStatic::because("`packages.find.where` and `package-dir` name different folders"));
        }
        folders.insert(String::new(), root.clone());
    }
    let finder = Finder {
        include: find.texts("include")?.filter(|list| !list.is_empty()).unwrap_or(vec!["*"]),
        exclude: find.texts("exclude")?.unwrap_or_default(),
        needs_init: find.flag("namespaces")? == Some(false),
    };
    Ok(finder.find(input.files, &root))
}

/// What of the data of packages is taken.
struct Data<'t> {
    patterns: BTreeMap<&'t str, Vec<&'t str>>,
    excluded: BTreeMap<&'t str, Vec<&'t str>>,
    /// The files of MANIFEST.in by their package.
    listed: BTreeMap<String, Vec<String>>,
}

impl<'t> Data<'t> {
    fn read(input: &Input<'_>, settings: &Keys<'t>, packages: &Packages) -> Result<Self, NotStatic> {
        let (patterns, excluded) = (settings.texts_map("package-data")?, settings.texts_map("exclude-package-data")?);
        let mut listed = BTreeMap::new();
        if settings.flag("include-package-data")?.unwrap_or(true) {
            if input.requires("setuptools-scm") {
                check_scm(input, packages)?;
            }
            if input.files.files.contains_key("MANIFEST.in") {
                listed = by_package(packages, manifest::files_of(input.files, &input.files.text("MANIFEST.in")?)?);
            }
        }
        Ok(Self { patterns, excluded, listed })
    }

    /// The data of a package, by the paths of the files.
    fn of<'i>(&'i self, input: &'i Input<'_>, package: &str, folder: &str) -> Vec<&'i str> {
        let of = |map: &'i BTreeMap<&'t str, Vec<&'t str>>| {
            ["", "*", package].into_iter().filter_map(|key| map.get(key)).flatten().copied()
        };
        let patterns: Vec<&str> = ["*.pyi", "py.typed"].into_iter().chain(of(&self.patterns)).collect();
        let excluded: Vec<String> = of(&self.excluded).map(|pattern| format!("{folder}/{pattern}")).collect();
        let matching = input.files.below(folder).filter(|path| {
            patterns.iter().any(|pattern| matches_path(pattern, &path[folder.len() + 1..], Hidden::Passed))
        });
        let listed = self.listed.get(package).into_iter().flatten().map(String::as_str);
        listed.chain(matching).filter(|path| !excluded.iter().any(|pattern| matches_name(pattern, path))).collect()
    }
}

/// Files of a manifest by the nearest package above them; modules beside an `__init__.py` are no data.
fn by_package(packages: &Packages, files: BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let folders: BTreeMap<String, &String> =
        packages.packages.iter().map(|name| (packages.folder(name), name)).collect();
    let mut listed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files {
        let above = path.rmatch_indices('/').map(|(at, _)| at).find_map(|at| Some((at, folders.get(&path[..at])?)));
        let Some((at, package)) = above else { continue };
        let below = &path[at + 1..];
        let is_module = below.strip_suffix(".py").is_some_and(super::packages::is_identifier);
        if !is_module {
            listed.entry((*package).clone()).or_default().push(path);
        }
    }
    listed
}

/// With setuptools-scm, all files that git tracks are data: only it knows them.
fn check_scm(input: &Input<'_>, packages: &Packages) -> Result<(), NotStatic> {
    for package in &packages.packages {
        let folder = packages.folder(package);
        let mut data = input.files.below(&folder).filter(|path| !path.ends_with(".py") && !path.ends_with(".pyc"));
        if let Some(path) = data.next() {
            let reason = format!("setuptools-scm takes what git tracks, and `{path}` is not a module");
            return Err(NotStatic::because(reason));
        }
    }
    Ok(())
}

/// What `dynamic` leaves to setuptools: a version in a plain line or in tags, and files.
fn add_dynamic(
    input: &Input<'_>,
    settings: &Keys<'_>,
    packages: &Packages,
    layout: &mut Layout,
) -> Result<(), NotStatic> {
    let dynamic = settings.table("dynamic")?;
    let file = |key: &str| {
        let table = dynamic.table(key)?;
        table.only(&["file", "attr"])?;
        match table.value("file") {
            Some(toml::Value::String(path)) => input.files.text(path).map(Some),
            Some(_) => match &table.texts("file")?.unwrap_or_default()[..] {
                [path] => input.files.text(path).map(Some),
                _ => Err(NotStatic::because(format!("`{key}` comes from several files"))),
            },
            None => Ok(None),
        }
    };
    if input.is_dynamic("readme")? {
        return Err(NotStatic::because("`readme` is dynamic"));
    }
    if input.is_dynamic("version")? {
        let table = dynamic.table("version")?;
        layout.version = Some(match (table.text("attr")?, file("version")?) {
            (Some(attribute), _) => attribute_of(input, packages, attribute)?,
            (None, Some(text)) => text.trim().to_owned(),
            (None, None) if input.requires("versioningit") => input.tagged_version(VersionTool::Versioningit)?,
            (None, None) if input.requires("setuptools-scm") => {
                input.tool.table("setuptools_scm")?.without(&["write_to", "version_file"])?;
                input.tagged_version(VersionTool::SetuptoolsScm)?
            }
            (None, None) => return Err(NotStatic::because("its version comes from code")),
        });
    }
    if input.is_dynamic("dependencies")? {
        let text = file("dependencies")?.ok_or_else(|| NotStatic::because("`dependencies` is dynamic"))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        // What is behind ` #` is a comment to setuptools too.
        let lines = lines.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
        layout.dependencies = Some(lines.collect());
    }
    Ok(())
}

/// `attr = "pkg.module.NAME"`: a plain line of that module.
fn attribute_of(input: &Input<'_>, packages: &Packages, attribute: &str) -> Result<String, NotStatic> {
    let missing = || NotStatic::because(format!("`{attribute}` of `tool.setuptools.dynamic.version` is not found"));
    let (module, name) = attribute.rsplit_once('.').ok_or_else(missing)?;
    let folder = packages.folder(module);
    let candidates = [format!("{folder}/__init__.py"), format!("{folder}.py")];
    let path = candidates.iter().find(|path| input.files.is_file(path)).ok_or_else(missing)?;
    version_source::in_file(input, path, &[name])
}
