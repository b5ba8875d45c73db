//! Signs in a source that it makes modules at run time, so that no file shows them.

/// What sources that put modules where imports look for them have in them.
const SIGNS: [&str; 7] =
    ["ModuleType", "__path__", "declare_namespace", "extend_path", "meta_path", "path_hooks", "sys.modules"];

/// The same in the source of a package, which may do it by a helper.
const HELPERS: [&str; 3] = ["exec(", "lazy", "new_module"];

/// Whether the source of a package may make modules of it: where in doubt, it does.
pub fn makes_modules(source: &str) -> bool {
    SIGNS.iter().chain(&HELPERS).any(|sign| source.contains(sign))
}

/// Whether another source may make a module of this name: it makes modules, and has the name as a text or the end of one.
pub fn makes_module(source: &str, name: &str) -> bool {
    let is_quote = |c: Option<char>| matches!(c, Some('"' | '\''));
    SIGNS.iter().any(|sign| source.contains(sign))
        && source.match_indices(name).any(|(at, _)| {
            let (before, after) = (source[..at].chars().next_back(), source[at + name.len()..].chars().next());
            (is_quote(before) || before == Some('.')) && (is_quote(after) || after == Some('.'))
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
        for (source, expected) in [
            ("sys.modules['a.moves'] = 1", true),
            ("add(ModuleType(f'{name}.moves'))", true),
            ("sys.modules['a'] = 1  # moves", false),
            ("sys.modules['removes'] = moves", false),
            ("x = 'moves'", false),
        ] {
            assert_eq!(makes_module(source, "moves"), expected, "{source}");
        }
    }
}
