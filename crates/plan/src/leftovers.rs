//! Files in an application's folder that no image should have: of version control, environments, caches and secrets.
//!
//! They are left out unless `app.include` matches them, or `app.sources` names the file or folder itself. A `*` in a
//! name stands for any letters, and `{a,b}` for one of some words. docs/image-toml.md has the same lists.

mod credentials;
mod names;

use credentials::{CREDENTIAL_FOLDERS, fits_original};
pub use credentials::{is_credential, is_in_secret_folder, is_settings, is_warned};
pub(crate) use names::fits_any;

/// Folders of version control; in a submodule and a worktree, `.git` is a file.
pub const VERSION_CONTROL: [&str; 8] = [".git", ".hg", ".svn", ".jj", ".bzr", ".pijul", "_darcs", "CVS"];

/// Folders with environments and installed packages. A folder with a pyvenv.cfg is one as well.
pub const ENVIRONMENTS: [&str; 6] = [".venv", ".tox", ".nox", ".direnv", "node_modules", "__pypackages__"];

/// Folders with what tools made.
pub const CACHES: [&str; 10] = [
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".pytype",
    ".cache",
    ".ipynb_checkpoints",
    ".terraform",
    ".vagrant",
];

/// Files that are left out only if they have a private key: certificates and public keys have the same names.
pub const KEYS: [&str; 9] = ["*.pem", "*.key", "*.p8", "*.pk8", "*.der", "*.asc", "*.gpg", "*.priv", "*.private"];

/// Databases of development. Others, such as `*.db` and `*.sqlite`, are often data that an application reads.
pub const DATABASES: [&str; 12] = [
    "*.sqlite3",
    "*.sqlite3-journal",
    "*.sqlite3-shm",
    "*.sqlite3-wal",
    "*.db-journal",
    "*.db-shm",
    "*.db-wal",
    "dev.db",
    "development.db",
    "local.db",
    "test.db",
    "dump.rdb",
];

/// Locks that a build keeps beside what it locked: the second build would find another folder than the first one.
pub const LOCKS: [&str; 1] = ["*.lock.txt"];

/// What editors and file managers leave behind.
pub const LITTER: [&str; 8] = [".git", "*~", "#*#", ".#*", "*.swp", "*.swo", ".ds_store", "thumbs.db"];

/// Folders of editors: their settings, with what they remember of servers and databases.
pub const EDITORS: [&str; 4] = [".idea", ".vscode", ".vs", ".fleet"];

/// Whether a folder is left out, by the last parts of its path.
pub fn is_left_out_folder(path: &str) -> bool {
    let lists = [&VERSION_CONTROL[..], &ENVIRONMENTS, &CACHES, &EDITORS, &CREDENTIAL_FOLDERS];
    let ends = |name: &str| path.strip_suffix(name).is_some_and(|above| above.is_empty() || above.ends_with('/'));
    lists.iter().any(|names| names.iter().any(|name| ends(name)))
}

/// Whether one of the folders of a path is left out.
pub fn is_in_left_out_folder(path: &str) -> bool {
    path.match_indices('/').any(|(at, _)| is_left_out_folder(&path[..at]))
}

/// Whether a file is left out, by its name, whatever it has in it.
pub fn is_left_out_file(name: &str) -> bool {
    let is_litter = [&LITTER[..], &DATABASES, &LOCKS].iter().any(|names| fits_any(names, name));
    is_litter || is_credential(name)
}

/// Whether a file is left out if it has a private key in it.
pub fn is_key(name: &str) -> bool {
    fits_original(name, |name| fits_any(&KEYS, name))
}

/// Whether a key is secret unless it says that it is public: it may have a form without a head.
pub fn is_secret_key(name: &str) -> bool {
    fits_original(name, |name| fits_any(&["*.key", "*.priv", "*.private"], name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_do_not_expect_in_an_image_is_left_out() {
        for name in [".env", "id_rsa", ".git", ".m.py.swp", "m.swp", "m.py~", "#m.py#", ".#m.py", "db.sqlite3-wal"] {
            assert!(is_left_out_file(name), "{name}");
        }
        for name in ["env", "m.py", "config.json", ".gitignore", "data.db", "data.sqlite", "server.key", "ca.pem", "#"]
        {
            assert!(!is_left_out_file(name), "{name}");
        }
        for folder in [".git", "__pycache__", "/home/a/.docker", ".idea", "x/.config/gcloud"] {
            assert!(is_left_out_folder(folder), "{folder}");
        }
        for folder in ["git", "venv", "x.git", ".config", "gcloud", "my.config/gcloud", ""] {
            assert!(!is_left_out_folder(folder), "{folder}");
        }
        assert!(is_in_left_out_folder("a/.config/gcloud/x/y") && !is_in_left_out_folder("a/.git"));
        assert!(is_key("server.key") && is_key("A.PEM") && is_key("server.key.bak") && !is_key("key.txt"));
        assert!(is_secret_key("a.key.old") && !is_secret_key("a.pem"));
    }

    #[test]
    fn the_documentation_has_the_same_names() {
        let page = include_str!("../../../docs/image-toml.md");
        let rows: Vec<&str> = page.lines().skip_while(|line| *line != "## What is left out").skip(6).collect();
        let lists: [&[&str]; 16] = [
            &VERSION_CONTROL,
            &ENVIRONMENTS,
            &CACHES,
            &EDITORS,
            &CREDENTIAL_FOLDERS,
            &credentials::SECRET_FOLDERS,
            &credentials::VARIABLES,
            &credentials::SECRETS,
            &credentials::CLOUDS,
            &credentials::LOGINS,
            &credentials::KEYSTORES,
            &credentials::SETTINGS,
            &credentials::TAKEN,
            &KEYS,
            &DATABASES,
            &LITTER,
        ];
        for (row, names) in rows.iter().zip(lists) {
            // The other kinds of databases are named as what is added.
            let row = row.split("; other").next().unwrap_or(row);
            let documented: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
            assert_eq!(documented, names, "{row}");
        }
        assert!(rows[lists.len()].contains(&format!("`{}`", LOCKS[0])));
    }
}
