//! An image that means harm: its code gets nowhere while `startup` runs it, in every way that `startup` has.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use shipwheel_tests::{Member, Shipwheel, Tampered, judge, scratch};

use crate::hostile_base::{PLATFORM, honest};

/// What a module tries; see the file.
const ATTEMPTS: &str = include_str!("hostile_start.py");

/// Who runs shipwheel: this user, one that is not root, and one on a machine that allows no user namespaces; and what
/// the last way of running it does not confine, which docs/verify.md says.
const WAYS: [(&str, &str, &str); 3] = [
    ("own_user", "exec \"$@\"", ""),
    // If it is root outside of that namespace, the kernel does not count its processes.
    ("ordinary_user", "exec unshare --map-user=1000 --map-group=1000 -- \"$@\"", "processes"),
    (
        "no_namespaces",
        "exec unshare --map-root-user sh -c 'echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"' sh \"$@\"",
        "see set-user-id processes",
    ),
];

/// The image with one module more and variables in its config.
fn image_with(base: &Tampered, module: &str, text: &str, variables: &[String]) -> Tampered {
    let image = Tampered::copy(&base.layout());
    let path = format!("usr/lib/python3.11/{module}.py");
    image.layer(PLATFORM, "usr/lib/python3.11/os.py", |members| members.add(Member::file(&path, text.as_bytes(), 0)));
    image.config(PLATFORM, |config| config["config"]["Env"] = json!(variables));
    image
}

/// Starts an image in one of the ways, with a descriptor that nobody closed; standard error.
fn start(image: &Tampered, module: &str, way: &str, secret: &Path) -> String {
    judge("unshare", "util-linux");
    let path = image.path().display().to_string();
    let program = Shipwheel::new().command(&["startup", &path, "--runs", "1", "--module", module]);
    let script = format!("exec 7< '{}'; {way}", secret.display());
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).args(&program.arguments).envs(program.environment);
    String::from_utf8_lossy(&command.output().unwrap().stderr).into_owned()
}

/// The command lines of all processes that name a module.
fn running(module: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).into_owned())
    });
    processes.filter(|line| line.contains(module)).collect()
}

#[test]
fn the_code_of_an_image_gets_nowhere_while_it_starts() {
    let (base, home) = (honest(), scratch());
    let secret = home.path().join("secret");
    std::fs::write(&secret, "x").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _local = UnixListener::bind(home.path().join("socket")).unwrap();
    let port = listener.local_addr().unwrap().port();
    for (name, way, skipped) in WAYS {
        let module = format!("hostile_{name}_{}", std::process::id());
        let text = ATTEMPTS.replace("HOME", home.path().to_str().unwrap()).replace("PORT", &port.to_string());
        let text = text.replace("OUTSIDE", &std::process::id().to_string()).replace("SKIPPED", skipped);
        let said = start(&image_with(&base, &module, &text, &[]), &module, way, &secret);
        assert!(said.contains("got through: ;"), "{name}\n{said}");
        assert_eq!(running(&module), Vec::<String>::new(), "{name}");
    }
    let mut left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["secret", "socket"]);
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "x");
}

#[test]
fn no_program_of_this_machine_gets_the_variables_of_an_image() {
    let (base, folder) = (honest(), scratch());
    let log = |name: &str| format!("LD_DEBUG_OUTPUT={}", folder.path().join(name).display());
    // A dynamic loader that is told so writes this file.
    let control = Command::new("env").args(["LD_DEBUG=libs", &log("control"), "true"]).status().unwrap();
    assert!(control.success());
    let variables = [log("image"), "LD_DEBUG=libs".to_owned(), "PATH=/usr/bin".to_owned()];
    let image = image_with(&base, "honest", "", &variables);
    for (name, way, _) in WAYS {
        let said = start(&image, "honest", way, Path::new("/dev/null"));
        assert!(said.contains("medians of 1 starts"), "{name}\n{said}");
    }
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with("control.")), "{names:?}");
}
