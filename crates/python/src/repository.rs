//! A repository of git that a distribution comes from, and the commit in it.

use std::fmt;

/// Where a distribution comes from that is built from a repository of git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its address, without `git+`.
    pub url: String,
    /// What is taken of it, as it is written: a commit, a branch or a tag; `None` for whatever it has now.
    pub revision: Option<String>,
    /// The folder of the project in it, relative; `None` for its top.
    pub subdirectory: Option<String>,
}

/// How the addresses of repositories begin; anything else could be a path or a program.
const SCHEMES: [&str; 5] = ["https://", "http://", "ssh://", "git://", "file://"];

impl Repository {
    /// Reads `git+https://host/name.git@REVISION` without its fragment.
    ///
    /// # Errors
    /// Why it is no address of a repository of git, as the end of a sentence about it.
    pub fn parse(text: &str, subdirectory: Option<String>) -> Result<Self, &'static str> {
        let text = text.strip_prefix("git+").ok_or("is not a repository of git")?;
        let scheme = SCHEMES.iter().find(|scheme| text.starts_with(*scheme));
        let scheme = scheme.ok_or("is not an address of git: expected git+https://, git+ssh:// or git+file://")?;
        // A user stands before an `@`, too, but in the host's part.
        let path = text[scheme.len()..].find('/').map_or(text.len(), |at| scheme.len() + at);
        let (url, revision) = match text[path..].rsplit_once('@') {
            Some((head, revision)) => (format!("{}{head}", &text[..path]), Some(revision.to_owned())),
            None => (text.to_owned(), None),
        };
        let is_plain = |text: &str| !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_whitespace);
        if !is_plain(&url) || !revision.as_deref().is_none_or(is_plain) {
            return Err("is not an address of git: it has blanks, or nothing behind `@`");
        }
        match subdirectory.as_deref().is_none_or(is_below) {
            true => Ok(Self { url, revision: revision.filter(|it| it != "HEAD"), subdirectory }),
            false => Err("names a subdirectory that is not below the repository"),
        }
    }

    /// The commit, in full; a branch or a tag may be another one tomorrow.
    pub fn commit(&self) -> Option<&str> {
        let is_commit = |text: &&str| [40, 64].contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        self.revision.as_deref().filter(is_commit)
    }
}

/// Whether a path is relative and stays in its folder.
fn is_below(path: &str) -> bool {
    !path.starts_with(['/', '-']) && !path.contains(['\\', '\0']) && path.split('/').all(|part| part != "..")
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        self.revision.iter().try_for_each(|revision| write!(f, " at {revision}"))?;
        self.subdirectory.iter().try_for_each(|folder| write!(f, ", folder {folder}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_only_a_whole_commit_is_one() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (text, url, revision, is_commit) in [
            ("git+https://h.example/a.git", "https://h.example/a.git", None, false),
            ("git+https://h.example/a.git@main", "https://h.example/a.git", Some("main"), false),
            ("git+https://h.example/a.git@v1.0", "https://h.example/a.git", Some("v1.0"), false),
            ("git+https://h.example/a.git@0123456", "https://h.example/a.git", Some("0123456"), false),
            (&format!("git+ssh://git@h.example/a.git@{commit}"), "ssh://git@h.example/a.git", Some(commit), true),
            ("git+ssh://git@h.example/a.git", "ssh://git@h.example/a.git", None, false),
            (&format!("git+file:///a/b@{commit}"), "file:///a/b", Some(commit), true),
            ("git+https://h.example/a@HEAD", "https://h.example/a", None, false),
        ] {
            let found = Repository::parse(text, None).unwrap_or_else(|why| panic!("{text} {why}"));
            let expected = (url, revision, is_commit);
            assert_eq!((found.url.as_str(), found.revision.as_deref(), found.commit().is_some()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_git_or_leads_out_is_refused() {
        for text in [
            "hg+https://h.example/a",
            "git+git@h.example:a.git",
            "git+ext::sh -c evil",
            "git+https://h.example/a@",
            "git+https://h.example/a@--upload-pack=evil",
            "git+https://h.example/a b",
        ] {
            assert!(Repository::parse(text, None).is_err(), "{text}");
        }
        for folder in ["../x", "a/../../b", "/etc", "-x"] {
            assert!(Repository::parse("git+https://h.example/a", Some(folder.to_owned())).is_err(), "{folder}");
        }
    }
}
