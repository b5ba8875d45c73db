# What an image's program finds when `run` starts it, or does as its first argument says.
import ctypes, json, os, signal, stat, sys, time


def tries(what):
    try:
        what()
        return True
    except (OSError, PermissionError):
        return False


def writes(folder):
    def write():
        path = os.path.join(folder, "written")
        if os.path.exists(path):
            raise SystemExit(path + " was there before")
        open(path, "w").close()

    return tries(write)


def status(name):
    with open("/proc/self/status") as file:
        return next(line.split()[1] for line in file if line.startswith(name + ":"))


def unshare():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) != 0 and libc.unshare(0x00020000) != 0:
        raise OSError(ctypes.get_errno())


def mount():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) != 0:
        raise OSError(ctypes.get_errno())


def facts():
    names = ["null", "zero", "random", "urandom", "stdout"]
    folders = ["/tmp", "/app", "/usr", "/etc", "/", "/dev/shm"]
    open("/dev/null", "w").write("x")
    open("/etc/resolv.conf").close() if os.path.exists("/etc/resolv.conf") else None
    print(json.dumps({
        "user": os.getuid(), "group": os.getgid(), "pid": os.getpid(), "folder": os.getcwd(),
        "processes": [int(name) for name in os.listdir("/proc") if name.isdigit()],
        "arguments": sys.argv[1:], "greeting": os.environ.get("GREETING"), "more": os.environ.get("MORE"),
        "home": os.environ.get("HOME"), "devices": sorted(name for name in names if os.path.exists("/dev/" + name)),
        "hosts": open("/etc/hosts").read(), "capabilities": status("CapPrm"), "new_privileges": status("NoNewPrivs") == "0",
        "writes": {folder: writes(folder) for folder in folders}, "namespaces": tries(unshare),
    }))


def volume(folder):
    print(open(folder + "/in").read(), "written" if tries(lambda: open(folder + "/out", "w").write("from inside")) else "refused")


def say(text):
    """Not by `print`: a handler may come while that is at work."""
    os.write(1, text.encode() + b"\n")


def end(text, code):
    say(text)
    os._exit(code)


def signals():
    signal.signal(signal.SIGINT, lambda *_: end("interrupted", 3))
    signal.signal(signal.SIGTERM, lambda *_: end("terminated", 4))
    signal.signal(signal.SIGUSR1, lambda *_: end("one", 5))
    say("ready")
    time.sleep(60)


def deaf():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    say("ready")
    time.sleep(60)


def hostile():
    is_kind = lambda path, kind: os.path.lexists(path) and kind(os.lstat(path).st_mode)
    print(json.dumps({
        "set_user_id": is_kind("/app/escalate", lambda mode: bool(mode & 0o6000)),
        "device": is_kind("/app/disk", stat.S_ISBLK),
        "outside": os.path.exists(os.path.realpath("/etc/hosts") + "/../mine") or open("/etc/hosts").read() == "mine",
        "core_pattern": tries(lambda: open("/proc/sys/kernel/core_pattern", "r+").close()),
        "signal": tries(lambda: os.kill(2, 0)),
        "mount": tries(mount),
        "devices": tries(lambda: os.mknod("/dev/shm/disk", stat.S_IFBLK | 0o666, os.makedev(8, 0))),
    }))


def read(path):
    print("read" if tries(lambda: open(path).close()) else "refused")


match sys.argv[1:]:
    case ["volume", folder]:
        volume(folder)
    case ["code", code]:
        end("ending", int(code))
    case ["signals"]:
        signals()
    case ["deaf"]:
        deaf()
    case ["echo"]:
        sys.stdout.write(sys.stdin.read())
    case ["hostile"]:
        hostile()
    case ["read", path]:
        read(path)
    case _:
        facts()
