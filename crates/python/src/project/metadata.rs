//! `[project]` → METADATA.
//!
//! Its fields are those of the backend's wheel; backends differ in their order and in the version of the format.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::name::normalized;
use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::not_static::NotStatic;
use crate::project::readme::{Readme, readme};

/// The keys of `[project]` that are understood.
const KNOWN: [&str; 18] = [
    "authors",
    "classifiers",
    "dependencies",
    "description",
    "dynamic",
    "entry-points",
    "gui-scripts",
    "keywords",
    "license",
    "license-files",
    "maintainers",
    "name",
    "optional-dependencies",
    "readme",
    "requires-python",
    "scripts",
    "urls",
    "version",
];

/// The fields of METADATA, in their order, and the long description.
#[derive(Default)]
pub(super) struct Metadata {
    fields: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Metadata {
    /// Adds a field.
    ///
    /// # Errors
    /// When its value would become a field of its own.
    pub(super) fn add(&mut self, name: &'static str, value: &str) -> Result<(), NotStatic> {
        if value.chars().any(|char| char.is_control() && char != '\t') {
            return Err(NotStatic::because(format!("the {name} of its metadata has several lines")));
        }
        self.fields.push((name, value.trim().to_owned()));
        Ok(())
    }

    pub(super) fn describe(&mut self, readme: Option<Readme>) -> Result<(), NotStatic> {
        if let Some(readme) = readme {
            self.add("Description-Content-Type", &readme.content_type)?;
            self.body = Some(readme.text);
        }
        Ok(())
    }

    /// The text of METADATA.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::from("Metadata-Version: 2.4\n");
        for (name, value) in &self.fields {
            let _ = writeln!(text, "{name}: {value}");
        }
        if let Some(body) = &self.body {
            let _ = write!(text, "\n{body}");
            if !body.ends_with('\n') {
                text.push('\n');
            }
        }
        text
    }
}

/// Adds what a `[project]` table says.
pub(super) fn add_project(metadata: &mut Metadata, input: &Input<'_>) -> Result<(), NotStatic> {
    let project = &input.project;
    project.only(&KNOWN)?;
    if let Some(summary) = project.text("description")? {
        metadata.add("Summary", &summary.split_whitespace().collect::<Vec<_>>().join(" "))?;
    }
    if let Some(python) = project.text("requires-python")? {
        metadata.add("Requires-Python", python)?;
    }
    add_people(metadata, project, "authors", "Author", "Author-email")?;
    add_people(metadata, project, "maintainers", "Maintainer", "Maintainer-email")?;
    if let Some(keywords) = project.texts("keywords")?.filter(|keywords| !keywords.is_empty()) {
        metadata.add("Keywords", &keywords.join(","))?;
    }
    match project.value("license") {
        Some(toml::Value::String(expression)) => metadata.add("License-Expression", expression)?,
        Some(_) => {
            let table = project.table("license")?;
            table.only(&["file", "text"])?;
            if let Some(text) = table.text("text")? {
                let lines: Vec<&str> = text.lines().collect();
                metadata.add("License", &lines.join(" "))?;
            }
        }
        None => {}
    }
    for classifier in project.texts("classifiers")?.unwrap_or_default() {
        metadata.add("Classifier", classifier)?;
    }
    for (label, url) in project.text_map("urls")? {
        metadata.add("Project-URL", &format!("{label}, {url}"))?;
    }
    for dependency in project.texts("dependencies")?.unwrap_or_default() {
        add_requirement(metadata, dependency, None)?;
    }
    add_extras(metadata, &project.texts_map("optional-dependencies")?)?;
    metadata.describe(readme(input, project)?)
}

/// Adds a requirement, of an extra or of all.
pub(super) fn add_requirement(metadata: &mut Metadata, text: &str, extra: Option<&str>) -> Result<(), NotStatic> {
    let is_read = text.parse::<crate::dependency::Dependency>().is_ok() && !text.contains('$');
    if !is_read {
        return Err(NotStatic::because(format!("the requirement `{text}` cannot be read")));
    }
    match extra {
        None => metadata.add("Requires-Dist", text),
        Some(extra) => {
            let (requirement, marker) = split_marker(text);
            let marker = match marker {
                Some(marker) if marker.contains(" or ") => format!("({marker}) and extra == \"{extra}\""),
                Some(marker) => format!("{marker} and extra == \"{extra}\""),
                None => format!("extra == \"{extra}\""),
            };
            // What follows an address would belong to it.
            let gap = if requirement.contains('@') { " " } else { "" };
            metadata.add("Requires-Dist", &format!("{requirement}{gap}; {marker}"))
        }
    }
}

/// A requirement without its marker, and the marker. Behind an address, a blank is before the `;`.
fn split_marker(text: &str) -> (&str, Option<&str>) {
    let separator = if text.contains('@') { " ;" } else { ";" };
    match text.split_once(separator) {
        Some((requirement, marker)) => (requirement.trim(), Some(marker.trim())),
        None => (text.trim(), None),
    }
}

/// Adds extras with their requirements.
pub(super) fn add_extras(metadata: &mut Metadata, extras: &BTreeMap<&str, Vec<&str>>) -> Result<(), NotStatic> {
    for (extra, requirements) in extras {
        let extra = normalized(extra);
        metadata.add("Provides-Extra", &extra)?;
        for requirement in requirements {
            add_requirement(metadata, requirement, Some(&extra))?;
        }
    }
    Ok(())
}

/// Authors or maintainers: names without an address in one field, all others in another.
fn add_people(
    metadata: &mut Metadata,
    project: &Keys<'_>,
    key: &str,
    name_field: &'static str,
    email_field: &'static str,
) -> Result<(), NotStatic> {
    let (mut names, mut emails) = (Vec::new(), Vec::new());
    for person in project.tables(key)? {
        person.only(&["name", "email"])?;
        match (person.text("name")?, person.text("email")?) {
            (Some(name), Some(email)) => emails.push(format!("{} <{email}>", phrase(name))),
            (Some(name), None) => names.push(name.to_owned()),
            (None, Some(email)) => emails.push(email.to_owned()),
            (None, None) => {}
        }
    }
    for (field, people) in [(name_field, names), (email_field, emails)] {
        if !people.is_empty() {
            metadata.add(field, &people.join(", "))?;
        }
    }
    Ok(())
}

/// A name before an address: in quotes if it has a character that means something in a header (RFC 5322).
fn phrase(name: &str) -> String {
    let is_plain = !name.contains(['(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '.', '"']);
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")) }
}
