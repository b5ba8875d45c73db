//! A page of the docs: its tables, its commands and what it quotes.

use shipwheel_tests::workspace;

/// A page as it is.
pub struct Page {
    /// Its path in the workspace.
    pub name: String,
    text: String,
}

impl Page {
    /// The page of this path.
    pub fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(workspace().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name: name.to_owned(), text }
    }

    /// All pages: those at the top, and those in docs/ and its tutorials.
    pub fn all() -> Vec<Self> {
        let folders = ["", "docs", "docs/tutorials"].map(|folder| (folder, workspace().join(folder)));
        let files = folders.iter().flat_map(|(folder, path)| {
            let names = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.ends_with(".md") && name != "CHANGELOG.md").map(move |name| {
                match folder.is_empty() {
                    true => name,
                    false => format!("{folder}/{name}"),
                }
            })
        });
        let mut names: Vec<String> = files.collect();
        names.sort();
        names.iter().map(|name| Self::read(name)).collect()
    }

    /// The rows of the table whose first column has this heading.
    pub fn rows<'p>(&'p self, heading: &'p str) -> impl Iterator<Item = Vec<&'p str>> {
        let is_head =
            move |line: &&str| line.strip_prefix("| ").is_some_and(|rest| rest.starts_with(&format!("{heading} |")));
        let rows = self.text.lines().skip_while(move |line| !is_head(line)).skip(2);
        rows.take_while(|line| line.starts_with('|')).map(|line| line.trim_matches('|').split('|').collect())
    }

    /// Names in capitals and what else is one word.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
    }

    /// Commands, each as one line without its comment: the lines of code blocks, and what is quoted in a text.
    pub fn code(&self) -> Vec<String> {
        let (mut is_block, mut code) = (false, Vec::new());
        for line in self.text.lines() {
            if line.trim_start().starts_with("```") {
                is_block = !is_block;
            } else if is_block {
                let line = line.split(" #").next().unwrap_or(line);
                code.extend(line.split("&&").flat_map(|part| part.split(" | ")).map(|part| part.trim().to_owned()));
            }
        }
        // A quotation may go on in the next line.
        let text: String = self.text.split("```").step_by(2).collect::<Vec<_>>().join("\n\n");
        code.extend(text.split("\n\n").flat_map(|paragraph| {
            quoted(paragraph).map(|quote| quote.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        }));
        code
    }
}

/// What stands between backticks.
pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
