//! Names of files and folders with credentials, by what makes them.
//!
//! `*` stands for any letters, and `{a,b}` for one of some words. docs/image-toml.md has the same lists.

use super::names::fits_any;

/// Folders in which tools keep credentials; of two names, the first is the folder above.
pub const CREDENTIAL_FOLDERS: [&str; 32] = [
    ".aws",
    ".azure",
    ".gcloud",
    ".ssh",
    ".gnupg",
    ".kube",
    ".docker",
    ".oci",
    ".cargo",
    ".gem",
    ".kaggle",
    ".huggingface",
    ".password-store",
    ".envs",
    ".secrets",
    ".config/gcloud",
    ".config/gh",
    ".config/containers",
    ".config/rclone",
    ".config/pip",
    ".local/share/keyrings",
    ".subversion",
    ".m2",
    ".gradle",
    ".composer",
    ".jupyter",
    ".ipython",
    ".pulumi",
    ".config/composer",
    ".config/pypoetry",
    ".config/doctl",
    ".config/sops",
];

/// Folders whose files are secrets, as of Docker's own examples; unless they are packages, whose names may be these.
pub const SECRET_FOLDERS: [&str; 5] = ["secrets", "secret", "credentials", "creds", ".credentials"];

/// Variables of an environment.
pub const VARIABLES: [&str; 5] =
    [".env", ".env{.,-,_}*", ".envrc*", "*.env", "env.{local,dev,development,test,stage,staging,prod,production}*"];

/// Files that say by their names that they hold secrets.
pub const SECRETS: [&str; 16] = [
    "secrets.{json,yaml,yml,toml,ini,cfg,conf,txt,xml,properties}",
    "secrets{.,-,_}*.{json,yaml,yml,toml,ini,cfg,conf}",
    "*{.,-,_}secrets.{json,yaml,yml,toml,ini,cfg,conf}",
    "secret.{json,yaml,yml,toml,ini}",
    ".secrets",
    ".secrets.*",
    "credentials",
    "*credentials.{json,csv,yaml,yml,toml,ini,cfg,xml,db,properties}",
    ".secret",
    ".token",
    ".passwd",
    "*.{secret,token,passwd}",
    "{password,passwd,passphrase}{,s}.txt",
    "{.,}{api,secret,access}{-,_,}key{,s}{,.txt}",
    "{.,}{github,gitlab,gh,access,auth,api,bot}{-,_}token{,s}{,.txt}",
    "cookies.txt",
];

/// Keys and logins of clouds and of what deploys to them.
pub const CLOUDS: [&str; 34] = [
    "*service{-,_,}account*.json",
    "*firebase{-,_,}adminsdk*.json",
    "{gcp,gcloud,google,bigquery,firestore,firebase,sa}{-,_,}key*.json",
    "application_default_credentials*.json",
    "client{-,_,}secret*.json",
    "gha-creds-*.json",
    "rootkey.csv",
    "*accesskeys.csv",
    "token.{pickle,pkl}",
    "access_tokens.db",
    "kubeconfig*",
    "*.kubeconfig",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfvars",
    "*.tfvars.json",
    ".terraformrc",
    "terraform.rc",
    ".vault-token",
    ".vault{-,_}pass*",
    "vault{-,_}pass{,wd,word}{,.txt}",
    ".s3cfg",
    ".boto",
    ".passwd-s3fs",
    ".rclone.conf",
    "rclone.conf",
    ".databrickscfg",
    ".kaggle.json",
    "kaggle.json",
    ".dockercfg",
    ".dockerconfigjson",
    ".ovhrc",
    ".snowsql",
    "*.publishsettings",
];

/// Logins of programs: indexes, databases, mail, file transfer, messengers (Telethon and Pyrogram keep a `.session`).
pub const LOGINS: [&str; 32] = [
    ".netrc",
    "_netrc",
    ".authinfo*",
    ".pypirc",
    ".npmrc",
    ".yarnrc.yml",
    ".git-credentials",
    ".gitcookies",
    ".pgpass*",
    "pgpass.conf",
    ".my.cnf",
    ".mylogin.cnf",
    ".pg_service.conf",
    ".htpasswd*",
    "htpasswd",
    ".smbcredentials",
    ".ftpconfig",
    "sftp{-,_,}config.json",
    ".msmtprc",
    ".fetchmailrc",
    ".ansible_vault*",
    ".*_history",
    ".lesshst",
    ".viminfo",
    ".rhosts",
    ".htdigest",
    "*.session",
    "*.session-journal",
    ".sentryclirc",
    ".curlrc",
    ".wgetrc",
    ".wakatime.cfg",
];

