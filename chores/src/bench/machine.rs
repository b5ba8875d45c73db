//! The machine that is measured on, and the releases of what is measured.

use xshell::{Shell, cmd};

use crate::test::is_installed;

/// The programs that shipwheel is measured beside, and how each says its release.
const PEERS: [(&str, &str); 11] = [
    ("buildah", "--version"),
    ("podman", "--version"),
    ("dockerd", "--version"),
    ("skopeo", "--version"),
    ("crane", "version"),
    ("umoci", "--version"),
    ("docker-registry", "--version"),
    ("pigz", "--version"),
    ("zstd", "--version"),
    ("tar", "--version"),
    ("python3", "--version"),
];

/// What is measured where, and beside what: the commit, the machine, and the releases of the peers.
pub fn measured(shell: &Shell) -> Vec<String> {
    [format!("commit {}", commit(shell)), machine()].into_iter().chain(peers(shell)).collect()
}

/// The processor, memory and kernel, in one line.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = after(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = after(&read("/proc/meminfo"), "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "{processors} processors ({model}), {} GiB of memory, Linux {}",
        memory.unwrap_or_default().div_ceil(1 << 20),
        kernel.trim()
    )
}

/// The commit that is measured.
fn commit(shell: &Shell) -> String {
    let said = cmd!(shell, "git describe --always --dirty --exclude=*").quiet().ignore_stderr().read();
    said.unwrap_or_else(|_| "unknown".to_owned())
}

/// What each installed peer says that it is.
fn peers(shell: &Shell) -> Vec<String> {
    let installed = PEERS.iter().filter(|(program, _)| is_installed(program));
    let said = installed.filter_map(|(program, flag)| {
        // Some of them say it on standard error.
        let line = format!("{program} {flag} 2>&1");
        let said = cmd!(shell, "sh -c {line}").quiet().read().ok()?;
        let first = said.lines().next()?.trim();
        let number = first.split([' ', '(', ',']).find(|word| {
            word.trim_start_matches('v').starts_with(|letter: char| letter.is_ascii_digit()) && word.contains('.')
        })?;
        Some(format!("{program} {}", number.trim_start_matches('v')))
    });
    said.collect()
}
