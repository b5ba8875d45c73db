//! A runner without any right: another user on a read-only root, with one folder to write to.

use xshell::{Shell, cmd};

use crate::Run;

/// The limits: a read-only root, one folder to write to, no capability and no way to get one.
///
/// Root gives up what it is; another user gives up the rest in a user namespace of its own.
const LIMITED: &str = "mount --make-rprivate / && mount -t tmpfs -o mode=1777 tmpfs /tmp && \
    mount -o remount,bind,ro / && exec setpriv $USERS --no-new-privs --bounding-set=-all --inh-caps=-all \"$@\"";

/// Runs a command under these limits in this folder, which it cannot write to.
///
/// # Panics
/// When it cannot be started.
pub fn limited(user: &str, command: &[&str]) -> Run {
    let shell = Shell::new().expect("a shell");
    let is_root = cmd!(shell, "id --user").quiet().read().expect("id runs") == "0";
    let users = if is_root { format!("--reuid {user} --regid {user} --clear-groups") } else { String::new() };
    let namespace: &[&str] = if is_root { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] };
    let run = cmd!(shell, "unshare {namespace...} sh -c {LIMITED} sh {command...}").env("USERS", users);
    Run::of(&run.env("HOME", "/tmp").quiet().ignore_status())
}
