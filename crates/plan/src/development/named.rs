//! Which of the paths that are left out a file names.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::mentions::Mention;

/// Paths that are left out, relative to the application's folder; those of whole folders end with `/`.
#[derive(Debug, Clone, Default)]
pub struct LeftOutNames(BTreeSet<String>);

impl LeftOutNames {
    /// Adds a path.
    pub fn insert(&mut self, path: String) {
        self.0.insert(path);
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first path that begins so.
    fn first_below(&self, prefix: &str) -> Option<&str> {
        let range = (Bound::Included(prefix), Bound::Unbounded);
        self.0.range::<str, _>(range).next().map(String::as_str).filter(|path| path.starts_with(prefix))
    }

    fn exact(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// A module's file, or a file in its package.
    fn module(&self, path: &str) -> Option<&str> {
        let in_package = || {
            let folder = format!("{path}/");
            let range = (Bound::Included(folder.as_str()), Bound::Unbounded);
            let below = self.0.range::<str, _>(range).map(String::as_str).take_while(|it| it.starts_with(&folder));
            below.into_iter().find(|it| it.ends_with(".py") && !it[folder.len()..].contains('/'))
        };
        self.exact(&format!("{path}.py")).or_else(in_package)
    }

    /// The file, folder or something in the folder that a path names.
    fn path(&self, path: &str, may_be_folder: bool) -> Option<&str> {
        let folder = || self.first_below(&format!("{path}/")).filter(|_| may_be_folder || path.contains('/'));
        // What is in a folder that is left out as a whole.
        let above = || path.match_indices('/').find_map(|(at, _)| self.exact(&path[..=at]));
        self.exact(path).or_else(folder).or_else(above)
    }
}

/// The path that something which a file names is, if that is left out.
pub fn resolved<'n>(file: &str, mention: &Mention, names: &'n LeftOutNames) -> Option<&'n str> {
    match mention {
        Mention::Module(module) if module.starts_with('.') => names.module(&relative(file, module)?),
        Mention::Module(module) | Mention::Listed(module) => {
            let path = module.replace('.', "/");
            roots(file).into_iter().find_map(|root| names.module(&format!("{root}{path}")))
        }
        Mention::Text(text) => text_path(file, text, false, names).or_else(|| dotted(file, text, names)),
        Mention::Path(text) => text_path(file, text, true, names).or_else(|| dotted(file, text, names)),
    }
}

/// The folders that names in a file may be relative to: its own, those above it, and `src`.
fn roots(file: &str) -> Vec<&str> {
    let mut roots: Vec<&str> = file.match_indices('/').map(|(at, _)| &file[..=at]).rev().collect();
    roots.extend(["", "src/"]);
    roots
}

/// `..a.b` in `x/y/z.py` → `x/a/b`.
fn relative(file: &str, module: &str) -> Option<String> {
    let name = module.trim_start_matches('.');
    let mut folder = file;
    for _ in 0..module.len() - name.len() {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    let name = name.replace('.', "/");
    let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
    (!name.is_empty()).then_some(path)
}

fn text_path<'n>(file: &str, text: &str, may_be_folder: bool, names: &'n LeftOutNames) -> Option<&'n str> {
    let path = text.trim_start_matches("../").trim_start_matches("./").trim_matches('/');
    let is_name = !path.is_empty() && !path.contains([' ', '*', ':', '<']) && path != "." && path != "..";
    is_name.then(|| roots(file).into_iter().find_map(|root| names.path(&format!("{root}{path}"), may_be_folder)))?
}

/// `example.settings`, `example.wsgi.application`, `example.main:app`.
fn dotted<'n>(file: &str, text: &str, names: &'n LeftOutNames) -> Option<&'n str> {
    let module = text.split([':', '(']).next().unwrap_or_default();
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_reference = module.contains('.') || module.len() < text.len();
    if !is_reference || !module.split('.').all(is_name) {
        return None;
    }
    let path = module.replace('.', "/");
    let above = path.rsplit_once('/').map(|(above, _)| above.to_owned());
    // Of an object in a module: the module. A package alone would be any text with a dot.
    let candidates = std::iter::once(path).chain(above.filter(|above| above.contains('/')));
    let candidates: Vec<String> = candidates.collect();
    roots(file).into_iter().find_map(|root| candidates.iter().find_map(|path| names.module(&format!("{root}{path}"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mention::*;

    #[test]
    fn what_is_left_out_and_named_is_found() {
        let mut names = LeftOutNames::default();
        let paths = [
            "example/settings.py",
            "example/__init__.py",
            "docs/prompts/a.txt",
            "app/tests/factories.py",
            "CHANGELOG.md",
            ".git/",
            "conf/.env",
            "test_tools.py",
        ];
        paths.iter().for_each(|path| names.insert((*path).to_owned()));
        for (file, mention, expected) in [
            ("manage.py", Text("example.settings".into()), Some("example/settings.py")),
            ("a.py", Text("example.settings.urlpatterns".into()), Some("example/settings.py")),
            ("a.py", Text("example.com".into()), None),
            ("a.py", Text("example:app".into()), Some("example/__init__.py")),
            ("a.py", Module("example".into()), Some("example/__init__.py")),
            ("a.py", Module("example.urls".into()), None),
            ("a.py", Module("docs".into()), None),
            ("a.py", Listed("example".into()), Some("example/__init__.py")),
            ("a.py", Text("example".into()), None),
            ("app/m.py", Module(".tests.factories".into()), Some("app/tests/factories.py")),
            ("app/x/m.py", Module("..tests".into()), Some("app/tests/factories.py")),
            ("app/x/m.py", Module("app.tests.factories".into()), Some("app/tests/factories.py")),
            ("app/x/m.py", Module("test_tools".into()), Some("test_tools.py")),
            ("a.py", Text("CHANGELOG.md".into()), Some("CHANGELOG.md")),
            ("app/x/a.py", Path("../../CHANGELOG.md".into()), Some("CHANGELOG.md")),
            ("a.py", Text("docs".into()), None),
            ("a.py", Path("docs".into()), Some("docs/prompts/a.txt")),
            ("a.py", Text("docs/prompts".into()), Some("docs/prompts/a.txt")),
            ("a.py", Text("docs/other".into()), None),
            ("a.py", Path(".git/HEAD".into()), Some(".git/")),
            ("conf/a.py", Text(".env".into()), Some("conf/.env")),
            ("a.py", Text(".env".into()), None),
            ("a.py", Path("".into()), None),
        ] {
            assert_eq!(resolved(file, &mention, &names), expected, "{file} {mention:?}");
        }
    }
}
