//! Where the image has the application's files: one folder with the paths of this machine below it.
//!
//! A Dockerfile may put a file anywhere. `app.sources` keeps the path below the folder, so what is put elsewhere moves,
//! and the working directory and the command with it.

use std::collections::BTreeSet;

use super::draft::{CopiedFile, Draft, below};
use crate::derive::known::APPLICATION;

/// The folder, what is in it, and what moved.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) destination: String,
    /// Paths below the folder, sorted; `.` for all of it.
    pub(super) sources: BTreeSet<String>,
    /// From where the Dockerfile has it to where the image has it, the longest first.
    pub(super) moves: Vec<(String, String)>,
}

/// Folders of bases: what is put there moves alone.
const OF_BASES: [&str; 10] =
    ["/", "/bin", "/etc", "/home", "/opt", "/root", "/tmp", "/usr/bin", "/usr/local", "/usr/local/bin"];

impl Layout {
    pub(super) fn of(draft: &Draft, workdir: &str) -> Self {
        let copied: Vec<&CopiedFile> = draft.copied.iter().map(|from| &from.value).collect();
        let fitting = copied.iter().filter_map(|file| fits(file)).find(|folder| folder != "/");
        let own = if workdir == "/" { APPLICATION } else { workdir };
        Self::at(draft, &fitting.unwrap_or_else(|| own.to_owned()))
    }

    /// The same where the folder of the image is given.
    pub(super) fn at(draft: &Draft, destination: &str) -> Self {
        let copied: Vec<&CopiedFile> = draft.copied.iter().map(|from| &from.value).collect();
        let destination = destination.to_owned();
        let mut layout = Self { destination, ..Self::default() };
        let roots: Vec<(String, String)> = copied.iter().map(|file| root(file)).collect();
        for (file, (above, here)) in copied.iter().zip(&roots) {
            let source = if file.source.is_empty() { "." } else { &file.source };
            layout.sources.insert(source.to_owned());
            // Where everything of a folder comes from one folder here, the whole folder moves.
            let is_whole = !OF_BASES.contains(&above.as_str())
                && roots.iter().all(|(other, place)| other != above || place == here);
            let (from, to) = match is_whole {
                true => (above.clone(), layout.place(here)),
                false => (file.place.clone(), layout.place(&file.source)),
            };
            if from != to && !layout.moves.iter().any(|(known, _)| *known == from) {
                layout.moves.push((from, to));
            }
        }
        // What stays in place is not moved by a folder around it that is.
        if layout.sources.contains(".") {
            layout.sources = BTreeSet::from([".".to_owned()]);
            let root = layout.destination.clone();
            layout.moves.retain(|(from, _)| *from != root);
        }
        layout.moves.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        layout
    }

    fn place(&self, source: &str) -> String {
        format!("{}/{source}", self.destination).trim_end_matches('/').to_owned()
    }

    /// Where the image has a path of the Dockerfile.
    pub(super) fn moved(&self, path: &str) -> Option<String> {
        self.moves.iter().find_map(|(from, to)| {
            // What else is at the root is the base's.
            if from == "/" && path != "/" {
                return None;
            }
            let rest = below(path, from)?;
            Some(if rest.is_empty() { to.clone() } else { format!("{to}/{rest}") })
        })
    }

    /// The same for a path that may stay where it is.
    pub(super) fn path(&self, path: &str) -> String {
        self.moved(path).unwrap_or_else(|| path.to_owned())
    }
}

/// The folder below which a file has the path that it has here.
fn fits(file: &CopiedFile) -> Option<String> {
    let (above, here) = root(file);
    here.is_empty().then_some(above)
}

/// The folder of the image, and the one here, below which both paths of a file are the same.
fn root(file: &CopiedFile) -> (String, String) {
    let (mut above, mut here): (Vec<&str>, Vec<&str>) =
        (file.place.split('/').collect(), file.source.split('/').collect());
    while here.last().is_some_and(|last| !last.is_empty() && above.last() == Some(last)) {
        above.pop();
        here.pop();
    }
    let above = above.join("/");
    (if above.is_empty() { "/".to_owned() } else { above }, here.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::dockerfile::draft::From;

    fn layout(files: &[(&str, &str)], workdir: &str) -> Layout {
        let file =
            |(source, place): &(&str, &str)| CopiedFile { source: (*source).to_owned(), place: (*place).to_owned() };
        let copied = files.iter().map(|it| From { line: 1, text: String::new(), value: file(it) }).collect();
        Layout::of(&Draft { copied, ..Draft::default() }, workdir)
    }

    #[test]
    fn one_folder_has_everything_and_the_rest_moves() {
        for (files, workdir, destination, moved) in [
            (&[("", "/code")][..], "/code", "/code", &[("/code/x", "/code/x")][..]),
            (
                &[("main.py", "/app/main.py"), ("pkg", "/app/pkg")],
                "/app",
                "/app",
                &[("/app/pkg/a.py", "/app/pkg/a.py")],
            ),
            (&[("src", "/app")], "/app", "/app", &[("/app", "/app/src"), ("/app/main.py", "/app/src/main.py")]),
            (&[("app", "/app")], "/app", "/app", &[("/app", "/app/app")]),
            (&[("app", "/app")], "/", "/app", &[("/app/x.py", "/app/app/x.py"), ("/etc/x", "/etc/x")]),
            (
                &[("", "/srv"), ("docker/start.sh", "/start.sh")],
                "/srv",
                "/srv",
                &[("/start.sh", "/srv/docker/start.sh"), ("/srv", "/srv")],
            ),
            (
                &[("backend/app", "/app/app")],
                "/app",
                "/app",
                &[("/app/app/main.py", "/app/backend/app/main.py"), ("/app", "/app/backend")],
            ),
        ] {
            let layout = layout(files, workdir);
            assert_eq!(layout.destination, destination, "{files:?}");
            for (from, to) in moved {
                assert_eq!(layout.path(from), *to, "{files:?}");
            }
        }
    }
}
