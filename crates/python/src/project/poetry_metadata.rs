//! `[tool.poetry]` → METADATA and entry points: Poetry's own forms of versions become those of PEP 440 and PEP 508.

use crate::name::normalized;
use crate::poetry_versions::PoetryVersions;
use crate::project::entry_points::{self, EntryPoints};
use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::metadata::{Metadata, add_requirement};
use crate::project::not_static::NotStatic;
use crate::project::readme::{Readme, type_of};

/// Adds what `[tool.poetry]` says to the metadata.
pub(super) fn add(mut metadata: Metadata, input: &Input<'_>) -> Result<Metadata, NotStatic> {
    let poetry = input.tool.table("poetry")?;
    if let Some(summary) = poetry.text("description")? {
        metadata.add("Summary", summary)?;
    }
    let dependencies = poetry.table("dependencies")?;
    let python = dependencies.text("python")?.unwrap_or("*");
    if python != "*" {
        versions(python)?;
        let python: Option<PoetryVersions> = python.parse().ok();
        metadata.add("Requires-Python", &python.map(|python| python.python_text()).unwrap_or_default())?;
    }
    add_person(&mut metadata, &poetry, "authors", "Author", "Author-email")?;
    add_person(&mut metadata, &poetry, "maintainers", "Maintainer", "Maintainer-email")?;
    if let Some(keywords) = poetry.texts("keywords")?.filter(|keywords| !keywords.is_empty()) {
        metadata.add("Keywords", &keywords.join(","))?;
    }
    if let Some(license) = poetry.text("license")? {
        metadata.add("License", license)?;
    }
    for classifier in poetry.texts("classifiers")?.unwrap_or_default() {
        metadata.add("Classifier", classifier)?;
    }
    for (label, url) in urls(&poetry)? {
        metadata.add("Project-URL", &format!("{label}, {url}"))?;
    }
    add_dependencies(&mut metadata, &poetry, &dependencies)?;
    let readme = match poetry.value("readme") {
        None => None,
        Some(_) => {
            let file = poetry.text("readme")?.unwrap_or_default();
            let content_type = type_of(file).unwrap_or("text/plain").to_owned();
            Some(Readme { content_type, text: input.files.text(file)? })
        }
    };
    metadata.describe(readme)?;
    Ok(metadata)
}

fn urls<'t>(poetry: &Keys<'t>) -> Result<Vec<(&'t str, &'t str)>, NotStatic> {
    let mut urls = Vec::new();
    for (key, label) in [("homepage", "Homepage"), ("repository", "Repository"), ("documentation", "Documentation")] {
        urls.extend(poetry.text(key)?.map(|url| (label, url)));
    }
    urls.extend(poetry.text_map("urls")?);
    Ok(urls)
}

/// The first author or maintainer: `Name <address>`.
fn add_person(
    metadata: &mut Metadata,
    poetry: &Keys<'_>,
    key: &str,
    name: &'static str,
    email: &'static str,
) -> Result<(), NotStatic> {
    let people = poetry.texts(key)?.unwrap_or_default();
    let Some(person) = people.first() else { return Ok(()) };
    let (who, address) = person.split_once('<').unwrap_or((person, ""));
    if !who.trim().is_empty() {
        metadata.add(name, who)?;
    }
    let address = address.trim_end_matches('>');
    if !address.is_empty() {
        metadata.add(email, address)?;
    }
    Ok(())
}

/// The commands and plug-ins of `[tool.poetry]`.
pub(super) fn entry_points(input: &Input<'_>) -> Result<EntryPoints, NotStatic> {
    let poetry = input.tool.table("poetry")?;
    let mut groups = EntryPoints::new();
    entry_points::add(&mut groups, "console_scripts", &poetry, "scripts")?;
    let plugins = poetry.table("plugins")?;
    for (group, _) in plugins.entries() {
        entry_points::add(&mut groups, group, &plugins, group)?;
    }
    Ok(groups)
}

fn add_dependencies(metadata: &mut Metadata, poetry: &Keys<'_>, dependencies: &Keys<'_>) -> Result<(), NotStatic> {
    let extras = poetry.texts_map("extras")?;
    for extra in extras.keys() {
        metadata.add("Provides-Extra", &normalized(extra))?;
    }
    for (name, value) in dependencies.entries().filter(|(name, _)| *name != "python") {
        let (requirement, is_optional) = match value {
            toml::Value::String(text) => (format!("{name}{}", versions(text)?), false),
            toml::Value::Table(_) => table(name, &dependencies.table(name)?)?,
            _ => return Err(NotStatic::because(format!("the dependency `{name}` has several forms"))),
        };
        let is_of = |names: &Vec<&str>| names.iter().any(|other| normalized(other) == normalized(name));
        let of_extras: Vec<String> =
            extras.iter().filter(|(_, names)| is_of(names)).map(|(extra, _)| normalized(extra)).collect();
        match (&of_extras[..], is_optional) {
            ([], false) => add_requirement(metadata, &requirement, None)?,
            ([], true) => {}
            (of_extras, _) => {
                for extra in of_extras {
                    add_requirement(metadata, &requirement, Some(extra))?;
                }
            }
        }
    }
    Ok(())
}

/// A dependency in a table: the requirement, and whether only an extra asks for it.
fn table(name: &str, table: &Keys<'_>) -> Result<(String, bool), NotStatic> {
    table.only(&["version", "extras", "optional", "markers"])?;
    let extras = table.texts("extras")?.filter(|extras| !extras.is_empty());
    let extras = extras.map(|extras| format!("[{}]", extras.join(","))).unwrap_or_default();
    let marker = table.text("markers")?.map(|marker| format!(" ; {marker}")).unwrap_or_default();
    let versions = versions(table.text("version")?.unwrap_or("*"))?;
    Ok((format!("{name}{extras}{versions}{marker}"), table.flag("optional")?.unwrap_or(false)))
}

/// Poetry's versions as version specifiers; nothing for `*`.
///
/// # Errors
/// When specifiers cannot say them: no build backend but Poetry's own writes alternatives.
fn versions(text: &str) -> Result<String, NotStatic> {
    let specifiers = text.parse::<PoetryVersions>().ok().and_then(|versions| versions.text().map(str::to_owned));
    specifiers.ok_or_else(|| NotStatic::because(format!("the versions `{text}` are written in a way of Poetry's own")))
}
