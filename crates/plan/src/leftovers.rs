//! Files in an application's folder that no image should have: of version control, environments, caches and secrets.
//!
//! They are left out unless `app.include` matches them, or `app.sources` names the file or folder itself. A `*` in a
//! name stands for any letters. docs/image-toml.md has the same lists.

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

/// Folders in which tools keep credentials.
pub const CREDENTIAL_FOLDERS: [&str; 8] = [".aws", ".azure", ".gcloud", ".ssh", ".gnupg", ".kube", ".docker", ".oci"];

/// Files with credentials.
pub const CREDENTIALS: [&str; 43] = [
    ".env",
    ".env.*",
    ".envrc",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".npmrc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".dockercfg",
    ".dockerconfigjson",
    ".boto",
    ".s3cfg",
    ".vault-token",
    ".terraformrc",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfvars",
    "secrets.json",
    "secrets.yaml",
    "secrets.yml",
    "secrets.toml",
    "secrets.ini",
    ".secrets.*",
    "credentials.json",
    "client_secret*.json",
    "service-account*.json",
    "service_account*.json",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "id_xmss*",
    "*.ppk",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ovpn",
    ".bash_history",
    ".python_history",
];

/// Files that are left out only if they have a private key: certificates and public keys have the same names.
pub const KEYS: [&str; 5] = ["*.pem", "*.key", "*.p8", "*.asc", "*.gpg"];

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

/// Templates without secrets, public keys, and modules: never left out.
pub const TAKEN: [&str; 6] = [".env.example", ".env.sample", ".env.template", ".env.dist", "*.pub", "*.py"];

/// Whether a folder is left out, by its name.
pub fn is_left_out_folder(name: &str) -> bool {
    [&VERSION_CONTROL[..], &ENVIRONMENTS, &CACHES, &CREDENTIAL_FOLDERS].iter().any(|names| names.contains(&name))
}

/// Whether a file is left out, by its name, whatever it has in it.
pub fn is_left_out_file(name: &str) -> bool {
    let is_litter = [&LITTER[..], &DATABASES, &LOCKS].iter().any(|names| fits_any(names, name));
    is_litter || is_credential(name)
}

/// Whether a file has the name of files with credentials.
pub fn is_credential(name: &str) -> bool {
    fits_any(&CREDENTIALS, name) && !fits_any(&TAKEN, name)
}

/// Whether a file is left out if it has a private key in it.
pub fn is_key(name: &str) -> bool {
    fits_any(&KEYS, name)
}

/// Whether a key is secret unless it says that it is public: it may have a form without a head.
pub fn is_secret_key(name: &str) -> bool {
    fits_any(&["*.key"], name)
}

pub(crate) fn fits_any(patterns: &[&str], name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    patterns.iter().any(|pattern| fits(pattern, &name))
}

/// Whether a name has the parts of a pattern between its `*`, in their order.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return name.ends_with(part);
        }
        match name.split_once(part) {
            Some((_, after)) => name = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_do_not_expect_in_an_image_is_left_out() {
        for name in [
            ".env",
            ".env.local",
            ".ENV",
            ".envrc",
            ".netrc",
            ".pypirc",
            ".npmrc",
            "id_rsa",
            "id_ed25519",
            "id_ed25519_sk",
            "id_rsa.bak",
            ".git",
            ".m.py.swp",
            "m.swp",
            "m.py~",
            "#m.py#",
            ".#m.py",
            ".git-credentials",
            "secrets.json",
            "client_secret_12.json",
            "store.P12",
            "prod.tfstate",
            "prod.tfstate.backup",
            "db.sqlite3",
            "db.sqlite3-wal",
            "dev.db",
        ] {
            assert!(is_left_out_file(name), "{name}");
        }
        for name in [
            ".env.example",
            ".env.sample",
            ".env.template",
            "env",
            "id_rsa.pub",
            "id_rsa_tools.py",
            "m.py",
            "config.json",
            "environ.env.py",
            ".gitignore",
            "data.db",
            "data.sqlite",
            "secrets.py",
            "my_secrets.json",
            "server.key",
            "ca.pem",
            "#",
        ] {
            assert!(!is_left_out_file(name), "{name}");
        }
        assert!(is_left_out_folder(".git") && is_left_out_folder("__pycache__") && is_left_out_folder(".docker"));
        assert!(!is_left_out_folder("git") && !is_left_out_folder("venv"));
        assert!(is_key("server.key") && is_key("A.PEM") && !is_key("key.txt"));
        assert!(is_credential(".env") && !is_credential("m.swp") && !is_credential("db.sqlite3"));
    }

    #[test]
    fn the_documentation_has_the_same_names() {
        let page = include_str!("../../../docs/image-toml.md");
        let rows: Vec<&str> = page.lines().skip_while(|line| *line != "## What is left out").skip(6).collect();
        let lists: [&[&str]; 10] = [
            &VERSION_CONTROL,
            &ENVIRONMENTS,
            &CACHES,
            &CREDENTIAL_FOLDERS,
            &CREDENTIALS,
            &TAKEN,
            &KEYS,
            &DATABASES,
            &LITTER,
            &LOCKS,
        ];
        for (row, names) in rows.iter().zip(lists) {
            // The other kinds of databases are named as what is added.
            let row = row.split("; other").next().unwrap_or(row);
            let documented: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
            assert_eq!(documented, names, "{row}");
        }
    }
}
