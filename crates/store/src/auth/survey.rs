//! Looks at the files of logins without asking anybody.

use std::path::PathBuf;

use super::docker_config::DockerConfig;
use super::login_file::LoginFile;
use super::logins::{CredentialSources, describe, read};

impl CredentialSources {
    /// The files that are there, most important first. No helper is asked.
    pub fn survey(&self) -> Vec<LoginFile> {
        let file = |path: &PathBuf| {
            let logins = match read(path) {
                Ok(None) => return None,
                Ok(Some(bytes)) => {
                    DockerConfig::parse(&bytes).map(|config| config.logins()).map_err(|error| describe(&error))
                }
                Err(error) => Err(error.to_string()),
            };
            Some(LoginFile { path: path.clone(), logins })
        };
        self.files.iter().filter_map(file).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::login_file::Logins;
    use super::*;

    #[test]
    fn files_are_listed_with_their_hosts_and_helpers_and_never_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let config = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpTRUNSRVQ="},"r.example/team":{"auth":"%%"},
            "empty.example":{}},"credHelpers":{"h.example":"pass"},"credsStore":"desktop"}"#;
        let helpers = vec![(Some("h.example".to_owned()), "pass".to_owned()), (None, "desktop".to_owned())];
        let logins = Logins { hosts: names(&["docker.io"]), broken: names(&["r.example/team"]), helpers };
        for (text, expected) in [
            (config, Ok(logins)),
            ("", Ok(Logins::default())),
            ("{}", Ok(Logins::default())),
            ("no json", Err("not valid JSON".to_owned())),
        ] {
            let path = folder.path().join("config.json");
            std::fs::write(&path, text).unwrap();
            let sources =
                CredentialSources { explicit: None, files: vec![folder.path().join("missing"), path.clone()] };
            let found = sources.survey();
            assert!(!format!("{found:?}").contains("SECRET"), "{found:?}");
            assert_eq!(found, [LoginFile { path, logins: expected }], "{text}");
        }
    }
}
