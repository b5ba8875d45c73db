//! From what a command starts through every import, and which of them nothing in the image answers.

use std::collections::{BTreeMap, BTreeSet};

use super::django::Chosen;
use super::files::{Found, ModuleFiles};
use super::settings::{Leads, Names, Text, drivers, texts};
use super::start::{Command, Start, folders};
use super::statements::{Import, Statements};
use super::when::When;

/// A program in its image.
#[derive(Clone)]
pub struct Program<'a> {
    /// All files in which modules are found.
    pub files: &'a ModuleFiles,
    /// The statements of the application's own modules, by path.
    pub own: &'a BTreeMap<String, Statements>,
    /// The folders of the standard library and of the environment, in the order of `sys.path`.
    pub libraries: Vec<String>,
    /// The folder in the image that only the application's files are in.
    pub destination: &'a str,
    /// Whether a package that is not the application's, by its file, may have a module that no file shows.
    pub may_have: &'a dyn Fn(&str, &str) -> bool,
}

/// An import that fails, or may fail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Whether it is bound to happen when the image starts.
    pub is_certain: bool,
    /// What is not there.
    pub what: What,
    /// The file that imports it; `None` for the command itself.
    pub file: Option<String>,
    /// Its line; 0 for the command.
    pub line: u32,
    /// The setting of Django's that names it, with the text that it has.
    pub setting: Option<(String, String)>,
    /// The modules that are asked for there by their whole names: what is missing may be a package above them, and
    /// tells less of the distribution that brings them.
    pub wanted: BTreeSet<String>,
}

/// What is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A module.
    Module(String),
    /// A name in a module of the application.
    Name {
        /// The module.
        module: String,
        /// The name that is taken from it.
        name: String,
    },
    /// The package of a relative import: the file is run as a script, which has none.
    Package(String),
    /// The script that is started.
    Script(String),
}

/// Modules of the interpreter without a file in the standard library's folder: built in, or in `lib-dynload`; and
/// `test`, which shipwheel leaves out of what it knows of a base.
const FILELESS: [&str; 34] = [
    "array",
    "atexit",
    "audioop",
    "binascii",
    "builtins",
    "cmath",
    "crypt",
    "errno",
    "faulthandler",
    "fcntl",
    "gc",
    "grp",
    "itertools",
    "marshal",
    "math",
    "mmap",
    "nis",
    "ossaudiodev",
    "parser",
    "posix",
    "pwd",
    "pyexpat",
    "readline",
    "resource",
    "select",
    "spwd",
    "sys",
    "syslog",
    "termios",
    "test",
    "time",
    "unicodedata",
    "zipimport",
    "zlib",
];

/// Follows a program from each of its starts; what is certain comes last.
///
/// Modules of the application that no start reaches are looked at, too: what they miss is never certain.
pub fn follow(program: &Program<'_>, command: &Command, starts: &[Start]) -> Vec<Missing> {
    let mut walk = Walk::new(program);
    for start in starts {
        walk.search = folders(command, start);
        walk.search.extend(program.libraries.iter().cloned());
        walk.start(start);
        walk.run();
        walk.settings(command);
    }
    for path in program.own.keys().filter(|_| !starts.is_empty()) {
        let package = walk.package_of(path);
        walk.reach(Visit { path: path.clone(), package, as_main: false, is_certain: false });
    }
    walk.run();
    let missing = walk.missing.into_iter().map(|((what, file, line, setting), (is_certain, wanted))| Missing {
        is_certain,
        what,
        file,
        line,
        setting,
        wanted,
    });
    let mut missing: Vec<Missing> = missing.collect();
    missing.sort();
    missing
}

/// Where something is missing, which is told once: what, the file with its line, and the setting that names it.
type Place = (What, Option<String>, u32, Option<(String, String)>);

/// A module that is run.
#[derive(Debug, Clone)]
struct Visit {
    path: String,
    /// Its `__package__`; `None` for a script.
    package: Option<String>,
    as_main: bool,
    is_certain: bool,
}

/// A module that was found, with the packages above it.
#[derive(Default)]
struct Resolved {
    /// The files that its import runs, with their packages.
    runs: Vec<(String, String)>,
    /// Where its submodules are looked for, if it may have any.
    folders: Vec<String>,
    /// Its own file.
    file: Option<String>,
    /// Whether more of it may be found in ways that are not looked at.
    is_open: bool,
}

