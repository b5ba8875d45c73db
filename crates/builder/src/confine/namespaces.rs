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
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let flags = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    #[allow(deprecated, reason = "the other form is unsafe because of a flag that is not among these")]
    rustix::thread::unshare(flags).map_err(step("making namespaces"))?;
    let files =
        [("setgroups", "deny".to_owned()), ("uid_map", format!("0 {user} 1")), ("gid_map", format!("0 {group} 1"))];
    for (file, text) in files {
        fs_err::write(Path::new("/proc/self").join(file), text).map_err(step("mapping the user"))?;
    }
    Ok(())
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
