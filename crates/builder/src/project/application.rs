//! The application's files: collected in gitignore syntax, hashed, never run.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rayon::prelude::*;
use shipwheel_layer::TreePath;
use shipwheel_oci::{Digest, HashWriter};
use shipwheel_plan::facts::AppFile;
use shipwheel_plan::leftovers;
use shipwheel_plan::spec::{Located, Problem};

use super::application_error::{ApplicationError, OtherFile, Whole};
use crate::error::BuildError;
use crate::project::definition::Definition;
use crate::session::Session;
use shipwheel_store::{FileAction, open_regular_no_link};

/// So much of a file is looked at for secrets.
const MAX_HEAD: u64 = 64 << 10;

/// A file of the application: its path on this machine, and its entry in the image.
pub(crate) struct CollectedFile {
    pub(crate) host: PathBuf,
    pub(crate) file: AppFile,
}

/// Collects the files of an application, sorted by their path in the image.
///
/// # Errors
/// When a source is missing, a pattern is broken, a link leads out, or a file cannot be read.
///
/// What users do not expect in an image is left out unless `app.include` matches it; files that look like secrets give
/// a warning.
pub(crate) fn collect(session: &Session<'_>, definition: &Definition) -> Result<Vec<CollectedFile>, BuildError> {
    let Some(app) = &definition.spec.app else { return Ok(Vec::new()) };
    let include = patterns(definition, &app.include)?;
    let exclude = patterns(definition, &app.exclude)?;
    let mut files = Vec::new();
    for source in &app.sources {
        let root = definition.folder.join(&source.value);
        if !root.exists() {
            let problem = Problem::new(source.span.clone(), format!("`{}` does not exist", source.value))
                .with_hint(format!("shipwheel looked in {}", definition.folder.display()));
            return Err(definition.problem(problem).into());
        }
        let prefix = image_prefix(&source.value);
        // gitignore files of the checkout say what git keeps, not what an image needs.
        let walk = WalkBuilder::new(&root)
            .standard_filters(false)
            .sort_by_file_name(Ord::cmp)
            .filter_entry({
                let (folder, exclude) = (definition.folder.clone(), exclude.clone());
                // What is in a folder that is left out may be included.
                let may_include = !app.include.is_empty();
                move |entry| {
                    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                    let is_left_out = is_folder && !may_include && is_left_out_folder(entry.path());
                    entry.depth() == 0 || !(is_left_out || matches(&exclude, &folder, entry.path(), is_folder))
                }
            })
            .build();
        for entry in walk {
            let entry = entry.map_err(|cause| ApplicationError::List { folder: root.clone(), cause })?;
            let is_folder = entry.file_type().is_none_or(|kind| kind.is_dir());
            let below = entry.path().strip_prefix(&root).unwrap_or(Path::new(""));
            let wanted = match app.include.is_empty() {
                true => {
                    entry.depth() == 0 || !leftovers::is_left_out_file(&below.to_string_lossy(), definition.derived)
                }
                false => matches(&include, &definition.folder, entry.path(), false),
            };
            if is_folder || !wanted {
                continue;
            }
            files.push((entry.path().to_owned(), image_path(&app.destination.value, &prefix, entry.path(), below)?));
        }
    }
    let mut files: Vec<CollectedFile> =
        files.into_par_iter().map(|(host, path)| read(host, path)).collect::<Result<_, _>>()?;
    files.sort_by(|a, b| a.file.path.as_str().cmp(b.file.path.as_str()));
    match files.windows(2).find(|pair| pair[0].file.path == pair[1].file.path && pair[0].file != pair[1].file) {
        Some([one, other]) => Err(ApplicationError::SamePath {
            path: one.file.path.clone(),
            one: one.host.clone(),
            other: OtherFile::File(other.host.clone()),
        }
        .into()),
        Some(_) => Err(BuildError::internal("a window of two has two files")),
        None => {
            files.dedup_by(|a, b| a.file.path == b.file.path);
            warn_of_secrets(session, &files);
            Ok(files)
        }
    }
}

/// Whether a folder is left out: by its name, or because it is an environment.
fn is_left_out_folder(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    leftovers::is_left_out_folder(&name) || path.join("pyvenv.cfg").is_file()
}

/// Warns of files that look like secrets.
fn warn_of_secrets(session: &Session<'_>, files: &[CollectedFile]) {
    for file in files.iter().filter(|file| file.file.link.is_none()) {
        let mut head = Vec::new();
        let read = open_regular_no_link(&file.host).map(|open| open.take(MAX_HEAD).read_to_end(&mut head));
        let secret = leftovers::looks_like_secret(file.file.path.as_str(), &head).filter(|_| read.is_ok());
        if let Some(secret) = secret {
            session.report.warning(&format!(
                "{} {secret}, and becomes part of the image; leave it out with `exclude` in `[app]`",
                file.host.display()
            ));
        }
    }
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

fn matches(patterns: &Gitignore, folder: &Path, path: &Path, is_folder: bool) -> bool {
    let Ok(relative) = path.strip_prefix(folder) else { return false };
    patterns.matched_path_or_any_parents(relative, is_folder).is_ignore()
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

fn read(host: PathBuf, path: TreePath) -> Result<CollectedFile, BuildError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs_err::symlink_metadata(&host).map_err(BuildError::file(FileAction::Read, &host))?;
    if metadata.is_symlink() {
        let target = fs_err::read_link(&host).map_err(BuildError::file(FileAction::Read, &host))?;
        let target = target.to_str().filter(|target| stays_inside(path.as_str(), target));
        let leads_out = || ApplicationError::LinkLeadsOut { path: host.clone(), whole: Whole::Application };
        let target = target.ok_or_else(leads_out)?;
        let digest = Digest::of(target.as_bytes());
        let file = AppFile { path, digest, size: 0, executable: false, link: Some(target.to_owned()) };
        return Ok(CollectedFile { file, host });
    }
    if !metadata.is_file() {
        return Err(ApplicationError::Special { path: host }.into());
    }
    let mut hasher = HashWriter::new(std::io::sink());
    let mut reader = open_regular_no_link(&host).map_err(BuildError::file(FileAction::Open, &host))?;
    // Of what is read, whatever was there a moment ago.
    let metadata = reader.metadata().map_err(BuildError::file(FileAction::Read, &host))?;
    std::io::copy(&mut reader, &mut hasher).map_err(BuildError::file(FileAction::Read, &host))?;
    let (_, digest, size) = hasher.finish();
    let executable = metadata.permissions().mode() & 0o100 != 0;
    Ok(CollectedFile { file: AppFile { path, digest, size, executable, link: None }, host })
}

/// Whether a relative link at a path never climbs above the path's first folder.
fn stays_inside(path: &str, target: &str) -> bool {
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
