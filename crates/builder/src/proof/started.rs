//! The commands that a container's command comes to: wrappers taken off, and a shell's text read where all of it runs.

use shipwheel_plan::shell::{Surroundings, Word, assignment, commands};
use shipwheel_python::imports::Command;

/// Programs that only start another one: how many words are theirs, besides options.
const WRAPPERS: [(&str, usize); 9] = [
    ("catatonit", 1),
    ("ddtrace-run", 1),
    ("dumb-init", 1),
    ("exec", 1),
    ("gosu", 2),
    ("newrelic-admin", 2),
    ("opentelemetry-instrument", 1),
    ("su-exec", 2),
    ("tini", 1),
];

/// Their options that take a word.
const WITH_VALUE: [&str; 4] = ["-e", "-p", "-r", "--rewrite"];

const SHELLS: [&str; 4] = ["ash", "bash", "dash", "sh"];

/// What a text has in it, if not each of its commands is sure to run.
const BRANCHES: [&str; 7] = ["||", "|", "$(", "`", "<<", "(", "{"];
const KEYWORDS: [&str; 9] = ["!", "[", "[[", "case", "exit", "for", "if", "until", "while"];

/// The deepest nesting that is followed.
const MAX_DEPTH: usize = 8;

/// The commands that are sure to run, in their order; the command itself where nothing of it is taken off.
pub(super) fn started(command: Command) -> Vec<Command> {
    follow(command, 0)
}

fn follow(command: Command, depth: usize) -> Vec<Command> {
    let unwrapped = unwrapped(command);
    match shell_text(&unwrapped.words).map(str::to_owned) {
        Some(text) if depth < MAX_DEPTH => of_text(&text, &unwrapped, depth),
        Some(_) => Vec::new(),
        None => vec![unwrapped],
    }
}

fn name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Without the programs that only start another one; what their options do beside that is not known.
pub(super) fn unwrapped(mut command: Command) -> Command {
    while let Some(first) = command.words.first().map(|word| name(word).to_owned()) {
        let taken = match WRAPPERS.iter().find(|(wrapper, _)| *wrapper == first) {
            Some((_, own)) => own + options(&command.words[1..]),
            None if first == "env" => {
                let pairs = command.words[1..].iter().map_while(|word| assignment(word));
                let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                let taken = pairs.len() + 1;
                command.env.extend(pairs);
                taken
            }
            None => break,
        };
        match command.words.get(taken) {
            Some(next) if !next.starts_with('-') => drop(command.words.drain(..taken)),
            _ => break,
        }
    }
    command
}

/// How many words are a wrapper's options.
fn options(words: &[String]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
        at += 1 + usize::from(WITH_VALUE.contains(&word.as_str()));
        if word == "--" {
            break;
        }
    }
    at
}

/// The text of `sh -c TEXT`.
fn shell_text(words: &[String]) -> Option<&str> {
    let [shell, option, text, ..] = words else { return None };
    let is_text = option.starts_with('-') && !option.starts_with("--") && option.ends_with('c');
    (SHELLS.contains(&name(shell)) && is_text).then_some(text)
}

fn of_text(text: &str, outer: &Command, depth: usize) -> Vec<Command> {
    let has_branch = BRANCHES.iter().any(|sign| text.contains(sign));
    let has_keyword = text.split(|c: char| c.is_whitespace() || c == ';').any(|word| KEYWORDS.contains(&word));
    if has_branch || has_keyword {
        return Vec::new();
    }
    let surroundings = Surroundings { environment: outer.env.clone(), arguments: Vec::new() };
    let (mut workdir, mut found) = (outer.workdir.clone(), Vec::new());
    for command in commands(text, surroundings) {
        let is_known = |word: &Word| !word.is_unknown;
        let words: Vec<String> =
            command.words.iter().take_while(|word| is_known(word)).map(|it| it.text.clone()).collect();
        match &words[..] {
            [cd, to] if cd == "cd" => {
                workdir = if to.starts_with('/') { to.clone() } else { format!("{workdir}/{to}") }
            }
            _ if words.len() < command.words.len() => {}
            _ => {
                let inner = Command { words, env: command.environment, workdir: workdir.clone() };
                found.extend(follow(inner, depth + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_and_shells_are_taken_off_where_all_is_sure_to_run() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<String>>();
        let sh = |text: &str| vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()];
        let plain = ["/app gunicorn shop.wsgi"].as_slice();
        for (command, expected) in [
            (words("gunicorn shop.wsgi"), plain),
            (words("/usr/bin/tini -g -- gunicorn shop.wsgi"), plain),
            (words("dumb-init gunicorn shop.wsgi"), plain),
            (words("tini -- gosu app env A=1 gunicorn shop.wsgi"), plain),
            (words("ddtrace-run gunicorn shop.wsgi"), plain),
            (words("env -i gunicorn shop.wsgi"), &["/app env -i gunicorn shop.wsgi"]),
            (words("tini"), &["/app tini"]),
            (sh("exec gunicorn shop.wsgi"), plain),
            (sh("cd /srv && exec gunicorn shop.wsgi"), &["/srv gunicorn shop.wsgi"]),
            (sh("python manage.py migrate && gunicorn shop.wsgi"), &["/app python manage.py migrate", plain[0]]),
            (sh("if true; then gunicorn a.b; fi"), &[]),
            (sh("gunicorn a.b || gunicorn c.d"), &[]),
            (sh("gunicorn $(cat x)"), &[]),
        ] {
            let command = Command { words: command.clone(), env: Default::default(), workdir: "/app".to_owned() };
            let found: Vec<String> = started(command.clone())
                .iter()
                .map(|command| format!("{} {}", command.workdir, command.words.join(" ")))
                .collect();
            assert_eq!(found, expected, "{:?}", command.words);
        }
        let command = Command { words: words("env A=1 B=2 python x.py"), ..Command::default() };
        assert_eq!(started(command)[0].env.len(), 2);
    }
}
