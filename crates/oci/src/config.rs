//! The image config: the base's, kept whole, with what an image adds to it (OCI image spec, `config.md`).
//!
//! It stays a JSON value: `oci-spec`'s type loses `Healthcheck`, `OnBuild`, `Shell` and every
//! key it does not know.

pub(crate) mod rebase;

use std::collections::BTreeMap;

use oci_spec::image::History;
use serde_json::{Map, Value, json};

use crate::canonical::canonical_value;
use crate::digest::DiffId;
use crate::platform::Platform;
use crate::spelling::require_plain_config;

/// A config that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The bytes are not JSON.
    #[error("the image config is not valid JSON")]
    Parse(#[from] serde_json::Error),
    /// A field does not have the form that the spec requires.
    #[error("image config: `{field}` is {found}, expected {expected}")]
    Field {
        /// The field's path.
        field: &'static str,
        /// What the spec asks for.
        expected: &'static str,
        /// What was found.
        found: String,
    },
}

fn field_error(field: &'static str, expected: &'static str, found: Option<&Value>) -> ConfigError {
    let found = found.map_or("missing".to_owned(), |value| {
        let text = value.to_string();
        format!("`{}`", text.chars().take(80).collect::<String>())
    });
    ConfigError::Field { field, expected, found }
}

/// What an image asks of the runtime: the part of the config that a user sets.
///
/// `None` and empty leave the base's value; `env` is merged by name; labels, ports and volumes are added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// `Entrypoint`; setting it clears the base's `Cmd`, as a Dockerfile does.
    pub entrypoint: Option<Vec<String>>,
    /// `Cmd`.
    pub cmd: Option<Vec<String>>,
    /// Variables by name.
    pub env: BTreeMap<String, String>,
    /// `User`.
    pub user: Option<String>,
    /// `WorkingDir`.
    pub workdir: Option<String>,
    /// `Labels`.
    pub labels: BTreeMap<String, String>,
    /// `ExposedPorts`, such as `8080/tcp`.
    pub exposed_ports: Vec<String>,
    /// `Volumes`: absolute paths.
    pub volumes: Vec<String>,
    /// `StopSignal`.
    pub stop_signal: Option<String>,
}

/// An image config.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageConfig(Map<String, Value>);

impl ImageConfig {
    /// A config without layers.
    pub fn empty(platform: &Platform) -> Self {
        let Value::Object(mut map) = json!({
            "architecture": platform.architecture,
            "os": platform.os,
            "config": {},
            "rootfs": { "type": "layers", "diff_ids": [] },
            "history": [],
        }) else {
            unreachable!("the literal is an object")
        };
        if let Some(variant) = &platform.variant {
            map.insert("variant".into(), variant.clone().into());
        }
        Self(map)
    }

    /// Reads a config, of either family.
    ///
    /// # Errors
    /// When the bytes are not a JSON object, or the platform or the diff ids do not follow the spec.
    pub fn parse(raw: &[u8]) -> Result<Self, ConfigError> {
        require_plain_config(raw)?;
        let config = match serde_json::from_slice(raw)? {
            Value::Object(map) => Self(map),
            other => return Err(field_error("config", "an object", Some(&other))),
        };
        config.diff_ids()?;
        config.platform()?;
        Ok(config)
    }

    /// Writes the config canonically.
    pub fn to_json(&self) -> Vec<u8> {
        canonical_value(Value::Object(self.0.clone()))
    }

