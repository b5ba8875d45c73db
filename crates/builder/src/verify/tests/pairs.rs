//! Which bytecode is found, and the source that each is paired with.

use super::*;

#[test]
fn bytecode_is_paired_with_its_source_wherever_links_and_options_lead() {
    // The bytecode is sound here; that it is paired is what a fresh compile of other code needs.
    let one = format!("{CACHED} of /app/m.py");
    for (entries, words, expected) in [
        (&[][..], PLAIN, vec![one.clone()]),
        (&[("/var/x.bin", Pyc(M)), (CACHED, Link("/var/x.bin"))], PLAIN, vec![one.clone()]),
        (&[("/var/x.bin", Pyc(M)), ("/var/l", Link("x.bin")), (CACHED, Link("../../var/l"))], PLAIN, vec![one.clone()]),
        (&[("/var/h/m.cpython-311.pyc", Pyc(M)), ("/app/__pycache__", Link("/var/h"))], PLAIN, vec![one.clone()]),
        (&[("/app/.c/m.cpython-311.pyc", Pyc(M)), ("/app/__pycache__", Link(".c"))], PLAIN, vec![one.clone()]),
        (
            &[("/app/__pycache__/m.cpython-311.opt-1.pyc", Pyc(M))],
            "python3 -O -m m",
            vec!["/app/__pycache__/m.cpython-311.opt-1.pyc of /app/m.py".to_owned(), one.clone()],
        ),
        // Of a level that is not loaded, too: who knows what runs it.
        (
            &[("/app/__pycache__/m.cpython-311.opt-2.pyc", Pyc(M))],
            PLAIN,
            vec!["/app/__pycache__/m.cpython-311.opt-2.pyc of /app/m.py".to_owned(), one.clone()],
        ),
        (
            &[("/p/app/m.cpython-311.pyc", Pyc(M))],
            "sh -c exec\u{a0}python3\u{a0}-Xpycache_prefix=/p\u{a0}-m\u{a0}m",
            vec![one.clone(), "/p/app/m.cpython-311.pyc of /app/m.py".to_owned()],
        ),
        (
            &[("/q/m.cpython-311.pyc", Pyc(M)), ("/app/p/app", Link("/q"))],
            "env PYTHONPYCACHEPREFIX=p python3 -m m",
            vec![one.clone(), "/app/p/app/m.cpython-311.pyc of /app/m.py".to_owned()],
        ),
        (&[("/app/m.pyc", Pyc(M))], PLAIN, vec![one.clone(), "/app/m.pyc of /app/m.py".to_owned()]),
        (
            &[("/opt/a", Zip(&[("m.pyc", Pyc(M)), ("m.py", Text(M))]))],
            "env PYTHONPATH=/opt/a python3 -m m",
            vec![one.clone(), "/opt/a/m.pyc of /opt/a/m.py".to_owned()],
        ),
    ] {
        let words: Vec<String> = words.split(' ').map(|word| word.replace('\u{a0}', " ")).collect();
        let (_, pairs) = check(entries, &json!({ "Cmd": words }));
        let mut found: Vec<String> =
            pairs.iter().map(|pair| format!("{} of {}", pair.pyc_path, pair.source_path)).collect();
        found.sort();
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn bytecode_without_a_source_is_found_at_any_place_and_under_any_name() {
    check_all(&[
        (&[], command(PLAIN), &[]),
        (&[("/var/x.bin", Pyc(M))], command(PLAIN), &["warning sourceless /var/x.bin"]),
        (&[("/app/__pycache__/m.txt", Pyc(M))], command(PLAIN), &["warning sourceless /app/__pycache__/m.txt"]),
        // Python 2.7's and 3.13's, whose header no other kind of finding looks at.
        (
            &[("/a", Bytes(b"\x03\xf3\r\n....")), ("/b", Bytes(b"\xf3\r\r\n...."))],
            command(PLAIN),
            &["warning sourceless /a", "warning sourceless /b"],
        ),
        (&[("/app/n.pyc", Pyc(M))], command(PLAIN), &["warning sourceless /app/n.pyc"]),
        (
            &[("/var/x.bin", Pyc(M)), ("/app/n.pyc", Link("/var/x.bin"))],
            command(PLAIN),
            &["warning sourceless /app/n.pyc"],
        ),
        // Before the standard library's, and before the application's.
        (
            &[("/app/json.pyc", Pyc(M))],
            command(PLAIN),
            &["problem sourceless /app/json.pyc", "warning shadow /app/json.pyc"],
        ),
        (
            &[("/app/json/__init__.pyc", Pyc(M))],
            command(PLAIN),
            &["problem sourceless /app/json/__init__.pyc", "warning shadow /app/json/__init__.pyc"],
        ),
        (
            &[("/usr/lib/python3.11/m.pyc", Pyc(M))],
            command(PLAIN),
            &["problem sourceless /usr/lib/python3.11/m.pyc", "warning shadow /app/m.py"],
        ),
        (
            &[("/app/__pycache__/gone.cpython-311.pyc", Pyc(M))],
            command(PLAIN),
            &["warning orphan /app/__pycache__/gone.cpython-311.pyc"],
        ),
        (
            &[("/srv/__pycache__/x.cpython-310.pyc", Pyc(M))],
            command(PLAIN),
            &["warning cache-tag /srv/__pycache__/x.cpython-310.pyc"],
        ),
    ]);
}

#[test]
fn what_the_command_runs_is_a_source() {
    check_all(&[
        (&[("/app/run", Pyc(M))], command("python3 /app/run"), &["problem script /app/run"]),
        (&[("/app/x.pyc", Pyc(M))], command("tini -- python3 x.pyc"), &["problem script /app/x.pyc"]),
        (
            &[("/app/run", Pyc(M)), ("/app/go", Link("run"))],
            command("env A=b python3 ./go"),
            &["problem script /app/go"],
        ),
        (
            &[("/app/m.pyc", Pyc(M))],
            command("python3 m.pyc"),
            &["problem script /app/m.pyc", "warning unused /app/m.pyc"],
        ),
        (&[("/srv/__main__.pyc", Pyc(M))], command("python3 /srv"), &["problem script /srv/__main__.pyc"]),
        (
            &[("/srv/__main__.pyc", Pyc(M)), ("/srv/__main__.py", Text(M))],
            command("python3 /srv"),
            &["warning unused /srv/__main__.pyc"],
        ),
        (
            &[("/app/a.pyz", Zip(&[("__main__.pyc", Pyc(M))]))],
            command("python3 a.pyz"),
            &["problem script /app/a.pyz/__main__.pyc"],
        ),
        (
            &[("/app/a", TextAndZip("#!/usr/bin/python3 -O\n", &[("__main__.pyc", Pyc(M))]))],
            command("/app/a"),
            &["problem level /app/__pycache__/m.cpython-311.pyc", "problem script /app/a/__main__.pyc"],
        ),
        (
            &[("/app/a.pyz", Zip(&[("__main__.py", Text(M)), ("n.pyc", Pyc(M))]))],
            command("python3 a.pyz"),
            &["warning sourceless /app/a.pyz/n.pyc"],
        ),
        (&[("/app/main.py", Text(M))], command("python3 main.py"), &[]),
    ]);
    let health = json!({ "Cmd": ["python3", "-m", "m"], "Healthcheck": { "Test": ["CMD-SHELL", "python3 /app/h"] } });
    check_all(&[(&[("/app/h", Pyc(M))], health, &["problem script /app/h"])]);
}

#[test]
fn archives_on_the_search_path_are_opened() {
    let path = |value: &str| json!({ "Cmd": ["python3", "-m", "m"], "Env": [format!("PYTHONPATH={value}")] });
    let (zip, site) = ("/usr/lib/python311.zip", "/usr/local/lib/python3.11/dist-packages");
    let line = format!("{site}/a.pth");
    let evil = [("m.pyc", Pyc(M)), ("z/__init__.pyc", Pyc(M))];
    check_all(&[
        (
            &[(zip, Zip(&evil))],
            command(PLAIN),
            &[
                "problem sourceless /usr/lib/python311.zip/m.pyc",
                "warning search-path /usr/lib/python311.zip",
                "warning sourceless /usr/lib/python311.zip/z/__init__.pyc",
            ],
        ),
        (
            &[("/opt/a.dat", Zip(&evil))],
            path("/opt/a.dat"),
            &[
                "note search-path /opt/a.dat",
                "problem sourceless /opt/a.dat/m.pyc",
                "warning sourceless /opt/a.dat/z/__init__.pyc",
            ],
        ),
        // Inside of the archive, behind another file, and through a link.
        (
            &[("/opt/a.png", TextAndZip("PNG", &evil)), ("/opt/l", Link("a.png"))],
            path("../opt/l/sub"),
            &[
                "note search-path /opt/l/sub",
                "problem sourceless /opt/a.png/m.pyc",
                "warning sourceless /opt/a.png/z/__init__.pyc",
            ],
        ),
        (
            &[(&line, Text("/opt/b\n")), ("/opt/b", Zip(&evil))],
            command(PLAIN),
            &["note search-path /opt/b", "problem sourceless /opt/b/m.pyc", "warning sourceless /opt/b/z/__init__.pyc"],
        ),
        (
            &[("/opt/a", Zip(&[("m.pyc", Pyc("Y = 2\n")), ("m.py", Text(M))]))],
            path("/opt/a"),
            &["note search-path /opt/a", "problem stale /opt/a/m.pyc"],
        ),
        (
            &[("/opt/a", Zip(&[("__pycache__/m.cpython-311.pyc", Pyc(M))]))],
            path("/opt/a"),
            &["note search-path /opt/a", "warning unused /opt/a/__pycache__/m.cpython-311.pyc"],
        ),
        (
            &[("/opt/a", Bytes(b"PK\x05\x06and too short"))],
            path("/opt/a"),
            &["note search-path /opt/a", "warning archive /opt/a"],
        ),
        (
            &[("/opt/a", Zip(&[("sitecustomize.py", Text(""))]))],
            path("/opt/a"),
            &["note search-path /opt/a", "warning startup-code /opt/a/sitecustomize.py"],
        ),
        // `-I` ignores the variable.
        (&[("/opt/a", Zip(&evil))], json!({ "Cmd": ["python3", "-Im", "m"], "Env": ["PYTHONPATH=/opt/a"] }), &[]),
    ]);
}

#[test]
fn only_one_form_of_a_module_is_loaded() {
    let so = "/app/m.cpython-311-x86_64-linux-gnu.so";
    let record = "/usr/lib/python3/dist-packages/x-1.dist-info/RECORD";
    let site = "/usr/lib/python3/dist-packages";
    let (source, library) = (format!("{site}/x/a.py"), format!("{site}/x/a.abi3.so"));
    let rows = "x/a.py,sha256=a,1\nx/a.abi3.so,sha256=b,2\n";
    check_all(&[
        (
            &[("/app/m/__init__.pyc", Pyc(M))],
            command(PLAIN),
            &["problem two-forms /app/m/__init__.pyc", "warning sourceless /app/m/__init__.pyc"],
        ),
        (
            &[("/var/h/__init__.pyc", Pyc(M)), ("/app/m", Link("/var/h"))],
            command(PLAIN),
            &["problem two-forms /app/m/__init__.pyc", "warning sourceless /var/h/__init__.pyc"],
        ),
        (&[("/app/m/__init__.py", Text(M))], command(PLAIN), &["warning two-forms /app/m/__init__.py"]),
        (&[(so, Bytes(b"\x7fELF"))], command(PLAIN), &["warning two-forms /app/m.cpython-311-x86_64-linux-gnu.so"]),
        (&[("/app/m.so", Link("/usr/bin/python3.11"))], command(PLAIN), &["warning two-forms /app/m.so"]),
        (&[("/app/m/__init__.so", Bytes(b"\x7fELF"))], command(PLAIN), &["warning two-forms /app/m/__init__.so"]),
        // Neither a folder without a first file nor a library of another version is a form of the module.
        (&[("/app/m/data.txt", Text("")), ("/app/m.cpython-312-x86_64-linux-gnu.so", Bytes(b""))], command(PLAIN), &[]),
        (&[("/app/m.pyc", Pyc(M))], command(PLAIN), &["warning unused /app/m.pyc"]),
        // As compiled packages have it: both are of one distribution.
        (
            &[(&source, Text(M)), (&library, Bytes(b"\x7fELF")), (record, Text(rows))],
            command(PLAIN),
            &["note two-forms /usr/lib/python3/dist-packages/x-1.dist-info"],
        ),
        (
            &[(&source, Text(M)), (&library, Bytes(b"\x7fELF")), (record, Text("x/a.py,,\n"))],
            command(PLAIN),
            &["warning two-forms /usr/lib/python3/dist-packages/x/a.abi3.so"],
        ),
    ]);
}
