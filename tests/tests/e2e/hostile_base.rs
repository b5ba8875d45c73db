//! A base that means harm: a standard library that does more than it should while shipwheel compiles with it.

use std::path::Path;

use shipwheel_tests::{Definition, Run, Shipwheel, Suite, Tampered, scratch};

pub(crate) const PLATFORM: &str = "linux/amd64";

/// A small base with Python 3.11, one image of this machine's platform.
pub(crate) fn honest() -> Tampered {
    let definition = Suite::of_python(11).definition("print('hello')\n");
    let output = format!("oci:{}", definition.output().display());
    let arguments = [&definition.argument(), "--platform", PLATFORM, "--no-bytecode", "--output", &output];
    Shipwheel::new().image(&arguments).succeeded();
    Tampered::copy(&shipwheel_tests::Layout::new(&definition.output()))
}

/// The same base with code at the end of a module of its standard library.
fn with_hook(base: &Tampered, module: &str, hook: &str) -> Tampered {
    let path = format!("usr/lib/python3.11/{module}");
    let hostile = Tampered::copy(&base.layout());
    hostile.layer(PLATFORM, &path, |members| members.file(&path).data.extend_from_slice(hook.as_bytes()));
    hostile
}

/// Builds an application over a base with a cache of the test's own.
fn build(base: &Tampered, cache: &Path) -> Run {
    let definition = Definition::over_layout(base.path());
    let output = format!("oci:{}", definition.output().display());
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.display());
    let run = shipwheel.image(&[&definition.argument(), "--platform", PLATFORM, "--json", "--output", &output]);
    run.succeeded()
}

/// Every source gets one statement more when it is compiled.
const OTHER_CODE: &str = "
import builtins
def _compile(source, *more, _real=builtins.compile, **named):
    return _real(bytes(source) + b'\\nHOSTILE = 1\\n' if more[:1] == ('',) else source, *more, **named)
builtins.compile = _compile
";

/// Every source counts as another one.
const OTHER_HASH: &str = "
source_hash = lambda source: b'hostile!'
";

#[test]
fn what_a_hostile_base_compiled_is_in_no_other_image() {
    let (base, clean, cache) = (honest(), scratch(), scratch());
    let expected = build(&base, clean.path()).json()["digest"].clone();
    let hooks = [("encodings/__init__.py", OTHER_CODE), ("warnings.py", OTHER_CODE), ("importlib/util.py", OTHER_HASH)];
    let hostile = hooks.map(|(module, hook)| with_hook(&base, module, hook));
    for (hostile, (module, _)) in hostile.iter().zip(hooks) {
        assert_ne!(build(hostile, cache.path()).json()["digest"], expected, "the hook in {module} works");
    }
    // `retrofit` keeps what it compiles in the same cache.
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.path().display());
    let (source, folder) = (hostile[0].path().display().to_string(), scratch());
    let output = format!("oci:{}", folder.path().join("out").display());
    shipwheel.run(&["retrofit", &source, "--output", &output]).succeeded();
    assert_eq!(build(&base, cache.path()).json()["digest"], expected);
}

