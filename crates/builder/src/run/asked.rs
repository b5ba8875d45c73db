//! What a user asks of one run besides the image, and the process that it comes to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use shipwheel_oci::ImageConfig;

use super::account::Account;
use crate::confine::container::{Process, Volume};
use crate::confine::run_error::RunError;

/// Where programs are looked for where neither image nor user says it.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is asked of one run; what is not asked is as the image's config has it.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// The arguments, in the place of `Cmd`.
    pub arguments: Vec<String>,
    /// The entry point, in the place of the image's, and of its `Cmd`; an empty text for none.
    pub entrypoint: Option<String>,
    /// Variables besides those of the image.
    pub environment: Vec<(String, String)>,
    /// The user, as `USER` or `USER:GROUP`.
    pub user: Option<String>,
    /// The folder to start in.
    pub workdir: Option<String>,
    /// What of this machine the image sees.
    pub volumes: Vec<RunVolume>,
}

/// A file or a folder of this machine that an image sees: `HOST:CONTAINER` or `HOST:CONTAINER:ro`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunVolume {
    /// Its path on this machine.
    pub host: PathBuf,
    /// Its absolute path in the image.
    pub path: String,
    /// Whether it may only be read.
    pub is_read_only: bool,
}

impl FromStr for RunVolume {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (text, is_read_only) = match text.rsplit_once(':') {
            Some((rest, "ro")) if rest.contains(':') => (rest, true),
            Some((rest, "rw")) if rest.contains(':') => (rest, false),
            _ => (text, false),
        };
        let (host, path) = text.rsplit_once(':').ok_or("expected HOST:CONTAINER or HOST:CONTAINER:ro")?;
        if host.is_empty() {
            return Err("it names no file or folder of this machine".to_owned());
        }
        let is_plain =
            path.starts_with('/') && !path.trim_matches('/').is_empty() && !path.split('/').any(|part| part == "..");
        if !is_plain {
            return Err(format!("`{path}` is not an absolute path in the image"));
        }
        Ok(Self { host: host.into(), path: path.to_owned(), is_read_only })
    }
}

impl RunRequest {
    /// The user that is asked for.
    pub(super) fn user<'a>(&'a self, config: &'a ImageConfig) -> Option<&'a str> {
        self.user.as_deref().or_else(|| config.user())
    }

    /// The process that an image starts.
    ///
    /// # Errors
    /// When nothing says what to start.
    pub(super) fn process(&self, config: &ImageConfig, account: &Account, image: &str) -> Result<Process, RunError> {
        let mut command = match &self.entrypoint {
            Some(entrypoint) => [entrypoint.clone()].into_iter().filter(|word| !word.is_empty()).collect(),
            None => config.entrypoint(),
        };
        command.extend(match (self.arguments.is_empty(), &self.entrypoint) {
            (true, None) => config.cmd(),
            // The arguments of another entry point are not this one's.
            (true, Some(_)) => Vec::new(),
            (false, _) => self.arguments.clone(),
        });
        if command.is_empty() {
            return Err(RunError::NoCommand { image: image.to_owned() });
        }
        let mut environment = config.env();
        environment.entry("PATH".to_owned()).or_insert_with(|| PATH.to_owned());
        let home = account.home.clone().unwrap_or_else(|| "/".to_owned());
        environment.entry("HOME".to_owned()).or_insert(home);
        environment.extend(self.environment.iter().cloned());
        let workdir = self.workdir.clone().unwrap_or_else(|| config.working_dir());
        let workdir = if workdir.starts_with('/') { workdir } else { format!("/{workdir}") };
        Ok(Process { command, environment: environment.into_iter().collect(), workdir })
    }

    /// The volumes, by absolute paths.
    ///
    /// # Errors
    /// When one is not there.
    pub(super) fn volumes(&self) -> Result<Vec<Volume>, RunError> {
        let found = |volume: &RunVolume| {
            let missing = || RunError::NoVolume { path: volume.host.clone() };
            let host = volume.host.canonicalize().map_err(|_| missing())?;
            Ok(Volume { host, path: volume.path.clone(), is_read_only: volume.is_read_only })
        };
        self.volumes.iter().map(found).collect()
    }
}

