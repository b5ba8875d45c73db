//! The root of a container: folders over one another, and what lies on top: /proc, a small /dev, volumes, a few files.
//!
//! The names below the root are the image's. A path in it is looked up by the kernel as if the root were its own, so
//! that no link leads out; all of it happens in a mount namespace, before any of the image's code runs.

use std::ffi::CString;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};

use super::confine_error::{ConfineError, step};
use super::container::{Container, ROOT, UPPER, Volume, WORK, WritableLayer, lower};

/// The devices of a container: without them, programs do not start, or have no chance.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// The links in `/dev`.
const DEVICE_LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// Nothing mounted gives privileges by its files or has devices.
const PLAIN: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

/// How often a path is looked up: anything that is mounted or renamed on this machine at the same moment keeps the kernel
/// from being sure that `..` in it stays below the root, and it asks to be asked again (openat2(2), `EAGAIN`).
const MAX_TRIES: usize = 1_000;

/// The step that some kernels and file systems do not take.
pub(crate) const LAYING: &str = "laying the image's files over one another";

/// What a path of the container is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
}

/// Makes the root of a container below the folder that this process is in, and enters it.
///
/// # Errors
/// When the kernel refuses a mount, or a volume has no place.
pub(crate) fn enter(container: &Container) -> Result<(), ConfineError> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).map_err(step("separating mounts"))?;
    lay_over(container).map_err(step(LAYING))?;
    let root = Root(open_folder(ROOT).map_err(step("opening the image's files"))?);
    let proc_flags = PLAIN | MountFlags::NOEXEC;
    root.mount("proc", "proc", proc_flags, "").map_err(step("mounting /proc"))?;
    root.make_devices().map_err(step("making /dev"))?;
    for (path, text) in &container.texts {
        // An image that has something else in this place keeps it.
        let _ = root.write(path, text);
    }
    container.volumes.iter().try_for_each(|volume| root.bind(volume)).map_err(step("mounting a volume"))?;
    rustix::process::fchdir(&root.0).map_err(step("entering the image's files"))?;
    // The old root is then on top of the new one, at the same place.
    rustix::process::pivot_root(".", ".").map_err(step("changing the root"))?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).map_err(step("leaving the old root"))?;
    rustix::process::chdir("/").map_err(step("entering the new root"))
}

/// Mounts the container's files at [`ROOT`].
fn lay_over(container: &Container) -> io::Result<()> {
    match container.layer {
        WritableLayer::Copy => {
            rustix::mount::mount_bind(ROOT, ROOT)?;
            rustix::mount::mount_remount(ROOT, MountFlags::BIND | PLAIN, "")?;
        }
        WritableLayer::Overlay => {
            let mut names = Vec::new();
            for (number, folder) in container.lowers.iter().enumerate() {
                let name = lower(number);
                rustix::mount::mount_bind(folder, &name)?;
                names.push(name);
            }
            // The topmost comes first. Names are ours: a path of this machine may have the characters that part them.
            names.reverse();
            let options = format!("lowerdir={},upperdir={UPPER},workdir={WORK},userxattr", names.join(":"));
            mount("overlay", ROOT, "overlay", PLAIN, &options)?;
        }
    }
    Ok(())
}

fn mount(source: &str, target: &str, kind: &str, flags: MountFlags, options: &str) -> io::Result<()> {
    let options = CString::new(options).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(rustix::mount::mount(source, target, kind, flags, options.as_c_str())?)
}

