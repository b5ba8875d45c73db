//! An interpreter that cannot be described, run, or trusted to compile.

use std::fmt;
use std::io;
use std::path::PathBuf;

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::Platform;

use shipwheel_store::ErrorKind;

/// Why an interpreter cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InterpreterError {
    /// The interpreter of an image cannot be described.
    #[error("the interpreter {path} of the image cannot be used: {fault}")]
    Undescribed {
        /// Its path in the image.
        path: String,
        /// What it lacks.
        fault: InterpreterFault,
    },
    /// The interpreter does not start on this machine.
    #[error("the interpreter does not start on this machine")]
    Start(#[source] io::Error),
    /// The interpreter ended before it said which version it is.
    #[error("the interpreter ended before it said which version it is")]
    NoHello,
    /// The interpreter says something else than its version.
    #[error("the interpreter says `{said}` of itself, expected its version, magic number and cache tag")]
    Hello {
        /// What it said.
        said: String,
    },
    /// The interpreter loaded a library of this machine's.
    #[error("the interpreter loaded {}, which is not the base's", .library.display())]
    ForeignLibrary {
        /// The library.
        library: PathBuf,
    },
    /// The sandbox is required, and the kernel lacks a part of it.
    #[error("this kernel offers no {}, which the sandbox of the image's interpreter needs", .lacks.join(" and no "))]
    NoSandbox {
        /// The missing parts.
        lacks: Vec<&'static str>,
    },
    /// The sandbox of an image's program is required, and this machine lacks a part of it.
    #[error("this machine offers no {}, which the sandbox of the image's code needs", .lacks.join(" and no "))]
    NoConfinedStart {
        /// The missing parts.
        lacks: Vec<&'static str>,
    },
    /// The image's interpreter cannot be started in any way.
    #[error("the image's interpreter starts neither in a user namespace nor by its own loader")]
    NoLaunch,
    /// The interpreter is not in the cache.
    #[error("the interpreter of the image is not in the cache")]
    NotInCache,
    /// No interpreter of the version that will run can compile here.
    #[error("no Python {version} can compile bytecode on this machine: {}", joined(.reasons))]
    NoCompiler {
        /// The full version of the image's interpreter.
        version: PythonVersion,
        /// Why each of those that were tried cannot.
        reasons: Vec<CompilerFault>,
    },
    /// The interpreter that compiles is of another version than the one that will run.
    #[error("bytecode for Python {expected} cannot be compiled by Python {found}")]
    Version {
        /// The version of the image.
        expected: PythonVersion,
        /// The version at hand.
        found: PythonVersion,
    },
    /// The interpreter that compiles writes bytecode that the image's does not load.
    #[error("the interpreter that compiles has the magic number {}, the image's {}", hex::encode(.found), hex::encode(.expected))]
    MagicNumber {
        /// The image's.
        expected: [u8; 4],
        /// That of the interpreter at hand.
        found: [u8; 4],
    },
    /// This machine has no such interpreter.
    #[error("`{python}` is not a CPython that runs on this machine")]
    NotFound {
        /// What was asked for.
        python: String,
    },
    /// Sources do not compile, where all had to.
    #[error("{count} {} not compile", if *.count == 1 { "source does" } else { "sources do" })]
    Uncompiled {
        /// How many.
        count: usize,
    },
}

/// What an interpreter in a tree lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterpreterFault {
    /// It is at the root, or in a folder without a parent.
    NotInBin,
    /// `lib/python3.X` is not beside its `bin`.
    NoStandardLibrary,
    /// Nothing in it states its full version.
    NoVersion,
    /// Neither its version nor its standard library says the magic number of its bytecode.
    NoMagicNumber,
    /// It is a directory or a link that leads nowhere.
    NotAFile,
    /// It is not an ELF file, or is linked statically.
    NoLoader,
    /// The image lacks the loader that it names.
    LoaderMissing,
    /// Its path, its loader's or its library's cannot be a path in an image.
    Path,
}

