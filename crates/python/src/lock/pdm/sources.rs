//! `[[tool.pdm.source]]` of a pyproject.toml: where PDM looks for the files of a lock.
//!
//! Certificates are checked whatever `verify_ssl` says, and since hashes choose the files, the packages that a source is
//! restricted to (`include_packages`, `exclude_packages`) change nothing but what is asked.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The name of the source that takes the place of the usual index.
const USUAL: &str = "pypi";

/// The lines of requirements that say the same, in the order of the file: PDM takes all sources for equal unless it is told
/// to respect their order, which is this one.
pub(super) fn lookups(pyproject: &str) -> Vec<String> {
    let Ok(file) = pyproject.parse::<toml::Table>() else { return Vec::new() };
    let sources = file.get("tool").and_then(|tool| tool.get("pdm")?.get("source")?.as_array());
    sources.into_iter().flatten().filter_map(lookup).collect()
}

/// What stands as it is in a line: blanks and `#` would end the address.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

fn lookup(source: &toml::Value) -> Option<String> {
    let text = |key: &str| source.get(key).and_then(toml::Value::as_str).filter(|text| !text.is_empty());
    let url = with_login(text("url")?, text("username"), text("password"));
    let option = match (text("type"), text("name")) {
        (Some("find_links"), _) => "--find-links",
        (_, Some(USUAL)) => "--index-url",
        _ => "--extra-index-url",
    };
    // What is on this machine is looked for by its address alone: a path would be another one for everybody.
    let is_usable = is_word(&url) && (option != "--find-links" || url.contains("://"));
    is_usable.then(|| format!("{option} {url}"))
}

/// An address with a login, unless it has one; a variable (`${NAME}`) stays one.
fn with_login(url: &str, username: Option<&str>, password: Option<&str>) -> String {
    let escaped = |text: &str| match text.contains("${") {
        true => text.to_owned(),
        false => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
    };
    let parts = url.split_once("://").filter(|(_, rest)| !rest.split('/').next().unwrap_or_default().contains('@'));
    match (parts, username) {
        (Some((scheme, rest)), Some(username)) => {
            let password = password.map(|password| format!(":{}", escaped(password))).unwrap_or_default();
            format!("{scheme}://{}{password}@{rest}", escaped(username))
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_become_lines_in_their_order() {
        for (sources, expected) in [
            ("", &[][..]),
            (
                "[[tool.pdm.source]]\nname = 'pypi'\nurl = 'https://a.example/simple'\n",
                &["--index-url https://a.example/simple"],
            ),
            (
                "[[tool.pdm.source]]\nname = 'own'\nurl = 'https://${USER}:${WORD}@b.example/'\nverify_ssl = false\n\
                 [[tool.pdm.source]]\nname = 'a'\nurl = 'https://a.example/'\ninclude_packages = ['x']\n\
                 [[tool.pdm.source]]\nname = 'w'\ntype = 'find_links'\nurl = 'https://c.example/'\n",
                &[
                    "--extra-index-url https://${USER}:${WORD}@b.example/",
                    "--extra-index-url https://a.example/",
                    "--find-links https://c.example/",
                ],
            ),
            (
                "[[tool.pdm.source]]\nurl = 'https://a.example/'\nusername = 'me'\npassword = 'p@ss'\n\
                 [[tool.pdm.source]]\nurl = 'https://b.example/'\nusername = '${ME}'\npassword = '${WORD}'\n\
                 [[tool.pdm.source]]\nurl = 'https://u@c.example/'\nusername = 'me'\n",
                &[
                    "--extra-index-url https://me:p%40ss@a.example/",
                    "--extra-index-url https://${ME}:${WORD}@b.example/",
                    "--extra-index-url https://u@c.example/",
                ],
            ),
            ("[[tool.pdm.source]]\nname = 'a'\n[[tool.pdm.source]]\nurl = \"https://a/\\n-e .\"\n", &[]),
            ("[tool.pdm]\nsource = 3\n", &[]),
            ("no toml [", &[]),
        ] {
            assert_eq!(lookups(sources), expected, "{sources}");
        }
    }
}