struct Walk<'p> {
    program: &'p Program<'p>,
    search: Vec<String>,
    uses_path: bool,
    replaces_modules: bool,
    /// Files that were reached, and whether for certain.
    reached: BTreeMap<String, bool>,
    left: Vec<Visit>,
    /// What is missing: whether it is certain that it is come to, and the whole modules that are asked for.
    missing: BTreeMap<Place, (bool, BTreeSet<String>)>,
    /// Where Django's settings are loaded for certain.
    loads: Option<(String, u32)>,
    /// Where they are named for certain.
    chosen: Vec<(String, &'p Chosen)>,
    /// The setting that is followed now, with its text.
    setting: Option<(String, String)>,
}

impl<'p> Walk<'p> {
    fn new(program: &'p Program<'p>) -> Self {
        Self {
            program,
            search: Vec::new(),
            uses_path: program.own.values().any(|module| module.uses_path),
            replaces_modules: program.own.values().any(|module| module.replaces_modules),
            reached: BTreeMap::new(),
            left: Vec::new(),
            missing: BTreeMap::new(),
            loads: None,
            chosen: Vec::new(),
            setting: None,
        }
    }

    fn start(&mut self, start: &Start) {
        match start {
            Start::Script(path) | Start::File(path) if self.program.files.has(path) => {
                let as_main = matches!(start, Start::Script(_));
                self.reach(Visit { path: path.clone(), package: None, as_main, is_certain: true });
            }
            Start::Script(path) | Start::File(path) => {
                let is_own = path.starts_with(&format!("{}/", self.program.destination));
                // Elsewhere it may be a file of the base.
                if is_own {
                    self.report(None, 0, What::Script(path.clone()), true);
                }
            }
            Start::Main(module) => self.start_main(module),
            Start::Module(module, name) => {
                let import =
                    Import { line: 0, when: When::Always, level: 0, module: module.clone(), name: name.clone() };
                self.import(None, &import, module, true);
            }
        }
    }

    /// `-m module`: the module itself, or a package's `__main__`.
    fn start_main(&mut self, module: &str) {
        let resolved = match self.resolve(module) {
            Ok(resolved) => resolved,
            Err((missing, is_certain)) => return self.report(None, 0, What::Module(missing), is_certain),
        };
        if resolved.folders.is_empty() {
            let Some(file) = resolved.file.clone() else { return };
            self.reach_all(resolved.runs.into_iter().filter(|(path, _)| *path != file), true);
            let package = module.rsplit_once('.').map_or("", |(package, _)| package);
            return self.reach(Visit {
                path: file,
                package: Some(package.to_owned()),
                as_main: true,
                is_certain: true,
            });
        }
        self.reach_all(resolved.runs, true);
        match self.submodule(&resolved.folders, "__main__") {
            Some(Found::Module(path)) => {
                self.reach(Visit { path, package: Some(module.to_owned()), as_main: true, is_certain: true });
            }
            _ if resolved.is_open => {}
            _ => self.report(None, 0, What::Module(format!("{module}.__main__")), true),
        }
    }

    fn run(&mut self) {
        while let Some(visit) = self.left.pop() {
            let program = self.program;
            let Some(statements) = program.own.get(&visit.path) else { continue };
            self.note_settings(&visit, statements);
            for import in &statements.imports {
                let is_certain = match import.when {
                    When::Always => visit.is_certain,
                    When::AsMain if visit.as_main => visit.is_certain,
                    When::AsMain => continue,
                    When::Sometimes | When::Guarded => false,
                };
                match absolute(visit.package.as_deref(), import) {
                    Some(module) => self.import(Some(&visit.path), import, &module, is_certain),
                    None if import.when == When::Guarded || !visit.as_main => {}
                    None => {
                        let from = format!("{}{}", ".".repeat(import.level as usize), import.module);
                        self.report(Some(&visit.path), import.line, What::Package(from), is_certain);
                    }
                }
            }
        }
    }

