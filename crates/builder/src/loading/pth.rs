//! `.pth` files: the lines that `site` executes, and those that it adds to `sys.path` (`Lib/site.py`).

/// Larger files that `site` reads are not read here: `.pth` files, `pyvenv.cfg`, and the image's accounts.
pub(crate) const MAX_PATH_FILE: u64 = 1 << 20;

/// What `site` does with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathLine {
    /// It executes it.
    Executes(String),
    /// It adds this folder or archive, which may be relative to the file's folder.
    Adds(String),
}

/// The lines of a file that do something.
pub(crate) fn lines(text: &str) -> Vec<PathLine> {
    // From 3.13 on a mark of the byte order is dropped, and a line ends where `str.splitlines` says.
    let text = text.trim_start_matches('\u{feff}');
    let is_end =
        |it: char| matches!(it, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let lines = text.split(is_end).filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let lines = lines.map(|line| match line.starts_with("import ") || line.starts_with("import\t") {
        true => PathLine::Executes(line.trim_end().to_owned()),
        false => PathLine::Adds(line.trim_end().to_owned()),
    });
    lines.collect()
}

/// Whether a line is, to the letter, one that setuptools or virtualenv writes.
pub(crate) fn is_well_known(line: &str) -> bool {
    let line = line.trim_end().trim_end_matches(';').trim_end();
    let distutils = |default: &str| {
        format!(
            "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, '{default}') == 'local'; \
             enabled and __import__('_distutils_hack')"
        )
    };
    if line == "import _virtualenv" {
        return true;
    }
    let shim = line.strip_suffix(".add_shim()").unwrap_or(line);
    if ["local", "stdlib"].into_iter().any(|default| shim == distutils(default)) {
        return true;
    }
    namespace(line).is_some_and(|package| namespace_lines(&package).iter().any(|known| known == line))
}

/// The package of a namespace line: the words of `*('google', 'cloud')`.
fn namespace(line: &str) -> Option<Vec<String>> {
    let (_, rest) = line.split_once(", *(")?;
    let (words, _) = rest.split_once(')')?;
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    let words: Option<Vec<String>> =
        words.map(|word| Some(word.strip_prefix('\'')?.strip_suffix('\'')?.to_owned())).collect();
    words.filter(|words| words.iter().all(|word| shipwheel_python::is_identifier(word)))
}

/// What `setuptools/namespaces.py` writes for a package, today and before Python 2 was given up.
fn namespace_lines(package: &[String]) -> Vec<String> {
    let name = package.join(".");
    let quoted: Vec<String> = package.iter().map(|word| format!("'{word}'")).collect();
    let tuple = if quoted.len() == 1 { format!("({},)", quoted[0]) } else { format!("({})", quoted.join(", ")) };
    let path = format!("p = os.path.join(sys._getframe(1).f_locals['sitedir'], *{tuple})");
    let module = format!(
        "sys.modules.setdefault('{name}', importlib.util.module_from_spec(\
         importlib.machinery.PathFinder.find_spec('{name}', [os.path.dirname(p)])))"
    );
    let plain = format!("m = m or sys.modules.setdefault('{name}', types.ModuleType('{name}'))");
    let end = "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)";
    let parent = package.split_last().filter(|(_, above)| !above.is_empty());
    let set = parent.map_or_else(String::new, |(last, above)| {
        format!(";m and setattr(sys.modules['{}'], '{last}', m)", above.join("."))
    });
    let today = format!(
        "import sys, types, os;{path};importlib = __import__('importlib.util');__import__('importlib.machinery');\
         m = {module};{plain};{end}{set}"
    );
    let before = format!(
        "import sys, types, os;has_mfs = sys.version_info > (3, 5);{path};\
         importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');\
         m = has_mfs and {module};{plain};{end}{set}"
    );
    vec![today, before]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_executed_or_added_or_nothing() {
        let executes = |line: &str| PathLine::Executes(line.to_owned());
        let adds = |line: &str| PathLine::Adds(line.to_owned());
        for (text, expected) in [
            ("", vec![]),
            ("# a\n\n  \n", vec![]),
            ("import a\n/x \n", vec![executes("import a"), adds("/x")]),
            ("import\ta", vec![executes("import\ta")]),
            // A blank before it makes it a path, as does any other word.
            (" import a\nimportx\n", vec![adds(" import a"), adds("importx")]),
            ("\u{feff}import a", vec![executes("import a")]),
            ("#\rimport a\r\nb", vec![executes("import a"), adds("b")]),
            ("# c\u{2028}import a", vec![executes("import a")]),
            ("x\x0cimport a", vec![adds("x"), executes("import a")]),
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_the_very_lines_of_setuptools_and_virtualenv_are_well_known() {
        let shim = "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; \
                    enabled and __import__('_distutils_hack').add_shim(); ";
        let namespace = namespace_lines(&["google".to_owned(), "cloud".to_owned()]);
        assert!(namespace[0].ends_with(";m and setattr(sys.modules['google'], 'cloud', m)"));
        for line in
            [shim, &shim.replace("'local') ==", "'stdlib') =="), "import _virtualenv", &namespace[0], &namespace[1]]
        {
            assert!(is_well_known(line), "{line}");
        }
        let zope = "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('zope',));\
            importlib = __import__('importlib.util');__import__('importlib.machinery');m = sys.modules.setdefault('zope', \
            importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('zope', [os.path.dirname(p)])));\
            m = m or sys.modules.setdefault('zope', types.ModuleType('zope'));\
            mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)";
        assert!(is_well_known(zope));
        for line in [
            "import evil",
            "import _virtualenv, evil",
            &format!("{shim}import evil"),
            &shim.replace("_distutils_hack", "evil"),
            &zope.replace("importlib.util", "evil"),
            &zope.replace("'zope',)", "__import__('evil'),)"),
            &format!("{zope};import evil"),
        ] {
            assert!(!is_well_known(line), "{line}");
        }
    }
}
