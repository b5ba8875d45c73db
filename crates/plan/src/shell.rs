//! The simple commands in a shell's text, as far as they can be known without running it.
//!
//! Every command is taken as if it ran: both sides of a condition, the body of a loop. What depends on other commands
//! (`$(…)`, patterns) is a word that is not known.

use std::collections::{BTreeMap, VecDeque};

/// The most commands that are read of one text.
const MAX_COMMANDS: usize = 10_000;

/// The most characters that are read in all, texts inside of texts included.
const MAX_TEXT: usize = 4 << 20;

/// The most texts inside of texts that wait to be read.
const MAX_TEXTS: usize = 64;

/// The most fields that one word may expand to.
const MAX_FIELDS: usize = 4096;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// Its text, variables replaced.
    pub text: String,
    /// Whether a part of it depends on what other commands print.
    pub is_unknown: bool,
}

impl Word {
    /// A word that is known.
    pub fn known(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_unknown: false }
    }
}

/// A command with the variables that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// The variables.
    pub environment: BTreeMap<String, String>,
    /// The command's name and its arguments.
    pub words: Vec<Word>,
}

/// What surrounds a text: the variables, and the arguments from `$0` on.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The variables.
    pub environment: BTreeMap<String, String>,
    /// The arguments.
    pub arguments: Vec<String>,
}

/// The commands of a text, in their order; those inside `$(…)` come last.
pub fn commands(text: &str, surroundings: Surroundings) -> Vec<ShellCommand> {
    let mut reader = Reader {
        environment: surroundings.environment,
        arguments: surroundings.arguments,
        texts: VecDeque::from([text.to_owned()]),
        commands: Vec::new(),
    };
    let mut budget = MAX_TEXT;
    while let Some(text) = reader.texts.pop_front() {
        let text: Vec<char> = text.chars().filter(|it| *it != '\r').take(budget).collect();
        budget -= text.len();
        reader.read(&mut Cursor { text: &text, at: 0 });
    }
    reader.commands
}

/// The words of a text that is one command and needs no shell: nothing in it depends on variables, files or other
/// commands. An `exec` before it goes.
pub fn plain_words(text: &str) -> Option<Vec<String>> {
    let (mut quote, mut characters) = (None, text.trim().chars());
    while let Some(next) = characters.next() {
        match (next, quote) {
            ('\\', None | Some('"')) => drop(characters.next()),
            ('$' | '`', None | Some('"')) => return None,
            ('"' | '\'', None) => quote = Some(next),
            (_, Some(open)) if next == open => quote = None,
            ('|' | '&' | ';' | '<' | '>' | '(' | ')' | '\n' | '*' | '?' | '[' | '{' | '~' | '#', None) => return None,
            _ => {}
        }
    }
    let surroundings = Surroundings { environment: BTreeMap::new(), arguments: Vec::new() };
    let command = commands(text, surroundings).into_iter().next().filter(|it| it.environment.is_empty())?;
    let words: Vec<String> = command.words.into_iter().map(|word| word.text).collect();
    let words = if words.first().is_some_and(|word| word == "exec") { words[1..].to_vec() } else { words };
    let is_builtin = |word: &String| BUILTINS.contains(&word.as_str());
    (quote.is_none() && words.first().is_some_and(|word| !is_builtin(word))).then_some(words)
}

/// Commands that only a shell knows.
const BUILTINS: [&str; 9] = [".", ":", "cd", "command", "set", "source", "trap", "ulimit", "umask"];

/// A place in a text.
struct Cursor<'a> {
    text: &'a [char],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    /// Everything up to an end, which is passed over too.
    fn until(&mut self, end: char) -> String {
        let taken: String = self.text[self.at..].iter().take_while(|it| **it != end).collect();
        self.at = (self.at + taken.chars().count() + 1).min(self.text.len());
        taken
    }

    /// What is inside of parentheses or braces whose opening was just read.
    fn balanced(&mut self, open: char, close: char) -> String {
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

    fn name(&mut self) -> String {
        let name: String =
            self.text[self.at..].iter().take_while(|it| it.is_ascii_alphanumeric() || **it == '_').collect();
        self.at += name.len();
        name
    }
}

