//! The modules of an application, each with the name that it is imported by.

use crate::derive::known::Known;
use crate::development;

/// A module of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    /// Its file below the folder.
    pub(super) file: String,
    /// The folder that it is imported from, with `/` at its end.
    pub(super) root: String,
    /// `package.main`.
    pub(super) name: String,
    /// Whether it is the `__init__` of a package.
    pub(super) is_package: bool,
}

impl Module {
    fn of(root: &str, file: &str) -> Option<Self> {
        let path = file.strip_prefix(root)?.strip_suffix(".py")?;
        let package = path.strip_suffix("/__init__");
        let name = package.unwrap_or(path).replace('/', ".");
        let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        let is_package = package.is_some();
        name.split('.').all(is_name).then(|| Self { file: file.to_owned(), root: root.to_owned(), name, is_package })
    }

    /// The name of the package that it is in.
    fn package(&self) -> &str {
        match self.is_package {
            true => &self.name,
            false => self.name.rsplit_once('.').map_or("", |(package, _)| package),
        }
    }

    /// A module that it imports: `shop.factory`, `..factory`.
    pub(super) fn imported(&self, known: &Known<'_>, name: &str) -> Option<Self> {
        let level = name.bytes().take_while(|byte| *byte == b'.').count();
        let mut parts: Vec<&str> = match level {
            0 => Vec::new(),
            _ => self.package().split('.').filter(|part| !part.is_empty()).collect(),
        };
        parts.truncate((parts.len() + 1).checked_sub(level.max(1))?);
        parts.extend(name[level..].split('.').filter(|part| !part.is_empty()));
        let path = format!("{}{}", self.root, parts.join("/"));
        let file = [format!("{path}.py"), format!("{path}/__init__.py")].into_iter().find(|file| known.has(file))?;
        Self::of(&self.root, &file)
    }
}

/// Files and folders of an application that are not what an image starts, besides those for development.
const ASIDE: [&str; 6] = ["alembic", "gunicorn.conf.py", "manage.py", "migrations", "scripts", "tools"];

/// Every module that may be what is started and whose text is known, sorted by file.
pub(super) fn modules(known: &Known<'_>) -> Vec<Module> {
    let files = known.folder.texts.keys().filter(|file| file.ends_with(".py") && !is_aside(file));
    files.filter_map(|file| Module::of(root(known, file), file)).collect()
}

/// Whether a file is a tool's or a test, or in a folder of such.
pub(super) fn is_aside(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| {
        ASIDE.contains(&part)
            || development::is_aside(part)
            || part.starts_with(['.', '_']) && !part.starts_with("__")
            || part.starts_with("test_")
    })
}

/// The folder that a module's imports are looked up in, with `/` at its end: where most of them are found.
fn root<'f>(known: &Known<'_>, file: &'f str) -> &'f str {
    let Some(code) = known.code(file) else { return "" };
    let is_in = |root: &str, name: &String| {
        known.has(&format!("{root}{name}.py")) || known.has_below(&format!("{root}{name}/"))
    };
    // Django imports its settings by their name, from the folder with manage.py.
    let settings = code.django_settings().map(|name| name.replace('.', "/"));
    let has_settings = |root: &str| {
        let path = settings.as_ref().map(|path| format!("{root}{path}"));
        path.is_some_and(|path| known.has(&format!("{path}.py")) || known.has_below(&format!("{path}/")))
    };
    let found =
        |root: &str| code.imports.iter().filter(|name| is_in(root, name)).count() + usize::from(has_settings(root));
    let usual = if file.starts_with("src/") && !known.has("src/__init__.py") { "src/" } else { "" };
    let mut best = (found(usual), usual);
    let folders = file.match_indices('/').map(|(at, _)| &file[..=at]);
    let is_root = |root: &&str| !known.has(&format!("{root}__init__.py")) || known.has(&format!("{root}manage.py"));
    for root in std::iter::once("").chain(folders).filter(is_root) {
        let count = found(root);
        if count > best.0 {
            best = (count, root);
        }
    }
    best.1
}
