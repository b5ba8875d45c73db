//! Which files of a folder are taken: by their names, the patterns of image.toml, .dockerignore, and what is in them.

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use shipwheel_layer::TreePath;
use shipwheel_oci::Digest;
use shipwheel_plan::development::{LeftOutNames, Mentions};
use shipwheel_plan::dockerignore::Rule;
use shipwheel_plan::facts::AppFile;
use shipwheel_plan::leftovers;
use shipwheel_plan::secrets;
use shipwheel_plan::spec::{Located, Problem};

use super::application_error::{ApplicationError, Whole};
use super::collected_file::{CollectedFile, Found};
use super::hashed::Hashed;
use super::ignored::{IgnoreFile, Ignored};
use super::left_out::LeftOut;
use super::left_out_folder::is_left_out_folder;
use super::suspect::Suspect;
use super::text_files::normal;
use super::whole_folder::WholeFolder;
use crate::error::BuildError;
use crate::project::definition::Definition;
use shipwheel_store::FileAction;

/// What decides which files are taken.
pub(super) struct Collector<'d> {
    definition: &'d Definition,
    include: Gitignore,
    /// The names of files that `include` names without a wildcard: the user knows them.
    named: Vec<&'d str>,
    exclude: Gitignore,
    ignored: Ignored,
    pub(super) left_out: LeftOut,
    /// Whether folders that are left out stay so whatever `include` matches in them.
    without_folders: bool,
    /// The paths of what is left out whatever names it.
    never: Arc<Mutex<LeftOutNames>>,
    /// The paths of files that are left out because they have credentials.
    credentials: Mutex<BTreeSet<String>>,
    /// Warnings of what a folder has that cannot be in an image.
    unfit: Mutex<Vec<String>>,
}

