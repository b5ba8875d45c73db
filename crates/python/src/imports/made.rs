//! Signs in a source that it makes modules at run time, so that no file shows them.

/// What sources that make modules, or look for them elsewhere, have in them.
const SIGNS: [&str; 10] = [
    "ModuleType",
    "__path__",
    "declare_namespace",
    "exec(",
    "extend_path",
    "lazy",
    "meta_path",
    "new_module",
    "path_hooks",
    "sys.modules",
];

/// Whether a source may make modules: where in doubt, it does.
pub fn makes_modules(source: &str) -> bool {
    SIGNS.iter().any(|sign| source.contains(sign))
}

/// Whether a source has a name in it, as a word.
pub fn mentions(source: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    source.match_indices(name).any(|(at, _)| {
        let (before, after) = (source[..at].chars().next_back(), source[at + name.len()..].chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_words() {
        assert!(makes_modules("sys.modules[__name__ + '.moves'] = moves\n"));
        assert!(makes_modules("__path__ = extend_path(__path__, __name__)\n"));
        assert!(!makes_modules("from .applications import FastAPI as FastAPI\n"));
        for (source, expected) in [("a.moves = 1", true), ("'moves'", true), ("removes", false), ("moves_", false)] {
            assert_eq!(mentions(source, "moves"), expected, "{source}");
        }
    }
}
