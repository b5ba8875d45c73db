//! gunicorn's own file of settings: where it listens, which comes before the variable `PORT`.

use std::fmt;

use shipwheel_python::imports::gunicorn_arguments;

use crate::derive::code::{Token, assignment, lines};
use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::start::listener::is_loopback;
use crate::derive::start::variables::PORT;
use crate::derive::start::words;
use crate::shell::program;

/// The file that gunicorn reads by itself in its working directory.
const FILE: &str = "gunicorn.conf.py";

/// Takes in where gunicorn listens, if it is what is started and only its file says so.
pub(super) fn complete(known: &Known<'_>, entry: &mut Entry) {
    let words: Vec<&str> = entry.entrypoint.iter().chain(&entry.cmd).map(String::as_str).collect();
    let is_bound = |words: &[&str]| words.iter().any(|word| word.starts_with("--bind") || word.starts_with("-b"));
    if words.first().map(|first| program(first)) != Some("gunicorn") || is_bound(&words) {
        return;
    }
    let variable = gunicorn_arguments(&entry.env);
    let before: Vec<&str> = variable.iter().map(String::as_str).collect();
    if is_bound(&before) {
        entry.notes.extend(words::loopback_warning(&before));
        entry.env.remove(PORT);
        entry.ports = words::ports(&before).iter().map(ToString::to_string).collect();
        return;
    }
    let file =
        named(&words).or_else(|| named(&before)).unwrap_or(FILE).trim_start_matches("python:").trim_start_matches("./");
    let below = format!("{}/{file}", entry.workdir);
    let path = file.strip_prefix("/app/").unwrap_or(below.trim_start_matches('/'));
    let bound = bind(known.text(path));
    let is_asked = entry.env.contains_key(PORT);
    if let Some(bound) = bound.as_ref().filter(|bound| is_asked && !bound.is_reached()) {
        // Its own file is for a machine where another server is in front of it.
        let Some(port) = entry.ports.first() else { return };
        let address = format!("0.0.0.0:{port}");
        entry.notes.push(format!(
            "{path} binds {bound}, which nothing outside of the container reaches: `--bind` comes before it"
        ));
        entry.cmd.extend(["--bind".to_owned(), address]);
        entry.env.remove(PORT);
        return;
    }
    let Some(Bound::Port(host, port)) = bound else { return };
    entry.notes.push(format!("{path} binds {host}:{port}"));
    if is_loopback(&host) {
        entry.notes.push(format!("warning: nothing outside of the container reaches {host}: name 0.0.0.0 in {path}"));
    }
    entry.env.remove(PORT);
    entry.ports = vec![port.to_string()];
}

/// The file of settings that words name.
fn named<'w>(words: &[&'w str]) -> Option<&'w str> {
    words.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
        Some(("--config" | "-c", file)) => Some(file),
        _ if ["--config", "-c"].contains(word) => words.get(at + 1).copied(),
        _ => None,
    })
}

/// Where gunicorn listens.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bound {
    Port(String, u16),
    /// A socket in the file system.
    Socket(String),
}

impl Bound {
    /// Whether anything outside of the container reaches it.
    fn is_reached(&self) -> bool {
        matches!(self, Self::Port(host, _) if !is_loopback(host))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(host, port) => write!(f, "{host}:{port}"),
            Self::Socket(path) => write!(f, "unix:{path}"),
        }
    }
}

/// The literal `bind = "host:port"` of a file, or the first of a list; the last one counts.
fn bind(text: &str) -> Option<Bound> {
    let lines = lines(text);
    let mut values = lines.iter().filter_map(|line| assignment(&line.tokens).filter(|(name, _)| name == "bind"));
    let (_, value) = values.next_back()?;
    let (Token::Text(text), _) = (value.iter().find(|token| !matches!(token, Token::Mark('[' | '(')))?, value) else {
        return None;
    };
    // A sum is not literal.
    let is_literal = value.len() == 1 || matches!(value.first(), Some(Token::Mark('[')));
    if let Some(path) = text.strip_prefix("unix:").filter(|_| is_literal) {
        return Some(Bound::Socket(path.to_owned()));
    }
    let (host, port) = text.rsplit_once(':').filter(|_| is_literal)?;
    let host = if host.is_empty() { "0.0.0.0" } else { host };
    Some(Bound::Port(host.to_owned(), port.parse().ok().filter(|port| *port > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_bind_says_where_it_listens() {
        for (text, expected) in [
            ("bind = '0.0.0.0:9000'\nworkers = 2\n", Some("0.0.0.0:9000")),
            ("bind = [':8001', '[::1]:8002']", Some("0.0.0.0:8001")),
            ("bind = '1.2.3.4:1'\nbind = \"127.0.0.1:2\"", Some("127.0.0.1:2 alone")),
            ("import os\nbind = '0.0.0.0:' + os.environ.get('PORT', '8000')", None),
            ("bind = f'0.0.0.0:{port}'", None),
            ("bind = 'unix:/run/x.sock'", Some("unix:/run/x.sock alone")),
            ("bind = ['unix:/run/x.sock']", Some("unix:/run/x.sock alone")),
            ("bind = 'unix:' + path", None),
            ("workers = 2", None),
        ] {
            let alone = |bound: &Bound| if bound.is_reached() { "" } else { " alone" };
            let found = bind(text).map(|bound| format!("{bound}{}", alone(&bound)));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
