//! The `clippy.toml` of each kind of crate: what a pure crate must not touch is said here, once.

use super::code;

/// The reason for a ban, and what it bans.
type Ban = (&'static str, &'static [&'static str]);

/// The types and traits of std that are a socket or find one.
const SOCKETS: [&str; 9] = [
    "std::net::Incoming",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::os::unix::net::Incoming",
    "std::os::unix::net::UnixDatagram",
    "std::os::unix::net::UnixListener",
    "std::os::unix::net::UnixStream",
];

/// The types of std that are a file, a socket, a process, the clock or the environment.
const TYPES: [Ban; 5] = [
    (
        "no files: bytes come in as values or through `ByteSource`",
        &[
            "std::fs::DirBuilder",
            "std::fs::DirEntry",
            "std::fs::File",
            "std::fs::Metadata",
            "std::fs::OpenOptions",
            "std::fs::ReadDir",
            "std::io::IsTerminal",
            "std::io::PipeReader",
            "std::io::PipeWriter",
            "std::io::Stderr",
            "std::io::Stdin",
            "std::io::Stdout",
            "std::os::fd::AsFd",
            "std::os::fd::AsRawFd",
            "std::os::fd::BorrowedFd",
            "std::os::fd::FromRawFd",
            "std::os::fd::OwnedFd",
        ],
    ),
    ("no sockets", &SOCKETS),
    (
        "no processes",
        &[
            "std::process::Child",
            "std::process::ChildStderr",
            "std::process::ChildStdin",
            "std::process::ChildStdout",
            "std::process::Command",
            "std::process::Stdio",
        ],
    ),
    ("no clock: the time comes in as a value", &["std::time::Instant", "std::time::SystemTime"]),
    ("no environment", &["std::env::Args", "std::env::ArgsOs", "std::env::Vars", "std::env::VarsOs"]),
];

/// The functions of std that use one of them.
const METHODS: [Ban; 5] = [
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
            "std::os::unix::fs::chown",
            "std::os::unix::fs::chroot",
            "std::os::unix::fs::fchown",
            "std::os::unix::fs::lchown",
            "std::os::unix::fs::symlink",
            "std::path::absolute",
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
            "std::io::pipe",
            "std::io::stdin",
            "std::io::stdout",
            "std::io::stderr",
        ],
    ),
    ("no sockets", &["std::net::ToSocketAddrs::to_socket_addrs"]),
    (
        "no environment",
        &[
            "std::backtrace::Backtrace::capture",
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
            "std::thread::available_parallelism",
        ],
    ),
    (
        "no processes",
        &["std::os::unix::process::parent_id", "std::process::abort", "std::process::exit", "std::process::id"],
    ),
    (
        "no clock",
        &[
            "std::sync::Condvar::wait_timeout",
            "std::sync::Condvar::wait_timeout_while",
            "std::sync::mpsc::Receiver::recv_timeout",
            "std::thread::park_timeout",
            "std::thread::sleep",
            "std::time::Instant::elapsed",
            "std::time::Instant::now",
            "std::time::SystemTime::elapsed",
            "std::time::SystemTime::now",
        ],
    ),
];

/// The macros of std that read the environment of the compiler.
const MACROS: [Ban; 1] = [("no environment", &["std::env", "std::option_env"])];

