//! Lines that install packages of a distribution: which of them an image needs, and which only a build does.

use super::draft::{Draft, From, Step};

/// Tools of builds: names that a package has, or begins or ends with.
const BUILD_NAMES: [&str; 43] = [
    "apt-utils",
    "apt-transport-https",
    "autoconf",
    "automake",
    "binutils",
    "build-base",
    "build-essential",
    "ca-certificates-java",
    "cargo",
    "clang",
    "cmake",
    "curl",
    "dirmngr",
    "dpkg-dev",
    "g++",
    "gcc",
    "gfortran",
    "git",
    "gnupg",
    "gnupg2",
    "libtool",
    "linux-headers",
    "llvm",
    "lsb-release",
    "make",
    "meson",
    "musl-dev",
    "ninja-build",
    "nodejs",
    "npm",
    "patchelf",
    "pipx",
    "pkg-config",
    "pkgconf",
    "rust",
    "rustc",
    "software-properties-common",
    "swig",
    "unzip",
    "wget",
    "xz-utils",
    "yarn",
    "zip",
];

/// Packages for a person in a shell.
const FOR_PEOPLE: [&str; 15] = [
    "dnsutils",
    "htop",
    "iputils-ping",
    "jq",
    "less",
    "lsof",
    "man-db",
    "nano",
    "net-tools",
    "procps",
    "screen",
    "strace",
    "tmux",
    "tree",
    "vim",
];

/// What comes with every base.
const PRESENT: [&str; 14] = [
    "base-files",
    "ca-certificates",
    "libc-bin",
    "libc6",
    "libgcc-s1",
    "libstdc++",
    "libstdc++6",
    "libgcc",
    "media-types",
    "mime-support",
    "musl",
    "netbase",
    "python3",
    "tzdata",
];

/// Packages of Alpine that have another name in Debian.
const ALPINE: [(&str, &str); 13] = [
    ("freetype", "libfreetype6"),
    ("geos", "libgeos-c1v5"),
    ("glib", "libglib2.0-0"),
    ("jpeg", "libjpeg62-turbo"),
    ("libffi", "libffi8"),
    ("libjpeg-turbo", "libjpeg62-turbo"),
    ("libpq", "libpq5"),
    ("libxml2", "libxml2"),
    ("libxslt", "libxslt1.1"),
    ("mariadb-connector-c", "libmariadb3"),
    ("openjpeg", "libopenjp2-7"),
    ("postgresql-client", "postgresql-client"),
    ("postgresql-libs", "libpq5"),
];

/// What starts a container's process, which runtimes do as well.
pub(super) const INITS: [&str; 3] = ["dumb-init", "tini", "tini-static"];

/// Why a package is not taken.
fn reason(name: &str) -> Option<String> {
    let version =
        |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let of_python = ["-dev", "-distutils", "-full", "-minimal", "-venv"].iter().any(|end| name.ends_with(end));
    if name.starts_with("python3-")
        || of_python && name.starts_with("python3.")
        || ["python-is-python3", "python3-pip", "py3-pip"].contains(&name)
    {
        return Some("Python and its distributions come from the base and from `python.lock`".to_owned());
    }
    if name.ends_with("-dev")
        || name.ends_with("-headers")
        || BUILD_NAMES.contains(&name)
        || version("gcc-")
        || version("llvm-")
    {
        return Some("only needed to build: wheels are installed as they are".to_owned());
    }
    if FOR_PEOPLE.contains(&name) {
        return Some("for people in a shell, and the image has none; add it to `base.debian.packages` if the application runs it".to_owned());
    }
    if INITS.contains(&name) {
        return Some("runtimes start an init themselves: `docker run --init`, `shareProcessNamespace`".to_owned());
    }
    PRESENT.contains(&name).then(|| "every base has it".to_owned())
}

/// `apt-get install …` and its like.
pub(super) fn apt(draft: &mut Draft, step: &Step<'_>) {
    match step.operands().first() {
        Some(&"install") => {
            let text = step.text();
            let operands = step.operands();
            for name in &operands[1..] {
                // `name=1.2-3`, `name/bookworm`, `name:amd64`
                let bare = name.split(['=', '/', ':']).next().unwrap_or(name);
                package(draft, step, bare, &text);
            }
        }
        _ => draft.account.not_needed(
            step.line,
            &step.text(),
            "the base is assembled from the newest packages of its release",
        ),
    }
}

fn package(draft: &mut Draft, step: &Step<'_>, name: &str, text: &str) {
    let shown = format!("{} install {name}", step.words.first().map_or("apt-get", String::as_str));
    let is_python =
        |rest: &str| rest.strip_prefix("3.").is_some_and(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(version) = name.strip_prefix("python").filter(|rest| is_python(rest)) {
        draft.python = Some(version.to_owned());
        draft.account.became(step.line, &shown, format!("base: Python {version}"));
    } else if let Some(why) = reason(name) {
        draft.account.not_needed(step.line, &shown, why);
    } else if !is_name(name) {
        draft.account.open(
            step.line,
            &shown,
            "no name of a Debian package",
            "add the package's name to `base.debian.packages`",
        );
    } else if !step.is_final {
        draft.account.not_needed(step.line, &shown, "its stage only builds");
    } else {
        draft.account.became(step.line, &shown, format!("base.debian.packages: {name}"));
        draft.packages.entry(name.to_owned()).or_insert(From { line: step.line, text: text.to_owned(), value: () });
    }
}

/// `apk add …`: Alpine's packages, by the names that Debian has for them.
pub(super) fn apk(draft: &mut Draft, step: &Step<'_>) {
    let operands = step.operands();
    let text = step.text();
    if operands.first() != Some(&"add") {
        return draft.account.not_needed(step.line, &text, "the base is assembled from Debian's packages");
    }
    let virtuals = step.values(&["--virtual", "-t"]);
    for name in operands[1..].iter().filter(|name| !virtuals.contains(name)) {
        let bare = name.split(['=', '~', '<', '>', '@']).next().unwrap_or(name);
        let shown = format!("apk add {bare}");
        let debian = ALPINE.iter().find(|(alpine, _)| *alpine == bare).map(|(_, debian)| *debian);
        match (reason(bare), debian) {
            _ if !virtuals.is_empty() => {
                draft.account.not_needed(step.line, &shown, "only needed to build: wheels are installed as they are");
            }
            (Some(why), _) => draft.account.not_needed(step.line, &shown, why),
            (None, Some(debian)) => package(draft, step, debian, &text),
            (None, None) if !step.is_final => draft.account.not_needed(step.line, &shown, "its stage only builds"),
            (None, None) => draft.account.open(
                step.line,
                &shown,
                "a package of Alpine, and the base is Debian",
                "add the name that Debian has for it to `base.debian.packages`, if the application needs it",
            ),
        }
    }
}

/// Package managers whose names are not Debian's.
pub(super) fn foreign(draft: &mut Draft, step: &Step<'_>) {
    if ["conda", "mamba", "micromamba"].contains(&step.words[0].as_str()) {
        let todo = "lock what the application needs of an index of Python packages, for example with `uv lock`";
        return draft.account.open(step.line, &step.text(), "conda's packages are no wheels", todo);
    }
    let why = "its packages have other names in Debian";
    draft.account.open(step.line, &step.text(), why, "add what the application needs to `base.debian.packages`");
}

/// Debian Policy 5.6.1: lower case letters, digits, `+`, `-` and `.`, at least two.
fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    name.len() > 1 && name.chars().all(inner) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}
