//! CPython's command line and variables: level, place of bytecode, and what it runs (`Python/initconfig.c`).

use std::collections::BTreeMap;

use shipwheel_bytecode::Optimization;

use shipwheel_plan::shell::Word;

/// What an interpreter is told to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `-m`: a module's dotted name.
    Module(String),
    /// `-c`: code.
    Code(String),
    /// A file, a folder or an archive, as it was written.
    File(String),
    /// Nothing: it asks, or reads its standard input.
    Nothing,
}

/// How an interpreter runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// The level of the bytecode that it loads: that of `-O` or `PYTHONOPTIMIZE`, whichever is higher.
    pub(crate) level: u32,
    /// Where it looks for bytecode instead of `__pycache__`, as it was written, and what says so.
    pub(crate) cache_prefix: Option<(String, String)>,
    /// `-E` or `-I`: variables whose names begin with `PYTHON` count for nothing.
    pub(crate) ignores_environment: bool,
    /// `-s`, `-I` or `PYTHONNOUSERSITE`: the user's own packages are not on `sys.path`.
    pub(crate) has_no_user_site: bool,
    /// `-S`: neither `.pth` files nor `sitecustomize` are loaded.
    pub(crate) has_no_site: bool,
    /// `-P`, `-I` or `PYTHONSAFEPATH`: the working directory and the script's are not on `sys.path`.
    pub(crate) has_safe_path: bool,
    /// The arguments of `-W`.
    pub(crate) warnings: Vec<String>,
    /// The arguments of `-X`.
    pub(crate) extended: Vec<String>,
    /// What it runs.
    pub(crate) target: Target,
    /// The first argument whose text depends on what other commands print, before what is run.
    pub(crate) unknown: Option<String>,
    /// What comes after what it runs.
    pub(crate) rest: Vec<Word>,
}

/// Options of one letter that take an argument, glued to them or as the next word.
const WITH_ARGUMENT: [char; 4] = ['c', 'm', 'W', 'X'];

impl Options {
    /// Reads the words behind the interpreter's name.
    pub(crate) fn parse(words: &[Word], environment: &BTreeMap<String, String>) -> Self {
        let mut seen = Seen::default();
        let mut at = 0;
        let target = loop {
            let Some(word) = words.get(at) else { break Target::Nothing };
            at += 1;
            if word.is_unknown && seen.unknown.is_none() {
                seen.unknown = Some(word.text.clone());
            }
            match word.text.as_str() {
                "-" => break Target::Nothing,
                "--" => {
                    let file = words.get(at).map(|word| Target::File(word.text.clone()));
                    at += 1;
                    break file.unwrap_or(Target::Nothing);
                }
                "--check-hash-based-pycs" => at += 1,
                long if long.starts_with("--") => {}
                short if short.starts_with('-') => {
                    let next = words.get(at).map(|word| word.text.as_str());
                    let (target, takes_next) = seen.cluster(&short[1..], next);
                    at += usize::from(takes_next);
                    if let Some(target) = target {
                        break target;
                    }
                }
                file => break Target::File(file.to_owned()),
            }
        };
        seen.finish(target, words.get(at..).unwrap_or_default().to_vec(), environment)
    }

    /// The value of a variable that the interpreter reads; an empty one counts as not set.
    pub(crate) fn variable<'a>(&self, environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
        let value = environment.get(name).filter(|value| !value.is_empty() && !self.ignores_environment);
        value.map(String::as_str)
    }
}

/// The options read so far.
#[derive(Default)]
struct Seen {
    letters: String,
    warnings: Vec<String>,
    extended: Vec<String>,
    unknown: Option<String>,
}

impl Seen {
    /// Reads letters behind one `-`; gives the target if they name one, and whether they took the next word.
    fn cluster(&mut self, letters: &str, next: Option<&str>) -> (Option<Target>, bool) {
        for (index, letter) in letters.char_indices() {
            if !WITH_ARGUMENT.contains(&letter) {
                self.letters.push(letter);
                continue;
            }
            let glued = &letters[index + letter.len_utf8()..];
            let (argument, takes_next) =
                if glued.is_empty() { (next.unwrap_or_default(), next.is_some()) } else { (glued, false) };
            let argument = argument.to_owned();
            let target = match letter {
                'c' => Some(Target::Code(argument)),
                'm' => Some(Target::Module(argument)),
                'W' => {
                    self.warnings.push(argument);
                    None
                }
                _ => {
                    self.extended.push(argument);
                    None
                }
            };
            return (target, takes_next);
        }
        (None, false)
    }

