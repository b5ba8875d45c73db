//! What decides what an interpreter loads or runs, and no distribution has: each is told.

use super::*;

/// An account whose home is none of the usual ones, and a module that its packages have.
const ACCOUNT: Entry<'static> = Text("svc:x:9:9::/srv/h:/bin/sh\n");
const USERS_MODULE: &str = "/srv/h/.local/lib/python3.11/site-packages/usercustomize.py";

#[test]
fn modules_that_go_before_others_of_their_name_are_told() {
    let site = "/usr/lib/python3/dist-packages";
    let at = |path: &str| format!("{site}/{path}");
    let (init, record) = (at("requests/__init__.py"), at("requests-2.dist-info/RECORD"));
    let (cloud, stray) = (at("google/cloud/__init__.py"), at("tests/__init__.py"));
    let installed = [
        ("/usr/lib/python3.11/random.py", Text("")),
        (&init, Text("")),
        (&record, Text("requests/__init__.py,,\n")),
        (&cloud, Text("")),
        (&stray, Text("")),
        ("/usr/lib/python3.11/test/__init__.py", Text("")),
    ];
    let path = |value: &str| json!({ "Cmd": ["python3", "-m", "m"], "Env": [format!("PYTHONPATH={value}")] });
    let server = json!({ "Cmd": ["/opt/venv/bin/server"] });
    let (plain, safe) = (command(PLAIN), command("python3 -P -m m"));
    for (own, runtime, expected) in [
        (("/app/random.py", Text("evil")), &plain, Some("/app/random.py")),
        (("/app/random.pyc", Pyc(M)), &plain, Some("/app/random.pyc")),
        (("/app/random.so", Bytes(b"\x7fELF")), &plain, Some("/app/random.so")),
        (("/app/random/__init__.py", Text("evil")), &plain, Some("/app/random/__init__.py")),
        (("/app/json.py", Link("m.py")), &plain, Some("/app/json.py")),
        (("/app/requests/__init__.py", Text("evil")), &plain, Some("/app/requests/__init__.py")),
        (("/app/requests.py", Text("evil")), &plain, Some("/app/requests.py")),
        (("/app/google/__init__.py", Text("evil")), &plain, Some("/app/google/__init__.py")),
        (("/app/google/cloud/__init__.py", Text("evil")), &plain, Some("/app/google/cloud/__init__.py")),
        (("/srv/random.py", Text("evil")), &path("/srv"), Some("/srv/random.py")),
        (("/srv.zip", Zip(&[("random.py", Text("evil"))])), &path("/srv.zip"), Some("/srv.zip/random.py")),
        // What a server adds to the search path, as it finds the application there.
        (("/app/random.py", Text("evil")), &server, Some("/app/random.py")),
        (("/srv/random.py", Text("evil")), &command("/opt/venv/bin/server --chdir /srv"), Some("/srv/random.py")),
        (("/srv/random.py", Text("evil")), &command("/opt/venv/bin/server a:b --app-dir=/srv"), Some("/srv/random.py")),
        (("/srv/random.py", Text("evil")), &command("python3 -m server --pythonpath /p,/srv"), Some("/srv/random.py")),
        (
            ("/srv.zip", Zip(&[("random.py", Text("evil"))])),
            &command("/opt/venv/bin/server --pythonpath /srv.zip"),
            Some("/srv.zip/random.py"),
        ),
        (("/app/random.py", Text("evil")), &command("/opt/venv/bin/server --chdir /srv"), None),
        // Not loaded instead: not at the top, no module, the same sources, another place, names of the application.
        (("/app/pkg/random.py", Text("")), &plain, None),
        (("/app/random/data.txt", Text("")), &plain, None),
        (("/app/random.cpython-312-x86_64-linux-gnu.so", Bytes(b"")), &plain, None),
        (("/app/requests/__init__.py", Text("")), &plain, None),
        (("/app/random.py", Text("")), &safe, None),
        (("/srv/random.py", Text("evil")), &plain, None),
        (("/app/test/__init__.py", Text("mine")), &plain, None),
        (("/app/tests/__init__.py", Text("mine")), &plain, None),
        (("/app/google/other/__init__.py", Text("mine")), &plain, None),
        (("/app/own.py", Text("mine")), &plain, None),
    ] {
        let mut entries = vec![("/opt/venv/bin/server", Text("#!/usr/bin/python3\n")), own];
        entries.extend(installed.iter().map(|(path, entry)| match entry {
            Text(text) => (*path, Text(text)),
            _ => panic!("only texts are installed"),
        }));
        let (found, _) = check(&entries, runtime);
        let found: Vec<&str> = found.iter().filter_map(|line| line.strip_prefix("warning shadow ")).collect();
        assert_eq!(found, expected.as_slice(), "{} {runtime}", entries[1].0);
    }
}

