//! How an image's program is started, by what this machine offers to confine it.

use super::kernel::Kernel;

/// What this machine offers; which of it is there was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// What confines any process.
    pub(crate) kernel: Kernel,
    /// Whether a start with a root and namespaces of its own works.
    pub(crate) namespaces: bool,
    /// Whether the program is another user than root: a root outside of its namespaces has no limit of processes.
    pub(crate) is_user: bool,
}

/// The two ways to run a program of a folder of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartWay {
    /// With the folder as its root.
    Root,
    /// By the folder's own dynamic loader, among the files of this machine.
    Loader,
}

impl StartWay {
    /// The way with the most confinement, and the parts that it lacks.
    pub(crate) fn on(machine: Machine) -> (Self, Vec<&'static str>) {
        let mut lacks = Vec::new();
        if !machine.namespaces {
            lacks.push("user namespaces");
        }
        lacks.extend(machine.kernel.lacks());
        if !machine.is_user {
            lacks.push("user other than root");
        }
        (if machine.namespaces { Self::Root } else { Self::Loader }, lacks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_has_the_most_confinement_and_every_part_that_is_missing_is_named() {
        use StartWay::{Loader, Root};
        let all = [
            // Landlock's version, seccomp filters, namespaces, a user
            ((7, true, true, true), Root, &[][..]),
            ((0, true, true, true), Root, &["Landlock"]),
            // A root of its own and the filter do all that later versions would.
            ((1, true, true, true), Root, &[]),
            ((7, false, true, true), Root, &["seccomp filters"]),
            ((0, false, true, true), Root, &["Landlock", "seccomp filters"]),
            ((7, true, true, false), Root, &["user other than root"]),
            ((7, true, false, true), Loader, &["user namespaces"]),
            ((1, true, false, true), Loader, &["user namespaces"]),
            ((7, false, false, true), Loader, &["user namespaces", "seccomp filters"]),
            ((0, true, false, true), Loader, &["user namespaces", "Landlock"]),
            ((0, false, false, true), Loader, &["user namespaces", "Landlock", "seccomp filters"]),
            (
                (0, false, false, false),
                Loader,
                &["user namespaces", "Landlock", "seccomp filters", "user other than root"],
            ),
        ];
        for ((landlock, seccomp, namespaces, is_user), way, lacks) in all {
            let machine = Machine { kernel: Kernel { landlock, seccomp }, namespaces, is_user };
            assert_eq!(StartWay::on(machine), (way, lacks.to_vec()), "{machine:?}");
        }
    }
}
