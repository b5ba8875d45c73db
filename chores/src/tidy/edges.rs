//! Edges between crates: down only, as the code map of ARCHITECTURE.md orders them; pure crates use pure ones.

use std::path::Path;

use super::lints::{self, Bans};

/// External crates that pure crates may use: they take values and give values.
///
/// `ignore` is here for its patterns, `tar` and `zip` for readers and writers, `jiff` for dates; the functions of
/// theirs that touch files or the clock are banned in `clippy.toml`.
const VALUES_ONLY: [&str; 36] = [
    "base64",
    "bytes",
    "crc32fast",
    "crypto_secretbox",
    "csv",
    "deb822-fast",
    "flate2",
    "hashbrown",
    "hex",
    "html5gum",
    "ignore",
    "jiff",
    "liblzma",
    "memchr",
    "object",
    "oci-spec",
    "p256",
    "pep440_rs",
    "percent-encoding",
    "pkcs8",
    "rayon",
    "ring",
    "scrypt",
    "serde",
    "serde_json",
    "sha2",
    "shlex",
    "siphasher",
    "spdx",
    "strsim",
    "tar",
    "thiserror",
    "toml",
    "url",
    "zip",
    "zstd",
];

/// Further external crates that a crate may use: only `store` speaks HTTP, only `builder` starts processes.
///
/// A crate that is not here may use only [`VALUES_ONLY`]. The dependencies of tests are free.
const FURTHER: [(&str, &[&str]); 7] = [
    // It only names the versions of what flate2 and zstd call.
    ("crates/layer", &["zlib-rs", "zstd-safe", "zstd-sys"]),
    ("crates/store", &["docker_credential", "futures-core", "reqwest", "rustix", "rustls", "tempfile", "tokio"]),
    (
        "crates/builder",
        &["close_fds", "fs-err", "landlock", "libc", "rustix", "seccompiler", "signal-hook", "tempfile", "wait4"],
    ),
    ("crates/cli", &["annotate-snippets", "clap", "clap_complete", "clap_mangen", "fs-err", "indicatif"]),
    ("chores", &["tempfile", "vt100", "wait4", "xshell"]),
    ("fuzz", &["libfuzzer-sys"]),
    ("tests", &["tempfile", "xshell"]),
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

/// Checks the manifest of the crate in a folder; `versions` is the table of the workspace's dependencies.
pub fn check(folder: &str, manifest: &toml::Table, versions: &toml::Table, map: &[Crate]) -> Vec<String> {
    let Some(place) = map.iter().position(|it| it.folder == folder) else {
        return vec!["a crate without a row in the code map of ARCHITECTURE.md".to_owned()];
    };
    let mut broken = Vec::new();
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
    if lints != Some(true) {
        broken.push("does not have the lints of the workspace: `[lints] workspace = true`".to_owned());
    }
    for dependency in dependencies(manifest, versions) {
        let name = &dependency.name;
        if !dependency.has_version {
            broken.push(format!("depends on {name} without `workspace = true`: versions are in the root's table"));
        }
        let own = name.strip_prefix("shipwheel-").map(|own| format!("crates/{own}"));
        if let Some(own) = &own
            && !map.iter().take(place).any(|it| it.folder == *own)
        {
            broken.push(format!("depends on {name}, which is not below it in the code map"));
        }
        if dependency.is_for_tests {
            continue;
        }
        let is_allowed = match &own {
            Some(own) => !map[place].is_pure || map.iter().any(|it| it.is_pure && it.folder == *own),
            None => may_use(folder, name),
        };
        if !is_allowed {
            let kind = if map[place].is_pure { "is pure, and " } else { "" };
            broken.push(format!("{kind}depends on {name}, which is not allowed here; see chores/src/tidy/edges.rs"));
        }
    }
    broken
}

/// Whether the crate in a folder may use an external crate.
fn may_use(folder: &str, name: &str) -> bool {
    let further = FURTHER.iter().find(|(it, _)| *it == folder).map_or(&[][..], |(_, names)| names);
    // The launcher has to compile in a second.
    (folder != "xtask" && VALUES_ONLY.contains(&name)) || further.contains(&name)
}

/// A dependency, whatever table it is in.
struct Dependency {
    /// The package, whatever name the manifest gives it.
    name: String,
    is_for_tests: bool,
    has_version: bool,
}

/// All dependencies of a manifest: also those of one target, and under another name.
fn dependencies(manifest: &toml::Table, versions: &toml::Table) -> Vec<Dependency> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    let mut found = Vec::new();
    for table in targets.chain([manifest]) {
        for (key, entries) in table {
            // cargo knows the other spellings, too.
            let is_for_tests = match key.replace('_', "-").as_str() {
                "dependencies" | "build-dependencies" => false,
                "dev-dependencies" => true,
                _ => continue,
            };
            for (name, entry) in entries.as_table().into_iter().flatten() {
                let package = |entry: Option<&toml::Value>| Some(entry?.get("package")?.as_str()?.to_owned());
                let renamed = package(Some(entry)).or_else(|| package(versions.get(name)));
                let has_version = entry.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                found.push(Dependency { name: renamed.unwrap_or_else(|| name.clone()), is_for_tests, has_version });
            }
        }
    }
    found
}