    /// What a module that runs for certain says of Django's settings.
    fn note_settings(&mut self, visit: &Visit, statements: &'p Statements) {
        let is_bound = |when: When| visit.is_certain && when.is_bound(visit.as_main);
        let loads = statements.django.loads.iter().find(|(_, when)| is_bound(*when));
        self.loads = self.loads.take().or_else(|| Some((visit.path.clone(), loads?.0)));
        let chosen = statements.django.chosen.iter().filter(|chosen| is_bound(chosen.when));
        self.chosen.extend(chosen.map(|chosen| (visit.path.clone(), chosen)));
    }

    /// Follows Django's settings, if they are loaded.
    fn settings(&mut self, command: &Command) {
        let (loads, chosen) = (self.loads.take(), std::mem::take(&mut self.chosen));
        let Some(loads) = loads else { return };
        let Some((module, (file, line))) = settings_module(command, loads, &chosen) else { return };
        self.setting = Some((SETTINGS_MODULE.to_owned(), module.clone()));
        let import = Import { line, when: When::Always, level: 0, module: module.clone(), name: None };
        self.import(Some(&file), &import, &module, true);
        self.setting = None;
        self.run();
        let Some(path) = self.resolve(&module).ok().and_then(|resolved| resolved.file) else { return };
        let found = texts(self.program.own, &path, &|file, import| self.leads(file, import));
        let has_admin = found.iter().any(|it| it.setting == "INSTALLED_APPS" && it.text.starts_with(ADMIN));
        for text in &found {
            self.setting = Some((text.setting.clone(), text.text.clone()));
            self.named(text, has_admin);
            self.setting = None;
        }
        self.run();
        // What they led to may name the same again.
        (self.loads, self.chosen) = (None, Vec::new());
    }

    /// Where an import of a module of settings leads.
    fn leads(&self, file: &str, import: &Import) -> Leads {
        let package = self.package_of(file);
        let Some(module) = absolute(package.as_deref(), import) else { return Leads::Elsewhere };
        match self.resolve(&module).map(|resolved| resolved.file) {
            Ok(Some(path)) if self.program.own.contains_key(&path) => Leads::Own(path),
            Ok(_) => Leads::Elsewhere,
            Err(_) => Leads::Nowhere,
        }
    }

    /// What a text of a setting names.
    fn named(&mut self, text: &Text, has_admin: bool) {
        match text.names {
            Names::Application => match self.resolve(&text.text) {
                Ok(resolved) => self.application(&resolved, &text.text, has_admin),
                Err(_) if text.text.contains('.') => {
                    self.object(text);
                    let package = text.text.split_once(".apps.").map_or("", |(package, _)| package);
                    let above = self.resolve(package).ok().filter(|_| !package.is_empty());
                    above.iter().for_each(|resolved| self.application(resolved, package, has_admin));
                }
                Err(_) => self.object(text),
            },
            Names::Object | Names::Module => self.object(text),
            Names::Engine => {
                self.object(text);
                // pymysql and its like take MySQLdb's name at run time.
                let is_there =
                    |module: &&str| self.resolve(module).is_ok() || *module == "MySQLdb" && self.has_stand_in();
                let drivers = drivers(&text.text);
                if let Some(first) = drivers.first().filter(|_| !drivers.iter().any(is_there)) {
                    self.report(Some(&text.file), text.line, What::Module((*first).to_owned()), text.is_certain);
                }
            }
        }
    }

    /// Whether a module of the application imports what may stand in for MySQLdb.
    fn has_stand_in(&self) -> bool {
        let imports = self.program.own.values().flat_map(|statements| &statements.imports);
        imports.into_iter().any(|import| ["cymysql", "pymysql"].contains(&import.module.as_str()))
    }

    /// The modules of an application that Django imports when it starts.
    fn application(&mut self, resolved: &Resolved, name: &str, has_admin: bool) {
        self.reach_all(resolved.runs.iter().cloned(), true);
        for module in ["apps", "models", "admin"].into_iter().filter(|module| has_admin || *module != "admin") {
            match self.submodule(&resolved.folders, module) {
                Some(Found::Package(path)) => self.reach_all([(path, format!("{name}.{module}"))], true),
                Some(Found::Module(path)) => self.reach_all([(path, name.to_owned())], true),
                Some(Found::Portion) | None => {}
            }
        }
    }

