//! What the kernel offers to confine what is started out of images.

use shipwheel_oci::Platform;

use super::offer::Offer;
use crate::confine::start_way::Machine;

const NAMESPACES: &str = "user namespaces";
const LANDLOCK: &str = "Landlock";
const SECCOMP: &str = "seccomp";
const COMPILER: &str = "compiler";

/// What is lost where an interpreter cannot be confined.
const UNCONFINED: &str = "the interpreter of an image compiles without this part of the sandbox, with a warning; \
                          `--require-sandbox` fails";

/// The offers of a kernel, and what compiles for a platform by them.
pub(crate) fn kernel_offers(machine: Machine, platform: &Platform) -> Vec<Offer> {
    let namespaces = match machine.namespaces {
        true => Offer::ok(NAMESPACES, "a program can have a root, processes and a network of its own"),
        false => Offer::warn(
            NAMESPACES,
            "this process may not make them",
            "`run` needs podman or takes the image's loader, and `startup` measures among the files of this machine",
            "allow them (`sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu \
             `kernel.apparmor_restrict_unprivileged_userns=0`); in a container, they are its runtime's to allow",
        ),
    };
    let landlock = match machine.kernel.landlock {
        0 => Offer::warn(
            LANDLOCK,
            "not in this kernel, or not allowed here",
            UNCONFINED,
            "boot Linux 5.13 or newer with `landlock` in `lsm=`; gVisor and some containers have none",
        ),
        version => Offer::ok(LANDLOCK, format!("version {version}")),
    };
    let seccomp = match machine.kernel.seccomp {
        true => Offer::ok(SECCOMP, "filters of system calls"),
        false => Offer::warn(
            SECCOMP,
            "no filters of system calls",
            UNCONFINED,
            "use a kernel with CONFIG_SECCOMP_FILTER on x86-64, arm64 or riscv64",
        ),
    };
    let lacks = machine.kernel.lacks();
    let compiler = match lacks.is_empty() {
        true => Offer::ok(COMPILER, format!("the interpreter of the base for {platform}, confined")),
        false => Offer::warn(
            COMPILER,
            format!("the interpreter of the base for {platform}, without {}", lacks.join(" and ")),
            "its code is not kept from this machine's files and system calls",
            "build from bases that you trust, or compile with `--bytecode-interpreter host`",
        ),
    };
    vec![namespaces, landlock, seccomp, compiler]
}

#[cfg(test)]
mod tests {
    use super::super::offer::OfferState::{Ok, Warn};
    use super::*;
    use crate::confine::kernel::Kernel;

    #[test]
    fn each_part_that_a_kernel_lacks_is_a_line_with_what_is_lost_and_no_build_is_impossible() {
        let platform = Platform::linux_amd64();
        for ((landlock, seccomp, namespaces), states, compiler) in [
            ((6, true, true), [Ok, Ok, Ok, Ok], "the interpreter of the base for linux/amd64, confined"),
            ((1, true, false), [Warn, Ok, Ok, Ok], "the interpreter of the base for linux/amd64, confined"),
            ((0, true, true), [Ok, Warn, Ok, Warn], "the interpreter of the base for linux/amd64, without Landlock"),
            (
                (0, false, false),
                [Warn, Warn, Warn, Warn],
                "the interpreter of the base for linux/amd64, without Landlock and seccomp filters",
            ),
        ] {
            let machine = Machine { kernel: Kernel { landlock, seccomp }, namespaces, is_user: true };
            let offers = kernel_offers(machine, &platform);
            assert_eq!(offers.iter().map(|offer| offer.state).collect::<Vec<_>>(), states, "{machine:?}");
            assert_eq!(offers[3].found, compiler);
            for offer in offers {
                assert_eq!(offer.state != Ok, offer.lost.is_some() && offer.hint.is_some(), "{offer:?}");
                assert_eq!(offer.blocks, None);
            }
        }
    }
}
