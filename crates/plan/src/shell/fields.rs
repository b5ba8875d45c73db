//! What a word of a shell's text becomes: one field, several, or none.

use super::command::Word;

/// The most fields that one word may expand to.
const MAX_FIELDS: usize = 4096;

/// The fields of a word while it is read.
#[derive(Default)]
pub(super) struct Fields {
    done: Vec<Word>,
    open: Option<Word>,
}

impl Fields {
    pub(super) fn push(&mut self, next: char) {
        self.open.get_or_insert_default().text.push(next);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.open.get_or_insert_default().text.push_str(text);
    }

    pub(super) fn unknown(&mut self) {
        self.open.get_or_insert_default().is_unknown = true;
    }

    pub(super) fn value(&mut self, value: &str, is_quoted: bool) {
        if is_quoted { self.text(value) } else { self.split(value) }
    }

    /// Each of several texts as a field of its own.
    pub(super) fn each(&mut self, texts: &[String]) {
        for (number, text) in texts.iter().take(MAX_FIELDS).enumerate() {
            if number > 0 {
                self.done.extend(self.open.take());
            }
            self.text(text);
        }
    }

    /// A text that falls apart at blanks.
    pub(super) fn split(&mut self, text: &str) {
        if text.starts_with(char::is_whitespace) {
            self.done.extend(self.open.take());
        }
        let texts: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        self.each(&texts);
        if text.ends_with(char::is_whitespace) {
            self.done.extend(self.open.take());
        }
    }

    pub(super) fn finish(self) -> Vec<Word> {
        self.done.into_iter().chain(self.open).collect()
    }
}
