//! The last way to run an image: its own dynamic loader, among the files of this machine. Only programs that the image
//! names by itself are found, such as an interpreter or a script of one.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_python::elf::ElfFacts;
use shipwheel_store::{Cache, FileAction};
use tempfile::TempDir;

use super::account::Account;
use super::tree_folder::{Links, Owners, write};
use crate::confine::container::{Container, Identity, Process, WritableLayer};
use crate::confine::sandbox::Sandbox;
use crate::error::BuildError;
use crate::interpreter::rootfs::library_folders;
use crate::loading::place::first_line;
use crate::session::host_platform;

/// The folder with the image's files, and the file with what is started.
const FILES: &str = "files";
const DESCRIPTION: &str = "start.json";

/// How many scripts may lead to a program.
const MAX_SCRIPTS: usize = 4;

/// Writes the files of an image, and finds what starts its program; else why nothing does.
///
/// # Errors
/// When the disk cannot be written.
pub(super) fn prepare(
    (sandbox, cache): (&Sandbox, &Cache),
    tree: &Tree,
    process: &Process,
) -> Result<Result<(Command, TempDir), String>, BuildError> {
    let command = match find(tree, process) {
        Ok(command) => command,
        Err(reason) => return Ok(Err(reason)),
    };
    let folder = cache.scratch_dir()?;
    let root = folder.path().join(FILES);
    fs::create_dir(&root).map_err(BuildError::file(FileAction::Create, &root))?;
    // Nobody but the user of shipwheel runs here, who may do with the copy what root may in the image.
    let account = Account { user: 0, group: 0, groups: Vec::new(), home: None };
    write(tree, &root, &Owners::One { owner: None, account }, Links::Inside)?;
    let process = Process {
        command: command.placed(&root),
        environment: environment(tree, process, &root),
        workdir: shown(&root, &process.workdir),
    };
    let start = Container {
        lowers: vec![root],
        layer: WritableLayer::Copy,
        volumes: Vec::new(),
        texts: Vec::new(),
        identity: Identity::Mapped { user: 0, group: 0 },
        process,
    };
    let (path, text) = (folder.path().join(DESCRIPTION), serde_json::to_vec(&start).map_err(BuildError::internal)?);
    fs::write(&path, text).map_err(BuildError::file(FileAction::Write, &path))?;
    let mut command = sandbox.by_loader(DESCRIPTION);
    command.current_dir(folder.path());
    Ok(Ok((command, folder)))
}

/// A program of an image, its loader, and its arguments; all paths are the image's.
struct Found {
    loader: TreePath,
    program: TreePath,
    arguments: Vec<Argument>,
}

/// An argument: a path of the image, or a text.
enum Argument {
    Path(TreePath),
    Text(String),
}

impl Found {
    /// The command line where the image's files are in a folder.
    fn placed(&self, root: &Path) -> Vec<String> {
        let place = |path: &TreePath| shown(root, path.as_str());
        let libraries: Vec<String> = library_folders(&host_platform()).iter().map(|path| shown(root, path)).collect();
        let mut command = vec![place(&self.loader)];
        // musl's loader has no cache, and takes no option that it does not know.
        if !self.loader.name().starts_with("ld-musl-") {
            command.push("--inhibit-cache".to_owned());
        }
        command.extend(["--library-path".to_owned(), libraries.join(":"), place(&self.program)]);
        command.extend(self.arguments.iter().map(|argument| match argument {
            Argument::Path(path) => place(path),
            Argument::Text(text) => text.clone(),
        }));
        command
    }
}

