//! A marker taken apart, and its value in an environment.

use pep440_rs::{Version, VersionSpecifier};

use crate::marker::environment::{Environment, Variable};
use crate::version::satisfies_one;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Comparison(Operand, Comparator, Operand),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Variable(Variable),
    Literal(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Less,
    LessEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Compatible,
    Identical,
    In,
    NotIn,
}

impl Comparator {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Compatible => "~=",
            Self::Identical => "===",
            Self::In => "in",
            Self::NotIn => "not in",
        }
    }

    fn compare_text(self, left: &str, right: &str) -> bool {
        match self {
            // Texts have no order: `packaging` says so too.
            Self::Less | Self::Greater => false,
            Self::Equal | Self::Identical | Self::LessEqual | Self::GreaterEqual => left == right,
            Self::NotEqual => left != right,
            Self::In => right.contains(left),
            Self::NotIn => !right.contains(left),
            // The parser refuses it except for versions, and `""` is not a version.
            Self::Compatible => false,
        }
    }
}

impl Expression {
    pub(super) fn evaluate(&self, environment: &Environment) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.evaluate(environment)),
            Self::All(parts) => parts.iter().all(|part| part.evaluate(environment)),
            Self::Comparison(left, comparator, right) => compare(left, *comparator, right, environment),
        }
    }
}

fn compare(left: &Operand, comparator: Comparator, right: &Operand, environment: &Environment) -> bool {
    match (left, right) {
        (Operand::Variable(set), Operand::Literal(name)) | (Operand::Literal(name), Operand::Variable(set))
            if set.is_set() =>
        {
            let wanted = matches!(comparator, Comparator::Equal | Comparator::Identical | Comparator::In);
            environment.has(*set, name) == wanted
        }
        _ => {
            let text = |operand: &'_ Operand| match operand {
                Operand::Variable(variable) => environment.text(*variable).to_owned(),
                Operand::Literal(text) => text.clone(),
            };
            let as_version = left.is_version() || right.is_version();
            let (left, right) = (text(left), text(right));
            as_version
                .then(|| compare_versions(&left, comparator, &right))
                .flatten()
                .unwrap_or_else(|| comparator.compare_text(&left, &right))
        }
    }
}

/// Compares as versions; `None` where the right side makes no specifier, and the texts count then.
fn compare_versions(left: &str, comparator: Comparator, right: &str) -> Option<bool> {
    if matches!(comparator, Comparator::In | Comparator::NotIn) {
        return None;
    }
    let specifier: VersionSpecifier = format!("{}{right}", comparator.as_str()).parse().ok()?;
    // An unknown kernel release satisfies no version.
    Some(left.parse::<Version>().is_ok_and(|version| satisfies_one(&version, &specifier)))
}

impl Operand {
    pub(super) fn is_version(&self) -> bool {
        matches!(self, Self::Variable(variable) if variable.is_version())
    }
}
