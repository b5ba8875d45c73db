//! Why a wheel does not fit a target, in the user's terms.

use std::fmt;

use crate::target::{Libc, Target};
use crate::wheel::{WheelName, WheelTag};

/// The nearest reason why a wheel does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// For another operating system: `macosx_11_0_arm64`.
    System(String),
    /// For another architecture.
    Architecture(String),
    /// For the other C library.
    LibcKind {
        /// What the wheel was built against.
        needs: Libc,
        /// What the base has.
        has: Libc,
    },
    /// For a newer version of the base's C library.
    LibcVersion {
        /// What the wheel was built against.
        needs: Libc,
        /// What the base has.
        has: Libc,
    },
    /// For another interpreter or another version of it: `cp312`.
    Python(String),
    /// For another ABI, such as that without the global lock: `cp313t`.
    Abi(String),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(platform) => write!(f, "is for the system {platform}"),
            Self::Architecture(machine) => write!(f, "is for the architecture {machine}"),
            Self::LibcKind { needs, has } => write!(f, "is built with {needs}, and the base has {has}"),
            Self::LibcVersion { needs, has } => write!(f, "needs {needs}, and the base has {has}"),
            Self::Python(python) => write!(f, "is for the interpreter {python}"),
            Self::Abi(abi) => write!(f, "is for the ABI {abi}"),
        }
    }
}

impl Misfit {
    /// Why a wheel does not fit: of all its tags, what the nearest one lacks.
    pub(crate) fn of(wheel: &WheelName, target: &Target) -> Self {
        let misfits = wheel.tags.iter().map(|tag| Self::of_tag(tag, target));
        misfits.max_by_key(Self::nearness).unwrap_or_else(|| Self::Abi("none".to_owned()))
    }

    /// Whether a newer C library would do.
    pub(crate) fn is_libc(&self) -> bool {
        matches!(self, Self::LibcVersion { .. })
    }

    fn nearness(&self) -> u8 {
        match self {
            Self::System(_) => 0,
            Self::Architecture(_) => 1,
            Self::LibcKind { .. } => 2,
            Self::Python(_) => 3,
            Self::Abi(_) => 4,
            Self::LibcVersion { .. } => 5,
        }
    }

    fn of_tag(tag: &WheelTag, target: &Target) -> Self {
        let machine = target.platform.machine();
        let has = target.libc;
        let fits_any_platform = tag.platform == "any";
        let (needs, of_machine) = match split_platform(&tag.platform) {
            Some((libc, of_machine)) => (libc, of_machine),
            None if fits_any_platform => (None, machine),
            None => return Self::System(tag.platform.clone()),
        };
        if of_machine != machine {
            return Self::Architecture(of_machine.to_owned());
        }
        let too_new = match (needs, has) {
            (Some(Libc::Glibc { major, minor }), Libc::Glibc { major: has_major, minor: has_minor })
            | (Some(Libc::Musl { major, minor }), Libc::Musl { major: has_major, minor: has_minor }) => {
                (major, minor) > (has_major, has_minor)
            }
            (Some(needs), _) => return Self::LibcKind { needs, has },
            (None, _) => false,
        };
        let same_python = target.tags().iter().any(|fitting| fitting.python == tag.python && fitting.abi == tag.abi);
        match needs {
            _ if !same_python => python_or_abi(tag, target),
            Some(needs) if too_new => Self::LibcVersion { needs, has },
            _ => python_or_abi(tag, target),
        }
    }
}

fn python_or_abi(tag: &WheelTag, target: &Target) -> Misfit {
    if tag.python == target.interpreter_tag() || tag.python == "py3" {
        Misfit::Abi(tag.abi.clone())
    } else {
        Misfit::Python(tag.python.clone())
    }
}

/// `manylinux_2_17_x86_64` → glibc 2.17, `x86_64`; `None` for other systems and `any`.
fn split_platform(platform: &str) -> Option<(Option<Libc>, &str)> {
    let numbered = |rest: &'static str| {
        let mut parts = platform.strip_prefix(rest)?.splitn(3, '_');
        let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((major, minor, parts.next()?))
    };
    if let Some((major, minor, machine)) = numbered("manylinux_") {
        return Some((Some(Libc::Glibc { major, minor }), machine));
    }
    if let Some((major, minor, machine)) = numbered("musllinux_") {
        return Some((Some(Libc::Musl { major, minor }), machine));
    }
    for (prefix, minor) in [("manylinux1_", 5), ("manylinux2010_", 12), ("manylinux2014_", 17)] {
        if let Some(machine) = platform.strip_prefix(prefix) {
            return Some((Some(Libc::Glibc { major: 2, minor }), machine));
        }
    }
    platform.strip_prefix("linux_").map(|machine| (None, machine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_reason_is_given() {
        let target = Target {
            python: "3.11.9".parse().expect("valid"),
            platform: "linux/amd64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 31 },
        };
        for (tags, expected) in [
            ("cp311-cp311-macosx_11_0_arm64", "is for the system macosx_11_0_arm64"),
            ("cp311-cp311-win_amd64", "is for the system win_amd64"),
            ("cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64", "is for the architecture aarch64"),
            ("cp311-cp311-manylinux_2_34_x86_64", "needs glibc 2.34, and the base has glibc 2.31"),
            ("cp311-cp311-musllinux_1_2_x86_64", "is built with musl 1.2, and the base has glibc 2.31"),
            ("cp312-cp312-manylinux_2_17_x86_64", "is for the interpreter cp312"),
            ("cp311-cp311d-manylinux1_x86_64", "is for the ABI cp311d"),
            ("py2-none-any", "is for the interpreter py2"),
            ("pp310.pp311-none-linux_x86_64", "is for the interpreter pp311"),
            ("cp311-cp311-manylinux1_aarch64", "is for the architecture aarch64"),
            ("cp311-cp311-manylinux_3_0_x86_64", "needs glibc 3.0, and the base has glibc 2.31"),
            (
                "cp311-cp311-manylinux_2_31_aarch64.manylinux_2_32_x86_64",
                "needs glibc 2.32, and the base has glibc 2.31",
            ),
            (
                "cp311-cp311-manylinux_2_32_x86_64.manylinux_2_31_aarch64",
                "needs glibc 2.32, and the base has glibc 2.31",
            ),
            ("cp311-cp311-musllinux_1_1_x86_64.win_amd64", "is built with musl 1.1, and the base has glibc 2.31"),
            ("cp311-cp311-win_amd64.musllinux_1_1_x86_64", "is built with musl 1.1, and the base has glibc 2.31"),
            ("cp312-cp312-manylinux_2_34_x86_64", "is for the interpreter cp312"),
            ("cp311-cp311t-manylinux_2_34_x86_64", "is for the ABI cp311t"),
            ("py3-cp39-manylinux_2_34_x86_64", "is for the ABI cp39"),
            ("cp311-abi3-manylinux_2_34_x86_64", "needs glibc 2.34, and the base has glibc 2.31"),
            ("cp39-abi3-manylinux_2_34_x86_64", "needs glibc 2.34, and the base has glibc 2.31"),
            ("cp311-cp311-manylinux_x_17_x86_64", "is for the system manylinux_x_17_x86_64"),
        ] {
            let name = format!("a-1-{tags}.whl").parse().expect("valid");
            assert_eq!(Misfit::of(&name, &target).to_string(), expected, "{tags}");
        }
    }
}