    fn finish(self, target: Target, rest: Vec<Word>, environment: &BTreeMap<String, String>) -> Options {
        let has = |letter: char| self.letters.contains(letter);
        let is_isolated = has('I');
        let mut options = Options {
            level: u32::try_from(self.letters.matches('O').count()).unwrap_or(u32::MAX),
            cache_prefix: None,
            ignores_environment: is_isolated || has('E'),
            has_no_user_site: is_isolated || has('s'),
            has_no_site: has('S'),
            has_safe_path: is_isolated || has('P'),
            warnings: self.warnings,
            extended: self.extended,
            target,
            unknown: self.unknown,
            rest,
        };
        let variable = |name: &str| options.variable(environment, name);
        let level = Optimization::level_of_environment(variable("PYTHONOPTIMIZE").unwrap_or_default());
        let from_environment = variable("PYTHONPYCACHEPREFIX").map(|it| (it, format!("PYTHONPYCACHEPREFIX={it}")));
        // The first one counts, and one without a value is as good as none at all.
        let own = options.extended.iter().find_map(|option| {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            (name == "pycache_prefix").then(|| (value, format!("-X {option}")))
        });
        let prefix = own.or(from_environment).filter(|(value, _)| !value.is_empty());
        let prefix = prefix.map(|(value, said)| (value.to_owned(), said));
        let is_set = |name: &str| variable(name).is_some();
        let (no_user_site, safe_path) = (is_set("PYTHONNOUSERSITE"), is_set("PYTHONSAFEPATH"));
        options.level = options.level.max(level);
        options.cache_prefix = prefix;
        options.has_no_user_site |= no_user_site;
        options.has_safe_path |= safe_path;
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str, environment: &[(&str, &str)]) -> Options {
        let words: Vec<Word> = line.split(' ').filter(|it| !it.is_empty()).map(Word::known).collect();
        let pairs = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Options::parse(&words, &pairs.collect())
    }

    #[test]
    fn level_and_place_of_bytecode_are_those_of_cpython() {
        // As CPython 3.11 says: `print(sys.flags.optimize, sys.pycache_prefix)`.
        let prefix = [("PYTHONPYCACHEPREFIX", "/env")].as_slice();
        let one = [("PYTHONOPTIMIZE", "1")].as_slice();
        for (line, environment, level, expected) in [
            ("-c x", &[][..], 0, None),
            ("-O -c x", &[], 1, None),
            ("-OOm x", &[], 2, None),
            ("-EsO x.py", &[], 1, None),
            ("-O -O x.py", &[], 2, None),
            ("-OOO x.py", one, 3, None),
            ("x.py -OO", one, 1, None),
            ("-c -O", &[], 0, None),
            ("-E x.py", one, 0, None),
            ("-I x.py", one, 0, None),
            ("-O x.py", &[("PYTHONOPTIMIZE", "2")], 2, None),
            ("-OO x.py", one, 2, None),
            ("-X pycache_prefix=/a -X pycache_prefix=/b x.py", prefix, 0, Some("/a")),
            ("-Xpycache_prefix=/a x.py", &[], 0, Some("/a")),
            ("-OOXpycache_prefix=/q x.py", &[], 2, Some("/q")),
            ("-X pycache_prefix= x.py", prefix, 0, None),
            ("-Xpycache_prefix x.py", prefix, 0, None),
            ("x.py -X pycache_prefix=/a", prefix, 0, Some("/env")),
            ("-W -O x.py", &[], 0, None),
            ("-X -O x.py", &[], 0, None),
            ("--check-hash-based-pycs never -O x.py", &[], 1, None),
            ("-E x.py", prefix, 0, None),
        ] {
            let options = parse(line, environment);
            let found = (options.level, options.cache_prefix.as_ref().map(|(prefix, _)| prefix.as_str()));
            assert_eq!(found, (level, expected), "{line} {environment:?}");
        }
    }

    #[test]
    fn what_is_run_is_the_first_word_that_is_no_option() {
        for (line, expected) in [
            ("-m app --port 1", Target::Module("app".to_owned())),
            ("-Imapp", Target::Module("app".to_owned())),
            ("-c import", Target::Code("import".to_owned())),
            ("-B -X dev app.pyz -m x", Target::File("app.pyz".to_owned())),
            ("-- -odd.py", Target::File("-odd.py".to_owned())),
            ("-", Target::Nothing),
            ("-u", Target::Nothing),
            ("", Target::Nothing),
            ("-m", Target::Module(String::new())),
        ] {
            assert_eq!(parse(line, &[]).target, expected, "{line}");
        }
    }

    #[test]
    fn isolated_is_three_options_in_one() {
        let shown = |line: &str, environment: &[(&str, &str)]| {
            let it = parse(line, environment);
            [it.ignores_environment, it.has_no_user_site, it.has_no_site, it.has_safe_path]
        };
        assert_eq!(shown("-I x", &[]), [true, true, false, true]);
        assert_eq!(shown("-sS x", &[]), [false, true, true, false]);
        assert_eq!(shown("x", &[("PYTHONSAFEPATH", "1"), ("PYTHONNOUSERSITE", "x")]), [false, true, false, true]);
        assert_eq!(shown("-E x", &[("PYTHONSAFEPATH", "1")]), [true, false, false, false]);
        assert_eq!(shown("x", &[("PYTHONSAFEPATH", "")]), [false; 4]);
    }
}
