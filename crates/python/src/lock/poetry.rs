//! poetry.lock: the version of its form, and what is chosen of the newer ones.

mod content_hash;
mod locked;

pub use locked::PoetryLock;

/// The version of a poetry.lock's form: `2.1`; the oldest do not say it.
pub fn poetry_version(text: &str) -> Option<(u32, u32)> {
    let file: toml::Table = text.parse().ok()?;
    let version = file.get("metadata")?.get("lock-version").map_or("1.0", |version| version.as_str().unwrap_or("1.0"));
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_in_the_metadata() {
        for (text, expected) in [
            ("[metadata]\nlock-version = \"2.1\"\n", Some((2, 1))),
            ("[[package]]\nname = 'a'\n[metadata]\nlock-version = \"1.1\"\n", Some((1, 1))),
            ("[metadata]\ncontent-hash = ''\n", Some((1, 0))),
            ("[metadata]\nlock-version = \"new\"\n", None),
            ("no toml [", None),
        ] {
            assert_eq!(poetry_version(text), expected, "{text}");
        }
    }
}
