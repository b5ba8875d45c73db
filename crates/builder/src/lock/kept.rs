//! Requirements without hashes: locked first, and the lock is kept beside them for the next run.
//!
//! `requirements.in` gives `requirements.lock.txt`. Its first line holds a digest of what it was made
//! from; while that is the same, the lock is used as it is. It names no index.

use std::path::{Path, PathBuf};

use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::spec::PythonSpec;
use shipwheel_python::lock::LockForm;
use shipwheel_python::requirements::Requirements;

use super::input_files::{InputFiles, MAX_DEPTH};
use super::lock_error::LockError;
use super::lock_file::{LockFile, form_of, lookup_in};
use super::placed_metadata::PlacedMetadata;
use super::upgrade::Upgrade;
use crate::disk::text::{text, text_if_there, write_text};
use crate::error::BuildError;
use crate::inspect::counted::counted;
use crate::program::program_error::ProgramError;
use crate::program::uv::Uv;
use crate::project::project::Project;
use crate::session::Session;
use shipwheel_store::has_secret;

/// Raise this when requirements are locked in another way.
const LOCK_RECIPE: u32 = 1;

/// The file that a lock of this input is kept in.
pub(crate) fn kept_path(input: &Path) -> PathBuf {
    input.with_extension("lock.txt")
}

/// The minor version of Python that the kept lock of an input was made for, and its text, if it was made from just this.
pub(crate) fn made_for(lock: &LockFile, python: &PythonSpec) -> Result<Option<(u32, String)>, BuildError> {
    let Some(text) = text_if_there(&kept_path(&lock.path))? else { return Ok(None) };
    let digest = digest(lock, python)?;
    let minor = header(&text).filter(|(_, made_from)| *made_from == digest).map(|(minor, _)| minor);
    Ok(minor.map(|minor| (minor, text)))
}

/// The kept lock of an input, if it was made from just this, for this Python or an older one.
pub(crate) fn find(lock: &LockFile, python: &PythonSpec, minor: u32) -> Result<Option<(PathBuf, String)>, BuildError> {
    let kept = made_for(lock, python)?.filter(|(made_for, _)| *made_for <= minor);
    Ok(kept.map(|(_, text)| (kept_path(&lock.path), text)))
}

/// What is locked, and how.
pub(crate) struct Locking<'l> {
    pub(crate) project: &'l Project,
    pub(crate) lock: &'l LockFile,
    pub(crate) python: &'l PythonSpec,
    /// For Python 3.`minor` and later ones.
    pub(crate) minor: u32,
    pub(crate) upgrade: &'l Upgrade,
}

/// Locks an input for every platform and this Python or a later one, and keeps the lock.
///
/// # Errors
/// When uv fails, or the lock cannot be written.
pub(crate) fn make(session: &Session<'_>, locking: &Locking<'_>) -> Result<(PathBuf, String), BuildError> {
    let Locking { lock, python, minor, .. } = locking;
    let input = &lock.path;
    let path = kept_path(input);
    session.report.step(&format!("lock: locking {} into {}", input.display(), path.display()));
    let output = compiled(session, locking)?;
    let locked: String = output.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    if let Some(line) = locked.lines().find(|line| line.split_whitespace().any(has_password)) {
        let name = line.split([' ', '@', '[']).next().unwrap_or_default().to_owned();
        return Err(LockError::Secret { path: input.clone(), name }.into());
    }
    let name = input.file_name().unwrap_or_default().to_string_lossy();
    let head = format!("# Locked by shipwheel from {name} for Python 3.{minor}: {}\n", digest(lock, python)?);
    let text = head + &locked;
    let count = Requirements::parse(&text, &path.display().to_string())?.requirements.len();
    write_text(&path, &text)?;
    session.report.step(&format!(
        "lock: {} has {}; keep it with the sources",
        path.display(),
        counted(count, "distribution")
    ));
    Ok((path, text))
}

/// Whether a word is an address with a password or a token in it.
fn has_password(word: &str) -> bool {
    let Some((scheme, rest)) = word.split_once("://") else { return false };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    // Without a password, the user of https may be a token, and that of ssh is a name.
    let secret =
        login.split_once(':').map_or(if scheme.ends_with("ssh") { "" } else { login }, |(_, password)| password);
    !secret.is_empty() || has_secret(&format!("{scheme}://{host}{path}"))
}

/// What uv locks an input into; it builds only what `allow-build` names, and only where it has to.
fn compiled(session: &Session<'_>, locking: &Locking<'_>) -> Result<String, BuildError> {
    let Locking { project, lock, python, minor, upgrade } = locking;
    let input = &lock.path;
    let is_project = form_of(input) == Some(LockForm::Project);
    // Lines that cannot be locked are told before uv is looked for.
    let files = (!is_project).then(|| InputFiles::read(input, &python.allow_build)).transpose()?;
    let placed = PlacedMetadata::of(session, project, lock, python)?;
    let pyproject = text_if_there(&input.with_file_name("pyproject.toml"))?;
    let uv = Uv::new(session, &lookup_in(input.parent().unwrap_or(Path::new("")), pyproject.as_deref())?)?;
    let more = placed.write(&uv)?;
    let copy = files.map_or_else(|| Ok(input.to_owned()), |files| files.write(&uv, &more))?;
    // uv keeps the versions that it finds in its output.
    let before = text_if_there(&kept_path(input))?.unwrap_or_default();
    let compile = |builds: bool| {
        let output = uv.write("lock.txt", &before)?;
        let words = ["pip", "compile", "--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet"];
        let mut command = uv.command_with_python(&words, None)?;
        command.args(["--python-version", &format!("3.{minor}"), "--only-binary", ":all:"]);
        if builds {
            command.args(python.allow_build.iter().flat_map(|name| ["--no-binary", name.as_str()]));
        }
        command.args(["--no-emit-index-url", "--no-emit-find-links", "--output-file"]).arg(&output);
        command.args(placed.names().flat_map(|name| ["--no-emit-package", name.as_str()]));
        upgrade.apply(&mut command);
        if is_project {
            let extras = python.extras.iter().flat_map(|extra| ["--extra", &extra.value]);
            command.args(extras.chain(python.groups.iter().flatten().flat_map(|group| ["--group", &group.value])));
        }
        command.arg(&copy);
        uv.run(command, "uv pip compile")?;
        text(&output)
    };
    let compiled = match compile(false) {
        Err(BuildError::Program(ProgramError::Failed { .. })) if !python.allow_build.is_empty() => compile(true),
        other => other,
    };
    compiled.map_err(|error| explained(input, error))
}

