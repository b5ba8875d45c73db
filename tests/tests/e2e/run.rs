//! `run`: an image's program in an own container, as root and as an ordinary user; what it sees, and what it cannot do.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use shipwheel_tests::{Definition, Layout, Member, Run, Shipwheel, Tampered, judge, scratch};
use tempfile::TempDir;

use crate::hostile_base::PLATFORM;

/// The account that containers are run as where the tests run as root.
const JUDGE_USER: &str = "shipwheel-judge";

/// Does what its first argument says.
const PROBE: &str = include_str!("run_probe.py");

const LINES: &str = r#"
[app]
sources = ["probe.py"]
destination = "/app"

[config]
user = "65532:65532"
workdir = "/app"
env = { GREETING = "hello" }
exposed-ports = ["8080"]
entrypoint = ["python3.11", "/app/probe.py"]
cmd = ["facts"]
"#;

/// The image of the probe, built once.
fn probe() -> Layout {
    static PROBE_IMAGE: OnceLock<(Definition, PathBuf)> = OnceLock::new();
    let (_, path) = PROBE_IMAGE.get_or_init(|| {
        let definition = Definition::over_debian(LINES).with("probe.py", PROBE);
        let output = definition.output();
        let arguments = [&definition.argument(), "--platform", PLATFORM, "--output", &output.display().to_string()];
        Shipwheel::new().image(&arguments).succeeded();
        (definition, output)
    });
    Layout::new(path)
}

/// Who runs shipwheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// This user, who may be root.
    Own,
    /// An ordinary user, with a home and a cache of their own.
    Judge,
}

/// A place to run from: a copy of the program that everybody may start, and a cache for one user.
struct Place {
    folder: TempDir,
    who: Who,
}

impl Place {
    fn of(who: Who) -> Self {
        let folder = scratch();
        let program = Shipwheel::new().command(&[]).arguments[0].clone();
        std::fs::copy(program, folder.path().join("shipwheel")).unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir(&home).unwrap();
        if who == Who::Judge && is_root() {
            let owner = format!("{JUDGE_USER}:{JUDGE_USER}");
            assert!(Command::new("chown").arg(owner).arg(home).status().unwrap().success(), "run `cargo xtask test`");
        }
        Self { folder, who }
    }