impl<'d> Collector<'d> {
    /// One for these patterns; where `include` has any, only what they match is taken.
    ///
    /// # Errors
    /// When a pattern is broken, or a .dockerignore.
    pub(super) fn new(
        definition: &'d Definition,
        include: &'d [Located<String>],
        exclude: &[Located<String>],
    ) -> Result<Self, BuildError> {
        let literal = |pattern: &'d Located<String>| {
            let name = pattern.value.rsplit('/').next().filter(|name| !name.is_empty())?;
            (!name.contains(['*', '?', '[', '\\'])).then_some(name)
        };
        Ok(Self {
            definition,
            include: patterns(definition, include)?,
            named: include.iter().filter_map(literal).collect(),
            exclude: patterns(definition, exclude)?,
            ignored: Ignored::read(definition)?,
            left_out: LeftOut::default(),
            without_folders: false,
            never: Arc::default(),
            credentials: Mutex::default(),
            unfit: Mutex::default(),
        })
    }

    /// One that takes no folder that is left out by its name, whatever the patterns match in it.
    ///
    /// # Errors
    /// As [`Collector::new`].
    pub(super) fn without_folders(
        definition: &'d Definition,
        include: &'d [Located<String>],
    ) -> Result<Self, BuildError> {
        Ok(Self { without_folders: true, ..Self::new(definition, include, &[])? })
    }

    /// Warnings of what is left out, though the application may need it; a step may make (`is_made`) what is missing.
    pub(super) fn warnings(
        &self,
        whole: &WholeFolder,
        files: &[CollectedFile],
        is_made: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let never = self.never.lock().unwrap_or_else(PoisonError::into_inner);
        let credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unfit = self.unfit.lock().unwrap_or_else(PoisonError::into_inner).clone();
        unfit.sort();
        whole.warnings(files, (&never, &credentials), is_made).into_iter().chain(unfit).collect()
    }

    /// Remembers the path of something that is left out.
    fn leave_out(never: &Mutex<LeftOutNames>, path: String) {
        never.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
    }

    /// Remembers a file that is left out by default; the user knows what a line of .dockerignore names as well.
    fn leave_out_file(&self, path: String, is_known: bool) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_named = leftovers::is_credential(name) || leftovers::is_key(name) || leftovers::is_settings(name);
        // Whether the folder is a package does not matter any more.
        match is_named || !leftovers::is_left_out_file(name) && leftovers::is_in_secret_folder(&path, |_| false) {
            true => {
                self.left_out.as_credential(name);
                let mut credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
                credentials.extend((!is_known).then(|| path.clone()));
            }
            false => self.left_out.by_default(name),
        }
        Self::leave_out(&self.never, path);
    }

    /// Lists the files of a source that are taken by their names.
    ///
    /// # Errors
    /// When the source is missing, leads out of the workspace, is left out as a whole, or cannot be listed.
    pub(super) fn walk(&self, source: &Located<String>, destination: &str) -> Result<Vec<Found>, BuildError> {
        let root = self.definition.path(source)?;
        if !root.exists() {
            let problem = Problem::new(source.span.clone(), format!("`{}` does not exist", source.value))
                .with_hint(format!("shipwheel looked in {}", self.definition.folder.display()));
            return Err(self.definition.problem(problem).into());
        }
        // A link to a folder stands for the folder, wherever in the workspace that is.
        let root = match root.is_symlink() && root.is_dir() {
            true => root.canonicalize().map_err(BuildError::file(FileAction::Read, &root))?,
            false => root,
        };
        let prefix = image_prefix(&source.value);
        let context = self.ignored.of(&self.definition.folder.join(&source.value));
        // Who names a folder with credentials knows what is in it.
        let may_leave_out = !leftovers::is_left_out_folder(&root.to_string_lossy());
        let lock = normal(&self.definition.image_lock_path());
        let mut found = Vec::new();
        let ignored = Arc::new(OnceLock::new());
        for entry in self.entries(&root, &prefix, context.as_ref(), &ignored) {
            let entry = entry.map_err(|cause| ApplicationError::List { folder: root.clone(), cause })?;
            let below = entry.path().strip_prefix(&root).unwrap_or(Path::new(""));
            // image.lock has the digest of the image, which nothing in the image can have.
            if entry.file_type().is_none_or(|kind| kind.is_dir()) || normal(entry.path()) == lock {
                continue;
            }
            let path = joined(&prefix, below);
            let rule = context.as_ref().and_then(|(file, source)| file.rule(&joined(source, below)));
            if !self.include.is_empty() {
                if !matches(&self.include, &path, false) {
                    continue;
                }
            } else if entry.depth() > 0 && may_leave_out && is_left_out_file(&root, below) {
                self.leave_out_file(path, rule.is_some());
                continue;
            } else if let Some(rule) = rule {
                self.left_out.by_rule(&rule.text);
                Self::leave_out(&self.never, path);
                let _ = ignored.set(rule.clone());
                continue;
            }
            let image = image_path(destination, &prefix, entry.path(), below)?;
            let is_source = entry.depth() == 0;
            let is_of_whole = !is_source && prefix.is_empty() && self.include.is_empty();
            found.push(Found { host: entry.into_path(), path: image, below: path, is_source, is_of_whole });
        }
        match (ignored.get(), &context) {
            (Some(rule), Some((file, _))) if found.is_empty() && self.is_asked_for() => {
                Err(self.left_out_whole(source, file, rule))
            }
            _ => Ok(found),
        }
    }

    /// Walks a source without the folders that are left out as a whole; `ignored` gets a rule that leaves one out.
    fn entries(
        &self,
        root: &Path,
        prefix: &str,
        context: Option<&(&IgnoreFile, String)>,
        ignored: &Arc<OnceLock<Rule>>,
    ) -> ignore::Walk {
        let (top, prefix, exclude, ignored) =
            (root.to_owned(), prefix.to_owned(), self.exclude.clone(), ignored.clone());
        let (left_out, may_include) = (self.left_out.clone(), !self.include.is_empty());
        let may_enter = may_include && !self.without_folders;
        let never = self.never.clone();
        // A rule that brings something back may do so anywhere below.
        let context = context.filter(|(file, _)| !may_include && !file.brings_back());
        let context = context.map(|(file, source)| ((*file).clone(), source.clone()));
        // gitignore files of the checkout say what git keeps, not what an image needs.
        let mut walk = WalkBuilder::new(root);
        walk.standard_filters(false).sort_by_file_name(Ord::cmp).filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let below = entry.path().strip_prefix(&top).unwrap_or(Path::new(""));
            if entry.depth() == 0 {
                return true;
            }
            if matches(&exclude, &joined(&prefix, below), is_folder) {
                return false;
            }
            // What is in a folder that is left out may be included.
            if is_folder && !may_enter && is_left_out_folder(entry.path()) {
                left_out.by_default(&name_of(below));
                Self::leave_out(&never, format!("{}/", joined(&prefix, below)));
                return false;
            }
            let context = context.as_ref().filter(|_| is_folder);
            let rule = context.and_then(|(file, source)| file.rule(&joined(source, below)));
            if let Some(rule) = rule {
                left_out.by_rule(&rule.text);
                Self::leave_out(&never, format!("{}/", joined(&prefix, below)));
                let _ = ignored.set(rule.clone());
            }
            rule.is_none()
        });
        walk.build()
    }

    /// Whether the user named the sources, or there is nothing besides.
    fn is_asked_for(&self) -> bool {
        !self.definition.derived || self.definition.spec.app.as_ref().is_some_and(|app| app.project.is_none())
    }

    fn left_out_whole(&self, source: &Located<String>, file: &IgnoreFile, rule: &Rule) -> BuildError {
        let (line, text, place) = (rule.line, &rule.text, file.path().display());
        let message = format!("line {line} of {place}, `{text}`, leaves out all of `{}`", source.value);
        let back = if image_prefix(&source.value).is_empty() { "NAME" } else { &source.value };
        let hint = format!("add `!{back}` at the end of .dockerignore, or match the files with `include`");
        let problem = Problem::new(source.span.clone(), message).with_hint(hint);
        self.definition.problem(problem).into()
    }

    /// Reads a file; `None` if what it has in it leaves it out.
    ///
    /// # Errors
    /// When it cannot be read, or is a link that leads out or no file, and was asked for.
    pub(super) fn read(&self, found: Found) -> Result<Option<CollectedFile>, BuildError> {
        let name = name_of(Path::new(&found.below));
        let may_leave_out = !found.is_source && self.include.is_empty();
        let (file, head) = match read(&found.host, found.path) {
            // Of a whole folder nobody asked for just this.
            Err(BuildError::Application(
                error @ (ApplicationError::LinkLeadsOut { .. } | ApplicationError::Special { .. }),
            )) if found.is_of_whole => {
                let mut unfit = self.unfit.lock().unwrap_or_else(PoisonError::into_inner);
                unfit.push(format!("{error}, and is left out"));
                return Ok(None);
            }
            read => read?,
        };
        if may_leave_out && is_secret(&name, &head) {
            self.leave_out_file(found.below, false);
            return Ok(None);
        }
        // Who names a file in `include` knows it.
        let is_known = file.link.is_some() || self.named.contains(&name.as_str());
        let suspect = Suspect::of(&found.host, &head).filter(|_| !is_known);
        let is_module = found.below.ends_with(".py");
        let mentions = is_module.then(|| (found.below, Mentions::read(&String::from_utf8_lossy(&head))));
        Ok(Some(CollectedFile { host: found.host, file, suspect, mentions }))
    }
}

