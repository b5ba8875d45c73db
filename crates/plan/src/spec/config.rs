//! `[config]`: what the runtime is told.

use shipwheel_layer::TreePath;
use shipwheel_oci::RuntimeConfig;

use crate::spec::section::{Section, as_integer, kind_of};

const CONFIG_KEYS: &[&str] =
    &["entrypoint", "cmd", "env", "user", "workdir", "labels", "exposed-ports", "volumes", "stop-signal"];

pub(super) fn read_config(top: &Section<'_>) -> RuntimeConfig {
    let Some(config) = top.section("config", CONFIG_KEYS) else {
        return RuntimeConfig::default();
    };
    let list = |key| config.texts(key).map(|texts| texts.into_iter().map(|text| text.value).collect());
    let text = |key| config.text(key).map(|text| text.value);
    let env = config.text_map("env");
    for name in env.keys().filter(|name| name.is_empty() || name.contains(['=', '\0'])) {
        if let Some(value) = config.value("env") {
            config.report(
                value,
                format!("`config.env` has a variable named `{name}`, expected a name without `=` and NUL"),
            );
        }
    }
    report_unusable(&config);
    RuntimeConfig {
        entrypoint: list("entrypoint"),
        cmd: list("cmd"),
        env,
        user: text("user"),
        workdir: text("workdir"),
        labels: config.text_map("labels"),
        exposed_ports: read_ports(&config),
        volumes: read_volumes(&config),
        stop_signal: text("stop-signal"),
    }
}

/// Reports values that no runtime can pass on: no argument, variable or name has a NUL in it.
fn report_unusable(config: &Section<'_>) {
    for key in CONFIG_KEYS {
        let Some(value) = config.value(key) else { continue };
        let items = value.get_ref().as_array().into_iter().flatten();
        let one_line = ["user", "workdir", "stop-signal"].contains(key);
        for item in std::iter::once(value).chain(items) {
            match item.get_ref().as_str() {
                Some(text) if text.contains('\0') => {
                    config.report(item, format!("`{}` contains a NUL character", config.path(key)));
                }
                Some(text) if one_line && text.contains(['\n', '\r']) => {
                    config.report(item, format!("`{}` contains a line break", config.path(key)));
                }
                _ => {}
            }
        }
        // The entries of all tables: a profile's and those below it.
        if ["env", "labels"].contains(key)
            && config.text_map(key).iter().flat_map(|(name, text)| [name, text]).any(|it| it.contains('\0'))
        {
            config.report(value, format!("`{}` contains a NUL character", config.path(key)));
        }
    }
}

/// Ports as numbers (`8080`) or with a protocol (`"53/udp"`), as the spec writes them.
fn read_ports(config: &Section<'_>) -> Vec<String> {
    let Some(value) = config.value("exposed-ports") else {
        return Vec::new();
    };
    let Some(list) = value.get_ref().as_array() else {
        config.report(value, "`config.exposed-ports` is not a list, such as [8080]".to_owned());
        return Vec::new();
    };
    let mut ports = Vec::new();
    for item in list {
        let (found, text) = (item.get_ref(), item.get_ref().as_str().map(str::to_owned));
        let text = as_integer(found).map(|port| port.to_string()).or(text);
        let (number, protocol) = text.as_deref().map_or(("", ""), |text| text.split_once('/').unwrap_or((text, "tcp")));
        match (number.parse::<u16>(), protocol) {
            (Ok(port), "tcp" | "udp" | "sctp") if port > 0 => ports.push(format!("{port}/{protocol}")),
            _ => {
                let found = text.map_or_else(|| kind_of(item).to_owned(), |text| format!("`{text}`"));
                let expected = "expected a port such as 8080 or \"53/udp\"";
                config.report(item, format!("`config.exposed-ports` holds {found}, {expected}"));
            }
        }
    }
    ports
}

/// Absolute paths, each as a runtime writes it: without a `/` at its end.
fn read_volumes(config: &Section<'_>) -> Vec<String> {
    let mut volumes = Vec::new();
    for volume in config.texts("volumes").unwrap_or_default() {
        match TreePath::new(&volume.value) {
            Ok(path) if volume.value.starts_with('/') && !path.is_root() => volumes.push(path.to_string()),
            _ => {
                let found = &volume.value;
                let message = format!("`config.volumes` holds `{found}`, expected an absolute path below `/`");
                config.report_at(volume.span, message);
            }
        }
    }
    volumes
}
