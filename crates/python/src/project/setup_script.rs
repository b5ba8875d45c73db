//! A setup.py that only calls `setup()` with plain values → what pyproject.toml would say in its place.
//!
//! setuptools' "Keywords" lists what `setup()` takes. Some of it has another default there than in pyproject.toml.

use toml::{Table, Value};

use crate::project::not_static::NotStatic;
use crate::project::project_files::ProjectFiles;
use crate::setup::{Literal, Search, entry_points_of, plain_arguments};

/// What a setup.py says.
pub(super) struct SetupScript {
    /// `[project]` and `[tool.setuptools]`.
    pub(super) file: Table,
    /// Fields of METADATA that `[project]` has no key for.
    pub(super) fields: Vec<(&'static str, String)>,
}

/// Keywords that are a text in `[project]`, and their names there.
const TEXTS: [(&str, &str); 4] =
    [("name", "name"), ("version", "version"), ("description", "description"), ("python_requires", "requires-python")];

/// Keywords that change nothing in a wheel.
const WITHOUT_EFFECT: [&str; 3] = ["test_suite", "tests_require", "zip_safe"];

/// Reads the setup.py of a project.
///
/// # Errors
/// When it does more than to call `setup()`, or with what is not understood.
pub(super) fn read(files: &ProjectFiles<'_>) -> Result<SetupScript, NotStatic> {
    let arguments = plain_arguments(&files.text("setup.py")?).map_err(NotStatic::because)?;
    let mut reading = Reading::default();
    for (keyword, value) in &arguments {
        reading
            .keyword(keyword, value)
            .ok_or_else(|| NotStatic::because(format!("setup.py gives `{keyword}` a value that is not read here")))??;
    }
    reading.finish()
}

/// The tables while they are filled.
#[derive(Default)]
struct Reading {
    project: Table,
    settings: Table,
    fields: Vec<(&'static str, String)>,
    description: Option<String>,
    content_type: Option<String>,
}

/// `None` for a value of another form than is understood.
type Taken = Option<Result<(), NotStatic>>;

impl Reading {
    fn keyword(&mut self, keyword: &str, value: &Literal) -> Taken {
        let mut project = |key: &str, value: Value| drop(self.project.insert(key.to_owned(), value));
        if let Some((_, key)) = TEXTS.iter().find(|(name, _)| *name == keyword) {
            project(key, Value::String(line(value)?));
            return Some(Ok(()));
        }
        match keyword {
            "author" | "author_email" | "maintainer" | "maintainer_email" => self.person(keyword, line(value)?),
            "license" => project("license", table([("text", Value::String(line(value)?))])),
            "classifiers" => project("classifiers", texts(&listed(value)?)),
            "keywords" => project("keywords", texts(&separated(value)?)),
            "install_requires" => project("dependencies", texts(&requirements(value)?)),
            "extras_require" => project("optional-dependencies", extras(value)?),
            "project_urls" => project("urls", map(value, |url| Some(Value::String(line(url)?)))?),
            "entry_points" => project("entry-points", entry_points(value)?),
            "url" => self.fields.push(("Home-page", line(value)?)),
            "download_url" => self.fields.push(("Download-URL", line(value)?)),
            "platforms" => self.fields.extend(separated(value)?.into_iter().map(|name| ("Platform", name))),
            "long_description" => self.description = Some(value.text()?.to_owned()),
            "long_description_content_type" => self.content_type = Some(line(value)?),
            _ if WITHOUT_EFFECT.contains(&keyword) => {}
            _ => return self.setting(keyword, value),
        }
        Some(Ok(()))
    }

    /// What `[tool.setuptools]` has.
    fn setting(&mut self, keyword: &str, value: &Literal) -> Taken {
        let value = match (keyword, value) {
            ("packages", Literal::Packages(search)) => find(search)?,
            ("packages" | "py_modules", _) => texts(&listed(value)?),
            ("package_dir", _) => map(value, |folder| Some(Value::String(line(folder)?)))?,
            ("package_data" | "exclude_package_data", _) => map(value, |patterns| Some(texts(&listed(patterns)?)))?,
            ("include_package_data", Literal::Flag(flag)) => Value::Boolean(*flag),
            ("include_package_data", _) => return None,
            _ => return Some(Err(NotStatic::because(format!("setup.py has `{keyword}`")))),
        };
        self.settings.insert(keyword.replace('_', "-"), value);
        Some(Ok(()))
    }

    /// People have a field for the name and one for the address, each by itself.
    fn person(&mut self, keyword: &str, text: String) {
        let (role, part) =
            if keyword.ends_with("_email") { (keyword.trim_end_matches("_email"), "email") } else { (keyword, "name") };
        let people = self.project.entry(format!("{role}s")).or_insert_with(|| Value::Array(Vec::new()));
        people.as_array_mut().into_iter().for_each(|people| people.push(table([(part, Value::String(text.clone()))])));
    }

