//! Dependency fields: alternatives, version constraints, architecture qualifiers (deb-control(5), Debian policy 7.1).

use std::cmp::Ordering;
use std::fmt;

use crate::package::version::{Version, VersionError};

/// A dependency field that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelationError {
    /// The text has another form than `name[:qualifier] [(op version)] [[arch …]] [<profile …>]`.
    #[error("`{found}` is not a relation between packages: {reason}")]
    Form {
        /// The relation as it was found.
        found: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The version in it is malformed.
    #[error("`{found}` is not a relation between packages")]
    Version {
        /// The relation as it was found.
        found: String,
        /// The cause.
        #[source]
        cause: VersionError,
    },
}

/// How a version must compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

/// A version and how another must compare with it: `>= 2.36`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// How.
    pub operator: Operator,
    /// With what.
    pub version: Version,
}

impl Constraint {
    /// Whether a version meets it.
    pub fn allows(&self, version: &Version) -> bool {
        let order = version.cmp(&self.version);
        match self.operator {
            Operator::Earlier => order == Ordering::Less,
            Operator::EarlierOrEqual => order != Ordering::Greater,
            Operator::Equal => order == Ordering::Equal,
            Operator::LaterOrEqual => order != Ordering::Less,
            Operator::Later => order == Ordering::Greater,
        }
    }
}

/// One alternative: a package's name with what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The package, real or virtual.
    pub name: String,
    /// The text after the colon: `any`, `native`, an architecture.
    pub qualifier: Option<String>,
    /// The version asked for.
    pub constraint: Option<Constraint>,
    /// `amd64`, `!i386`: where the relation holds; empty is everywhere.
    pub architectures: Vec<String>,
    /// Groups of build profiles (`<!nocheck>`); empty is always.
    pub profiles: Vec<Vec<String>>,
}

impl Relation {
    /// Whether it holds when installing on an architecture, where no build profile is active.
    pub fn applies_to(&self, architecture: &str) -> bool {
        let listed = match self.architectures.first() {
            None => true,
            Some(first) if denied(first).is_some() => {
                self.architectures.iter().all(|name| denied(name) != Some(architecture))
            }
            Some(_) => self.architectures.iter().any(|name| matches(name, architecture)),
        };
        let profile = |group: &Vec<String>| group.iter().all(|name| denied(name).is_some());
        listed && (self.profiles.is_empty() || self.profiles.iter().any(profile))
    }

    /// Whether a version is allowed.
    pub fn allows(&self, version: &Version) -> bool {
        self.constraint.as_ref().is_none_or(|constraint| constraint.allows(version))
    }
}

fn denied(name: &str) -> Option<&str> {
    name.strip_prefix('!')
}

fn matches(name: &str, architecture: &str) -> bool {
    name == architecture
        || name == "any"
        || name.strip_prefix("linux-").is_some_and(|cpu| cpu == "any" || cpu == architecture)
}

/// Relations, one of which is enough: `media-types | mime-support`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternatives(pub Vec<Relation>);

/// Parses a field such as `Depends`: groups separated by commas, alternatives in them by bars.
///
/// # Errors
/// The first relation that cannot be read.
pub fn parse_relations(field: &str) -> Result<Vec<Alternatives>, RelationError> {
    let groups = field.split(',').map(str::trim).filter(|group| !group.is_empty());
    groups.map(|group| group.split('|').map(parse_relation).collect::<Result<_, _>>().map(Alternatives)).collect()
}

fn parse_relation(text: &str) -> Result<Relation, RelationError> {
    let found = || text.trim().chars().take(200).collect();
    let error = |reason| RelationError::Form { found: found(), reason };
    let text = text.trim();
    let (head, mut rest) =
        text.split_at(text.find(|c: char| c.is_whitespace() || "([<".contains(c)).unwrap_or(text.len()));
    let (name, qualifier) = match head.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
        None => (head, None),
    };
    if !is_package_name(name) || qualifier.as_deref().is_some_and(|qualifier| !is_package_name(qualifier)) {
        return Err(error("it does not begin with a package's name"));
    }
    let mut relation = Relation {
        name: name.to_owned(),
        qualifier,
        constraint: None,
        architectures: Vec::new(),
        profiles: Vec::new(),
    };
    loop {
        rest = rest.trim_start();
        let Some(open) = rest.chars().next() else { return Ok(relation) };
        let close = match open {
            '(' => ')',
            '[' => ']',
            '<' => '>',
            _ => return Err(error("unexpected text follows the name")),
        };
        let (inside, behind) = rest[1..].split_once(close).ok_or_else(|| error("a bracket is not closed"))?;
        let words = || inside.split_whitespace().map(str::to_owned).collect();
        match open {
            '(' if relation.constraint.is_some() => return Err(error("it has two versions")),
            '(' => relation.constraint = Some(parse_constraint(inside, found)?),
            '[' => relation.architectures = words(),
            _ => relation.profiles.push(words()),
        }
        rest = behind;
    }
}