fn open_folder(path: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// The path by which this process reaches what it has opened.
fn path_of(opened: impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", opened.as_fd().as_raw_fd()))
}

/// The root of a container, before it is one.
struct Root(OwnedFd);

impl Root {
    /// Opens a path below the root, whose links stay below it.
    fn open(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let path = match path.trim_matches('/') {
            "" => ".",
            path => path,
        };
        let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o644) } else { Mode::empty() };
        let flags = flags | OFlags::CLOEXEC;
        let open = || rustix::fs::openat2(&self.0, path, flags, mode, ResolveFlags::IN_ROOT);
        let mut tries = (0..MAX_TRIES).map(|_| open());
        tries.find(|opened| !matches!(opened, Err(Errno::AGAIN))).unwrap_or(Err(Errno::AGAIN))
    }

    /// Opens a path to mount something there; what is not there is made.
    fn place(&self, path: &str, kind: Kind) -> io::Result<OwnedFd> {
        let kind_of = |kind| if kind == Kind::Folder { OFlags::DIRECTORY } else { OFlags::empty() };
        match self.open(path, OFlags::PATH | kind_of(kind)) {
            // Not there, a link to nowhere, or a file in the place of a folder.
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) => {}
            other => return Ok(other?),
        }
        let (parent, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        if name.is_empty() || name == ".." {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let folder = self.place(parent, Kind::Folder)?;
        // It is in the way, in a layer that is thrown away.
        let _ = rustix::fs::unlinkat(&folder, name, rustix::fs::AtFlags::empty());
        match kind {
            Kind::Folder => rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o755))?,
            Kind::File => {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                drop(rustix::fs::openat(&folder, name, flags, Mode::from_raw_mode(0o644))?);
            }
        }
        Ok(self.open(path, OFlags::PATH | kind_of(kind))?)
    }

    /// Mounts a file system of a kind at a folder.
    fn mount(&self, path: &str, kind: &str, flags: MountFlags, options: &str) -> io::Result<()> {
        let place = self.place(path, Kind::Folder)?;
        mount(kind, &path_of(&place).display().to_string(), kind, flags, options)
    }

    /// A `/dev` with what no program does without, for all of which this machine's own devices stand.
    fn make_devices(&self) -> io::Result<()> {
        self.mount("dev", "tmpfs", MountFlags::NOSUID, "mode=0755,size=1m")?;
        for name in DEVICES {
            let host = Path::new("/dev").join(name);
            if host.exists() {
                let place = self.place(&format!("dev/{name}"), Kind::File)?;
                rustix::mount::mount_bind(&host, path_of(&place))?;
            }
        }
        let folder = self.open("dev", OFlags::PATH | OFlags::DIRECTORY)?;
        for (name, target) in DEVICE_LINKS {
            rustix::fs::symlinkat(target, &folder, name)?;
        }
        self.mount("dev/shm", "tmpfs", PLAIN | MountFlags::NOEXEC, "mode=1777,size=64m")?;
        // Few programs need terminals of their own, and not every machine lets them have some.
        let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
        let _ = self.mount("dev/pts", "devpts", flags, "newinstance,ptmxmode=0666,mode=0620");
        Ok(())
    }

    /// Writes a file, in place of a link that may be there.
    fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let place = self.place(path, Kind::File)?;
        let flags = OFlags::WRONLY | OFlags::TRUNC | OFlags::CLOEXEC;
        let mut file = std::fs::File::from(rustix::fs::open(path_of(&place), flags, Mode::empty())?);
        file.write_all(text.as_bytes())
    }

    /// Mounts a file or a folder of this machine.
    fn bind(&self, volume: &Volume) -> io::Result<()> {
        let host = rustix::fs::openat(CWD, &volume.host, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let is_folder = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&host)?.st_mode).is_dir();
        let kind = if is_folder { Kind::Folder } else { Kind::File };
        let place = self.place(&volume.path, kind)?;
        match volume.is_read_only {
            // What is mounted below would stay writable.
            true => rustix::mount::mount_bind(path_of(&host), path_of(&place))?,
            false => rustix::mount::mount_bind_recursive(path_of(&host), path_of(&place))?,
        }
        // Now the path leads to what is mounted there.
        let mounted = self.open(&volume.path, OFlags::PATH)?;
        // Flags that the mount has already may not be taken away.
        let has = rustix::fs::fstatvfs(&mounted)?.f_flag;
        let keep = [(StatVfsMountFlags::RDONLY, MountFlags::RDONLY), (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC)];
        let keep = keep.into_iter().filter(|(flag, _)| has.contains(*flag)).map(|(_, flag)| flag);
        let mut flags = keep.fold(MountFlags::BIND | PLAIN, |flags, flag| flags | flag);
        flags.set(MountFlags::RDONLY, volume.is_read_only || flags.contains(MountFlags::RDONLY));
        Ok(rustix::mount::mount_remount(path_of(&mounted), flags, "")?)
    }
}
