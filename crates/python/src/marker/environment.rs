//! The variables of environment markers for a target: never for the machine that builds.

use std::collections::BTreeSet;

use pep440_rs::{Version, VersionSpecifiers};

use crate::name::normalized;
use crate::target::Target;
use crate::version::satisfies;

/// A variable of PEP 508's markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    PythonVersion,
    PythonFullVersion,
    OsName,
    SysPlatform,
    PlatformMachine,
    PlatformSystem,
    PlatformPythonImplementation,
    PlatformRelease,
    PlatformVersion,
    ImplementationName,
    ImplementationVersion,
    /// `extra == "x"`: one of the extras asked for.
    Extra,
    /// PEP 751's `"x" in extras`.
    Extras,
    /// PEP 751's `"x" in dependency_groups`.
    DependencyGroups,
}

impl Variable {
    /// The variable of a name, with the older names that `packaging` still knows.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "python_version" => Self::PythonVersion,
            "python_full_version" => Self::PythonFullVersion,
            "os_name" | "os.name" => Self::OsName,
            "sys_platform" | "sys.platform" => Self::SysPlatform,
            "platform_machine" | "platform.machine" => Self::PlatformMachine,
            "platform_system" => Self::PlatformSystem,
            "platform_python_implementation" | "platform.python_implementation" | "python_implementation" => {
                Self::PlatformPythonImplementation
            }
            "platform_release" => Self::PlatformRelease,
            "platform_version" | "platform.version" => Self::PlatformVersion,
            "implementation_name" => Self::ImplementationName,
            "implementation_version" => Self::ImplementationVersion,
            "extra" => Self::Extra,
            "extras" => Self::Extras,
            "dependency_groups" => Self::DependencyGroups,
            _ => return None,
        })
    }

    /// Whether it is compared as a version where both sides are versions.
    pub(crate) fn is_version(self) -> bool {
        matches!(
            self,
            Self::PythonVersion | Self::PythonFullVersion | Self::ImplementationVersion | Self::PlatformRelease
        )
    }

    /// Whether it is a set of names.
    pub(crate) fn is_set(self) -> bool {
        matches!(self, Self::Extra | Self::Extras | Self::DependencyGroups)
    }
}

/// What an environment has besides its Python and its machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System {
    os_name: &'static str,
    sys_platform: &'static str,
    platform_system: &'static str,
    implementation: &'static str,
    implementation_name: &'static str,
    /// The machine, where it has a name of its own there.
    machine: Option<&'static str>,
}

impl System {
    /// CPython on Linux, which every image has.
    const LINUX: Self = Self {
        os_name: "posix",
        sys_platform: "linux",
        platform_system: "Linux",
        implementation: "CPython",
        implementation_name: "cpython",
        machine: None,
    };

    const WINDOWS: Self = Self {
        os_name: "nt",
        sys_platform: "win32",
        platform_system: "Windows",
        machine: Some("AMD64"),
        ..Self::LINUX
    };

    const MAC: Self = Self { sys_platform: "darwin", platform_system: "Darwin", machine: Some("arm64"), ..Self::LINUX };

    /// Systems that no image has: a lock is for them too.
    pub(crate) const ELSEWHERE: [Self; 4] = [
        Self::WINDOWS,
        Self::MAC,
        Self { machine: None, ..Self::MAC },
        Self { implementation: "PyPy", implementation_name: "pypy", ..Self::LINUX },
    ];
}

/// What markers are evaluated against: a target, and the extras and groups asked for.
#[derive(Debug, Clone)]
pub struct Environment {
    python_version: String,
    python_full_version: String,
    machine: String,
    system: System,
    extras: BTreeSet<String>,
    groups: BTreeSet<String>,
}

impl Environment {
    /// The environment of a target, without extras and groups.
    pub fn new(target: &Target) -> Self {
        Self {
            python_version: format!("{}.{}", target.python.major, target.python.minor),
            python_full_version: target.python.to_string(),
            machine: target.platform.machine().to_owned(),
            system: System::LINUX,
            extras: BTreeSet::new(),
            groups: BTreeSet::new(),
        }
    }

    /// The same on another system.
    #[must_use]
    pub(crate) fn on(mut self, system: System) -> Self {
        self.machine = system.machine.map_or(self.machine, str::to_owned);
        self.system = system;
        self
    }

    /// Its Python as a version.
    pub(crate) fn python(&self) -> Option<Version> {
        self.python_full_version.parse().ok()
    }

    /// Whether specifiers allow its Python.
    pub(crate) fn has_python(&self, specifiers: &VersionSpecifiers) -> bool {
        self.python_full_version.parse().is_ok_and(|version| satisfies(&version, specifiers))
    }

    /// The same with these extras asked for.
    #[must_use]
    pub fn with_extras<S: AsRef<str>>(mut self, extras: impl IntoIterator<Item = S>) -> Self {
        self.extras = extras.into_iter().map(|name| normalized(name.as_ref())).collect();
        self
    }

    /// The same with these dependency groups asked for.
    #[must_use]
    pub fn with_groups<S: AsRef<str>>(mut self, groups: impl IntoIterator<Item = S>) -> Self {
        self.groups = groups.into_iter().map(|name| normalized(name.as_ref())).collect();
        self
    }

    /// A variable's text; the kernel's release and version are not known at build time.
    pub(crate) fn text(&self, variable: Variable) -> &str {
        match variable {
            Variable::PythonVersion => &self.python_version,
            Variable::PythonFullVersion | Variable::ImplementationVersion => &self.python_full_version,
            Variable::OsName => self.system.os_name,
            Variable::SysPlatform => self.system.sys_platform,
            Variable::PlatformMachine => &self.machine,
            Variable::PlatformSystem => self.system.platform_system,
            Variable::PlatformPythonImplementation => self.system.implementation,
            Variable::ImplementationName => self.system.implementation_name,
            Variable::PlatformRelease | Variable::PlatformVersion => "",
            Variable::Extra | Variable::Extras | Variable::DependencyGroups => "",
        }
    }

    /// Whether a name is in a set variable.
    pub(crate) fn has(&self, set: Variable, name: &str) -> bool {
        let names = if set == Variable::DependencyGroups { &self.groups } else { &self.extras };
        names.contains(&normalized(name))
    }
}