struct Reader {
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    /// Texts that are still to be read: those of command substitutions.
    texts: VecDeque<String>,
    commands: Vec<ShellCommand>,
}

/// Words that may stand before a command.
const KEYWORDS: [&str; 14] =
    ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "fi", "done", "esac"];

impl Reader {
    fn read(&mut self, cursor: &mut Cursor<'_>) {
        let (mut words, mut ends): (Vec<Word>, VecDeque<String>) = (Vec::new(), VecDeque::new());
        while self.commands.len() < MAX_COMMANDS {
            match cursor.peek() {
                None => break,
                Some(' ' | '\t') => cursor.at += 1,
                Some('#') => {
                    while cursor.peek().is_some_and(|it| it != '\n') {
                        cursor.at += 1;
                    }
                }
                Some('\n') => {
                    cursor.at += 1;
                    for end in std::mem::take(&mut ends) {
                        while cursor.at < cursor.text.len() && cursor.until('\n').trim_start_matches('\t') != end {}
                    }
                    self.command(std::mem::take(&mut words));
                }
                Some(';' | '&' | '|' | '(' | ')') => {
                    cursor.at += 1;
                    self.command(std::mem::take(&mut words));
                }
                Some('<' | '>') => ends.extend(self.redirection(cursor, &mut words)),
                Some(_) => words.extend(self.word(cursor)),
            }
        }
        self.command(words);
    }

    /// Passes over `> file`, `2>&1` and `<< END`; gives the end of a document that follows in the text.
    fn redirection(&mut self, cursor: &mut Cursor<'_>, words: &mut Vec<Word>) -> Option<String> {
        // The number before it is a descriptor, and no word.
        let is_touching = cursor.at.checked_sub(1).and_then(|at| cursor.text.get(at)).is_some_and(char::is_ascii_digit);
        if is_touching && words.last().is_some_and(|word| word.text.len() == 1) {
            words.pop();
        }
        let start = cursor.at;
        while matches!(cursor.peek(), Some('<' | '>' | '&' | '|' | '-')) {
            cursor.at += 1;
        }
        let operator: String = cursor.text[start..cursor.at].iter().collect();
        while matches!(cursor.peek(), Some(' ' | '\t')) {
            cursor.at += 1;
        }
        if matches!(cursor.peek(), None | Some('\n' | ';' | '(' | ')')) {
            return None;
        }
        let target = self.word(cursor);
        let is_document = operator.starts_with("<<") && !operator.starts_with("<<<");
        is_document.then(|| target.into_iter().map(|word| word.text).collect())
    }

    /// The fields that one word of the text becomes.
    fn word(&mut self, cursor: &mut Cursor<'_>) -> Vec<Word> {
        let start = cursor.at;
        let mut fields = Fields::default();
        loop {
            match cursor.peek() {
                None | Some(' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>') => break,
                Some('\\') => {
                    cursor.at += 1;
                    if let Some(next) = cursor.next().filter(|next| *next != '\n') {
                        fields.push(next);
                    }
                }
                Some('\'') => {
                    cursor.at += 1;
                    fields.text(&cursor.until('\''));
                }
                Some('"') => {
                    cursor.at += 1;
                    self.quoted(cursor, &mut fields);
                }
                Some('`') => {
                    cursor.at += 1;
                    self.texts.push_back(cursor.until('`'));
                    fields.unknown();
                }
                Some('$') => {
                    cursor.at += 1;
                    self.expansion(cursor, &mut fields, false);
                }
                Some(other) => {
                    cursor.at += 1;
                    fields.push(other);
                }
            }
        }
        // A character that begins nothing must not be read for ever.
        cursor.at = cursor.at.max(start + 1);
        fields.finish()
    }

