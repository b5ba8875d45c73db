//! Namespaces of one start: a user, files, processes, a network and names that are not this machine's.

use std::path::Path;

use rustix::fs::{CWD, StatVfsMountFlags};
use rustix::mount::{MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};
use rustix::thread::UnshareFlags;

use super::confine_error::{ConfineError, step};

/// Gives this process, which has one thread, namespaces of its own; the next process that it starts is the first one
/// in the namespace of processes. Its user and group are root there and themselves outside.
///
/// # Errors
/// When this machine allows no user namespaces, or not all of the others.
pub(crate) fn make() -> Result<(), ConfineError> {
    let others = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    make_user((0, 0), others)
}

/// Gives this process, which has one thread, namespaces of files and processes of its own, but the network and the
/// names of this machine. With a user, it has a user namespace as well, in which it is that user and group.
///
/// # Errors
/// When this machine does not allow it.
pub(crate) fn make_for_container(user: Option<(u32, u32)>) -> Result<(), ConfineError> {
    let flags = UnshareFlags::NEWNS | UnshareFlags::NEWPID | UnshareFlags::NEWIPC;
    match user {
        Some(user) => make_user(user, flags),
        None => unshare(flags),
    }
}

/// Gives this process, which has one thread, a user namespace, in which it is this user and group, and others.
///
/// # Errors
/// When this machine does not allow it.
pub(crate) fn make_user((user, group): (u32, u32), others: UnshareFlags) -> Result<(), ConfineError> {
    let (own_user, own_group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    unshare(UnshareFlags::NEWUSER | others)?;
    map_user([("uid_map", user, own_user), ("gid_map", group, own_group)])
}

fn unshare(flags: UnshareFlags) -> Result<(), ConfineError> {
    #[allow(deprecated, reason = "the other form is unsafe because of a flag that is not among these")]
    rustix::thread::unshare(flags).map_err(step("making namespaces"))
}

fn map_user(maps: [(&str, u32, u32); 2]) -> Result<(), ConfineError> {
    let write = |file: &str, text: &str| fs_err::write(Path::new("/proc/self").join(file), text);
    write("setgroups", "deny").map_err(step("mapping the user"))?;
    maps.into_iter()
        .try_for_each(|(file, inside, outside)| write(file, &format!("{inside} {outside} 1")))
        .map_err(step("mapping the user"))
}

/// Makes the folder that this process is in its root, and leaves everything else behind.
///
/// No path leads to the folder: who runs here may not be allowed to search those above it.
///
/// # Errors
/// When the kernel refuses a mount.
pub(crate) fn enter_root() -> Result<(), ConfineError> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).map_err(step("separating mounts"))?;
    let clone = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let root = rustix::mount::open_tree(CWD, ".", clone).map_err(step("mounting the image's files"))?;
    // Flags that the mount has already may not be taken away.
    let has = rustix::fs::fstatvfs(&root).map_err(step("looking at the mount"))?.f_flag;
    let keep = [(StatVfsMountFlags::RDONLY, MountFlags::RDONLY), (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC)];
    let keep = keep.into_iter().filter(|(flag, _)| has.contains(*flag)).map(|(_, flag)| flag);
    let flags = keep.fold(MountFlags::BIND | MountFlags::NOSUID | MountFlags::NODEV, |flags, flag| flags | flag);
    let empty_path = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    rustix::mount::move_mount(&root, "", CWD, ".", empty_path).map_err(step("mounting the image's files"))?;
    rustix::process::fchdir(&root).map_err(step("entering the image's files"))?;
    rustix::mount::mount_remount(".", flags, "").map_err(step("mounting without set-user-ID files"))?;
    // The old root is then on top of the new one, at the same place.
    rustix::process::pivot_root(".", ".").map_err(step("changing the root"))?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).map_err(step("leaving the old root"))?;
    rustix::process::chdir("/").map_err(step("entering the new root"))
}