/// Functions of other crates, which not every pure crate depends on.
const OTHERS: [Ban; 3] = [
    (
        "no clock",
        &[
            "jiff::Timestamp::now",
            "jiff::ZonedDateTime::now",
            "jiff::tz::TimeZone::get",
            "jiff::tz::TimeZone::system",
            "jiff::tz::TimeZone::try_system",
            "jiff::tz::TimeZoneDatabase::from_concatenated_path",
            "jiff::tz::TimeZoneDatabase::from_dir",
            "jiff::tz::TimeZoneDatabase::from_env",
            "jiff::tz::db",
        ],
    ),
    ("no sockets", &["url::Url::socket_addrs"]),
    (
        "no files: this crate uses patterns, readers and writers",
        &[
            "csv::Reader::from_path",
            "csv::ReaderBuilder::from_path",
            "csv::Writer::from_path",
            "csv::WriterBuilder::from_path",
            "ignore::Walk::from_iter",
            "ignore::Walk::new",
            "ignore::WalkBuilder::from_iter",
            "ignore::WalkBuilder::new",
            "ignore::gitignore::Gitignore::global",
            "ignore::gitignore::Gitignore::new",
            "ignore::gitignore::GitignoreBuilder::add",
            "ignore::gitignore::GitignoreBuilder::build_global",
            "ignore::gitignore::gitconfig_excludes_path",
            "oci_spec::image::ArtifactManifest::from_file",
            "oci_spec::image::ArtifactManifest::to_file",
            "oci_spec::image::ArtifactManifest::to_file_pretty",
            "oci_spec::image::ImageConfiguration::from_file",
            "oci_spec::image::ImageConfiguration::to_file",
            "oci_spec::image::ImageConfiguration::to_file_pretty",
            "oci_spec::image::ImageIndex::from_file",
            "oci_spec::image::ImageIndex::to_file",
            "oci_spec::image::ImageIndex::to_file_pretty",
            "oci_spec::image::ImageManifest::from_file",
            "oci_spec::image::ImageManifest::to_file",
            "oci_spec::image::ImageManifest::to_file_pretty",
            "oci_spec::image::OciLayout::from_file",
            "oci_spec::image::OciLayout::to_file",
            "oci_spec::image::OciLayout::to_file_pretty",
            "tar::Archive::unpack",
            "tar::Builder::append_dir",
            "tar::Builder::append_dir_all",
            "tar::Builder::append_file",
            "tar::Builder::append_path",
            "tar::Builder::append_path_with_name",
            "tar::Entry::unpack",
            "tar::Entry::unpack_in",
            "zip::ZipArchive::extract",
            "zip::ZipArchive::extract_unwrapped_root_dir",
            "zip::ZipArchive::extract_with_options",
            "zip::unstable::stream::ZipStreamReader::extract",
        ],
    ),
];

/// The ways to open a file that wait for a named pipe, or read without end.
const PLAIN_READS: [&str; 8] = [
    "std::fs::File::open",
    "std::fs::OpenOptions::open",
    "std::fs::copy",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::io::read_to_string",
    "std::io::Stdin::lines",
    "std::io::Stdin::read_line",
];

/// The same in fs-err, which not every crate depends on.
const OTHER_PLAIN_READS: [&str; 5] =
    ["fs_err::File::open", "fs_err::OpenOptions::open", "fs_err::copy", "fs_err::read", "fs_err::read_to_string"];

/// The reason for both.
const READ_ONCE: &str = "crates/store/src/disk/small_file.rs opens files: it waits for no pipe, and has limits";

/// What switches the bans of functions off in the tests of a crate: the crate itself is checked as it ships.
const IN_TESTS: &str = "#![cfg_attr(test,allow(clippy::disallowed_methods))]";

/// The beginnings of lints that the rules of this file rest on, and of groups that have them.
const RULES: [&str; 6] =
    ["clippy::disallowed", "clippy::print", "clippy::all", "clippy::style", "clippy::restriction", "warnings"];

/// The rules that a source of `crates/` sets aside by `allow` or `expect`.
pub fn allowed(name: &str, text: &str) -> Vec<&'static str> {
    let packed: String = code::bare(text).chars().filter(|c| !c.is_whitespace()).collect();
    let packed = packed.replace(IN_TESTS, "");
    let lists = ["allow(", "expect("].into_iter().flat_map(|start| packed.split(start).skip(1));
    let lints: Vec<&str> = lists.flat_map(|list| list.split(')').next().unwrap_or_default().split(',')).collect();
    let is_allowed = |rule: &&str| lints.iter().any(|lint| lint.starts_with(*rule));
    // The one crate that prints.
    let prints = |rule: &&str| *rule == "clippy::print" && name.starts_with("crates/cli/");
    RULES.into_iter().filter(|rule| is_allowed(rule) && !prints(rule)).collect()
}

/// What is wrong with the lints of the workspace.
pub fn silenced(lints: Option<&toml::Table>) -> Vec<String> {
    let level = |name: &str| {
        let it = lints?.get("clippy")?.get(name)?;
        it.as_str().or_else(|| it.get("level")?.as_str())
    };
    // The group `all` has the lints whose names begin with `disallowed`.
    let of_group = |name: &str| level(name).or_else(|| level("all").filter(|_| name.starts_with("disallowed")));
    let needed = ["disallowed_macros", "disallowed_methods", "disallowed_types", "print_stdout", "print_stderr"];
    let missing = needed.iter().filter(|name| !matches!(of_group(name), Some("warn" | "deny" | "forbid")));
    missing.map(|name| format!("Cargo.toml: the workspace's lints need clippy's {name}")).collect()
}