    fn finish(mut self) -> Result<SetupScript, NotStatic> {
        match (self.description, self.content_type) {
            (Some(text), Some(kind)) => {
                let readme = table([("text", Value::String(text)), ("content-type", Value::String(kind))]);
                self.project.insert("readme".to_owned(), readme);
            }
            (Some(_), None) => return Err(NotStatic::because("setup.py does not say the type of `long_description`")),
            (None, _) => {}
        }
        // pyproject.toml has another default.
        self.settings.entry("include-package-data").or_insert(Value::Boolean(false));
        check_search(&self.settings)?;
        let tool = table([("setuptools", Value::Table(self.settings))]);
        let file = Table::from_iter([("project".to_owned(), Value::Table(self.project)), ("tool".to_owned(), tool)]);
        Ok(SetupScript { file, fields: self.fields })
    }
}

/// A folder that is searched is only where packages are if `package_dir` says so; in pyproject.toml it always is.
fn check_search(settings: &Table) -> Result<(), NotStatic> {
    let find = settings.get("packages").and_then(|packages| packages.get("find"));
    let searched = find.and_then(|find| find.get("where")?.get(0)?.as_str()).unwrap_or(".");
    let folder = settings.get("package-dir").and_then(|folders| folders.get("")?.as_str()).unwrap_or(".");
    let plain = |folder: &str| folder.trim_start_matches("./").trim_end_matches('/').to_owned();
    match find.is_none() || plain(searched) == plain(folder) {
        true => Ok(()),
        false => Err(NotStatic::because(format!("setup.py searches `{searched}`, and `package_dir` names `{folder}`"))),
    }
}

/// `find_packages(…)`.
fn find(search: &Search) -> Option<Value> {
    let mut find = Table::new();
    for (name, value) in &search.arguments {
        let value = match name.as_str() {
            "where" => vec![line(value)?],
            "include" | "exclude" => listed(value)?,
            _ => return None,
        };
        find.insert(name.clone(), texts(&value));
    }
    find.insert("namespaces".to_owned(), Value::Boolean(!search.needs_init));
    Some(table([("find", Value::Table(find))]))
}

/// Requirements without blank ones and comments.
fn requirements(value: &Literal) -> Option<Vec<String>> {
    let all = value.texts()?.into_iter().map(|text| text.trim().to_owned());
    let all: Vec<String> = all.filter(|text| !text.is_empty() && !text.starts_with('#')).collect();
    // What is behind ` #` would have to be told from a part of an address.
    (!all.iter().any(|text| text.contains('#'))).then_some(all)
}

/// Extras; a name with a marker in it is none of `[project]`.
fn extras(value: &Literal) -> Option<Value> {
    let extras = map(value, |value| Some(texts(&requirements(value)?)))?;
    extras.as_table()?.keys().all(|name| !name.contains(':') && !name.is_empty()).then_some(extras)
}

fn entry_points(value: &Literal) -> Option<Value> {
    let mut groups = Table::new();
    for (group, lines) in entry_points_of(value)? {
        let mut entries = Table::new();
        for line in lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
            let (name, object) = line.split_once('=')?;
            entries.insert(name.trim().to_owned(), Value::String(object.trim().to_owned()));
        }
        groups.insert(group, Value::Table(entries));
    }
    Some(Value::Table(groups))
}

/// A text of one line.
fn line(value: &Literal) -> Option<String> {
    value.text().filter(|text| !text.contains('\n')).map(str::to_owned)
}

/// A list of texts, and nothing in its place.
fn listed(value: &Literal) -> Option<Vec<String>> {
    match value {
        Literal::List(_) => value.texts(),
        Literal::Text(_) | Literal::Flag(_) | Literal::Table(_) | Literal::Packages(_) | Literal::Unknown => None,
    }
}

/// A list of texts, or one text with commas.
fn separated(value: &Literal) -> Option<Vec<String>> {
    match value.text() {
        Some(text) => {
            Some(text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
        }
        None => listed(value),
    }
}

/// A table of values of one form.
fn map(value: &Literal, of: impl Fn(&Literal) -> Option<Value>) -> Option<Value> {
    match value {
        Literal::Table(entries) => {
            let entries = entries.iter().map(|(key, value)| Some((key.clone(), of(value)?)));
            Some(Value::Table(entries.collect::<Option<_>>()?))
        }
        Literal::Text(_) | Literal::Flag(_) | Literal::List(_) | Literal::Packages(_) | Literal::Unknown => None,
    }
}

fn texts(texts: &[String]) -> Value {
    Value::Array(texts.iter().cloned().map(Value::String).collect())
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