    fn quoted(&mut self, cursor: &mut Cursor<'_>, fields: &mut Fields) {
        fields.text("");
        while let Some(next) = cursor.next() {
            match next {
                '"' => break,
                '\\' => match cursor.next() {
                    Some(next @ ('$' | '`' | '"' | '\\')) => fields.push(next),
                    Some('\n') | None => {}
                    Some(other) => fields.text(&format!("\\{other}")),
                },
                '`' => {
                    self.texts.push_back(cursor.until('`'));
                    fields.unknown();
                }
                '$' => self.expansion(cursor, fields, true),
                other => fields.push(other),
            }
        }
    }

    /// What follows a `$`.
    fn expansion(&mut self, cursor: &mut Cursor<'_>, fields: &mut Fields, is_quoted: bool) {
        match cursor.peek() {
            Some('(') => {
                cursor.at += 1;
                let inside = cursor.balanced('(', ')');
                if !inside.starts_with('(') {
                    self.texts.push_back(inside);
                }
                fields.unknown();
            }
            Some('{') => {
                cursor.at += 1;
                let inside = cursor.balanced('{', '}');
                self.braces(&inside, fields, is_quoted);
            }
            Some('\'') if !is_quoted => {
                cursor.at += 1;
                let text = cursor.until('\'');
                fields.text(&text);
                if text.contains('\\') {
                    fields.unknown();
                }
            }
            Some('"') if !is_quoted => {}
            Some(next @ ('@' | '*')) => {
                cursor.at += 1;
                let arguments = self.arguments.get(1..).unwrap_or_default().to_vec();
                match (is_quoted, next) {
                    (true, '*') => fields.text(&arguments.join(" ")),
                    (true, _) => fields.each(&arguments),
                    (false, _) => fields.split(&arguments.join(" ")),
                }
            }
            Some(next) if next.is_ascii_digit() => {
                cursor.at += 1;
                let value = self.value(&next.to_string()).unwrap_or_default();
                fields.value(&value, is_quoted);
            }
            Some(next) if next.is_ascii_alphabetic() || next == '_' => {
                let name = cursor.name();
                let value = self.value(&name).unwrap_or_default();
                fields.value(&value, is_quoted);
            }
            Some('?' | '$' | '!' | '#' | '-') => {
                cursor.at += 1;
                fields.unknown();
            }
            _ => fields.push('$'),
        }
    }

    /// `${NAME}`, `${NAME:-default}` and their like; other forms are not known.
    fn braces(&mut self, inside: &str, fields: &mut Fields, is_quoted: bool) {
        let end = inside.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        if inside == "@" {
            let arguments = self.arguments.get(1..).unwrap_or_default().to_vec();
            return fields.each(&arguments);
        }
        let (ignores_empty, rest) = rest.strip_prefix(':').map_or((false, rest), |rest| (true, rest));
        let value = self.value(name).filter(|value| !(ignores_empty && value.is_empty()));
        let operator = rest.chars().next();
        let chosen = match (operator, value) {
            (None, value) => value.unwrap_or_default(),
            (Some('-' | '=' | '?'), Some(value)) => value,
            (Some('-' | '='), None) | (Some('+'), Some(_)) => rest[1..].trim_matches(['"', '\'']).to_owned(),
            (Some('+' | '?'), None) => String::new(),
            (Some(_), _) => return fields.unknown(),
        };
        if chosen.contains(['$', '`']) {
            return fields.unknown();
        }
        fields.value(&chosen, is_quoted);
    }

    fn value(&self, name: &str) -> Option<String> {
        match name.parse::<usize>() {
            Ok(number) => self.arguments.get(number).cloned(),
            Err(_) => self.environment.get(name).cloned(),
        }
    }