/// Finds what the kernel would start in a root of its own.
fn find(tree: &Tree, process: &Process) -> Result<Found, String> {
    let (name, rest) = process.command.split_first().ok_or("there is no command")?;
    // A path of the image among the arguments, such as that of a script.
    let argument = |text: &String| match resolve(tree, text).filter(|_| text.starts_with('/')) {
        Some((path, Node::File(..) | Node::Directory(_))) => Argument::Path(path),
        _ => Argument::Text(text.clone()),
    };
    let mut arguments: Vec<Argument> = rest.iter().map(argument).collect();
    let mut wanted = name.clone();
    for _ in 0..MAX_SCRIPTS {
        let (path, bytes) = program(tree, process, &wanted)?;
        if let Some(line) = first_line(&bytes) {
            let (interpreter, options) =
                line.split_first().ok_or_else(|| format!("`{wanted}` names no interpreter"))?;
            let options = options.iter().cloned().map(Argument::Text);
            arguments = options.chain([Argument::Path(path)]).chain(arguments).collect();
            wanted.clone_from(interpreter);
            continue;
        }
        let loader = ElfFacts::read(&bytes).ok().flatten().and_then(|facts| facts.interpreter);
        let loader = loader.and_then(|loader| resolve(tree, &loader)).map(|(path, _)| path);
        let loader = loader.ok_or_else(|| format!("`{wanted}` has no dynamic loader in the image"))?;
        return Ok(Found { loader, program: path, arguments });
    }
    Err(format!("`{name}` is a script of a script of a script"))
}

/// A program of the image and its bytes, by its path or by `PATH`.
fn program(tree: &Tree, process: &Process, name: &str) -> Result<(TreePath, Vec<u8>), String> {
    let variable = |wanted: &str| process.environment.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let candidates: Vec<String> = match name.contains('/') {
        true => vec![format!("{}/{name}", if name.starts_with('/') { "" } else { process.workdir.as_str() })],
        false => {
            variable("PATH").into_iter().flat_map(|path| path.split(':')).map(|it| format!("{it}/{name}")).collect()
        }
    };
    let found = candidates.iter().find_map(|path| match resolve(tree, path)? {
        (path, Node::File(_, content)) => Some((path, content.to_vec().ok()?)),
        _ => None,
    });
    found.ok_or_else(|| format!("the image has no program `{name}`"))
}

fn resolve<'t>(tree: &'t Tree, path: &str) -> Option<(TreePath, &'t Node)> {
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    TreePath::new(&format!("/{}", path.join("/"))).ok().and_then(|path| tree.resolve(&path))
}

/// The image's environment; what an interpreter would find by itself in a root of its own is named.
fn environment(tree: &Tree, process: &Process, root: &Path) -> Vec<(String, String)> {
    let mut environment = process.environment.clone();
    let own = environment.iter().position(|(name, _)| name == "PYTHONPATH").map(|at| environment.remove(at).1);
    let own = own.unwrap_or_default();
    let is_site = |path: &TreePath| ["/site-packages", "/dist-packages"].iter().any(|end| path.as_str().ends_with(end));
    let sites = tree.iter().filter(|(path, node)| node.is_directory() && is_site(path)).map(|(path, _)| path.as_str());
    let own = own.split(':').filter(|path| !path.is_empty());
    let path: Vec<String> = own.chain(sites).map(|path| shown(root, path)).collect();
    environment.push(("PYTHONPATH".to_owned(), path.join(":")));
    if !environment.iter().any(|(name, _)| name == "TMPDIR") {
        environment.push(("TMPDIR".to_owned(), shown(root, "/tmp")));
    }
    environment
}

/// Where a path of the image is on this machine.
fn shown(root: &Path, path: &str) -> String {
    let path: PathBuf = root.join(path.trim_start_matches('/'));
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use shipwheel_layer::Content;

    use super::*;

    #[test]
    fn what_does_not_start_by_a_loader_is_told() {
        let mut tree = Tree::new();
        tree.insert_file("/usr/bin/static", 0o755, Content::from_bytes(&b"\x7fELF"[..])).unwrap();
        tree.insert_file("/usr/bin/loop", 0o755, Content::from_bytes(&b"#!/usr/bin/loop\n"[..])).unwrap();
        let process = |command: &str| Process {
            command: vec![command.to_owned()],
            environment: vec![("PATH".to_owned(), "/bin:/usr/bin".to_owned())],
            workdir: "/".to_owned(),
        };
        for (command, expected) in [
            ("absent", "the image has no program `absent`"),
            ("static", "`static` has no dynamic loader in the image"),
            ("/usr/bin/loop", "`/usr/bin/loop` is a script of a script of a script"),
        ] {
            assert_eq!(find(&tree, &process(command)).err().as_deref(), Some(expected));
        }
    }
}
