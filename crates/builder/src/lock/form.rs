//! The forms of lock files, told apart by their names.

use std::path::Path;

/// What a file that `python.lock` names is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// pylock.toml (PEP 751): read as it is.
    Pylock,
    /// uv.lock.
    Uv,
    /// poetry.lock.
    Poetry,
    /// pdm.lock.
    Pdm,
    /// requirements.txt, with hashes or without, or its input.
    Requirements,
    /// pyproject.toml: dependencies that nobody has locked.
    Project,
}

impl Form {
    /// The form of a file; nothing where the name is none that is known.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        Some(match name {
            "uv.lock" => Self::Uv,
            "poetry.lock" => Self::Poetry,
            "pdm.lock" => Self::Pdm,
            "pyproject.toml" => Self::Project,
            "pylock.toml" => Self::Pylock,
            _ if name.starts_with("pylock.") && name.ends_with(".toml") => Self::Pylock,
            _ if name.ends_with(".txt") || name.ends_with(".in") => Self::Requirements,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_told_by_its_name() {
        for (name, expected) in [
            ("a/pylock.toml", Some(Form::Pylock)),
            ("pylock.prod.toml", Some(Form::Pylock)),
            ("x/uv.lock", Some(Form::Uv)),
            ("poetry.lock", Some(Form::Poetry)),
            ("pdm.lock", Some(Form::Pdm)),
            ("requirements/prod.txt", Some(Form::Requirements)),
            ("requirements.in", Some(Form::Requirements)),
            ("pyproject.toml", Some(Form::Project)),
            ("Pipfile.lock", None),
            ("other.toml", None),
            ("", None),
        ] {
            assert_eq!(Form::of(Path::new(name)), expected, "{name}");
        }
    }
}
