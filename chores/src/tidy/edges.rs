//! Edges between crates: down only, as the code map of ARCHITECTURE.md orders them; pure crates use pure ones.

use std::path::Path;

use super::lints::{self, Bans};

/// External crates that pure crates may use: they take values and give values.
///
/// `ignore` is here for its patterns, `tar` and `zip` for readers and writers, `jiff` for dates; the functions of
/// theirs that touch files or the clock are banned in `clippy.toml`.
const VALUES_ONLY: [&str; 27] = [
    "base64",
    "bytes",
    "crc32fast",
    "csv",
    "deb822-fast",
    "flate2",
    "hashbrown",
    "hex",
    "ignore",
    "jiff",
    "liblzma",
    "memchr",
    "object",
    "oci-spec",
    "pep440_rs",
    "percent-encoding",
    "rayon",
    "ring",
    "serde",
    "serde_json",
    "sha2",
    "siphasher",
    "strsim",
    "tar",
    "thiserror",
    "toml",
    "zip",
];

/// Crates that only the tests of pure crates may use, or that only name a version.
const TESTS_OR_PINS: [&str; 1] = ["zlib-rs"];

/// External crates that one crate uses and no other: only `store` speaks HTTP, only `builder` starts processes.
const OWNED: [(&str, &str); 7] = [
    ("docker_credential", "crates/store"),
    ("hyper", "crates/store"),
    ("reqwest", "crates/store"),
    ("rustls", "crates/store"),
    ("tokio", "crates/store"),
    ("clap", "crates/cli"),
    ("wait4", "crates/builder"),
];

/// A row of the code map.
pub struct Crate {
    /// The folder, such as `crates/oci`.
    pub folder: String,
    /// Whether it takes values and gives values: no files, sockets, processes, environment or clock.
    pub is_pure: bool,
}

/// The crates in the code map of ARCHITECTURE.md, bottom to top.
pub fn code_map(architecture: &str) -> Vec<Crate> {
    let map = architecture.lines().skip_while(|line| !line.starts_with("## Code map"));
    let rows = map.skip(1).take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let crates = cells.filter(|cells| cells.len() > 3 && ["pure", "I/O", "", "tests"].contains(&cells[2]));
    crates.map(|cells| Crate { folder: cells[1].trim_matches('`').to_owned(), is_pure: cells[2] == "pure" }).collect()
}

/// Checks the manifest of the crate in a folder.
pub fn check(folder: &str, manifest: &toml::Table, map: &[Crate]) -> Vec<String> {
    let Some(place) = map.iter().position(|it| it.folder == folder) else {
        return vec!["a crate without a row in the code map of ARCHITECTURE.md".to_owned()];
    };
    let names = |table: &str| {
        let table = manifest.get(table).and_then(toml::Value::as_table);
        table.into_iter().flat_map(toml::Table::keys).map(String::as_str).collect::<Vec<_>>()
    };
    let (normal, all) =
        (names("dependencies"), ["dependencies", "dev-dependencies", "build-dependencies"].map(names).concat());
    let mut broken = Vec::new();
    for name in all {
        let Some(own) = name.strip_prefix("shipwheel-") else { continue };
        let below = map.iter().take(place).any(|it| it.folder == format!("crates/{own}"));
        if !below {
            broken.push(format!("depends on {name}, which is not below it in the code map"));
        }
    }
    if map[place].is_pure {
        broken.extend(normal.iter().filter_map(|name| impure(name, map)));
    }
    let others = OWNED.iter().filter(|(name, owner)| normal.contains(name) && *owner != folder);
    broken.extend(others.map(|(name, owner)| format!("depends on {name}, which only {owner} uses")));
    broken
}

/// What is wrong with a dependency of a pure crate.
fn impure(name: &str, map: &[Crate]) -> Option<String> {
    let is_pure = match name.strip_prefix("shipwheel-") {
        Some(own) => map.iter().any(|it| it.is_pure && it.folder == format!("crates/{own}")),
        None => VALUES_ONLY.contains(&name) || TESTS_OR_PINS.contains(&name),
    };
    (!is_pure).then(|| format!("is pure, and depends on {name}, which is not known to be (see VALUES_ONLY)"))
}

/// Checks the `clippy.toml` of each crate, or writes it.
pub fn check_lints(workspace: &Path, map: &[Crate], fix: bool) -> std::io::Result<Vec<String>> {
    let crates =
        map.iter().filter(|it| it.folder.starts_with("crates/") || ["chores", "xtask"].contains(&it.folder.as_str()));
    let mut broken = Vec::new();
    for it in crates {
        let path = format!("{}/clippy.toml", it.folder);
        let (processes, sockets) = (true, true);
        let expected = match (it.is_pure, it.folder.as_str()) {
            (true, _) => lints::pure(),
            (false, "chores" | "xtask") => lints::everything(),
            (false, "crates/builder") => lints::with_files(Bans { processes: false, sockets, exit: true }),
            (false, "crates/store" | "crates/loopback") => {
                lints::with_files(Bans { processes, sockets: false, exit: true })
            }
            (false, "crates/cli") => lints::with_files(Bans { processes, sockets, exit: false }),
            (false, _) => lints::with_files(Bans { processes, sockets, exit: true }),
        };
        if fix {
            std::fs::write(workspace.join(&path), &expected)?;
        }
        if std::fs::read_to_string(workspace.join(&path)).unwrap_or_default() != expected {
            broken
                .push(format!("{path}: differs from what chores/src/tidy/lints.rs says; run `cargo xtask tidy --fix`"));
        }
    }
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "## Code map\n\n| where | kind | what |\n|---|---|---|\n| `crates/oci` | pure | a |\n\
        | `crates/layer` | pure | b |\n| `crates/store` | I/O | c |\n| `crates/plan` | pure | d |\n| `xtask` | I/O | e |\n## Next\n";

    #[test]
    fn an_edge_that_goes_up_or_out_of_the_pure_crates_is_found() {
        for (folder, dependency, expected) in [
            ("crates/layer", "shipwheel-oci", ""),
            ("crates/layer", "serde", ""),
            ("crates/layer", "shipwheel-plan", "depends on shipwheel-plan, which is not below it in the code map"),
            ("crates/plan", "shipwheel-store", "is pure, and depends on shipwheel-store"),
            ("crates/plan", "fs-err", "is pure, and depends on fs-err"),
            ("crates/store", "reqwest", ""),
            ("xtask", "reqwest", "depends on reqwest, which only crates/store uses"),
            ("crates/new", "serde", "a crate without a row in the code map"),
        ] {
            let manifest = format!("[dependencies]\n{dependency}.workspace = true\n").parse().unwrap();
            let broken = check(folder, &manifest, &code_map(MAP)).join("\n");
            assert!(broken.starts_with(expected) && broken.is_empty() == expected.is_empty(), "{folder}: {broken}");
        }
    }
}