#[test]
fn settings_of_the_dynamic_loader_that_no_distribution_has_are_told() {
    let folder = "/usr/lib/x86_64-linux-gnu";
    let at = |name: &str| format!("{folder}/{name}");
    let (libc, caps, tls) = (at("libc.so.6"), at("glibc-hwcaps/x86-64-v3/libc.so.6"), at("tls/libother.so"));
    let usual = cache(&[("libc.so.6", &libc), ("libgone.so.1", "/opt/libgone.so.1")]);
    let elsewhere = cache(&[("libc.so.6", "/opt/libc.so.6")]);
    let renamed = cache(&[("libc.so.6", "/usr/lib/libevil.so")]);
    let local = cache(&[("libc.so.6", "/usr/local/lib/libc.so.6"), ("libc.so.6", &libc)]);
    let one = ["warning loader /etc/ld.so.cache"];
    let env = |variable: &str| json!({ "Cmd": ["python3", "-m", "m"], "Env": [variable] });
    let rows: &[Row<'_>] = &[
        (
            &[
                ("/etc/ld.so.conf", Text("include /etc/ld.so.conf.d/*.conf\n")),
                ("/etc/ld.so.conf.d/x.conf", Text("# Multiarch support\n/lib/x86_64-linux-gnu\n/usr/local/lib\n")),
                (&libc, Bytes(b"")),
                ("/etc/ld.so.cache", Bytes(&usual)),
                ("/etc/ssl/openssl.cnf", Text("# module = x.so\n[default]\n")),
                ("/etc/ld-musl-x86_64.path", Text("/lib:/usr/local/lib\n/usr/lib\n")),
            ],
            command(PLAIN),
            &[],
        ),
        (&[("/etc/ld.so.conf", Text("/opt/lib\n"))], command(PLAIN), &["warning loader /etc/ld.so.conf"]),
        (
            &[("/etc/ld.so.conf", Text("include a.d/*.conf")), ("/etc/a.d/b.conf", Text("/lib, /tmp"))],
            command(PLAIN),
            &["warning loader /etc/a.d/b.conf"],
        ),
        (&[("/etc/ld-musl-aarch64.path", Text("/x"))], command(PLAIN), &["warning loader /etc/ld-musl-aarch64.path"]),
        (&[("/etc/ld.so.cache", Bytes(b"odd"))], command(PLAIN), &one),
        (&[("/opt/libc.so.6", Bytes(b"")), ("/etc/ld.so.cache", Bytes(&elsewhere))], command(PLAIN), &one),
        (&[("/usr/lib/libevil.so", Bytes(b"")), ("/etc/ld.so.cache", Bytes(&renamed))], command(PLAIN), &one),
        (
            &[(&libc, Bytes(b"")), ("/usr/local/lib/libc.so.6", Bytes(b"")), ("/etc/ld.so.cache", Bytes(&local))],
            command(PLAIN),
            &one,
        ),
        (&[(&libc, Bytes(b"")), (&caps, Bytes(b""))], command(PLAIN), &["warning loader -"]),
        (&[(&libc, Bytes(b"")), (&tls, Bytes(b""))], command(PLAIN), &[]),
        (
            &[("/etc/ssl/openssl.cnf", Text("[x]\ndynamic_path = /opt/x.so\n"))],
            command(PLAIN),
            &["warning loader /etc/ssl/openssl.cnf"],
        ),
        (&[], env("OPENSSL_CONF=/x"), &["warning loader -"]),
        (&[], env("GCONV_PATH=/x"), &["warning loader -"]),
        (&[], env("GLIBC_TUNABLES=glibc.malloc.check=3"), &["warning loader -"]),
        (&[], env("LD_PROFILE=libc.so.6"), &["warning loader -"]),
        (&[], env("PYTHONPLATLIBDIR=x"), &["warning environment -"]),
    ];
    check_all(rows);
}

