//! Paths as a folder and a name, each folder written once.

use std::collections::BTreeMap;

/// The folders of paths, in the order in which they were seen.
#[derive(Default)]
pub(super) struct Folders {
    numbers: BTreeMap<String, usize>,
    pub(super) list: Vec<String>,
}

impl Folders {
    /// The place of a path's folder in the list, and the path's name.
    pub(super) fn split<'a>(&mut self, path: &'a str) -> (usize, &'a str) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(number) = self.numbers.get(folder) {
            return (*number, name);
        }
        let number = self.list.len();
        self.list.push(folder.to_owned());
        self.numbers.insert(folder.to_owned(), number);
        (number, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_is_written_once() {
        let mut folders = Folders::default();
        let found = ["/a/b", "/a/c", "/d", "/a/e/f", "/a/g"].map(|path| folders.split(path));
        assert_eq!(found, [(0, "b"), (0, "c"), (1, "d"), (2, "f"), (0, "g")]);
        assert_eq!(folders.list, ["/a", "", "/a/e"]);
    }
}
