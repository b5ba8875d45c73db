//! Variables in a command that an image starts without a shell: what they stand for, where that is known.

use std::collections::BTreeMap;

/// The variable that a platform sets to the port that it chose.
pub(crate) const PORT: &str = "PORT";

/// The command with the values of its variables, the port for `$PORT`, and the defaults of `${NAME:-default}`; whether
/// it asks for the port. What nothing is known of stays, for a shell.
pub(crate) fn replaced(command: &str, port: &str, known: &BTreeMap<String, String>) -> (String, bool) {
    let (mut text, mut rest, mut asks_for_port) = (String::new(), command, false);
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, default, after) = variable(rest);
        match (name, known.get(name), default) {
            (PORT, ..) => {
                asks_for_port = true;
                text.push_str(port);
            }
            (_, Some(value), _) => text.push_str(value),
            (_, None, Some(default)) => text.push_str(default),
            // A shell would know it.
            (_, None, None) => {
                text.push('$');
                continue;
            }
        }
        rest = after;
    }
    text.push_str(rest);
    (text, asks_for_port)
}

/// A variable behind its `$`: its name, its default, and what follows it.
fn variable(text: &str) -> (&str, Option<&str>, &str) {
    if let Some((inside, after)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        return match inside.split_once(":-").or_else(|| inside.split_once('-')) {
            Some((name, default)) => (name, Some(default), after),
            None => (inside, None, after),
        };
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    (&text[..end], None, &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_port_and_defaults_take_the_places_of_variables() {
        let known = BTreeMap::from([("WORKERS".to_owned(), "3".to_owned())]);
        for (command, expected, asks_for_port) in [
            ("gunicorn --bind 0.0.0.0:$PORT a:b", "gunicorn --bind 0.0.0.0:8000 a:b", true),
            ("uvicorn a:b --port ${PORT:-5000}", "uvicorn a:b --port 8000", true),
            ("gunicorn -w ${WEB_CONCURRENCY:-2} a:b", "gunicorn -w 2 a:b", false),
            ("gunicorn -w $WORKERS a:b", "gunicorn -w 3 a:b", false),
            ("gunicorn -w $OTHERS a:b", "gunicorn -w $OTHERS a:b", false),
            ("echo $PORTS $", "echo $PORTS $", false),
            ("echo ${PORT", "echo ${PORT", false),
        ] {
            assert_eq!(replaced(command, "8000", &known), (expected.to_owned(), asks_for_port), "{command}");
        }
    }

    proptest! {
        #[test]
        fn any_command_can_be_read(text in "(\\$|\\{|\\}|PORT|:-|-| |é|\"|'|a){0,20}") {
            let _ = replaced(&text, "1", &BTreeMap::new());
        }
    }
}
