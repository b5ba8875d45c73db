//! The `clippy.toml` of each kind of crate: what a pure crate must not touch is said here, once.

/// Every way to a file, a socket, a process, the clock or the environment, with the reason.
const TYPES: [(&str, &[&str]); 4] = [
    (
        "no files: bytes come in as values or through `ByteSource`",
        &[
            "std::fs::DirBuilder",
            "std::fs::DirEntry",
            "std::fs::File",
            "std::fs::OpenOptions",
            "std::fs::ReadDir",
            "std::os::unix::net::UnixListener",
            "std::os::unix::net::UnixStream",
        ],
    ),
    ("no sockets", &["std::net::TcpListener", "std::net::TcpStream", "std::net::UdpSocket"]),
    ("no processes", &["std::process::Child", "std::process::Command"]),
    ("no clock: the time comes in as a value", &["std::time::Instant", "std::time::SystemTime"]),
];

const METHODS: [(&str, &[&str]); 4] = [
    (
        "no files: bytes and trees come in as values",
        &[
            "std::fs::canonicalize",
            "std::fs::copy",
            "std::fs::create_dir",
            "std::fs::create_dir_all",
            "std::fs::exists",
            "std::fs::hard_link",
            "std::fs::metadata",
            "std::fs::read",
            "std::fs::read_dir",
            "std::fs::read_link",
            "std::fs::read_to_string",
            "std::fs::remove_dir",
            "std::fs::remove_dir_all",
            "std::fs::remove_file",
            "std::fs::rename",
            "std::fs::set_permissions",
            "std::fs::soft_link",
            "std::fs::symlink_metadata",
            "std::fs::write",
            "std::os::unix::fs::symlink",
            "std::path::Path::canonicalize",
            "std::path::Path::exists",
            "std::path::Path::is_dir",
            "std::path::Path::is_file",
            "std::path::Path::is_symlink",
            "std::path::Path::metadata",
            "std::path::Path::read_dir",
            "std::path::Path::read_link",
            "std::path::Path::symlink_metadata",
            "std::path::Path::try_exists",
            "std::io::stdin",
            "std::io::stdout",
            "std::io::stderr",
        ],
    ),
    (
        "no environment",
        &[
            "std::env::args",
            "std::env::args_os",
            "std::env::current_dir",
            "std::env::current_exe",
            "std::env::home_dir",
            "std::env::remove_var",
            "std::env::set_current_dir",
            "std::env::set_var",
            "std::env::temp_dir",
            "std::env::var",
            "std::env::var_os",
            "std::env::vars",
            "std::env::vars_os",
        ],
    ),
    ("no processes", &["std::process::abort", "std::process::exit", "std::process::id"]),
    ("no clock", &["std::thread::sleep"]),
];

/// Functions of other crates, which not every pure crate depends on.
const OTHERS: [(&str, &[&str]); 2] = [
    ("no clock", &["jiff::Timestamp::now", "jiff::Zoned::now", "jiff::tz::TimeZone::system"]),
    (
        "no files: this crate uses patterns, readers and writers",
        &[
            "ignore::WalkBuilder::new",
            "ignore::gitignore::GitignoreBuilder::add",
            "ignore::gitignore::Gitignore::new",
            "tar::Archive::unpack",
            "tar::Builder::append_dir",
            "tar::Builder::append_dir_all",
            "tar::Builder::append_file",
            "tar::Builder::append_path",
            "tar::Builder::append_path_with_name",
            "tar::Entry::unpack",
            "tar::Entry::unpack_in",
            "zip::ZipArchive::extract",
            "csv::Reader::from_path",
            "object::read::ReadCache::new",
        ],
    ),
];

/// The crates that start processes: nothing is banned.
pub fn everything() -> String {
    "# House rules for clippy in this crate. Written by `cargo xtask tidy --fix`.\nallow-unwrap-in-tests = true\n\
     allow-print-in-tests = true\n\
     # Errors name paths, digests and causes; they are made once in a run.\nlarge-error-threshold = 256\n"
        .to_owned()
}

/// Files and sockets, but no processes: those are in `crates/builder`.
pub fn without_processes() -> String {
    let reason = "only crates/builder starts processes";
    format!("{}{}", everything(), list("disallowed-types", &[(reason, &["std::process::Command"])], ""))
}

/// Nothing but values.
pub fn pure() -> String {
    let mut text = "# This crate is pure: no file, socket or process, no environment, no clock.\n\
        # Written by `cargo xtask tidy --fix`, the same for every pure crate: see chores/src/tidy/lints.rs.\n\
        allow-unwrap-in-tests = true\n"
        .to_owned();
    text += &list("disallowed-types", &TYPES, "");
    let methods = list("disallowed-methods", &METHODS, "");
    text += methods.trim_end_matches("]\n");
    text += &list("", &OTHERS, ", allow-invalid = true").replacen(" = [\n", "", 1);
    text
}

fn list(key: &str, groups: &[(&str, &[&str])], options: &str) -> String {
    let mut text = format!("{key} = [\n");
    for (reason, paths) in groups {
        for path in *paths {
            text += &format!("    {{ path = \"{path}\", reason = \"{reason}\"{options} }},\n");
        }
    }
    text + "]\n"
}
