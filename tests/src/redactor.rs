//! Takes out of a program's output what differs from run to run: folders, ports, times, sizes in memory.

/// Texts that are replaced, in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    texts: Vec<(String, String)>,
    words: Vec<(&'static str, &'static str)>,
    numbers: Vec<(&'static str, &'static str)>,
}

impl Redactor {
    /// One that replaces nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces this text by a name in brackets: `/tmp/x` by `[folder]`.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>, name: &str) -> Self {
        self.texts.push((text.into(), format!("[{name}]")));
        self
    }

    /// Replaces the letters and digits behind this text by a name in brackets: `.tmp-x1y2` by `.tmp-[random]`.
    #[must_use]
    pub fn word(mut self, before: &'static str, name: &'static str) -> Self {
        self.words.push((before, name));
        self
    }

    /// Replaces each number before this unit by a name in brackets: `0.021 s` by `[time] s`.
    ///
    /// The spaces before the number become one, so that a column keeps its place.
    #[must_use]
    pub fn number(mut self, unit: &'static str, name: &'static str) -> Self {
        self.numbers.push((unit, name));
        self
    }

    /// The output without what differs.
    pub fn redact(&self, output: &str) -> String {
        let output = self.texts.iter().fold(output.to_owned(), |output, (text, name)| output.replace(text, name));
        output.lines().map(|line| self.line(line) + "\n").collect()
    }

    fn line(&self, line: &str) -> String {
        let line = self.words.iter().fold(line.to_owned(), |line, (before, name)| replace_words(&line, before, name));
        self.numbers.iter().fold(line, |line, (unit, name)| replace_numbers(&line, unit, name))
    }
}

fn replace_words(line: &str, before: &str, name: &str) -> String {
    let mut parts = line.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |redacted, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        let word = if rest.len() < part.len() { format!("[{name}]") } else { String::new() };
        redacted + before + &word + rest
    })
}

fn replace_numbers(line: &str, unit: &str, name: &str) -> String {
    let (mut redacted, mut rest) = (String::new(), line);
    while let Some(place) = rest.find(unit) {
        let (before, after) = rest.split_at(place);
        let kept = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let ends = after[unit.len()..].chars().next().is_none_or(|next| !next.is_alphanumeric());
        if kept.len() < before.len() && ends {
            let column = kept.trim_end_matches(' ');
            let gap = if column.len() < kept.len() { " " } else { "" };
            redacted += &format!("{column}{gap}[{name}]{unit}");
        } else {
            redacted += before;
            redacted += unit;
        }
        rest = &after[unit.len()..];
    }
    redacted + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_parts_are_replaced_and_everything_else_stays() {
        let redactor = Redactor::new().text("/tmp/x", "folder").word(".tmp-", "random");
        let redactor = redactor.number(" s", "time").number(" MiB", "size");
        for (output, expected) in [
            ("at y/.tmp-x1Y2\"", "at y/.tmp-[random]\"\n"),
            ("failed to read /tmp/x/y", "failed to read [folder]/y\n"),
            ("json    0.021 s  12.5 MiB", "json [time] s [size] MiB\n"),
            ("7 starts, 3 sources", "7 starts, 3 sources\n"),
            ("no s, 1 second", "no s, 1 second\n"),
        ] {
            assert_eq!(redactor.redact(output), expected, "{output}");
        }
    }
}
