# What an image's module tries while `startup` imports it; it ends with the names of what it got through with.
import ctypes, mmap, os, resource, socket, stat, sys, time

home, port, outside, skipped = "HOME", PORT, OUTSIDE, "SKIPPED".split()
libc = ctypes.CDLL(None, use_errno=True)
said = []


def attempt(name, what):
    if name in skipped:
        return
    try:
        what()
        said.append(name)
    except BaseException:
        pass


def call(number, *arguments):
    """A system call that must not exist for the program, whatever its arguments are."""
    if libc.syscall(number, *arguments) == -1 and ctypes.get_errno() == 38:
        raise OSError


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(2)
        s.connect(address)


def send(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.sendto(b"x", address)


def outlive():
    """A process in a session of its own; the one who looks for it knows the name of this module."""
    if os.fork() == 0:
        try:
            os.setsid()
        except OSError:
            pass
        time.sleep(600)
    raise OSError


def leave_by_chroot():
    """The oldest way: a root below the folder that one is in."""
    os.mkdir("/escape")
    os.chroot("/escape")
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")


def processes():
    """As many as one likes."""
    children = []
    try:
        for _ in range(600):
            child = os.fork()
            if child == 0:
                time.sleep(600)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)


def inherited():
    """Any descriptor but the three; the folder that lists them is not there, so each is tried."""
    for descriptor in range(3, 1024):
        try:
            os.fstat(descriptor)
            return
        except OSError:
            pass
    raise OSError


def core():
    if resource.getrlimit(resource.RLIMIT_CORE)[1] <= 1:
        raise OSError


def large_file():
    with open("large", "wb") as file:
        file.truncate(1 << 40)


def capabilities():
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if libc.syscall(125, header, data) == 0 and not any(data):
        raise OSError


def set_user_id_files():
    if os.statvfs("/").f_flag & os.ST_NOSUID:
        raise OSError


def environment_of_others():
    for name in os.listdir("/proc"):
        if name.isdigit():
            open("/proc/%s/environ" % name).close()
            return
    raise OSError


attempt("read", lambda: open(home + "/secret").close())
attempt("list", lambda: os.listdir(home))
attempt("see", lambda: os.stat(home))
attempt("write", lambda: open(home + "/written", "w").close())
attempt("truncate", lambda: os.truncate(home + "/secret", 0))
attempt("chmod", lambda: os.chmod(home + "/secret", 0o777))
attempt("utime", lambda: os.utime(home + "/secret", (1, 1)))
attempt("remove", lambda: os.unlink(home + "/secret"))
attempt("link", lambda: os.link(home + "/secret", "linked"))
attempt("through-link", lambda: (os.symlink(home + "/secret", "link"), open("link").close()))
attempt("connect", lambda: connect(socket.AF_INET, ("127.0.0.1", port)))
attempt("send", lambda: send(socket.AF_INET, ("127.0.0.1", port)))
attempt("connect-local", lambda: connect(socket.AF_UNIX, home + "/socket"))
attempt("connect-abstract", lambda: connect(socket.AF_UNIX, "\0" + home))
attempt("netlink", lambda: socket.socket(16, socket.SOCK_RAW, 0))
attempt("packets", lambda: socket.socket(17, socket.SOCK_RAW, 0))
attempt("signal", lambda: os.kill(outside, 0))
attempt("signal-parent", lambda: os.kill(os.getppid() or outside, 0))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, outside, 19))
attempt("limits", lambda: resource.prlimit(outside, resource.RLIMIT_CPU))
attempt("processes-of-others", environment_of_others)
attempt("memory-of-others", lambda: open("/proc/%d/mem" % outside).close())
attempt("own-root", lambda: os.listdir("/proc/self/root"))
attempt("core-pattern", lambda: open("/proc/sys/kernel/core_pattern", "r+").close())
attempt("devices", lambda: os.mknod("device", stat.S_IFCHR | 0o666, os.makedev(1, 3)))
attempt("chroot", leave_by_chroot)
attempt("inherited", inherited)
attempt("core", core)
attempt("large-file", large_file)
attempt("memory", lambda: mmap.mmap(-1, 1 << 40))
attempt("more-files", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20)))
attempt("capabilities", capabilities)
attempt("set-user-id", set_user_id_files)
attempt("user", lambda: os.setuid(1))
attempt("processes", processes)
attempt("outlive", outlive)
attempt("host-name", lambda: call(170, b"x", 1))
for name, number in {
    "ptrace": 101, "process_vm_readv": 310, "mount": 165, "umount2": 166, "unshare": 272, "setns": 308,
    "pivot_root": 155, "chroot-call": 161, "clone3": 435, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "mount_setattr": 442, "add_key": 248, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
    "io_uring_setup": 425, "kexec_load": 246, "init_module": 175, "finit_module": 313, "delete_module": 176,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "personality": 135, "swapon": 167, "reboot": 169,
    "settimeofday": 164, "quotactl": 179, "acct": 163, "iopl": 172, "ioperm": 173, "modify_ldt": 154, "kcmp": 312,
    "pidfd_open": 434, "pidfd_getfd": 438, "process_madvise": 440, "syslog": 103, "seccomp": 317, "capset": 126,
}.items():
    attempt(name, lambda: call(number, 0, 0, 0, 0, 0, 0))
# A clone in namespaces of its own, by the call that threads need.
for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
    attempt("clone-%x" % flag, lambda: call(56, flag | 17, 0, 0, 0, 0))
raise SystemExit("got through: %s;" % " ".join(said))
