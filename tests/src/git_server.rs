//! Repositories of git, made at run time and served by git's own smart HTTP backend.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shipwheel_loopback::{Received, Reply};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::scratch;

/// Repositories on the loopback interface; they are served until the test process ends.
#[derive(Debug)]
pub struct GitServer {
    folder: TempDir,
    server: shipwheel_loopback::Server,
}

impl GitServer {
    /// Serves the repositories that are made later.
    pub fn start() -> Self {
        let folder = scratch();
        let root = folder.path().to_owned();
        Self { folder, server: shipwheel_loopback::Server::start(move |received, _| backend(&root, received)) }
    }

    /// The address of a repository.
    pub fn url(&self, name: &str) -> String {
        self.server.url(&format!("/{name}"))
    }

    /// How many requests came in.
    pub fn requests(&self) -> usize {
        self.server.log().len()
    }

    /// The folder of a repository, with what is checked out.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Commits files to a repository, which is made if it is not there; gives the commit.
    ///
    /// # Panics
    /// When git fails.
    pub fn commit(&self, name: &str, files: &[(&str, &str)]) -> String {
        let folder = self.folder(name);
        for (path, text) in files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().expect("below our own folder")).expect("our own folder");
            std::fs::write(path, text).expect("our own folder");
        }
        let shell = Shell::new().expect("a shell");
        shell.change_dir(&folder);
        let run = |words: &str| {
            let words = words.split(' ');
            let own = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"];
            cmd!(shell, "git {own...} {words...}").quiet().read().expect("git works")
        };
        run("init --quiet --initial-branch=main");
        run("add --all");
        run("commit --quiet --allow-empty --message x");
        run("rev-parse HEAD")
    }
}

/// One request, by the program that comes with git (its CGI interface).
fn backend(root: &Path, received: &Received) -> Reply {
    let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
    // A repository with files has its objects below `.git`.
    let path =
        path.replacen("/info/refs", "/.git/info/refs", 1).replacen("/git-upload-pack", "/.git/git-upload-pack", 1);
    let mut command = Command::new("git");
    command.arg("http-backend").env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1");
    command.env("PATH_INFO", path).env("QUERY_STRING", query).env("REQUEST_METHOD", &received.method);
    command.env("CONTENT_TYPE", received.header("content-type")).env("REMOTE_ADDR", "127.0.0.1");
    command.env("CONTENT_LENGTH", received.body.len().to_string());
    command.env("HTTP_CONTENT_ENCODING", received.header("content-encoding"));
    command.env("GIT_PROTOCOL", received.header("git-protocol"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return Reply::new(500) };
    let mut input = child.stdin.take().expect("piped");
    let body = received.body.clone();
    let writer = std::thread::spawn(move || input.write_all(&body));
    let Ok(output) = child.wait_with_output() else { return Reply::new(500) };
    let _ = writer.join();
    let end = output.stdout.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(output.stdout.len());
    let head = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let status = headers.clone().find(|(name, _)| *name == "Status").map_or("200", |(_, value)| value);
    let status = status.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(500);
    let content_type = headers.into_iter().find(|(name, _)| *name == "Content-Type").map_or("", |(_, value)| value);
    let body = output.stdout.get(end + 4..).unwrap_or_default().to_vec();
    Reply::new(status).header("Content-Type", content_type).body(body)
}
