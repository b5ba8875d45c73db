//! `sys.path` of an interpreter: where it looks for modules, in its order, and what put each place there.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{Content, Node, Tree, TreePath};
use shipwheel_python::imports::ImportFolders;

use super::options::Target;
use super::place::absolute;
use super::pth::{MAX_PATH_FILE, PathLine, lines};
use super::start::Start;
use super::user_site::user_folders;

/// The most places that are followed; each line of a `.pth` file may add one.
const MAX_PLACES: usize = 4096;

/// What put a place on `sys.path`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The script's folder, the working directory, what the command runs, or what its flags name.
    Command,
    /// `PYTHONPATH`, with its value.
    Variable(String),
    /// The interpreter itself: its standard library.
    Interpreter,
    /// `site`: a folder of packages.
    Packages,
    /// A line of a `.pth` file, with that file's path.
    PathFile(TreePath),
}

/// A place that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchPlace {
    /// As `sys.path` has it.
    pub(crate) path: TreePath,
    /// With links followed.
    pub(crate) real: TreePath,
    /// Whether it is a folder; otherwise a file, which has to be an archive.
    pub(crate) is_folder: bool,
    pub(crate) origin: Origin,
}

/// A `.pth` file that `site` reads.
#[derive(Debug, Clone)]
pub(crate) struct PathFile {
    pub(crate) path: TreePath,
    pub(crate) content: Content,
    /// Its lines; `None` if it is too large to read.
    pub(crate) lines: Option<Vec<PathLine>>,
}

/// Where the interpreters of an image look for modules.
#[derive(Debug, Default)]
pub(crate) struct SearchPath {
    /// The places, without those that are not there.
    pub(crate) places: Vec<SearchPlace>,
    pub(crate) path_files: Vec<PathFile>,
    /// The folders that `site` serves.
    pub(crate) site_folders: BTreeSet<TreePath>,
    /// The paths of the places.
    known: BTreeSet<TreePath>,
}

/// An interpreter's own folders.
pub(crate) struct Installation<'a> {
    pub(crate) version: PythonVersion,
    /// `/usr/lib/python3.11`.
    pub(crate) stdlib: &'a TreePath,
}

impl SearchPath {
    /// The search paths of several interpreters of one installation, one after the other.
    pub(crate) fn of(tree: &Tree, starts: &[Start], installation: &Installation<'_>) -> Self {
        let mut path = Self::default();
        for start in starts {
            let mut builder = Builder { tree, start, installation, path: &mut path };
            builder.build();
        }
        path
    }

    /// The folders.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &SearchPlace> {
        self.places.iter().filter(|place| place.is_folder)
    }
}

struct Builder<'a> {
    tree: &'a Tree,
    start: &'a Start,
    installation: &'a Installation<'a>,
    path: &'a mut SearchPath,
}