/// What the interpreter tries from inside, each as `name: how it ended`, which it says where its version belongs.
const ATTEMPTS: &str = r#"
def _attempts():
    import posix, sys
    said = []
    def attempt(name, what):
        try: what(); said.append(name)
        except BaseException: pass
    def kill_parent():
        posix.kill(posix.getppid(), 0)
    def own_by_parent():
        import fcntl
        fcntl.fcntl(0, 8, posix.getppid())
    def fork():
        if posix.fork() == 0:
            posix.setsid()
            import time
            time.sleep(600)
    def spawn():
        posix.posix_spawn(sys.executable, [sys.executable, "-c", "pass"], {})
    def connect(family, address):
        import _socket
        s = _socket.socket(family)
        s.connect(address)
    def inherited():
        for fd in range(3, 256):
            try: posix.fstat(fd)
            except OSError: continue
            return
        raise OSError
    def raise_limit():
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
    def limit_parent():
        import resource
        resource.prlimit(posix.getppid(), resource.RLIMIT_CPU)
    def foreign_memory():
        posix.close(posix.open("/proc/%d/mem" % posix.getppid(), 0))
    home = "HOME"
    attempt("read", lambda: posix.read(posix.open(home + "/secret", 0), 1))
    attempt("list", lambda: posix.listdir(home))
    attempt("list-root", lambda: posix.listdir("/etc"))
    attempt("write", lambda: posix.open(home + "/written", 0o101, 0o644))
    attempt("write-here", lambda: posix.open("written", 0o101, 0o644))
    attempt("write-own", lambda: posix.open(__file__, 1))
    attempt("mkdir", lambda: posix.mkdir(home + "/folder"))
    attempt("remove", lambda: posix.unlink(home + "/secret"))
    attempt("rename", lambda: posix.rename(home + "/secret", home + "/moved"))
    attempt("link", lambda: posix.link(home + "/secret", "linked"))
    attempt("symlink", lambda: posix.symlink(home, "linked"))
    attempt("chmod", lambda: posix.chmod(home + "/secret", 0o777))
    attempt("chown", lambda: posix.chown(home + "/secret", posix.getuid(), posix.getgid()))
    attempt("utime", lambda: posix.utime(home + "/secret", (1, 1)))
    attempt("xattr", lambda: posix.setxattr(home + "/secret", "user.x", b"x"))
    attempt("truncate", lambda: posix.truncate(home + "/secret", 0))
    attempt("mkfifo", lambda: posix.mkfifo(home + "/fifo"))
    attempt("connect", lambda: connect(2, ("127.0.0.1", PORT)))
    attempt("connect-unix", lambda: connect(1, "\0abstract"))
    attempt("socket", lambda: connect(16, (0, 0)))
    attempt("fork", fork)
    attempt("spawn", spawn)
    attempt("session", posix.setsid)
    attempt("signal", kill_parent)
    attempt("signal-by-fcntl", own_by_parent)
    attempt("signal-group", lambda: posix.kill(-1, 0))
    attempt("nice-parent", lambda: posix.setpriority(0, posix.getppid(), 19))
    attempt("limit-parent", limit_parent)
    attempt("raise-limit", raise_limit)
    attempt("chroot", lambda: posix.chroot("."))
    attempt("memory", foreign_memory)
    attempt("maps", lambda: posix.open("/proc/%d/environ" % posix.getppid(), 0))
    attempt("descriptors", lambda: posix.listdir("/proc/self/fd"))
    attempt("read-by-proc", lambda: posix.open("/proc/self/root" + home + "/secret", 0))
    attempt("write-by-proc", lambda: posix.open("/proc/self/cwd/written", 0o101, 0o644))
    attempt("inherited", inherited)
    if posix.environ.keys() - {b"PYTHONHASHSEED", b"LC_CTYPE"}: said.append("environment")
    posix.write(1, ("got through: %s;\n\n" % " ".join(said)).encode())
    posix._exit(0)
if not hasattr(__import__("sys"), "_tried"):
    __import__("sys")._tried = True
    _attempts()
"#;

/// The hook for a folder that is the user's home and a port on which something listens.
fn attempts(home: &Path, port: u16) -> String {
    std::fs::write(home.join("secret"), "x").unwrap();
    ATTEMPTS.replace("HOME", &home.display().to_string()).replace("PORT", &port.to_string())
}

#[test]
fn the_interpreter_of_a_base_gets_nowhere() {
    let (base, home, cache) = (honest(), scratch(), scratch());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = attempts(home.path(), listener.local_addr().unwrap().port());
    let hostile = with_hook(&base, "encodings/__init__.py", &hook);
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.path().display());
    let definition = Definition::over_layout(hostile.path());
    let output = format!("oci:{}", definition.output().display());
    let (folder, source) = (definition.argument(), hostile.path().display().to_string());
    for arguments in [
        &["image", &folder, "--platform", PLATFORM, "--require-sandbox", "--output", &output][..],
        &["retrofit", &source, "--require-sandbox", "--output", &output],
        &["verify", &source, "--require-sandbox", "--rebuild"],
    ] {
        let run = shipwheel.run(arguments);
        assert!(run.stderr.contains("`got through: ;`"), "{arguments:?}\n{}", run.stderr);
    }
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["secret"]);
    assert_eq!(std::fs::read_to_string(home.path().join("secret")).unwrap(), "x");
}