    /// Takes in one command: variables of its own, keywords before it, and what changes the shell itself.
    fn command(&mut self, words: Vec<Word>) {
        let mut words = VecDeque::from(words);
        let mut environment = self.environment.clone();
        let mut has_own = false;
        while let Some(first) = words.front() {
            if KEYWORDS.contains(&first.text.as_str()) {
                words.pop_front();
            } else if let Some((name, value)) = assignment(&first.text) {
                environment.insert(name.to_owned(), value.to_owned());
                has_own = true;
                words.pop_front();
            } else {
                break;
            }
        }
        let Some(first) = words.front() else {
            if has_own {
                self.environment = environment;
            }
            return;
        };
        match first.text.as_str() {
            "export" | "readonly" | "declare" | "typeset" | "local" => {
                let pairs = words.iter().filter_map(|word| assignment(&word.text));
                self.environment.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            "unset" => words.iter().skip(1).for_each(|word| {
                self.environment.remove(&word.text);
            }),
            "eval" | "trap" => {
                let text: Vec<&str> = words.iter().skip(1).map(|word| word.text.as_str()).collect();
                self.texts.push_back(text.join(" "));
            }
            _ => {
                // `set -- python app.py` prepares what a later `exec "$@"` runs.
                let is_set = first.text == "set" && words.get(1).is_some_and(|word| word.text == "--");
                let words: Vec<Word> = words.into_iter().skip(if is_set { 2 } else { 0 }).collect();
                self.commands.push(ShellCommand { environment, words });
            }
        }
        // Texts in texts in texts end somewhere.
        self.texts.truncate(MAX_TEXTS);
    }
}

/// The name of a program without its folder.
pub(crate) fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// `NAME=value`.
pub fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    (is_name && !name.is_empty() && !name.starts_with(|it: char| it.is_ascii_digit())).then_some((name, value))
}

/// The fields of a word while it is read.
#[derive(Default)]
struct Fields {
    done: Vec<Word>,
    open: Option<Word>,
}

impl Fields {
    fn push(&mut self, next: char) {
        self.open.get_or_insert_default().text.push(next);
    }

    fn text(&mut self, text: &str) {
        self.open.get_or_insert_default().text.push_str(text);
    }

    fn unknown(&mut self) {
        self.open.get_or_insert_default().is_unknown = true;
    }

    fn value(&mut self, value: &str, is_quoted: bool) {
        if is_quoted { self.text(value) } else { self.split(value) }
    }

    /// Each of several texts as a field of its own.
    fn each(&mut self, texts: &[String]) {
        for (number, text) in texts.iter().take(MAX_FIELDS).enumerate() {
            if number > 0 {
                self.done.extend(self.open.take());
            }
            self.text(text);
        }
    }

    /// A text that falls apart at blanks.
    fn split(&mut self, text: &str) {
        if text.starts_with(char::is_whitespace) {
            self.done.extend(self.open.take());
        }
        let texts: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        self.each(&texts);
        if text.ends_with(char::is_whitespace) {
            self.done.extend(self.open.take());
        }
    }