/// Checks the `clippy.toml` of each crate, or writes it.
pub fn check_lints(workspace: &Path, map: &[Crate], fix: bool) -> std::io::Result<Vec<String>> {
    let crates =
        map.iter().filter(|it| it.folder.starts_with("crates/") || ["chores", "xtask"].contains(&it.folder.as_str()));
    let mut broken = Vec::new();
    for it in crates {
        let path = format!("{}/clippy.toml", it.folder);
        let (processes, sockets, plain_reads) = (true, true, true);
        let expected = match (it.is_pure, it.folder.as_str()) {
            (true, _) => lints::pure(),
            (false, "chores" | "xtask") => lints::everything(),
            (false, "crates/builder") => lints::with_files(Bans { processes: false, sockets, exit: true, plain_reads }),
            (false, "crates/store") => lints::with_files(Bans { processes, sockets: false, exit: true, plain_reads }),
            (false, "crates/loopback") => {
                lints::with_files(Bans { processes, sockets: false, exit: true, plain_reads: false })
            }
            (false, "crates/cli") => lints::with_files(Bans { processes, sockets, exit: false, plain_reads }),
            (false, _) => lints::with_files(Bans { processes, sockets, exit: true, plain_reads }),
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
        | `crates/layer` | pure | b |\n| `crates/store` | I/O | c |\n| `crates/plan` | pure | d |\n| `crates/builder` | I/O | f |\n\
        | `crates/cli` | I/O | g |\n| `xtask` | I/O | e |\n## Next\n";

    fn broken(folder: &str, manifest: &str) -> String {
        let versions = "aliased = { version = \"1\", package = \"reqwest\" }".parse().unwrap();
        let lints = if manifest.contains("[lints") { "" } else { "\n[lints]\nworkspace = true\n" };
        check(folder, &(manifest.to_owned() + lints).parse().unwrap(), &versions, &code_map(MAP)).join("\n")
    }

    #[test]
    fn an_edge_that_goes_up_or_out_of_the_pure_crates_is_found() {
        for (folder, dependency, expected) in [
            ("crates/layer", "shipwheel-oci", ""),
            ("crates/layer", "serde", ""),
            ("crates/layer", "zlib-rs", ""),
            ("crates/layer", "shipwheel-plan", "depends on shipwheel-plan, which is not below it in the code map"),
            ("crates/plan", "shipwheel-store", "is pure, and depends on shipwheel-store"),
            ("crates/plan", "fs-err", "is pure, and depends on fs-err"),
            ("crates/plan", "aliased", "is pure, and depends on reqwest"),
            ("crates/store", "reqwest", ""),
            ("crates/builder", "wait4", ""),
            ("crates/builder", "serde", ""),
            ("crates/builder", "ureq", "depends on ureq, which is not allowed here"),
            ("crates/builder", "aliased", "depends on reqwest, which is not allowed here"),
            ("crates/cli", "xshell", "depends on xshell, which is not allowed here"),
            ("xtask", "reqwest", "depends on reqwest, which is not allowed here"),
            ("xtask", "serde", "depends on serde, which is not allowed here"),
            ("crates/new", "serde", "a crate without a row in the code map"),
        ] {
            let broken = broken(folder, &format!("[dependencies]\n{dependency}.workspace = true\n"));
            assert!(broken.starts_with(expected) && broken.is_empty() == expected.is_empty(), "{folder}: {broken}");
        }
    }

    #[test]
    fn a_dependency_is_found_in_every_table_and_under_every_name() {
        let unversioned = "depends on reqwest without `workspace = true`: versions are in the root's table";
        let refused = "is pure, and depends on reqwest, which is not allowed here; see chores/src/tidy/edges.rs";
        let both = format!("{unversioned}\n{refused}");
        for (manifest, expected) in [
            ("[target.\"cfg(unix)\".dependencies]\nreqwest.workspace = true\n", refused),
            ("[target.x86_64-unknown-linux-gnu.build_dependencies]\nreqwest.workspace = true\n", refused),
            ("[build-dependencies]\nreqwest.workspace = true\n", refused),
            ("[dependencies]\ntar = { package = \"reqwest\", version = \"0.13\" }\n", &both),
            ("[dependencies]\nreqwest = \"0.13\"\n", &both),
            ("[dev-dependencies]\nreqwest.workspace = true\n", ""),
        ] {
            assert_eq!(broken("crates/oci", manifest), expected, "{manifest}");
        }
    }

    #[test]
    fn a_crate_without_the_lints_of_the_workspace_is_found() {
        let missing = "does not have the lints of the workspace: `[lints] workspace = true`";
        assert_eq!(broken("crates/oci", "[lints.clippy]\nall = \"allow\"\n"), missing);
        assert_eq!(check("crates/oci", &toml::Table::new(), &toml::Table::new(), &code_map(MAP)), [missing]);
    }
}
