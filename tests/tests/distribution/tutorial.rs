//! A page of the docs that is followed to the letter: its files are written, its commands run, its answers compared.
//!
//! What follows the language of a code block says what the block is: a path for a file; `sh` alone for commands; `sh run` for
//! a command that goes on running in a first terminal, and `sh ask` for what is asked of it in a second one; `sh heavy` for
//! commands that take gigabytes. A block of `text` after `ask` or `heavy` is what these print.

use std::path::{Path, PathBuf};

use shipwheel_tests::{Registry, Run, judge, scratch, uv};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::page::Page;

/// Both terminals, in a network of their own, whose ports nothing else has: `$0` runs until `$1` was answered.
const TERMINALS: &str = r#"
ip link set lo up
bash -c "exec $0" > run.log 2>&1 &
for try in $(seq 240); do
    kill -0 $! 2>/dev/null || break
    if answer=$(bash -euo pipefail -c "$1" 2>/dev/null); then printf '%s\n' "$answer"; answered=1; break; fi
    sleep 0.25
done
kill $! && wait $!
test "${answered:-}" || { cat run.log >&2; exit 1; }
"#;

/// A page that is being followed.
pub struct Tutorial {
    page: Page,
    place: PathBuf,
    path: String,
    variables: Vec<(String, String)>,
    registry: Registry,
    _folder: TempDir,
}

impl Tutorial {
    /// A page in docs/, to be followed in a folder of the name that it gives, with these programs.
    pub fn open(name: &str, programs: &Path, variables: &[(String, String)]) -> Self {
        let page = Page::read(&format!("docs/{name}.md"));
        let folder = scratch();
        let own = page.text.split("In an empty folder ").nth(1).and_then(|rest| rest.split(',').next());
        let place = folder.path().join(own.unwrap_or("hello"));
        std::fs::create_dir(&place).unwrap();
        let inherited = std::env::var("PATH").unwrap();
        let path = format!("{}:{}:{inherited}", programs.display(), uv().parent().unwrap().display());
        Self { page, place, path, variables: variables.to_vec(), registry: Registry::start(), _folder: folder }
    }

    /// Does what the page says; what is heavy only where that is wanted. Gives how many blocks there were to do.
    #[track_caller]
    pub fn follow(&self, heavy: bool) -> usize {
        let (mut done, mut server, mut answer) = (0, None, None::<String>);
        for (info, text) in &self.page.blocks {
            let (language, what) = info.split_once(' ').unwrap_or((info, ""));
            let text = text.replace("registry.example", &self.registry.host());
            let expected = answer.take();
            match (language, what) {
                ("text", "") => {
                    let Some(answer) = expected else { continue };
                    assert_eq!(answer, text.trim_end(), "{}: what is printed", self.page.path);
                }
                ("sh", "heavy") if !heavy => continue,
                ("sh", "" | "heavy") => answer = Some(self.shell(&text)),
                ("sh", "run") => server = Some(text),
                ("sh", "ask") => answer = Some(self.ask(server.as_deref().expect("something runs"), &text)),
                (_, "") => continue,
                (_, path) => self.write(path, &text),
            }
            done += 1;
        }
        done
    }

    fn write(&self, path: &str, text: &str) {
        assert!(path.contains('.') && !path.contains(' '), "{}: `{path}` is no kind of block", self.page.path);
        let path = self.place.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[track_caller]
    fn shell(&self, commands: &str) -> String {
        self.run(&["bash", "-euo", "pipefail", "-c", commands])
    }

    #[track_caller]
    fn ask(&self, server: &str, questions: &str) -> String {
        judge("ip", "iproute2");
        judge("curl", "curl");
        let is_root = rustix::process::geteuid().is_root();
        let network: &[&str] =
            if is_root { &["--net"] } else { &["--user", "--map-current-user", "--keep-caps", "--net"] };
        self.run(&[&["unshare"], network, &["bash", "-c", TERMINALS, server.trim_end(), questions]].concat())
    }

    #[track_caller]
    fn run(&self, command: &[&str]) -> String {
        let shell = Shell::new().unwrap();
        shell.change_dir(&self.place);
        let (program, arguments) = command.split_first().unwrap();
        let mut cmd = cmd!(shell, "{program} {arguments...}").quiet().ignore_status().env("PATH", &self.path);
        for (name, value) in &self.variables {
            cmd = cmd.env(name, value);
        }
        Run::of(&cmd).succeeded().stdout.trim_end().to_owned()
    }

    /// A file that the page's commands made.
    pub fn file(&self, path: &str) -> String {
        std::fs::read_to_string(self.place.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}