    /// A module, or something in a module, by its dotted path: the longest module that is there, and a name of it.
    fn object(&mut self, text: &Text) {
        let parts: Vec<&str> = text.text.split('.').collect();
        let found = (1..=parts.len()).rev().find_map(|n| Some((n, self.resolve(&parts[..n].join(".")).ok()?)));
        let Some((n, resolved)) = found else {
            return self.report(Some(&text.file), text.line, What::Module(parts[0].to_owned()), text.is_certain);
        };
        self.reach_all(resolved.runs.iter().cloned(), text.is_certain);
        if n == parts.len() {
            return;
        }
        // Only the last part may be a name, and of an application only a class; logging looks for names on the way, too.
        let is_class = parts[n].starts_with(|c: char| c.is_uppercase());
        let may_be_name = match text.names {
            _ if text.setting == "LOGGING" => true,
            Names::Object => n + 1 == parts.len(),
            Names::Application => n + 1 == parts.len() && is_class,
            Names::Module | Names::Engine => false,
        };
        if may_be_name && self.has_name(&resolved, parts[n]) {
            return;
        }
        let (module, name) = (parts[..n].join("."), parts[n].to_owned());
        let what = match may_be_name && resolved.file.is_some() {
            true => What::Name { module, name },
            false => What::Module(parts[..=n].join(".")),
        };
        self.report(Some(&text.file), text.line, what, text.is_certain);
    }

    fn import(&mut self, file: Option<&str>, import: &Import, module: &str, is_certain: bool) {
        let is_silent = import.when == When::Guarded;
        let resolved = match self.resolve(module) {
            Ok(resolved) => resolved,
            Err(_) if is_silent => return,
            Err((missing, is_sure)) => {
                let place = (file, import.line);
                return self.report_wanted(place, What::Module(missing), module, is_certain && is_sure);
            }
        };
        self.reach_all(resolved.runs.iter().cloned(), is_certain);
        let Some(name) = import.name.as_deref().filter(|name| *name != "*") else { return };
        match self.submodule(&resolved.folders, name) {
            Some(Found::Package(path)) => self.reach_all([(path, format!("{module}.{name}"))], is_certain),
            Some(Found::Module(path)) => self.reach_all([(path, module.to_owned())], is_certain),
            Some(Found::Portion) => {}
            None if is_silent || self.has_name(&resolved, name) => {}
            None => {
                let what = What::Name { module: module.to_owned(), name: name.to_owned() };
                self.report(file, import.line, what, is_certain);
            }
        }
    }

    /// Whether a module may have a name that is no submodule of it.
    fn has_name(&self, module: &Resolved, name: &str) -> bool {
        let is_given = name.starts_with("__") && name.ends_with("__");
        match &module.file {
            // A namespace package has nothing but its submodules.
            None => is_given || module.is_open,
            Some(file) => match self.program.own.get(file) {
                Some(statements) => is_given || statements.is_dynamic || statements.names.contains(name),
                None => true,
            },
        }
    }

