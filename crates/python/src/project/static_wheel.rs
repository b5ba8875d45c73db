//! The wheel that a project's backend would build, as the files in it.

use std::collections::BTreeMap;

use pep440_rs::Version;

use crate::core_metadata::CoreMetadata;
use crate::name::DistributionName;
use crate::project::backend::{backend, is_setuptools};
use crate::project::entry_points::{self, EntryPoints};
use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::layout::Layout;
use crate::project::metadata::{self, Metadata};
use crate::project::not_static::NotStatic;
use crate::project::poetry_metadata;
use crate::project::project_files::{FileKind, ProjectFiles};
use crate::project::setup_script;

/// More than any project has; RECORD and the archive are made in memory.
const MAX_FILES: usize = 50_000;

/// Where the content of a wheel's file comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file of the project, by its path below the folder.
    File {
        /// The path.
        path: String,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A text that is made here.
    Text(String),
}

/// A wheel for every platform that has not been written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticWheel {
    /// The distribution.
    pub name: DistributionName,
    /// Its version.
    pub version: Version,
    /// Every file but RECORD, by its path in the wheel.
    pub files: BTreeMap<String, Content>,
}

impl StaticWheel {
    /// Its WHEEL.
    pub(crate) const WHEEL: &str =
        "Wheel-Version: 1.0\nGenerator: shipwheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

    /// A wheel with nothing in it but its metadata: a resolver that is given it asks no one else.
    pub fn empty(metadata: &CoreMetadata) -> Self {
        let CoreMetadata { name, version, requires, extras } = metadata;
        let mut wheel = Self { name: name.clone(), version: version.clone(), files: BTreeMap::new() };
        let lines =
            |name: &str, values: &[String]| values.iter().map(|it| format!("{name}: {it}\n")).collect::<String>();
        let (requires, extras) = (lines("Requires-Dist", requires), lines("Provides-Extra", extras));
        let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}{extras}");
        let info = format!("{}.dist-info", wheel.stem());
        wheel.files.insert(format!("{info}/METADATA"), Content::Text(text));
        wheel.files.insert(format!("{info}/WHEEL"), Content::Text(Self::WHEEL.to_owned()));
        wheel
    }

    /// What its METADATA says.
    pub fn metadata(&self) -> Option<CoreMetadata> {
        match self.files.get(&format!("{}.dist-info/METADATA", self.stem()))? {
            Content::Text(text) => CoreMetadata::parse(text),
            Content::File { .. } => None,
        }
    }

    /// `my_app-1.0`: what the names of the wheel and of its `.dist-info` begin with.
    pub fn stem(&self) -> String {
        format!("{}-{}", self.name.as_str().replace('-', "_"), self.version)
    }

    /// The wheel's file name.
    pub fn file_name(&self) -> String {
        format!("{}-py3-none-any.whl", self.stem())
    }
}

/// The wheel of a project, from the text of its pyproject.toml (empty, if there is none) and its files.
///
/// # Errors
/// When only its build backend knows what is in it.
pub fn static_wheel(pyproject: &str, files: &ProjectFiles<'_>) -> Result<StaticWheel, NotStatic> {
    let file: toml::Table = pyproject.parse().map_err(|_| NotStatic::because("its pyproject.toml is not TOML"))?;
    let file = Keys::new(&file);
    let (lay, requires) = backend(&file)?;
    let (project, tool) = (file.table("project")?, file.table("tool")?);
    let is_poetry = !project.is_there() && tool.table("poetry")?.is_there();
    // What describes a project without `[project]` is setup.py, to the one backend that reads it.
    let is_script = !project.is_there() && !is_poetry && is_setuptools(&file)? && files.is_file("setup.py");
    if is_script && tool.table("setuptools")?.is_there() {
        return Err(NotStatic::because("setup.py describes it, and pyproject.toml has `tool.setuptools`"));
    }
    let script = if is_script { Some(setup_script::read(files)?) } else { None };
    let (project, tool) = match &script {
        Some(script) => (Keys::new(&script.file).table("project")?, Keys::new(&script.file).table("tool")?),
        None => (project, tool),
    };
    let named = if is_poetry { tool.table("poetry")? } else { project.clone() };
    let described = if is_script { "setup.py" } else { "pyproject.toml" };
    let raw_name = named.text("name")?.ok_or_else(|| NotStatic::because(format!("its {described} says no name")))?;
    let name = raw_name.parse().map_err(|_| NotStatic::because("its name is not valid"))?;
    let script = script.as_ref().map(|script| script.fields.clone());
    let input = Input { files, project, tool, raw_name, name, script, requires };
    let layout = lay(&input)?;
    assemble(&input, &layout, is_poetry)
}