    /// The platform the config says it is for.
    ///
    /// # Errors
    /// When `os` or `architecture` is missing.
    pub fn platform(&self) -> Result<Platform, ConfigError> {
        let text = |key: &'static str| {
            self.0.get(key).and_then(Value::as_str).ok_or_else(|| field_error(key, "a text", self.0.get(key)))
        };
        let variant = self.0.get("variant").and_then(Value::as_str);
        Ok(Platform::normalized(text("os")?, text("architecture")?, variant))
    }

    /// The diff ids, bottom to top.
    ///
    /// # Errors
    /// When they are missing or are not sha256 digests.
    pub fn diff_ids(&self) -> Result<Vec<DiffId>, ConfigError> {
        let found = self.0.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids"));
        let error = || field_error("rootfs.diff_ids", "a list of sha256 digests", found);
        let list = found.and_then(Value::as_array).ok_or_else(error)?;
        list.iter().map(|id| id.as_str().and_then(|id| id.parse().ok()).ok_or_else(error)).collect()
    }

    /// The environment, by name; a variable without `=` counts as empty.
    pub fn env(&self) -> BTreeMap<String, String> {
        let list = self.runtime().and_then(|c| c.get("Env")).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// What is run: `Entrypoint`, then `Cmd`.
    pub fn command(&self) -> Vec<String> {
        [self.entrypoint(), self.cmd()].concat()
    }

    /// `Entrypoint`; empty where there is none.
    pub fn entrypoint(&self) -> Vec<String> {
        self.texts("Entrypoint")
    }

    /// `Cmd`; empty where there is none.
    pub fn cmd(&self) -> Vec<String> {
        self.texts("Cmd")
    }

    fn texts(&self, key: &str) -> Vec<String> {
        let list = self.runtime().and_then(|c| c.get(key)).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// `ExposedPorts`, such as `8080/tcp`.
    pub fn exposed_ports(&self) -> Vec<String> {
        let ports = self.runtime().and_then(|c| c.get("ExposedPorts")).and_then(Value::as_object);
        ports.into_iter().flat_map(Map::keys).cloned().collect()
    }

    /// What is run again and again to see whether the container is well: `Healthcheck`, empty if there is none.
    ///
    /// A text for a shell is the command line of the image's own shell, or of `/bin/sh`.
    pub fn health_command(&self) -> Vec<String> {
        let texts = |list: Option<&Value>| -> Vec<String> {
            let list = list.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let test = texts(self.runtime().and_then(|c| c.get("Healthcheck")?.get("Test")));
        match test.split_first() {
            Some((kind, command)) if kind == "CMD" => command.to_vec(),
            Some((kind, command)) if kind == "CMD-SHELL" => {
                let shell = texts(self.runtime().and_then(|c| c.get("Shell")));
                let default = || vec!["/bin/sh".to_owned(), "-c".to_owned()];
                [if shell.is_empty() { default() } else { shell }, command.to_vec()].concat()
            }
            _ => Vec::new(),
        }
    }

    /// `WorkingDir`; `/` where it is not set.
    pub fn working_dir(&self) -> String {
        let folder = self.runtime().and_then(|c| c.get("WorkingDir")).and_then(Value::as_str);
        folder.filter(|folder| !folder.is_empty()).unwrap_or("/").to_owned()
    }

    /// `User`, as it is written: `65532:65532`, `app`; `None` for root's.
    pub fn user(&self) -> Option<&str> {
        let user = self.runtime().and_then(|c| c.get("User")).and_then(Value::as_str);
        user.filter(|user| !user.is_empty())
    }

    /// How each layer was made, bottom to top, as history says it; empty where history does not fit the layers.
    pub fn layer_history(&self) -> Vec<String> {
        let lines = self.0.get("history").and_then(Value::as_array).into_iter().flatten();
        let of_layers = lines.filter(|line| line.get("empty_layer").and_then(Value::as_bool) != Some(true));
        let made_by = |line: &Value| line.get("created_by").and_then(Value::as_str).unwrap_or_default().to_owned();
        let made: Vec<String> = of_layers.map(made_by).collect();
        if self.diff_ids().is_ok_and(|ids| ids.len() == made.len()) { made } else { Vec::new() }
    }

    /// The whole document.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    fn runtime(&self) -> Option<&Map<String, Value>> {
        self.0.get("config").and_then(Value::as_object)
    }

    fn runtime_mut(&mut self) -> &mut Map<String, Value> {
        let value = self.0.entry("config").or_insert_with(|| json!({}));
        if !value.is_object() {
            *value = json!({});
        }
        value.as_object_mut().expect("made an object above")
    }

    /// Puts a layer on top, with the line that history shows for it.
    pub fn push_layer(&mut self, diff_id: DiffId, created: &str, created_by: &str) {
        let rootfs = self.0.entry("rootfs").or_insert_with(|| json!({ "type": "layers", "diff_ids": [] }));
        if let Some(list) = rootfs.get_mut("diff_ids").and_then(Value::as_array_mut) {
            list.push(diff_id.to_string().into());
        }
        let mut entry = History::default();
        entry.set_created(Some(created.to_owned()));
        entry.set_created_by(Some(created_by.to_owned()));
        // A config without history stays without: one line for many layers would belong to the wrong one.
        if let Some(list) = self.0.get_mut("history").and_then(Value::as_array_mut) {
            list.push(serde_json::to_value(&entry).expect("history serializes"));
        }
    }

    /// Sets when the image was created: RFC 3339, never from a clock.
    pub fn set_created(&mut self, created: &str) {
        self.0.insert("created".into(), created.into());
    }

    /// Applies what the image asks of the runtime over what the base had.
    pub fn apply(&mut self, runtime: &RuntimeConfig) {
        let mut env = self.env();
        env.extend(runtime.env.clone());
        let env: Vec<String> = env.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let target = self.runtime_mut();
        if !env.is_empty() {
            target.insert("Env".into(), env.into());
        }
        if let Some(entrypoint) = &runtime.entrypoint {
            target.insert("Entrypoint".into(), entrypoint.clone().into());
            target.remove("Cmd");
        }
        if let Some(cmd) = &runtime.cmd {
            target.insert("Cmd".into(), cmd.clone().into());
        }
        let texts = [("User", &runtime.user), ("WorkingDir", &runtime.workdir), ("StopSignal", &runtime.stop_signal)];
        for (key, value) in texts {
            if let Some(value) = value {
                target.insert(key.into(), value.clone().into());
            }
        }
        extend_object(target, "Labels", runtime.labels.iter().map(|(k, v)| (k.clone(), v.clone().into())));
        extend_object(target, "ExposedPorts", runtime.exposed_ports.iter().map(|port| (port.clone(), json!({}))));
        extend_object(target, "Volumes", runtime.volumes.iter().map(|path| (path.clone(), json!({}))));
    }
}

fn extend_object(target: &mut Map<String, Value>, key: &str, entries: impl Iterator<Item = (String, Value)>) {
    let mut object = match target.remove(key) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    };
    object.extend(entries);
    if !object.is_empty() {
        target.insert(key.to_owned(), Value::Object(object));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_health_check_is_a_command() {
        for (runtime, expected) in [
            (json!({}), &[][..]),
            (json!({ "Healthcheck": { "Test": ["NONE"] } }), &[]),
            (json!({ "Healthcheck": { "Test": ["CMD", "python", "-O", "x.py"] } }), &["python", "-O", "x.py"]),
            (json!({ "Healthcheck": { "Test": ["CMD-SHELL", "exit 0"] } }), &["/bin/sh", "-c", "exit 0"]),
            (
                json!({ "Healthcheck": { "Test": ["CMD-SHELL", "exit 0"] }, "Shell": ["/bin/bash", "-ec"] }),
                &["/bin/bash", "-ec", "exit 0"],
            ),
        ] {
            let mut config = ImageConfig::empty(&Platform::linux_amd64());
            config.0.insert("config".into(), runtime);
            assert_eq!(config.health_command(), expected, "{config:?}");
        }
    }

    #[test]
    fn history_has_a_line_for_each_layer_or_none() {
        for (history, expected) in [
            (json!([{ "created_by": "a" }, { "created_by": "ENV", "empty_layer": true }, {}]), &["a", ""][..]),
            (json!([{ "created_by": "a" }]), &[]),
            (json!("no list"), &[]),
            (json!([7, { "created_by": 8 }]), &["", ""]),
        ] {
            let mut config = ImageConfig::empty(&Platform::linux_amd64());
            config.push_layer(DiffId::of(b"1"), "", "");
            config.push_layer(DiffId::of(b"2"), "", "");
            config.0.insert("history".into(), history);
            assert_eq!(config.layer_history(), expected, "{config:?}");
            assert_eq!(config.to_value()["os"], "linux");
        }
    }

    const BASE: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin","LANG=C"],"Cmd":["python3"],
        "Healthcheck":{"Test":["NONE"]},"Labels":{"a":"1"}},"unknown":7,
        "rootfs":{"type":"layers","diff_ids":["sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"]},
        "history":[{"created_by":"base"}]}"#;

    #[test]
    fn unknown_keys_of_the_base_are_kept() {
        let mut config = ImageConfig::parse(BASE.as_bytes()).expect("valid");
        config.apply(&RuntimeConfig {
            env: [("LANG".to_owned(), "C.UTF-8".to_owned())].into(),
            entrypoint: Some(vec!["app".into()]),
            labels: [("b".to_owned(), "2".to_owned())].into(),
            exposed_ports: vec!["80/tcp".into()],
            volumes: vec!["/data".into()],
            user: Some("7:8".into()),
            ..RuntimeConfig::default()
        });
        config.push_layer(DiffId::of(b"x"), "1970-01-01T00:00:00Z", "shipwheel");
        let value: Value = serde_json::from_slice(&config.to_json()).expect("valid");
        assert_eq!(value["unknown"], 7);
        assert_eq!(value["config"]["Healthcheck"]["Test"][0], "NONE");
        assert_eq!(value["config"]["Env"], json!(["LANG=C.UTF-8", "PATH=/bin"]));
        assert_eq!((config.command(), config.working_dir()), (vec!["app".to_owned()], "/".to_owned()));
        assert_eq!(value["config"].get("Cmd"), None, "a new entrypoint clears the base's cmd");
        assert_eq!(value["config"]["Labels"], json!({"a": "1", "b": "2"}));
        assert_eq!(value["config"]["ExposedPorts"], json!({"80/tcp": {}}));
        assert_eq!((config.entrypoint(), config.cmd()), (vec!["app".to_owned()], Vec::new()));
        assert_eq!(config.exposed_ports(), ["80/tcp"]);
        assert_eq!((&value["config"]["Volumes"], config.user()), (&json!({"/data": {}}), Some("7:8")));
        assert_eq!(value["history"].as_array().map(Vec::len), Some(2));
        assert_eq!(config.diff_ids().expect("valid").len(), 2);
    }

    #[test]
    fn what_is_set_is_in_the_config_and_read_back() {
        let mut config = ImageConfig::parse(BASE.as_bytes()).expect("valid");
        assert_eq!(config.working_dir(), "/", "where none is set");
        for (folder, expected) in [("/app", "/app"), ("", "/")] {
            config.apply(&RuntimeConfig { workdir: Some(folder.to_owned()), ..RuntimeConfig::default() });
            assert_eq!(config.working_dir(), expected, "{folder:?}");
        }
        config.set_created("2024-01-02T03:04:05Z");
        let value: Value = serde_json::from_slice(&config.to_json()).expect("valid");
        assert_eq!(value["created"], "2024-01-02T03:04:05Z");
    }

    #[test]
    fn configs_without_the_required_fields_are_errors() {
        for bad in ["", "[]", "{}", r#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["x"]}}"#] {
            assert!(ImageConfig::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
