//! The regular expressions that moby makes of patterns, and a matcher whose time is linear in the path.

/// A pattern with wildcards.
#[derive(Debug, Clone)]
pub(super) struct Expression(Vec<Item>);

/// One part of a pattern; what moby writes for it is in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    /// A letter.
    Letter(char),
    /// `^` where it is not escaped is still an anchor (`^`).
    Start,
    /// `?` (`[^/]`).
    One,
    /// `*` (`[^/]*`).
    Many,
    /// `**` in the middle, with the `/` after it (`(.*/)?`).
    Folders,
    /// `**` at the end (`.*`).
    Rest,
    /// `[a-z]`: it may match a `/`.
    Class { is_negated: bool, ranges: Vec<(char, char)> },
}

impl Expression {
    /// Compiles a pattern with the syntax of `filepath.Match`.
    pub(super) fn new(pattern: &str) -> Result<Self, &'static str> {
        let mut items = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(letter) = rest.next() {
            items.push(match letter {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    rest.next_if_eq(&'/');
                    if rest.peek().is_none() { Item::Rest } else { Item::Folders }
                }
                '*' => Item::Many,
                '?' => Item::One,
                '^' => Item::Start,
                '[' => class(&mut rest)?,
                '\\' => Item::Letter(escaped(rest.next())?),
                '|' => return Err("a `|` separates alternatives to Docker; write a `\\` before it"),
                '{' if is_count(rest.clone()) => {
                    return Err("a number in braces repeats a letter to Docker; write a `\\` before the `{`");
                }
                other => Item::Letter(other),
            });
        }
        Ok(Self(items))
    }

    /// Whether it matches a whole path.
    pub(super) fn matches(&self, path: &str) -> bool {
        let end = self.0.len();
        let mut now = States::at_start(end);
        now.skip(&self.0, true);
        for letter in path.chars() {
            let mut next = States::none(end);
            for (at, item) in self.0.iter().enumerate() {
                // Inside of `(.*/)?`: any letter but a newline goes on, and a `/` may be its last.
                if now.inside[at] && letter != '\n' {
                    next.inside[at] = true;
                    next.before[at + 1] |= letter == '/';
                }
                if now.before[at] && item.takes(letter) {
                    let stays = matches!(item, Item::Many | Item::Rest);
                    next.before[if stays { at } else { at + 1 }] = true;
                }
            }
            next.skip(&self.0, false);
            now = next;
        }
        now.before[end]
    }
}

impl Item {
    /// Whether it takes a letter by itself.
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Letter(own) => letter == *own,
            Self::Start | Self::Folders => false,
            Self::One | Self::Many => letter != '/',
            Self::Rest => letter != '\n',
            Self::Class { is_negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter)) != *is_negated
            }
        }
    }
}

/// Where a match may be: before an item, or inside of one that spans folders.
struct States {
    before: Vec<bool>,
    inside: Vec<bool>,
}

impl States {
    fn none(items: usize) -> Self {
        Self { before: vec![false; items + 1], inside: vec![false; items] }
    }

    fn at_start(items: usize) -> Self {
        let mut this = Self::none(items);
        this.before[0] = true;
        this
    }

    /// Follows what needs no letter, from left to right: nothing leads back.
    fn skip(&mut self, items: &[Item], is_start: bool) {
        for (at, item) in items.iter().enumerate() {
            if !self.before[at] {
                continue;
            }
            self.inside[at] |= *item == Item::Folders;
            self.before[at + 1] |= match item {
                Item::Many | Item::Rest | Item::Folders => true,
                Item::Start => is_start,
                Item::Letter(_) | Item::One | Item::Class { .. } => false,
            };
        }
    }
}

/// Whether letters after a `{` make it a count of a regular expression: moby means to escape braces, and does not.
fn is_count(rest: impl Iterator<Item = char>) -> bool {
    let inside: String = rest.take_while(|letter| *letter != '}').collect();
    inside.starts_with(|letter: char| letter.is_ascii_digit())
        && inside.chars().all(|letter| letter.is_ascii_digit() || letter == ',')
}

/// A letter after a `\`; the regular expression gives a meaning to letters and digits, such as `\d`.
fn escaped(letter: Option<char>) -> Result<char, &'static str> {
    match letter {
        Some(letter) if letter.is_alphanumeric() => {
            Err("a `\\` before a letter or digit is not that letter to Docker; leave it out")
        }
        Some(letter) => Ok(letter),
        None => Err("it ends with a `\\`"),
    }
}

/// A class after its `[`.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Item, &'static str> {
    const BROKEN: &str = "a `[` begins no class of letters";
    let is_negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match rest.next().ok_or(BROKEN)? {
            ']' if !ranges.is_empty() => return Ok(Item::Class { is_negated, ranges }),
            first => class_letter(first, rest)?,
        };
        let mut high = low;
        if rest.next_if_eq(&'-').is_some() {
            let last = rest.next().ok_or(BROKEN)?;
            high = class_letter(last, rest)?;
        }
        if high < low {
            return Err("a range in a class ends before it begins");
        }
        ranges.push((low, high));
    }
}

/// A letter of a class; moby replaces wildcards in it, and regular expressions know `[:alpha:]`.
fn class_letter(letter: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, &'static str> {
    match letter {
        '\\' => escaped(rest.next()),
        '*' | '?' => Err("a wildcard in a class is not that letter to Docker; write a `\\` before it"),
        '[' if rest.peek() == Some(&':') => Err("`[:` in a class is not these letters to Docker"),
        other => Ok(other),
    }
}
