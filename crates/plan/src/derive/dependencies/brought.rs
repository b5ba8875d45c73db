//! Servers that requirements bring without a line of their own, before they are locked: `fastapi[standard]`.

use std::collections::BTreeSet;

use shipwheel_python::DistributionName;

/// A distribution, the extras of which any is enough (none: it always does), and the server that it brings.
const BROUGHT: [(&str, &[&str], &str); 6] = [
    ("channels", &["daphne"], "daphne"),
    ("connexion", &["uvicorn"], "uvicorn"),
    ("fastapi", &["all", "standard"], "uvicorn"),
    ("litestar", &["full", "standard"], "uvicorn"),
    ("nicegui", &[], "uvicorn"),
    ("quart", &[], "hypercorn"),
];

/// The servers that the lines of requirements bring.
pub(super) fn servers(text: &str) -> BTreeSet<DistributionName> {
    text.lines().filter_map(brought).filter_map(|name| name.parse().ok()).collect()
}

fn brought(line: &str) -> Option<&'static str> {
    let (name, rest) = DistributionName::at_start(line).ok()?;
    let inside = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let extras: Vec<&str> = inside.map(|(extras, _)| extras.split(',').map(str::trim).collect()).unwrap_or_default();
    let (_, wanted, server) = BROUGHT.iter().find(|(framework, ..)| *framework == name.as_str())?;
    let is_brought = wanted.is_empty() || extras.iter().any(|it| wanted.iter().any(|one| one.eq_ignore_ascii_case(it)));
    is_brought.then_some(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_brings_a_server() {
        for (line, expected) in [
            ("fastapi[standard]>=0.115", Some("uvicorn")),
            ("FastAPI [all]", Some("uvicorn")),
            ("fastapi[slim, standard]==1 ; python_version > '3'", Some("uvicorn")),
            ("fastapi>=0.115", None),
            ("fastapi[slim]", None),
            ("fastapi-standard", None),
            ("quart", Some("hypercorn")),
            ("# fastapi[all]", None),
            ("", None),
        ] {
            assert_eq!(brought(line), expected, "{line}");
        }
    }
}
