//! A place in a shell's text, and what is read from there.

/// A place in a text.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a [char],
    pub(super) at: usize,
}

impl Cursor<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    /// Everything up to an end, which is passed over too.
    pub(super) fn until(&mut self, end: char) -> String {
        let taken: String = self.text[self.at..].iter().take_while(|it| **it != end).collect();
        self.at = (self.at + taken.chars().count() + 1).min(self.text.len());
        taken
    }

    /// What is inside of parentheses or braces whose opening was just read.
    pub(super) fn balanced(&mut self, open: char, close: char) -> String {
        let (mut depth, mut inside) = (1, String::new());
        while let Some(next) = self.next() {
            depth += i32::from(next == open) - i32::from(next == close);
            if depth == 0 {
                break;
            }
            inside.push(next);
        }
        inside
    }

    pub(super) fn name(&mut self) -> String {
        let name: String =
            self.text[self.at..].iter().take_while(|it| it.is_ascii_alphanumeric() || **it == '_').collect();
        self.at += name.len();
        name
    }
}
