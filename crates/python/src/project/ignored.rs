//! Patterns in gitignore syntax, where what they say does not depend on who reads them.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::project::not_static::NotStatic;

/// Some patterns, compiled.
pub(super) struct Ignored {
    positive: Gitignore,
    /// The patterns that begin with `!`, without it.
    negative: Gitignore,
}

impl Ignored {
    /// Compiles patterns; blank lines and comments are passed over.
    pub(super) fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, NotStatic> {
        let (mut positive, mut negative) = (GitignoreBuilder::new("/"), GitignoreBuilder::new("/"));
        for pattern in patterns {
            let added = match pattern.strip_prefix('!') {
                Some(pattern) => negative.add_line(None, pattern).map(|_| ()),
                None => positive.add_line(None, pattern).map(|_| ()),
            };
            added.map_err(|_| NotStatic::because(format!("the pattern `{pattern}` is not plain")))?;
        }
        let build = |builder: GitignoreBuilder| {
            builder.build().map_err(|_| NotStatic::because("its patterns of files are not plain"))
        };
        Ok(Self { positive: build(positive)?, negative: build(negative)? })
    }

    /// Whether a file, or a folder above it, matches. What a `!` brings back is read differently by different tools.
    pub(super) fn matches(&self, path: &str) -> Result<bool, NotStatic> {
        let has = |patterns: &Gitignore| patterns.matched_path_or_any_parents(path, false).is_ignore();
        if has(&self.positive) && has(&self.negative) {
            return Err(NotStatic::because(format!("a pattern with `!` decides about `{path}`")));
        }
        Ok(has(&self.positive))
    }
}