fn assemble(input: &Input<'_>, layout: &Layout, is_poetry: bool) -> Result<StaticWheel, NotStatic> {
    let version = layout.version.as_deref().or(input.project.text("version")?);
    let version = version.ok_or_else(|| NotStatic::because("nothing says its version"))?;
    let version: Version =
        version.trim().parse().map_err(|_| NotStatic::because(format!("its version `{version}` is not valid")))?;
    let mut wheel = StaticWheel { name: input.name.clone(), version, files: BTreeMap::new() };
    for (to, from) in &layout.files {
        wheel.files.insert(to.clone(), content(input.files, from)?);
    }
    check_links(input.files, layout)?;
    let info = format!("{}.dist-info", wheel.stem());
    for license in &layout.licenses {
        wheel.files.insert(format!("{info}/licenses/{license}"), content(input.files, license)?);
    }
    let (metadata, points) = describe(input, layout, &wheel, is_poetry)?;
    let mut notes: BTreeMap<&str, String> = layout.notes.iter().map(|(name, text)| (*name, text.clone())).collect();
    if !points.is_empty() {
        notes.insert("entry_points.txt", entry_points::to_text(&points)?);
    }
    notes.insert("METADATA", metadata.to_text());
    notes.insert("WHEEL", StaticWheel::WHEEL.to_owned());
    wheel.files.extend(notes.into_iter().map(|(name, text)| (format!("{info}/{name}"), Content::Text(text))));
    if wheel.files.len() > MAX_FILES {
        return Err(NotStatic::because("it has more than 50,000 files"));
    }
    Ok(wheel)
}

fn describe(
    input: &Input<'_>,
    layout: &Layout,
    wheel: &StaticWheel,
    is_poetry: bool,
) -> Result<(Metadata, EntryPoints), NotStatic> {
    let mut metadata = Metadata::default();
    metadata.add("Name", input.raw_name)?;
    metadata.add("Version", &wheel.version.to_string())?;
    if let Some(summary) = &layout.summary {
        metadata.add("Summary", summary)?;
    }
    let is_silent = layout.hides_licenses && input.project.value("license-files").is_none();
    for license in layout.licenses.iter().filter(|_| !is_silent) {
        metadata.add("License-File", license)?;
    }
    for requirement in layout.dependencies.iter().flatten() {
        metadata::add_requirement(&mut metadata, requirement, None)?;
    }
    for (field, value) in input.script.iter().flatten() {
        metadata.add(field, value)?;
    }
    match is_poetry {
        true => Ok((poetry_metadata::add(metadata, input)?, poetry_metadata::entry_points(input)?)),
        false => {
            metadata::add_project(&mut metadata, input)?;
            Ok((metadata, entry_points::of_project(&input.project)?))
        }
    }
}

fn content(files: &ProjectFiles<'_>, path: &str) -> Result<Content, NotStatic> {
    match files.files.get(path) {
        Some(FileKind::Plain { executable }) => Ok(Content::File { path: path.to_owned(), executable: *executable }),
        Some(FileKind::Link) => Err(NotStatic::because(format!("`{path}` is a link"))),
        None => Err(NotStatic::because(format!("`{path}` is not a file of it"))),
    }
}

/// A link beside files that are taken may lead to a folder with more of them, and backends differ in what they follow.
fn check_links(files: &ProjectFiles<'_>, layout: &Layout) -> Result<(), NotStatic> {
    let links = files.files.iter().filter(|(_, kind)| **kind == FileKind::Link).map(|(path, _)| path);
    for link in links {
        let Some((folder, _)) = link.rsplit_once('/') else { continue };
        let is_beside = |from: &String| from.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        if layout.files.values().any(is_beside) {
            return Err(NotStatic::because(format!("`{link}` is a link")));
        }
    }
    Ok(())
}
