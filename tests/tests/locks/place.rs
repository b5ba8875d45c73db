//! A project of another tool, with a home and a package index of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use shipwheel_loopback::{Received, Reply, Server};
use shipwheel_tests::scratch;
use tempfile::TempDir;
use xshell::Shell;

/// A folder with a pyproject.toml and a lock beside an index of wheels.
pub(crate) struct Place {
    /// A shell in the folder.
    pub(crate) shell: Shell,
    folder: PathBuf,
    server: Server,
    _scratch: TempDir,
}

impl Place {
    /// A folder without files; what is written to the other one is on the index.
    pub(crate) fn new(write_wheels: impl FnOnce(&Path)) -> Self {
        let scratch = scratch();
        let (wheels, folder) = (scratch.path().join("wheels"), scratch.path().join("project"));
        [&wheels, &folder].iter().for_each(|path| std::fs::create_dir_all(path).unwrap());
        write_wheels(&wheels);
        Self { shell: shell(&folder), folder, server: serve(wheels), _scratch: scratch }
    }

    /// The address of the index.
    pub(crate) fn index(&self) -> String {
        self.server.url("/simple/")
    }

    /// Writes a file of the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }

    /// The text of a file of the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap()
    }
}

/// A simple index of the wheels in a folder.
fn serve(wheels: PathBuf) -> Server {
    Server::start(move |received: &Received, _| {
        let target = received.target.as_str();
        if let Some(file) = target.strip_prefix("/files/").and_then(|name| std::fs::read(wheels.join(name)).ok()) {
            return Reply::new(200).header("content-type", "application/octet-stream").body(file);
        }
        let Some(project) = target.strip_prefix("/simple/").map(|rest| rest.trim_end_matches('/').replace('-', "_"))
        else {
            return Reply::new(404);
        };
        let mut page = "<!DOCTYPE html>".to_owned();
        let entries = std::fs::read_dir(&wheels).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        for name in names.iter().filter(|name| name.starts_with(&format!("{project}-"))) {
            let sha256 = shipwheel_oci::Digest::of(&std::fs::read(wheels.join(name)).unwrap()).hex();
            let _ = write!(page, "<a href=\"/files/{name}#sha256={sha256}\">{name}</a>");
        }
        Reply::new(200).header("content-type", "text/html").body(page)
    })
}

/// A shell in a folder, in which the tools have a home of their own.
pub(crate) fn shell(folder: &Path) -> Shell {
    let shell = Shell::new().unwrap();
    shell.change_dir(folder);
    for (name, value) in [
        ("HOME", folder.display().to_string()),
        ("POETRY_VIRTUALENVS_CREATE", "false".to_owned()),
        ("PDM_CHECK_UPDATE", "false".to_owned()),
        ("PDM_USE_VENV", "false".to_owned()),
        ("PDM_IGNORE_SAVED_PYTHON", "1".to_owned()),
        ("PIPENV_IGNORE_VIRTUALENVS", "1".to_owned()),
    ] {
        shell.set_var(name, value);
    }
    shell
}