impl Builder<'_> {
    fn build(&mut self) {
        self.program();
        self.command();
        let variable = self.start.options.variable(&self.start.environment, "PYTHONPATH").map(str::to_owned);
        for part in variable.iter().flat_map(|it| it.split(':')) {
            self.add(absolute(&self.start.folder, part), &Origin::Variable(format!("PYTHONPATH={part}")));
        }
        let prefixes = self.prefixes();
        let PythonVersion { major, minor, .. } = self.installation.version;
        for prefix in &prefixes {
            self.add(prefix.join(&format!("lib/python{major}{minor}.zip")).ok(), &Origin::Interpreter);
            let library = prefix.join(&format!("lib/python{major}.{minor}")).ok();
            self.add(library.clone(), &Origin::Interpreter);
            self.add(library.and_then(|it| it.join("lib-dynload").ok()), &Origin::Interpreter);
        }
        self.add(Some(self.installation.stdlib.clone()), &Origin::Interpreter);
        if !self.start.options.has_no_site {
            self.site(&prefixes);
        }
    }

    /// What a program adds by itself: folders that flags name, and the working directory, where servers and workers
    /// find the application.
    fn program(&mut self) {
        let start = self.start;
        let ImportFolders { added, instead } = start.import_folders();
        let flags = added.iter().chain(&instead).map(|folder| absolute(&start.folder, folder));
        flags.for_each(|folder| self.add(folder, &Origin::Command));
        let script = start.file().and_then(|path| self.tree.resolve(&path));
        let is_program = script.is_some_and(|(path, _)| path.parent().is_some_and(|folder| folder.name() == "bin"));
        if is_program && instead.is_none() {
            self.add(TreePath::new(&start.folder).ok(), &Origin::Command);
        }
    }

    /// The first place: what is run, or the folder that it is in.
    fn command(&mut self) {
        let start = self.start;
        let here = TreePath::new(&start.folder).ok();
        let first = match &start.options.target {
            Target::File(_) => {
                let file = start.file().and_then(|path| self.tree.resolve(&path));
                match file {
                    Some((path, Node::Directory(_))) => return self.add(Some(path), &Origin::Command),
                    Some((path, Node::File(..))) => path.parent(),
                    Some((_, Node::Symlink(_))) | None => None,
                }
            }
            Target::Module(_) | Target::Code(_) | Target::Nothing => here,
        };
        if !start.options.has_safe_path {
            self.add(first, &Origin::Command);
        }
    }

    /// The prefix of the installation, or those that `PYTHONHOME` names instead.
    fn prefixes(&self) -> Vec<TreePath> {
        let own = self.installation.stdlib.parent().and_then(|lib| lib.parent());
        match self.start.options.variable(&self.start.environment, "PYTHONHOME") {
            Some(home) => home.split(':').filter_map(|part| absolute(&self.start.folder, part)).collect(),
            None => own.into_iter().collect(),
        }
    }

    fn site(&mut self, prefixes: &[TreePath]) {
        let PythonVersion { major, minor, .. } = self.installation.version;
        let library = format!("lib/python{major}.{minor}");
        let environment = VirtualEnvironment::of(self.tree, &self.start.executable);
        if let Some(environment) = &environment {
            self.site_folder(environment.prefix.join(&format!("{library}/site-packages")).ok());
            self.site_folder(environment.prefix.join(&format!("lib64/python{major}.{minor}/site-packages")).ok());
        }
        // An environment that leaves out the system's packages leaves out those of users, too.
        if environment.is_none_or(|it| it.includes_system) {
            if !self.start.options.has_no_user_site {
                let folders = user_folders(self.tree, self.start, &library);
                folders.into_iter().for_each(|folder| self.site_folder(Some(folder)));
            }
            let local = TreePath::new("/usr/local").ok();
            for prefix in prefixes.iter().chain(&local) {
                for folder in [
                    format!("{library}/site-packages"),
                    format!("{library}/dist-packages"),
                    format!("lib/python{major}/dist-packages"),
                    format!("local/{library}/dist-packages"),
                ] {
                    self.site_folder(prefix.join(&folder).ok());
                }
            }
        }
    }

    /// A folder of packages, and all that its `.pth` files add.
    fn site_folder(&mut self, folder: Option<TreePath>) {
        let Some(folder) = folder else { return };
        let Some((real, Node::Directory(_))) = self.tree.resolve(&folder) else { return };
        if !self.path.site_folders.insert(folder.clone()) {
            return;
        }
        self.add(Some(folder.clone()), &Origin::Packages);
        let names = self.tree.below(&real).map(|(path, _)| path);
        let names = names.filter(|path| path.parent().as_ref() == Some(&real) && path.name().ends_with(".pth"));
        let files: Vec<TreePath> = names.filter_map(|path| folder.join(path.name()).ok()).collect();
        for path in files {
            let Some((_, Node::File(_, content))) = self.tree.resolve(&path) else { continue };
            let is_small = content.size() <= MAX_PATH_FILE;
            let text = is_small.then(|| content.to_vec().ok()).flatten();
            let lines = text.map(|bytes| lines(&String::from_utf8_lossy(&bytes)));
            for line in lines.iter().flatten() {
                if let PathLine::Adds(place) = line {
                    self.add(absolute(folder.as_str(), place), &Origin::PathFile(path.clone()));
                }
            }
            self.path.path_files.push(PathFile { path, content: content.clone(), lines });
        }
    }

    /// A place, if it is there and not there already.
    fn add(&mut self, place: Option<TreePath>, origin: &Origin) {
        let Some(path) = place else { return };
        if self.path.places.len() >= MAX_PLACES || self.path.known.contains(&path) {
            return;
        }
        let found = match self.tree.resolve(&path) {
            _ if path.is_root() => Some((path.clone(), true)),
            Some((real, Node::Directory(_))) => Some((real, true)),
            Some((real, Node::File(..))) => Some((real, false)),
            Some((_, Node::Symlink(_))) => None,
            None => self.inside_of_archive(&path),
        };
        if let Some((real, is_folder)) = found {
            self.path.known.insert(path.clone());
            self.path.places.push(SearchPlace { path, real, is_folder, origin: origin.clone() });
        }
    }

    /// `/app/libs.zip/inside`: the archive, which is a file.
    fn inside_of_archive(&self, path: &TreePath) -> Option<(TreePath, bool)> {
        path.ancestors().find_map(|above| match self.tree.resolve(&above)? {
            (real, Node::File(..)) => Some((real, false)),
            _ => None,
        })
    }
}