fn parse_constraint(text: &str, found: impl Fn() -> String) -> Result<Constraint, RelationError> {
    let text = text.trim();
    let (operator, version) = text.split_at(text.find(|c| !"<>=".contains(c)).unwrap_or(text.len()));
    let operator = match operator {
        "<<" => Operator::Earlier,
        // A bare `<` or `>` is an old way to write `<=` and `>=`.
        "<=" | "<" => Operator::EarlierOrEqual,
        "=" => Operator::Equal,
        ">=" | ">" => Operator::LaterOrEqual,
        ">>" => Operator::Later,
        _ => return Err(RelationError::Form { found: found(), reason: "the operator is not one of << <= = >= >>" }),
    };
    let version = version.parse().map_err(|cause| RelationError::Version { found: found(), cause })?;
    Ok(Constraint { operator, version })
}

/// Whether a text is a package's name (Debian policy 5.6.1; some old ones have a capital).
pub(crate) fn is_package_name(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(qualifier) = &self.qualifier {
            write!(f, ":{qualifier}")?;
        }
        if let Some(Constraint { operator, version }) = &self.constraint {
            let operator = match operator {
                Operator::Earlier => "<<",
                Operator::EarlierOrEqual => "<=",
                Operator::Equal => "=",
                Operator::LaterOrEqual => ">=",
                Operator::Later => ">>",
            };
            write!(f, " ({operator} {version})")?;
        }
        if !self.architectures.is_empty() {
            write!(f, " [{}]", self.architectures.join(" "))?;
        }
        self.profiles.iter().try_for_each(|group| write!(f, " <{}>", group.join(" ")))
    }
}

impl fmt::Display for Alternatives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, relation) in self.0.iter().enumerate() {
            write!(f, "{}{relation}", if position == 0 { "" } else { " | " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(field: &str) -> String {
        let relations = parse_relations(field).expect(field);
        relations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn fields_read_back_in_one_form() {
        for (field, expected) in [
            ("", ""),
            ("libc6(>=2.34),zlib1g", "libc6 (>= 2.34), zlib1g"),
            ("media-types|mime-support (< 1)", "media-types | mime-support (<= 1)"),
            ("python3:any (>= 3.11~)", "python3:any (>= 3.11~)"),
            ("a\n [amd64 arm64] <!nocheck> <stage1 cross>,", "a [amd64 arm64] <!nocheck> <stage1 cross>"),
        ] {
            assert_eq!(printed(field), expected, "{field:?}");
            assert_eq!(printed(&printed(field)), expected, "{field:?}");
        }
    }

    #[test]
    fn relations_hold_where_they_say() {
        for (text, amd64, arm64) in [
            ("a", true, true),
            ("a [amd64]", true, false),
            ("a [!amd64]", false, true),
            ("a [linux-any]", true, true),
            ("a <!nocheck>", true, true),
            ("a <cross>", false, false),
            ("a <cross> <!stage1>", true, true),
        ] {
            let relation = parse_relation(text).expect(text);
            assert_eq!((relation.applies_to("amd64"), relation.applies_to("arm64")), (amd64, arm64), "{text}");
        }
    }

    #[test]
    fn constraints_compare_versions() {
        for (constraint, allowed) in
            [("<< 2", "1"), ("<= 2", "12"), ("= 2", "2"), (">= 2", "23"), (">> 2", "3"), ("= 2.0", "")]
        {
            let relation = parse_relation(&format!("a ({constraint})")).expect("valid");
            let found: String =
                ["1", "2", "3"].into_iter().filter(|text| relation.allows(&text.parse().expect("valid"))).collect();
            assert_eq!(found, allowed, "{constraint}");
        }
    }

    #[test]
    fn malformed_relations_are_errors() {
        for bad in ["a |", "(= 1)", "a (1)", "a (= 1", "a (= )", "a (== 1)", "a b", "a (= 1) (= 2)", "a:", "../a", "é"]
        {
            assert!(parse_relations(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(field in "\\PC{0,60}", tight in "[a-c:(<>= 1)\\[\\]|,~é]{0,24}") {
            let _ = parse_relations(&field);
            let _ = parse_relations(&tight);
        }
    }
}
