//! `.netrc`: the user's credentials for each machine.

use crate::credentials::Credentials;

/// The entry for a host, else the default one.
pub(super) fn find(text: &str, host: &str) -> Option<Credentials> {
    let mut entries: Vec<(Option<String>, String, Option<String>)> = Vec::new();
    let mut tokens = tokens(text).into_iter();
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "machine" => entries.push((tokens.next(), String::new(), None)),
            "default" => entries.push((None, String::new(), None)),
            "login" | "password" | "account" => {
                let value = tokens.next().unwrap_or_default();
                match (entries.last_mut(), token.as_str()) {
                    (Some(entry), "login") => entry.1 = value,
                    (Some(entry), "password") => entry.2 = Some(value),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let of = |wanted: Option<&str>| entries.iter().find(|(machine, ..)| machine.as_deref() == wanted);
    let (_, login, password) = of(Some(host)).or_else(|| of(None))?;
    Some(Credentials::password(login.as_str(), password.as_deref()?))
}

/// Words, without comments and macros; a word may be in quotes.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (token, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
            };
            if token == "macdef" {
                in_macro = true;
                break;
            }
            tokens.push(token.to_owned());
            rest = after.trim_start();
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_found_before_the_default() {
        let text = "# mine\nmachine index.example login u password p # why\nmacdef init\nmachine evil password x\n\n\
                    machine\n  other.example\n  password \"a b\"\n  login me\nmachine half.example login u\ndefault login d password e\n";
        for (host, expected) in [
            ("index.example", Some(("u", "p"))),
            ("other.example", Some(("me", "a b"))),
            ("half.example", None),
            ("evil", Some(("d", "e"))),
        ] {
            let expected = expected.map(|(user, password)| Credentials::password(user, password));
            assert_eq!(find(text, host), expected, "{host}");
        }
        assert_eq!(find("machine a login b", "c"), None);
        assert_eq!(find("machine", "c"), None);
    }
}