/// What `pyvenv.cfg` beside or above an interpreter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VirtualEnvironment {
    /// The path of `pyvenv.cfg`.
    pub(crate) file: TreePath,
    /// The environment's folder.
    pub(crate) prefix: TreePath,
    /// Where the interpreter that it was made with is.
    pub(crate) home: Option<String>,
    /// Whether that interpreter's packages count, too: also where the file does not say (`site.venv`).
    pub(crate) includes_system: bool,
}

impl VirtualEnvironment {
    /// The environment that an interpreter, called by a path, is in.
    pub(crate) fn of(tree: &Tree, executable: &TreePath) -> Option<Self> {
        let bin = executable.parent()?;
        [Some(bin.clone()), bin.parent()].into_iter().flatten().find_map(|folder| {
            let file = folder.join("pyvenv.cfg").ok()?;
            let content = match tree.resolve(&file)? {
                (_, Node::File(_, content)) if content.size() <= MAX_PATH_FILE => content,
                _ => return None,
            };
            let bytes = content.to_vec().ok()?;
            let keys = keys(&String::from_utf8_lossy(&bytes));
            let includes_system = keys.get("include-system-site-packages").is_none_or(|it| it == "true");
            let prefix = bin.parent()?;
            Some(Self { file, prefix, home: keys.get("home").cloned(), includes_system })
        })
    }
}

