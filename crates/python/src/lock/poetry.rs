//! poetry.lock: the version of its form, and what is chosen of it.

mod content_hash;
mod locked;
mod parse;
mod roots;

#[cfg(test)]
mod tests;

pub use locked::PoetryLock;

/// The version of a poetry.lock's form: `2.1`; the oldest do not say it.
fn poetry_version(text: &str) -> Option<(u32, u32)> {
    let file: toml::Table = text.parse().ok()?;
    let version = file.get("metadata")?.get("lock-version").map_or("1.0", |version| version.as_str().unwrap_or("1.0"));
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
