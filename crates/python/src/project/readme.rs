//! `project.readme`: the long description and its type.

use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::not_static::NotStatic;

/// A long description.
pub(super) struct Readme {
    pub(super) content_type: String,
    pub(super) text: String,
}

/// What `project.readme` says, if anything.
pub(super) fn readme(input: &Input<'_>, project: &Keys<'_>) -> Result<Option<Readme>, NotStatic> {
    let unknown = || NotStatic::because("the type of its readme is not known");
    match project.value("readme") {
        None => Ok(None),
        Some(toml::Value::String(file)) => {
            let content_type = type_of(file).ok_or_else(unknown)?.to_owned();
            Ok(Some(Readme { content_type, text: input.files.text(file)? }))
        }
        Some(_) => {
            let table = project.table("readme")?;
            table.only(&["file", "text", "content-type"])?;
            let text = match (table.text("file")?, table.text("text")?) {
                (Some(file), None) => input.files.text(file)?,
                (None, Some(text)) => text.to_owned(),
                _ => return Err(NotStatic::because("`project.readme` is neither a file nor a text")),
            };
            let given = table.text("content-type")?;
            let content_type = given.or_else(|| type_of(table.text("file").ok()??)).ok_or_else(unknown)?.to_owned();
            Ok(Some(Readme { content_type, text }))
        }
    }
}

/// The type of a readme by its name.
pub(super) fn type_of(file: &str) -> Option<&'static str> {
    let ending = file.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase());
    match ending.as_str() {
        "md" => Some("text/markdown"),
        "rst" => Some("text/x-rst"),
        "txt" => Some("text/plain"),
        _ => None,
    }
}