/// The `key = value` lines, keys and values in lower case except `home`.
fn keys(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.trim().to_lowercase(), value.trim()));
    pairs
        .map(|(key, value)| (key.clone(), if key == "home" { value.to_owned() } else { value.to_lowercase() }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loading::options::Options;
    use shipwheel_plan::shell::Word;

    fn tree() -> Tree {
        let mut tree = Tree::new();
        let mut file = |path: &str, text: &str| {
            tree.insert_file(path, 0o644, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
        };
        for path in [
            "/usr/bin/python3.11",
            "/usr/lib/python3.11/os.py",
            "/usr/lib/python3.11/lib-dynload/x.so",
            "/usr/lib/python311.zip",
            "/usr/lib/python3/dist-packages/a.py",
            "/root/.local/lib/python3.11/site-packages/b.py",
            "/opt/libs.zip",
            "/app/main.py",
            "/srv/x/y.py",
            "/other/lib/python3.11/os.py",
        ] {
            file(path, "");
        }
        let site = "/opt/venv/lib/python3.11/site-packages";
        file(&format!("{site}/a.pth"), "# c\nimport a\n/srv/x\n../up\n/nowhere\n/opt/libs.zip/sub\n");
        file(&format!("{site}/../up/z.py").replace("site-packages/../", ""), "");
        file("/opt/venv/bin/gunicorn", "");
        file("/opt/venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n");
        tree.insert_symlink("/opt/venv/bin/python", "/usr/bin/python3.11").expect("new");
        tree.insert_symlink("/app/link.py", "/srv/x/y.py").expect("new");
        tree
    }

    fn places(executable: &str, line: &str, environment: &[(&str, &str)]) -> Vec<String> {
        places_in(&tree(), executable, line, environment)
    }

    fn places_in(tree: &Tree, executable: &str, line: &str, environment: &[(&str, &str)]) -> Vec<String> {
        let words: Vec<Word> = line.split(' ').filter(|it| !it.is_empty()).map(Word::known).collect();
        let environment: BTreeMap<String, String> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options = Options::parse(&words, &environment);
        let executable = TreePath::new(executable).expect("valid");
        let start = Start { executable, options, environment, folder: "/app".to_owned() };
        let stdlib = TreePath::new("/usr/lib/python3.11").expect("valid");
        let version = PythonVersion { major: 3, minor: 11, micro: 2 };
        let path = SearchPath::of(tree, &[start], &Installation { version, stdlib: &stdlib });
        let shown = |it: &SearchPlace| format!("{}{}", it.path, if it.is_folder { "/" } else { "" });
        path.places.iter().map(shown).collect()
    }

    const STDLIB: [&str; 3] = ["/usr/lib/python311.zip", "/usr/lib/python3.11/", "/usr/lib/python3.11/lib-dynload/"];

    #[test]
    fn an_environment_decides_about_the_packages_of_users_as_well() {
        let (site, user) = ("/opt/e/lib/python3.11/site-packages/", "/root/.local/lib/python3.11/site-packages/");
        let debian = "/usr/lib/python3/dist-packages/";
        for (file, expected) in [
            ("include-system-site-packages = false", &[site][..]),
            ("include-system-site-packages = 1", &[site]),
            ("Include-System-Site-Packages = TRUE", &[site, user, debian]),
            ("include-system-site-packages = false\ninclude-system-site-packages = true", &[site, user, debian]),
            ("home = /usr/bin", &[site, user, debian]),
        ] {
            let mut tree = tree();
            for (path, text) in [("/opt/e/pyvenv.cfg", file), ("/opt/e/lib/python3.11/site-packages/m.py", "")] {
                tree.insert_file(path, 0o644, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
            }
            tree.insert_symlink("/opt/e/bin/python", "/usr/bin/python3.11").expect("new");
            let found = places_in(&tree, "/opt/e/bin/python", "-P main.py", &[]);
            assert_eq!(found[STDLIB.len()..], *expected, "{file}");
        }
    }

    #[test]
    fn the_search_path_is_the_one_of_cpython() {
        let user = "/root/.local/lib/python3.11/site-packages/";
        let debian = "/usr/lib/python3/dist-packages/";
        let site = "/opt/venv/lib/python3.11/site-packages/";
        for (executable, line, environment, before, after) in [
            ("/usr/bin/python3.11", "main.py", &[][..], &["/app/"][..], &[user, debian][..]),
            ("/usr/bin/python3.11", "link.py", &[], &["/srv/x/"], &[user, debian]),
            ("/usr/bin/python3.11", "-s -m main", &[], &["/app/"], &[debian]),
            ("/usr/bin/python3.11", "-S /srv/x", &[], &["/srv/x/"], &[]),
            ("/usr/bin/python3.11", "-I main.py", &[("PYTHONPATH", "/srv/x")], &[], &[debian]),
            (
                "/usr/bin/python3.11",
                "-Ps main.py",
                &[("PYTHONPATH", "/opt/libs.zip::../srv/x:/no")],
                &["/opt/libs.zip", "/app/", "/srv/x/"],
                &[debian],
            ),
            (
                "/opt/venv/bin/python",
                "-s main.py",
                &[],
                &["/app/"],
                &[site, "/srv/x/", "/opt/venv/lib/python3.11/up/", "/opt/libs.zip/sub"],
            ),
            // Flags of a program, whether a script or a module; what is in `bin` looks in the working directory.
            ("/usr/bin/python3.11", "-s /opt/venv/bin/gunicorn a", &[], &["/app/", "/opt/venv/bin/"], &[debian]),
            (
                "/usr/bin/python3.11",
                "-s /opt/venv/bin/gunicorn --chdir /srv/x --pythonpath ../opt/libs.zip,/no a",
                &[],
                &["/opt/libs.zip", "/srv/x/", "/opt/venv/bin/"],
                &[debian],
            ),
            (
                "/usr/bin/python3.11",
                "-s /opt/venv/bin/gunicorn a",
                &[("GUNICORN_CMD_ARGS", "--chdir='/srv/x'")],
                &["/srv/x/", "/opt/venv/bin/"],
                &[debian],
            ),
            ("/usr/bin/python3.11", "-s -m uvicorn a:b --app-dir=../srv/x", &[], &["/srv/x/", "/app/"], &[debian]),
        ] {
            let expected = [before, &STDLIB, after].concat();
            assert_eq!(places(executable, line, environment), expected, "{executable} {line} {environment:?}");
        }
        let home = places("/usr/bin/python3.11", "-Es main.py", &[("PYTHONHOME", "/other")]);
        assert!(!home.contains(&"/other/lib/python3.11/".to_owned()), "{home:?}");
        let home = places("/usr/bin/python3.11", "-s main.py", &[("PYTHONHOME", "/other")]);
        assert!(home.contains(&"/other/lib/python3.11/".to_owned()), "{home:?}");
    }
}