impl fmt::Display for InterpreterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInBin => "it is not in a `bin` folder",
            Self::NoStandardLibrary => "no standard library of Python 3.9 to 3.14 is beside it",
            Self::NoVersion => "nothing in it states its full version",
            Self::NoMagicNumber => "the magic number of its bytecode is unknown",
            Self::NotAFile => "it is not a file",
            Self::NoLoader => "it names no dynamic loader",
            Self::LoaderMissing => "it names a dynamic loader that the image lacks",
            Self::Path => "its paths are not allowed",
        })
    }
}

/// Why one place has no interpreter that can compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompilerFault {
    /// Neither PATH nor uv has the version.
    NotInstalled,
    /// The base has no variant for this machine.
    NoVariant(Platform),
    /// The base's variant for this machine has another version.
    OtherVersion(Platform, PythonVersion),
    /// The base's variant for this machine has no Python.
    NoPython(Platform),
    /// No base has the version.
    NoBase,
    /// The emulators that were looked for are not on PATH.
    NoEmulator(Vec<String>),
    /// The cache lacks the interpreter of the base's variant.
    NotInCache(Platform),
    /// The interpreter of the base's variant cannot be opened.
    Unusable(Platform, String),
    /// The path that the user names is not a CPython.
    NotCPython(PathBuf),
}

impl fmt::Display for CompilerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => f.write_str("neither PATH nor uv has it on this machine"),
            Self::NoVariant(platform) => write!(f, "the base has no variant for {platform}, which is this machine's"),
            Self::OtherVersion(platform, found) => write!(f, "the base for {platform} has Python {found}"),
            Self::NoPython(platform) => write!(f, "the base for {platform} has no Python"),
            Self::NoBase => f.write_str("no base has it"),
            Self::NoEmulator(names) => write!(f, "{} is not on PATH", names.join(" or ")),
            Self::NotInCache(platform) => write!(f, "the interpreter of the base for {platform} is not in the cache"),
            Self::Unusable(platform, error) => write!(f, "the base for {platform}: {error}"),
            Self::NotCPython(path) => write!(f, "{} is not a CPython that runs here", path.display()),
        }
    }
}

fn joined(reasons: &[CompilerFault]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl InterpreterError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Start(_)
            | Self::NoHello
            | Self::Hello { .. }
            | Self::ForeignLibrary { .. }
            | Self::NoLaunch
            | Self::NoSandbox { .. }
            | Self::NoConfinedStart { .. }
            | Self::NotInCache
            | Self::NoCompiler { .. } => ErrorKind::Outside,
            Self::Undescribed { .. }
            | Self::Version { .. }
            | Self::MagicNumber { .. }
            | Self::NotFound { .. }
            | Self::Uncompiled { .. } => ErrorKind::Configuration,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoCompiler { version, .. } => {
                return Some(format!(
                    "install it (`uv python install {version}`), or install qemu-user-static and add \
                     `--bytecode-interpreter qemu`, or build with `--no-bytecode`"
                ));
            }
            Self::Version { .. } | Self::MagicNumber { .. } => {
                "give the platforms bases of one version, or build with `--no-bytecode`"
            }
            Self::NotFound { .. } => "name one with `--python`, by its path or its name on PATH",
            Self::Start(_) | Self::NoHello | Self::Hello { .. } | Self::ForeignLibrary { .. } | Self::NotInCache => {
                "build with `--no-bytecode` to leave bytecode out"
            }
            Self::NoSandbox { .. } => {
                "use Linux 5.13 or later with Landlock, or an interpreter of this machine \
                 (`--bytecode-interpreter host`), or run it without `--require-sandbox`"
            }
            Self::NoConfinedStart { .. } => {
                "use Linux 5.13 or later with Landlock, allow user namespaces (sysctls user.max_user_namespaces, \
                 kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; a container's seccomp \
                 profile), or run it without `--require-sandbox`"
            }
            Self::NoLaunch => "allow user namespaces (sysctl user.max_user_namespaces, a container's seccomp profile)",
            Self::Undescribed { .. } | Self::Uncompiled { .. } => return None,
        };
        Some(text.to_owned())
    }
}
