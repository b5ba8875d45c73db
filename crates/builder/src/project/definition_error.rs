//! An image definition that is not found, cannot be derived, or would be overwritten.

use std::path::PathBuf;

use shipwheel_plan::derive::DeriveError;
use shipwheel_plan::spec::nearest;

use shipwheel_store::ErrorKind;

/// Why a definition cannot be loaded or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// No definition has the name or path.
    #[error("no image definition for {wanted} in {}; found {}", .images.display(), list(.known))]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// Where shipwheel looked.
        images: PathBuf,
        /// The names of the definitions there.
        known: Vec<String>,
    },
    /// A folder has no definition, and shipwheel cannot derive one.
    #[error("{}: {cause}", .folder.display())]
    Derive {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        cause: DeriveError,
    },
    /// A file that is read leads out of the workspace, and no key of image.toml names it.
    #[error("{} is {}, outside of the workspace", .path.display(), .real.display())]
    Outside {
        /// The file or folder.
        path: PathBuf,
        /// Where it really is.
        real: PathBuf,
    },
    /// The file exists, and must not be lost.
    #[error("{} already exists", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The definition that was meant by a name, or by a path to a folder that has none.
fn meant<'k>(wanted: &str, known: &'k [String]) -> Option<&'k str> {
    // What is asked for in other ways is no name, and is in no backquotes.
    let name = wanted.strip_prefix('`')?.strip_suffix('`')?.trim_end_matches('/');
    let name = name.rsplit('/').next()?;
    nearest(name, known.iter().map(String::as_str))
}

impl DefinitionError {
    /// The user names definitions.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotFound { wanted, known, .. } => {
                let usual = "name a folder in images/, or a path to an image.toml";
                match meant(wanted, known) {
                    Some(meant) => format!("did you mean `{meant}`? Else {usual}"),
                    None => usual.to_owned(),
                }
            }
            Self::Derive { folder, cause: DeriveError::Members { members } } => {
                let commands =
                    members.iter().map(|member| format!("`shipwheel image {}`", folder.join(member).display()));
                format!("build one of them: {}", commands.collect::<Vec<_>>().join(", "))
            }
            Self::Derive { folder, cause: DeriveError::Below { found } } => {
                let commands =
                    found.iter().map(|(below, _)| format!("`shipwheel image {}`", folder.join(below).display()));
                format!("build it by its folder: {}", commands.collect::<Vec<_>>().join(" or "))
            }
            Self::Derive { cause, .. } => cause.hint(),
            Self::Outside { real, .. } => {
                format!("if it belongs to the image, add `allow-outside = [\"{}\"]` to image.toml", real.display())
            }
            Self::Exists { .. } => "overwrite it with `--force`".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slip_is_recognized_and_another_is_not() {
        let known = ["variosync".to_owned(), "web".to_owned()];
        for (wanted, expected) in [
            ("`varoisync`", Some("variosync")),
            ("`images/variosnc`", Some("variosync")),
            ("`./images/wep/`", Some("web")),
            ("`something-else`", None),
            ("the only image", None),
        ] {
            assert_eq!(meant(wanted, &known), expected, "{wanted}");
        }
    }
}
