//! Runs images rootless with podman and crun, also where the tests themselves run as root.

use std::path::Path;

use tempfile::TempDir;
use xshell::{Cmd, Shell, cmd};

use crate::{Run, judge, scratch};

/// The account that `cargo xtask test` makes where it runs as root.
const JUDGE_USER: &str = "shipwheel-judge";

/// As root: a mount namespace of our own in which cgroups are of one version, as crun wants them,
/// then an ordinary account. Some machines mount versions 1 and 2 side by side.
const AS_USER: &str = "mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null; mount --make-rshared / && \
                       exec setpriv --reuid \"$0\" --regid \"$0\" --clear-groups \"$@\"";

/// podman with storage of its own, as a user without privileges.
#[derive(Debug)]
pub struct Podman {
    shell: Shell,
    home: TempDir,
    is_root: bool,
    /// How layers are put on one another.
    driver: &'static str,
}

impl Podman {
    /// A podman that knows no image yet.
    ///
    /// # Panics
    /// When podman or crun are missing, or the account to run them as is.
    pub fn new() -> Self {
        judge("crun", "crun");
        let shell = Shell::new().expect("a shell");
        let is_root = cmd!(shell, "id --user").quiet().read().expect("id runs") == "0";
        let home = scratch();
        if is_root {
            let home = home.path();
            cmd!(shell, "chown {JUDGE_USER}:{JUDGE_USER} {home}")
                .quiet()
                .run()
                .unwrap_or_else(|_| panic!("no account {JUDGE_USER}: run `cargo xtask test`"));
        }
        // Its own folder, and never one that the account may not enter.
        shell.change_dir(home.path());
        let mut this = Self { shell, home, is_root, driver: "overlay" };
        let runtime = this.home.path().join("run");
        this.as_user(&["mkdir", "-m", "700", &runtime.display().to_string()]).run().expect("our own folder");
        // Without a configuration podman copies a whole image for each layer, also where the kernel can do better.
        if this.podman(&["info"]).ignore_stdout().ignore_stderr().run().is_err() {
            this.driver = "vfs";
        }
        this
    }

    /// Fetches an image from a registry that speaks plain HTTP.
    ///
    /// # Panics
    /// When podman cannot.
    pub fn pull(&self, reference: &str) {
        self.podman(&["pull", "--quiet", "--tls-verify=false", reference]).ignore_stdout().run().expect("pulled");
    }

    /// Loads an archive and gives the name of the image in it.
    ///
    /// # Panics
    /// When podman cannot.
    pub fn load(&self, archive: &Path) -> String {
        let archive = archive.display().to_string();
        let said = self.podman(&["load", "--quiet", "--input", &archive]).read().expect("loaded");
        said.split_once(": ").map_or(said.as_str(), |(_, name)| name).trim().to_owned()
    }

    /// Runs a command in a container to its end, on a read-only root; gives standard output.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, image: &str, command: &[&str]) -> String {
        let fixed = ["run", "--rm", "--read-only", "--network", "host", "--cgroups", "disabled", image];
        self.podman(&[&fixed, command].concat()).read().expect("the container ends well")
    }

    /// Runs a command in a container whose root may be written to, as another user than the image's if one is named;
    /// gives standard output.
    ///
    /// # Panics
    /// When it fails.
    pub fn run_writable(&self, image: &str, user: Option<&str>, command: &[&str]) -> String {
        let mut arguments = vec!["run", "--rm", "--network", "host", "--cgroups", "disabled"];
        arguments.extend(user.iter().flat_map(|user| ["--user", user]));
        arguments.push(image);
        arguments.extend(command);
        self.podman(&arguments).read().expect("the container ends well")
    }

    /// Starts a container on a read-only root with these options of `podman run`, and leaves it running.
    ///
    /// # Panics
    /// When podman cannot.
    pub fn start(&self, image: &str, options: &[&str]) -> Container<'_> {
        let fixed = ["run", "--detach", "--read-only", "--cgroups", "disabled"].as_slice();
        let id = self.podman(&[fixed, options, &[image]].concat()).read().expect("started");
        Container { podman: self, id: id.trim().to_owned() }
    }

    fn podman(&self, arguments: &[&str]) -> Cmd<'_> {
        let podman = judge("podman", "podman").display().to_string();
        let fixed = [podman.as_str(), "--cgroup-manager", "cgroupfs", "--runtime", "crun", "--log-level", "error"];
        self.as_user(&[&fixed, ["--storage-driver", self.driver].as_slice(), arguments].concat())
    }

    /// A command as an ordinary account with a home of its own.
    fn as_user(&self, command: &[&str]) -> Cmd<'_> {
        let (home, runtime) = (self.home.path(), self.home.path().join("run"));
        let shell = &self.shell;
        let cmd = match self.is_root {
            true => cmd!(shell, "unshare --mount sh -c {AS_USER} {JUDGE_USER} {command...}"),
            false => {
                let (program, arguments) = command.split_first().expect("a command");
                cmd!(shell, "{program} {arguments...}")
            }
        };
        cmd.quiet().env("HOME", home).env("XDG_RUNTIME_DIR", runtime).env_remove("XDG_CONFIG_HOME")
    }
}

impl Default for Podman {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // Its files belong to subordinate ids, which the account itself cannot remove; and it leaves
        // a process behind that holds its namespace open. What cannot be cleared up harms no test.
        let _ = self.podman(&["system", "reset", "--force"]).ignore_stdout().ignore_stderr().run();
        let _ = self.podman(&["system", "migrate"]).ignore_stdout().ignore_stderr().run();
    }
}

/// A container that was started; it is removed with the value.
#[derive(Debug)]
pub struct Container<'podman> {
    podman: &'podman Podman,
    id: String,
}

impl Container<'_> {
    /// Runs one more command in the container to its end; gives its exit code and both of its outputs.
    ///
    /// # Panics
    /// When podman cannot be started.
    pub fn execute(&self, command: &[&str]) -> Run {
        Run::of(&self.podman.podman(&[&["exec", self.id.as_str()], command].concat()).ignore_status())
    }

    /// Starts one more command in the container, which goes on beside the first one.
    ///
    /// # Panics
    /// When podman cannot.
    pub fn begin(&self, command: &[&str]) {
        let fixed = ["exec", "--detach", self.id.as_str()];
        self.podman.podman(&[&fixed, command].concat()).ignore_stdout().run().expect("begun");
    }

    /// What the container has said on both of its outputs.
    ///
    /// # Panics
    /// When podman cannot be started.
    pub fn logs(&self) -> String {
        let Run { stdout, stderr, .. } = Run::of(&self.podman.podman(&["logs", &self.id]).ignore_status());
        stdout + &stderr
    }

    /// Stops the container as an orchestrator does; gives its exit code.
    ///
    /// # Panics
    /// When podman cannot.
    pub fn stop(&self) -> String {
        self.podman.podman(&["stop", "--time", "20", &self.id]).ignore_stdout().run().expect("stopped");
        self.podman.podman(&["inspect", "--format", "{{.State.ExitCode}}", &self.id]).read().expect("inspected")
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.podman.podman(&["rm", "--force", "--time", "0", &self.id]).ignore_stdout().ignore_stderr().run();
    }
}
