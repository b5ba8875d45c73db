//! Where one try happens: a cache, an output and a repository of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use shipwheel_tests::{Shipwheel, scratch, uv};
use tempfile::TempDir;

/// How long processes that a killed command left behind may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The place of one try; gone with the value.
pub(crate) struct Place {
    folder: TempDir,
    /// Its repository, which no other try uses.
    pub(crate) repository: String,
    wheels: PathBuf,
}

impl Place {
    pub(crate) fn new(repository: String, wheels: PathBuf) -> Self {
        let place = Self { folder: scratch(), repository, wheels };
        std::fs::create_dir(place.work()).unwrap();
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.path().join("cache")
    }

    /// What a user would see: outputs, and nothing of ours beside them.
    pub(crate) fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.work().join("out")
    }

    /// shipwheel with this place's cache, and a uv that knows no index.
    pub(crate) fn command(&self, arguments: &[String]) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let shipwheel = Shipwheel::new()
            .with("SHIPWHEEL_CACHE_DIR", self.cache().display())
            .with("PATH", format!("{}:{path}", uv().parent().unwrap().display()))
            .with("UV_FIND_LINKS", self.wheels.display())
            .with("UV_NO_INDEX", 1)
            .with("UV_OFFLINE", 1);
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let line = shipwheel.command(&words);
        let mut command = Command::new(&line.arguments[0]);
        command.args(&line.arguments[1..]).envs(line.environment);
        command
    }

    /// What a command that was started here said.
    pub(crate) fn said(&self, name: &str, kind: &str) -> String {
        let bytes = std::fs::read(self.path().join(format!("{name}.{kind}"))).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The files that a user sees, with their sizes.
    pub(crate) fn listing(&self) -> Vec<(PathBuf, u64)> {
        let (mut found, mut open) = (Vec::new(), vec![self.work()]);
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
                let metadata = entry.metadata().unwrap();
                match metadata.is_dir() {
                    true => open.push(entry.path()),
                    false => found.push((entry.path().strip_prefix(self.work()).unwrap().to_owned(), metadata.len())),
                }
            }
        }
        found.sort();
        found
    }

    /// What unfinished files the cache has.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.cache().join("tmp")).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// The processes that still work here after a while.
    pub(crate) fn orphans(&self) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let alive = self.processes();
            if alive.is_empty() || begun.elapsed() > PATIENCE {
                return alive;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn processes(&self) -> Vec<String> {
        let here = self.path().display().to_string();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let text = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let program = std::fs::read_link(entry.path().join("exe")).unwrap_or_default();
            let line = String::from_utf8_lossy(&text("cmdline")).replace('\0', " ");
            if program.starts_with(self.path()) || line.contains(&here) {
                found.push(format!("{} {line}", entry.file_name().display()));
            }
        }
        found
    }
}