    /// Finds a module and all packages above it.
    ///
    /// # Errors
    /// The first part that is not there, and whether it can come from nowhere else.
    fn resolve(&self, module: &str) -> Result<Resolved, (String, bool)> {
        let mut resolved = Resolved::default();
        let mut folders: Vec<String> = self.search.clone();
        let mut dotted = String::new();
        for (depth, part) in module.split('.').enumerate() {
            let package = dotted.clone();
            if depth > 0 {
                dotted.push('.');
            }
            dotted.push_str(part);
            let found = match self.submodule(&folders, part) {
                None if depth == 0 && (part.starts_with('_') || FILELESS.contains(&part)) => {
                    return Ok(Resolved { is_open: true, ..resolved });
                }
                None if depth == 0 && self.uses_path => {
                    self.program.files.anywhere(self.program.destination, part).ok_or((dotted.clone(), true))?
                }
                None if depth > 0 && self.is_open(&resolved, &dotted) => {
                    return Ok(Resolved { is_open: true, ..resolved });
                }
                found => found.ok_or((dotted.clone(), true))?,
            };
            resolved.folders.clear();
            resolved.file = None;
            match found {
                Found::Package(path) => {
                    resolved.folders.extend(path.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
                    resolved.runs.push((path.clone(), dotted.clone()));
                    resolved.file = Some(path);
                }
                Found::Module(path) => {
                    resolved.runs.push((path.clone(), package));
                    resolved.file = Some(path);
                }
                Found::Portion => {
                    let portions = folders.iter().map(|folder| format!("{folder}/{part}"));
                    resolved.folders = portions.collect();
                }
            }
            folders.clone_from(&resolved.folders);
        }
        Ok(resolved)
    }

    /// Whether a package may have a module that no file shows.
    fn is_open(&self, package: &Resolved, module: &str) -> bool {
        match &package.file {
            Some(file) => match self.program.own.get(file) {
                Some(statements) => statements.is_dynamic,
                None => (self.program.may_have)(file, module),
            },
            None => false,
        }
    }

    /// What a name is in the first of some folders that has it; a portion counts only where nothing else is.
    fn submodule(&self, folders: &[String], name: &str) -> Option<Found> {
        let found = || folders.iter().filter_map(|folder| self.program.files.find(folder, name));
        found().find(|found| *found != Found::Portion).or_else(|| found().next())
    }

    fn reach_all(&mut self, runs: impl IntoIterator<Item = (String, String)>, is_certain: bool) {
        for (path, package) in runs {
            self.reach(Visit { path, package: Some(package), as_main: false, is_certain });
        }
    }

    fn reach(&mut self, visit: Visit) {
        let known = self.reached.get(&visit.path).copied();
        if known.is_none() || known == Some(false) && visit.is_certain {
            self.reached.insert(visit.path.clone(), visit.is_certain);
            self.left.push(visit);
        }
    }

    fn report(&mut self, file: Option<&str>, line: u32, what: What, is_certain: bool) {
        let wanted = match &what {
            What::Module(module) => module.clone(),
            What::Name { .. } | What::Package(_) | What::Script(_) => String::new(),
        };
        self.report_wanted((file, line), what, &wanted, is_certain);
    }

    /// As [`report`](Self::report), of a module that `wanted` needs. Reached twice, for certain and not, it is certain.
    fn report_wanted(&mut self, (file, line): (Option<&str>, u32), what: What, wanted: &str, is_certain: bool) {
        let place = (what, file.map(str::to_owned), line, self.setting.clone());
        let (certain, all) = self.missing.entry(place).or_default();
        *certain |= is_certain && !self.replaces_modules;
        all.extend((!wanted.is_empty()).then(|| wanted.to_owned()));
    }

    /// The package of a module that nothing imports, by the folder of the search path that it is in.
    fn package_of(&self, path: &str) -> Option<String> {
        let folders = self.search.iter().filter_map(|folder| path.strip_prefix(&format!("{folder}/")));
        let below = folders.min_by_key(|below| below.len())?;
        let (package, _) = below.rsplit_once('/').unwrap_or_default();
        Some(package.replace('/', "."))
    }
}

/// The variable that names Django's settings.
const SETTINGS_MODULE: &str = "DJANGO_SETTINGS_MODULE";

/// What has this in its name looks for a module `admin` in every application.
const ADMIN: &str = "django.contrib.admin";

/// The module of Django's settings, and where it is named; `None` if that is not sure.
fn settings_module(
    command: &Command,
    loads: (String, u32),
    chosen: &[(String, &Chosen)],
) -> Option<(String, (String, u32))> {
    // A flag, or a variable that a server sets for its workers, has the last word.
    let words = &command.words;
    if words.iter().any(|word| word.contains(SETTINGS_MODULE) || word.starts_with("--settings")) {
        return None;
    }
    let is_set = chosen.iter().any(|(_, chosen)| !chosen.is_default);
    if let Some(module) = command.env.get(SETTINGS_MODULE).filter(|module| !is_set && !module.is_empty()) {
        return Some((module.clone(), loads));
    }
    let (file, first) = chosen.first()?;
    let is_one = chosen.iter().all(|(_, chosen)| chosen.module == first.module);
    let module = first.module.clone().filter(|_| is_one)?;
    Some((module, (file.clone(), first.line)))
}

/// The absolute name of an import's module; `None` if it is relative to a package that is not there.
fn absolute(package: Option<&str>, import: &Import) -> Option<String> {
    if import.level == 0 {
        return Some(import.module.clone());
    }
    let mut parts: Vec<&str> = package.filter(|package| !package.is_empty())?.split('.').collect();
    let up = import.level as usize - 1;
    parts.truncate(parts.len().checked_sub(up).filter(|left| *left > 0)?);
    parts.extend(Some(import.module.as_str()).filter(|module| !module.is_empty()));
    Some(parts.join("."))
}