/// Whether what a file has in it leaves it out, where its name may be that of a secret.
fn is_secret(name: &str, head: &[u8]) -> bool {
    let is_key = || secrets::has_private_key(head) || leftovers::is_secret_key(name) && !secrets::is_public(head);
    leftovers::is_key(name) && is_key() || leftovers::is_settings(name) && secrets::find_login(head).is_some()
}

/// Whether a file below a source is left out, by its name or that of a folder.
fn is_left_out_file(root: &Path, below: &Path) -> bool {
    let is_package = |folder: &str| root.join(folder).join("__init__.py").is_file();
    leftovers::is_left_out_file(&name_of(below)) || leftovers::is_in_secret_folder(&below.to_string_lossy(), is_package)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Two parts of a path with `/` between them, where both have something.
fn joined(prefix: &str, below: &Path) -> String {
    let below = below.to_string_lossy();
    if prefix.is_empty() || below.is_empty() { format!("{prefix}{below}") } else { format!("{prefix}/{below}") }
}

fn patterns(definition: &Definition, patterns: &[Located<String>]) -> Result<Gitignore, BuildError> {
    let mut builder = GitignoreBuilder::new(&definition.folder);
    for pattern in patterns {
        builder.add_line(None, &pattern.value).map_err(|error| {
            definition.problem(Problem::new(pattern.span.clone(), format!("not a gitignore pattern: {error}")))
        })?;
    }
    builder.build().map_err(|error| {
        let span = patterns.first().map_or(0..0, |pattern| pattern.span.clone());
        definition.problem(Problem::new(span, format!("not gitignore patterns: {error}"))).into()
    })
}

/// Whether patterns match a path below their folder, or a folder above it.
fn matches(patterns: &Gitignore, path: &str, is_folder: bool) -> bool {
    !path.is_empty() && patterns.matched_path_or_any_parents(path, is_folder).is_ignore()
}

/// A source's folder in the image: its own path, without what leads out of the definition's folder.
fn image_prefix(source: &str) -> String {
    let parts: Vec<String> = Path::new(source)
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    let outside = Path::new(source).components().any(|part| matches!(part, Component::ParentDir | Component::RootDir));
    if outside { parts.last().cloned().unwrap_or_default() } else { parts.join("/") }
}

fn image_path(destination: &str, prefix: &str, host: &Path, below: &Path) -> Result<TreePath, BuildError> {
    let text = below.to_str().ok_or_else(|| ApplicationError::NotUtf8 { path: host.to_owned() })?;
    let path = TreePath::new(&format!("{destination}/{prefix}/{text}"));
    Ok(path.map_err(|cause| ApplicationError::NotAllowed { path: host.to_owned(), cause })?)
}

/// The entry of a file, and its first bytes.
fn read(host: &Path, path: TreePath) -> Result<(AppFile, Vec<u8>), BuildError> {
    let metadata = fs_err::symlink_metadata(host).map_err(BuildError::file(FileAction::Read, host))?;
    if metadata.is_symlink() {
        let target = fs_err::read_link(host).map_err(BuildError::file(FileAction::Read, host))?;
        let target = target.to_str().filter(|target| stays_inside(path.as_str(), target));
        let leads_out = || ApplicationError::LinkLeadsOut { path: host.to_owned(), whole: Whole::Application };
        let target = target.ok_or_else(leads_out)?;
        let digest = Digest::of(target.as_bytes());
        return Ok((AppFile { path, digest, size: 0, executable: false, link: Some(target.to_owned()) }, Vec::new()));
    }
    if !metadata.is_file() {
        return Err(ApplicationError::Special { path: host.to_owned() }.into());
    }
    let Hashed { digest, size, head, executable } = Hashed::read(host)?;
    Ok((AppFile { path, digest, size, executable, link: None }, head))
}

/// Whether a relative link at a path never climbs above the path's first folder.
pub(crate) fn stays_inside(path: &str, target: &str) -> bool {
    let mut depth = path.split('/').count().saturating_sub(3);
    if target.starts_with('/') {
        return false;
    }
    target.split('/').all(|part| match part {
        ".." if depth == 0 => false,
        ".." => {
            depth -= 1;
            true
        }
        "" | "." => true,
        _ => {
            depth += 1;
            true
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_keeps_its_path_unless_it_is_outside() {
        for (source, expected) in
            [("app", "app"), ("./src/app", "src/app"), (".", ""), ("../shared/lib", "lib"), ("/abs/lib", "lib")]
        {
            assert_eq!(image_prefix(source), expected, "{source}");
        }
    }

    #[test]
    fn links_may_not_leave_the_application() {
        for (target, expected) in
            [("b", true), ("../x/b", true), ("../../b", false), ("/etc/passwd", false), ("c/../../../b", false)]
        {
            assert_eq!(stays_inside("/app/pkg/a", target), expected, "{target}");
        }
    }
}