/// What uv says when it may not build, or may lock nothing for this Python, as an error that says what to do.
pub(crate) fn explained(path: &Path, error: BuildError) -> BuildError {
    const MAY_NOT: [&str; 2] = ["uilding source distributions", "building from source is disabled"];
    const OTHER_PYTHON: [&str; 2] = ["requested Python version", "does not satisfy Python"];
    let path = path.to_owned();
    let says = |output: &str, any: &[&str]| any.iter().any(|it| output.contains(it));
    match error {
        BuildError::Program(ProgramError::Failed { output, .. }) if says(&output, &MAY_NOT) => {
            LockError::NeedsBuild { path, output }.into()
        }
        BuildError::Program(ProgramError::Failed { output, .. }) if says(&output, &OTHER_PYTHON) => {
            LockError::OtherPython { path, output }.into()
        }
        other => other,
    }
}

/// What the first line says: the minor version of Python and the input's digest.
fn header(text: &str) -> Option<(u32, Digest)> {
    let rest = text.lines().next()?.strip_prefix("# Locked by shipwheel from ")?;
    let (_, rest) = rest.rsplit_once(" for Python 3.")?;
    let (minor, digest) = rest.split_once(": ")?;
    Some((minor.parse().ok()?, digest.trim().parse().ok()?))
}

/// A digest of all that a lock is made from: the file, those that it includes, and the selection.
fn digest(lock: &LockFile, python: &PythonSpec) -> Result<Digest, BuildError> {
    let mut hasher = Hasher::new();
    hasher.field(LOCK_RECIPE.to_le_bytes());
    add(&mut hasher, &lock.path, 0)?;
    lock.placed.iter().try_for_each(|requirement| requirement.add_to(&mut hasher))?;
    hasher.fields(python.extras.iter().map(|extra| &extra.value)).field("groups");
    hasher.fields(python.groups.iter().flatten().map(|group| &group.value));
    Ok(hasher.finish())
}

fn add(hasher: &mut Hasher, path: &Path, depth: usize) -> Result<(), BuildError> {
    let text = text(path)?;
    hasher.field(&text);
    for included in text.lines().filter_map(included).filter(|name| !name.contains("://")) {
        if depth == MAX_DEPTH {
            return Err(LockError::Includes { path: path.to_owned(), limit: MAX_DEPTH }.into());
        }
        add(hasher, &path.parent().unwrap_or(Path::new("")).join(included), depth + 1)?;
    }
    Ok(())
}

/// The file that a line of requirements includes.
fn included(line: &str) -> Option<&str> {
    let options = ["--requirement", "--constraint", "-r", "-c"];
    let rest = options.iter().find_map(|option| line.trim().strip_prefix(option))?;
    let name = rest.trim_start_matches(['=', ' ', '\t']).split(" #").next()?.trim();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_passwords_and_tokens_in_all_their_places() {
        for (word, expected) in [
            ("https://host.example/a.whl", false),
            ("http://user:hunter2@host.example/a.whl", true),
            ("https://ghp_token@host.example/a.whl", true),
            ("git+ssh://git@host.example/a.git@main", false),
            ("git+ssh://git:hunter2@host.example/a.git", true),
            ("git+https://:hunter2@host.example/a.git", true),
            ("https://host.example/a.whl?X-Signature=hunter2", true),
            ("https://host.example/a@b.whl#sha256=00", false),
            ("file:///srv/a.whl", false),
            ("password==1.0", false),
            ("--hash=sha256:00", false),
        ] {
            assert_eq!(has_password(word), expected, "{word}");
        }
    }

    #[test]
    fn a_kept_lock_says_what_it_was_made_from() {
        let digest = Digest::of(b"x");
        let line = format!("# Locked by shipwheel from a for Python 3.x.in for Python 3.11: {digest}\na==1\n");
        assert_eq!(header(&line), Some((11, digest)));
        for text in
            ["", "a==1\n", "# Locked by shipwheel from a\n", "# Locked by shipwheel from a for Python 3.11: x\n"]
        {
            assert_eq!(header(text), None, "{text}");
        }
        assert_eq!(kept_path(Path::new("a/requirements.txt")), Path::new("a/requirements.lock.txt"));
    }

    #[test]
    fn files_that_are_included_are_known() {
        for (line, expected) in [
            ("-r base.in", Some("base.in")),
            ("  --requirement=base.in # why", Some("base.in")),
            ("-cconstraints.txt", Some("constraints.txt")),
            ("requests", None),
            ("--index-url https://index.example", None),
        ] {
            assert_eq!(included(line), expected, "{line}");
        }
    }
}
