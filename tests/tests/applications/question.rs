//! What an application is asked once it runs, and how its answer is judged.

use shipwheel_tests::Container;

/// Runs in the container, so that each one has all ports to itself.
const ASK: &str = include_str!("ask.py");

/// One thing that is asked.
#[derive(Debug)]
pub enum Question {
    /// A command in the container, which ends well, and what it prints.
    Command(&'static [&'static str], &'static [&'static str]),
    /// A command that goes on beside the first one.
    Begin(&'static [&'static str]),
    /// A path, the status and the fragments of its answer.
    Get(&'static str, u16, &'static [&'static str]),
    /// A path, the JSON that is sent there, the status and the fragments of its answer.
    Post(&'static str, &'static str, u16, &'static [&'static str]),
}

impl Question {
    /// Asks it; `port` is where the application listens.
    ///
    /// # Panics
    /// When the answer is another one; with the application's own words.
    #[track_caller]
    pub fn ask(&self, container: &Container<'_>, port: u16) {
        match self {
            Self::Command(command, prints) => {
                let run = container.execute(command).succeeded();
                let missing: Vec<_> = prints.iter().filter(|text| !run.stdout.contains(**text)).collect();
                assert!(missing.is_empty(), "{command:?} did not print {missing:?}\n{}", run.stdout);
            }
            Self::Begin(command) => container.begin(command),
            Self::Get(path, status, fragments) => request(container, port, path, *status, "", fragments),
            Self::Post(path, body, status, fragments) => request(container, port, path, *status, body, fragments),
        }
    }
}

/// At 127.0.0.2, where nothing answers that listens on 127.0.0.1 alone.
#[track_caller]
fn request(container: &Container<'_>, port: u16, path: &str, status: u16, body: &str, fragments: &[&str]) {
    let (address, status) = (format!("http://127.0.0.2:{port}{path}"), status.to_string());
    let command = ["python3", "-c", ASK, &address, &status, body];
    let run = container.execute(&[&command, fragments].concat());
    assert_eq!(run.code, 0, "{}\n{}", run.stderr, container.logs());
}