/// The tools around the product: nothing is banned.
pub fn everything() -> String {
    "# House rules for clippy in this crate. Written by `cargo xtask tidy --fix`.\nallow-unwrap-in-tests = true\n\
     allow-print-in-tests = true\n\
     # Errors name paths, digests and causes; they are made once in a run.\nlarge-error-threshold = 256\n"
        .to_owned()
}

/// What a crate with files must not touch.
#[derive(Clone, Copy)]
pub struct Bans {
    pub processes: bool,
    pub sockets: bool,
    /// Ending the process, which is for the program's own crate.
    pub exit: bool,
    /// Reading files in another way than by the reader of `crates/store`.
    pub plain_reads: bool,
}

/// Files, and what is not banned.
pub fn with_files(bans: Bans) -> String {
    let types: [Ban; 2] = [
        ("only crates/builder starts processes", if bans.processes { &["std::process::Command"] } else { &[] }),
        ("only crates/store uses the network", if bans.sockets { &SOCKETS } else { &[] }),
    ];
    let methods: [Ban; 3] = [
        (READ_ONCE, if bans.plain_reads { &PLAIN_READS } else { &[] }),
        (
            "only crates/store uses the network",
            if bans.sockets { &["std::net::ToSocketAddrs::to_socket_addrs"] } else { &[] },
        ),
        (
            "only crates/cli ends the process",
            if bans.exit { &["std::process::abort", "std::process::exit"] } else { &[] },
        ),
    ];
    let mut methods = list("disallowed-methods", &methods, "");
    if bans.plain_reads {
        let others = list("", &[(READ_ONCE, &OTHER_PLAIN_READS)], ", allow-invalid = true");
        methods = methods.trim_end_matches("]\n").to_owned() + &others.replacen(" = [\n", "", 1);
    }
    format!("{}{}{methods}", everything(), list("disallowed-types", &types, ""))
}

/// Nothing but values.
pub fn pure() -> String {
    let mut text = "# This crate is pure: no file, socket or process, no environment, no clock.\n\
        # Written by `cargo xtask tidy --fix`, the same for every pure crate: see chores/src/tidy/lints.rs.\n\
        allow-unwrap-in-tests = true\n"
        .to_owned();
    text += &list("disallowed-types", &TYPES, "");
    text += &list("disallowed-macros", &MACROS, "");
    let methods = list("disallowed-methods", &METHODS, "");
    text += methods.trim_end_matches("]\n");
    text += &list("", &OTHERS, ", allow-invalid = true").replacen(" = [\n", "", 1);
    text
}

