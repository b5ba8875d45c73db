//! `cargo xtask test [FILTER…]`: sets up the judges that the end-to-end tests ask, then runs every test.

use std::ffi::OsString;
use std::path::Path;

use xshell::{Shell, cmd};

use crate::workspace::Outcome;

/// A program that the tests ask for its judgement, and the Debian package that it is in.
struct Judge {
    program: &'static str,
    package: &'static str,
}

const JUDGES: [Judge; 23] = [
    Judge { program: "docker-registry", package: "docker-registry" },
    Judge { program: "nginx", package: "nginx" },
    Judge { program: "openssl", package: "openssl" },
    Judge { program: "gpg", package: "gnupg" },
    Judge { program: "gpgv", package: "gpgv" },
    Judge { program: "sqv", package: "sqv" },
    Judge { program: "skopeo", package: "skopeo" },
    Judge { program: "umoci", package: "umoci" },
    Judge { program: "man", package: "man-db" },
    Judge { program: "bsdtar", package: "libarchive-tools" },
    Judge { program: "podman", package: "podman" },
    Judge { program: "crun", package: "crun" },
    Judge { program: "newuidmap", package: "uidmap" },
    Judge { program: "qemu-aarch64-static", package: "qemu-user-static" },
    Judge { program: "chromium", package: "chromium" },
    Judge { program: "pigz", package: "pigz" },
    Judge { program: "zstd", package: "zstd" },
    Judge { program: "dockerd", package: "docker.io" },
    Judge { program: "ctr", package: "containerd" },
    Judge { program: "ip", package: "iproute2" },
    Judge { program: "node", package: "nodejs" },
    Judge { program: "npm", package: "npm" },
    Judge { program: "curl", package: "curl" },
];

/// The account that containers are run as where the tests run as root: rootless is what must work.
const JUDGE_USER: &str = "shipwheel-judge";

/// Sets up the judges, then runs `cargo test --workspace`; nothing is ever skipped.
pub fn run(shell: &Shell, filters: &[OsString]) -> Outcome {
    set_up(shell)?;
    cmd!(shell, "cargo test --workspace {filters...}").run()?;
    Ok(())
}

/// Installs the judges that are missing, where that is allowed.
pub fn set_up(shell: &Shell) -> Outcome {
    let missing: Vec<&str> = JUDGES.iter().filter(|judge| !is_installed(judge.program)).map(|it| it.package).collect();
    if !missing.is_empty() {
        install(shell, &missing)?;
    }
    if is_root(shell)? {
        add_judge_user(shell)?;
    }
    Ok(())
}

/// Installs Debian packages, or says how to.
fn install(shell: &Shell, packages: &[&str]) -> Outcome {
    let line = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !is_root(shell)? || !is_installed("apt-get") {
        return Err(format!("the tests need programs that are not installed here: run `{line}` as root").into());
    }
    let _quiet = shell.push_env("DEBIAN_FRONTEND", "noninteractive");
    if cmd!(shell, "apt-get install --yes --quiet --no-install-recommends {packages...}").run().is_err() {
        // A fresh machine has no package lists, or old ones.
        cmd!(shell, "apt-get update --quiet").run()?;
        cmd!(shell, "apt-get install --yes --quiet --no-install-recommends {packages...}").run()?;
    }
    Ok(())
}

fn add_judge_user(shell: &Shell) -> Outcome {
    if cmd!(shell, "id --user {JUDGE_USER}").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        cmd!(shell, "useradd --no-create-home --shell /usr/sbin/nologin {JUDGE_USER}").run()?;
    }
    Ok(())
}

fn is_root(shell: &Shell) -> Result<bool, xshell::Error> {
    Ok(cmd!(shell, "id --user").quiet().read()? == "0")
}

/// Whether a program is on PATH, or where Debian keeps those of administrators.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let administrators = [Path::new("/usr/sbin").to_path_buf(), Path::new("/sbin").to_path_buf()];
    std::env::split_paths(&path).chain(administrators).any(|folder| folder.join(program).is_file())
}
