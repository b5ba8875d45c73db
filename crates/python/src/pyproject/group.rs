//! Members of `[dependency-groups]` (PEP 735).

use serde::Deserialize;

use crate::dependency::{Dependency, DependencyError};

/// A member of a dependency group (PEP 735).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupMember {
    /// A requirement.
    Requirement(Dependency),
    /// All members of another group, by its name.
    Include(String),
    /// A table that PEP 735 does not know.
    Unknown,
}

/// A member as TOML has it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawMember {
    Requirement(String),
    Table(toml::Table),
}

impl GroupMember {
    /// Checks a member.
    pub(super) fn of(raw: RawMember) -> Result<Self, DependencyError> {
        match raw {
            RawMember::Requirement(text) => text.parse().map(GroupMember::Requirement),
            RawMember::Table(table) => Ok(match table.get("include-group").and_then(toml::Value::as_str) {
                Some(group) => GroupMember::Include(group.to_owned()),
                None => GroupMember::Unknown,
            }),
        }
    }
}
