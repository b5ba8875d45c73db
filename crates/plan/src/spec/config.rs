//! `[config]`: what the runtime is told.

use shipwheel_oci::RuntimeConfig;

use crate::spec::section::Section;

const CONFIG_KEYS: &[&str] = &["entrypoint", "cmd", "env", "user", "workdir", "labels", "exposed-ports", "stop-signal"];

pub(super) fn read_config(top: &Section<'_>) -> RuntimeConfig {
    let Some(config) = top.section("config", CONFIG_KEYS) else {
        return RuntimeConfig::default();
    };
    let list = |key| config.texts(key).map(|texts| texts.into_iter().map(|text| text.value).collect());
    let text = |key| config.text(key).map(|text| text.value);
    let env = config.text_map("env");
    for name in env.keys().filter(|name| name.is_empty() || name.contains(['=', '\0'])) {
        if let Some(value) = config.value("env") {
            config.report(value, format!("`config.env` has a variable named `{name}`, which no system takes"));
        }
    }
    RuntimeConfig {
        entrypoint: list("entrypoint"),
        cmd: list("cmd"),
        env,
        user: text("user"),
        workdir: text("workdir"),
        labels: config.text_map("labels"),
        exposed_ports: read_ports(&config),
        stop_signal: text("stop-signal"),
    }
}

/// Ports as numbers (`8080`) or with a protocol (`"53/udp"`), as the spec writes them.
fn read_ports(config: &Section<'_>) -> Vec<String> {
    let Some(value) = config.value("exposed-ports") else {
        return Vec::new();
    };
    let Some(list) = value.as_array() else {
        config.report(value, "`config.exposed-ports` is not a list, such as [8080]".to_owned());
        return Vec::new();
    };
    let mut ports = Vec::new();
    for item in list {
        let text = item.as_integer().map(|port| port.to_string()).or_else(|| item.as_str().map(str::to_owned));
        let text = text.unwrap_or_default();
        let (number, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        match (number.parse::<u16>(), protocol) {
            (Ok(port), "tcp" | "udp" | "sctp") if port > 0 => ports.push(format!("{port}/{protocol}")),
            _ => config.report(item, "`config.exposed-ports` holds no port, such as 8080 or \"53/udp\"".to_owned()),
        }
    }
    ports
}