    fn finish(self) -> Vec<Word> {
        self.done.into_iter().chain(self.open).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let environment = [("PY", "python3"), ("OPTS", "-O -X a"), ("EMPTY", "")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let arguments = ["run.sh", "app", "two words"].map(str::to_owned).to_vec();
        let word = |word: &Word| if word.is_unknown { format!("?{}", word.text) } else { word.text.clone() };
        let commands = commands(text, Surroundings { environment, arguments });
        commands.iter().map(|it| it.words.iter().map(word).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn words_are_what_a_shell_makes_of_them() {
        for (text, expected) in [
            ("exec python -O app.py", &["exec|python|-O|app.py"][..]),
            ("a 'b  c' \"d $PY\" e\\ f", &["a|b  c|d python3|e f"]),
            ("$PY $OPTS \"$OPTS\" x$EMPTY $EMPTY \"\"", &["python3|-O|-X|a|-O -X a|x|"]),
            ("exec \"$@\"", &["exec|app|two words"]),
            ("exec $@ $0 $1 ${2}", &["exec|app|two|words|run.sh|app|two|words"]),
            ("${PY:-python} ${NONE:-python -O} ${NONE-x} ${PY:+y}", &["python3|python|-O|x|y"]),
            ("a; b && c || d | e & f\n(g)", &["a", "b", "c", "d", "e", "f", "g"]),
            ("if a; then b; else c; fi", &["a", "b", "c"]),
            ("while true; do python -O x; done", &["true", "python|-O|x"]),
            ("case $1 in web) python -O x ;; esac", &["case|app|in|web", "python|-O|x"]),
            ("a # b\nc #d\n#e\nf", &["a", "c", "f"]),
            ("a > out 2>&1 < in b", &["a|b"]),
            ("python - <<EOF\nexec python -O\nEOF\nb", &["python|-", "b"]),
            ("x $(python -O y) `z`", &["x|?|?", "python|-O|y", "z"]),
            ("a \"b$(c)d\"", &["a|?bd", "c"]),
            ("eval \"python -O x\"", &["python|-O|x"]),
            ("trap 'python -O x' EXIT", &["python|-O|x|EXIT"]),
            ("set -- python -O \"$@\"", &["python|-O|app|two words"]),
            (
                "'''exec' /opt/venv/bin/python \"$0\" \"$@\"\n' '''\n",
                &["exec|/opt/venv/bin/python|run.sh|app|two words", " "],
            ),
            ("a\\\nb c", &["ab|c"]),
            ("P=-O; python $P", &["python|-O"]),
            ("a 'b", &["a|b"]),
            ("", &[]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn variables_are_set_for_one_command_or_for_all_that_follow() {
        let environment = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let text = "B=2 one; two; export C=\"3 4\"; D=5; three; unset A; four";
        let commands = commands(text, Surroundings { environment, arguments: Vec::new() });
        let shown: Vec<String> = commands
            .iter()
            .map(|it| {
                let pairs: Vec<String> = it.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{}: {}", it.words[0].text, pairs.join(","))
            })
            .collect();
        assert_eq!(shown, ["one: A=1,B=2", "two: A=1", "three: A=1,C=3 4,D=5", "four: C=3 4,D=5"]);
    }

    #[test]
    fn a_command_that_needs_no_shell_is_its_words() {
        for (text, expected) in [
            ("python app.py", Some("python|app.py")),
            (" exec gunicorn 'a b' \"c\\\"d\" e\\ f", Some("gunicorn|a b|c\"d|e f")),
            ("gunicorn 'app:create()' --bind=0.0.0.0:80", Some("gunicorn|app:create()|--bind=0.0.0.0:80")),
            ("a && b", None),
            ("a $PORT", None),
            ("a \"$PORT\"", None),
            ("a '$PORT'", Some("a|$PORT")),
            ("A=1 b", None),
            ("a *.py", None),
            ("cd /app", None),
            ("a 'b", None),
            ("exec", None),
            ("", None),
        ] {
            let expected = expected.map(|words| words.split('|').map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(plain_words(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_without_an_end_end() {
        for text in ["\"", "$(", "${", "`", "<<", "<<EOF\n", "$", "\\", ">", "a=(", "$((1+1))", "#"] {
            assert!(commands(text, Surroundings { environment: BTreeMap::new(), arguments: Vec::new() }).len() < 3);
        }
        let loops = format!("{}{}", "eval ".repeat(10_000), "x");
        assert!(commands(&loops, Surroundings { environment: BTreeMap::new(), arguments: Vec::new() }).len() <= 1);
        let many = "a;".repeat(MAX_COMMANDS * 2);
        let found = commands(&many, Surroundings { environment: BTreeMap::new(), arguments: Vec::new() });
        assert!(found.len() <= MAX_COMMANDS + 1);
    }
}
