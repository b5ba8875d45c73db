//! One file of `tests/folders`: a folder and what is expected of it, as a txtar archive.

use std::path::Path;

/// A folder in one file.
pub struct FolderCase {
    name: String,
    /// What precedes the first file.
    comment: String,
    /// What `init` is given besides the folder: a line `Arguments: …` of the comment.
    arguments: Vec<String>,
    /// Names and texts, as they follow one another.
    files: Vec<(String, String)>,
    /// What is expected: `> image.toml`, `> stderr` or both, and their texts.
    expected: Vec<(String, String)>,
}

impl FolderCase {
    /// Reads a file of `tests/folders`.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (mut comment, mut files) = (String::new(), Vec::<(String, String)>::new());
        for line in text.split_inclusive('\n') {
            match (name(line), files.last_mut()) {
                (Some(name), _) => files.push((name.to_owned(), String::new())),
                (None, Some((_, text))) => text.push_str(line),
                (None, None) => comment.push_str(line),
            }
        }
        let (expected, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|(name, _)| name.starts_with("> "));
        assert!(!comment.trim().is_empty(), "{}: the first line says what it shows", path.display());
        assert!(!files.is_empty(), "{}: no file", path.display());
        let arguments = comment.lines().find_map(|line| line.strip_prefix("Arguments: ")).unwrap_or_default();
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        Self { arguments, name: path.file_stem().unwrap().to_str().unwrap().to_owned(), comment, files, expected }
    }

    /// The file's name without its extension, which is the folder's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that is named, below the one of the case: a line `in: FOLDER` before the first file says it.
    pub fn inside(&self) -> &str {
        self.comment.lines().find_map(|line| line.strip_prefix("in: ")).unwrap_or(".")
    }

    /// What is expected, as sections of the file.
    pub fn expected(&self) -> String {
        sections(&self.expected)
    }

    /// What `init` is given besides the folder.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().map(String::as_str)
    }

    /// Makes the folder.
    pub fn write(&self, folder: &Path) {
        for (name, text) in &self.files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    /// The file's text with another expectation.
    pub fn with_expected(&self, expected: &str) -> String {
        self.comment.clone() + &sections(&self.files) + expected
    }
}

/// Names and texts as they are in a file.
pub fn sections(files: &[(String, String)]) -> String {
    files.iter().map(|(name, text)| format!("-- {name} --\n{text}")).collect()
}

/// The name in a line that begins a file.
fn name(line: &str) -> Option<&str> {
    line.trim_end().strip_prefix("-- ")?.strip_suffix(" --")
}