#[test]
fn what_runs_at_every_start_is_told() {
    let site = "/opt/venv/lib/python3.11/site-packages";
    let [known, evil, add] = ["distutils-precedence.pth", "evil.pth", "add.pth"].map(|name| format!("{site}/{name}"));
    let venv = [("/opt/venv/bin/python", "/usr/bin/python3"), ("/opt/venv/pyvenv.cfg", "home = /usr/bin\n")];
    let shim = "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; \
                enabled and __import__('_distutils_hack').add_shim(); ";
    let debian = "# install the apport exception handler if available\ntry:\n    import apport_python_hook\n\
                  except ImportError:\n    pass\nelse:\n    apport_python_hook.install()\n";
    let own = command("/opt/venv/bin/python -m m");
    let (python, cfg) = ((venv[0].0, Link(venv[0].1)), (venv[1].0, Text(venv[1].1)));
    check_all(&[
        (
            &[python, cfg, (&known, Text(shim)), (&add, Text("/srv\n")), ("/srv/x.py", Text(""))],
            own.clone(),
            &["note search-path /srv"],
        ),
        (
            &[
                (venv[0].0, Link(venv[0].1)),
                (venv[1].0, Text(venv[1].1)),
                (&evil, Text("\u{feff}import os; os.system('x')\n")),
            ],
            own.clone(),
            &["warning startup-code /opt/venv/lib/python3.11/site-packages/evil.pth"],
        ),
        (
            &[
                (venv[0].0, Link(venv[0].1)),
                (venv[1].0, Text(venv[1].1)),
                ("/e", Text("import e")),
                (&evil, Link("/e")),
            ],
            own.clone(),
            &["warning startup-code /opt/venv/lib/python3.11/site-packages/evil.pth"],
        ),
        (
            &[(venv[0].0, Link(venv[0].1)), (venv[1].0, Text("home = /srv/bin\n"))],
            own.clone(),
            &["warning search-path /opt/venv/pyvenv.cfg"],
        ),
        (
            &[("/usr/bin/python3.11._pth", Text("/srv\n")), ("/usr/bin/pybuilddir.txt", Text("x"))],
            command(PLAIN),
            &["warning search-path /usr/bin/pybuilddir.txt", "warning search-path /usr/bin/python3.11._pth"],
        ),
        (
            &[("/etc/s.py", Text(debian)), ("/usr/lib/python3.11/sitecustomize.py", Link("/etc/s.py"))],
            command(PLAIN),
            &[],
        ),
        (
            &[("/usr/lib/python3.11/sitecustomize.py", Text("import evil\n"))],
            command(PLAIN),
            &["warning startup-code /usr/lib/python3.11/sitecustomize.py"],
        ),
        (
            &[("/app/usercustomize/__init__.py", Text(""))],
            command(PLAIN),
            &["warning startup-code /app/usercustomize/__init__.py"],
        ),
        (
            &[("/etc/passwd", ACCOUNT), (USERS_MODULE, Text(""))],
            command(PLAIN),
            &["warning startup-code /srv/h/.local/lib/python3.11/site-packages/usercustomize.py"],
        ),
        (&[("/etc/passwd", ACCOUNT), (USERS_MODULE, Text(""))], command("python3 -s -m m"), &[]),
        (
            &[
                ("/etc/passwd", ACCOUNT),
                (USERS_MODULE, Text("")),
                ("/opt/e/bin/python", Link("/usr/bin/python3.11")),
                ("/opt/e/pyvenv.cfg", Text("home = /usr/bin\ninclude-system-site-packages = false\n")),
            ],
            command("/opt/e/bin/python -m m"),
            &[],
        ),
        (
            &[("/app/sitecustomize.abi3.so", Bytes(b"\x7fELF"))],
            command(PLAIN),
            &["warning startup-code /app/sitecustomize.abi3.so"],
        ),
        (&[("/app/sitecustomize.py", Text(""))], command("python3 -S -m m"), &[]),
        (&[("/etc/ld.so.preload", Text("/opt/x.so\n"))], command(PLAIN), &["warning loader /etc/ld.so.preload"]),
        (&[("/etc/ld.so.preload", Text("\n"))], command(PLAIN), &[]),
    ]);
}

