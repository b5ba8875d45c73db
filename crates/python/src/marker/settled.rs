//! A marker with what is chosen decided: what is left depends on the environment alone.

use std::collections::BTreeSet;

use crate::marker::environment::Variable;
use crate::marker::expression::{Comparator, Expression, Operand};
use crate::name::normalized;

/// What is left of a marker once extras and groups are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It holds everywhere.
    Always,
    /// It holds nowhere.
    Never,
    /// It holds where this one does, which names no extras and groups.
    Where(String),
}

impl Settled {
    /// Where any of some markers holds.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        join(parts, " or ", &Self::Always, Self::Never)
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        join(parts, " and ", &Self::Never, Self::Always)
    }
}

/// `decisive` decides about the whole, `neutral` about nothing.
fn join(parts: impl IntoIterator<Item = Settled>, word: &str, decisive: &Settled, neutral: Settled) -> Settled {
    let mut texts: Vec<String> = Vec::new();
    for part in parts {
        match part {
            part if part == *decisive => return part,
            Settled::Where(text) if !texts.contains(&text) => texts.push(text),
            Settled::Where(_) | Settled::Always | Settled::Never => {}
        }
    }
    match texts.len() {
        0 => neutral,
        1 => Settled::Where(texts.remove(0)),
        _ => Settled::Where(texts.iter().map(|text| format!("({text})")).collect::<Vec<_>>().join(word)),
    }
}

impl Expression {
    /// Decides about extras and groups; the sets have normalized names.
    pub(super) fn settled(&self, extras: &BTreeSet<String>, groups: &BTreeSet<String>) -> Settled {
        let each = |parts: &[Self]| parts.iter().map(|part| part.settled(extras, groups)).collect::<Vec<_>>();
        match self {
            Self::Any(parts) => Settled::any(each(parts)),
            Self::All(parts) => Settled::all(each(parts)),
            Self::Comparison(Operand::Variable(set), comparator, Operand::Literal(name))
            | Self::Comparison(Operand::Literal(name), comparator, Operand::Variable(set))
                if set.is_set() =>
            {
                let names = if *set == Variable::DependencyGroups { groups } else { extras };
                let wanted = matches!(comparator, Comparator::Equal | Comparator::Identical | Comparator::In);
                if names.contains(&normalized(name)) == wanted { Settled::Always } else { Settled::Never }
            }
            Self::Comparison(left, comparator, right) => {
                Settled::Where(format!("{} {} {}", left.text(), comparator.as_str(), right.text()))
            }
        }
    }
}

impl Operand {
    fn text(&self) -> String {
        match self {
            Self::Variable(variable) => variable.name().to_owned(),
            Self::Literal(text) if text.contains('\'') => format!("\"{text}\""),
            Self::Literal(text) => format!("'{text}'"),
        }
    }
}