/// Private keys, and stores of keys and passwords, in forms that have nothing public.
pub const KEYSTORES: [&str; 14] = [
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "id_xmss*",
    "*.ppk",
    "*.{p12,pfx,pkcs12}",
    "*.{jks,jceks,keystore}",
    "*.keytab",
    "*.kdbx",
    "*.ovpn",
    "*.agekey",
    "*.keychain{,-db}",
    "ssh_host_*_key",
];

/// Templates without secrets, public keys, modules and texts: never left out.
pub const TAKEN: [&str; 7] = [
    "*.{example,sample,template,tmpl,tpl,dist}",
    "{example,sample,template}.env",
    "*.env.{example,sample,template,dist}*",
    "*.{j2,jinja,jinja2}",
    "*.pub",
    "*.{py,pyi,pyx}",
    "*.{md,rst,html}",
];

/// Settings that are left out only if they have a login: most have none, or the application is told by one.
pub const SETTINGS: [&str; 16] = [
    "auth.{json,toml}",
    "token{,s}.json",
    "*{-,_}token{,s}.json",
    "pip.{conf,ini}",
    "uv.toml",
    ".condarc",
    ".yarnrc",
    "nuget.config",
    "settings.xml",
    "hosts.yml",
    "*key{,s,file}.json",
    "sa.json",
    "*{-,_}sa.json",
    "{.,}mcp.json",
    "profiles.yml",
    "wg*.conf",
];

/// Settings that the application may need: a login in them is warned of.
pub const WARNED: [&str; 2] = [".flaskenv", "config.{json,yaml,yml,toml,ini}"];

/// What follows the name of a file in the name of a copy of it.
const COPIES: [&str; 7] = [".bak", ".backup", ".orig", ".old", ".save", ".copy", "~"];

/// Whether a file has the name of files with credentials, or of a copy of one.
pub fn is_credential(name: &str) -> bool {
    let lists = [&VARIABLES[..], &SECRETS, &CLOUDS, &LOGINS, &KEYSTORES];
    !fits_any(&TAKEN, name) && fits_original(name, |name| lists.iter().any(|names| fits_any(names, name)))
}

/// Whether a file is in a folder of secrets; modules, templates and texts are not secrets themselves.
///
/// `is_package` tells whether a folder, by its path, is a package.
pub fn is_in_secret_folder(path: &str, is_package: impl Fn(&str) -> bool) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
    let is_secret = |folder: &&str| fits_any(&SECRET_FOLDERS, folder.rsplit('/').next().unwrap_or(folder));
    !fits_any(&TAKEN, name) && folders.filter(is_secret).any(|folder| !is_package(folder))
}

/// Whether a file is left out if it has a login in it.
pub fn is_settings(name: &str) -> bool {
    fits_original(name, |name| fits_any(&SETTINGS, name))
}

/// Whether a login in a file is warned of.
pub fn is_warned(name: &str) -> bool {
    fits_original(name, |name| fits_any(&WARNED, name))
}

/// Whether a name fits, or that of the file which it is a copy of.
pub(super) fn fits_original(name: &str, fits: impl Fn(&str) -> bool) -> bool {
    let original = original(name);
    fits(name) || (original != name && !fits_any(&TAKEN, &original) && fits(&original))
}

