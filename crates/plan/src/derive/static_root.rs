//! Where Django's collectstatic puts its files: `STATIC_ROOT`, as far as the settings say it plainly.

use crate::derive::known::Known;

/// The path of `STATIC_ROOT` below the folder that is derived, where one module of settings says it.
pub(super) fn static_root(known: &Known<'_>) -> Option<String> {
    let settings =
        known.folder.texts.iter().filter(|(path, _)| {
            path.ends_with(".py") && path.rsplit('/').take(2).any(|part| part.starts_with("settings"))
        });
    let mut roots: Vec<String> = settings.filter_map(|(path, text)| of_settings(path, text)).collect();
    roots.dedup();
    if let [root] = &roots[..] { Some(root.clone()) } else { None }
}

/// The same for the text of one module at a path.
fn of_settings(path: &str, text: &str) -> Option<String> {
    let value = assigned(text, "STATIC_ROOT")?;
    let (name, below) = joined(value)?;
    let folder = match name {
        Some(name) => above(path, assigned(text, name)?)?,
        None => String::new(),
    };
    let parts = folder.split('/').chain(below.iter().flat_map(|part| part.split('/'))).filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    let is_plain = !parts.is_empty() && parts.iter().all(|part| *part != ".." && *part != ".");
    is_plain.then(|| parts.join("/"))
}

/// What a name is set to at the top level, in one line.
fn assigned<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut values = text.lines().filter_map(|line| {
        let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
        let value = value.split(" #").next()?.trim();
        (!value.starts_with('=')).then_some(value)
    });
    values.next_back()
}

/// `BASE_DIR / "static"`, `os.path.join(BASE_DIR, "static")`, `"static"`: the name that it begins with, and the texts.
fn joined(value: &str) -> Option<(Option<&str>, Vec<&str>)> {
    const CALLS: [&str; 7] = ["Path", "join", "os.fspath", "os.path.join", "path.join", "pathlib.Path", "str"];
    let (mut name, mut texts, mut rest) = (None, Vec::new(), value.trim_start());
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => {
                let end = rest[1..].find(first)? + 2;
                texts.push(&rest[1..end - 1]);
                end
            }
            '(' | ')' | ',' | '/' => 1,
            _ => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
                let word = rest[..end].strip_suffix(".joinpath").unwrap_or(&rest[..end]);
                match word {
                    "" => return None,
                    _ if CALLS.contains(&word) => {}
                    _ if name.is_none() && texts.is_empty() => name = Some(word),
                    _ => return None,
                }
                end
            }
        };
        rest = rest[end..].trim_start();
    }
    (!texts.is_empty() && !texts.iter().any(|text| text.starts_with('/'))).then_some((name, texts))
}

/// The folder that `Path(__file__).resolve().parent.parent` is for a module at a path.
fn above(path: &str, value: &str) -> Option<String> {
    if !value.contains("__file__") {
        return None;
    }
    let count = value.matches(".parent").count() + value.matches("dirname(").count();
    let mut parts: Vec<&str> = path.split('/').collect();
    let left = parts.len().checked_sub(count.max(1))?;
    parts.truncate(left);
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_settings_say_plainly_is_a_path_below_the_folder() {
        let base = "BASE_DIR = Path(__file__).resolve().parent.parent\n";
        for (path, text, expected) in [
            ("shop/settings.py", "STATIC_ROOT = BASE_DIR / 'static'", Some("static")),
            ("shop/settings.py", "STATIC_ROOT = str(BASE_DIR / \"build\" / \"static/\")  # here", Some("build/static")),
            ("shop/settings.py", "STATIC_ROOT = os.path.join(BASE_DIR, 'staticfiles')", Some("staticfiles")),
            ("shop/settings.py", "STATIC_ROOT = BASE_DIR.joinpath(\"a\", \"b\")", Some("a/b")),
            ("back/shop/settings.py", "STATIC_ROOT = BASE_DIR / 'static'", Some("back/static")),
            ("config/settings/base.py", "STATIC_ROOT = BASE_DIR / 'static'", Some("config/static")),
            ("shop/settings.py", "STATIC_ROOT = 'static/'", Some("static")),
            ("shop/settings.py", "STATIC_ROOT = '/var/www/static'", None),
            ("shop/settings.py", "STATIC_ROOT = env('STATIC_ROOT', default='x')", None),
            ("shop/settings.py", "STATIC_ROOT = BASE_DIR / '../static'", None),
            ("shop/settings.py", "STATIC_ROOT = BASE_DIR", None),
            ("shop/settings.py", "STATIC_URL = '/static/'", None),
            ("shop/settings.py", "STATIC_ROOT = BASE_DIR / 'open", None),
        ] {
            let found = of_settings(path, &format!("{base}{text}\n"));
            assert_eq!(found.as_deref(), expected, "{path}: {text}");
        }
        let old = "BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\nSTATIC_ROOT = os.path.join(BASE_DIR, 'x')\n";
        assert_eq!(of_settings("shop/settings.py", old).as_deref(), Some("x"));
    }
}