    /// `shipwheel run IMAGE` with arguments.
    fn command(&self, image: &Path, arguments: &[&str]) -> Command {
        let home = self.folder.path().join("home");
        let program = self.folder.path().join("shipwheel");
        let mut command = match self.who == Who::Judge && is_root() {
            true => {
                let mut command = Command::new(judge("setpriv", "util-linux"));
                command.args(["--reuid", JUDGE_USER, "--regid", JUDGE_USER, "--clear-groups"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.arg("run").arg(image).args(arguments).current_dir(&home);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &home);
        command.env("SHIPWHEEL_CACHE_DIR", home.join("cache")).stdin(Stdio::null());
        command
    }

    fn run(&self, image: &Path, arguments: &[&str]) -> Run {
        let output = self.command(image, arguments).output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// What is left of runs in the cache.
    fn leftovers(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("home/cache/tmp")).unwrap().count()
    }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

/// Everyone who runs images.
const ALL: [Who; 2] = [Who::Own, Who::Judge];

#[test]
fn the_program_is_alone_as_its_user_and_finds_what_a_container_has() {
    for who in ALL {
        let place = Place::of(who);
        let run = place.run(probe().path(), &["--with", "own", "--env", "MORE=1"]).succeeded();
        let facts = run.json();
        let expected = json!({
            "user": 65532, "group": 65532, "pid": 1, "processes": [1], "folder": "/app", "arguments": ["facts"],
            "greeting": "hello", "more": "1", "home": "/home/nonroot", "devices": ["null", "random", "stdout", "urandom", "zero"],
            "hosts": std::fs::read_to_string("/etc/hosts").unwrap(), "capabilities": "0000000000000000",
            "new_privileges": false, "namespaces": false,
            "writes": { "/tmp": true, "/app": false, "/usr": false, "/etc": false, "/": false, "/dev/shm": true },
        });
        assert_eq!(facts, expected, "{who:?}");
        for part in
            ["in a container of its own as 65532:65532: python3.11 /app/probe.py facts", "http://127.0.0.1:8080"]
        {
            assert!(run.stderr.contains(part), "{part}\n{}", run.stderr);
        }
        // What was written is gone, and the files that containers share are as they were.
        assert_eq!(place.run(probe().path(), &["--with", "own", "--env", "MORE=1"]).succeeded().json(), expected);
        assert_eq!(place.leftovers(), 0, "{who:?}");
    }
}

#[test]
fn what_is_asked_goes_before_what_the_image_says() {
    for who in ALL {
        let (place, image) = (Place::of(who), probe().path().to_owned());
        let run = |arguments: &[&str]| place.run(&image, &[&["--with", "own"], arguments].concat());
        let facts = |arguments: &[&str]| run(arguments).succeeded().json();
        let root = facts(&["--user", "0"]);
        assert_eq!((&root["user"], &root["group"]), (&json!(0), &json!(0)), "{who:?}");
        assert_eq!(root["writes"]["/usr"], true, "{who:?}: {root}");
        assert_eq!(root["namespaces"], false, "{who:?}");
        let other = facts(&["--user", "7:8", "--workdir", "/srv/new", "--env", "GREETING=bye", "--", "facts", "-x"]);
        assert_eq!((&other["user"], &other["group"], &other["folder"]), (&json!(7), &json!(8), &json!("/srv/new")));
        assert_eq!((&other["greeting"], &other["arguments"]), (&json!("bye"), &json!(["facts", "-x"])));
        let entry = run(&["--entrypoint", "python3.11", "--", "-c", "print('own')"]).succeeded();
        assert_eq!(entry.stdout, "own\n");
        assert_eq!(run(&["--", "code", "7"]).code, 7);
        run(&["--entrypoint", "nowhere"]).failed(127, &["`nowhere` does not start"]);
        run(&["--user", "stranger"]).failed(3, &["no user `stranger`", "--user 65532:65532"]);
    }
}

#[test]
fn volumes_are_this_machines_and_may_be_read_only() {
    for who in ALL {
        let (place, data) = (Place::of(who), scratch());
        std::fs::set_permissions(data.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        std::fs::write(data.path().join("in"), "from outside").unwrap();
        let volume = |path: &str, mode: &str| format!("{}:{path}{mode}", data.path().display());
        let run =
            |volume: &str| place.run(probe().path(), &["--with", "own", "--volume", volume, "--", "volume", "/data/x"]);
        assert_eq!(run(&volume("/data/x", "")).succeeded().stdout, "from outside written\n");
        assert_eq!(std::fs::read_to_string(data.path().join("out")).unwrap(), "from inside");
        std::fs::remove_file(data.path().join("out")).unwrap();
        assert_eq!(run(&volume("/data/x", ":ro")).succeeded().stdout, "from outside refused\n");
        assert!(!data.path().join("out").exists());
        run("/nowhere/at/all:/data/x").failed(3, &["`/nowhere/at/all`", "nothing is made for a volume"]);
    }
}

/// A run that goes on, and its output line by line.
struct Going {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Going {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn send(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    /// The exit code, the rest of the output, and what was said.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut rest, mut said) = (String::new(), String::new());
        self.lines.read_to_string(&mut rest).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), rest, said)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn signals_input_and_the_end_pass_through() {
    for who in ALL {
        let (place, image) = (Place::of(who), probe().path().to_owned());
        let start = |arguments: &[&str]| {
            let mut going = Going::start(place.command(&image, &[&["--with", "own"], arguments].concat()));
            assert_eq!(going.line(), "ready", "{who:?}");
            going
        };
        for (signal, said, code) in [("INT", "interrupted\n", 3), ("TERM", "terminated\n", 4), ("USR1", "one\n", 5)] {
            let going = start(&["--", "signals"]);
            going.send(signal);
            let (found, rest, _) = going.end();
            assert_eq!((found, rest.as_str()), (Some(code), said), "{who:?} {signal}");
        }
        // The first process of a container is not ended by what it does not listen to: when its time is over, it is.
        let going = start(&["--grace", "1", "--", "deaf"]);
        going.send("TERM");
        assert_eq!(going.end().0, Some(137), "{who:?}");
        let going = start(&["--grace", "60", "--", "deaf"]);
        going.send("INT");
        std::thread::sleep(std::time::Duration::from_millis(200));
        going.send("INT");
        assert_eq!(going.end().0, Some(137), "{who:?}: the second one is enough");
        let mut command = place.command(&image, &["--with", "own", "--", "echo"]);
        command.stdin(Stdio::from(std::fs::File::open("/etc/hosts").unwrap()));
        let (code, rest, _) = Going::start(command).end();
        assert_eq!((code, rest), (Some(0), std::fs::read_to_string("/etc/hosts").unwrap()));
        // Whoever ends shipwheel ends what it runs.
        let mut going = start(&["--", "deaf"]);
        going.child.kill().unwrap();
        assert_eq!(going.line(), "", "{who:?}: its output ends with it");
    }
}

/// The probe's image with files that mean harm.
fn hostile(outside: &Path) -> Tampered {
    let image = Tampered::copy(&probe());
    let outside = outside.display().to_string();
    image.layer(PLATFORM, "app/probe.py", |members| {
        for member in [
            Member::link("proc", &outside),
            Member::link("dev", &format!("../../../..{outside}")),
            Member::link("tmp", &outside),
            Member::link("data", &format!("/../..{outside}")),
            Member::link("etc/resolv.conf", &format!("{outside}/resolv.conf")),
            Member::link("etc/hosts", &format!("../../../../../..{outside}/hosts")),
            Member::file("app/escalate", b"#!/bin/sh\n", 0).with_mode(0o6755),
            Member::device("app/disk"),
        ] {
            members.add(member);
        }
    });
    image
}

#[test]
fn a_hostile_image_reaches_nothing_outside_of_its_container() {
    for who in ALL {
        let (place, outside, data) = (Place::of(who), scratch(), scratch());
        std::fs::set_permissions(outside.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        std::fs::write(outside.path().join("hosts"), "mine").unwrap();
        let image = hostile(outside.path());
        let volume = format!("{}:/data/x:ro", data.path().display());
        for user in ["65532", "0"] {
            let arguments = ["--with", "own", "--user", user, "--volume", &volume, "--", "hostile"];
            let run = place.run(image.path(), &arguments).succeeded();
            let expected = json!({ "set_user_id": false, "device": false, "outside": false, "core_pattern": false,
                "signal": false, "mount": false, "devices": false });
            assert_eq!(run.json(), expected, "{who:?} {user}\n{}", run.stderr);
        }
        let mut left: Vec<_> =
            std::fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["hosts"], "{who:?}");
        assert_eq!(std::fs::read_to_string(outside.path().join("hosts")).unwrap(), "mine");
        assert_eq!(place.leftovers(), 0, "{who:?}");
    }
}

/// The command in a shell's script, behind `unshare` with an option.
fn wrapped(command: &Command, option: &str, script: &str) -> Command {
    let mut wrapped = Command::new(judge("unshare", "util-linux"));
    wrapped.args([option, "/bin/sh", "-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    wrapped.env_clear().stdin(Stdio::null()).current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        wrapped.env(name, value.unwrap());
    }
    wrapped
}

/// The command where no namespace may be made.
fn without_namespaces(command: &Command) -> Command {
    let script = "cd /proc/sys/user && echo 0 > max_user_namespaces && echo 0 > max_pid_namespaces && cd - > /dev/null && exec \"$@\"";
    wrapped(command, "--map-root-user", script)
}

/// The command with a cache on a file system that no layer can be written on: an overlay in its turn.
fn on_an_overlay(command: &Command) -> Command {
    let own = if is_root() { ("--mount", "") } else { ("-rm", ",userxattr") };
    let script = format!(
        "set -e; cache=$SHIPWHEEL_CACHE_DIR; mkdir -p $cache $cache.disk; mount -t tmpfs tmpfs $cache.disk\n\
         cd $cache.disk; mkdir lower upper work\n\
         mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work{} $cache; cd - > /dev/null; exec \"$@\"",
        own.1
    );
    wrapped(command, own.0, &script)
}

#[test]
fn where_no_folder_can_be_laid_over_the_image_each_run_has_a_copy() {
    let (place, image) = (Place::of(Who::Own), probe().path().to_owned());
    let run = |arguments: &[&str]| {
        let output = on_an_overlay(&place.command(&image, arguments)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), said)
    };
    let (code, out, said) = run(&["--with", "own"]);
    assert!(code == Some(0) && said.contains("the image's files are copied"), "{said}");
    let facts: Value = serde_json::from_str(&out).unwrap();
    let expected = json!({ "/tmp": true, "/app": false, "/usr": false, "/etc": false, "/": false, "/dev/shm": true });
    assert_eq!((&facts["user"], &facts["pid"], &facts["writes"]), (&json!(65532), &json!(1), &expected), "{said}");
    assert_eq!(run(&["--with", "own", "--", "code", "7"]).0, Some(7));
}

#[test]
fn where_no_namespace_may_be_made_the_loader_starts_it_and_what_is_not_isolated_is_said() {
    let (place, image) = (Place::of(Who::Own), probe().path().to_owned());
    let run = |arguments: &[&str]| {
        let mut command = place.command(&image, arguments);
        // There is no podman either.
        command.env("PATH", "/nowhere");
        let output = without_namespaces(&command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), said)
    };
    let (code, out, said) = run(&["--", "code", "7"]);
    assert_eq!((code, out.as_str()), (Some(7), "ending\n"), "{said}");
    for part in
        ["not own: making namespaces failed", "not podman: it is not on PATH", "among the files", "not isolated"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let (code, out, said) = run(&["--with", "own"]);
    assert_eq!((code, out.as_str()), (Some(4), ""), "{said}");
    assert!(said.contains("own: making namespaces failed") && said.contains("user.max_user_namespaces"), "{said}");
    // What is not the image's is not read: a home, for one.
    let home = place.folder.path().join("home/secret");
    std::fs::write(&home, "x").unwrap();
    let (code, out, said) = run(&["--with", "loader", "--", "read", &home.display().to_string()]);
    assert_eq!((code, out.as_str()), (Some(0), "refused\n"), "{said}");
}

#[test]
fn what_cannot_run_is_an_error_that_says_why() {
    let (place, image) = (Place::of(Who::Own), probe().path().to_owned());
    let run = |arguments: &[&str]| place.run(&image, arguments);
    run(&["--watch"]).failed(2, &["`--watch` builds an application again", "image.toml"]);
    let foreign = if cfg!(target_arch = "x86_64") { "linux/arm64" } else { "linux/amd64" };
    run(&["--platform", foreign]).failed(3, &[foreign, "this machine"]);
    run(&["--with", "docker"]).failed(2, &["expected own, podman, loader"]);
    run(&["--volume", "/a"]).failed(2, &["expected HOST:CONTAINER"]);
    run(&["--entrypoint", ""]).failed(3, &["has no command"]);
    let nothing = Tampered::copy(&probe());
    nothing.config(PLATFORM, |config| config["config"] = json!({}));
    place.run(nothing.path(), &[]).failed(3, &["has no command", "behind `--`"]);
}

/// podman's settings for a machine that may give it neither cgroups nor higher limits.
const PODMAN: &str = r#"[containers]
cgroups = "disabled"
default_ulimits = ["nofile=256:256", "nproc=256:256"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "crun"
events_logger = "none"
"#;

#[test]
fn podman_runs_it_where_it_is_asked_for() {
    let folder = scratch();
    let path = |name: &str| folder.path().join(name);
    judge("podman", "podman");
    judge("crun", "crun");
    std::fs::write(path("containers.conf"), PODMAN).unwrap();
    let storage = format!(
        "[storage]\ndriver = \"overlay\"\ngraphroot = \"{0}/root\"\nrunroot = \"{0}/runroot\"\n",
        folder.path().display()
    );
    std::fs::write(path("storage.conf"), storage).unwrap();
    let place = Place::of(Who::Own);
    let run = |arguments: &[&str]| {
        let mut command = place.command(probe().path(), &[&["--with", "podman"], arguments].concat());
        command.env("CONTAINERS_CONF", path("containers.conf")).env("CONTAINERS_STORAGE_CONF", path("storage.conf"));
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("XDG_RUNTIME_DIR", folder.path());
        // crun wants cgroups of one version, and some machines mount both side by side.
        let script = "mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null; mount --make-rshared / && exec \"$@\"";
        let mut command = if is_root() { wrapped(&command, "--mount", script) } else { command };
        command.output().unwrap()
    };
    for _ in 0..2 {
        let output = run(&["--env", "MORE=2"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("by podman"), "{said}");
        let facts: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&facts["user"], &facts["more"], &facts["greeting"]), (&json!(65532), &json!("2"), &json!("hello")));
    }
    assert_eq!(run(&["--", "code", "7"]).status.code(), Some(7));
}

#[test]
fn a_watched_application_is_built_again_and_restarts_when_it_changes() {
    let module = |text: &str| {
        format!(
            "import signal, sys\nprint('{text}', flush=True)\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nsignal.pause()\n"
        )
    };
    let definition =
        Definition::over_debian(&LINES.replace("cmd = [\"facts\"]\n", "")).with("probe.py", &module("first"));
    let program = Shipwheel::new().command(&["run", &definition.argument(), "--watch", "--with", "own"]);
    let mut command = Command::new(&program.arguments[0]);
    command.args(&program.arguments[1..]).envs(program.environment).stdin(Stdio::null());
    let mut going = Going::start(command);
    let said = BufReader::new(going.child.stderr.take().unwrap());
    let (sender, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || said.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    let hear = |part: &str| {
        let patience = std::time::Duration::from_secs(120);
        let mut all = Vec::new();
        while let Ok(line) = heard.recv_timeout(patience) {
            all.push(line.clone());
            if line.contains(part) {
                return;
            }
        }
        panic!("not said: {part}\n{}", all.join("\n"));
    };
    assert_eq!(going.line(), "first");
    std::fs::write(definition.path().join("probe.py"), module("second")).unwrap();
    assert_eq!(going.line(), "second");
    hear("changed: ");
    hear("restarted ");
    // What does not build leaves what runs as it is.
    let toml = std::fs::read_to_string(definition.path().join("image.toml")).unwrap();
    std::fs::write(definition.path().join("image.toml"), format!("{toml}\nnothing = 1\n")).unwrap();
    hear("what ran before runs on");
    std::fs::write(definition.path().join("image.toml"), toml).unwrap();
    std::fs::write(definition.path().join("probe.py"), module("third")).unwrap();
    assert_eq!(going.line(), "third");
    // One that ends by itself waits for the next change.
    std::fs::write(definition.path().join("probe.py"), "print('short')\n").unwrap();
    assert_eq!(going.line(), "short");
    hear("the program ended with code 0");
    going.send("INT");
    assert_eq!(going.child.wait().unwrap().code(), Some(130));
}
