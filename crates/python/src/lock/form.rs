//! The forms of lock files as one table: the name of the file, its tool, and how it is read, locked again and checked.
//!
//! A new form is a variant, a row of the table and, where a tool writes it, a [`LockTool`]; the compiler then asks for
//! every place that must know it, [`LockForm::ALL`] among them.

use std::collections::BTreeSet;

use crate::lock::names;
use crate::name::DistributionName;

/// What a file that locks dependencies is, told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockForm {
    /// pylock.toml, the standard form (PEP 751), or pylock.NAME.toml.
    Pylock,
    /// uv.lock.
    Uv,
    /// poetry.lock.
    Poetry,
    /// pdm.lock.
    Pdm,
    /// Pipfile.lock.
    Pipfile,
    /// requirements.txt with hashes or without, or its input (requirements.in).
    Requirements,
    /// pyproject.toml: dependencies that nothing has locked yet.
    Project,
}

/// How a form becomes a [`Lock`](super::Lock).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockReading {
    /// It is parsed as it is.
    Native,
    /// It is parsed, and its older versions with the pyproject.toml beside it, which says what the project asks for.
    WithProject,
    /// Its hashes are looked up, if it has any; otherwise it is locked first.
    Requirements,
    /// It is locked first.
    LockFirst,
}

/// What locks a form again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relocking {
    /// The tool that wrote it, from the pyproject.toml beside it.
    Tool(LockTool),
    /// It is an input itself, unless it has hashes: uv locks it into a file that is kept beside it.
    Beside,
    /// The file does not record its inputs; only the tool that created it can update it.
    Never,
}

/// How to tell whether a form is older than what it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// The requirements that it records are compared with the pyproject.toml files.
    Compared,
    /// It holds a digest of what it was made from.
    Hashed,
    /// The lock that is kept beside it holds a digest of its inputs.
    Recorded,
    /// Nothing tells.
    Unknown,
}

/// What of a form an image can select.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selectable {
    /// Extras, dependency groups, and a member of a workspace.
    Members,
    /// Extras and dependency groups.
    Groups,
    /// Nothing: all of the file is installed.
    Nothing,
}

/// A tool that writes locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockTool {
    /// uv.
    Uv,
    /// Poetry; its exporter is a plugin.
    Poetry,
    /// PDM.
    Pdm,
}

/// A row of the table.
struct Row {
    /// The file's usual name.
    file_name: &'static str,
    reading: LockReading,
    relocking: Relocking,
    staleness: Staleness,
    selectable: Selectable,
}

impl LockForm {
    /// Every form, the one that is preferred in a folder with several first.
    pub const ALL: [Self; 7] =
        [Self::Pylock, Self::Uv, Self::Poetry, Self::Pdm, Self::Pipfile, Self::Requirements, Self::Project];

    /// The form that follows in [`ALL`](Self::ALL).
    const fn next(self) -> Option<Self> {
        match self {
            Self::Pylock => Some(Self::Uv),
            Self::Uv => Some(Self::Poetry),
            Self::Poetry => Some(Self::Pdm),
            Self::Pdm => Some(Self::Pipfile),
            Self::Pipfile => Some(Self::Requirements),
            Self::Requirements => Some(Self::Project),
            Self::Project => None,
        }
    }

    const fn row(self) -> Row {
        match self {
            Self::Pylock => Row {
                file_name: "pylock.toml",
                reading: LockReading::Native,
                relocking: Relocking::Never,
                staleness: Staleness::Unknown,
                selectable: Selectable::Groups,
            },
            Self::Uv => Row {
                file_name: "uv.lock",
                reading: LockReading::Native,
                relocking: Relocking::Tool(LockTool::Uv),
                staleness: Staleness::Compared,
                selectable: Selectable::Members,
            },
            Self::Poetry => Row {
                file_name: "poetry.lock",
                reading: LockReading::WithProject,
                relocking: Relocking::Tool(LockTool::Poetry),
                staleness: Staleness::Hashed,
                selectable: Selectable::Groups,
            },
            Self::Pdm => Row {
                file_name: "pdm.lock",
                reading: LockReading::WithProject,
                relocking: Relocking::Tool(LockTool::Pdm),
                staleness: Staleness::Hashed,
                selectable: Selectable::Groups,
            },
            Self::Pipfile => Row {
                file_name: "Pipfile.lock",
                reading: LockReading::Native,
                relocking: Relocking::Never,
                staleness: Staleness::Hashed,
                selectable: Selectable::Groups,
            },
            Self::Requirements => Row {
                file_name: "requirements.txt",
                reading: LockReading::Requirements,
                relocking: Relocking::Beside,
                staleness: Staleness::Recorded,
                selectable: Selectable::Nothing,
            },
            Self::Project => Row {
                file_name: "pyproject.toml",
                reading: LockReading::LockFirst,
                relocking: Relocking::Beside,
                staleness: Staleness::Recorded,
                selectable: Selectable::Groups,
            },
        }
    }

