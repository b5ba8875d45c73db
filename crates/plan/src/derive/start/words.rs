//! What the words of a command say about where it listens.

use crate::derive::start::listener::is_loopback;

/// Flags whose value is a port, or an address with one.
const FLAGS: [&str; 10] =
    ["-b", "-p", "--bind", "--http", "--http-socket", "--listen", "--port", "--server.port", "--web-port", "-P"];

/// Flags whose value is a host.
const HOSTS: [&str; 6] = ["-h", "--address", "--host", "--server.address", "--web-host", "-H"];

/// The ports that a command names, in its order.
pub(crate) fn ports<S: AsRef<str>>(words: &[S]) -> Vec<u16> {
    let mut ports = Vec::new();
    let values = values(words, &FLAGS);
    // `manage.py runserver 0.0.0.0:8000`.
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let after = words.iter().position(|word| *word == "runserver").map(|at| &words[at + 1..]).unwrap_or_default();
    for text in values.into_iter().chain(after.iter().copied().filter(|word| !word.starts_with('-'))) {
        let port = text.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).filter(|port| *port > 0);
        if let Some(port) = port.filter(|port| !ports.contains(port)) {
            ports.push(port);
        }
    }
    ports
}

/// Whether a command names the loopback interface, which nothing outside of the container reaches.
fn names_loopback<S: AsRef<str>>(words: &[S]) -> bool {
    let hosts = values(words, &HOSTS).into_iter();
    let addresses = values(words, &FLAGS).into_iter().chain(words.iter().map(AsRef::as_ref));
    let of_address = |text: &str| text.rsplit_once(':').is_some_and(|(host, _)| is_loopback(host));
    hosts.into_iter().any(is_loopback) || addresses.into_iter().any(of_address)
}

/// What to say of a command that names the loopback interface.
pub(crate) fn loopback_warning<S: AsRef<str>>(words: &[S]) -> Option<String> {
    let text = "warning: it listens on 127.0.0.1, which nothing outside of the container reaches: name 0.0.0.0";
    names_loopback(words).then(|| text.to_owned())
}

/// The values of some flags, each in a word of its own, behind `=`, or behind a short flag at once.
fn values<'w, S: AsRef<str>>(words: &'w [S], flags: &[&str]) -> Vec<&'w str> {
    let mut values = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let word = word.as_ref();
        match word.split_once('=') {
            Some((flag, value)) if flags.contains(&flag) => values.push(value),
            _ if flags.contains(&word) => values.extend(words.get(at + 1).map(AsRef::as_ref)),
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_command_say_where_it_listens() {
        for (command, expected, is_loopback) in [
            ("uvicorn main:app --host 0.0.0.0 --port 8000", &[8000][..], false),
            ("gunicorn -b 127.0.0.1:9000 app:app", &[9000], true),
            ("gunicorn --bind=:5000 --bind [::1]:5001 app:app", &[5000, 5001], true),
            ("python3 manage.py runserver 0.0.0.0:8080 --noreload", &[8080], false),
            ("python3 manage.py runserver", &[], false),
            ("streamlit run a.py --server.port=8501 --server.address localhost", &[8501], true),
            ("gunicorn app:app", &[], false),
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            assert_eq!((&ports(&words)[..], names_loopback(&words)), (expected, is_loopback), "{command}");
        }
    }
}