/// The name that a copy was made of: `a.b` of `a.b.bak`, `a.b~`, `a.b.old.2`, `a (1).b` and `Copy of a.b`.
fn original(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let is_end = |at: usize| !lower[at..].starts_with(|next: char| next.is_ascii_alphabetic());
    let marked = |mark: &&str| lower.match_indices(*mark).find(|(at, _)| *at > 0 && is_end(at + mark.len()));
    let end = COPIES.iter().filter_map(marked).map(|(at, _)| at).min();
    let name = lower[..end.unwrap_or(lower.len())].trim_start_matches("copy of ");
    let (stem, extension) = name.split_at(name.rfind('.').filter(|at| *at > 0).unwrap_or(name.len()));
    let counted = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once('('));
    let stem =
        counted.filter(|(_, count)| count.bytes().all(|byte| byte.is_ascii_digit())).map_or(stem, |(stem, _)| stem);
    let stem = stem.trim_end().trim_end_matches("copy").trim_end_matches([' ', '-']);
    if stem.is_empty() { name.to_owned() } else { format!("{stem}{extension}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_credentials_are_known_by_their_names() {
        for name in [
            ".env .ENV .env.local .env-prod .envrc .envrc.local prod.env secrets.env env.production env.prod.2",
            "secrets.json secrets.yaml secrets.prod.yml my_secrets.json prod-secrets.toml .secrets.toml secret.yaml",
            "credentials credentials.json credentials.csv credentials.toml new_user_credentials.csv",
            "gcp-credentials.json serviceAccountKey.json service-account.json my-service-account-prod.json sa_key.json",
            "app-firebase-adminsdk-x1y2z-0123456789.json gcp-key.json gcp_key_prod.json rootkey.csv u_accessKeys.csv",
            "application_default_credentials.json client_secret_12.apps.json clientsecret.json token.pickle",
            "kubeconfig prod.kubeconfig kubeconfig.yaml terraform.tfvars terraform.tfvars.json x.tfstate x.tfstate.backup",
            ".vault_pass .vault_pass.txt vault-password.txt .vault-token .s3cfg .boto kaggle.json .dockercfg",
            ".netrc _netrc .pypirc .npmrc .git-credentials .pgpass .my.cnf .htpasswd .bash_history .psql_history",
            "id_rsa id_ed25519 id_ed25519_sk id_rsa.bak store.P12 store.pfx a.pkcs12 a.jks krb5.keytab a.kdbx",
            "gha-creds-0123456789abcdef.json password.txt passwords.txt api_key.txt secret_key .api-key access-keys.txt",
            "db.passwd github_token.txt .gh_token auth-token bot_token.txt app.secret a.token cookies.txt .sentryclirc",
            "credentials.json.bak credentials.json~ secrets.yaml.orig .env.bak credentials.old.2 .netrc.save",
        ]
        .iter()
        .flat_map(|names| names.split(' '))
        .chain(["credentials (1).json", "Copy of credentials.json", "credentials - Copy.json", "credentials copy.json"])
        {
            assert!(is_credential(name), "{name}");
        }
    }

    #[test]
    fn templates_modules_and_what_only_sounds_alike_are_not_credentials() {
        for name in [
            ".env.example .env.sample .env.template .env.dist example.env .env.prod.example env env.json env.d.ts",
            "secrets.py secrets.html secrets.md my_secrets.py.bak credentials.py credentials.js id_rsa.pub id_rsa_tools.py",
            "service_account.py accounts.json environ.env.py token.json tokenizer.json tokens.txt .gitignore config.json auth.json",
            "secretsmanager.json secretariat.json keys.json kubeconfig.j2 credentials.json.example vault.py m.swp",
            "api_keys.json secret_key.pub key.txt keys.txt token.txt tokens auth_token_test.txt tokens.token.txt passwords",
            "copy.json old.py server.older.pem history .history.py db.sqlite3 cacert.pem server.crt",
        ]
        .iter()
        .flat_map(|names| names.split(' '))
        {
            assert!(!is_credential(name), "{name}");
        }
        assert!(is_settings("auth.json") && is_settings("pip.conf") && is_settings("gmail_token.json.bak"));
        assert!(is_settings("gcp-sa.json") && is_settings("keyfile.json") && !is_settings("visa.json"));
        assert!(!is_settings("tokenizer.json") && is_warned(".flaskenv") && !is_warned("flaskenv"));
        assert!(is_warned("config.json") && !is_warned("config.py"));
    }

    #[test]
    fn files_in_folders_of_secrets_are_secrets_unless_the_folder_is_code() {
        for (path, expected) in [
            ("secrets/db_password", true),
            ("Secrets/db_password.txt", true),
            ("deploy/secrets/prod/token.bin", true),
            (".credentials/a.json", true),
            ("creds/key", true),
            ("secrets/README.md", false),
            ("secrets/vault.py", false),
            ("secrets/db.json.example", false),
            ("pkg/secrets/words.txt", false),
            ("pkg/secrets/secrets/words.txt", true),
            ("my_secrets/x", false),
            ("secrets", false),
        ] {
            assert_eq!(is_in_secret_folder(path, |folder| folder == "pkg/secrets"), expected, "{path}");
        }
        assert!(is_credential("bot.session") && is_credential("anon.session-journal") && !is_credential("session.py"));
    }

    #[test]
    fn copies_are_told_from_what_has_their_letters() {
        for (name, expected) in [
            ("a.json.bak", "a.json"),
            ("a.json.bak-2", "a.json"),
            ("a.bakery", "a.bakery"),
            ("a~", "a"),
            ("~", "~"),
            (".bak", ".bak"),
            ("a (12).json", "a.json"),
            ("a (b).json", "a (b).json"),
            ("(1).json", "(1).json"),
            ("copy.json", "copy.json"),
            ("é.old", "é"),
        ] {
            assert_eq!(original(name), expected, "{name}");
        }
    }
}
