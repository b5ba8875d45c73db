//! A compose file: the command of the service that builds from the folder.

use crate::derive::known::Known;
use crate::derive::start::line::{self, Platform};
use crate::derive::start::search::{Found, Search};
use crate::derive::start::yaml::{Line, block, command, lines, mappings, unquoted};

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
        let reason = format!("the command of `{name}` in {file}");
        let entry = line::entry(known, reason, &command, Platform::plain(is_published));
        entries.extend(search.taken(&format!("`{command}` of `{name}` in {file}"), entry));
    }
    Found::of(entries)
}

/// The services of a file.
fn services(text: &str) -> Vec<Service> {
    let lines = lines(text);
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

/// Whether a service is built from the folder of the file.
fn is_here(value: &str, below: &[Line<'_>]) -> bool {
    let context = below.iter().find_map(|line| line.1.strip_prefix("context:"));
    let context = if value.is_empty() { context.unwrap_or(".") } else { value };
    [".", "./"].contains(&unquoted(context).as_str())
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