#[test]
fn variables_that_decide_are_told_wherever_they_are_set() {
    let env = |pairs: &[&str]| json!({ "Cmd": ["python3", "-m", "m"], "Env": pairs });
    check_all(&[
        (&[], env(&["LD_PRELOAD=/x.so"]), &["warning loader -"]),
        (&[], command("env LD_PRELOAD=/x.so LD_AUDIT=/y.so python3 -m m"), &["warning loader -", "warning loader -"]),
        (&[], env(&["LD_LIBRARY_PATH=/opt"]), &["warning loader -"]),
        (&[], env(&["BASH_ENV=/x.sh"]), &["warning environment -"]),
        (&[], env(&["PYTHONSTARTUP=/x.py"]), &["warning environment -"]),
        (&[], env(&["PYTHONHOME=/usr"]), &["warning environment -"]),
        (&[], env(&["PYTHONINSPECT=1"]), &["warning environment -"]),
        (&[], env(&["PYTHONBREAKPOINT=evil.f"]), &["warning environment -"]),
        (&[], env(&["PYTHONBREAKPOINT=0"]), &[]),
        (&[], env(&["PYTHONWARNINGS=error,all:0:evil.X:0:0"]), &["warning environment -"]),
        (&[], command("python3 -W error::evil.X -m m"), &["warning environment -"]),
        (&[], command("python3 -W error -m m"), &[]),
        (&[], json!({ "Cmd": ["sh", "-c", "python3 $(cat /x) -m m"] }), &["warning environment -"]),
        (&[], json!({ "Cmd": ["python3", "-Em", "m"], "Env": ["PYTHONSTARTUP=/x.py", "PYTHONHOME=/x"] }), &[]),
        (&[], env(&["PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "LANG=C.UTF-8"]), &[]),
        (&[], env(&["PYTHONPYCACHEPREFIX=/p"]), &["problem environment -"]),
        (&[], command("python3 -X pycache_prefix=/p -m m"), &["problem environment -"]),
        (&[], command("python3 -OOm m"), &["problem level /app/__pycache__/m.cpython-311.pyc"]),
        (
            &[("/opt/python", Bytes(b"\x7fELF"))],
            command("python3 -m t /opt/python"),
            &["warning interpreter /opt/python"],
        ),
    ]);
}

#[test]
fn a_second_python_is_told_of_once() {
    let twelve = "/usr/lib/python3.12";
    let [os, source, pyc] = ["os.py", "a.py", "__pycache__/a.cpython-312.pyc"].map(|name| format!("{twelve}/{name}"));
    // 3.11's magic number under 3.12's name.
    let wrong = format!("problem magic-number {pyc}");
    check_all(&[(
        &[(&os, Text("")), (&source, Text(M)), (&pyc, Pyc(M))],
        command(PLAIN),
        &[&wrong, "warning other-python -"],
    )]);
}
