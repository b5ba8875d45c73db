//! Files in an application's folder that no image should have: of version control, environments, caches and secrets.
//!
//! They are left out unless `app.include` matches them, or `app.sources` names the file or folder itself.

/// Folders of version control, environments and caches, and folders that hold credentials.
const FOLDERS: [&str; 21] = [
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".bzr",
    "CVS",
    ".venv",
    ".tox",
    ".nox",
    "node_modules",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".cache",
    ".ipynb_checkpoints",
    ".aws",
    ".ssh",
    ".gnupg",
    ".kube",
    ".direnv",
];

/// Files with credentials, or of a file manager. `.git` is a file in a submodule and a worktree.
const FILES: [&str; 9] =
    [".git", ".netrc", "_netrc", ".pypirc", ".npmrc", ".pgpass", ".git-credentials", ".dockercfg", ".DS_Store"];

/// Templates of `.env`, which have no secrets.
const ENV_TEMPLATES: [&str; 4] = [".env.example", ".env.sample", ".env.template", ".env.dist"];

/// Keys of SSH, by the names that `ssh-keygen` gives them.
const SSH_KEYS: [&str; 6] = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"];

/// Whether a folder is left out, by its name.
pub fn is_left_out_folder(name: &str) -> bool {
    FOLDERS.contains(&name)
}

/// Whether a file is left out, by its path below a source, with `/` between parts.
///
/// `derived` says that nobody named the sources: databases of development are left out as well.
pub fn is_left_out_file(path: &str, derived: bool) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_env = name == ".env" || name == ".envrc" || name.starts_with(".env.");
    let is_swap = name.ends_with('~') || (name.starts_with('.') && (name.ends_with(".swp") || name.ends_with(".swo")));
    let is_database = derived && (name.ends_with(".sqlite3") || name.ends_with(".sqlite3-journal"));
    FILES.contains(&name)
        || SSH_KEYS.contains(&name)
        || (is_env && !ENV_TEMPLATES.contains(&name))
        || path == ".docker/config.json"
        || path.ends_with("/.docker/config.json")
        || is_swap
        || is_database
}

/// What a file looks like that should perhaps not be in an image, by its name and its first bytes.
pub fn looks_like_secret(path: &str, head: &[u8]) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let by_name =
        is_left_out_file(path, false) || name.ends_with(".p12") || name.ends_with(".pfx") || name.ends_with(".jks");
    if has_private_key(head) {
        Some("has a private key")
    } else if has_access_key(head) {
        Some("has what looks like an access key of AWS")
    } else if by_name {
        Some("is named as files with credentials are")
    } else {
        None
    }
}

/// A PEM head at the start of a line: `-----BEGIN EC PRIVATE KEY-----`. Code that compares with one has it in quotes.
fn has_private_key(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        line.starts_with(b"-----BEGIN ") && line.ends_with(b"PRIVATE KEY-----")
    })
}

/// `AKIA` or `ASIA` with 16 capitals and digits, as a word.
fn has_access_key(bytes: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut words = bytes.split(|byte| !is_word(byte));
    words.any(|word| {
        word.len() == 20
            && (word.starts_with(b"AKIA") || word.starts_with(b"ASIA"))
            && word.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && !word.ends_with(b"EXAMPLE")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_do_not_expect_in_an_image_is_left_out() {
        for path in [
            ".env",
            "a/.env.local",
            ".envrc",
            ".netrc",
            ".pypirc",
            ".npmrc",
            "a/id_rsa",
            "id_ed25519",
            ".docker/config.json",
            "a/.docker/config.json",
            ".git",
            ".m.py.swp",
            "m.py~",
            ".git-credentials",
        ] {
            assert!(is_left_out_file(path, false), "{path}");
        }
        for path in [
            ".env.example",
            ".env.sample",
            ".env.template",
            "env",
            "id_rsa.pub",
            "m.py",
            "config.json",
            "environ.env.py",
            ".gitignore",
            "db.sqlite3",
        ] {
            assert!(!is_left_out_file(path, false), "{path}");
        }
        assert!(is_left_out_file("db.sqlite3", true) && !is_left_out_file("data.sqlite", true));
        assert!(is_left_out_folder(".git") && is_left_out_folder("__pycache__") && !is_left_out_folder("git"));
    }

    #[test]
    fn secrets_are_seen_by_their_names_and_heads() {
        let key = b"x\n-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n";
        assert_eq!(looks_like_secret("a.txt", key), Some("has a private key"));
        assert_eq!(looks_like_secret("a.py", b"HEAD = '-----BEGIN PRIVATE KEY-----'\n"), None);
        assert_eq!(looks_like_secret("a.pem", b"-----BEGIN CERTIFICATE-----\n"), None);
        let access = b"key = 'AKIAQWERTYUIOPASDFGH'";
        assert_eq!(looks_like_secret("a.py", access), Some("has what looks like an access key of AWS"));
        assert_eq!(looks_like_secret("a.py", b"AKIAIOSFODNN7EXAMPLE XAKIAQWERTYUIOPASDFGH"), None);
        for path in ["a/store.p12", ".env", "x.PFX"] {
            assert_eq!(looks_like_secret(path, b""), Some("is named as files with credentials are"), "{path}");
        }
    }
}
