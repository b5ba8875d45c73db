//! What became of each line of a Dockerfile.

/// What became of one line, or of one command in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number of the line, from 1.
    pub line: usize,
    /// The line, or the command, as it is written.
    pub text: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A key of image.toml.
    Became(String),
    /// Nothing, and nothing is missing: why.
    NotNeeded(String),
    /// Nothing, and something may be missing.
    Open {
        /// Why it was not taken.
        why: String,
        /// What to do about it.
        todo: String,
    },
}

/// The rows of a whole file, as they are found.
#[derive(Debug, Default)]
pub(super) struct Account {
    rows: Vec<Row>,
}

/// The longest text that is shown of a line.
const MAX_SHOWN: usize = 100;

impl Account {
    pub(super) fn became(&mut self, line: usize, text: &str, key: impl Into<String>) {
        self.add(line, text, Outcome::Became(key.into()));
    }

    pub(super) fn not_needed(&mut self, line: usize, text: &str, why: impl Into<String>) {
        self.add(line, text, Outcome::NotNeeded(why.into()));
    }

    pub(super) fn open(&mut self, line: usize, text: &str, why: impl Into<String>, todo: impl Into<String>) {
        self.add(line, text, Outcome::Open { why: why.into(), todo: todo.into() });
    }

    /// Whether something is said of a line already.
    pub(super) fn has(&self, line: usize) -> bool {
        self.rows.iter().any(|row| row.line == line)
    }

    /// Takes back that lines became a key.
    pub(super) fn refuse(&mut self, key: &str, why: &str, todo: &str) {
        let became = Outcome::Became(key.to_owned());
        let refused = Outcome::Open { why: why.to_owned(), todo: todo.to_owned() };
        self.rows.iter_mut().filter(|row| row.outcome == became).for_each(|row| row.outcome = refused.clone());
    }

    /// Says more of what a line became.
    pub(super) fn note(&mut self, line: usize, text: &str) {
        let of_line = self.rows.iter_mut().filter(|row| row.line == line);
        for row in of_line {
            if let Outcome::Became(key) = &mut row.outcome {
                *key += "; ";
                *key += text;
            }
        }
    }

    fn add(&mut self, line: usize, text: &str, outcome: Outcome) {
        let mut text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        if text.chars().count() > MAX_SHOWN {
            text = text.chars().take(MAX_SHOWN - 1).chain(['…']).collect();
        }
        self.rows.push(Row { line, text, outcome });
    }

    /// The rows in the order of the lines; what was found of one line stays in its order.
    pub(super) fn into_rows(mut self) -> Vec<Row> {
        self.rows.sort_by_key(|row| row.line);
        self.rows.dedup();
        self.rows
    }
}