    /// The form of a file by its name, without its folder; `None` for a name of no known form.
    pub fn of(file_name: &str) -> Option<Self> {
        let by_name = Self::ALL.into_iter().find(|form| form.file_name() == file_name);
        by_name.or_else(|| match file_name.rsplit_once('.')? {
            (stem, "toml") if stem.starts_with("pylock.") => Some(Self::Pylock),
            (_, "txt" | "in") => Some(Self::Requirements),
            // As Rye writes it.
            (stem, "lock") if stem.starts_with("requirements") => Some(Self::Requirements),
            _ => None,
        })
    }

    /// The usual name of such a file.
    pub const fn file_name(self) -> &'static str {
        self.row().file_name
    }

    /// The forms that lock, without the one that is only an input.
    pub fn locks() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|form| form.reading() != LockReading::LockFirst)
    }

    /// How it becomes a [`Lock`](super::Lock).
    pub const fn reading(self) -> LockReading {
        self.row().reading
    }

    /// What locks it again.
    pub const fn relocking(self) -> Relocking {
        self.row().relocking
    }

    /// How to tell whether it is out of date.
    pub const fn staleness(self) -> Staleness {
        self.row().staleness
    }

    /// What of it an image can select.
    pub const fn selectable(self) -> Selectable {
        self.row().selectable
    }

    /// The distributions that a file of this form names, whether or not they are needed anywhere.
    ///
    /// A file that cannot be read names none: an error is reported when it is used.
    pub fn distributions(self, text: &str) -> BTreeSet<DistributionName> {
        match self {
            Self::Pylock | Self::Uv | Self::Poetry | Self::Pdm => names::of_tables(text),
            Self::Pipfile => names::of_pipfile(text),
            Self::Requirements => names::of_lines(text),
            Self::Project => names::of_project(text),
        }
    }
}

/// `ALL` leaves out nothing that `next` leads to.
const _: () = {
    let mut place = 0;
    while place < LockForm::ALL.len() {
        match LockForm::ALL[place].next() {
            Some(next) => assert!(LockForm::ALL[place + 1] as usize == next as usize),
            None => assert!(place + 1 == LockForm::ALL.len()),
        }
        place += 1;
    }
};

impl LockTool {
    /// Its program.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uv => "uv",
            Self::Poetry => "poetry",
            Self::Pdm => "pdm",
        }
    }

    /// The command that locks again, as a user types it.
    pub const fn lock_command(self) -> &'static str {
        match self {
            Self::Uv => "uv lock",
            Self::Poetry => "poetry lock",
            Self::Pdm => "pdm lock",
        }
    }

    /// The command that installs it, as a user types it.
    pub const fn install_command(self) -> &'static str {
        match self {
            Self::Uv => "pipx install uv",
            Self::Poetry => "pipx install poetry",
            Self::Pdm => "pipx install pdm",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_told_by_the_name_of_the_file() {
        for (name, expected) in [
            ("pylock.toml", Some(LockForm::Pylock)),
            ("pylock.prod.toml", Some(LockForm::Pylock)),
            ("uv.lock", Some(LockForm::Uv)),
            ("poetry.lock", Some(LockForm::Poetry)),
            ("pdm.lock", Some(LockForm::Pdm)),
            ("prod.txt", Some(LockForm::Requirements)),
            ("requirements.in", Some(LockForm::Requirements)),
            ("requirements-dev.lock", Some(LockForm::Requirements)),
            ("pyproject.toml", Some(LockForm::Project)),
            ("Pipfile.lock", Some(LockForm::Pipfile)),
            ("Pipfile", None),
            ("other.toml", None),
            ("", None),
        ] {
            assert_eq!(LockForm::of(name), expected, "{name}");
        }
    }

    #[test]
    fn every_form_has_a_name_of_its_own_and_is_told_by_it() {
        for form in LockForm::ALL {
            assert_eq!(LockForm::of(form.file_name()), Some(form));
        }
    }

    #[test]
    fn a_form_names_its_distributions_and_a_broken_file_names_none() {
        for (form, text, expected) in [
            (LockForm::Uv, "[[package]]\nname = 'A'\nversion = '1'\n", &["a"][..]),
            (LockForm::Pylock, "lock-version = '1.0'\n[[packages]]\nname = 'a'\n", &["a"]),
            (LockForm::Poetry, "no toml [", &[]),
            (LockForm::Pipfile, "{\"default\": {\"A\": {}}}", &["a"]),
            (LockForm::Pipfile, "no JSON {", &[]),
            (
                LockForm::Requirements,
                "# c\nFoo_Bar==1 \\\n    --hash=sha256:x\n-r other.txt\nbaz[x]>=1 # c\nqux\n",
                &["baz", "foo-bar", "qux"],
            ),
            (LockForm::Project, "[project]\ndependencies = ['x>1']\n", &["x"]),
        ] {
            let found = form.distributions(text);
            assert_eq!(found.iter().map(DistributionName::as_str).collect::<Vec<_>>(), expected, "{form:?}");
        }
    }
}
