//! A compose file: the command of the service that builds from the folder.
//!
//! Of YAML only what such files are made of is read: keys by their indentation, texts, and lists of texts.

use crate::derive::entry::typed;
use crate::derive::known::Known;
use crate::derive::start::line;
use crate::derive::start::search::{Found, Search};

/// The names of compose files, the first that there is counts (Compose specification, "Compose file").
const FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Whether a file's text is asked for.
pub(super) fn is_read(path: &str) -> bool {
    FILES.contains(&path)
}

/// A service, as far as it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Service {
    name: String,
    /// Whether its image is built from the folder of the file.
    is_built_here: bool,
    /// Whether it publishes ports.
    is_published: bool,
    /// Its command as it is typed.
    command: Option<String>,
}

/// Finds what the compose file of a folder starts: the one service that builds here and names a command, or the one of
/// several that publishes a port.
pub(super) fn find(known: &Known<'_>, search: &mut Search) -> Found {
    let Some(file) = FILES.into_iter().find(|file| known.has(file)) else { return Found::Nothing };
    let mut services = services(known.text(file));
    services.retain(|service| service.is_built_here && service.command.is_some());
    if services.iter().filter(|service| service.is_published).count() == 1 {
        services.retain(|service| service.is_published);
    }
    let mut entries = Vec::new();
    for Service { name, is_published, command, .. } in services {
        let command = command.unwrap_or_default();
        match line::entry(known, format!("the command of `{name}` in {file}"), &command, is_published) {
            Ok(entry) => entries.push(entry),
            Err(reason) => search.passed_over.push(format!("`{command}` of `{name}` in {file}: {reason}")),
        }
    }
    Found::of(entries)
}

/// A line of YAML: how far it is indented, and its text without a comment.
type Line<'t> = (usize, &'t str);

/// The services of a file.
fn services(text: &str) -> Vec<Service> {
    let lines: Vec<Line<'_>> = text.lines().filter_map(line).collect();
    let top = block(&lines, 0, "services");
    let mut services = Vec::new();
    for (name, keys) in mappings(top) {
        let mut service = Service { name: unquoted(name.trim_end_matches(':')), ..Service::default() };
        for (key, below) in mappings(keys) {
            let Some((key, value)) = key.split_once(':').map(|(key, value)| (key.trim(), value.trim())) else {
                continue;
            };
            match key {
                "build" => service.is_built_here = is_here(value, below),
                "ports" => service.is_published = true,
                "command" => service.command = command(value, below),
                _ => {}
            }
        }
        services.push(service);
    }
    services
}

fn line(text: &str) -> Option<Line<'_>> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let text = match text.trim_start().starts_with('#') {
        true => "",
        false => text.split_once(" #").map_or(text, |(text, _)| text).trim(),
    };
    (!text.is_empty()).then_some((indent, text))
}

/// The lines below a key at an indentation.
fn block<'l, 't>(lines: &'l [Line<'t>], indent: usize, key: &str) -> &'l [Line<'t>] {
    let is_key = |line: &Line<'_>| line.0 == indent && line.1.strip_suffix(':') == Some(key);
    let Some(at) = lines.iter().position(is_key) else { return &[] };
    let rest = &lines[at + 1..];
    let end = rest.iter().position(|line| line.0 <= indent).unwrap_or(rest.len());
    &rest[..end]
}

/// The entries of a block, each with its first line and those below it.
fn mappings<'l, 't>(lines: &'l [Line<'t>]) -> Vec<(&'t str, &'l [Line<'t>])> {
    let Some(indent) = lines.first().map(|line| line.0) else { return Vec::new() };
    let mut found = Vec::new();
    let mut rest = lines;
    while let [(_, first), below @ ..] = rest {
        // A list may begin at the indentation of its key.
        let is_next = |line: &Line<'_>| line.0 < indent || line.0 == indent && !line.1.starts_with("- ");
        let end = below.iter().position(is_next).unwrap_or(below.len());
        found.push((*first, &below[..end]));
        rest = &below[end..];
    }
    found
}

/// Whether a service is built from the folder of the file.
fn is_here(value: &str, below: &[Line<'_>]) -> bool {
    let context = below.iter().find_map(|line| line.1.strip_prefix("context:"));
    let context = if value.is_empty() { context.unwrap_or(".") } else { value };
    [".", "./"].contains(&unquoted(context).as_str())
}

/// A command: a text, a text over several lines, or a list of words.
fn command(value: &str, below: &[Line<'_>]) -> Option<String> {
    let items = |items: Vec<&str>| Some(typed(items.into_iter().map(unquoted).collect::<Vec<_>>()));
    if let Some(inside) = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) {
        return items(inside.split(',').collect());
    }
    if value.is_empty() {
        let list: Option<Vec<&str>> = below.iter().map(|line| line.1.strip_prefix("- ")).collect();
        return list.filter(|list| !list.is_empty()).and_then(items);
    }
    let rest = || below.iter().map(|line| line.1).collect::<Vec<_>>().join(" ");
    match value {
        ">" | ">-" | "|" | "|-" => Some(rest()).filter(|text| !text.is_empty()),
        value if below.is_empty() => Some(unquoted(value)),
        value => Some(unquoted(&format!("{value} {}", rest()))),
    }
}

/// A scalar without the quotes around it.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inside = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    match (inside('"'), inside('\'')) {
        (Some(text), _) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        (None, Some(text)) => text.replace("''", "'"),
        (None, None) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn services_have_a_place_and_a_command() {
        let text = "version: '3'\nservices:\n  web: # ours\n    build: .\n    command: gunicorn shop:app -b :8000  # all\n    ports:\n    - \"8000:8000\"\n\n  worker:\n    build:\n      context: ./\n      dockerfile: Dockerfile\n    command: [\"celery\", '-A', shop, worker]\n  job:\n    build: ./job\n    command:\n      - python\n      - \"a b.py\"\n  long:\n    build: .\n    command: >\n      gunicorn\n      shop:app\n  db:\n    image: postgres\nvolumes:\n  data:\n";
        let shown: Vec<String> = services(text)
            .into_iter()
            .map(|it| {
                format!("{} {} {} {}", it.name, it.is_built_here, it.is_published, it.command.unwrap_or_default())
            })
            .collect();
        assert_eq!(
            shown,
            [
                "web true true gunicorn shop:app -b :8000",
                "worker true false celery -A shop worker",
                "job false false python 'a b.py'",
                "long true false gunicorn shop:app",
                "db false false ",
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(services|web|build|command|:|- |\\[|\\]|\"|'| |  |\n|#|é|>){0,40}") {
            let _ = services(&text);
        }
    }
}
