//! The other files that requirements name, and the path of one that is named by another.

use crate::requirements::lines::logical_lines;
use crate::requirements::option::option;

/// A line that names another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// The line, counted from 1.
    pub line: usize,
    /// The path as it is written.
    pub path: String,
    /// Whether the file only constrains versions (`-c`).
    pub constrains: bool,
}

/// The files that a text names with `-r` and `-c`, in its order; those behind a URL are left out.
pub fn includes(text: &str) -> Vec<Include> {
    let include = |(line, text): (usize, String)| {
        let (name, path) = option(&text);
        let constrains = match name {
            "-r" | "--requirement" => false,
            "-c" | "--constraint" => true,
            _ => return None,
        };
        let path = path.trim_matches(['"', '\'']).to_owned();
        (!path.is_empty() && !path.contains("://")).then_some(Include { line, path, constrains })
    };
    logical_lines(text).into_iter().filter_map(include).collect()
}

/// The path of a file that another one names, with `..` only at its beginning; `None` if it is not relative.
pub fn beside(file: &str, named: &str) -> Option<String> {
    if named.starts_with(['/', '~']) || named.contains(['\\', '\0']) {
        return None;
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(named.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_another_file_is_seen() {
        let text = "\u{feff}-r base.txt\nidna\n-cconstraints.txt # why\n--requirement=\"more.txt\"\n--constraint  c.txt\n\
                    -r \\\n  joined.txt\n# -r comment.txt\n-r https://files.example/r.txt\n-r\n--require-hashes\n";
        let found: Vec<String> = includes(text)
            .iter()
            .map(|it| format!("{} {}{}", it.line, if it.constrains { "-c " } else { "" }, it.path))
            .collect();
        assert_eq!(found, ["1 base.txt", "3 -c constraints.txt", "4 more.txt", "5 -c c.txt", "6 joined.txt"]);
    }

    #[test]
    fn a_path_is_relative_to_the_file_that_names_it() {
        for (file, named, expected) in [
            ("requirements.txt", "requirements/prod.txt", Some("requirements/prod.txt")),
            ("requirements/prod.txt", "base.txt", Some("requirements/base.txt")),
            ("requirements/prod.txt", "./../base.txt", Some("base.txt")),
            ("requirements/prod.txt", "../../base.txt", Some("../base.txt")),
            ("requirements.txt", "../../base.txt", Some("../../base.txt")),
            ("requirements.txt", "/etc/base.txt", None),
            ("requirements.txt", "a\\b.txt", None),
        ] {
            assert_eq!(beside(file, named).as_deref(), expected, "{file} {named}");
        }
    }
}
