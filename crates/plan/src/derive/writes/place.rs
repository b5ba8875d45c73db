//! A path as a module says it, as far as it is known: parts that only a run knows are left open.

/// The folder that the application is in, as the first part of a path.
pub(super) const APPLICATION: &str = "/\u{1}";

/// A part of a text that only a run knows.
pub(super) const OPEN: char = '\0';

/// Where relative paths begin, and where the application is: absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Surroundings<'s> {
    /// The folder of the application in the image.
    pub(crate) application: &'s str,
    /// The working directory.
    pub(crate) workdir: &'s str,
}

/// Folders that need nothing: everyone may write to them, or a runtime brings them.
const OPEN_TO_ALL: [&str; 5] = ["/dev", "/proc", "/sys", "/tmp", "/var/tmp"];

/// Folders that belong to the system, where an application that writes is run as root.
const OF_SYSTEM: [&str; 10] =
    ["/bin", "/boot", "/etc", "/lib", "/lib64", "/opt/venv", "/root", "/sbin", "/usr/lib", "/usr/bin"];

/// The second path below the first, or the second alone where it is absolute.
pub(super) fn joined(above: &str, below: &str) -> String {
    match below.starts_with('/') || above.is_empty() {
        true => below.to_owned(),
        false => format!("{}/{below}", above.trim_end_matches('/')),
    }
}

/// The folder that a path is in.
pub(super) fn parent(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None => ".".to_owned(),
    }
}

/// The folder of the image that is written to, where a path is one or, with `is_file`, where it is of a file in it.
///
/// `None` where it is not known, where everyone may write already, and where an application cannot be meant to write.
pub(super) fn folder(path: &str, is_file: bool, surroundings: &Surroundings<'_>) -> Option<String> {
    let is_foreign = path.starts_with(['~', OPEN]) || path.contains(['\\', ':', '\n']) || path.is_empty();
    if is_foreign || path.len() > MAX_PATH {
        return None;
    }
    let (known, is_open) = path.split_once(OPEN).map_or((path, false), |(known, _)| (known, true));
    // `logs/run-…` is in `logs`, and so is a file there.
    let known = if is_open { &known[..known.rfind('/').map_or(0, |at| at + 1)] } else { known };
    let whole = match known.strip_prefix(APPLICATION) {
        Some(rest) => format!("{}/{rest}", surroundings.application),
        None => joined(&format!("{}/", surroundings.workdir), if known.is_empty() { "." } else { known }),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    if is_file && !is_open {
        parts.pop();
    }
    let folder = format!("/{}", parts.join("/"));
    let is_below = |above: &&str| folder == **above || folder.starts_with(&format!("{above}/"));
    let is_of_others = OPEN_TO_ALL.iter().chain(&OF_SYSTEM).any(is_below);
    (!parts.is_empty() && !is_of_others).then_some(folder)
}

/// A longer path is none that a person wrote.
const MAX_PATH: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_folder_of_the_image() {
        let surroundings = Surroundings { application: "/app", workdir: "/app/src" };
        for (path, is_file, expected) in [
            ("data", false, Some("/app/src/data")),
            ("./data/", false, Some("/app/src/data")),
            ("../data", false, Some("/app/data")),
            ("../../../data", false, None),
            ("app.db", true, Some("/app/src")),
            ("data/\0.db", true, Some("/app/src/data")),
            ("data/a-\0/x", false, Some("/app/src/data")),
            ("data\0", false, Some("/app/src")),
            ("\0/data", false, None),
            ("/\u{1}/db.sqlite3", true, Some("/app")),
            ("/\u{1}/../x", false, Some("/x")),
            ("/data/app.db", true, Some("/data")),
            ("/app.db", true, None),
            ("/tmp/x", false, None),
            ("/tmpx", false, Some("/tmpx")),
            ("/etc/shop/x.db", true, None),
            ("~/x", false, None),
            ("C:/x", false, None),
            ("", false, None),
        ] {
            assert_eq!(folder(path, is_file, &surroundings).as_deref(), expected, "{path:?}");
        }
    }

    #[test]
    fn paths_are_joined_as_python_joins_them() {
        for (above, below, expected) in [("a", "b", "a/b"), ("a/", "/b", "/b"), (".", "b", "./b"), ("", "b", "b")] {
            assert_eq!(joined(above, below), expected);
        }
        for (path, expected) in [("a/b", "a"), ("a", "."), ("/a", "/"), ("/\u{1}/a/", "/\u{1}")] {
            assert_eq!(parent(path), expected);
        }
    }
}
