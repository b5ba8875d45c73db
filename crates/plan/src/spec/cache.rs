//! `[cache]`: the repository in which machines share what they found out and made.

use shipwheel_oci::{Repository, RepositoryError};

use crate::spec::section::Section;

/// Where a build takes from, and gives to, what machines share; nothing of it reaches the image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheSpec {
    /// The repository that is read before a build.
    pub from: Option<Repository>,
    /// The repository that is written after it.
    pub to: Option<Repository>,
}

const KEYS: &[&str] = &["from", "to"];

pub(super) fn read_cache(top: &Section<'_>) -> CacheSpec {
    let Some(cache) = top.section("cache", KEYS) else { return CacheSpec::default() };
    CacheSpec { from: read_repository(&cache, "from"), to: read_repository(&cache, "to") }
}

fn read_repository(cache: &Section<'_>, key: &str) -> Option<Repository> {
    let text = cache.text(key)?;
    match text.value.parse() {
        Ok(repository) => Some(repository),
        Err(error) => {
            let error: RepositoryError = error;
            cache.report_at(text.span, format!("`{}`: {error}", cache.path(key)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::ImageSpec;

    #[test]
    fn repositories_are_named_without_a_tag_or_a_digest() {
        let parse = |lines: &str| ImageSpec::parse(&format!("[cache]\n{lines}"), "image.toml", None);
        let cache = parse("from = \"registry.example/cache\"").expect("valid").cache;
        assert_eq!(cache.from.map(|from| from.to_string()).as_deref(), Some("registry.example/cache"));
        assert_eq!(cache.to, None);
        for (lines, expected) in [
            ("from = \"Registry/UPPER\"", "image.toml:2: `cache.from`: "),
            (
                "to = \"registry.example/cache:1\"",
                "image.toml:2: `cache.to`: `registry.example/cache:1` names a tag, expected a repository alone: \
                 registry.example/cache",
            ),
            ("to = 1", "image.toml:2: `cache.to` is an integer, expected a string"),
            ("at = \"x\"", "image.toml:2: unknown key `at` in `cache`"),
        ] {
            let error = parse(lines).expect_err(lines).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
