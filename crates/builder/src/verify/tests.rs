//! Images that hide code, and honest ones like them: what is found in each, by severity, kind and path.

use std::io::{Cursor, Write as _};

use serde_json::{Value, json};
use shipwheel_bytecode::{InvalidationMode, source_hash, write_pyc};
use shipwheel_layer::{Content, Tree};
use shipwheel_oci::ImageConfig;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::bytecode::Pair;
use super::loaded;
use super::loader_cache::sample::cache;
use crate::inspect::finding::{FindingKind, Severity};
use crate::inspect::python::ImagePython;

const MAGIC: [u8; 4] = *b"\xa7\r\r\n";

/// `X = 1`, as CPython 3.11 marshals it.
const CODE: &str = "e30000000000000000000000000100000000000000f30a000000970064005a00640153002902e9010000004e2901da0158a900f30000\
    0000da016dfa083c6d6f64756c653e720700000001000000730e000000f003010101d804058001800180017205000000";

const M: &str = "X = 1\n";

/// A file of an image: text, bytecode of that text, an archive of such members, or a link.
enum Entry<'a> {
    Text(&'a str),
    /// Made for a source with this text.
    Pyc(&'a str),
    Zip(&'a [(&'a str, Entry<'a>)]),
    /// A file with an archive behind a text.
    TextAndZip(&'a str, &'a [(&'a str, Entry<'a>)]),
    Bytes(&'a [u8]),
    Link(&'a str),
}

use Entry::{Bytes, Link, Pyc, Text, TextAndZip, Zip};

fn bytes(entry: &Entry<'_>) -> Vec<u8> {
    match entry {
        Text(text) => text.as_bytes().to_vec(),
        Bytes(bytes) => bytes.to_vec(),
        Pyc(source) => {
            let hash = source_hash(11, MAGIC, source.as_bytes());
            write_pyc(MAGIC, InvalidationMode::UncheckedHash, hash, &hex::decode(CODE).expect("hexadecimal"))
        }
        Zip(members) => zipped(members),
        TextAndZip(text, members) => [text.as_bytes(), &zipped(members)].concat(),
        Link(_) => panic!("a link has no bytes"),
    }
}

fn zipped(members: &[(&str, Entry<'_>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, entry) in members {
        zip.start_file(*name, SimpleFileOptions::default()).expect("a name");
        zip.write_all(&bytes(entry)).expect("to memory");
    }
    zip.finish().expect("to memory").into_inner()
}

/// An image like Debian's with `/app/m.py` and its bytecode, and what is laid over it.
fn tree(entries: &[(&str, Entry<'_>)]) -> Tree {
    let base = [
        ("/usr/bin/python3.11", Bytes(b"\x7fELF\x003.11.2\0")),
        ("/usr/bin/python3", Link("python3.11")),
        ("/usr/lib/python3.11/os.py", Text("")),
        ("/usr/lib/python3.11/json/__init__.py", Text("")),
        ("/app/m.py", Text(M)),
        ("/app/__pycache__/m.cpython-311.pyc", Pyc(M)),
    ];
    let mut tree = Tree::new();
    for (path, entry) in base.iter().chain(entries) {
        let path = shipwheel_layer::TreePath::new(path).expect("a path");
        let node = match entry {
            Link(target) => shipwheel_layer::Node::Symlink((*target).into()),
            entry => {
                let metadata = shipwheel_layer::Metadata::root(0o755);
                shipwheel_layer::Node::File(metadata, Content::from_bytes(bytes(entry)))
            }
        };
        tree.replace(path, node).expect("fits");
    }
    tree
}

fn check(entries: &[(&str, Entry<'_>)], runtime: &Value) -> (Vec<String>, Vec<Pair>) {
    let mut runtime = runtime.clone();
    runtime["WorkingDir"] = json!("/app");
    let document = json!({ "os": "linux", "architecture": "amd64", "rootfs": { "diff_ids": [] }, "config": runtime });
    let config = ImageConfig::parse(document.to_string().as_bytes()).expect("a config");
    let (tree, mut findings) = (tree(entries), Vec::new());
    let python = ImagePython::find(&tree, &config, &mut findings).expect("readable").expect("an interpreter");
    let checked = loaded(&tree, &config, &python).expect("readable");
    findings.extend(checked.findings);
    let severity = |severity| match severity {
        Severity::Problem => "problem",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    // The sources here have no bytecode where they need none.
    let mut shown: Vec<String> = findings
        .iter()
        .filter(|finding| finding.kind != FindingKind::MissingBytecode)
        .map(|it| format!("{} {} {}", severity(it.severity), it.kind.name(), it.path.as_deref().unwrap_or("-")))
        .collect();
    shown.sort();
    (shown, checked.pairs)
}

fn command(words: &str) -> Value {
    json!({ "Cmd": words.split(' ').collect::<Vec<_>>() })
}

type Row<'a> = (&'a [(&'a str, Entry<'a>)], Value, &'a [&'a str]);

#[track_caller]
fn check_all(rows: &[Row<'_>]) {
    for (number, (entries, runtime, expected)) in rows.iter().enumerate() {
        let (found, _) = check(entries, runtime);
        let paths: Vec<&str> = entries.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, *expected, "row {number}: {paths:?} {runtime}");
    }
}

const PLAIN: &str = "python3 -m m";
const CACHED: &str = "/app/__pycache__/m.cpython-311.pyc";

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
