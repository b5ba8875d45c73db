//! What of an application's folder was left out, for one line of the output.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// So many names are shown.
const MAX_SHOWN: usize = 8;

/// Counts what was left out, from any thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftOut(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    by_default: BTreeMap<String, usize>,
    as_credentials: BTreeMap<String, usize>,
    for_development: BTreeMap<String, usize>,
    by_rule: BTreeMap<String, usize>,
}

impl LeftOut {
    /// Counts a file or folder that no image should have.
    pub(crate) fn by_default(&self, name: &str) {
        self.count(|counts| &mut counts.by_default, name);
    }

    /// Counts a file that has credentials, by its name or by what is in it.
    pub(crate) fn as_credential(&self, name: &str) {
        self.count(|counts| &mut counts.as_credentials, name);
    }

    /// Counts a file, or a file of a folder, that is for development.
    pub(crate) fn for_development(&self, name: &str) {
        self.count(|counts| &mut counts.for_development, name);
    }

    /// Counts a file or folder that a line of .dockerignore leaves out.
    pub(crate) fn by_rule(&self, text: &str) {
        self.count(|counts| &mut counts.by_rule, text);
    }

    fn count(&self, of: impl FnOnce(&mut Counts) -> &mut BTreeMap<String, usize>, name: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *of(&mut counts).entry(name.to_owned()).or_default() += 1;
    }

    /// What was left out, as text; `None` if nothing was.
    pub(crate) fn summary(&self) -> Option<String> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = [
            ("left out", &counts.by_default),
            ("left out, for credentials", &counts.as_credentials),
            ("left out, for development", &counts.for_development),
            ("left out by .dockerignore", &counts.by_rule),
        ];
        let parts = parts.iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> = parts.map(|(what, names)| format!("{what}: {}", listed(names))).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

fn listed(names: &BTreeMap<String, usize>) -> String {
    let one = |(name, count): (&String, &usize)| match count {
        1 => name.clone(),
        count => format!("{name} ({count})"),
    };
    let mut shown: Vec<String> = names.iter().take(MAX_SHOWN).map(one).collect();
    shown.extend((names.len() > MAX_SHOWN).then(|| format!("and {} other names", names.len() - MAX_SHOWN)));
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_one_line() {
        let left_out = LeftOut::default();
        assert_eq!(left_out.summary(), None);
        for name in [".git", "__pycache__", "__pycache__"] {
            left_out.by_default(name);
        }
        left_out.by_rule("*.md");
        left_out.as_credential(".env");
        let expected =
            "left out: .git, __pycache__ (2); left out, for credentials: .env; left out by .dockerignore: *.md";
        assert_eq!(left_out.summary().as_deref(), Some(expected));
        (0..20).for_each(|n| left_out.by_rule(&format!("{n:02}")));
        assert!(left_out.summary().is_some_and(|text| text.ends_with("06, and 13 other names")), "{left_out:?}");
    }
}