/// The addresses at which an image is likely to answer: the ports that it exposes, and the one that it is told.
pub(super) fn addresses(config: &ImageConfig, process: &Process) -> Vec<String> {
    let environment: BTreeMap<_, _> = process.environment.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let exposed = config.exposed_ports();
    let exposed = exposed.iter().filter_map(|port| port.strip_suffix("/tcp").or((!port.contains('/')).then_some(port)));
    let mut ports: Vec<u16> = exposed.filter_map(|port| port.parse().ok()).collect();
    ports.extend(environment.get("PORT").and_then(|port| port.parse::<u16>().ok()));
    ports.sort_unstable();
    ports.dedup();
    ports.into_iter().map(|port| format!("http://127.0.0.1:{port}")).collect()
}

/// The files of this machine that tell where names and hosts are, for a container that shares its network.
pub(super) fn network_files() -> Vec<(String, String)> {
    let read = |path: &str| {
        let text = shipwheel_store::read_small_text(Path::new(path), shipwheel_store::limits::MAX_SETTINGS).ok()?;
        Some((path.to_owned(), text))
    };
    ["/etc/resolv.conf", "/etc/hosts", "/etc/hostname"].into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use shipwheel_oci::{Platform, RuntimeConfig};

    use super::*;

    fn config(runtime: RuntimeConfig) -> ImageConfig {
        let mut config = ImageConfig::empty(&Platform::linux_amd64());
        config.apply(&runtime);
        config
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_started_is_the_images_unless_something_else_is_asked() {
        let account = Account { user: 7, group: 7, groups: Vec::new(), home: Some("/home/app".to_owned()) };
        for (entrypoint, arguments, expected) in [
            (None, "", "python -m app --port 1"),
            (None, "--port 2", "python -m app --port 2"),
            (Some("sh"), "", "sh"),
            (Some("sh"), "-c true", "sh -c true"),
            (Some(""), "ls /", "ls /"),
            (Some(""), "", "error"),
        ] {
            let image = config(RuntimeConfig {
                entrypoint: Some(words("python -m app")),
                cmd: Some(words("--port 1")),
                env: [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "1".to_owned())].into(),
                workdir: Some("/app".to_owned()),
                ..RuntimeConfig::default()
            });
            let request = RunRequest {
                entrypoint: entrypoint.map(str::to_owned),
                arguments: words(arguments),
                environment: vec![("B".to_owned(), "2".to_owned())],
                ..RunRequest::default()
            };
            let process = request.process(&image, &account, "x");
            let found = process.as_ref().map_or("error".to_owned(), |process| process.command.join(" "));
            assert_eq!(found, expected, "{entrypoint:?} {arguments}");
            if let Ok(process) = process {
                let environment: Vec<_> = process.environment.iter().map(|(n, v)| format!("{n}={v}")).collect();
                assert_eq!(environment, ["A=1", "B=2", "HOME=/home/app", &format!("PATH={PATH}")]);
                assert_eq!(process.workdir, "/app");
            }
        }
    }

    #[test]
    fn a_volume_has_two_paths_and_may_be_read_only() {
        let volume = |host: &str, path: &str, is_read_only| {
            Some(RunVolume { host: host.into(), path: path.to_owned(), is_read_only })
        };
        for (text, expected) in [
            (".:/data", volume(".", "/data", false)),
            ("/a:/b:ro", volume("/a", "/b", true)),
            ("/a:/b:rw", volume("/a", "/b", false)),
            ("/with:colon:/b:ro", volume("/with:colon", "/b", true)),
            ("/a", None),
            (":/b", None),
            ("/a:b", None),
            ("/a:/", None),
            ("/a:/b/../..", None),
            ("/a:ro", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }

    #[test]
    fn the_addresses_are_those_of_ports_that_are_exposed_or_told() {
        let image = config(RuntimeConfig {
            exposed_ports: ["8080/tcp", "53/udp", "9000"].map(str::to_owned).to_vec(),
            ..RuntimeConfig::default()
        });
        let process = Process { environment: vec![("PORT".to_owned(), "5000".to_owned())], ..Process::default() };
        let expected = ["http://127.0.0.1:5000", "http://127.0.0.1:8080", "http://127.0.0.1:9000"];
        assert_eq!(addresses(&image, &process), expected);
    }
}