/// A key of `clippy.toml`; no text if nothing is banned.
fn list(key: &str, groups: &[Ban], options: &str) -> String {
    if groups.iter().all(|(_, paths)| paths.is_empty()) {
        return String::new();
    }
    let mut text = format!("{key} = [\n");
    for (reason, paths) in groups {
        for path in *paths {
            text += &format!("    {{ path = \"{path}\", reason = \"{reason}\"{options} }},\n");
        }
    }
    text + "]\n"
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Ways to touch what a pure crate must not touch, each in one line.
    const IMPURE: &str = r#"
pub fn f() { let _ = std::time::UNIX_EPOCH.elapsed(); }
pub fn f() { let _ = std::time::SystemTime::now(); }
pub fn f() { let _ = std::net::ToSocketAddrs::to_socket_addrs("host:1"); }
pub fn f() { let _ = std::net::TcpStream::connect("host:1"); }
pub fn f() { let _ = std::os::unix::net::UnixDatagram::unbound(); }
pub fn f() { let _ = std::os::unix::fs::chown("a", None, None); }
pub fn f() { let _ = std::os::unix::fs::lchown("a", None, None); }
pub fn f() { let _ = std::os::unix::fs::chroot("a"); }
pub fn f() { let _ = std::io::pipe(); }
pub fn f() { let _ = std::io::stdin(); }
pub fn f() { let _ = std::fs::File::open("a"); }
pub fn f() { use std::fs; let _ = fs::read("a"); }
pub fn f() { let _ = std::path::absolute("a"); }
pub fn f() { let _ = std::path::PathBuf::new().exists(); }
pub fn f() { let _ = std::thread::available_parallelism(); }
pub fn f() { std::thread::park_timeout(std::time::Duration::ZERO); }
pub fn f() { let _ = std::os::unix::process::parent_id(); }
pub fn f() { let _ = std::process::Command::new("a"); }
pub fn f() { let _ = option_env!("A"); }
pub fn f() { let _ = env!("PATH"); }
pub fn f() { let _ = std::env::var("A"); }
pub fn f<T: std::os::fd::AsFd>(file: T) { let _ = file.as_fd(); }
pub fn f() { let _ = std::sync::mpsc::channel::<u8>().1.recv_timeout(std::time::Duration::ZERO); }
pub fn f() { let _ = std::backtrace::Backtrace::capture(); }
"#;

    /// The numbers of the lines that clippy warns of under a configuration.
    fn warned(configuration: &str, code: &str) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("clippy.toml"), configuration).unwrap();
        let named = |(index, line): (usize, &str)| line.replacen("fn f", &format!("fn f{index}"), 1) + "\n";
        std::fs::write(folder.path().join("code.rs"), code.lines().enumerate().map(named).collect::<String>()).unwrap();
        let output = Command::new("clippy-driver")
            .args(["--crate-type=lib", "--edition=2024", "--emit=metadata", "--error-format=short", "code.rs"])
            .args(["--warn=clippy::disallowed_methods"])
            .args(["--warn=clippy::disallowed_types", "--warn=clippy::disallowed_macros"])
            .env("CLIPPY_CONF_DIR", folder.path())
            .current_dir(folder.path())
            .output()
            .unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{messages}");
        assert!(!messages.contains("does not refer"), "a ban names nothing: {messages}");
        let lines = messages.lines().filter_map(|line| line.strip_prefix("code.rs:")?.split(':').next()?.parse().ok());
        std::collections::BTreeSet::from_iter(lines).into_iter().collect()
    }

    #[test]
    fn clippy_sees_every_way_out_of_a_pure_crate() {
        let all: Vec<usize> = (2..=IMPURE.lines().count()).collect();
        assert_eq!(warned(&pure(), IMPURE), all);
    }

    #[test]
    fn the_workspace_has_the_lints_that_the_bans_need() {
        let lints = |text: &str| silenced(Some(&text.parse().unwrap()));
        assert_eq!(silenced(None).len(), 5);
        assert_eq!(lints("[clippy]\ndisallowed_types = { level = \"warn\" }\nprint_stdout = \"allow\"\n").len(), 4);
        assert_eq!(lints("[clippy]\nall = \"warn\"\nprint_stdout = \"warn\"\nprint_stderr = \"deny\"\n").len(), 0);
        assert_eq!(lints("[clippy]\nall = \"warn\"\ndisallowed_types = \"allow\"\n").len(), 3);
    }

    #[test]
    fn sockets_and_exits_are_banned_outside_of_their_crates() {
        let code = "pub fn f() { let _ = std::net::TcpStream::connect(\"host:1\"); }\n\
            pub fn f() { use std::net::ToSocketAddrs as _; let _ = \"host:1\".to_socket_addrs(); }\n\
            pub fn f() { std::process::exit(1) }\n\
            pub fn f() { let _ = std::process::Command::new(\"a\"); }\n\
            pub fn f() { let _ = std::fs::read(\"a\"); }\n";
        let bans = |processes, sockets, exit| with_files(Bans { processes, sockets, exit, plain_reads: false });
        assert_eq!(warned(&bans(false, true, true), code), [1, 2, 3]);
        assert_eq!(warned(&bans(true, true, false), code), [1, 2, 4]);
        assert_eq!(warned(&bans(true, false, true), code), [3, 4]);
        assert_eq!(warned(&everything(), code), [0_usize; 0]);
    }

    #[test]
    fn files_are_read_in_one_way() {
        let code = "pub fn f() { let _ = std::fs::read(\"a\"); }\n\
            pub fn f() { let _ = std::fs::File::open(\"a\"); }\n\
            pub fn f() { use std::fs as x; let _ = x::OpenOptions::new().read(true).open(\"a\"); }\n\
            pub fn f() { let _ = std::fs::copy(\"a\", \"b\"); }\n\
            pub fn f() { let _ = std::io::stdin().read_line(&mut String::new()); }\n\
            pub fn f() { let _ = std::io::read_to_string(std::io::empty()); }\n\
            pub fn f() { let _ = std::fs::File::create(\"a\"); }\n";
        let bans = Bans { processes: false, sockets: false, exit: false, plain_reads: true };
        assert_eq!(warned(&with_files(bans), code), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn only_tests_set_the_bans_of_functions_aside() {
        let in_tests = "#![cfg_attr(test, allow(clippy::disallowed_methods))]";
        assert!(allowed("crates/store/src/lib.rs", in_tests).is_empty());
        for text in ["#![allow(clippy::disallowed_methods)]", "#[cfg_attr(unix, allow(clippy::disallowed_methods))]"] {
            assert_eq!(allowed("crates/store/src/lib.rs", text), ["clippy::disallowed"], "{text}");
        }
    }
}
